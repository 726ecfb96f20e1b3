/* tls_error: BearSSL's numbers in words, for the log. */
#include "tls_engine.h"

struct word {
	int number;
	const char *text;
};

static const struct word errors[] = {
    {BR_ERR_OK, "closed"},
    {BR_ERR_BAD_PARAM, "bad parameter"},
    {BR_ERR_BAD_STATE, "bad state"},
    {BR_ERR_UNSUPPORTED_VERSION, "no TLS, or a version we do not speak"},
    {BR_ERR_BAD_VERSION, "version changed between records"},
    {BR_ERR_BAD_LENGTH, "record with a bad length"},
    {BR_ERR_TOO_LARGE, "record too large"},
    {BR_ERR_BAD_MAC, "record that does not decrypt"},
    {BR_ERR_NO_RANDOM, "no randomness"},
    {BR_ERR_UNKNOWN_TYPE, "record of an unknown type"},
    {BR_ERR_UNEXPECTED, "message out of turn"},
    {BR_ERR_BAD_CCS, "bad ChangeCipherSpec"},
    {BR_ERR_BAD_ALERT, "bad alert"},
    {BR_ERR_BAD_HANDSHAKE, "bad handshake message"},
    {BR_ERR_OVERSIZED_ID, "session id too long"},
    {BR_ERR_BAD_CIPHER_SUITE, "no cipher suite in common"},
    {BR_ERR_BAD_COMPRESSION, "compression"},
    {BR_ERR_BAD_FRAGLEN, "bad fragment length"},
    {BR_ERR_BAD_SECRENEG, "bad secure renegotiation extension"},
    {BR_ERR_EXTRA_EXTENSION, "extension nobody asked for"},
    {BR_ERR_BAD_SNI, "bad server name extension"},
    {BR_ERR_BAD_HELLO_DONE, "bad ServerHelloDone"},
    {BR_ERR_LIMIT_EXCEEDED, "too large a key or signature"},
    {BR_ERR_BAD_FINISHED, "bad Finished"},
    {BR_ERR_RESUME_MISMATCH, "resumed session differs"},
    {BR_ERR_INVALID_ALGORITHM, "no usable algorithm"},
    {BR_ERR_BAD_SIGNATURE, "bad signature"},
    {BR_ERR_WRONG_KEY_USAGE, "key not meant for this"},
    {BR_ERR_NO_CLIENT_AUTH, "no client certificate"},
    {BR_ERR_IO, "connection broke"},
    {BR_ERR_X509_OK, "certificate good"},
    {BR_ERR_X509_INVALID_VALUE, "certificate: invalid value"},
    {BR_ERR_X509_TRUNCATED, "certificate: truncated"},
    {BR_ERR_X509_EMPTY_CHAIN, "certificate: none sent"},
    {BR_ERR_X509_INNER_TRUNC, "certificate: broken element"},
    {BR_ERR_X509_BAD_TAG_CLASS, "certificate: bad tag class"},
    {BR_ERR_X509_BAD_TAG_VALUE, "certificate: bad tag"},
    {BR_ERR_X509_INDEFINITE_LENGTH, "certificate: indefinite length"},
    {BR_ERR_X509_EXTRA_ELEMENT, "certificate: element too many"},
    {BR_ERR_X509_UNEXPECTED, "certificate: unexpected element"},
    {BR_ERR_X509_NOT_CONSTRUCTED, "certificate: element not constructed"},
    {BR_ERR_X509_NOT_PRIMITIVE, "certificate: element not primitive"},
    {BR_ERR_X509_PARTIAL_BYTE, "certificate: bad bit string"},
    {BR_ERR_X509_BAD_BOOLEAN, "certificate: bad boolean"},
    {BR_ERR_X509_OVERFLOW, "certificate: number too large"},
    {BR_ERR_X509_BAD_DN, "certificate: bad name"},
    {BR_ERR_X509_BAD_TIME, "certificate: bad date"},
    {BR_ERR_X509_UNSUPPORTED, "certificate: unsupported feature"},
    {BR_ERR_X509_LIMIT_EXCEEDED, "certificate: too large"},
    {BR_ERR_X509_WRONG_KEY_TYPE, "certificate: wrong type of key"},
    {BR_ERR_X509_BAD_SIGNATURE, "certificate: bad signature"},
    {BR_ERR_X509_TIME_UNKNOWN, "certificate: date not known"},
    {BR_ERR_X509_EXPIRED, "certificate: expired or not yet valid"},
    {BR_ERR_X509_DN_MISMATCH, "certificate: chain does not fit"},
    {BR_ERR_X509_BAD_SERVER_NAME, "certificate: for another name"},
    {BR_ERR_X509_CRITICAL_EXTENSION, "certificate: unknown critical extension"},
    {BR_ERR_X509_NOT_CA, "certificate: signed by one that is no CA"},
    {BR_ERR_X509_FORBIDDEN_KEY_USAGE, "certificate: key not meant for this"},
    {BR_ERR_X509_WEAK_PUBLIC_KEY, "certificate: key too weak"},
    {BR_ERR_X509_NOT_TRUSTED, "certificate: nobody we trust signed it"},
};

/* RFC 5246 7.2. */
static const struct word alerts[] = {
    {10, "unexpected message"},
    {20, "bad record MAC"},
    {22, "record overflow"},
    {30, "decompression failure"},
    {40, "handshake failure"},
    {42, "bad certificate"},
    {43, "unsupported certificate"},
    {44, "certificate revoked"},
    {45, "certificate expired"},
    {46, "certificate unknown"},
    {47, "illegal parameter"},
    {48, "unknown CA"},
    {49, "access denied"},
    {50, "decode error"},
    {51, "decrypt error"},
    {70, "protocol version"},
    {71, "insufficient security"},
    {80, "internal error"},
    {86, "inappropriate fallback"},
    {90, "user cancelled"},
    {100, "no renegotiation"},
    {109, "missing extension"},
    {110, "unsupported extension"},
    {112, "unrecognized name"},
    {116, "certificate required"},
    {120, "no application protocol"},
};

/* Both ways, one buffer: the text lives until the next call. */
static const char *
alert_text(const char *who, int number)
{
	static char text[64];
	const char *what = "alert";
	size_t n = strlen(who);

	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i].number == number)
			what = alerts[i].text;
	memcpy(text, who, n);
	memcpy(text + n, what, strlen(what) + 1);
	return text;
}

const char *
tls_strerror(int error)
{
	if (error >= BR_ERR_SEND_FATAL_ALERT)
		return alert_text("we said: ", error - BR_ERR_SEND_FATAL_ALERT);
	if (error >= BR_ERR_RECV_FATAL_ALERT)
		return alert_text("the peer says: ",
		    error - BR_ERR_RECV_FATAL_ALERT);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].number == error)
			return errors[i].text;
	return "unknown error";
}
