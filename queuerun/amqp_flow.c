/* amqp_flow: see amqp_flow.h. */
#include "amqp_flow.h"
#include "amqp_out.h"
#include "amqp_template.h"
#include "io.h"
#include "log.h"
#include <poll.h>

#define TIMEOUT_DEFAULT 30000 /* for amqptimeout 0: no wait is endless */

/* Replies that blame the exchange (AMQP 0-9-1, 1.2). */
#define ACCESS_REFUSED 403
#define NOT_FOUND      404

/* What depends on the message is measured when it is filled in. */
static bool
is_name(struct span text)
{
	return amqp_template_check(text) == NULL &&
	    (text.n <= AMQP_SHORT || span_chr(text, '%') < text.n);
}

static const char *
configure(struct amqp_flow *f, const struct controls *c)
{
	struct span format = c->amqpformat;
	const char *wrong;

	f->division.def =
	    (struct amqp_route){c->amqpexchange, c->amqproutingkey};
	f->division.split = c->amqpsplit;
	f->spill = c->amqpspill;
	f->setup.timeout =
	    c->amqptimeout > 0 ? c->amqptimeout : TIMEOUT_DEFAULT;
	f->setup.tls = (struct amqp_tls){c->amqpca, c->amqpcert, c->amqpkey};
	f->setup.declare = &f->declare;
	if (!is_name(c->amqpexchange))
		return "amqpexchange is longer than 255 octets, or no "
		       "percent-encoded template";
	if (!is_name(c->amqproutingkey))
		return "amqproutingkey is longer than 255 octets, or no "
		       "percent-encoded template";
	if (span_ieq(format, SPAN("json")))
		f->format = AMQP_JSON;
	else if (span_ieq(format, SPAN("raw")))
		f->format = AMQP_RAW;
	else
		return "amqpformat is neither raw nor json";
	if ((wrong = amqp_declare_parse(&c->amqpdeclare, &f->nodes.arena,
		 &f->declare)) != NULL)
		return wrong;
	if (amqp_nodes_load(&f->nodes, &c->amqp) == -1)
		return buf_cstr(&f->nodes.why);
	return NULL;
}

unsigned
amqp_flow_window(const struct controls *c)
{
	if (c->amqpwindow > AMQP_WINDOW_MAX)
		return AMQP_WINDOW_MAX;
	return c->amqpwindow > 0 ? (unsigned)c->amqpwindow : 1;
}

void
amqp_flow_start(struct amqp_flow *f, struct agent *a)
{
	f->agent = a;
	f->conn.fd = -1;
	f->todo_end = &f->todo;
	f->wrong = configure(f, &a->controls);
	if (f->wrong != NULL)
		log_warn("amqp-config", "%s", f->wrong);
	amqp_window_init(&f->window, amqp_flow_window(&a->controls));
}

/* Back to the front of todo, in the order of their tags, to go alone. */
static void
take_back_window(struct amqp_flow *f)
{
	struct amqp_part **at = &f->todo;
	struct amqp_sent sent;

	while (f->window.n > 0 &&
	    amqp_window_take(&f->window, f->window.oldest, &sent)) {
		sent.part->next = *at;
		if (*at == NULL)
			f->todo_end = &sent.part->next;
		*at = sent.part;
		at = &sent.part->next;
		f->solo++;
	}
	f->alone = false;
}

static void
refuse_window(struct amqp_flow *f, const char *enhanced, struct span text)
{
	struct amqp_sent sent;

	while (f->window.n > 0 &&
	    amqp_window_take(&f->window, f->window.oldest, &sent))
		amqp_answer_later(f, sent.part, enhanced, text);
	f->alone = false;
}

/* The connection failed. A node that had nothing to do may have been
 * restarted since: that costs it nothing. */
static void
lost(struct amqp_flow *f)
{
	bool idle = f->window.n == 0 && f->todo == NULL;

	/* Others of a cluster would block us as well. */
	if (f->conn.blocked)
		refuse_window(f, f->conn.enhanced, buf_span(&f->conn.why));
	take_back_window(f);
	amqp_conn_close(&f->conn);
	if (!idle && !f->own_fault)
		amqp_nodes_leave(&f->nodes, &f->conn);
	f->own_fault = false;
	amqp_window_reset(&f->window);
}

static void
remember_bad(struct amqp_flow *f, struct span exchange)
{
	struct amqp_bad *bad = &f->bad[f->next_bad];

	f->next_bad = (f->next_bad + 1) % AMQP_BAD;
	buf_reset(&bad->exchange);
	buf_put(&bad->exchange, exchange);
	buf_reset(&bad->why);
	buf_put(&bad->why, buf_span(&f->conn.why));
	bad->until = clock_deadline(AMQP_BACKOFF);
}

static const struct amqp_bad *
find_bad(const struct amqp_flow *f, struct span exchange)
{
	for (size_t i = 0; i < AMQP_BAD; i++)
		if (f->bad[i].until != 0 && clock_left(f->bad[i].until) > 0 &&
		    span_eq(buf_span(&f->bad[i].exchange), exchange))
			return &f->bad[i];
	return NULL;
}

/* The broker closed the channel. One message in the window is the culprit;
 * with more nobody knows which. */
static void
channel_closed(struct amqp_flow *f)
{
	struct amqp_conn *c = &f->conn;
	struct amqp_sent sent;

	if (f->window.n == 1 &&
	    amqp_window_take(&f->window, f->window.oldest, &sent)) {
		if (c->code == NOT_FOUND || c->code == ACCESS_REFUSED)
			remember_bad(f, sent.part->route.exchange);
		log_warn("amqp-channel", "%.*s",
		    SPAN_ARG(buf_span(&c->why)));
		amqp_answer_later(f, sent.part, "4.3.5", buf_span(&c->why));
	}
	take_back_window(f);
	amqp_window_reset(&f->window);
	amqp_out_body_abort(c);
	amqp_out_channel_close_ok(c);
	amqp_publish_drain(f, 0);
	if (amqp_conn_up(c))
		amqp_conn_reopen_channel(c);
}

static void
spill_todo(struct amqp_flow *f)
{
	const struct agent_job *last = NULL;

	if (f->spill == NULL)
		return;
	for (struct amqp_part *p = f->todo; p != NULL; p = p->next) {
		if (p->job != last)
			amqp_spill(f->spill, p->job, &f->body);
		last = p->job;
	}
}

/* No node: everything is answered, and the runner gives no more for as long
 * as we do not try again. */
static void
refuse_todo(struct amqp_flow *f)
{
	clock_ms next = amqp_nodes_next(&f->nodes);
	struct span why = buf_span(&f->nodes.why);

	if (!f->told_busy)
		agent_busy(f->agent, (unsigned)(clock_left(next) / 1000 + 1),
		    why);
	f->told_busy = true;
	spill_todo(f);
	amqp_answer_todo(f, f->nodes.enhanced, why);
}

static void
connect_node(struct amqp_flow *f)
{
	if (clock_left(amqp_nodes_next(&f->nodes)) > 0) {
		refuse_todo(f);
		return;
	}
	if (f->told_busy)
		buf_reset(&f->nodes.why);
	f->told_busy = false;
	if (amqp_nodes_connect(&f->nodes, &f->conn, &f->setup) == -1)
		refuse_todo(f);
}

/* How many may be under way beside the next one. */
static bool
has_room(const struct amqp_flow *f)
{
	if (f->solo > 0 || f->alone)
		return f->window.n == 0;
	return !amqp_window_full(&f->window);
}

/* One step; false when there is nothing to do without new events. */
static bool
step(struct amqp_flow *f)
{
	const struct amqp_bad *bad;

	if (f->conn.state != NULL && f->conn.failed)
		lost(f);
	else if (f->conn.state != NULL && !f->conn.channel_open)
		channel_closed(f);
	else if (f->todo == NULL)
		return false;
	else if (f->conn.state == NULL)
		connect_node(f);
	else if (f->conn.blocked)
		amqp_answer_todo(f, "4.3.1", buf_span(&f->conn.why));
	else if (!has_room(f))
		return false;
	else if ((bad = find_bad(f, f->todo->route.exchange)) != NULL)
		amqp_publish_refuse(f, "4.3.5", buf_span(&bad->why));
	else
		amqp_publish_next(f);
	return true;
}

static void
run(struct amqp_flow *f)
{
	while (step(f))
		;
}

void
amqp_flow_deliver(struct amqp_flow *f, struct agent_job *job)
{
	struct amqp_part *parts = NULL;
	const char *wrong = f->wrong;

	if (wrong != NULL && !f->told_busy) {
		agent_busy(f->agent, AMQP_BACKOFF / 1000, span_of(wrong));
		f->told_busy = true;
	}
	if (wrong == NULL)
		parts = amqp_part_make(&f->division, job, &wrong);
	if (wrong != NULL) {
		agent_done_all(f->agent, job, OUTCOME_LATER, 451, "4.3.5",
		    span_of(wrong));
		agent_job_free(f->agent, job);
		return;
	}
	*f->todo_end = parts;
	while (*f->todo_end != NULL)
		f->todo_end = &(*f->todo_end)->next;
	run(f);
}

/* What is heard while we send may let us send more; each round publishes
 * something of todo, so there is an end. */
void
amqp_flow_settle(struct amqp_flow *f)
{
	for (;;) {
		run(f);
		if (!amqp_conn_up(&f->conn) ||
		    amqp_out_pending(&f->conn) == 0)
			return;
		amqp_publish_drain(f, 0);
	}
}

static clock_ms
confirm_deadline(struct amqp_flow *f)
{
	const struct amqp_sent *s = amqp_window_oldest(&f->window);

	if (s == NULL || s->since == CLOCK_NEVER)
		return CLOCK_NEVER;
	return s->since + f->setup.timeout;
}

int
amqp_flow_poll_fd(struct amqp_flow *f, clock_ms *deadline)
{
	const struct amqp_conn *c = &f->conn;
	clock_ms heartbeat;

	*deadline = CLOCK_NEVER;
	if (c->state == NULL)
		return -1;
	*deadline = confirm_deadline(f);
	heartbeat = c->spoke + c->heartbeat / 2;
	if (c->heartbeat > 0 && heartbeat < *deadline)
		*deadline = heartbeat;
	if (c->failed || !c->channel_open || amqp_in_buffered(c))
		*deadline = clock_mono();
	return c->fd;
}

static void
check_time(struct amqp_flow *f)
{
	struct amqp_conn *c = &f->conn;
	clock_ms now = clock_mono();

	if (!amqp_conn_up(c))
		return;
	if (confirm_deadline(f) <= now)
		amqp_conn_late(c, "no confirm in time");
	else if (c->heartbeat > 0 && now - c->heard > 2 * c->heartbeat)
		amqp_conn_late(c, "no heartbeat");
	else if (c->heartbeat > 0 && now - c->spoke >= c->heartbeat / 2 &&
	    amqp_out_pending(c) == 0) {
		amqp_out_heartbeat(c);
		amqp_out_flush(c);
	}
}

void
amqp_flow_ready(struct amqp_flow *f)
{
	if (amqp_conn_up(&f->conn)) {
		amqp_publish_hear(f);
		check_time(f);
	}
	amqp_flow_settle(f);
}

void
amqp_flow_finish(struct amqp_flow *f)
{
	clock_ms deadline;

	while (f->todo != NULL || f->window.n > 0) {
		amqp_flow_settle(f);
		if (!amqp_conn_up(&f->conn))
			continue;
		amqp_flow_poll_fd(f, &deadline);
		if (f->window.n > 0)
			io_wait(f->conn.fd, POLLIN, deadline);
		amqp_flow_ready(f);
	}
	amqp_conn_close(&f->conn);
}
