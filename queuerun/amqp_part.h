/*
 * amqp_part: what one publication carries. A job is one part, unless its
 * exchange and key depend on the recipient (amqp_template.h), or amqpsplit
 * gives each recipient a message of its own. Each part has a message_id that
 * is the same in every attempt, whoever is done meanwhile.
 *
 * A part and all it refers to live in the job, which is freed with its last
 * part.
 */
#ifndef AMQP_PART_H
#define AMQP_PART_H

#include "agent.h"
#include "amqp_uri.h"

struct amqp_part {
	struct agent_job *job;
	size_t *rcpts; /* from 0, of the job's */
	size_t nrcpts;
	struct amqp_route route; /* filled in */
	struct span message_id;
	struct amqp_part *next;
	/* private: of all who belong to it, done or not: the first one's
	 * number, how many they are */
	size_t first, members;
};

/* How many of a job's parts are not answered. */
struct amqp_job {
	size_t open;
};

struct amqp_division {
	struct amqp_route def; /* amqpexchange, amqproutingkey */
	bool split;	       /* amqpsplit */
};

/* The parts of a job, as a list; NULL, and in why what is wrong with its
 * route as a literal. */
struct amqp_part *amqp_part_make(const struct amqp_division *d,
    struct agent_job *job, const char **why);

/* A word on every recipient of the part; with the last part of its job the
 * job is freed. */
void amqp_part_done(struct agent *a, struct amqp_part *part,
    enum outcome outcome, int code, const char *enhanced, struct span text);

static inline struct span
amqp_part_address(const struct amqp_part *part, size_t i)
{
	return part->job->rcpts[part->rcpts[i]].address;
}

#endif
