/* tls_ca_make: from PEM to the table's entries (tls_ca.h). */
#include "tls_ca.h"
#include "base64.h"
#include "tls_engine.h"
#include "tls_anchor.h"

static const struct span begin = SPAN_LIT("-----BEGIN CERTIFICATE-----");
static const struct span end = SPAN_LIT("-----END CERTIFICATE-----");

static void
take_name(void *to, const void *p, size_t n)
{
	buf_put(to, span_make(p, n));
}

/* The entry of this key, made if there is none. */
static struct tls_ca_entry *
entry_of(struct tls_ca_list *l, const unsigned char key[TLS_CA_KEY],
    struct arena *a)
{
	struct span k = span_make((const char *)key, TLS_CA_KEY);

	for (size_t i = 0; i < l->n; i++)
		if (span_eq(l->v[i].key, k))
			return &l->v[i];
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;
		struct tls_ca_entry *v = arena_alloc(a, cap * sizeof *v);

		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n] = (struct tls_ca_entry){arena_dup(a, k), {NULL, 0}};
	return &l->v[l->n++];
}

/* Is value in the entry already? (The same certificate twice, or one that was
 * issued again.) */
static bool
has_value(struct tls_ca_entry *e, struct span value)
{
	return e->value.n > 0 &&
	    memmem(e->value.p, e->value.n, value.p, value.n) != NULL;
}

/* NULL, or why it cannot be used. */
static const char *
add_certificate(struct tls_ca_list *l, struct span der, struct arena *a)
{
	static br_x509_decoder_context d;
	struct buf name = {0}, value = {0};
	unsigned char key[TLS_CA_KEY];
	br_x509_pkey *pkey;
	struct tls_ca_entry *e;

	br_x509_decoder_init(&d, take_name, &name);
	br_x509_decoder_push(&d, der.p, der.n);
	pkey = br_x509_decoder_get_pkey(&d);
	if (pkey == NULL || tls_anchor_put(&value, pkey,
		br_x509_decoder_isCA(&d) != 0) == -1) {
		int why = br_x509_decoder_last_error(&d);

		buf_free(&name);
		buf_free(&value);
		return why != 0 ? tls_strerror(why) : "unknown kind of key";
	}
	tls_anchor_key(buf_span(&name), key);
	e = entry_of(l, key, a);
	if (!has_value(e, buf_span(&value))) {
		buf_reset(&name);
		buf_put(&name, e->value);
		buf_put(&name, buf_span(&value));
		e->value = arena_dup(a, buf_span(&name));
	}
	l->certificates++;
	buf_free(&name);
	buf_free(&value);
	return NULL;
}

/* What a block holds; the lines up to its end are taken. NULL, or an error. */
static const char *
read_block(struct tls_ca_list *l, struct span *pem, struct buf *der)
{
	struct buf text = {0};
	struct span line;
	const char *why = "the block has no end";

	while (span_cut(pem, '\n', &line)) {
		l->lines++;
		line = span_trim(span_head(line, span_chr(line, '\r')));
		if (span_eq(line, end)) {
			why = base64_decode(buf_span(&text), der) == -1 ?
			    "not base64" : NULL;
			break;
		}
		if (line.n > 0 && line.p[0] == '-')
			break;
		buf_put(&text, line);
	}
	buf_free(&text);
	return why;
}

const char *
tls_ca_add(struct tls_ca_list *l, struct span pem, struct arena *a,
    void (*skipped)(void *state, size_t line, const char *why), void *state)
{
	struct buf der = {0};
	struct span line;
	const char *why = NULL;

	l->lines = 0;
	while (why == NULL && span_cut(&pem, '\n', &line)) {
		size_t at = ++l->lines;
		const char *useless;

		line = span_trim(span_head(line, span_chr(line, '\r')));
		if (!span_eq(line, begin))
			continue;
		buf_reset(&der);
		if ((why = read_block(l, &pem, &der)) == NULL &&
		    (useless = add_certificate(l, buf_span(&der), a)) != NULL)
			skipped(state, at, useless);
	}
	buf_free(&der);
	return why;
}
