/* access_key: see access_key.h. */
#include "access_key.h"
#include "num.h"

#define RANK_EVERYBODY 1u
#define RANK_NAMED     2u
#define RANK_SUFFIX    3u    /* and the suffix's length, at most 255 */
#define RANK_NET       1000u /* and its bits, at most 128 */
#define RANK_NAME      2000u
#define RANK_ADDRESS   3000u

bool
access_key_split(struct span line, struct span *key, struct span *rule)
{
	bool inside = false;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];

		if (c == '[' || c == ']')
			inside = c == '[';
		if (c != ':' || inside)
			continue;
		*key = span_head(line, i);
		*rule = span_skip(line, i + 1);
		return true;
	}
	return false;
}

static bool
valid_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char u = (unsigned char)s.p[i];

		if (!ascii_isalnum(s.p[i]) && u != '.' && u != '-' &&
		    u != '_' && u < 0x80)
			return false;
	}
	return s.n > 0 && s.n <= 255 && s.p[s.n - 1] != '.';
}

static const char *
parse_name(struct span s, struct access_key *k)
{
	k->kind = s.n == 0 ? ACCESS_NAMED : ACCESS_NAME;
	k->name = s;
	if (s.n > 0 && s.p[0] == '.')
		s = span_skip(s, 1);
	if (k->kind == ACCESS_NAME && !valid_name(s))
		return "is not =host or =.domain";
	return NULL;
}

/* "192.0.2.", "10." */
static const char *
parse_dots(struct span s, struct access_key *k)
{
	unsigned char a[4] = {0};
	struct span part, rest = span_head(s, s.n - 1);
	unsigned n = 0;
	uint64_t v;

	while (n < 4 && span_cut(&rest, '.', &part)) {
		if (part.n == 0 || part.n > 3 ||
		    (part.n > 1 && part.p[0] == '0') ||
		    num_parse_max(part, 255, &v) == -1)
			break;
		a[n++] = (unsigned char)v;
		if (rest.p == NULL)
			break;
	}
	if (rest.p != NULL || n == 0 || n > 3)
		return "is not an address or network";
	k->kind = ACCESS_NET;
	k->dots = true;
	k->net.ip.family = AF_INET;
	memcpy(k->net.ip.a, a, sizeof a);
	k->net.bits = n * 8;
	return NULL;
}

static const char *
parse_client(struct span s, struct access_key *k)
{
	bool v6 = s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']';

	if (s.n == 0)
		return NULL;
	if (s.p[0] == '=')
		return parse_name(span_skip(s, 1), k);
	if (s.p[s.n - 1] == '.')
		return parse_dots(s, k);
	if (v6)
		s = span_make(s.p + 1, s.n - 2);
	else if (span_chr(s, ':') < s.n)
		return "is IPv6 without brackets ([2001:db8::/32])";
	k->kind = ACCESS_NET;
	return ip_net_parse(s, &k->net) == 0 ?
	    NULL : "is not an address or network";
}

/* "587", "192.0.2.1", "192.0.2.1#587", "[2001:db8::1]#587" */
static const char *
parse_listener(struct span s, struct access_key *k)
{
	struct span port = s, address = s;
	size_t mark = span_chr(s, '#');
	uint64_t n;

	k->listener = true;
	if (mark < s.n) {
		address = span_head(s, mark);
		port = span_skip(s, mark + 1);
	} else if (span_chr(s, '.') < s.n || s.p[0] == '[') {
		port.n = 0;
	} else {
		address.n = 0;
	}
	if (address.n > 1 && address.p[0] == '[' &&
	    address.p[address.n - 1] == ']')
		address = span_make(address.p + 1, address.n - 2);
	if ((mark < s.n && port.n == 0) ||
	    (address.n == 0 && (mark < s.n || port.n == 0)) ||
	    (address.n > 0 && ip_parse(address, &k->local) == -1) ||
	    (port.n > 0 && (num_parse_max(port, 65535, &n) == -1 || n == 0)))
		return "has no listener behind the @ (PORT, IP, IP#PORT)";
	k->local_port = port.n > 0 ? (unsigned)n : 0;
	return NULL;
}

const char *
access_key_parse(struct span s, struct access_key *k)
{
	size_t at = span_chr(s, '@');
	const char *why;

	*k = (struct access_key){0};
	if (s.n > ACCESS_KEY_MAX)
		return "is too long";
	why = parse_client(span_head(s, at), k);
	if (why == NULL && at + 1 == s.n)
		why = "has no listener behind the @ (PORT, IP, IP#PORT)";
	if (why == NULL && at < s.n)
		why = parse_listener(span_skip(s, at + 1), k);
	return why;
}

static void
put_lower(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, ascii_lower(s.p[i]));
}

void
access_key_put_net(struct buf *out, const struct ip_net *net, bool dots)
{
	bool v6 = net->ip.family == AF_INET6;
	char text[IP_TEXT];

	if (dots) {
		for (unsigned i = 0; i < net->bits / 8; i++) {
			buf_putu(out, net->ip.a[i]);
			buf_putc(out, '.');
		}
		return;
	}
	if (v6)
		buf_putc(out, '[');
	buf_puts(out, ip_format(&net->ip, text));
	if (net->bits < (v6 ? 128 : 32)) {
		buf_putc(out, '/');
		buf_putu(out, net->bits);
	}
	if (v6)
		buf_putc(out, ']');
}

void
access_key_put_listener(struct buf *out, const struct ip *ip, unsigned port)
{
	struct ip_net net = {*ip, ip->family == AF_INET6 ? 128 : 32};

	buf_putc(out, '@');
	if (ip->family != 0)
		access_key_put_net(out, &net, false);
	if (ip->family != 0 && port != 0)
		buf_putc(out, '#');
	if (port != 0)
		buf_putu(out, port);
}

void
access_key_format(const struct access_key *k, struct buf *out)
{
	if (k->kind == ACCESS_NET)
		access_key_put_net(out, &k->net, k->dots);
	if (k->kind == ACCESS_NAMED || k->kind == ACCESS_NAME)
		buf_putc(out, '=');
	if (k->kind == ACCESS_NAME)
		put_lower(out, k->name);
	if (k->listener)
		access_key_put_listener(out, &k->local, k->local_port);
}

static bool
is_name(const struct access_key *k, struct span name)
{
	if (k->name.p[0] != '.')
		return span_ieq(k->name, name);
	return name.n > k->name.n && span_iends(name, k->name);
}

static unsigned
client_rank(const struct access_key *k, const struct access_client *c)
{
	unsigned all = k->net.ip.family == AF_INET6 ? 128 : 32;

	switch (k->kind) {
	case ACCESS_EVERYBODY:
		return RANK_EVERYBODY;
	case ACCESS_NAMED:
		return c->name.n > 0 ? RANK_NAMED : 0;
	case ACCESS_NAME:
		if (c->name.n == 0 || !is_name(k, c->name))
			return 0;
		return k->name.p[0] == '.' ?
		    RANK_SUFFIX + (unsigned)k->name.n : RANK_NAME;
	case ACCESS_NET:
		if (!ip_net_contains(&k->net, &c->ip))
			return 0;
		return k->net.bits == all ? RANK_ADDRESS :
					    RANK_NET + k->net.bits;
	}
	return 0;
}

unsigned
access_key_rank(const struct access_key *k, const struct access_client *c)
{
	unsigned rank = client_rank(k, c);

	if (k->listener && ((k->local.family != 0 &&
		!ip_eq(&k->local, &c->local)) ||
		(k->local_port != 0 && k->local_port != c->local_port)))
		return 0;
	if (k->listener && k->kind == ACCESS_EVERYBODY)
		return 1 + 2 * (k->local.family != 0) + (k->local_port != 0);
	/* With a listener is before the same without; of two spellings of one
	 * network one has to be the first. */
	return rank == 0 ? 0 : rank * 4 + 2 * k->listener + !k->dots;
}
