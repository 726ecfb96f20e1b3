/*
 * x509: what a certificate says (RFC 5280), pure. It is read and not
 * verified: for our own, and to find things in a bundle.
 */
#ifndef X509_H
#define X509_H

#include "span.h"

enum x509_key { X509_OTHER, X509_RSA, X509_P256, X509_P384, X509_P521 };

/* Borrows from the certificate. */
struct x509 {
	struct span issuer, subject; /* whole SEQUENCEs, to be compared */
	enum x509_key key;
	struct span rsa_n;    /* without leading zeros, as rsa_e */
	struct span rsa_e;
	struct span ec_point; /* 04 x y */
	bool ca;	      /* it may sign others */
	struct span names;    /* of subjectAltName, for x509_next_dns() */
	struct span validity; /* for x509_dates() */
};

/* 0, or -1 when it is no certificate. */
int x509_parse(struct span der, struct x509 *out);

/* From and until when it is valid, as "20261120164900" in UTC; false when that
 * cannot be read. */
#define X509_TIME 15
bool x509_dates(const struct x509 *c, char from[X509_TIME],
    char until[X509_TIME]);

/* Is this OID (its content) RSA's? */
bool x509_is_rsa(struct span oid);

/* The curve of an EC parameter's OID (its content). */
enum x509_key x509_curve(struct span oid);

/* The next DNS name; *names is a copy of the certificate's. */
bool x509_next_dns(struct span *names, struct span *dns);

/*
 * Is it for this host? RFC 6125 6.4.3: "*" stands for exactly one whole label,
 * the leftmost. Only subjectAltName counts.
 */
bool x509_covers(const struct x509 *c, struct span host);

/*
 * Whose it is, for people: the common name, else the first DNS name, else the
 * first mail address. False when there is none, or when it has octets that do
 * not belong into a name (a NUL would show one name to some and another to
 * others) or more than X509_NAME_MAX.
 */
#define X509_NAME_MAX 255
bool x509_name(const struct x509 *c, struct span *name);

#endif
