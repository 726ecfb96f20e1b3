/*
 * agent_wire: an agent's end of the socket: lines and the descriptors that
 * come with them, in order; answers on their way out. Nothing here blocks,
 * and nothing here knows what a job is.
 */
#ifndef AGENT_WIRE_H
#define AGENT_WIRE_H

#include "buf.h"

#define AGENT_LINE_MAX 65536 /* of a job line, its newline included */

#define WIRE_BUFFER (2 * AGENT_LINE_MAX)
#define WIRE_SCM    253 /* SCM_MAX_FD: most that one message carries */
#define WIRE_FDS    (2 * WIRE_SCM)

struct agent_wire {
	int fd;
	bool eof;
	size_t pos, end; /* of what is unread in in */
	size_t seen;	 /* octets after pos known to hold no newline */
	int fds[WIRE_FDS]; /* received and not yet taken */
	size_t nfds;
	struct buf out;
	size_t sent; /* octets of out */
	char in[WIRE_BUFFER];
};

void wire_init(struct agent_wire *w, int fd);

/*
 * Reads once: 1 when something came, 0 at the end of input (w->eof), -1 and
 * errno: EAGAIN when nothing is there; EPROTO for what no runner sends, *why
 * says what.
 */
int wire_fill(struct agent_wire *w, const char **why);

/* The next whole line without its newline: true. Valid until wire_fill(). */
bool wire_line(struct agent_wire *w, struct span *line);
/* Is there one? */
bool wire_has_line(struct agent_wire *w);

/* The oldest descriptor, now the caller's; -1 when there is none. */
int wire_take_fd(struct agent_wire *w);

/* Sends what it can of out: 0, or -1 and errno when nobody reads any more
 * (out is thrown away then). */
int wire_flush(struct agent_wire *w);

static inline bool
wire_has_output(const struct agent_wire *w)
{
	return w->out.n > w->sent;
}

#endif
