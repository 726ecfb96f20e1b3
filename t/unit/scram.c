/*
 * RFC 7677 3's exchange, PBKDF2 and HMAC-MD5 vectors, and what is no SCRAM.
 *
 * rfc: 5802 5.1, 5802 9, 4013 2
 */
#include "scram.h"
#include "base64.h"
#include "tap.h"

#define FIRST  "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define SERVER                                                                \
	"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"               \
	"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL                                                                 \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"        \
	"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static struct arena arena;

static struct span
hex(const unsigned char *p, size_t n)
{
	char *to = arena_alloc(&arena, 2 * n + 1);

	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", p[i]);
	return span_make(to, 2 * n);
}

/* RFC 7914 11 and RFC 6070 (with SHA-256). */
static void
pbkdf2(void)
{
	unsigned char out[DIGEST_SHA256];
	uint64_t before = digest_work;

	digest_pbkdf2(SPAN("passwd"), SPAN("salt"), 1, out);
	is_span(hex(out, sizeof out), SPAN("55ac046e56e3089fec1691c22544b605"
	    "f94185216dde0465e68b9d57c20dacbc"), "PBKDF2, one round");
	digest_pbkdf2(SPAN("Password"), SPAN("NaCl"), 80000, out);
	is_span(hex(out, sizeof out), SPAN("4ddcd8f60b98be21830cee5ef22701f9"
	    "641a4418d04c0414aeff08876b34ab56"), "PBKDF2, 80000 rounds");
	is_int(digest_work - before, 80001, "its work is counted");
}

static void
hmac_md5(const char *key, size_t n, struct span text, const char *want)
{
	struct digest_md5_key k;
	unsigned char out[DIGEST_MD5];

	digest_md5_key(span_make(key, n), &k);
	digest_hmac_md5(&k, text, out);
	is_span(hex(out, sizeof out), span_of(want), "HMAC-MD5");
}

/* RFC 2195 2, RFC 2104, RFC 2202 2. */
static void
cram(void)
{
	char long_key[80];

	hmac_md5("tanstaaftanstaaf", 16,
	    SPAN("<1896.697170952@postoffice.reston.mci.net>"),
	    "b913a602c7eda7a495b4e6e7334d3890");
	hmac_md5("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
	    "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 16, SPAN("Hi There"),
	    "9294727a3638bb1c13f48ef8158bfc9d");
	memset(long_key, 0xaa, sizeof long_key);
	hmac_md5(long_key, sizeof long_key, SPAN("Test Using Larger Than "
	    "Block-Size Key - Hash Key First"),
	    "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
	hmac_md5("", 0, SPAN(""), "74e6f7298a9c2d168935f58c001bad88");
}

static void
make_verifier(struct scram_verifier *v)
{
	struct buf salt = {0};

	base64_decode(SPAN("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt);
	v->iterations = 4096;
	v->nsalt = salt.n;
	memcpy(v->salt, salt.p, salt.n);
	scram_make(SPAN("pencil"), v);
	buf_free(&salt);
}

static const char text_form[] =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

static void
verifiers(void)
{
	static const char *const bad[] = {
	    "", "SCRAM-SHA-1$4096:AA==$AA==:AA==", "SCRAM-SHA-256$",
	    "SCRAM-SHA-256$0:AA==$", "SCRAM-SHA-256$99999999999:AA==$",
	    "SCRAM-SHA-256$4096", "SCRAM-SHA-256$4096:$x:y",
	    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==",
	    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AA==:AA==",
	    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
	    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
	    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
	    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:",
	};
	struct scram_verifier v, again;
	struct buf b = {0};

	make_verifier(&v);
	scram_format(&v, &b);
	is_span(buf_span(&b), span_of(text_form), "a verifier's text");
	is_str(scram_parse(buf_span(&b), &again), NULL, "is parsed");
	ok(again.iterations == v.iterations && again.nsalt == v.nsalt &&
	    memcmp(again.stored, v.stored, sizeof v.stored) == 0 &&
	    memcmp(again.server, v.server, sizeof v.server) == 0,
	    "to the same");
	ok(scram_is_password(SPAN("pencil"), &v), "the password");
	ok(!scram_is_password(SPAN("pencils"), &v), "another");
	ok(!scram_is_password(SPAN(""), &v), "none");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(scram_parse(span_of(bad[i]), &again) != NULL, bad[i]);
	for (size_t n = 0; n < sizeof text_form - 1; n++)
		if (scram_parse(span_make(text_form, n), &again) == NULL)
			ok(false, "a cut verifier is none");
	buf_free(&b);
}

static void
exchange(void)
{
	struct scram_verifier v;
	struct scram_first f;
	struct buf first = {0}, final = {0};

	make_verifier(&v);
	is_str(scram_parse_first(SPAN(FIRST), &arena, &f), NULL,
	    "client-first");
	is_span(f.user, SPAN("user"), "... user");
	is_span(f.header, SPAN("n,,"), "... header");
	ok(f.authzid.p == NULL, "... no authzid");
	scram_put_first(&f, SPAN("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"), &v,
	    &first);
	is_span(buf_span(&first), SPAN(SERVER), "server-first");
	is_int(scram_final(&f, buf_span(&first), &v, SPAN(FINAL), &final),
	    SCRAM_RIGHT, "client-final");
	is_span(buf_span(&final),
	    SPAN("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
	    "server-final");
	v.stored[31] ^= 1;
	is_int(scram_final(&f, buf_span(&first), &v, SPAN(FINAL), &final),
	    SCRAM_WRONG, "another verifier");
	buf_free(&first);
	buf_free(&final);
}

#define N "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define P "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void
finals(void)
{
	static const struct {
		const char *message;
		enum scram_end end;
	} odd[] = {
	    {"", SCRAM_BAD},
	    {"c=biws", SCRAM_BAD},
	    {"c=biws," N, SCRAM_BAD},
	    {"c=biws," N ",p=", SCRAM_BAD},
	    {"c=biws," N ",p=AAAA", SCRAM_BAD},
	    {"c=biws," N "," P "=", SCRAM_BAD},
	    {"c=biws," N "," P ",x=y", SCRAM_BAD},
	    {N ",c=biws," P, SCRAM_BAD},
	    {"c=eSws," N "," P, SCRAM_BAD}, /* y,, */
	    {"c=," N "," P, SCRAM_BAD},
	    {"c=biws," N "x," P, SCRAM_BAD},
	    {"c=biws,r=rOprNGfwEbeRWgbNEkqO," P, SCRAM_BAD},
	    {"c=biws,r=," P, SCRAM_BAD},
	    {"c=biws," N ",x," P, SCRAM_BAD},
	    /* an extension changes what was signed */
	    {"c=biws," N ",x=y," P, SCRAM_WRONG},
	    {"c=biws," N ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		SCRAM_WRONG},
	};
	struct scram_verifier v;
	struct scram_first f;
	struct buf final = {0};

	make_verifier(&v);
	scram_parse_first(SPAN(FIRST), &arena, &f);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		is_int(scram_final(&f, SPAN(SERVER), &v,
		    span_of(odd[i].message), &final), odd[i].end,
		    odd[i].message);
	is_size(final.n, 0, "nothing is signed for them");
	buf_free(&final);
}

static void
firsts(void)
{
	static const char *const good[] = {
	    "y,,n=u,r=x", "n,a=zoe,n=u,r=x", "n,,n=u=2Cv=3D,r=x,e=ext",
	    "n,,n=\xc3\xa9,r=!",
	};
	static const char *const bad[] = {
	    "", "n", "n,", "n,,", "n,,n=", "n,,n=u", "n,,n=u,", "n,,n=u,r=",
	    "n,,n=,r=x", "n,,r=x,n=u", "x,,n=u,r=x", "p=tls-unique,,n=u,r=x",
	    "p,,n=u,r=x", "n,zoe,n=u,r=x", "n,a=,n=u,r=x", "nn,,n=u,r=x",
	    "n,,m=x,n=u,r=x", "n,,n=a=b,r=x", "n,,n=a=2cb,r=x", "n,,n=a=,r=x",
	    "n,,n=a=2,r=x", "n,,n=u,r=a b", "n,,n=u,r=\x80", "n,,n=u,r=x,",
	    "n,,n=u,r=x,y", "n,,n=u,r=x,1=y", "n,,n=\xc3,r=x",
	    "n,,n=u\x01,r=x", "n,,n=u\x7f,r=x", ",,n=u,r=x",
	};
	struct scram_first f;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		is_str(scram_parse_first(span_of(good[i]), &arena, &f), NULL,
		    good[i]);
	scram_parse_first(span_of(good[2]), &arena, &f);
	is_span(f.user, SPAN("u,v="), "a name's escapes");
	scram_parse_first(span_of(good[1]), &arena, &f);
	is_span(f.authzid, SPAN("zoe"), "an authzid");
	is_span(f.header, SPAN("n,a=zoe,"), "is of the header");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(scram_parse_first(span_of(bad[i]), &arena, &f) != NULL,
		    bad[i]);
	ok(scram_parse_first(span_make("n,,n=u\0v,r=x", 12), &arena, &f) !=
	    NULL, "a NUL");
}

int
main(void)
{
	pbkdf2();
	cram();
	verifiers();
	exchange();
	finals();
	firsts();
	ok(digest_equal("abc", "abc", 3) && !digest_equal("abc", "abd", 3),
	    "digest_equal");
	arena_free(&arena);
	return done_testing();
}
