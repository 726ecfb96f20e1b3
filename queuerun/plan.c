/* plan: see plan.h. */
#include "plan.h"
#include "queue_config.h"

/* "job ", two numbers of 20 digits, an id of 33, blanks, the fields of a
 * repeat, the newline: what is in a line beside route, sender, recipients. */
#define LINE_FIXED 208
/* What each adds beside its address: a blank, its number among the members. */
#define MEMBER 9

static int
try_table(struct plan *p, struct cdbmap *table, const char *name)
{
	struct arena a = {0};
	struct span none;
	int r;

	table->path = control_path(p->controls, name);
	r = cdbmap_find(table, SPAN("."), &a, &none);
	arena_free(&a);
	if (r == -1)
		p->unreadable = table->path;
	return r == -1 ? -1 : 0;
}

int
plan_init(struct plan *p, struct controls *c)
{
	*p = (struct plan){.controls = c};
	return try_table(p, &p->routes, "routes.cdb") == -1 ||
	    try_table(p, &p->queues, "queues.cdb") == -1 ? -1 : 0;
}

void
plan_free(struct plan *p)
{
	cdbmap_close(&p->routes);
	cdbmap_close(&p->queues);
}

static size_t
escaped_length(struct span s)
{
	size_t n = s.n;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c == 0x7f || c == '%')
			n += 2;
	}
	return n;
}

/* The domain of an address; ours for one without (RFC 5321 4.5.1,
 * postmaster). */
static struct span
domain_of(const struct plan *p, struct span address)
{
	size_t at = span_rchr(address, '@');

	return at == address.n ? p->controls->me : span_skip(address, at + 1);
}

/* From "a.b.c" to ".b.c" to ".c" to "" (p NULL): qmail's order. */
static struct span
next_suffix(struct span domain)
{
	size_t dot = domain.n > 0 && domain.p[0] == '.' ?
	    1 + span_chr(span_skip(domain, 1), '.') : span_chr(domain, '.');

	return dot >= domain.n ? span_make(NULL, 0) : span_skip(domain, dot);
}

/* The domain itself, then each ".suffix" of it. */
static bool
find_domain(const struct control_list *map, struct span domain,
    struct span *value)
{
	if (map->n == 0)
		return false;
	for (struct span s = domain; s.p != NULL && s.n > 0;
	    s = next_suffix(s))
		if (control_map_find(map, s, value))
			return true;
	return false;
}

static int
find_cdb(struct plan *p, struct span domain, struct arena *a,
    struct span *route)
{
	char *lower;
	int r = 0;

	if (domain.n == 0)
		return 0;
	lower = arena_alloc(a, domain.n);
	for (size_t i = 0; i < domain.n; i++)
		lower[i] = ascii_lower(domain.p[i]);
	for (struct span s = span_make(lower, domain.n); r == 0 && s.p != NULL;
	    s = next_suffix(s))
		r = cdbmap_find(&p->routes, s, a, route);
	return r;
}

/* qmail's virtualdomains: an address, a domain, its suffixes, everything; an
 * empty prefix is an exception. */
static bool
is_virtual(const struct control_list *map, struct span address,
    struct span domain)
{
	struct span prefix;

	if (map->n == 0)
		return false;
	return (control_map_find(map, address, &prefix) ||
		   find_domain(map, domain, &prefix) ||
		   control_map_find(map, span_of(NULL), &prefix)) &&
	    prefix.n > 0;
}

/* qmail's smtproutes, "relay" or "relay:port", as a route; an empty relay
 * asks for the domain's MX. */
static struct span
smtp_route(struct span relay, struct arena *a)
{
	struct span port;
	size_t colon = span_rchr(relay, ':');
	bool literal = relay.n > 0 && relay.p[0] == '[';

	if (relay.n == 0)
		return SPAN("smtp:");
	/* The colons of "[::1]" are its own. */
	if (colon == relay.n || (literal && colon < span_rchr(relay, ']')))
		return arena_printf(a, "smtp:%.*s:25", SPAN_ARG(relay));
	port = span_skip(relay, colon + 1);
	return arena_printf(a, "smtp:%.*s:%.*s", (int)colon, relay.p,
	    SPAN_ARG(port));
}

static bool
find_smtproute(const struct control_list *map, struct span domain,
    struct arena *a, struct span *route)
{
	struct span relay;

	if (map->n == 0 || (!find_domain(map, domain, &relay) &&
	    !control_map_find(map, span_of(NULL), &relay)))
		return false;
	*route = smtp_route(relay, a);
	return true;
}

/* What the entry's queue says. */
static bool
find_config(const struct envelope *env, struct arena *a, struct span *route)
{
	struct queue_config c = {0};
	struct span bad;

	if (env->queue_config.n == 0 ||
	    queue_config_parse(env->queue_config, a, &c, &bad) != NULL)
		return false;
	*route = c.route;
	return c.route.n > 0;
}

int
plan_route(struct plan *p, const struct envelope *env, struct span address,
    struct arena *a, struct span *route)
{
	const struct controls *c = p->controls;
	const struct envelope_meta *meta =
	    envelope_meta_find(env, SPAN("route"));
	struct span domain = domain_of(p, address);
	int r;

	if (p->route.p != NULL) {
		p->rule = "hook.predelivery";
		*route = p->route;
		return 0;
	}
	if (meta != NULL && meta->type == META_STRING && meta->value.n > 0) {
		p->rule = "metadata route";
		*route = meta->value;
		return 0;
	}
	p->rule = "queue_config";
	if (find_config(env, a, route))
		return 0;
	p->rule = "routes";
	if (find_domain(&c->routes, domain, route))
		return 0;
	p->rule = "routes.cdb";
	if ((r = find_cdb(p, domain, a, route)) == -1)
		p->unreadable = p->routes.path;
	if (r != 0)
		return r == 1 ? 0 : -1;
	p->rule = "locals, virtualdomains";
	if (control_list_has(&c->locals, domain) ||
	    is_virtual(&c->virtualdomains, address, domain)) {
		*route = SPAN("maildir:");
		return 0;
	}
	p->rule = "smtproutes";
	if (find_smtproute(&c->smtproutes, domain, a, route))
		return 0;
	p->rule = "control route";
	*route = c->route;
	return 0;
}

/* A group while it is being filled. */
struct draft {
	struct plan_group group;
	size_t length; /* of its job line, if all were open */
	struct draft *older;
};

struct drafts {
	struct draft *newest;
	size_t n;
};

static struct draft *
find_draft(struct drafts *d, struct span route, size_t more)
{
	/* The newest of a route is the only one with room: groups must not
	 * depend on what is done. */
	for (struct draft *f = d->newest; f != NULL; f = f->older)
		if (span_eq(f->group.route, route))
			return f->length + more <= PLAN_LINE_MAX ? f : NULL;
	return NULL;
}

static struct draft *
new_draft(struct drafts *d, struct arena *a, struct span route,
    struct span options, size_t fixed, size_t number)
{
	struct draft *f = arena_zalloc(a, sizeof *f);

	f->group.route = route;
	f->group.options = options;
	f->group.first = number;
	f->length = fixed + escaped_length(route);
	f->older = d->newest;
	d->newest = f;
	d->n++;
	return f;
}

/* The drafts with open recipients become groups, oldest first. */
static void
finish(const struct drafts *d, const struct envelope *env, struct arena *a,
    struct draft *const *of, struct plan_group **groups, size_t *ngroups)
{
	size_t n = 0, left = d->n;
	struct draft **in_order = arena_alloc(a, d->n * sizeof *in_order);

	for (struct draft *f = d->newest; f != NULL; f = f->older) {
		f->group.whole = f->group.nmembers == env->nrcpts;
		f->group.repeat = f->group.nrcpts < f->group.nmembers;
		f->group.rcpts = arena_alloc(a,
		    f->group.nrcpts * sizeof *f->group.rcpts);
		f->group.nrcpts = 0;
		f->group.members = arena_alloc(a,
		    f->group.nmembers * sizeof *f->group.members);
		f->group.nmembers = 0;
		in_order[--left] = f;
	}
	for (size_t i = 0; i < env->nrcpts; i++) {
		struct plan_group *g = &of[i]->group;

		g->members[g->nmembers++] = i;
		if (env->rcpts[i].state == RCPT_OPEN)
			g->rcpts[g->nrcpts++] = i;
	}
	*groups = arena_alloc(a, d->n * sizeof **groups);
	for (size_t i = 0; i < d->n; i++)
		if (in_order[i]->group.nrcpts > 0)
			(*groups)[n++] = in_order[i]->group;
	*ngroups = n;
}

int
plan_entry(struct plan *p, const struct envelope *env, struct arena *a,
    struct plan_group **groups, size_t *ngroups)
{
	size_t fixed = LINE_FIXED + escaped_length(env->sender) +
	    p->options.n;
	struct draft **of = arena_alloc(a, env->nrcpts * sizeof *of);
	struct drafts drafts = {0};
	struct span route = {NULL, 0}, last = {NULL, 0};

	for (size_t i = 0; i < env->nrcpts; i++) {
		const struct envelope_rcpt *r = &env->rcpts[i];
		struct span domain = domain_of(p, r->address);
		size_t more = MEMBER + escaped_length(r->address);

		/* One domain, one route, unless addresses have their own. */
		if (last.p == NULL || !span_eq(domain, last) ||
		    p->controls->virtualdomains.n > 0) {
			if (plan_route(p, env, r->address, a, &route) == -1)
				return -1;
			last = domain;
		}
		of[i] = find_draft(&drafts, route, more);
		if (of[i] == NULL)
			of[i] = new_draft(&drafts, a, route, p->options,
			    fixed, i + 1);
		of[i]->group.nmembers++;
		of[i]->length += more;
		of[i]->group.too_long = of[i]->length > PLAN_LINE_MAX;
		of[i]->group.nrcpts += r->state == RCPT_OPEN;
	}
	finish(&drafts, env, a, of, groups, ngroups);
	return 0;
}

/* "1,3-7": numbers from 1. */
static void
put_members(const struct plan_group *g, struct buf *out)
{
	buf_puts(out, " members=");
	for (size_t i = 0, last; i < g->nmembers; i = last + 1) {
		last = i;
		while (last + 1 < g->nmembers &&
		    g->members[last + 1] == g->members[last] + 1)
			last++;
		if (i > 0)
			buf_putc(out, ',');
		buf_putu(out, g->members[i] + 1);
		if (last == i)
			continue;
		buf_putc(out, '-');
		buf_putu(out, g->members[last] + 1);
	}
}

void
plan_format_job(uint64_t number, const struct envelope *env, uint64_t size,
    const struct plan_group *group, struct buf *out)
{
	buf_puts(out, "job ");
	buf_putu(out, number);
	buf_putc(out, ' ');
	buf_put(out, env->id);
	buf_putc(out, ' ');
	escape_put(out, group->route);
	buf_putc(out, ' ');
	buf_putu(out, size);
	buf_putc(out, ' ');
	escape_put(out, env->sender.n ? env->sender : SPAN("<>"));
	for (size_t i = 0; i < group->nrcpts; i++) {
		buf_putc(out, ' ');
		escape_put(out, env->rcpts[group->rcpts[i]].address);
	}
	/* What cannot be seen any more when some are done. */
	if (group->repeat || group->options.n > 0)
		buf_puts(out, " ;");
	buf_put(out, group->options);
	if (group->repeat) {
		buf_puts(out, " first=");
		buf_putu(out, group->first);
		buf_puts(out, group->whole ? " whole=1" : " whole=0");
		put_members(group, out);
	}
	buf_putc(out, '\n');
}
