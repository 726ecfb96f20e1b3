/*
 * settle: see settle.h. The order is the promise: history and marks, marks
 * durable, names, names durable. A SIGKILL between any two of them repeats an
 * attempt or a line of history, and loses nothing.
 */
#include "settle.h"
#include "clock.h"
#include "history.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
settle_init(struct settle *s, struct queue *q, struct entries *entries,
    struct settle_counts *counts)
{
	*s = (struct settle){.q = q, .entries = entries, .counts = counts};
	s->new_fd = -1;
}

void
settle_free(struct settle *s)
{
	if (s->new_fd != -1)
		close(s->new_fd);
	s->new_fd = -1;
	buf_free(&s->history);
}

static void
count(uint64_t *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

static void
trouble(struct settle *s, const struct entry *e, const char *what)
{
	struct log l;
	int error = errno;

	count(&s->counts->trouble);
	log_open_at(&l, LOG_ERR, "queue-trouble");
	log_str(&l, "name", e->out.path);
	log_str(&l, "what", what);
	log_str(&l, "text", strerror(error));
	log_send(&l);
}

static void
report(struct settle *s, const struct entry *e)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		switch (e->results[i].kind) {
		case RESULT_OK:
		case RESULT_DISCARD:
			count(&s->counts->delivered);
			break;
		case RESULT_FAIL:
			count(&s->counts->failed);
			break;
		case RESULT_LATER:
			count(&s->counts->later);
			break;
		default:
			continue;
		}
		history_log_delivery(e, i);
	}
}

static struct span
dead_reason(const struct settle *s, struct entry *e,
    enum settle_verdict verdict)
{
	size_t failed = 0, n = e->out.env.nrcpts;

	for (size_t i = 0; i < n; i++)
		failed += judge_state(e, i, verdict) == RCPT_FAILED;
	if (verdict == VERDICT_EXPIRED)
		return arena_printf(&e->out.arena,
		    "older than queuelifetime (%lld s), %zu of %zu "
		    "recipients undelivered",
		    (long long)s->lifetime, failed, n);
	return arena_printf(&e->out.arena,
	    "%zu of %zu recipients failed permanently", failed, n);
}

/* Everything that must be in the history before the entry moves. */
static void
write_history(struct settle *s, struct entry *e, enum settle_verdict verdict,
    int64_t now, int64_t due)
{
	struct buf *h = &s->history;

	buf_reset(h);
	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		if (e->results[i].kind != RESULT_NONE &&
		    e->results[i].kind != RESULT_UNTRIED)
			history_put_attempt(h, e, i, now);
	if (verdict == VERDICT_DUE) {
		history_put_due(h, now, due, e->out.name.attempts + 1);
	} else {
		struct span why = dead_reason(s, e, verdict);

		history_put_dead(h, now, why);
		history_log_dead(e, why);
	}
	queue_history(s->q, e->out.name.id, buf_span(h));
}

/* 0, or -1: the entry must stay where it is. */
static int
write_marks(struct settle *s, struct entry *e, enum settle_verdict verdict)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		char state = judge_state(e, i, verdict);

		if (state == e->out.env.rcpts[i].state)
			continue;
		if (queue_out_mark(&e->out, i, state) == -1) {
			trouble(s, e, "mark a recipient");
			return -1;
		}
	}
	return 0;
}

/* dir is where the entry was: "new" or "due/BBBBBBBB". */
static void
touch_dir(struct settle *s, const char *path)
{
	size_t n = span_rchr(span_of(path), '/');
	char *dir;

	if (strncmp(path, "new/", 4) == 0) {
		s->new_touched = true;
		return;
	}
	for (size_t i = 0; i < s->ndirs; i++)
		if (strncmp(s->dirs[i], path, n) == 0 && s->dirs[i][n] == '\0')
			return;
	/* A directory too many is made durable a little earlier. */
	if (s->ndirs == SETTLE_DIRS)
		queue_sync_dir(s->q, s->dirs[--s->ndirs]);
	dir = s->dirs[s->ndirs++];
	memcpy(dir, path, n);
	dir[n] = '\0';
}

static int
sync_new(struct settle *s)
{
	if (s->new_fd == -1)
		s->new_fd = openat(s->q->fd, "new",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->new_fd == -1 ? -1 : fsync(s->new_fd);
}

/* The removals of the batch become durable. */
static void
sync_dirs(struct settle *s)
{
	if (s->new_touched && sync_new(s) == -1) {
		count(&s->counts->trouble);
		log_warn("queue-trouble", "fsync of new: %s", strerror(errno));
	}
	s->new_touched = false;
	while (s->ndirs > 0) {
		const char *dir = s->dirs[--s->ndirs];

		/* An empty bucket may be gone already. */
		if (queue_sync_dir(s->q, dir) == -1 && errno != ENOENT) {
			count(&s->counts->trouble);
			log_warn("queue-trouble", "fsync of %s: %s", dir,
			    strerror(errno));
		}
	}
}

/* What happens before the names change; may turn the verdict into "leave". */
static enum settle_verdict
prepare(struct settle *s, struct entry *e, int64_t now, int64_t *due)
{
	enum settle_verdict v = judge_entry(e, now, s->lifetime);

	report(s, e);
	if (v == VERDICT_LEAVE)
		count(&s->counts->untried);
	if (v == VERDICT_LEAVE || v == VERDICT_REMOVE)
		return v;
	*due = retry_due(&s->retry, span_of(e->out.name.id),
	    e->out.name.attempts + 1, now);
	write_history(s, e, v, now, *due);
	return write_marks(s, e, v) == -1 ? VERDICT_LEAVE : v;
}

/* It has been delivered and cannot be taken away: the marks keep it from
 * being delivered again. */
static void
mark_instead(struct settle *s, struct entry *e)
{
	trouble(s, e, "remove it");
	if (write_marks(s, e, VERDICT_REMOVE) == 0 &&
	    queue_out_sync(&e->out) == -1)
		trouble(s, e, "make its marks durable");
}

static void
finish(struct settle *s, struct entry *e, enum settle_verdict v, int64_t due)
{
	switch (v) {
	case VERDICT_LEAVE:
		break;
	case VERDICT_REMOVE:
		touch_dir(s, e->out.path);
		if (queue_out_remove(&e->out) == -1 && errno != ENOENT)
			mark_instead(s, e);
		break;
	case VERDICT_DUE:
		if (queue_out_due(&e->out, due, e->out.name.attempts + 1) ==
		    -1)
			trouble(s, e, "give it its next time");
		break;
	case VERDICT_DEAD:
	case VERDICT_EXPIRED:
		if (queue_out_move(&e->out, "dead") == -1)
			trouble(s, e, "move it to dead");
		break;
	}
}

void
settle_batch(struct settle *s, struct entry *list)
{
	int64_t now = clock_wall();
	struct entry *next;

	for (struct entry *e = list; e != NULL; e = e->next)
		e->verdict = (int)prepare(s, e, now, &e->due);
	for (struct entry *e = list; e != NULL; e = e->next)
		if (queue_out_sync(&e->out) == -1)
			trouble(s, e, "make its marks durable");
	for (struct entry *e = list; e != NULL; e = e->next)
		finish(s, e, (enum settle_verdict)e->verdict, e->due);
	sync_dirs(s);
	for (struct entry *e = list; e != NULL; e = next) {
		next = e->next;
		entry_give_back(s->entries, e);
	}
}

void
settle_damaged(struct settle *s, struct entry *e, const char *why)
{
	struct span reason = arena_printf(&e->out.arena, "damaged: %s", why);

	history_log_dead(e, reason);
	buf_reset(&s->history);
	history_put_dead(&s->history, clock_wall(), reason);
	queue_history(s->q, e->out.name.id, buf_span(&s->history));
	if (queue_out_move(&e->out, "dead") == -1)
		trouble(s, e, "move it to dead");
	entry_give_back(s->entries, e);
}
