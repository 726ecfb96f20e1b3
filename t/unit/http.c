/* Answers of HTTP and of spamd, right and wrong, whole and octet by octet. */
#include "http.h"
#include "tap.h"

#define E "\r\n"
#define OK "HTTP/1.1 200 OK" E

static struct http h;

static const struct {
	const char *answer;
	int status;
	const char *reason, *fields, *body;
} good[] = {
    {OK E, 200, "OK", "", ""},
    {"HTTP/1.0 404 Not Found" E E "gone", 404, "Not Found", "", "gone"},
    {"HTTP/1.1 200" E E, 200, "", "", ""},
    {"HTTP/1.1 599 " E E, 599, "", "", ""},
    {OK "Content-Length: 5" E E "hello", 200, "OK", "content-length: 5\n",
	"hello"},
    {OK "Content-Length: 5" E E "hello, more", 200, "OK",
	"content-length: 5\n", "hello"},
    {OK "content-length:0" E E "x", 200, "OK", "content-length: 0\n", ""},
    {OK "Content-Length: 2" E "CONTENT-LENGTH: 2" E E "ab", 200, "OK",
	"content-length: 2\ncontent-length: 2\n", "ab"},
    {OK "X-A:  b \t" E "X-B:" E E, 200, "OK", "x-a: b\nx-b: \n", ""},
    {OK "Transfer-Encoding: chunked" E E "3" E "abc" E "0" E E, 200, "OK",
	"transfer-encoding: chunked\n", "abc"},
    {OK "Transfer-Encoding: Chunked" E E "3;x=y" E "abc" E "A" E
	"0123456789" E "00" E "Trailer: x" E E "rest", 200, "OK",
	"transfer-encoding: Chunked\n", "abc0123456789"},
    {"HTTP/1.1 100 Continue" E E "HTTP/1.1 103 Hints" E "A: b" E E OK
	"C: d" E E "x", 200, "OK", "c: d\n", "x"},
    {"HTTP/1.1 204 No" E "Content-Length: 9" E E, 204, "No",
	"content-length: 9\n", ""},
    {"HTTP/1.1 304 No" E "Transfer-Encoding: chunked" E E, 304, "No",
	"transfer-encoding: chunked\n", ""},
    {OK "A: \xc3\xbc" E E, 200, "OK", "a: \xc3\xbc\n", ""},
};

static const struct {
	const char *answer, *error;
} bad[] = {
    {"", "closed too early"},
    {"HTTP/1.1 200 OK", "closed too early"},
    {OK, "closed too early"},
    {OK "A: b" E, "closed too early"},
    {OK "Content-Length: 5" E E "hell", "closed too early"},
    {OK "Transfer-Encoding: chunked" E E "3" E "abc" E "0" E,
	"closed too early"},
    {OK "Transfer-Encoding: chunked" E E "3" E "abc", "closed too early"},
    {"HTTP/2 200 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.2 200 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1 99 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1 2x0 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1 099 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1 600 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1 2000 OK" E E, "not HTTP/1.1"},
    {"HTTP/1.1  200 OK" E E, "not HTTP/1.1"},
    {"http/1.1 200 OK" E E, "not HTTP/1.1"},
    {"220 mx ESMTP" E, "not HTTP/1.1"},
    {E OK E, "not HTTP/1.1"},
    {"HTTP/1.1 200 O\033K" E E, "a control character"},
    {"HTTP/1.1 101 Switching" E E, "another protocol"},
    {OK "no colon" E E, "not a field"},
    {OK ": x" E E, "not a field"},
    {OK "A : x" E E, "not a field"},
    {OK " folded" E E, "not a field"},
    {OK "A: b" E "\tfold" E E, "not a field"},
    {OK "A: b\001" E E, "a control character"},
    {OK "A: b\rc" E E, "a control character"},
    {OK "A: b\n" E E, "a bare LF"},
    {OK "\n", "a bare LF"},
    {OK "Content-Length: -1" E E, "a wrong Content-Length"},
    {OK "Content-Length: +1" E E, "a wrong Content-Length"},
    {OK "Content-Length: 1, 1" E E, "a wrong Content-Length"},
    {OK "Content-Length: 0x1" E E, "a wrong Content-Length"},
    {OK "Content-Length: " E E, "a wrong Content-Length"},
    {OK "Content-Length: 99999999999999999999" E E,
	"a wrong Content-Length"},
    {OK "Content-Length: 1" E "Content-Length: 2" E E,
	"a wrong Content-Length"},
    {OK "Content-Length: 101" E E, "too large"},
    {OK "Content-Length: 1" E "Transfer-Encoding: chunked" E E,
	"two lengths"},
    {OK "Transfer-Encoding: chunked" E "Content-Length: 1" E E,
	"two lengths"},
    {OK "Transfer-Encoding: gzip, chunked" E E,
	"an unknown Transfer-Encoding"},
    {OK "Transfer-Encoding: identity" E E, "an unknown Transfer-Encoding"},
    {OK "Transfer-Encoding: chunked" E "Transfer-Encoding: chunked" E E,
	"an unknown Transfer-Encoding"},
    {OK "Transfer-Encoding: chunked" E E "x" E, "a wrong chunk"},
    {OK "Transfer-Encoding: chunked" E E E, "a wrong chunk"},
    {OK "Transfer-Encoding: chunked" E E "3 x" E, "a wrong chunk"},
    {OK "Transfer-Encoding: chunked" E E "3" E "abcd" E, "a wrong chunk"},
    {OK "Transfer-Encoding: chunked" E E "3\n", "a bare LF"},
    {OK "Transfer-Encoding: chunked" E E "65" E, "too large"},
    {OK "Transfer-Encoding: chunked" E E "ffffffffffffffffffff" E,
	"too large"},
};

/* Pushes s in pieces of n octets (0: whole), then its end. */
static int
push(struct span s, size_t n, bool spamd, size_t max)
{
	int r = 0;

	http_init(&h, spamd, max);
	if (n == 0)
		n = s.n;
	while (s.n > 0 && r == 0) {
		r = http_push(&h, span_head(s, n));
		s = span_skip(s, n);
	}
	return r == 0 ? http_end(&h) : r;
}

static void
answers(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		for (size_t step = 0; step < 3; step++) {
			is_int(push(span_of(good[i].answer), step, false, 100),
			    1, "an answer");
			is_int(h.status, good[i].status, "... status");
			is_span(buf_span(&h.reason), span_of(good[i].reason),
			    "... reason");
			is_span(buf_span(&h.fields), span_of(good[i].fields),
			    "... fields");
			is_span(buf_span(&h.body), span_of(good[i].body),
			    "... body");
		}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (size_t step = 0; step < 3; step++) {
			is_int(push(span_of(bad[i].answer), step, false, 100),
			    -1, "none");
			is_str(h.error, bad[i].error, "... why");
		}
	is_int(push(span_make(OK "A: b\0c" E E, 26), 0, false, 9), -1, "NUL");
	is_int(push(span_make(OK "A\0: b" E E, 25), 0, false, 9), -1, "NUL");
}

static void
limits(void)
{
	struct buf b = {0};

	is_int(push(span_of(OK E "12345"), 0, false, 5), 1, "as much as may");
	is_int(push(span_of(OK E "123456"), 1, false, 5), -1, "one more");
	is_str(h.error, "too large", "is too large");
	is_int(http_push(&h, SPAN("x")), -1, "and stays so");
	is_int(http_end(&h), -1, "to the end");

	buf_puts(&b, OK "A: ");
	for (int i = 0; i < HTTP_LINE; i++)
		buf_putc(&b, 'x');
	is_int(push(buf_span(&b), 0, false, 5), -1, "a long line");
	is_str(h.error, "a line too long", "is too long");

	buf_reset(&b);
	buf_puts(&b, OK);
	for (int i = 0; i < HTTP_FIELDS + 1; i++)
		buf_puts(&b, "A: b" E);
	is_int(push(buf_span(&b), 0, false, 5), -1, "many fields");
	is_str(h.error, "too many fields", "are too many");

	buf_reset(&b);
	for (int i = 0; i < 4000; i++)
		buf_puts(&b, "HTTP/1.1 100 Continue" E E);
	is_int(push(buf_span(&b), 0, false, 5), -1, "100 without end");
	is_str(h.error, "too many fields", "has an end");
	buf_free(&b);
}

static void
others(void)
{
	struct span v;

	is_int(push(SPAN("SPAMD/1.1 0 EX_OK" E "Content-length: 5" E
			 "Spam: True ; 15.0 / 5.0" E E "A,B\r\n"), 1, true, 99),
	    1, "spamd");
	is_int(h.status, 0, "EX_OK");
	is_span(buf_span(&h.reason), SPAN("EX_OK"), "says so");
	ok(http_field(&h, SPAN("spam"), &v), "has a field");
	is_span(v, SPAN("True ; 15.0 / 5.0"), "with a value");
	ok(!http_field(&h, SPAN("spa"), &v), "and no other");
	is_span(buf_span(&h.body), SPAN("A,B\r\n"), "body");
	is_int(push(SPAN("SPAMD/1.0 76 Bad header line: x" E E), 0, true, 99),
	    1, "an error");
	is_int(h.status, 76, "is a status");
	is_int(push(SPAN(OK E), 0, true, 99), -1, "HTTP is not spamd");
	is_int(push(SPAN("SPAMD/1.1 x EX_OK" E), 0, true, 99), -1, "no code");

	http_init(&h, false, 99);
	http_expect_none(&h);
	is_int(http_push(&h, SPAN(OK "Content-Length: 1000" E E)), 1, "HEAD");
	ok(http_token_valid(SPAN("X-Token!")), "a token");
	ok(!http_token_valid(SPAN("")), "none");
	ok(!http_token_valid(SPAN("a b")) && !http_token_valid(SPAN("a:")) &&
	    !http_token_valid(SPAN("a\0")), "nor these");
	ok(http_value_valid(SPAN("a\tb \xff")), "a value");
	ok(!http_value_valid(SPAN("a\nb")) && !http_value_valid(SPAN("a\0")) &&
	    !http_value_valid(SPAN("\177")), "none");
}

int
main(void)
{
	answers();
	limits();
	others();
	http_free(&h);
	return done_testing();
}
