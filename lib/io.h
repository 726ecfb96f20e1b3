/*
 * io: one buffered, deadlined conversation. Output is flushed only where we
 * are about to block for input, so that a pipelined group of commands gets
 * one packet back (RFC 2920). Deadlines are absolute; the nearer one wins.
 *
 * The transport is a few functions, so that TLS can take their place (tls.h).
 */
#ifndef IO_H
#define IO_H

#include "buf.h"
#include "clock.h"
#include "span.h"
#include <sys/types.h>
#include <sys/uio.h>

#define IO_IN  65536
#define IO_OUT 4096

struct io;

struct io_transport {
	/* As read(2) and write(2) after poll(2) said yes; -1 and EAGAIN asks
	 * for another poll. */
	ssize_t (*read)(struct io *, void *, size_t);
	ssize_t (*write)(struct io *, const void *, size_t);
	/* May read() give something although the descriptor has nothing? NULL:
	 * it keeps nothing back. */
	bool (*holds)(struct io *);
};

struct io {
	int rfd, wfd;
	const struct io_transport *transport;
	void *transport_state;
	clock_ms command_deadline; /* for what is being waited for now */
	clock_ms session_deadline; /* for everything */
	bool crlf_only;		   /* a bare LF is part of a line */
	int error;		   /* errno of a failed write; sticky */
	bool stops;		   /* io_stop_on_signals() */
	bool flushing;		   /* a reply may be half on its way */
	clock_ms waited;	   /* for input, all in all */
	size_t in_pos, in_end;
	size_t out_n;
	char out[IO_OUT]; /* beside the fields: one page less to touch */
	char in[IO_IN];
};

/* The fds stay the caller's. */
void io_init(struct io *io, int rfd, int wfd);

/* What has been read and not yet taken. */
static inline struct span
io_pending(const struct io *io)
{
	return (struct span){io->in + io->in_pos, io->in_end - io->in_pos};
}

/* Takes n octets of io_pending(). */
static inline void
io_take(struct io *io, size_t n)
{
	io->in_pos += n;
}

/*
 * Reads more behind what is pending (which may move), flushing first.
 * Returns the octets read; 0 at the end of input; -1 and errno: ETIMEDOUT
 * when a deadline has passed, ENOBUFS when the buffer is full.
 */
ssize_t io_fill(struct io *io);

/*
 * The next line without its CRLF, valid until the next call: 1. A bare LF
 * ends a line too unless crlf_only is set. 0 at the end of input, -1 and errno
 * as io_fill(); EMSGSIZE when more than max octets came without an end: they
 * are still pending, for a look and then for io_skip_line().
 */
int io_read_line(struct io *io, size_t max, struct span *line);

/* Throws away all up to the end of the line: 1; 0 and -1 as io_fill(). */
int io_skip_line(struct io *io);

/* Buffers; a failure is kept in io->error and shows at the next flush. */
void io_write(struct io *io, struct span s);

/* 0, or -1 and errno. */
int io_flush(struct io *io);

/*
 * Flushes and waits ms, ending early at a deadline (-1, ETIMEDOUT), when the
 * peer is gone (ECONNRESET) or at a signal (io_stop_on_signals). Input that
 * arrives stays where it is.
 */
int io_pause(struct io *io, int64_t ms);

/* The same, ending early at input or its end, too: 1. 0: there was none. */
int io_wait_early(struct io *io, int64_t ms);

/* Has more input arrived that nobody has read? Never blocks. */
bool io_readable(struct io *io);

/*
 * For transports: what lies below them. io_raw_read() never blocks (-1 and
 * EAGAIN); io_raw_write() sends all of it, waiting under the deadlines: 0, or
 * -1 and errno.
 */
ssize_t io_raw_read(struct io *io, struct iovec *v, int n);
int io_raw_write(struct io *io, const void *p, size_t n);
/* Waits for input as io_fill() does: 0, or -1 and errno. */
int io_raw_wait(struct io *io);

/*
 * Waits until fd is ready for events (poll(2)) or a deadline passes: 0, or
 * -1 and errno (ETIMEDOUT). The only place in the program that polls.
 */
int io_wait(int fd, short events, clock_ms deadline);

/*
 * From now on SIGTERM, SIGINT and SIGHUP end the waiting for this peer's
 * input, with ECANCELED, and nothing else: whoever waits ends the conversation
 * in order. One conversation of a process; what else it waits for goes on.
 */
void io_stop_on_signals(struct io *io);

#endif
