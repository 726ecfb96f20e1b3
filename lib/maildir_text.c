/* maildir_text: see maildir_text.h. */
#include "maildir_text.h"
#include "file.h"
#include "maildir.h"
#include <errno.h>
#include <sys/uio.h>

#define PIECE 32768 /* octets worth a write of their own */

/* Looks for the recipients in the Delivered-To fields of a piece. */
static void
find_loops(const struct agent_job *job, struct delivered_to *d,
    struct span piece, bool *loops, bool *too_many)
{
	struct span value;

	while (delivered_to_next(d, &piece, &value)) {
		if (d->count > MAILDIR_LOOPS_MAX) {
			*too_many = true;
			d->done = true;
		}
		for (size_t i = 0; i < job->nrcpts; i++)
			if (span_eq(job->rcpts[i].address, value))
				loops[i] = true;
	}
}

int
maildir_text_load(struct maildir_text *t, const struct agent_job *job,
    bool *loops, bool *too_many)
{
	struct delivered_to d = {0};
	struct span piece;
	bool cr = false;
	int r = 1;

	buf_reset(&t->text);
	compose_start(&t->compose, job->fd, job->size, job->whole, &job->env);
	while ((job->whole != NULL || !d.done) &&
	    (r = compose_next(&t->compose, &piece)) == 1) {
		find_loops(job, &d, piece, loops, too_many);
		if (job->whole != NULL)
			crlf_to_lf(piece, &cr, &t->text);
	}
	if (cr)
		buf_putc(&t->text, '\r');
	compose_end(&t->compose);
	return r == -1 ? -1 : 0;
}

/* One line of ours must stay one line, whatever a script made of it. */
static void
put_address(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool control = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f;

		buf_putc(out, control ? '?' : s.p[i]);
	}
}

static void
make_head(struct buf *out, const struct agent_job *job, size_t rcpt)
{
	buf_reset(out);
	buf_puts(out, "Return-Path: <");
	put_address(out, job->sender);
	buf_puts(out, ">\nDelivered-To: ");
	put_address(out, job->rcpts[rcpt].address);
	buf_putc(out, '\n');
}

static int
write_small(const struct maildir_text *t, int fd)
{
	struct span head = buf_span(&t->head), text = buf_span(&t->text);
	struct iovec v[2] = {{t->head.p, head.n}, {t->text.p, text.n}};
	ssize_t n;

	do
		n = writev(fd, v, text.n > 0 ? 2 : 1);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if ((size_t)n < head.n) {
		if (file_write_all(fd, span_skip(head, (size_t)n)) == -1)
			return -1;
		n = (ssize_t)head.n;
	}
	return file_write_all(fd, span_skip(text, (size_t)n - head.n));
}

void
maildir_text_start(struct maildir_text *t, const struct agent_job *job,
    size_t rcpt)
{
	make_head(&t->head, job, rcpt);
	t->small = job->whole != NULL;
	t->next = TEXT_HEAD;
	t->cr = false;
	if (!t->small)
		compose_start(&t->compose, job->fd, job->size, NULL, &job->env);
}

/* A piece of a large message. */
static int
next_large(struct maildir_text *t, struct span *piece)
{
	struct span composed;
	int r = 1;

	buf_reset(&t->text);
	while (t->text.n < PIECE &&
	    (r = compose_next(&t->compose, &composed)) == 1)
		crlf_to_lf(composed, &t->cr, &t->text);
	if (r == 1) {
		*piece = buf_span(&t->text);
		return 1;
	}
	compose_end(&t->compose);
	t->next = TEXT_END;
	if (r == -1)
		return -1;
	if (t->cr)
		buf_putc(&t->text, '\r');
	*piece = buf_span(&t->text);
	return t->text.n > 0;
}

int
maildir_text_next(struct maildir_text *t, struct span *piece)
{
	switch (t->next) {
	case TEXT_HEAD:
		*piece = buf_span(&t->head);
		t->next = t->small ? TEXT_SMALL : TEXT_LARGE;
		return 1;
	case TEXT_SMALL:
		*piece = buf_span(&t->text);
		t->next = TEXT_END;
		return piece->n > 0;
	case TEXT_LARGE:
		return next_large(t, piece);
	case TEXT_END:
		break;
	}
	return 0;
}

static int
write_large(struct maildir_text *t, int fd)
{
	struct span piece;
	int r;

	while ((r = maildir_text_next(t, &piece)) == 1)
		if (file_write_all(fd, piece) == -1)
			break;
	compose_end(&t->compose);
	return r == 0 ? 0 : -1;
}

int
maildir_text_write(struct maildir_text *t, const struct agent_job *job,
    size_t rcpt, int fd)
{
	maildir_text_start(t, job, rcpt);
	return t->small ? write_small(t, fd) : write_large(t, fd);
}
