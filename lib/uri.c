/* uri: see uri.h. */
#include "uri.h"
#include "ip.h"
#include "num.h"

static bool
is_scheme(struct span s)
{
	if (s.n == 0 || !ascii_isalpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && memchr("+-.", s.p[i], 3) == NULL)
			return false;
	return true;
}

static bool
is_unreserved(char c)
{
	return ascii_isalnum(c) || memchr("-._~", c, 4) != NULL;
}

/* Printable octets, and each % is one of an escape. */
static bool
is_clean(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f)
			return false;
		if (c == '%' && (i + 2 >= s.n || ascii_hex(s.p[i + 1]) == -1 ||
				    ascii_hex(s.p[i + 2]) == -1))
			return false;
	}
	return true;
}

/* RFC 3986 3.2.2: reg-name, an IPv4 address, or an IPv6 one in brackets. */
static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x80 && !is_unreserved(s.p[i]) &&
		    memchr("%!$&'()*+,;=", s.p[i], 12) == NULL)
			return false;
	return true;
}

static unsigned
known_port(struct span scheme)
{
	static const struct {
		struct span scheme;
		unsigned port;
	} known[] = {
	    {SPAN_LIT("http"), 80},
	    {SPAN_LIT("https"), 443},
	    {SPAN_LIT("ftp"), 21},
	    {SPAN_LIT("smtp"), 25},
	    {SPAN_LIT("submission"), 587},
	    {SPAN_LIT("lmtp"), 24},
	    {SPAN_LIT("imap"), 143},
	    {SPAN_LIT("imaps"), 993},
	    {SPAN_LIT("pop"), 110},
	    {SPAN_LIT("ldap"), 389},
	    {SPAN_LIT("ldaps"), 636},
	    {SPAN_LIT("amqp"), 5672},
	    {SPAN_LIT("amqps"), 5671},
	    {SPAN_LIT("ws"), 80},
	    {SPAN_LIT("wss"), 443},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (span_ieq(scheme, known[i].scheme))
			return known[i].port;
	return 0;
}

/* ":25" or nothing. */
static int
parse_port(struct span s, struct uri *out)
{
	uint64_t port;

	if (s.n == 0)
		return 0;
	if (s.p[0] != ':')
		return -1;
	out->port = span_skip(s, 1);
	/* "http://a:/" (RFC 3986 3.2.3) has the scheme's port. */
	if (out->port.n == 0)
		return 0;
	if (num_parse_max(out->port, 65535, &port) == -1)
		return -1;
	out->number = (unsigned)port;
	return 0;
}

/* [user-info@]host[:port] */
static int
parse_authority(struct span s, struct uri *out)
{
	size_t at = span_rchr(s, '@'), end;
	struct ip ip;

	if (at < s.n) {
		out->user_info = span_head(s, at);
		s = span_skip(s, at + 1);
	}
	if (s.n > 0 && s.p[0] == '[') {
		end = span_chr(s, ']');
		if (end == s.n)
			return -1;
		out->host = span_head(span_skip(s, 1), end - 1);
		if (span_chr(out->host, ':') == out->host.n ||
		    ip_parse(out->host, &ip) == -1)
			return -1;
		return parse_port(span_skip(s, end + 1), out);
	}
	end = span_chr(s, ':');
	out->host = span_head(s, end);
	if (!is_name(out->host))
		return -1;
	return parse_port(span_skip(s, end), out);
}

/* Cuts at the first c, which goes: what stands behind it, p NULL if none. */
static struct span
cut_tail(struct span *s, char c)
{
	size_t i = span_chr(*s, c);
	struct span tail = {NULL, 0};

	if (i < s->n) {
		tail = span_skip(*s, i + 1);
		*s = span_head(*s, i);
	}
	return tail;
}

int
uri_parse(struct span s, struct uri *out)
{
	size_t colon = span_chr(s, ':'), slash;

	*out = (struct uri){0};
	out->scheme = span_head(s, colon);
	if (colon == s.n || !is_scheme(out->scheme) || !is_clean(s))
		return -1;
	s = span_skip(s, colon + 1);
	out->fragment = cut_tail(&s, '#');
	out->query = cut_tail(&s, '?');
	out->number = known_port(out->scheme);
	if (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		s = span_skip(s, 2);
		slash = span_chr(s, '/');
		if (parse_authority(span_head(s, slash), out) == -1)
			return -1;
		s = span_skip(s, slash);
	}
	out->path = s;
	return 0;
}

void
uri_encode(struct span s, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(s.p[i])) {
			buf_putc(out, s.p[i]);
			continue;
		}
		buf_putc(out, '%');
		buf_putc(out, hex[c >> 4]);
		buf_putc(out, hex[c & 15]);
	}
}

int
uri_decode(struct span s, struct buf *out)
{
	size_t n = 0;
	char *to = buf_reserve(out, s.n + 1);

	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (s.p[i] != '%') {
			to[n++] = s.p[i];
			continue;
		}
		if (i + 2 >= s.n || (high = ascii_hex(s.p[i + 1])) == -1 ||
		    (low = ascii_hex(s.p[i + 2])) == -1)
			return -1;
		to[n++] = (char)(high << 4 | low);
		i += 2;
	}
	out->n += n;
	return 0;
}
