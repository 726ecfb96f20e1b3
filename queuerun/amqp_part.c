/* amqp_part: see amqp_part.h. */
#include "amqp_part.h"
#include "amqp_template.h"
#include "die.h"
#include "num.h"

/* While a job is divided. */
struct division {
	const struct amqp_division *rules;
	struct agent_job *job;
	struct amqp_route route; /* templates */
	struct amqp_part *first, **end;
	struct amqp_part **table; /* by their routes, open addressing */
	size_t mask;
};

/* FNV-1a: only has to tell the recipients of one entry apart. */
static uint64_t
hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

static struct span
numbered_id(struct agent_job *job, uint64_t number)
{
	return arena_printf(&job->arena, "%.*s.%llu", SPAN_ARG(job->id),
	    (unsigned long long)number);
}

/* An address that a script put in the place of the entry's. */
static struct span
rewritten_id(struct agent_job *job, struct span address)
{
	return arena_printf(&job->arena, "%.*s.0-%016llx", SPAN_ARG(job->id),
	    (unsigned long long)hash(address));
}

/* Of a part that carries the whole job: the entry's id when that is all
 * recipients it ever had, else with the number of the job's first. */
static struct span
job_id(struct agent_job *job)
{
	const struct agent_rcpt *first = job->rcpts;
	uint64_t number;

	/* A repeat whose group cannot be seen any more, because some of it
	 * are done: the runner says how it was. */
	if (num_parse_u64(agent_job_field(job, SPAN("first")), &number) == 0)
		return span_eq(agent_job_field(job, SPAN("whole")),
			   SPAN("1")) ? job->id : numbered_id(job, number);
	if (job->nrcpts == job->env.nrcpts)
		return job->id;
	if (first->number > 0)
		return numbered_id(job, first->number);
	return rewritten_id(job, first->address);
}

/* Who of the entry is in this job, done or not. The field "members" lists
 * their numbers as "1,3-7" when some are done. */
static bool *
find_members(const struct agent_job *job, struct arena *a)
{
	struct span list = agent_job_field(job, SPAN("members"));
	bool *in = arena_zalloc(a, job->env.nrcpts + 1);
	uint64_t from, to;

	for (size_t i = 0; list.p == NULL && i < job->nrcpts; i++)
		in[job->rcpts[i].number] = true;
	while (list.n > 0) {
		struct span item = span_head(list, span_chr(list, ','));
		size_t dash = span_chr(item, '-');

		list = span_skip(list, item.n + 1);
		if (num_parse_u64(span_head(item, dash), &from) == -1)
			continue;
		to = from;
		if (dash < item.n &&
		    num_parse_u64(span_skip(item, dash + 1), &to) == -1)
			continue;
		while (from <= to && from <= job->env.nrcpts)
			in[from++] = true;
	}
	return in;
}

static struct amqp_route
fill(struct division *d, struct span address)
{
	struct agent_job *job = d->job;

	return (struct amqp_route){
	    amqp_template_fill(d->route.exchange, &job->env, address,
		&job->arena),
	    amqp_template_fill(d->route.key, &job->env, address,
		&job->arena)};
}

static bool
same_route(const struct amqp_route *a, const struct amqp_route *b)
{
	return span_eq(a->exchange, b->exchange) && span_eq(a->key, b->key);
}

/* Where a route's part is, or would be. */
static struct amqp_part **
find_part(struct division *d, const struct amqp_route *route)
{
	size_t i = (size_t)(hash(route->exchange) * 31 + hash(route->key));

	while (d->table[i & d->mask] != NULL &&
	    !same_route(&d->table[i & d->mask]->route, route))
		i++;
	return &d->table[i & d->mask];
}

/* Recipients that are done already count, so that a repeat has the id of the
 * first try. */
static void
count_members(struct division *d)
{
	struct agent_job *job = d->job;
	bool *in = find_members(job, &job->arena);

	for (size_t i = 1; i <= job->env.nrcpts; i++) {
		struct amqp_route route;
		struct amqp_part *part;

		if (!in[i])
			continue;
		route = fill(d, job->env.rcpts[i - 1].address);
		if ((part = *find_part(d, &route)) == NULL)
			continue;
		if (part->members++ == 0)
			part->first = i;
	}
}

/* Of a part that is some of its job. */
static struct span
part_id(const struct division *d, const struct amqp_part *part)
{
	struct agent_job *job = d->job;
	size_t number = job->rcpts[part->rcpts[0]].number;

	if (number == 0)
		return rewritten_id(job, amqp_part_address(part, 0));
	if (d->rules->split)
		return job->env.nrcpts == 1 ? job->id :
					      numbered_id(job, number);
	return part->members == job->env.nrcpts ? job->id :
	    numbered_id(job, part->members > 0 ? part->first : number);
}

static struct amqp_part *
new_part(struct division *d, struct amqp_route route)
{
	struct agent_job *job = d->job;
	struct amqp_part *part = arena_zalloc(&job->arena, sizeof *part);

	part->job = job;
	part->route = route;
	*d->end = part;
	d->end = &part->next;
	((struct amqp_job *)job->own)->open++;
	return part;
}

/* Each part's recipients, by whose they are: no more room than there are. */
static void
fill_parts(struct division *d, struct amqp_part *const *of)
{
	struct agent_job *job = d->job;
	size_t *room = arena_alloc(&job->arena, job->nrcpts * sizeof *room);

	for (struct amqp_part *p = d->first; p != NULL; p = p->next) {
		p->rcpts = room;
		room += p->nrcpts;
		p->nrcpts = 0;
	}
	for (size_t i = 0; i < job->nrcpts; i++)
		of[i]->rcpts[of[i]->nrcpts++] = i;
}

static void
divide(struct division *d)
{
	struct agent_job *job = d->job;
	struct amqp_part **of =
	    arena_alloc(&job->arena, job->nrcpts * sizeof(struct amqp_part *));
	size_t size = 2;

	/* At most half full. A client says how many recipients there are. */
	while (size < 2 * job->nrcpts)
		size *= 2;
	d->mask = size - 1;
	d->table = arena_zalloc(&job->arena, size * sizeof *d->table);
	for (size_t i = 0; i < job->nrcpts; i++) {
		struct amqp_route route = fill(d, job->rcpts[i].address);
		struct amqp_part **place = find_part(d, &route);
		struct amqp_part *part = *place;

		if (part == NULL || d->rules->split) {
			part = new_part(d, route);
			*place = part;
		}
		part->nrcpts++;
		of[i] = part;
	}
	fill_parts(d, of);
	if (!d->rules->split)
		count_members(d);
	for (struct amqp_part *p = d->first; p != NULL; p = p->next)
		p->message_id = part_id(d, p);
}

static void
keep_whole(struct division *d)
{
	struct agent_job *job = d->job;
	struct amqp_part *part = new_part(d, fill(d, job->rcpts[0].address));

	part->rcpts = arena_alloc(&job->arena,
	    job->nrcpts * sizeof *part->rcpts);
	for (size_t i = 0; i < job->nrcpts; i++)
		part->rcpts[part->nrcpts++] = i;
	part->message_id = job_id(job);
}

/* What hook.amqp put there is meant as it is. */
static struct span
as_it_is(struct agent_job *job, struct span text)
{
	struct buf out = {0};
	struct span result;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%')
			buf_putc(&out, '%');
		buf_putc(&out, text.p[i]);
	}
	result = arena_dup(&job->arena, buf_span(&out));
	buf_free(&out);
	return result;
}

static const char *
find_route(struct division *d)
{
	struct agent_job *job = d->job;
	struct span exchange = agent_job_field(job, SPAN("amqp.exchange"));
	struct span key = agent_job_field(job, SPAN("amqp.key"));
	const char *wrong = amqp_route_parse(job->route, &d->rules->def,
	    &d->route);

	if (wrong != NULL)
		return wrong;
	if (exchange.p != NULL)
		d->route.exchange = as_it_is(job, exchange);
	if (key.p != NULL)
		d->route.key = as_it_is(job, key);
	return NULL;
}

struct amqp_part *
amqp_part_make(const struct amqp_division *rules, struct agent_job *job,
    const char **why)
{
	struct division d = {.rules = rules, .job = job};

	d.end = &d.first;
	if (job->nrcpts == 0)
		die_bug("amqp_part_make: a job for nobody");
	job->own = arena_zalloc(&job->arena, sizeof(struct amqp_job));
	if ((*why = find_route(&d)) != NULL)
		return NULL;
	if (rules->split || amqp_template_varies(d.route.exchange) ||
	    amqp_template_varies(d.route.key))
		divide(&d);
	else
		keep_whole(&d);
	for (struct amqp_part *p = d.first; p != NULL; p = p->next)
		if (p->route.exchange.n > AMQP_SHORT ||
		    p->route.key.n > AMQP_SHORT) {
			*why = "exchange or routing key is longer than 255 "
			       "octets";
			return NULL;
		}
	return d.first;
}

void
amqp_part_done(struct agent *a, struct amqp_part *part, enum outcome outcome,
    int code, const char *enhanced, struct span text)
{
	struct agent_job *job = part->job;
	struct amqp_job *own = job->own;

	for (size_t i = 0; i < part->nrcpts; i++)
		agent_done(a, job, part->rcpts[i], outcome, code, enhanced,
		    text);
	if (--own->open == 0)
		agent_job_free(a, job);
}
