/*
 * tls_io: the pump between BearSSL's engine and the descriptors. The engine
 * says what it wants; this moves octets until it is content. Nothing here
 * knows whether we are the server or the client.
 */
#include "tls_engine.h"
#include <errno.h>

#define SMALL 1024 /* octets of records that wait for each other */

static int
closed_errno(const struct tls *t)
{
	errno = EPROTO;
	return br_ssl_engine_last_error(t->engine) == BR_ERR_OK ? 0 : -1;
}

/*
 * Everything the engine has for the peer: 0, or -1 and errno. Small records
 * travel together: without Nagle's delay each would be a packet.
 */
static int
push(struct tls *t, struct io *io)
{
	unsigned char together[SMALL];
	unsigned char *p;
	size_t n, held = 0;

	while ((p = br_ssl_engine_sendrec_buf(t->engine, &n)) != NULL) {
		if (n <= sizeof together - held) {
			memcpy(together + held, p, n);
			held += n;
			br_ssl_engine_sendrec_ack(t->engine, n);
			continue;
		}
		if (held > 0 && io_raw_write(io, together, held) == -1)
			return -1;
		held = 0;
		if (n <= sizeof together)
			continue;
		if (io_raw_write(io, p, n) == -1)
			return -1;
		br_ssl_engine_sendrec_ack(t->engine, n);
	}
	return held > 0 ? io_raw_write(io, together, held) : 0;
}

/*
 * Some octets of the peer's for the engine, from what was read ahead or else
 * from the descriptor: their number, 0 at the end, -1 and errno (EAGAIN). A
 * record is read with what follows it: one system call for a flight.
 */
static ssize_t
pull(struct tls *t, struct io *io)
{
	struct iovec v[2];
	size_t want, n = t->ahead_end - t->ahead_pos;
	unsigned char *p = br_ssl_engine_recvrec_buf(t->engine, &want);
	ssize_t got;

	if (p == NULL) {
		errno = EPROTO;
		return -1;
	}
	if (n > 0) {
		n = n < want ? n : want;
		memcpy(p, t->ahead + t->ahead_pos, n);
		t->ahead_pos += n;
		br_ssl_engine_recvrec_ack(t->engine, n);
		return (ssize_t)n;
	}
	v[0] = (struct iovec){p, want};
	v[1] = (struct iovec){t->ahead, sizeof t->ahead};
	got = io_raw_read(io, v, 2);
	if (got <= 0)
		return got;
	n = (size_t)got < want ? (size_t)got : want;
	t->ahead_pos = 0;
	t->ahead_end = (size_t)got - n;
	br_ssl_engine_recvrec_ack(t->engine, n);
	return got;
}

/*
 * The descriptor is read once: io_fill() asks again after EAGAIN, and looks at
 * the clock in between. A peer that has nothing but alerts and empty records
 * to say, and always one more, is not listened to for ever.
 */
static ssize_t
read_some(struct tls *t, struct io *io, void *to, size_t n)
{
	for (bool read = false;; ) {
		unsigned state = br_ssl_engine_current_state(t->engine);
		unsigned char *p;
		size_t have;
		ssize_t r;

		if (state & BR_SSL_CLOSED)
			return closed_errno(t);
		if ((state & BR_SSL_SENDREC) && push(t, io) == -1)
			return -1;
		p = br_ssl_engine_recvapp_buf(t->engine, &have);
		if (p != NULL) {
			n = n < have ? n : have;
			memcpy(to, p, n);
			br_ssl_engine_recvapp_ack(t->engine, n);
			return (ssize_t)n;
		}
		if (state & BR_SSL_SENDREC)
			continue;
		if (t->ahead_pos == t->ahead_end && read) {
			errno = EAGAIN;
			return -1;
		}
		read |= t->ahead_pos == t->ahead_end;
		r = pull(t, io);
		if (r <= 0)
			return r;
	}
}

/* Answers to what the peer sent beside its data go first. */
static ssize_t
write_some(struct tls *t, struct io *io, const void *from, size_t n)
{
	unsigned char *p;
	size_t room;

	if (push(t, io) == -1)
		return -1;
	p = br_ssl_engine_sendapp_buf(t->engine, &room);
	if (p == NULL) {
		errno = br_ssl_engine_last_error(t->engine) == BR_ERR_OK ?
		    EPIPE : EPROTO;
		return -1;
	}
	n = n < room ? n : room;
	memcpy(p, from, n);
	br_ssl_engine_sendapp_ack(t->engine, n);
	br_ssl_engine_flush(t->engine, 0);
	return push(t, io) == -1 ? -1 : (ssize_t)n;
}

static ssize_t
tls_read(struct io *io, void *p, size_t n)
{
	struct tls *t = io->transport_state;
	ssize_t r;

	t->busy = true;
	r = read_some(t, io, p, n);
	t->busy = false;
	return r;
}

static ssize_t
tls_write(struct io *io, const void *p, size_t n)
{
	struct tls *t = io->transport_state;
	ssize_t r;

	t->busy = true;
	r = write_some(t, io, p, n);
	t->busy = false;
	return r;
}

static bool
tls_holds(struct io *io)
{
	struct tls *t = io->transport_state;
	size_t n;

	return t->ahead_pos < t->ahead_end ||
	    br_ssl_engine_recvapp_buf(t->engine, &n) != NULL;
}

static const struct io_transport transport = {tls_read, tls_write, tls_holds};

/* After our close_notify: what comes is thrown away as it is, and nothing is
 * ever said in clear. */
static ssize_t
closed_read(struct io *io, void *p, size_t n)
{
	struct iovec v = {p, n};

	return io_raw_read(io, &v, 1);
}

static ssize_t
closed_write(struct io *io, const void *p, size_t n)
{
	(void)io;
	(void)p;
	(void)n;
	errno = EPIPE;
	return -1;
}

static const struct io_transport closed = {closed_read, closed_write, NULL};

static int
take_early(struct tls *t, struct io *io, enum tls_early early)
{
	struct span s = io_pending(io);

	t->ahead_pos = t->ahead_end = 0;
	if (early == TLS_TAKE && s.n > sizeof t->ahead) {
		errno = EPROTO;
		return -1;
	}
	if (early == TLS_TAKE) {
		memcpy(t->ahead, s.p, s.n);
		t->ahead_end = s.n;
	}
	io_take(io, s.n);
	return 0;
}

static int
shake(struct tls *t, struct io *io)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(t->engine);
		ssize_t n;

		if (state & BR_SSL_CLOSED) {
			/* A close_notify is no handshake either. */
			errno = EPROTO;
			return -1;
		}
		if (state & BR_SSL_SENDREC) {
			if (push(t, io) == -1)
				return -1;
			continue;
		}
		if (state & BR_SSL_SENDAPP)
			return 0;
		if (t->ahead_pos == t->ahead_end && io_raw_wait(io) == -1)
			return -1;
		n = pull(t, io);
		if (n == 0) {
			errno = ECONNRESET;
			return -1;
		}
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return -1;
	}
}

int
tls_handshake(struct tls *t, struct io *io, enum tls_early early)
{
	int r = io_flush(io);

	t->busy = true;
	if (r == 0)
		r = take_early(t, io, early);
	if (r == 0)
		r = shake(t, io);
	t->busy = false;
	if (r == -1) {
		/* Half a handshake is no place for a reply. */
		if (io->error == 0)
			io->error = errno;
		return -1;
	}
	io->transport = &transport;
	io->transport_state = t;
	return 0;
}

void
tls_close(struct tls *t, struct io *io)
{
	if (io->transport != &transport || io->transport_state != t)
		return;
	io_flush(io);
	if (io->error == 0) {
		br_ssl_engine_close(t->engine);
		if (push(t, io) == -1)
			io->error = errno;
	}
	io->transport = &closed;
}

bool
tls_busy(const struct tls *t)
{
	return t->busy;
}
