/* scram: see scram.h. Names as in RFC 5802 3. */
#include "scram.h"
#include "base64.h"
#include "num.h"
#include "utf8.h"

static struct span
octets(const unsigned char *p, size_t n)
{
	return span_make((const char *)p, n);
}

/* Exactly n octets of base64. */
static bool
take_octets(struct span text, unsigned char *to, size_t n)
{
	struct buf b = {0};
	bool good = text.n <= 2 * n + 8 && base64_decode(text, &b) == 0 &&
	    b.n == n;

	if (good)
		memcpy(to, b.p, n);
	if (b.p != NULL)
		digest_wipe(b.p, b.n);
	buf_free(&b);
	return good;
}

static bool
take_salt(struct span text, struct scram_verifier *v)
{
	struct buf b = {0};
	bool good = text.n <= 2 * SCRAM_SALT_MAX &&
	    base64_decode(text, &b) == 0 && b.n > 0 && b.n <= SCRAM_SALT_MAX;

	if (good) {
		memcpy(v->salt, b.p, b.n);
		v->nsalt = b.n;
	}
	buf_free(&b);
	return good;
}

const char *
scram_parse(struct span text, struct scram_verifier *v)
{
	struct span prefix = SPAN(SCRAM_PREFIX), parameters, iterations, key;
	uint64_t n;

	if (text.n < prefix.n || !span_eq(span_head(text, prefix.n), prefix))
		return "not SCRAM-SHA-256";
	text = span_skip(text, prefix.n);
	span_cut(&text, '$', &parameters);
	span_cut(&parameters, ':', &iterations);
	if (num_parse_max(iterations, SCRAM_ITERATIONS_MAX, &n) == -1 ||
	    n == 0)
		return "bad iteration count";
	v->iterations = (uint32_t)n;
	if (parameters.p == NULL || !take_salt(parameters, v))
		return "bad salt";
	if (text.p == NULL)
		return "no keys";
	span_cut(&text, ':', &key);
	if (!take_octets(key, v->stored, sizeof v->stored))
		return "bad StoredKey";
	if (text.p == NULL || !take_octets(text, v->server, sizeof v->server))
		return "bad ServerKey";
	return NULL;
}

void
scram_format(const struct scram_verifier *v, struct buf *out)
{
	buf_puts(out, SCRAM_PREFIX);
	buf_putu(out, v->iterations);
	buf_putc(out, ':');
	base64_encode(octets(v->salt, v->nsalt), out);
	buf_putc(out, '$');
	base64_encode(octets(v->stored, sizeof v->stored), out);
	buf_putc(out, ':');
	base64_encode(octets(v->server, sizeof v->server), out);
}

void
scram_make(struct span password, struct scram_verifier *v)
{
	unsigned char salted[DIGEST_SHA256], key[DIGEST_SHA256];
	struct span s = octets(salted, sizeof salted);

	digest_pbkdf2(password, octets(v->salt, v->nsalt), v->iterations,
	    salted);
	digest_hmac_sha256(s, SPAN("Client Key"), key);
	digest_sha256(octets(key, sizeof key), v->stored);
	digest_hmac_sha256(s, SPAN("Server Key"), v->server);
	digest_wipe(salted, sizeof salted);
	digest_wipe(key, sizeof key);
}

bool
scram_is_password(struct span password, const struct scram_verifier *v)
{
	struct scram_verifier mine = *v;
	bool stored, server;

	scram_make(password, &mine);
	stored = digest_equal(mine.stored, v->stored, sizeof v->stored);
	server = digest_equal(mine.server, v->server, sizeof v->server);
	digest_wipe(&mine, sizeof mine);
	return stored && server;
}

bool
scram_is_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return utf8_valid(s);
}

/* saslname: "=2C" is a comma, "=3D" an equals sign, and no other "=". */
static bool
take_name(struct span text, struct arena *a, struct span *out)
{
	char *to = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		struct span three = span_head(span_skip(text, i), 3);
		char c = text.p[i];

		if (c == '=' && span_eq(three, SPAN("=2C")))
			c = ',';
		else if (c == '=' && !span_eq(three, SPAN("=3D")))
			return false;
		if (text.p[i] == '=')
			i += 2;
		to[n++] = c;
	}
	to[n] = '\0';
	*out = span_make(to, n);
	return n > 0 && scram_is_text(*out);
}

/* The next attribute, "x=value": its value when x is name. */
static bool
take_attribute(struct span *rest, char name, struct span *value)
{
	struct span word;

	if (rest->p == NULL || !span_cut(rest, ',', &word) || word.n < 2 ||
	    word.p[0] != name || word.p[1] != '=')
		return false;
	*value = span_skip(word, 2);
	return true;
}

/* RFC 5802 7: printable is %x21-2B / %x2D-7E; the comma is cut already. */
static bool
is_nonce(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0;
}

/* Extensions may follow, of which we know none: attr-val, printable. */
static bool
are_extensions(struct span rest)
{
	struct span word;

	while (rest.p != NULL && span_cut(&rest, ',', &word))
		if (word.n < 3 || !ascii_isalpha(word.p[0]) ||
		    word.p[1] != '=' || !scram_is_text(word))
			return false;
	return true;
}

const char *
scram_parse_first(struct span message, struct arena *a, struct scram_first *f)
{
	struct span rest = message, word;

	*f = (struct scram_first){0};
	if (message.n > SCRAM_MESSAGE_MAX)
		return "too long";
	span_cut(&rest, ',', &word);
	if (word.n > 0 && word.p[0] == 'p')
		return "channel binding is not supported";
	if (rest.p == NULL || (!span_eq(word, SPAN("n")) &&
	    !span_eq(word, SPAN("y"))))
		return "no gs2-header";
	span_cut(&rest, ',', &word);
	if (rest.p == NULL || (word.n > 0 && (word.n < 3 ||
	    word.p[0] != 'a' || word.p[1] != '=' ||
	    !take_name(span_skip(word, 2), a, &f->authzid))))
		return "no gs2-header";
	f->bare = rest;
	f->header = span_head(message, (size_t)(rest.p - message.p));
	/* RFC 5802 5.1: an extension that must be understood. */
	if (rest.n > 1 && rest.p[0] == 'm' && rest.p[1] == '=')
		return "extension is not supported";
	if (!take_attribute(&rest, 'n', &word) ||
	    !take_name(word, a, &f->user))
		return "no name";
	if (!take_attribute(&rest, 'r', &f->nonce) || !is_nonce(f->nonce))
		return "no nonce";
	return are_extensions(rest) ? NULL : "bad extension";
}

void
scram_put_first(const struct scram_first *f, struct span nonce,
    const struct scram_verifier *v, struct buf *out)
{
	buf_puts(out, "r=");
	buf_put(out, f->nonce);
	buf_put(out, nonce);
	buf_puts(out, ",s=");
	base64_encode(octets(v->salt, v->nsalt), out);
	buf_puts(out, ",i=");
	buf_putu(out, v->iterations);
}

/* RFC 5802 3: ClientKey is the proof without the signature; its digest must
 * be StoredKey. */
static bool
is_proof(const unsigned char *proof, struct span message,
    const struct scram_verifier *v)
{
	unsigned char key[DIGEST_SHA256], digest[DIGEST_SHA256];
	bool same;

	digest_hmac_sha256(octets(v->stored, sizeof v->stored), message, key);
	for (size_t i = 0; i < sizeof key; i++)
		key[i] ^= proof[i];
	digest_sha256(octets(key, sizeof key), digest);
	same = digest_equal(digest, v->stored, sizeof digest);
	digest_wipe(key, sizeof key);
	return same;
}

/* Splits "c=...,r=...,p=..." and checks all but the proof. */
static bool
take_final(const struct scram_first *f, struct span server_first,
    struct span message, struct span *without_proof, unsigned char *proof)
{
	struct span rest = message, binding, nonce, ours, last;
	struct buf header = {0};
	size_t comma = span_rchr(message, ',');
	bool good;

	if (message.n > SCRAM_MESSAGE_MAX || comma == message.n)
		return false;
	*without_proof = rest = span_head(message, comma);
	last = span_skip(message, comma + 1);
	if (last.n < 2 || last.p[0] != 'p' || last.p[1] != '=' ||
	    !take_octets(span_skip(last, 2), proof, DIGEST_SHA256))
		return false;
	if (!take_attribute(&rest, 'c', &binding) ||
	    !take_attribute(&rest, 'r', &nonce) || !are_extensions(rest))
		return false;
	ours = span_skip(server_first, 2);
	ours = span_head(ours, span_chr(ours, ','));
	base64_encode(f->header, &header);
	good = span_eq(binding, buf_span(&header)) && span_eq(nonce, ours);
	buf_free(&header);
	return good;
}

enum scram_end
scram_final(const struct scram_first *f, struct span server_first,
    const struct scram_verifier *v, struct span message, struct buf *out)
{
	unsigned char proof[DIGEST_SHA256], signature[DIGEST_SHA256];
	struct span without;
	struct buf auth = {0};
	bool right;

	if (!take_final(f, server_first, message, &without, proof))
		return SCRAM_BAD;
	buf_put(&auth, f->bare);
	buf_putc(&auth, ',');
	buf_put(&auth, server_first);
	buf_putc(&auth, ',');
	buf_put(&auth, without);
	right = is_proof(proof, buf_span(&auth), v);
	digest_hmac_sha256(octets(v->server, sizeof v->server),
	    buf_span(&auth), signature);
	buf_free(&auth);
	if (!right)
		return SCRAM_WRONG;
	buf_puts(out, "v=");
	base64_encode(octets(signature, sizeof signature), out);
	return SCRAM_RIGHT;
}
