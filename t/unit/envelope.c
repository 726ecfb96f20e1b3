/* envelope: trailers written, read, and damaged in every way. */
#include "tap.h"
#include "envelope.h"

static struct arena a;

static struct envelope
sample(void)
{
	static struct envelope_rcpt rcpts[] = {
	    {RCPT_OPEN, SPAN_LIT("a@x.test"), SPAN_LIT(""), 0},
	    {RCPT_DELIVERED, SPAN_LIT("\"b %\"@x.test"),
		SPAN_LIT("NOTIFY=NEVER ORCPT=x"), 0},
	    {RCPT_DISCARDED, SPAN_LIT("\xc3\xa4@x.test"), SPAN_LIT(""), 0},
	};
	static struct envelope_edit edits[] = {
	    {EDIT_PREPEND, 0, SPAN_LIT("Received: x\r\n\ty")},
	    {EDIT_APPEND, 0, SPAN_LIT("X-Last: z")},
	    {EDIT_REPLACE, 3, SPAN_LIT("Subject: new")},
	    {EDIT_REMOVE, 4, SPAN_LIT("")},
	};
	static struct envelope_meta meta[] = {
	    {SPAN_LIT("queue"), META_STRING, SPAN_LIT("bulk mail")},
	    {SPAN_LIT("n"), META_NUMBER, SPAN_LIT("-1.5")},
	    {SPAN_LIT("yes"), META_BOOL, SPAN_LIT("true")},
	    {SPAN_LIT("empty"), META_STRING, SPAN_LIT("")},
	};

	return (struct envelope){.id = SPAN("01k7s8r8p33dbvoqpl6m4nkg0v"),
	    .received_us = 1795171394000042,
	    .client_ip = SPAN("192.0.2.7"),
	    .helo = SPAN("a b\r\n%"),
	    .sender = SPAN("s@example.net"),
	    .edits = edits,
	    .nedits = 4,
	    .meta = meta,
	    .nmeta = 4,
	    .rcpts = rcpts,
	    .nrcpts = 3};
}

static void
test_round_trip(void)
{
	struct envelope env = sample(), got;
	struct buf out = {0};
	uint64_t offset, length;
	const struct envelope_meta *m;
	const char *why;

	buf_puts(&out, "12345");
	envelope_format(&env, 5, &out);
	why = envelope_parse_footer(
	    span_skip(buf_span(&out), out.n - ENVELOPE_FOOTER_SIZE), out.n,
	    &offset, &length);
	is_str(why, NULL, "the footer fits");
	is_int(offset, 5, "the trailer's offset");
	why = envelope_parse(span_make(out.p + offset, length), &a, &got);
	if (!is_str(why, NULL, "the trailer parses"))
		return;
	is_span(got.id, env.id, "id");
	is_int(got.received_us, env.received_us, "time, with its zeros");
	is_span(got.client_ip, env.client_ip, "client");
	is_span(got.helo, env.helo, "what needs escapes");
	is_span(got.auth, SPAN(""), "what was not there");
	is_span(got.sender, env.sender, "sender");
	is_size(got.nedits, 4, "edits");
	is_span(got.edits[0].text, env.edits[0].text, "a fold");
	is_int(got.edits[2].field, 3, "which field");
	is_int(got.edits[3].kind, EDIT_REMOVE, "removed");
	is_size(got.nmeta, 4, "metadata");
	m = envelope_meta_find(&got, SPAN("queue"));
	is_span(m->value, SPAN("bulk mail"), "found");
	m = envelope_meta_find(&got, SPAN("empty"));
	is_span(m->value, SPAN(""), "empty and there");
	ok(envelope_meta_find(&got, SPAN("other")) == NULL, "not there");
	is_size(got.nrcpts, 3, "recipients");
	for (size_t i = 0; i < 3; i++) {
		is_span(got.rcpts[i].address, env.rcpts[i].address, "address");
		is_span(got.rcpts[i].params, env.rcpts[i].params, "params");
		is_int(out.p[5 + got.rcpts[i].offset], env.rcpts[i].state,
		    "the offset is that of the state");
		is_size(got.rcpts[i].offset, env.rcpts[i].offset,
		    "which the writer knows, too");
	}
	buf_free(&out);
}

static void
test_null_sender(void)
{
	struct envelope env = sample(), got;
	struct buf out = {0};

	env.sender = SPAN("");
	envelope_format(&env, 0, &out);
	is_str(envelope_parse(span_head(buf_span(&out),
		   out.n - ENVELOPE_FOOTER_SIZE), &a, &got), NULL, "parses");
	is_span(got.sender, SPAN(""), "the null sender is empty");
	ok(got.sender.p != NULL, "and there");
	buf_free(&out);
}

#define HEAD "smtpe-entry 1\nid 01k7s8r8p33dbvoqpl6m4nkg0v\n"
#define GOOD HEAD "received 1.000000\nsender <>\n"

static void
test_bad_trailers(void)
{
	static const struct {
		struct span text;
		const char *why;
	} cases[] = {
	    {SPAN_LIT(GOOD "T a@b\n\n"), NULL},
	    {SPAN_LIT(GOOD "later-key x%zz\nT a@b\n\n"), NULL},
	    {SPAN_LIT(""), "unknown trailer"},
	    {SPAN_LIT("smtpe-entry 2\n"), "unknown trailer"},
	    {SPAN_LIT(GOOD "T a@b\n"), "no end"},
	    {SPAN_LIT(GOOD "T a@b"), "no end"},
	    {SPAN_LIT(GOOD "T a@b\n\nT c@d\n\n"), "no end"},
	    {SPAN_LIT(GOOD "\n"), "no recipients"},
	    {SPAN_LIT(HEAD "sender <>\nT a@b\n\n"), "no received time"},
	    {SPAN_LIT(HEAD "received 1.000000\nT a@b\n\n"), "no sender"},
	    {SPAN_LIT("smtpe-entry 1\nreceived 1.000000\nsender x\nT a\n\n"),
		"no id"},
	    {SPAN_LIT("smtpe-entry 1\nid short\n\n"), "bad id"},
	    {SPAN_LIT(HEAD "received 1.5\n\n"), "bad received time"},
	    {SPAN_LIT(HEAD "received 99999999999999999.000000\n\n"),
		"bad received time"},
	    {SPAN_LIT(GOOD "Q a@b\n\n"), "bad recipient"},
	    {SPAN_LIT(GOOD "T \n\n"), "bad recipient"},
	    {SPAN_LIT(GOOD "T a%0A@b\n\n"), "bad recipient"},
	    {SPAN_LIT(GOOD "T a%0@b\n\n"), "bad recipient"},
	    {SPAN_LIT(GOOD "T a%\n\n"), "bad recipient"},
	    {SPAN_LIT(GOOD "T a@b %1\n\n"), "bad recipient"},
	    {SPAN_LIT(HEAD "sender a%0d\n\n"), "bad sender"},
	    {SPAN_LIT(HEAD "sender \n\n"), "bad sender"},
	    {SPAN_LIT(GOOD "helo %\nT a@b\n\n"), "bad escape"},
	    {SPAN_LIT(GOOD "edit\nT a@b\n\n"), "line without a key"},
	    {SPAN_LIT(GOOD "edit bend x\nT a@b\n\n"), "unknown edit"},
	    {SPAN_LIT(GOOD "edit remove\nT a@b\n\n"), "bad edit"},
	    {SPAN_LIT(GOOD "edit remove 0\nT a@b\n\n"), "bad edit"},
	    {SPAN_LIT(GOOD "edit replace 1\nT a@b\n\n"), "bad edit"},
	    {SPAN_LIT(GOOD "edit prepend x y\nT a@b\n\n"), "bad edit"},
	    {SPAN_LIT(GOOD "meta k\nT a@b\n\n"), "bad metadata"},
	    {SPAN_LIT(GOOD "meta k q v\nT a@b\n\n"), "bad metadata"},
	    {SPAN_LIT(GOOD "meta k s %g1\nT a@b\n\n"), "bad metadata"},
	    {SPAN_LIT(GOOD "key\nT a@b\n\n"), "line without a key"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct envelope env;
		const char *why = envelope_parse(cases[i].text, &a, &env);

		is_str(why, cases[i].why, cases[i].text.p);
	}
}

/* No cut of a good one is good, and none reads beyond its end. */
static void
test_cuts(void)
{
	struct envelope env = sample(), got;
	struct buf out = {0};
	size_t good = 0;

	envelope_format(&env, 0, &out);
	for (size_t n = 0; n < out.n - ENVELOPE_FOOTER_SIZE; n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, out.p, n);
		good += envelope_parse(span_make(copy, n), &a, &got) == NULL;
		free(copy);
		arena_reset(&a);
	}
	is_size(good, 0, "no beginning of a trailer is one");
	buf_free(&out);
}

static void
test_footers(void)
{
	static const struct {
		const char *text;
		uint64_t size;
		const char *why;
	} cases[] = {
	    {"smtpe1 0000000000000018 00001be\n", 502, NULL},
	    {"smtpe1 0000000000000018 00001BE\n", 502, NULL},
	    {"smtpe1 0000000000000018 00001be\n", 501,
		"footer does not fit the file's size"},
	    {"smtpe1 0000000000000018 00001bd\n", 502,
		"footer does not fit the file's size"},
	    {"smtpe1 0000000000000018 00001bf\n", 502,
		"footer does not fit the file's size"},
	    {"smtpe1 ffffffffffffffff 00001be\n", 502,
		"footer does not fit the file's size"},
	    {"smtpe1 0000000000000000 fffffff\n", 0xfffffff + 32u,
		"trailer too long"},
	    {"smtpe2 0000000000000018 00001be\n", 502, "no footer"},
	    {"smtpe1 0000000000000018 00001be ", 502, "no footer"},
	    {"smtpe1 000000000000001x 00001be\n", 502, "bad footer"},
	    {"smtpe1 0000000000000018 0000 be\n", 502, "bad footer"},
	    {"", 0, "no footer"},
	};
	uint64_t offset, length;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_str(envelope_parse_footer(span_of(cases[i].text),
			   cases[i].size, &offset, &length),
		    cases[i].why, cases[i].text);
}

static void
test_escape(void)
{
	struct buf out = {0};
	char all[256];
	struct span back;

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	escape_put(&out, span_make(all, sizeof all));
	ok(memchr(out.p, ' ', out.n) == NULL &&
	    memchr(out.p, '\n', out.n) == NULL &&
	    memchr(out.p, 0x7f, out.n) == NULL, "one word");
	is_size(out.n, 256 + 2 * 35, "35 octets are escaped");
	is_int(escape_undo(buf_span(&out), &a, &back), 0, "and back");
	is_span(back, span_make(all, sizeof all), "is the same");
	is_int(escape_undo(SPAN("%4a%4A"), &a, &back), 0, "either case");
	is_span(back, SPAN("JJ"), "reads the same");
	buf_free(&out);
}

int
main(void)
{
	test_round_trip();
	test_null_sender();
	test_bad_trailers();
	test_cuts();
	test_footers();
	test_escape();
	arena_free(&a);
	return done_testing();
}
