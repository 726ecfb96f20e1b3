/* ip: see ip.h. */
#include "ip.h"
#include "num.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static unsigned
width(const struct ip *ip)
{
	return ip->family == AF_INET ? 32 : ip->family == AF_INET6 ? 128 : 0;
}

/* Takes 16 octets; ::ffff:0:0/96 is IPv4 (RFC 4291 2.5.5.2). */
static void
set_v6(struct ip *out, const unsigned char a[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	*out = (struct ip){0};
	if (memcmp(a, mapped, sizeof mapped) == 0) {
		out->family = AF_INET;
		memcpy(out->a, a + sizeof mapped, 4);
	} else {
		out->family = AF_INET6;
		memcpy(out->a, a, 16);
	}
}

int
ip_parse(struct span s, struct ip *out)
{
	char text[IP_TEXT];
	unsigned char a[16];

	/* The C library reads up to a NUL: there must be no other. */
	if (s.n == 0 || s.n >= sizeof text || span_chr(s, '\0') < s.n)
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (span_chr(s, ':') < s.n) {
		if (inet_pton(AF_INET6, text, a) != 1)
			return -1;
		set_v6(out, a);
		return 0;
	}
	if (inet_pton(AF_INET, text, a) != 1)
		return -1;
	*out = (struct ip){.family = AF_INET};
	memcpy(out->a, a, 4);
	return 0;
}

int
ip_from_sockaddr(const struct sockaddr *sa, struct ip *out, unsigned *port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	/* Copied: what sa points to need not be aligned for its family. */
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof in);
		*out = (struct ip){.family = AF_INET};
		memcpy(out->a, &in.sin_addr, 4);
		if (port != NULL)
			*port = ntohs(in.sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof in6);
		set_v6(out, in6.sin6_addr.s6_addr);
		if (port != NULL)
			*port = ntohs(in6.sin6_port);
		return 0;
	}
	return -1;
}

/* Without printf's price: tables are asked for many networks. */
static char *
put_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *
put_hex(char *p, unsigned v)
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned shift = v > 0xfff ? 16 : v > 0xff ? 12 : v > 0xf ? 8 : 4;
	    shift > 0; shift -= 4)
		*p++ = hex[v >> (shift - 4) & 15];
	return p;
}

static void
format_v4(const unsigned char a[4], char *out)
{
	for (unsigned i = 0; i < 4; i++) {
		out = put_decimal(out, a[i]);
		*out++ = i < 3 ? '.' : '\0';
	}
}

/* RFC 5952: the longest run of two or more zero groups, the first of equal
 * ones, becomes "::". The C libraries do not agree on it, so it is here. */
static void
format_v6(const unsigned char a[16], char *out)
{
	unsigned group[8], start = 8, best = 1;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
	for (unsigned i = 0; i < 8; i++) {
		unsigned run = 0;

		while (i + run < 8 && group[i + run] == 0)
			run++;
		if (run > best) {
			best = run;
			start = i;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == start) {
			*out++ = ':';
			*out++ = ':';
			i += best - 1;
			continue;
		}
		if (i != 0 && i != start + best)
			*out++ = ':';
		out = put_hex(out, group[i]);
	}
	*out = '\0';
}

const char *
ip_format(const struct ip *ip, char out[IP_TEXT])
{
	out[0] = '\0';
	if (ip->family == AF_INET)
		format_v4(ip->a, out);
	else if (ip->family == AF_INET6)
		format_v6(ip->a, out);
	return out;
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	    memcmp(a->a, b->a, width(a) / 8) == 0;
}

static void
mask(struct ip *ip, unsigned bits)
{
	for (unsigned i = 0; i < width(ip) / 8; i++) {
		if (bits >= 8) {
			bits -= 8;
		} else {
			ip->a[i] &= (unsigned char)(0xff00 >> bits);
			bits = 0;
		}
	}
}

int
ip_net_parse(struct span s, struct ip_net *out)
{
	struct span rest = s, text;
	struct ip ip;
	uint64_t bits;
	bool v6;

	span_cut(&rest, '/', &text);
	if (ip_parse(text, &ip) == -1)
		return -1;
	bits = width(&ip);
	if (rest.p != NULL) {
		v6 = span_chr(text, ':') < text.n;
		if (rest.n > 3 || (rest.n > 1 && rest.p[0] == '0') ||
		    num_parse_max(rest, v6 ? 128 : 32, &bits) == -1)
			return -1;
		/* ::ffff:192.0.2.0/120 is 192.0.2.0/24; with fewer than 96
		 * bits it would be neither a v4 nor a v6 network. */
		if (v6 && ip.family == AF_INET) {
			if (bits < 96)
				return -1;
			bits -= 96;
		}
	}
	mask(&ip, (unsigned)bits);
	*out = (struct ip_net){ip, (unsigned)bits};
	return 0;
}

bool
ip_net_contains(const struct ip_net *net, const struct ip *ip)
{
	struct ip masked = *ip;

	if (ip->family == 0 || net->ip.family != ip->family)
		return false;
	mask(&masked, net->bits);
	return ip_eq(&masked, &net->ip);
}

void
ip_reverse(const struct ip *ip, bool arpa, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned n = width(ip) / 8;

	for (unsigned i = n; i > 0; i--) {
		unsigned char c = ip->a[i - 1];

		if (i < n)
			buf_putc(out, '.');
		if (ip->family == AF_INET) {
			buf_putu(out, c);
			continue;
		}
		buf_putc(out, hex[c & 15]);
		buf_putc(out, '.');
		buf_putc(out, hex[c >> 4]);
	}
	if (arpa && n > 0)
		buf_puts(out, n == 4 ? ".in-addr.arpa" : ".ip6.arpa");
}

/* "1.2.0.192" as 192.0.2.1. */
static int
parse_quad(struct span s, struct ip *out)
{
	char text[IP_TEXT];
	size_t n = 0;

	if (s.n >= 16)
		return -1;
	for (;;) {
		size_t dot = span_rchr(s, '.');
		struct span last = dot == s.n ? s : span_skip(s, dot + 1);

		memcpy(text + n, last.p, last.n);
		n += last.n;
		if (dot == s.n)
			break;
		text[n++] = '.';
		s = span_head(s, dot);
	}
	return ip_parse(span_make(text, n), out);
}

static int
parse_nibbles(struct span s, struct ip *out)
{
	unsigned char a[16] = {0};

	if (s.n != 63)
		return -1;
	for (unsigned i = 0; i < 32; i++) {
		int v = ascii_hex(s.p[2 * i]);

		if (v == -1 || (i < 31 && s.p[2 * i + 1] != '.'))
			return -1;
		a[15 - i / 2] |= (unsigned char)(v << (i % 2 * 4));
	}
	set_v6(out, a);
	return 0;
}

int
ip_parse_reverse(struct span s, struct ip *out)
{
	static const struct span v4 = SPAN_LIT(".in-addr.arpa");
	static const struct span v6 = SPAN_LIT(".ip6.arpa");

	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	if (span_iends(s, v4))
		return parse_quad(span_head(s, s.n - v4.n), out);
	if (span_iends(s, v6))
		return parse_nibbles(span_head(s, s.n - v6.n), out);
	return -1;
}
