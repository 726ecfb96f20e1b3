/* The access table's keys: parsing, and that a text's best line is the first
 * key a cdb would be asked for. */
#include "access_walk.h"
#include "num.h"
#include "tap.h"

static const struct {
	const char *in, *canonical;
} good[] = {
    {"", ""}, {"=", "="}, {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.1/32", "192.0.2.1"}, {"192.0.2.77/24", "192.0.2.0/24"},
    {"192.0.2.", "192.0.2."}, {"10.", "10."}, {"172.16.", "172.16."},
    {"0.0.0.0/0", "0.0.0.0/0"}, {"[2001:DB8::1]", "[2001:db8::1]"},
    {"[2001:db8:1::/32]", "[2001:db8::/32]"},
    {"[::ffff:192.0.2.0/120]", "192.0.2.0/24"},
    {"=Mail.Example.ORG", "=mail.example.org"},
    {"=.example.org", "=.example.org"}, {"@25", "@25"},
    {"@192.0.2.25", "@192.0.2.25"}, {"@192.0.2.25#587", "@192.0.2.25#587"},
    {"@[2001:db8::25]", "@[2001:db8::25]"},
    {"@[2001:DB8:0::25]#25", "@[2001:db8::25]#25"},
    {"10.@587", "10.@587"}, {"=.example.org@25", "=.example.org@25"},
    {"[2001:db8::/32]@[2001:db8::25]#25",
	"[2001:db8::/32]@[2001:db8::25]#25"},
};

static const char *const bad[] = {
    "192.0.2", "192.0.2.1.", "192.0.2.256", "1.2.3.4.", "192..2.", ".", "..",
    "01.2.", "192.0.2.1/33", "2001:db8::1", "[2001:db8::1", "[]", "x",
    "=.", "=a b", "=a.", "=a,b", "@", "@x", "@0", "@65536", "@#25", "@1#",
    "@192.0.2.1#0", "@[]", "@[]#25", "@192.0.2.", "10.@", "user@192.0.2.1@25", "[::/129]",
    "=\n", "-1.", "1 .2.",
};

static void
test_parsing(void)
{
	struct buf b = {0};
	struct access_key k;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *why = access_key_parse(span_of(good[i].in), &k);

		ok(why == NULL, good[i].in);
		buf_reset(&b);
		access_key_format(&k, &b);
		is_str(buf_cstr(&b), good[i].canonical, "written one way");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(access_key_parse(span_of(bad[i]), &k) != NULL,
		    bad[i]);
	buf_free(&b);
}

static struct access_client
client(const char *ip, const char *name, const char *local, unsigned port)
{
	struct access_client c = {.name = span_of(name), .local_port = port};

	ip_parse(span_of(ip), &c.ip);
	ip_parse(span_of(local), &c.local);
	return c;
}

/* All keys of a client, one a line. */
static const char *
walk(const struct access_client *c, const char *listener)
{
	static struct buf all;
	struct access_walk w = {0};
	struct buf key = {0};

	buf_reset(&all);
	while (access_walk_next(&w, c, span_of(listener), &key)) {
		buf_put(&all, buf_span(&key));
		buf_putc(&all, '\n');
	}
	buf_free(&key);
	return buf_cstr(&all);
}

static void
test_order(void)
{
	struct access_client c = client("192.0.2.7", "a.b.c", "", 0);
	struct buf key = {0};
	const char *all = walk(&c, "");

	is_span(span_head(span_of(all), 60),
	    span_of("192.0.2.7\n=a.b.c\n192.0.2.6/31\n192.0.2.4/30\n"
		    "192.0.2.0/29\n192."),
	    "address, name, networks");
	ok(strstr(all, "\n192.0.2.0/24\n192.0.2.\n192.0.2.0/23\n") != NULL,
	    "a network, the same with dots");
	ok(strstr(all, "\n0.0.0.0/0\n=.b.c\n=.c\n=\n\n") != NULL,
	    "then parts of the name, any name, everybody");
	c.name.n = 0;
	all = walk(&c, "@25");
	ok(strstr(all,
		"\n192.0.2.0/24@25\n192.0.2.@25\n"
		"192.0.2.0/24\n192.0.2.\n") != NULL,
	    "with the listener, then without");
	ok(strstr(all, "\n0.0.0.0/0@25\n0.0.0.0/0\n\n") != NULL,
	    "but for everybody");
	c = client("", "", "", 0);
	is_str(walk(&c, "@25"), "\n", "of the unknown nothing but everybody");
	c = client("2001:db8::1", "", "2001:db8::25", 587);
	all = walk(&c, "");
	ok(strncmp(all, "[2001:db8::1]\n[2001:db8::/127]\n", 31) == 0 &&
	    strstr(all, "\n[::/0]\n\n") != NULL, "IPv6");
	ok(access_walk_listener(&c, 0, &key), "listener: address and port");
	is_span(buf_span(&key), SPAN("@[2001:db8::25]#587"), "as a key");
	ok(access_walk_listener(&c, 1, &key), "address");
	is_span(buf_span(&key), SPAN("@[2001:db8::25]"), "as a key");
	ok(access_walk_listener(&c, 2, &key), "port");
	is_span(buf_span(&key), SPAN("@587"), "as a key");
	ok(!access_walk_listener(&c, 3, &key), "no more");
	c.local_port = 0;
	ok(!access_walk_listener(&c, 0, &key), "no port: no such key");
	ok(!access_walk_listener(&c, 2, &key), "nor this");
	buf_free(&key);
}

/* Every key of the walk is for the client, and less special than the one
 * before. */
static void
test_agreement(const struct access_client *c, const char *listener)
{
	struct access_walk w = {0};
	struct buf key = {0}, again = {0};
	unsigned before = ~0u, n = 0;
	bool all = true, canonical = true;

	for (; access_walk_next(&w, c, span_of(listener), &key); n++) {
		struct access_key k;
		unsigned rank;

		if (access_key_parse(buf_span(&key), &k) != NULL) {
			all = false;
			break;
		}
		buf_reset(&again);
		access_key_format(&k, &again);
		canonical &= span_eq(buf_span(&again), buf_span(&key));
		rank = access_key_rank(&k, c);
		all &= rank > 0 && rank < before;
		before = rank;
	}
	ok(all && n > 0, "each key is for the client, in the order of rank");
	ok(canonical, "and written as it is looked up");
	buf_free(&key);
	buf_free(&again);
}

static unsigned
rank(const char *key, const struct access_client *c)
{
	struct access_key k;

	return access_key_parse(span_of(key), &k) == NULL ?
	    access_key_rank(&k, c) : 0;
}

static void
test_rank(void)
{
	struct access_client c =
	    client("192.0.2.7", "mail.example.org", "192.0.2.25", 587);

	ok(rank("=.ple.org", &c) == 0, "a suffix is one of labels");
	ok(rank("=.mail.example.org", &c) == 0, "a host is not below itself");
	ok(rank("=MAIL.example.org", &c) > rank("192.0.2.0/31", &c) ||
	    rank("192.0.2.6/31", &c) > 0, "a name is before a network");
	ok(rank("192.0.2.7", &c) > rank("=mail.example.org", &c),
	    "an address before a name");
	ok(rank("10.", &c) == 0 && rank("192.0.2.7@25", &c) == 0,
	    "what is for others is not for him");
	ok(rank("@192.0.2.25#587", &c) > rank("@192.0.2.25", &c) &&
	    rank("@192.0.2.25", &c) > rank("@587", &c) && rank("@25", &c) == 0,
	    "listeners");
	ok(rank("192.0.2.@587", &c) > rank("192.0.2.", &c) &&
	    rank("192.0.2.@587", &c) < rank("192.0.2.0/25", &c),
	    "a listener is the smaller difference");
}

int
main(void)
{
	struct access_client v4 =
	    client("192.0.2.7", "mail.example.org", "192.0.2.25", 587);
	struct access_client v6 =
	    client("2001:db8:1:2:3:4:5:6", "x.example", "2001:db8::25", 25);

	test_parsing();
	test_order();
	test_agreement(&v4, "");
	test_agreement(&v4, "@587");
	test_agreement(&v6, "");
	test_agreement(&v6, "@[2001:db8::25]#25");
	test_rank();
	return done_testing();
}
