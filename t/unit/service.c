/* What services are asked, and what their answers say. */
#include "service.h"
#include "tap.h"

#define E "\r\n"

static struct service set;

static struct service_request *
make(enum service_kind kind, const char *data)
{
	struct service_request *r = service_new(&set, kind);

	r->data = span_of(data);
	r->size = r->data.n;
	return r;
}

static void
clamd(void)
{
	static const struct {
		struct span line;
		const char *wrong, *virus;
	} cases[] = {
	    {SPAN_LIT("stream: OK"), NULL, NULL},
	    {SPAN_LIT("stream: Eicar FOUND"), NULL, "Eicar"},
	    {SPAN_LIT("stream: A B FOUND"), NULL, "A B"},
	    {SPAN_LIT("stream: OK FOUND"), NULL, "OK"},
	    {SPAN_LIT("stream: FOUND"), "not clamd", NULL},
	    {SPAN_LIT("stream:  FOUND"), "not clamd", NULL},
	    {SPAN_LIT("stream: OK "), "not clamd", NULL},
	    {SPAN_LIT("stream: ok"), "not clamd", NULL},
	    {SPAN_LIT("OK"), "not clamd", NULL},
	    {SPAN_LIT(""), "not clamd", NULL},
	    {SPAN_LIT("stream: a\nb FOUND"), "not clamd", NULL},
	    {SPAN_LIT("INSTREAM size limit exceeded. ERROR"),
		"clamd has failed", NULL},
	    {SPAN_LIT("UNKNOWN COMMAND"), "not clamd", NULL},
	};
	struct service_request *r = make(SERVICE_CLAMD, "x");
	struct span virus;

	service_clamd_ask(r);
	is_span(buf_span(&r->head), SPAN("zINSTREAM\0"), "INSTREAM");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_str(service_clamd_result(cases[i].line, &virus),
		    cases[i].wrong, "an answer of clamd");
		is_span(virus, span_of(cases[i].virus), "... virus");
		is_int(virus.p == NULL, cases[i].virus == NULL, "... or none");
	}
	service_drop(r);
}

static void
spamd(void)
{
	static const struct {
		const char *value;
		int result;
		bool spam;
		double score, threshold;
	} cases[] = {
	    {"True ; 15.5 / 5.0", 0, true, 15.5, 5},
	    {"False ; -1 / 5", 0, false, -1, 5},
	    {"yes;0/0", 0, true, 0, 0},
	    {"No ; 1.25/ 5", 0, false, 1.25, 5},
	    {"", -1, false, 0, 0},
	    {"True", -1, false, 0, 0},
	    {"True ; 1", -1, false, 0, 0},
	    {"True ; / 5", -1, false, 0, 0},
	    {"True ; 1 /", -1, false, 0, 0},
	    {"Maybe ; 1 / 5", -1, false, 0, 0},
	    {"True ; nan / 5", -1, false, 0, 0},
	    {"True ; inf / 5", -1, false, 0, 0},
	    {"True ; 0x10 / 5", -1, false, 0, 0},
	    {"True ; 1e9 / 5", -1, false, 0, 0},
	    {"True ; 1 / 5 / 6", -1, false, 0, 0},
	    {"True ; 1-1 / 5", -1, false, 0, 0},
	    {"True ; . / 5", -1, false, 0, 0},
	    {"True ; 1.2.3 / 5", -1, false, 0, 0},
	    {"True ; 11111111111111111111111111111111111 / 5", -1, false, 0, 0},
	};
	struct service_request *r = make(SERVICE_SPAMD, "hello");

	service_spamd_ask(r, span_make(NULL, 0), true);
	is_span(buf_span(&r->head), SPAN("SYMBOLS SPAMC/1.5" E
		"Content-length: 5" E E), "SYMBOLS");
	buf_reset(&r->head);
	service_spamd_ask(r, SPAN("a\r\nb\0"), false);
	is_span(buf_span(&r->head), SPAN("CHECK SPAMC/1.5" E
		"Content-length: 5" E "User: a??b?" E E), "CHECK, a user");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double score = 0, threshold = 0;
		bool spam = false;

		is_int(service_spamd_result(span_of(cases[i].value), &spam,
			   &score, &threshold), cases[i].result,
		    cases[i].value);
		if (cases[i].result == 0)
			ok(spam == cases[i].spam && score == cases[i].score &&
			    threshold == cases[i].threshold, "... says so");
	}
	service_drop(r);
}

static void
http(void)
{
	static const struct {
		const char *url, *wrong, *at, *host, *target;
	} cases[] = {
	    {"http://a", NULL, "a:80", "a", "/"},
	    {"HTTP://A.example:8080/x?y=z#f", NULL, "A.example:8080",
		"A.example:8080", "/x?y=z"},
	    {"http://[2001:db8::1]/", NULL, "[2001:db8::1]:80",
		"[2001:db8::1]", "/"},
	    {"http://192.0.2.1:80?q", NULL, "192.0.2.1:80", "192.0.2.1",
		"/?q"},
	    {"http://a/%20%zz", "not a URL", NULL, NULL, NULL},
	    {"http://a/\xc3\xbc\"|", NULL, "a:80", "a", "/%C3%BC%22%7C"},
	    {"https://a/", "https is not there yet", NULL, NULL, NULL},
	    {"file:///etc/passwd", "not an http URL", NULL, NULL, NULL},
	    {"http://u@a/", "a user in a URL", NULL, NULL, NULL},
	    {"http:", "a host that is none", NULL, NULL, NULL},
	    {"http:/run/socket", "a host that is none", NULL, NULL, NULL},
	    {"/x", "not a URL", NULL, NULL, NULL},
	    {"", "not a URL", NULL, NULL, NULL},
	};
	struct span host, target;
	struct service_request *r;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		r = make(SERVICE_HTTP, "");
		is_str(service_http_url(r, span_of(cases[i].url), &host,
			   &target), cases[i].wrong, cases[i].url);
		if (cases[i].wrong == NULL) {
			is_span(r->hosts[0], span_of(cases[i].at), "... at");
			is_span(host, span_of(cases[i].host), "... Host");
			is_span(target, span_of(cases[i].target), "... what");
		}
		service_drop(r);
	}
	r = make(SERVICE_HTTP, "hello");
	service_http_ask(r, SPAN("POST"), SPAN("a"), SPAN("/x"));
	service_http_field(r, SPAN("A"), SPAN(" b\r\nC: d\0 "));
	service_http_end(r, true);
	is_span(buf_span(&r->head), SPAN("POST /x HTTP/1.1" E "Host: a" E
		"Connection: close" E "A: b??C: d?" E "Content-Length: 5" E
		E), "a request");
	service_drop(r);
}

static void
sets(void)
{
	struct service_request *r = NULL, *all[SERVICE_MAX];
	struct span host = SPAN("127.0.0.1:1");

	for (size_t i = 0; i < SERVICE_MAX; i++) {
		all[i] = r = make(SERVICE_HTTP, "");
		r->hosts = &host;
		r->nhosts = 1;
		service_start(r);
	}
	ok(service_new(&set, SERVICE_HTTP) == NULL, "one too many");
	is_int(service_wait(&set, true, clock_deadline(5000)), 0, "waited");
	for (size_t i = 0; i < SERVICE_MAX; i++)
		ok(all[i]->done && all[i]->error != NULL, "refused");
	service_drop(all[SERVICE_MAX - 1]);
	service_drop(all[0]);
	is_size(set.n, SERVICE_MAX - 2, "the first and the last are dropped");
	r = make(SERVICE_CLAMD, "");
	ok(*set.last == NULL && set.last == &r->next, "a new one is the last");
	service_drop(r);
	service_reset(&set);
	ok(!service_pending(&set) && set.last == &set.first, "none are left");
}

int
main(void)
{
	is_int(service_init(&set, NULL, 0), 0, "a set");
	clamd();
	spamd();
	http();
	sets();
	service_close(&set);
	return done_testing();
}
