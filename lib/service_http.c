/* service_http: a request of HTTP/1.1, one for each connection. */
#include "service.h"
#include "uri.h"

void
service_http_ask(struct service_request *r, struct span method,
    struct span host, struct span target)
{
	struct buf *b = &r->head;

	buf_put(b, method);
	buf_putc(b, ' ');
	buf_put(b, target);
	buf_puts(b, " HTTP/1.1\r\n");
	service_http_field(r, SPAN("Host"), host);
	service_http_field(r, SPAN("Connection"), SPAN("close"));
	if (span_eq(method, SPAN("HEAD")))
		http_expect_none(&r->http);
}

void
service_http_field(struct service_request *r, struct span name,
    struct span value)
{
	struct buf *b = &r->head;

	value = span_trim(value);
	buf_put(b, name);
	buf_puts(b, ": ");
	/* A line end would be a field more, or a request. */
	for (size_t i = 0; i < value.n; i++)
		buf_putc(b, http_value_valid(span_make(value.p + i, 1)) ?
			value.p[i] : '?');
	buf_puts(b, "\r\n");
}

void
service_http_end(struct service_request *r, bool body)
{
	struct buf *b = &r->head;

	if (body) {
		buf_puts(b, "Content-Length: ");
		buf_putu(b, r->size);
		buf_puts(b, "\r\n");
	}
	buf_puts(b, "\r\n");
}

/* What may stand in a request's first line; the rest becomes %XX. */
static void
put_target(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, s.p[i]);
	}
}

const char *
service_http_url(struct service_request *r, struct span url,
    struct span *host, struct span *target)
{
	struct buf b = {0};
	struct span *hosts;
	struct uri u;
	struct target t;

	if (uri_parse(url, &u) == -1)
		return "not a URL";
	if (span_ieq(u.scheme, SPAN("https")))
		return "https is not there yet";
	if (!span_ieq(u.scheme, SPAN("http")))
		return "not an http URL";
	if (u.user_info.p != NULL)
		return "a user in a URL";
	buf_printf(&b, span_chr(u.host, ':') < u.host.n ? "[%.*s]:%u" :
							  "%.*s:%u",
	    SPAN_ARG(u.host), u.number);
	hosts = arena_alloc(&r->arena, sizeof *hosts);
	hosts[0] = arena_dup(&r->arena, buf_span(&b));
	r->hosts = hosts;
	r->nhosts = 1;
	/* The port that everybody expects is left out. */
	*host = u.number == 80 ? span_head(hosts[0], hosts[0].n - 3) :
				 hosts[0];
	buf_reset(&b);
	put_target(u.path.n > 0 ? u.path : SPAN("/"), &b);
	if (u.query.p != NULL) {
		buf_putc(&b, '?');
		put_target(u.query, &b);
	}
	*target = arena_dup(&r->arena, buf_span(&b));
	buf_free(&b);
	return target_parse(hosts[0], &t) == -1 ? "a host that is none" : NULL;
}
