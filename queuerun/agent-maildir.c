/*
 * agent-maildir: delivers into Maildirs. Each message is one file
 * (maildir_text), written to tmp/, made durable, renamed to new/; files of
 * many jobs share the syncs (maildir_batch). Here is decided where it goes
 * and what is answered: never a bounce for trouble of ours.
 */
#include "agent.h"
#include "die.h"
#include "maildir.h"
#include "maildir_batch.h"
#include "maildir_text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW	(2 * MAILDIR_BATCH)
#define DIR_AGE 1000 /* ms after which a Maildir is looked for again */

/* What is kept of a job until its last recipient is answered. */
struct progress {
	size_t left;	/* recipients without an answer, and deliver() */
	bool too_many;	/* Delivered-To fields */
	bool *loops;	/* of each recipient: it had this message already */
};

static struct span bare; /* the path that "maildir:" means */
static struct buf host;
static struct maildir_dirs dirs;
static struct maildir_batch batch;
static struct maildir_text text;
static struct buf path;	 /* of the recipient's Maildir */
static struct buf name;	 /* of its file */

static void
release(struct agent *a, struct agent_job *job)
{
	struct progress *p = job->own;

	if (--p->left == 0)
		agent_job_free(a, job);
}

static void
fail(struct agent *a, struct agent_job *job, size_t rcpt, int code,
    const char *enhanced, struct span why)
{
	agent_done(a, job, rcpt, OUTCOME_FAIL, code, enhanced, why);
	release(a, job);
}

/* Our trouble, with errno's text. */
static void
later(struct agent *a, struct agent_job *job, size_t rcpt, const char *doing,
    struct span where, int error)
{
	int code = 451;
	const char *enhanced = "4.3.0";

	if (error == ENOSPC || error == EDQUOT) {
		code = 452;
		enhanced = error == EDQUOT ? "4.2.2" : "4.3.1";
	}
	agent_done(a, job, rcpt, OUTCOME_LATER, code, enhanced,
	    arena_printf(&job->arena, "cannot %s %.*s: %s", doing,
		SPAN_ARG(where), strerror(error)));
	release(a, job);
}

static void
settle(struct agent *a)
{
	maildir_batch_settle(&batch);
	for (size_t i = 0; i < batch.n; i++) {
		struct maildir_item *item = &batch.v[i];
		struct agent_job *job = item->owner;
		struct span where = arena_printf(&job->arena, "%s/new/%s",
		    item->dir->path.p, item->name);

		if (item->error != 0) {
			later(a, job, item->rcpt, item->doing, where,
			    item->error);
			continue;
		}
		agent_done(a, job, item->rcpt, OUTCOME_OK, 250, "2.0.0",
		    arena_printf(&job->arena, "delivered to %.*s",
			SPAN_ARG(where)));
		release(a, job);
	}
	maildir_batch_reset(&batch);
}

/* The Maildir at path; a full house is emptied first. */
static enum maildir_dir_result
open_dir(struct agent *a, size_t fixed, struct maildir_dir **dir)
{
	bool create = a->controls.maildircreate;
	enum maildir_dir_result r;

	for (int tries = 0;; tries++) {
		r = maildir_dir_open(&dirs, buf_span(&path), fixed, create,
		    dir);
		if (tries > 0 || (r != MAILDIR_DIR_FULL &&
		    !(r == MAILDIR_DIR_ERROR &&
		    (errno == EMFILE || errno == ENFILE))))
			return r;
		settle(a);
		maildir_dirs_close(&dirs, 0);
	}
}

/*
 * A new file in tmp. What stands there under our name is what an agent that
 * was killed has left: nobody else writes it, since the entry is locked.
 */
static enum maildir_dir_result
open_tmp(struct agent *a, size_t fixed, struct maildir_dir **dir, int *fd)
{
	bool leftover = false;
	enum maildir_dir_result r;

	for (int tries = 0; tries < 4; tries++) {
		r = open_dir(a, fixed, dir);
		if (r != MAILDIR_DIR)
			return r;
		if (leftover && unlinkat((*dir)->tmp, buf_cstr(&name), 0) ==
		    -1 && errno != ENOENT)
			break;
		*fd = openat((*dir)->tmp, buf_cstr(&name), O_WRONLY | O_CREAT |
		    O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (*fd != -1)
			return MAILDIR_DIR;
		if (errno == EEXIST) {
			/* It may be in the batch: the same recipient twice. */
			settle(a);
			leftover = true;
		} else if (errno == EMFILE || errno == ENFILE) {
			settle(a);
			maildir_dirs_close(&dirs, 0);
		} else if (errno == ENOENT || errno == ESTALE) {
			maildir_dir_forget(*dir); /* moved away, removed */
		} else {
			break;
		}
	}
	return MAILDIR_DIR_ERROR;
}

/* Writes one recipient's file and puts it into the batch. */
static void
deliver_file(struct agent *a, struct agent_job *job, size_t rcpt,
    size_t fixed)
{
	struct maildir_dir *dir = NULL;
	struct maildir_item *item;
	int fd = -1, e;

	switch (open_tmp(a, fixed, &dir, &fd)) {
	case MAILDIR_DIR:
		break;
	case MAILDIR_DIR_ABSENT:
		fail(a, job, rcpt, 550, "5.1.1", SPAN("no such Maildir"));
		return;
	case MAILDIR_DIR_FULL:
	case MAILDIR_DIR_ERROR:
		later(a, job, rcpt, "use", buf_span(&path), errno);
		return;
	}
	if (maildir_text_write(&text, job, rcpt, fd) == -1) {
		e = errno;
		unlinkat(dir->tmp, buf_cstr(&name), 0);
		close(fd);
		later(a, job, rcpt, "write", buf_span(&path), e);
		return;
	}
	item = maildir_batch_add(&batch, dir, buf_cstr(&name), fd);
	item->owner = job;
	item->rcpt = rcpt;
	if (batch.n == MAILDIR_BATCH)
		settle(a);
}

static void
deliver_one(struct agent *a, struct agent_job *job, size_t rcpt,
    struct span template)
{
	const struct progress *p = job->own;
	const struct agent_rcpt *r = &job->rcpts[rcpt];
	const char *why;
	size_t fixed = 0;

	if (p->loops[rcpt] || p->too_many) {
		fail(a, job, rcpt, 554, "5.4.6",
		    p->loops[rcpt] ? SPAN("mail loop: it was delivered to "
					  "this address before") :
				     SPAN("mail loop: too many Delivered-To"));
		return;
	}
	switch (maildir_path(template, r->address, a->controls.me,
	    &job->arena, &path, &fixed, &why)) {
	case MAILDIR_PATH:
		break;
	case MAILDIR_PATH_ADDRESS:
		fail(a, job, rcpt, 550, "5.1.1", span_of(why));
		return;
	case MAILDIR_PATH_CONFIG:
		agent_done(a, job, rcpt, OUTCOME_LATER, 451, "4.3.5",
		    arena_printf(&job->arena, "%s: %.*s", why,
			SPAN_ARG(template)));
		release(a, job);
		return;
	}
	maildir_name(job->env.received_us / 1000000, job->id, r->number,
	    r->address, buf_span(&host), &name);
	deliver_file(a, job, rcpt, fixed);
}

static void
deliver(struct agent *a, struct agent_job *job)
{
	struct span prefix = SPAN("maildir:"), template;
	struct progress *p = arena_zalloc(&job->arena, sizeof *p);

	if (!span_istarts(job->route, prefix)) {
		agent_done_all(a, job, OUTCOME_LATER, 451, "4.3.5",
		    arena_printf(&job->arena, "not a route to a Maildir: %.*s",
			SPAN_ARG(job->route)));
		agent_job_free(a, job);
		return;
	}
	template = span_skip(job->route, prefix.n);
	if (template.n == 0)
		template = bare;
	job->own = p;
	p->loops = arena_zalloc(&job->arena, job->nrcpts * sizeof *p->loops);
	p->left = job->nrcpts + 1;
	if (batch.n == 0)
		maildir_dirs_close(&dirs, DIR_AGE);
	if (maildir_text_load(&text, job, p->loops, &p->too_many) == -1) {
		int e = errno;

		for (size_t i = 0; i < job->nrcpts; i++)
			later(a, job, i, "read entry", job->id, e);
	} else {
		for (size_t i = 0; i < job->nrcpts; i++)
			deliver_one(a, job, i, template);
	}
	release(a, job);
}

/* Idle, it lets go of the directories: somebody may want to unmount them. */
static int
poll_fd(struct agent *a, clock_ms *deadline)
{
	(void)a;
	if (maildir_dirs_any(&dirs))
		*deadline = clock_deadline(DIR_AGE);
	return -1;
}

static void
ready(struct agent *a)
{
	(void)a;
	maildir_dirs_close(&dirs, 0);
}

/* As the text of a template. */
static void
put_literal(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%')
			buf_putc(out, '%');
		buf_putc(out, s.p[i]);
	}
}

/* QUEUEDIR/../maildir/%d/%u, from wherever we were started. */
static struct span
beside_queue(const struct controls *c)
{
	struct buf b = {0};
	struct span dir = span_of(c->queuedir);
	char *cwd = NULL;

	if (dir.n == 0 || dir.p[0] != '/') {
		if ((cwd = getcwd(NULL, 0)) == NULL)
			die_temp_errno("getcwd");
		put_literal(&b, span_of(cwd));
		buf_putc(&b, '/');
		free(cwd);
	}
	put_literal(&b, dir);
	buf_puts(&b, "/../maildir/%d/%u");
	return buf_span(&b);
}

static void
start(struct agent *a)
{
	umask(077);
	maildir_dirs_init(&dirs);
	maildir_host(a->controls.me, &host);
	bare = a->controls.maildir.n ? a->controls.maildir :
				       beside_queue(&a->controls);
}

int
main(int argc, char **argv)
{
	static const struct agent_type type = {
	    .name = "agent-maildir",
	    .doc = "Delivers into Maildirs, for queuerun.",
	    .window = WINDOW,
	    .start = start,
	    .deliver = deliver,
	    .settle = settle,
	    .poll_fd = poll_fd,
	    .ready = ready,
	};

	return agent_main(argc, argv, &type);
}
