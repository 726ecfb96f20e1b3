/* The access table's rules. */
#include "access_rule.h"
#include "tap.h"

static const char *const bad[] = {
    "alow", "allow deny", "allowed", "allow=x", "Deny", ",", "allow,x",
    "allow,=1", "allow,a=\"1", "allow,a=\"1\"b", "allow,a=\"1\" ,b=2",
    "allow,,", "deny=\"x", "deny=\"x\"y", "+RELAYCLIENT=",
};

/* "word|text|name=value;..." */
static const char *
shown(const char *rule)
{
	static struct buf b;
	struct access_rule r;
	struct span name, value;
	const char *why = access_rule_parse(span_of(rule), &r);

	buf_reset(&b);
	if (why != NULL)
		return why;
	buf_printf(&b, "%d|", (int)r.word);
	if (r.text.p != NULL)
		buf_put(&b, r.text);
	buf_putc(&b, '|');
	while (access_rule_next(&r.settings, &name, &value))
		buf_printf(&b, "%.*s=%.*s;", SPAN_ARG(name), SPAN_ARG(value));
	return buf_cstr(&b);
}

static void
test_replies(void)
{
	struct buf store = {0};
	struct reply r;

	ok(access_rule_reply(SPAN("Go away"), &store, &r) == NULL,
	    "words alone");
	is_int(r.code, 554, "are a 554");
	is_span(r.text, SPAN("5.7.1 Go away"), "with an enhanced code");
	ok(access_rule_reply(SPAN("421 4.7.0 Later"), &store, &r) == NULL,
	    "a code of its own");
	is_int(r.code, 421, "is taken");
	ok(access_rule_reply(SPAN("250 ok"), &store, &r) != NULL,
	    "a positive one is not");
	ok(access_rule_reply(SPAN("55 x"), &store, &r) != NULL, "nor half of one");
	ok(access_rule_reply(SPAN("a\rb"), &store, &r) != NULL, "nor a CR");
	buf_free(&store);
}

int
main(void)
{
	is_str(shown(""), "0||", "nothing");
	is_str(shown("allow"), "1||", "allow");
	is_str(shown("deny"), "2||", "deny");
	is_str(shown("deny=\"a, b\""), "2|a, b|", "deny with words");
	is_str(shown("deny=\"\""), "2||", "deny with no words");
	is_str(shown("allow,RELAYCLIENT=\"\",databytes=\"1000000\""),
	    "1||RELAYCLIENT=;databytes=1000000;", "as tcprules has it");
	is_str(shown("allow,a=/x\"y,/,b=2,c=,d=%,%"),
	    "1||a=x\"y,;b=2;c=;d=,;", "other marks, and none");
	is_str(shown(" allow,a=\"1\" "), "1||a=1;", "blanks around");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct access_rule r;

		ok(access_rule_parse(span_of(bad[i]), &r) != NULL,
		    bad[i]);
	}
	test_replies();
	return done_testing();
}
