/* amqp_part, amqp_template: what one publication carries, and its id: the
 * same for a repeat, whoever is done meanwhile. */
#include "tap.h"
#include "amqp_part.h"
#include "amqp_template.h"
#include <stdio.h>

#define ID "01k7s8r8p33dbvoqpl6m4nkg0v"

static struct agent_job job;
static struct agent_field fields[6];
static struct agent_rcpt rcpts[8];
static struct envelope_rcpt ever[8];

static void
reset(void)
{
	arena_reset(&job.arena);
	memset(&job.env, 0, sizeof job.env);
	job.id = SPAN(ID);
	job.env.rcpts = ever;
	job.rcpts = rcpts;
	job.nrcpts = 0;
	job.fields = fields;
	job.nfields = 0;
}

/* The entry has this recipient; is it in the job? */
static void
add(const char *address, bool open)
{
	ever[job.env.nrcpts++].address = span_of(address);
	if (!open)
		return;
	rcpts[job.nrcpts].address = span_of(address);
	rcpts[job.nrcpts++].number = job.env.nrcpts;
}

static void
field(const char *key, const char *value)
{
	fields[job.nfields++] =
	    (struct agent_field){span_of(key), span_of(value)};
}

static struct amqp_part *
make(const char *route, bool split)
{
	struct amqp_division d = {{SPAN("E"), SPAN("K")}, split};
	const char *why = NULL;
	struct amqp_part *p;

	job.route = span_of(route);
	p = amqp_part_make(&d, &job, &why);
	ok(p != NULL && why == NULL, route);
	return p;
}

static void
is_refused(const char *route, const char *name)
{
	struct amqp_division d = {{SPAN("E"), SPAN("K")}, false};
	const char *why = NULL;

	job.route = span_of(route);
	ok(amqp_part_make(&d, &job, &why) == NULL && why != NULL, name);
}

/* Of a whole job, as before there were parts. */
static struct span
id_of(size_t n_ever, size_t first_number, size_t n, const char *first,
    const char *whole)
{
	reset();
	job.env.nrcpts = n_ever;
	job.nrcpts = n;
	for (size_t i = 0; i < n; i++) {
		rcpts[i].address = SPAN("a@x.test");
		rcpts[i].number = first_number + i;
	}
	if (first != NULL) {
		field("first", first);
		field("whole", whole);
	}
	return make("amqp:", false)->message_id;
}

static void
test_whole(void)
{
	is_span(id_of(2, 1, 2, NULL, NULL), SPAN(ID), "all of the entry");
	is_span(id_of(3, 2, 2, NULL, NULL), SPAN(ID ".2"), "some of it");
	is_span(id_of(2, 2, 1, "1", "1"), SPAN(ID),
	    "the rest of what was all of it");
	is_span(id_of(4, 3, 1, "2", "0"), SPAN(ID ".2"),
	    "the rest of what was some of it");
	is_span(id_of(3, 2, 2, "x", "1"), SPAN(ID ".2"),
	    "a field that is no number");
}

static void
test_domains(void)
{
	struct amqp_part *p;

	reset();
	add("a@X.test", true);
	add("b@y.test", true);
	add("c@x.test", true);
	p = make("amqp:in/%d.mail", false);
	is_size(p->nrcpts, 2, "two of one domain");
	is_span(p->route.key, SPAN("x.test.mail"), "in lower case");
	is_span(p->message_id, SPAN(ID ".1"), "the first's number");
	is_span(p->next->message_id, SPAN(ID ".2"), "and the other's");
	is_span(amqp_part_address(p->next, 0), SPAN("b@y.test"), "its own");
	ok(p->next->next == NULL, "no more");

	reset();
	add("a@x.test", false);
	add("b@y.test", false);
	add("c@x.test", true);
	field("first", "1");
	field("whole", "1");
	field("members", "1-3");
	p = make("amqp:in/%d.mail", false);
	is_span(p->message_id, SPAN(ID ".1"), "a repeat has the same");
	ok(p->next == NULL, "alone");

	/* The first of that domain went another way. */
	reset();
	add("a@x.test", false);
	add("b@y.test", false);
	add("c@x.test", true);
	field("first", "2");
	field("whole", "0");
	field("members", "2,3");
	is_span(make("amqp:in/%d", false)->message_id, SPAN(ID ".3"),
	    "who was never in this job does not count");

	reset();
	add("a@x.test", true);
	add("b@x.test", true);
	is_span(make("amqp:in/%d", false)->message_id, SPAN(ID),
	    "one domain is all of it");
}

/* A client says how many there are: the work must not grow with their
 * square. */
static void
test_many(void)
{
	enum { MANY = 20000 };
	static struct agent_rcpt many[MANY];
	static struct envelope_rcpt all[MANY];
	static char address[MANY][24];
	struct amqp_part *p;
	size_t n = 0;

	reset();
	job.rcpts = many;
	job.env.rcpts = all;
	job.nrcpts = job.env.nrcpts = MANY;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(address[i], sizeof address[i], "u%zu@x.test", i);
		many[i].address = all[i].address = span_of(address[i]);
		many[i].number = i + 1;
	}
	for (p = make("amqp:in/%u", false); p != NULL; p = p->next)
		n++;
	is_size(n, MANY, "as many parts as local parts");
	ok(job.arena.used < MANY * 512u, "memory for each, not for each pair");
}

static void
test_split(void)
{
	struct amqp_part *p;

	reset();
	add("a@x.test", true);
	p = make("amqp:", true);
	is_span(p->message_id, SPAN(ID), "the only one");
	reset();
	add("a@x.test", false);
	add("b@x.test", true);
	add("c@x.test", true);
	p = make("amqp:", true);
	is_span(p->message_id, SPAN(ID ".2"), "each its number");
	is_span(p->next->message_id, SPAN(ID ".3"), "and so on");
	is_size(p->nrcpts, 1, "one each");
	rcpts[0].number = 0;
	p = make("amqp:", true);
	ok(span_istarts(p->message_id, SPAN(ID ".0-")), "a rewritten one");
}

static void
test_hooked(void)
{
	struct amqp_part *p;

	reset();
	add("a@x.test", true);
	add("b@y.test", true);
	field("amqp.exchange", "other");
	field("amqp.key", "100%d");
	p = make("amqp:in/%d", false);
	is_span(p->route.exchange, SPAN("other"), "hook.amqp's exchange");
	is_span(p->route.key, SPAN("100%d"), "its key is no template");
	ok(p->next == NULL, "so there is one part");
}

static void
test_template(void)
{
	static struct envelope_meta meta[] = {
	    {SPAN("tenant"), META_STRING, SPAN("acme")},
	    {SPAN("queue"), META_STRING, SPAN("news:acme@x")},
	    {SPAN("score"), META_NUMBER, SPAN("1.5")},
	};
	struct amqp_part *p;
	char longest[300];

	reset();
	add("\"c d\"@X.test", true);
	job.env.meta = meta;
	job.env.nmeta = 3;
	p = make("amqp:%t/%u|%q|%m{score}|%m{none}|%%|%2F|%D0", false);
	is_span(p->route.exchange, SPAN("acme"), "the tenant");
	is_span(p->route.key,
	    SPAN("c d|news:acme@x|1.5||%|/|\xd0"), "everything else");
	is_refused("amqp:%x/y", "no such letter");
	is_refused("amqp:%m{x/y", "a brace that stays open");
	is_refused("amqp:%m{}/y", "no name");
	is_refused("amqp:x/%", "nothing behind it");
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "amqp:", 5);
	longest[5 + 256] = '\0';
	is_refused(longest, "256 octets of exchange");
}

int
main(void)
{
	test_whole();
	test_domains();
	test_many();
	test_split();
	test_hooked();
	test_template();
	arena_free(&job.arena);
	return done_testing();
}
