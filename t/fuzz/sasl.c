/*
 * sasl: what clients say in AUTH, and what authusers holds. The first octet
 * says which parser. Parts lie where they should, nothing is right but the
 * one right answer, and what is parsed is written as it was understood.
 */
#include "authusers.h"
#include "sasl.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

/* RFC 7677 3. */
#define FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FINAL                                                                 \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"        \
	"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define VERIFIER                                                              \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="                         \
	"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="                       \
	":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static bool
has(struct span s, char c)
{
	return span_chr(s, c) < s.n;
}

static void
plain_and_cram(struct span s)
{
	struct span zid, user, password, response;

	if (sasl_parse_plain(s, &zid, &user, &password)) {
		CHECK(user.n > 0 && !has(user, '\0') && !has(password, '\0'));
		CHECK(zid.n + user.n + password.n + 2 == s.n);
	}
	if (sasl_parse_cram(s, &user, &response)) {
		CHECK(user.n + 1 + 32 == s.n && response.n == 32);
		CHECK(!has(s, '\0') && !has(response, ' '));
	}
}

static void
first(struct span s, struct arena *a)
{
	struct scram_verifier v;
	struct scram_first f;
	struct buf out = {0};

	if (scram_parse_first(s, a, &f) != NULL)
		return;
	CHECK(f.header.n + f.bare.n == s.n && f.header.p == s.p);
	CHECK(f.header.p[0] == 'n' || f.header.p[0] == 'y');
	CHECK(f.user.n > 0 && scram_is_text(f.user));
	CHECK(f.nonce.n > 0 && !has(f.nonce, ','));
	CHECK(scram_parse(SPAN(VERIFIER), &v) == NULL);
	scram_put_first(&f, SPAN(NONCE), &v, &out);
	CHECK(span_eq(span_head(span_skip(buf_span(&out), 2), f.nonce.n),
	    f.nonce));
	CHECK(!has(buf_span(&out), '\n'));
	buf_free(&out);
}

static void
final(struct span s, struct arena *a)
{
	struct buf question = {0}, out = {0};
	struct scram_verifier v;
	struct scram_first f;

	CHECK(scram_parse(SPAN(VERIFIER), &v) == NULL);
	CHECK(scram_parse_first(SPAN(FIRST), a, &f) == NULL);
	scram_put_first(&f, SPAN(NONCE), &v, &question);
	CHECK((scram_final(&f, buf_span(&question), &v, s, &out) ==
	    SCRAM_RIGHT) == span_eq(s, SPAN(FINAL)));
	CHECK((out.n > 0) == span_eq(s, SPAN(FINAL)));
	buf_free(&question);
	buf_free(&out);
}

static void
entry(struct span s)
{
	struct scram_verifier v, again;
	struct digest_md5_key key;
	struct buf out = {0};

	memset(&v, 0, sizeof v);
	memset(&again, 0, sizeof again);
	if (scram_parse(s, &v) == NULL) {
		CHECK(authusers_use(s) & AUTHUSERS_SCRAM);
		scram_format(&v, &out);
		CHECK(scram_parse(buf_span(&out), &again) == NULL);
		CHECK(memcmp(&v, &again, sizeof v) == 0);
	}
	if (authusers_parse_cram(s, &key) == 0) {
		CHECK(authusers_use(s) & AUTHUSERS_CRAM);
		buf_reset(&out);
		authusers_put_cram(&key, &out);
		CHECK(span_ieq(buf_span(&out), s));
	}
	buf_free(&out);
}

/* A text that is checked holds lines that can be found again. */
static void
lines(struct span s)
{
	struct buf err = {0};
	struct span rest = s, user, value;

	if (authusers_check("file", s, &err) == -1) {
		CHECK(err.n > 0 && !has(buf_span(&err), '\n'));
	} else {
		while (authusers_next(&rest, &user, &value)) {
			CHECK(authusers_name_valid(user));
			CHECK(value.p != NULL && !has(value, '\n'));
		}
	}
	buf_free(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data + 1, size - 1);
	struct arena a = {0};

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'p':
		plain_and_cram(s);
		break;
	case 'f':
		first(s, &a);
		break;
	case 'l':
		final(s, &a);
		break;
	case 'e':
		entry(s);
		break;
	case 't':
		lines(s);
		break;
	}
	arena_free(&a);
	return 0;
}
