/* queue_table: see queue_table.h. */
#include "queue_table.h"

static struct span
lower(struct arena *a, struct span s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return span_make(p, s.n);
}

int
queue_table_find(const struct tables *t, const struct queue_parts *parts,
    struct span *text)
{
	struct span tenant = parts->tenant, campaign = parts->campaign, domain;
	int r = tables_exist(t);

	/* The usual case: nobody wrote anything. */
	if (r <= 0)
		return r;
	domain = lower(t->a, queue_name_routing(parts));
	tenant = lower(t->a, tenant);
	r = 0;
	if (campaign.n > 0)
		r = tables_find(t, arena_printf(t->a, "%.*s:%.*s@%.*s",
		    SPAN_ARG(lower(t->a, campaign)), SPAN_ARG(tenant),
		    SPAN_ARG(domain)), text);
	if (r == 0 && tenant.n > 0)
		r = tables_find(t, arena_printf(t->a, "%.*s@%.*s",
		    SPAN_ARG(tenant), SPAN_ARG(domain)), text);
	if (r == 0)
		r = tables_find_domain(t, domain, text);
	if (r == 0 && tenant.n > 0)
		r = tables_find(t, arena_printf(t->a, "%.*s@",
		    SPAN_ARG(tenant)), text);
	return r == 0 ? tables_find(t, span_of(""), text) : r;
}
