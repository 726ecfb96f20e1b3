/* amqp_message_id: the same for a repeat, whoever is done meanwhile. */
#include "tap.h"
#include "amqp_props.h"

static struct agent_job job;

static struct span
id_of(size_t ever, size_t first_number, size_t n, const char *first,
    const char *whole)
{
	static struct agent_rcpt rcpts[4];
	static struct agent_field fields[2];

	arena_reset(&job.arena);
	job.id = SPAN("01k7s8r8p33dbvoqpl6m4nkg0v");
	job.env.nrcpts = ever;
	job.rcpts = rcpts;
	job.nrcpts = n;
	for (size_t i = 0; i < n; i++) {
		rcpts[i].address = SPAN("a@x.test");
		rcpts[i].number = first_number + i;
	}
	job.fields = fields;
	job.nfields = first != NULL ? 2 : 0;
	fields[0] = (struct agent_field){SPAN("first"), span_of(first)};
	fields[1] = (struct agent_field){SPAN("whole"), span_of(whole)};
	return amqp_message_id(&job);
}

int
main(void)
{
	is_span(id_of(2, 1, 2, NULL, NULL),
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0v"), "all of the entry");
	is_span(id_of(3, 2, 2, NULL, NULL),
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0v.2"), "some of it");
	is_span(id_of(2, 2, 1, "1", "1"),
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0v"),
	    "the rest of what was all of it");
	is_span(id_of(4, 3, 1, "2", "0"),
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0v.2"),
	    "the rest of what was some of it");
	is_span(id_of(3, 2, 2, "x", "1"),
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0v.2"), "a field that is no number");
	arena_free(&job.arena);
	return done_testing();
}
