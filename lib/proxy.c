/* proxy: see proxy.h. */
#include "proxy.h"
#include "num.h"

#define LINE_MAX_ 107 /* octets of a version 1 header, CRLF included */
#define FIXED	  16  /* octets of a version 2 header before the addresses */

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
#define SIGNATURE (sizeof signature - 1)
#define LINE	  "PROXY "

static bool
begins_with(struct span s, const char *p, size_t n)
{
	return s.n > 0 && memcmp(s.p, p, s.n < n ? s.n : n) == 0;
}

bool
proxy_is_line(struct span s)
{
	return begins_with(s, LINE, sizeof LINE - 1);
}

size_t
proxy_line_part(struct span s)
{
	size_t n = span_chr(s, '\n');

	return n < s.n ? n + 1 : n;
}

/* A port without leading zeros. */
static int
parse_port(struct span s, unsigned *port)
{
	uint64_t n;

	if ((s.n > 1 && s.p[0] == '0') || num_parse_max(s, 65535, &n) == -1)
		return -1;
	*port = (unsigned)n;
	return 0;
}

/* 2.1: "TCP4 192.0.2.1 192.0.2.25 4711 25", one blank between two. */
static const char *
parse_words(struct span s, struct proxy *out)
{
	struct span word[5], rest = s;
	bool v6;
	size_t n = 0;

	while (n < 5 && span_cut(&rest, ' ', &word[n]))
		n++;
	if (span_eq(word[0], SPAN("UNKNOWN"))) {
		out->what = PROXY_UNKNOWN;
		return NULL;
	}
	v6 = span_eq(word[0], SPAN("TCP6"));
	if (!v6 && !span_eq(word[0], SPAN("TCP4")))
		return "unknown protocol";
	if (n != 5 || rest.p != NULL)
		return "not protocol, two addresses, two ports";
	for (int i = 1; i <= 2; i++)
		if ((span_chr(word[i], ':') < word[i].n) != v6 ||
		    ip_parse(word[i], i == 1 ? &out->ip : &out->local) == -1)
			return "bad address";
	if (parse_port(word[3], &out->port) == -1 ||
	    parse_port(word[4], &out->local_port) == -1)
		return "bad port";
	out->what = PROXY_CLIENT;
	return NULL;
}

static enum proxy_status
parse_line(struct span s, struct proxy *out, const char **why)
{
	size_t end = span_chr(s, '\n');

	if (end == s.n && s.n < LINE_MAX_) {
		out->length = s.n + (s.p[s.n - 1] == '\r' ? 1 : 2);
		/* The shortest: "PROXY UNKNOWN" CRLF. */
		if (out->length < 15)
			out->length = 15;
		return PROXY_MORE;
	}
	*why = "no end";
	if (end == s.n || end >= LINE_MAX_)
		return PROXY_BAD;
	out->length = end + 1;
	*why = "a bare LF";
	if (s.p[end - 1] != '\r')
		return PROXY_BAD;
	*why = parse_words(span_make(s.p + sizeof LINE - 1,
	    end - sizeof LINE), out);
	return *why == NULL ? PROXY_DONE : PROXY_BAD;
}

static unsigned
get16(const char *p)
{
	return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

/* By a socket's own address, so that a mapped one is the IPv4 one here, too. */
static void
take_address(struct ip *ip, const char *p, int family)
{
	struct ip raw = {.family = family};
	char text[IP_TEXT];

	memcpy(raw.a, p, family == AF_INET ? 4 : 16);
	*ip = raw;
	if (family == AF_INET6)
		ip_parse(span_of(ip_format(&raw, text)), ip);
}

/* 2.2: addresses behind the fixed part, and what is of no interest. */
static const char *
parse_addresses(const char *p, unsigned family, size_t n, struct proxy *out)
{
	size_t octets = family == 1 ? 4 : 16;

	if (family == 0) {
		out->what = PROXY_UNKNOWN;
		return NULL;
	}
	if (family == 3) {
		out->what = PROXY_UNIX;
		return n < 216 ? "too short" : NULL;
	}
	if (family > 3)
		return "unknown address family";
	if (n < octets * 2 + 4)
		return "too short";
	take_address(&out->ip, p, family == 1 ? AF_INET : AF_INET6);
	take_address(&out->local, p + octets,
	    family == 1 ? AF_INET : AF_INET6);
	out->port = get16(p + 2 * octets);
	out->local_port = get16(p + 2 * octets + 2);
	out->what = PROXY_CLIENT;
	return NULL;
}

static enum proxy_status
parse_binary(struct span s, struct proxy *out, const char **why)
{
	static const size_t octets[4] = {0, 12, 36, 216};
	unsigned family, transport, command;
	size_t wanted, n;

	out->length = FIXED;
	if (s.n < FIXED)
		return PROXY_MORE;
	command = (unsigned char)s.p[12] & 15;
	family = (unsigned char)s.p[13] >> 4;
	transport = (unsigned char)s.p[13] & 15;
	n = get16(s.p + 14);
	*why = "not version 2";
	if ((unsigned char)s.p[12] >> 4 != 2)
		return PROXY_BAD;
	*why = "unknown command";
	if (command > 1)
		return PROXY_BAD;
	out->length = FIXED + n;
	/* A receiver must not look at what it says otherwise. */
	out->what = PROXY_LOCAL;
	if (command == 0)
		return PROXY_DONE;
	*why = "no stream";
	if (family != 0 && transport != 1)
		return PROXY_BAD;
	wanted = family < 4 ? octets[family] : 0;
	if (n >= wanted && s.n < FIXED + wanted) {
		out->length = FIXED + wanted;
		return PROXY_MORE;
	}
	*why = parse_addresses(s.p + FIXED, family, n, out);
	return *why == NULL ? PROXY_DONE : PROXY_BAD;
}

enum proxy_status
proxy_parse(struct span s, struct proxy *out, const char **why)
{
	*out = (struct proxy){.length = SIGNATURE};
	if (s.n == 0)
		return PROXY_MORE;
	*why = "no PROXY header";
	if (proxy_is_line(s)) {
		if (s.n >= sizeof LINE - 1)
			return parse_line(s, out, why);
		return PROXY_MORE;
	}
	if (!begins_with(s, signature, SIGNATURE))
		return PROXY_BAD;
	return s.n < SIGNATURE ? PROXY_MORE : parse_binary(s, out, why);
}
