/* RFC 3986: its own examples, and what must not be one. */
#include "uri.h"
#include "tap.h"

/* Every part with a mark where it is missing. */
static const char *
parts(const char *text)
{
	static struct buf b;
	struct span p[7];
	struct uri u;

	buf_reset(&b);
	if (uri_parse(span_of(text), &u) == -1)
		return "-";
	memcpy(p, (struct span[]){u.scheme, u.user_info, u.host, u.port,
	    u.path, u.query, u.fragment}, sizeof p);
	for (int i = 0; i < 7; i++) {
		if (p[i].p != NULL)
			buf_put(&b, p[i]);
		else
			buf_putc(&b, '-');
		buf_putc(&b, '|');
	}
	buf_putu(&b, u.number);
	return buf_cstr(&b);
}

static const char *const cases[][2] = {
    /* 1.1.2 */
    {"ftp://ftp.is.co.za/rfc/rfc1808.txt",
	"ftp|-|ftp.is.co.za|-|/rfc/rfc1808.txt|-|-|21"},
    {"ldap://[2001:db8::7]/c=GB?objectClass?one",
	"ldap|-|2001:db8::7|-|/c=GB|objectClass?one|-|389"},
    {"mailto:John.Doe@example.com", "mailto|-|-|-|John.Doe@example.com|-|-|0"},
    {"news:comp.infosystems.www.servers.unix",
	"news|-|-|-|comp.infosystems.www.servers.unix|-|-|0"},
    {"tel:+1-816-555-1212", "tel|-|-|-|+1-816-555-1212|-|-|0"},
    {"telnet://192.0.2.16:80/", "telnet|-|192.0.2.16|80|/|-|-|80"},
    {"urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
	"urn|-|-|-|oasis:names:specification:docbook:dtd:xml:4.1.2|-|-|0"},
    /* 3 */
    {"foo://example.com:8042/over/there?name=ferret#nose",
	"foo|-|example.com|8042|/over/there|name=ferret|nose|8042"},
    /* 7.6: what looks like the host is not it */
    {"ftp://cnn.example.com&story=breaking_news@10.0.0.1/top_story.htm",
	"ftp|cnn.example.com&story=breaking_news|10.0.0.1|-|/top_story.htm|"
	"-|-|21"},
    {"http://a", "http|-|a|-||-|-|80"},
    {"HTTP://a", "HTTP|-|a|-||-|-|80"},
    {"http://a:", "http|-|a|||-|-|80"},
    {"http://@a?#", "http||a|-||||80"},
    {"http://a?b#c?d#e", "http|-|a|-||b|c?d#e|80"},
    {"http:///x", "http|-||-|/x|-|-|80"},
    {"http:/x", "http|-|-|-|/x|-|-|80"},
    {"a:", "a|-|-|-||-|-|0"},
    {"a+b-c.1:x", "a+b-c.1|-|-|-|x|-|-|0"},
    {"http://a:00080/", "http|-|a|00080|/|-|-|80"},
    {"http://[::ffff:192.0.2.1]:1/", "http|-|::ffff:192.0.2.1|1|/|-|-|1"},
    {"", "-"},
    {"a", "-"},
    {"/a:b", "-"},
    {"1a:b", "-"},
    {"a b:c", "-"},
    {"http://a/ b", "-"},
    {"http://a/\t", "-"},
    {"http://a/%", "-"},
    {"http://a/%a", "-"},
    {"http://a/%ag", "-"},
    {"http://a:65536/", "-"},
    {"http://a:-1/", "-"},
    {"http://a:1:2/", "-"},
    {"http://[::1/", "-"},
    {"http://[::1]2/", "-"},
    {"http://[]/", "-"},
    {"http://::1/", "-"},
    {"http://a\"b/", "-"},
    {"http://a\\b/", "-"},
};

int
main(void)
{
	struct buf b = {0};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_str(parts(cases[i][0]), cases[i][1], cases[i][0]);
	uri_encode(SPAN("a/\xff \0"), &b);
	is_span(buf_span(&b), SPAN("a%2F%FF%20%00"), "encode");
	is_int(uri_decode(SPAN("%2f%Ff%20%00"), &b), 0, "decode");
	is_span(buf_span(&b), SPAN("a%2F%FF%20%00/\xff \0"), "... appends");
	is_int(uri_decode(SPAN("ab%4"), &b), -1, "decode half an escape");
	is_size(b.n, 17, "... leaves it as it was");
	buf_free(&b);
	return done_testing();
}
