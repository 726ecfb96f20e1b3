/*
 * amqp_flow: publications (amqp_part.h) on their way to the broker. Each is in exactly one
 * place: todo (not published, or to be published again) or window (published,
 * not confirmed); it leaves by an answer. Only the broker's ack of a message
 * it did not return makes an "ok".
 *
 * When the connection or the channel is lost, nobody knows what became of
 * the window. It goes back to todo and is published one by one ("solo"), so
 * that a message the broker cannot stomach is found and answered alone, and
 * never takes its neighbours along.
 */
#ifndef AMQP_FLOW_H
#define AMQP_FLOW_H

#include "agent.h"
#include "amqp_body.h"
#include "amqp_conn.h"
#include "amqp_in.h"
#include "amqp_nodes.h"
#include "amqp_spill.h"
#include "amqp_window.h"

#define AMQP_WINDOW_MAX 1024
#define AMQP_BAD	8 /* exchanges remembered as not working */

/* An exchange that closed the channel: for a while nothing is tried there. */
struct amqp_bad {
	struct buf exchange, why;
	clock_ms until;
};

struct amqp_flow {
	struct agent *agent;
	struct amqp_nodes nodes;
	struct amqp_conn conn;
	struct amqp_window window;
	struct amqp_body body;
	struct amqp_division division;
	enum amqp_format format;
	const char *spill; /* amqpspill */
	struct amqp_setup setup;
	struct amqp_declarations declare;
	const char *wrong; /* in the controls: nothing can be delivered */
	struct amqp_part *todo, **todo_end;
	size_t solo;	/* the first so many of todo go alone */
	bool alone;	/* what is in the window does */
	uint64_t sending; /* tag of what is half sent; 0 = nothing is */
	bool own_fault; /* the connection was given up for a file of ours */
	bool told_busy;
	struct buf props;
	struct amqp_bad bad[AMQP_BAD];
	size_t next_bad;
};

/* Messages that may be published and not confirmed. */
unsigned amqp_flow_window(const struct controls *c);

void amqp_flow_start(struct amqp_flow *f, struct agent *a);
/* Takes a job; publishes it if that is possible now. */
void amqp_flow_deliver(struct amqp_flow *f, struct agent_job *job);
/* Sends what has been put together. */
void amqp_flow_settle(struct amqp_flow *f);
/* Descriptor and deadline for the next amqp_flow_ready(). */
int amqp_flow_poll_fd(struct amqp_flow *f, clock_ms *deadline);
/* The broker spoke, or a deadline has passed. */
void amqp_flow_ready(struct amqp_flow *f);
/* Waits until everything is answered, and says goodbye. */
void amqp_flow_finish(struct amqp_flow *f);

/* amqp_answer.c: every answer is made there; the part is gone then. */
void amqp_answer_later(struct amqp_flow *f, struct amqp_part *part,
    const char *enhanced, struct span text);
void amqp_answer_sent(struct amqp_flow *f, const struct amqp_sent *sent,
    bool acked);
/* All of todo. */
void amqp_answer_todo(struct amqp_flow *f, const char *enhanced,
    struct span text);

/* amqp_publish.c: takes the first of todo and publishes or answers it. */
void amqp_publish_next(struct amqp_flow *f);
/* Takes the first of todo and answers it. */
void amqp_publish_refuse(struct amqp_flow *f, const char *enhanced,
    struct span text);
/* Writes until at most low octets wait, taking in what the broker says. */
void amqp_publish_drain(struct amqp_flow *f, size_t low);
/* Takes in everything that the broker has said. */
void amqp_publish_hear(struct amqp_flow *f);

#endif
