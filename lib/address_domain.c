/* address_domain: what stands behind the '@' (address_take.h). */
#include "address_take.h"
#include "ip.h"
#include <stdio.h>

size_t
address_character(struct span s)
{
	size_t n = address_is_8bit(s.p[0]) ? utf8_length(s) : 1;

	if (n == 2 && (unsigned char)s.p[0] == 0xc2 &&
	    (unsigned char)s.p[1] < 0xa0)
		return 0;
	return n;
}

/* One label, without its dots. Characters are counted, not octets: the limit
 * is DNS's, and an A-label is never shorter than its characters. */
static bool
label_valid(struct span s)
{
	size_t chars = 0;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t n; s.n > 0; s = span_skip(s, n)) {
		char c = s.p[0];

		n = address_character(s);
		if (n == 0 || ++chars > 63)
			return false;
		if (!address_is_8bit(c) && !ascii_isalnum(c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

bool
address_domain_valid(struct span s)
{
	struct span label;

	if (s.n == 0 || s.n > ADDRESS_DOMAIN_MAX)
		return false;
	while (span_cut(&s, '.', &label))
		if (!label_valid(label))
			return false;
	return true;
}

const char *
address_take_domain(struct span *s, struct span *domain)
{
	size_t n = 0;

	while (n < s->n && n <= ADDRESS_DOMAIN_MAX &&
	    (ascii_isalnum(s->p[n]) || address_is_8bit(s->p[n]) ||
		s->p[n] == '-' || s->p[n] == '_' || s->p[n] == '.'))
		n++;
	*domain = span_head(*s, n);
	*s = span_skip(*s, n);
	if (n == 0)
		return "no domain";
	if (n > ADDRESS_DOMAIN_MAX)
		return "domain too long";
	if (!utf8_valid(*domain))
		return "bad UTF-8";
	return address_domain_valid(*domain) ? NULL : "bad domain";
}

const char *
address_take_literal(struct span *s, char *out, size_t size)
{
	struct span in = span_skip(*s, 1), tag = SPAN("IPv6:");
	size_t n = span_chr(span_head(in, tag.n + IP_TEXT), ']');
	char text[IP_TEXT];
	struct ip ip;
	bool v6;

	if (n == in.n || in.p[n] != ']')
		return "bad address literal";
	*s = span_skip(in, n + 1);
	in = span_head(in, n);
	v6 = span_istarts(in, tag);
	if (v6)
		in = span_skip(in, tag.n);
	if ((span_chr(in, ':') < in.n) != v6 || ip_parse(in, &ip) == -1)
		return "bad address literal";
	snprintf(out, size, "[%s%s]", ip.family == AF_INET6 ? "ipv6:" : "",
	    ip_format(&ip, text));
	return NULL;
}
