/* control_override() and control_restore(): a connection's own settings. */
#include "control.h"
#include "tap.h"

static struct controls c;
static struct buf err;

static int
override(const char *name, const char *value, bool items,
    enum control_origin origin)
{
	buf_reset(&err);
	return control_override(&c, span_of(name), span_of(value), items,
	    origin, &err);
}

static void
test_layers(void)
{
	const char *option[] = {"databytes=9000", "me=mx.example.org"};
	bool usage;

	control_load(&c, NULL, option, 2, &err, &usage);
	is_int(override("max_message_size", "5k", false, FROM_ACCESS), 0,
	    "by an alias");
	is_int((int64_t)c.databytes, 5120, "it has the value");
	is_int(c.origin[CONTROL_databytes], FROM_ACCESS, "and the origin");
	is_int(override("databytes", "6k", false, FROM_PARAMS), 0, "again");
	is_int((int64_t)c.databytes, 6144, "the later one counts");
	is_int(override("relayhosts", "192.0.2.0/24,2001:db8::/32", false,
		FROM_ACCESS), 0, "a list");
	is_size(c.relayhosts.n, 2, "divided by commas");
	is_int(override("rcpthosts", "a,b\n#c", true, FROM_PARAMS), 0,
	    "items");
	is_size(c.rcpthosts.n, 2, "are divided by line ends alone");
	is_span(c.rcpthosts.v[1], SPAN("#c"), "and none is a comment");
	is_int(override("hostname", "mx.tenant.example", false, FROM_PARAMS),
	    0, "another name");
	is_span(c.localiphost, SPAN("mx.tenant.example"),
	    "localiphost follows");
	control_restore(&c);
	is_int((int64_t)c.databytes, 9000, "all is as it was: a number");
	is_int(c.origin[CONTROL_databytes], FROM_OPTION, "its origin");
	is_size(c.relayhosts.n, 0, "a list");
	ok(!c.rcpthosts.set, "that nobody had set");
	is_span(c.me, SPAN("mx.example.org"), "the name");
	is_span(c.localiphost, SPAN("mx.example.org"), "what followed it");
	is_int(override("databytes", "1k", false, FROM_ACCESS), 0,
	    "and once more");
	is_int((int64_t)c.databytes, 1024, "it has the value");
	control_restore(&c);
	is_int((int64_t)c.databytes, 9000, "and is put back");
	arena_free(&c.arena);
}

static void
test_script_stays(void)
{
	bool usage;

	control_load(&c, NULL, NULL, 0, &err, &usage);
	control_set(&c, SPAN("maxerrors"), SPAN("7"), FROM_SCRIPT, &err);
	is_int(override("maxerrors", "3", false, FROM_PARAMS), 0,
	    "setoption's is not overridden");
	is_int((int64_t)c.maxerrors, 7, "it stays");
	override("softerrors", "1", false, FROM_ACCESS);
	control_set(&c, SPAN("softerrors"), SPAN("2"), FROM_SCRIPT, &err);
	control_restore(&c);
	is_int((int64_t)c.softerrors, 2, "nor taken back");
	arena_free(&c.arena);
}

static void
test_errors(void)
{
	bool usage;

	control_load(&c, NULL, NULL, 0, &err, &usage);
	is_int(override("queuedir", "/x", false, FROM_ACCESS), -1,
	    "not the process's");
	is_str(buf_cstr(&err), "queuedir is no setting of a connection",
	    "it says so");
	is_int(override("nonsense", "1", false, FROM_ACCESS), -1,
	    "no such setting");
	is_str(buf_cstr(&err), "\"nonsense\" is no control", "it says so");
	is_int(override("databytes", "1\n2", true, FROM_PARAMS), -1,
	    "two values for one");
	is_str(buf_cstr(&err),
	    "databytes: \"1?2\" holds a control character", "it says so");
	is_int(override("hostname", "", false, FROM_PARAMS), -1, "no name");
	is_int((int64_t)c.databytes, 0, "the value before is kept");
	arena_free(&c.arena);
}

/* Every setting of a connection can be set for one, and no other. */
static void
test_all(void)
{
	static const char *const aliases[] = {"hostname", "banner",
	    "max_message_size", "max_recipients_per_message",
	    "max_messages_per_connection", "relay_hosts", "client_timeout",
	    "tls_certificate", "tls_private_key", "trace_headers",
	    "batch_handling", "smtp-max-size", "smtp-command-timeout",
	    "smtp-smart-host", "rfc2920-pipelining-enable",
	    "rfc2920-pipelining-reject"};
	bool usage;

	control_load(&c, NULL, NULL, 0, &err, &usage);
	for (int i = 0; i < CONTROL_N; i++) {
		const struct control_row *row = &control_rows[i];
		const char *value = i == CONTROL_me ? "a.example" : row->def;

		is_int(override(row->name, value, false, FROM_PARAMS),
		    row->scope == CONNECTION ? 0 : -1, row->name);
	}
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		int id = control_find(span_of(aliases[i]));

		ok(id != -1 && control_rows[id].scope == CONNECTION,
		    aliases[i]);
	}
	control_restore(&c);
	for (int i = 0; i < CONTROL_N; i++)
		if (c.origin[i] != FROM_DEFAULT)
			is_int(c.origin[i], FROM_DEFAULT,
			    control_rows[i].name);
	arena_free(&c.arena);
}

int
main(void)
{
	test_layers();
	test_script_stays();
	test_errors();
	test_all();
	return done_testing();
}
