/*
 * dns_packet: an answer off the wire, taken apart (RFC 1035 4). Pure, and
 * written for answers that an attacker made: whatever its counts, lengths and
 * pointers say, nothing is read outside the packet, no walk is longer than a
 * name may be, and memory is taken for what is really there.
 */
#include "dns.h"
#include <netinet/in.h>

#define HEADER	  12
#define RR_MIN	  11  /* root name, type, class, ttl, length */
#define WIRE_NAME 255 /* RFC 1035 3.1 */

/* Where we are in the packet. */
struct at {
	struct span packet;
	size_t i, end;
	struct arena *arena;
};

static unsigned
byte(const struct at *p, size_t i)
{
	return (unsigned char)p->packet.p[i];
}

/* A big-endian number of n octets. */
static int
take(struct at *p, unsigned n, uint32_t *v)
{
	if (p->end - p->i < n)
		return -1;
	for (*v = 0; n > 0; n--)
		*v = *v << 8 | byte(p, p->i++);
	return 0;
}

/* One octet of a label as text (RFC 4343 2.1). */
static size_t
put_octet(char *out, unsigned c)
{
	if (c <= ' ' || c >= 0x7f) {
		out[0] = '\\';
		out[1] = (char)('0' + c / 100);
		out[2] = (char)('0' + c / 10 % 10);
		out[3] = (char)('0' + c % 10);
		return 4;
	}
	if (c == '.' || c == '\\' || c == '"') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	out[0] = ascii_lower((char)c);
	return 1;
}

/*
 * A name at p->i. Pointers must lead to before the place where the last jump
 * landed, so that they come to an end; the sum of the labels is limited as
 * the wire limits it, so that they come to an end soon.
 */
static int
take_name(struct at *p, struct span *name)
{
	char text[4 * WIRE_NAME + 1];
	size_t i = p->i, limit = p->end, floor = p->i, wire = 1, n = 0;
	bool jumped = false;

	for (;;) {
		unsigned len;

		if (i >= limit)
			return -1;
		len = byte(p, i++);
		if ((len & 0xc0) == 0xc0) {
			size_t to;

			if (i >= limit)
				return -1;
			to = (len & 0x3f) << 8 | byte(p, i++);
			if (!jumped)
				p->i = i;
			jumped = true;
			if (to >= floor || to < HEADER)
				return -1;
			/* What is pointed at lies before what points. */
			limit = floor;
			i = floor = to;
			continue;
		}
		if (len > 63 || len > limit - i)
			return -1;
		if (len == 0)
			break;
		if ((wire += len + 1) > WIRE_NAME)
			return -1;
		for (; len > 0; len--)
			n += put_octet(text + n, byte(p, i++));
		text[n++] = '.';
	}
	if (!jumped)
		p->i = i;
	if (n == 0)
		text[n++] = '.';
	*name = arena_dup(p->arena, span_make(text, n));
	return 0;
}

static int
take_text(struct at *p, struct span *text)
{
	char *out = arena_alloc(p->arena, p->end - p->i + 1);
	size_t n = 0;

	do {
		uint32_t len;

		if (take(p, 1, &len) == -1 || p->end - p->i < len)
			return -1;
		memcpy(out + n, p->packet.p + p->i, len);
		n += len;
		p->i += len;
	} while (p->i < p->end);
	out[n] = '\0';
	*text = span_make(out, n);
	return 0;
}

static int
take_address(struct at *p, unsigned type, struct ip *ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const struct sockaddr *sa;
	size_t n = type == DNS_A ? 4 : 16;

	if (p->end - p->i != n)
		return -1;
	if (type == DNS_A) {
		memcpy(&in.sin_addr, p->packet.p + p->i, n);
		sa = (const struct sockaddr *)&in;
	} else {
		memcpy(&in6.sin6_addr, p->packet.p + p->i, n);
		sa = (const struct sockaddr *)&in6;
	}
	p->i += n;
	return ip_from_sockaddr(sa, ip, NULL);
}

static int
take_soa(struct at *p, struct dns_rr *rr)
{
	if (take_name(p, &rr->host) == -1 || take_name(p, &rr->rname) == -1)
		return -1;
	for (size_t i = 0; i < 5; i++)
		if (take(p, 4, &rr->number[i]) == -1)
			return -1;
	return 0;
}

/* A record's data, of which the types that somebody asks for are known. */
static int
take_data(struct at *p, struct dns_rr *rr)
{
	rr->data = span_make(p->packet.p + p->i, p->end - p->i);
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		/* Another class has other addresses. */
		if (rr->class == DNS_IN)
			return take_address(p, rr->type, &rr->ip);
		break;
	case DNS_MX:
		if (take(p, 2, &rr->number[0]) == -1)
			return -1;
		return take_name(p, &rr->host);
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_NS:
	case DNS_PTR:
		return take_name(p, &rr->host);
	case DNS_SOA:
		return take_soa(p, rr);
	case DNS_TXT:
		return take_text(p, &rr->text);
	default:
		break;
	}
	p->i = p->end;
	return 0;
}

static int
take_rr(struct at *p, struct dns_rr *rr)
{
	uint32_t type, class, length;
	struct at data;

	*rr = (struct dns_rr){0};
	if (take_name(p, &rr->name) == -1 || take(p, 2, &type) == -1 ||
	    take(p, 2, &class) == -1 || take(p, 4, &rr->ttl) == -1 ||
	    take(p, 2, &length) == -1 || p->end - p->i < length)
		return -1;
	rr->type = type;
	rr->class = class;
	data = *p;
	data.end = p->i + length;
	p->i = data.end;
	/* What is left over in the data is as wrong as what is missing. */
	return take_data(&data, rr) == -1 || data.i != data.end ? -1 : 0;
}

static int
take_section(struct at *p, uint32_t count, struct dns_answer *out,
    struct dns_section *section)
{
	struct dns_rr *v;
	size_t n = 0;

	if (count > (p->end - p->i) / RR_MIN)
		return -1;
	v = arena_alloc(p->arena, count * sizeof *v);
	for (; count > 0; count--) {
		if (take_rr(p, &v[n]) == -1)
			return -1;
		if (v[n].type != DNS_OPT)
			n++;
		else	/* RFC 6891 6.1.3: the upper bits of the rcode */
			out->rcode = (int)(v[n].ttl >> 24 << 4) |
			    (out->rcode & 15);
	}
	*section = (struct dns_section){v, n};
	return 0;
}

int
dns_parse(struct span packet, struct arena *a, struct dns_answer *out)
{
	struct at p = {packet, 0, packet.n, a};
	uint32_t id, flags, count[4], v;

	*out = (struct dns_answer){0};
	if (packet.n > 65535 || take(&p, 2, &id) == -1 ||
	    take(&p, 2, &flags) == -1)
		return -1;
	for (size_t i = 0; i < 4; i++)
		if (take(&p, 2, &count[i]) == -1)
			return -1;
	/* An answer (QR) to a QUERY that was not cut short (TC). */
	if ((flags & 0x8000) == 0 || (flags & 0x7800) != 0 ||
	    (flags & 0x0200) != 0 || count[0] > 1)
		return -1;
	out->rcode = (int)(flags & 15);
	if (count[0] == 1) {
		out->asked = true;
		if (take_name(&p, &out->name) == -1 || take(&p, 2, &v) == -1)
			return -1;
		out->type = v;
		if (take(&p, 2, &v) == -1)
			return -1;
		out->class = v;
	}
	if (take_section(&p, count[1], out, &out->answer) == -1 ||
	    take_section(&p, count[2], out, &out->authority) == -1 ||
	    take_section(&p, count[3], out, &out->extra) == -1)
		return -1;
	return 0;
}

/* Where the CNAMEs of the answer lead from name. A ring of them ends after
 * as many steps as there are records. */
static struct span
canonical(const struct dns_section *s, struct span name)
{
	for (size_t step = 0; step < s->n && step < 16; step++) {
		size_t i = 0;

		while (i < s->n && (s->v[i].type != DNS_CNAME ||
				       !span_ieq(s->v[i].name, name)))
			i++;
		if (i == s->n)
			break;
		name = s->v[i].host;
	}
	return name;
}

const struct dns_rr *
dns_find(const struct dns_answer *answer, struct span name, unsigned type,
    size_t *i)
{
	const struct dns_section *s = &answer->answer;

	if (type != DNS_CNAME)
		name = canonical(s, name);
	while (*i < s->n) {
		const struct dns_rr *rr = &s->v[(*i)++];

		if (rr->type == type && span_ieq(rr->name, name))
			return rr;
	}
	return NULL;
}
