/*
 * agent: what every delivery agent in C shares: the line protocol with
 * queuerun on fd 0 (smtpe-agent(7)), the descriptors that come with jobs, the
 * envelope, the controls. An agent writes only how a message is delivered.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		return agent_main(argc, argv, &my_agent);
 *	}
 */
#ifndef AGENT_H
#define AGENT_H

#include "clock.h"
#include "compose.h"
#include "control.h"
#include "envelope.h"

enum outcome { OUTCOME_OK, OUTCOME_LATER, OUTCOME_FAIL };

struct agent_rcpt {
	struct span address;
	size_t number;	 /* from 1, among all that the entry ever had; 0 if
			  * the entry does not have it */
	bool answered;
};

/* What followed " ; " in the job line. */
struct agent_field {
	struct span key, value;
};

struct agent_job {
	uint64_t number;	/* N of the job line */
	int fd;			/* the entry; shares the runner's lock */
	struct span id, route;
	struct span sender;
	struct agent_rcpt *rcpts;
	size_t nrcpts;
	struct agent_field *fields;
	size_t nfields;
	uint64_t size;		/* octets of the message as received */
	const char *whole;	/* the message, when it is small; else NULL */
	struct envelope env;
	struct arena arena;	/* everything of this job lives here */
	void *own;		/* the agent's */
	struct agent_job *next;	/* the agent's, too */
};

struct agent;

struct agent_type {
	const char *name; /* "agent-maildir" */
	const char *doc;
	unsigned window;  /* jobs at once, when window_of is NULL; where
			   * there are workers, for each of them */
	unsigned (*window_of)(const struct controls *c);

	/*
	 * For agents that wait for others: how many processes deliver, each
	 * one job at a time (agent_workers.h). start() is called before the
	 * first is forked, everything else in each. NULL: one, this one.
	 */
	unsigned (*workers_of)(const struct controls *c);
	/* What those jobs have in common that one worker had better deliver
	 * one after the other (a server); the envelope is not read yet.
	 * NULL: nothing. */
	struct span (*key_of)(const struct controls *c,
	    const struct agent_job *job);

	/* Once, before the first job; the controls are loaded. */
	void (*start)(struct agent *a);

	/*
	 * Takes the job: every recipient must be answered by agent_done(),
	 * now or later; then agent_job_free(), which closes its fd.
	 */
	void (*deliver)(struct agent *a, struct agent_job *job);

	/* No job can be read right now, or the runner is gone: settle what
	 * is held back, as far as it can be without new input. NULL: nothing
	 * is ever held back. */
	void (*settle)(struct agent *a);

	/* A second descriptor to wait for: its fd, or -1; the deadline by
	 * which ready() must be called even without input; ready() when
	 * either came. NULL: none. */
	int (*poll_fd)(struct agent *a, clock_ms *deadline);
	void (*ready)(struct agent *a);

	/* The runner is gone: finish what is in hand (answers are still
	 * taken). NULL: nothing. */
	void (*finish)(struct agent *a);
};

struct agent {
	const struct agent_type *type;
	struct controls controls;
	unsigned open; /* jobs taken and not yet freed */
	void *own;
	/* private: */
	struct agent_wire *wire;
};

/* For workers_of: concurrencylocal and concurrencyremote, 1 to 1000. */
unsigned agent_workers_local(const struct controls *c);
unsigned agent_workers_remote(const struct controls *c);

/* Never returns to a caller that has more to do: exit status. */
int agent_main(int argc, char **argv, const struct agent_type *type);

/*
 * The final word on one recipient (rcpt counts from 0, here and on the
 * wire): code 250, 4xx or 5xx, enhanced "2.0.0", text one line (it is
 * escaped, blanks too). Buffered; goes out before the next wait.
 */
void agent_done(struct agent *a, struct agent_job *job, size_t rcpt,
    enum outcome outcome, int code, const char *enhanced, struct span text);

/* The same for every recipient that has no answer yet. */
void agent_done_all(struct agent *a, struct agent_job *job,
    enum outcome outcome, int code, const char *enhanced, struct span text);

/*
 * What else is known of an answer, before agent_done() gives it: "peer" is
 * the host that answered, "mx.example.net[192.0.2.1]"; "dsn" is "passed" when
 * it takes over what the sender asked to be told (RFC 3461), "relayed" when
 * it is a server that offers no DSN.
 */
void agent_note(struct agent *a, struct agent_job *job, size_t rcpt,
    const char *key, struct span value);

/* The answers so far go out now, as far as anybody takes them: for jobs whose
 * recipients are answered minutes apart. */
void agent_flush(struct agent *a);

/* "busy": the runner gives no more jobs for that long; open ones must
 * still be answered. */
void agent_busy(struct agent *a, unsigned seconds, struct span text);

/* Closes its fd; recipients without an answer are answered "later". */
void agent_job_free(struct agent *a, struct agent_job *job);

/* The value of a key=value field of the job line; p is NULL without it. */
struct span agent_job_field(const struct agent_job *job, struct span key);

#endif
