/* target: see target.h. */
#include "target.h"
#include "num.h"
#include <sys/un.h>

#define NAME_MAX_OCTETS 255 /* RFC 1035 2.3.4, as text without the root dot */

/* "[host]", "[host]:port"; *rest is what stands behind the bracket. */
static int
cut_bracketed(struct span s, struct span *host, struct span *rest)
{
	size_t n = span_chr(s, ']');

	if (n == s.n)
		return -1;
	*host = span_make(s.p + 1, n - 1);
	*rest = span_skip(s, n + 1);
	if (rest->n == 0)
		rest->p = NULL;
	else if (rest->p[0] != ':')
		return -1;
	else
		*rest = span_skip(*rest, 1);
	return 0;
}

/* Letters, digits, '-', '_' and single dots: no blank, nothing to quote. */
static bool
is_name(struct span s)
{
	if (s.n == 0 || s.n > NAME_MAX_OCTETS || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '-' &&
		    s.p[i] != '_' &&
		    (s.p[i] != '.' || (i > 0 && s.p[i - 1] == '.')))
			return false;
	return true;
}

int
target_parse(struct span s, struct target *out)
{
	struct span rest = span_make(NULL, 0);
	uint64_t port = 0;

	*out = (struct target){.host = s};
	if (s.n > 0 && s.p[0] == '/') {
		/* To the system a NUL would be the end of another path. */
		if (s.n >= sizeof((struct sockaddr_un *)0)->sun_path ||
		    span_chr(s, '\0') < s.n)
			return -1;
		out->path = s;
		return 0;
	}
	if (s.n > 0 && s.p[0] == '[') {
		if (cut_bracketed(s, &out->host, &rest) == -1 ||
		    ip_parse(out->host, &out->ip) == -1)
			return -1;
	} else if (ip_parse(s, &out->ip) == -1) {
		rest = s;
		span_cut(&rest, ':', &out->host);
		if (ip_parse(out->host, &out->ip) == -1)
			out->ip.family = 0;
	}
	if (rest.p != NULL &&
	    (num_parse_max(rest, 65535, &port) == -1 || port == 0))
		return -1;
	out->port = (unsigned)port;
	if (out->ip.family != 0)
		return 0;
	if (out->host.n > 1 && out->host.p[out->host.n - 1] == '.')
		out->host.n--;
	return is_name(out->host) ? 0 : -1;
}

int
target_parse_server(struct span s, unsigned standard, struct ip *ip,
    unsigned *port)
{
	struct target t;

	if (target_parse(s, &t) == -1 || t.ip.family == 0)
		return -1;
	*ip = t.ip;
	*port = t.port != 0 ? t.port : standard;
	return 0;
}
