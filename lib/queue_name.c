/* queue_name: see queue_name.h. */
#include "queue_name.h"

static struct span
meta_text(const struct envelope *env, struct span key)
{
	const struct envelope_meta *m = envelope_meta_find(env, key);

	return m != NULL && m->value.n > 0 ? m->value : span_make(NULL, 0);
}

static struct span
domain_of(struct span address)
{
	size_t at = span_rchr(address, '@');

	return at < address.n ? span_skip(address, at + 1) : span_of(NULL);
}

void
queue_name_parts(const struct envelope *env, struct queue_parts *parts)
{
	struct span name = meta_text(env, SPAN("queue"));

	if (name.p != NULL) {
		queue_name_split(name, parts);
		return;
	}
	parts->campaign = meta_text(env, SPAN("campaign"));
	parts->tenant = meta_text(env, SPAN("tenant"));
	parts->routing_domain = meta_text(env, SPAN("routing_domain"));
	parts->domain = env->nrcpts > 0 ? domain_of(env->rcpts[0].address) :
					  span_of(NULL);
}

void
queue_name_split(struct span name, struct queue_parts *parts)
{
	size_t at = span_chr(name, '@'), mark;
	struct span left;

	memset(parts, 0, sizeof *parts);
	if (at < name.n) {
		left = span_head(name, at);
		mark = span_chr(left, ':');
		if (mark < left.n) {
			parts->campaign = span_head(left, mark);
			left = span_skip(left, mark + 1);
		}
		if (left.n > 0)
			parts->tenant = left;
		name = span_skip(name, at + 1);
	}
	mark = span_chr(name, '!');
	parts->domain = span_head(name, mark);
	if (mark + 1 < name.n)
		parts->routing_domain = span_skip(name, mark + 1);
}

static bool
has(struct span s, char c)
{
	return span_chr(s, c) < s.n;
}

/* A mark that a part holds itself makes the one in front of it necessary. */
void
queue_name_format(const struct queue_parts *parts, struct buf *out)
{
	bool campaign = parts->campaign.n > 0 || has(parts->tenant, ':');

	if (campaign) {
		buf_put(out, parts->campaign);
		buf_putc(out, ':');
	}
	if (parts->tenant.n > 0)
		buf_put(out, parts->tenant);
	if (parts->tenant.n > 0 || campaign || has(parts->domain, '@') ||
	    has(parts->routing_domain, '@'))
		buf_putc(out, '@');
	buf_put(out, parts->domain);
	if (parts->routing_domain.n > 0) {
		buf_putc(out, '!');
		buf_put(out, parts->routing_domain);
	}
}

struct span
queue_name_routing(const struct queue_parts *parts)
{
	return parts->routing_domain.n > 0 ? parts->routing_domain :
					     parts->domain;
}
