/* amqp_uri: see amqp_uri.h. */
#include "amqp_uri.h"
#include "amqp_template.h"
#include "escape.h"
#include "num.h"

/* What the library takes as a C string, percent-encoded: 0 or -1. */
static int
decode_cstr(struct span s, struct arena *a, const char **out)
{
	struct span text;

	if (escape_undo(s, a, &text) == -1 || span_chr(text, '\0') < text.n)
		return -1;
	*out = arena_cstr(a, text);
	return 0;
}

static const char *
parse_user(struct span s, struct arena *a, struct amqp_uri *uri)
{
	size_t colon = span_chr(s, ':');

	if (decode_cstr(span_head(s, colon), a, &uri->user) == -1)
		return "the user's name is not percent-encoded text";
	if (colon < s.n &&
	    decode_cstr(span_skip(s, colon + 1), a, &uri->password) == -1)
		return "the password is not percent-encoded text";
	return NULL;
}

static const char *
parse_port(struct span s, struct amqp_uri *uri)
{
	uint64_t port;

	if (num_parse_max(s, 65535, &port) == -1 || port == 0)
		return "the port is not a number from 1 to 65535";
	uri->port = (uint16_t)port;
	return NULL;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static const char *
parse_host(struct span s, struct arena *a, struct amqp_uri *uri)
{
	struct span host, rest;
	const char *wrong = NULL;
	bool v6 = s.n > 0 && s.p[0] == '[';
	size_t i;

	if (v6) {
		i = span_chr(s, ']');
		if (i == s.n)
			return "the host's bracket is not closed";
		host = span_skip(span_head(s, i), 1);
		rest = span_skip(s, i + 1);
	} else {
		i = span_chr(s, ':');
		host = span_head(s, i);
		rest = span_skip(s, i);
	}
	if (rest.n > 0)
		wrong = rest.p[0] == ':' ? parse_port(span_skip(rest, 1), uri) :
		    "something follows the host's bracket";
	if (wrong != NULL)
		return wrong;
	if (host.n == 0)
		return "there is no host";
	if (decode_cstr(host, a, &uri->host) == -1)
		return "the host is not percent-encoded text";
	uri->where = arena_printf(a, v6 ? "[%s]:%u" : "%s:%u", uri->host,
	    uri->port);
	return NULL;
}

const char *
amqp_uri_parse(struct span text, struct arena *a, struct amqp_uri *uri)
{
	struct span rest = text, authority, path;
	const char *wrong = NULL;
	size_t at;

	*uri = (struct amqp_uri){NULL, "guest", "guest", "/", {NULL, 0}, 5672,
	    false};
	if (span_istarts(text, SPAN("amqps://"))) {
		uri->tls = true;
		uri->port = 5671;
	} else if (!span_istarts(text, SPAN("amqp://"))) {
		return "it does not begin with amqp:// or amqps://";
	}
	rest = span_skip(text, uri->tls ? 8 : 7);
	if (span_chr(rest, '?') < rest.n || span_chr(rest, '#') < rest.n)
		return "parameters are not known; encode ? and # as %3F, %23";
	authority = span_head(rest, span_chr(rest, '/'));
	path = span_skip(rest, authority.n + 1);
	at = span_rchr(authority, '@');
	if (at < authority.n) {
		wrong = parse_user(span_head(authority, at), a, uri);
		authority = span_skip(authority, at + 1);
	}
	if (wrong != NULL || (wrong = parse_host(authority, a, uri)) != NULL)
		return wrong;
	if (span_chr(path, '/') < path.n)
		return "a slash inside the vhost must be written %2F";
	if (path.n > 0 && decode_cstr(path, a, &uri->vhost) == -1)
		return "the vhost is not percent-encoded text";
	if (strlen(uri->vhost) > AMQP_SHORT)
		return "the vhost is longer than 255 octets";
	return NULL;
}

const char *
amqp_route_parse(struct span text, const struct amqp_route *def,
    struct amqp_route *route)
{
	const char *wrong;
	size_t slash;

	*route = *def;
	if (!span_istarts(text, SPAN("amqp:")))
		return "the route does not begin with amqp:";
	text = span_skip(text, 5);
	slash = span_chr(text, '/');
	if (text.n > 0)
		route->exchange = span_head(text, slash);
	if (slash < text.n)
		route->key = span_skip(text, slash + 1);
	wrong = amqp_template_check(route->exchange);
	return wrong != NULL ? wrong : amqp_template_check(route->key);
}
