/*
 * settle: see settle.h. The order is the promise: history and marks, marks
 * durable, names, names durable. A SIGKILL between any two of them repeats an
 * attempt or a line of history, and loses nothing.
 */
#include "settle.h"
#include "settle_tell.h"
#include "clock.h"
#include "history.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
settle_init(struct settle *s, struct queue *q, const struct controls *c,
    const struct retry *retry, struct entries *entries,
    struct settle_counts *counts)
{
	*s = (struct settle){.q = q, .controls = c, .retry = *retry,
	    .entries = entries, .counts = counts, .next_due = INT64_MAX};
	bounce_init(&s->bounce, q, c);
	s->new_fd = -1;
}

void
settle_free(struct settle *s)
{
	if (s->new_fd != -1)
		close(s->new_fd);
	s->new_fd = -1;
	buf_free(&s->history);
	bounce_free(&s->bounce);
}

static void
count(uint64_t *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

void
settle_trouble(struct settle *s, const struct entry *e, const char *what)
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
dead_reason(struct entry *e, int64_t now)
{
	const char *why = e->why_dead;
	size_t failed = 0, n = e->out.env.nrcpts;

	for (size_t i = 0; i < n; i++)
		failed += e->out.env.rcpts[i].state == RCPT_FAILED;
	if (e->verdict == VERDICT_EXPIRED)
		return arena_printf(&e->out.arena,
		    "given up after %lld s and %u attempts, %zu of %zu "
		    "recipients undelivered; %s",
		    (long long)(now - e->out.env.received_us / 1000000),
		    e->out.name.attempts + 1, failed, n, why);
	return arena_printf(&e->out.arena,
	    "%zu of %zu recipients failed permanently; %s", failed, n, why);
}

static void
put_attempts(struct buf *out, const struct entry *e, int64_t now)
{
	const struct result *deferred = NULL;

	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		enum result_kind kind = e->results[i].kind;

		if (kind == RESULT_DEFERRED)
			deferred = &e->results[i];
		else if (kind != RESULT_NONE && kind != RESULT_UNTRIED)
			history_put_attempt(out, e, i, now);
	}
	if (deferred != NULL)
		history_put_deferred(out, now, e->deferred, deferred->text);
}

/*
 * What must be in the history before a mark is. When somebody failed the
 * reason is durable before the mark is, for a later run may have to tell it.
 */
static void
write_attempts(struct settle *s, struct entry *e, int64_t now)
{
	const char *id = e->out.name.id;
	struct buf *h = &s->history;

	buf_reset(h);
	put_attempts(h, e, now);
	if (e->verdict == VERDICT_DUE)
		history_put_due(h, now, e->due, e->attempts);
	if (judge_failed(e, (enum settle_verdict)e->verdict) == 0)
		queue_history(s->q, id, buf_span(h));
	else if (h->n > 0 &&
	    queue_history_durable(s->q, id, buf_span(h)) == -1)
		settle_trouble(s, e, "write its history");
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
			settle_trouble(s, e, "mark a recipient");
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

static void
set_due(struct settle *s, struct entry *e, const struct schedule *schedule,
    int64_t now)
{
	int64_t latest = now + schedule_horizon(s->controls, &s->retry);

	e->due = retry_due(&schedule->retry, span_of(e->out.name.id),
	    e->out.name.attempts + 1, now);
	e->attempts = e->out.name.attempts + 1;
	if (e->again != 0) {
		e->due = e->again;
	} else if (e->verdict == VERDICT_WAIT) {
		e->due = e->deferred;
		e->attempts--;
	}
	if (e->due > latest)
		e->due = latest;
}

/* hook.postdelivery has the last word on what is not delivered. */
static enum settle_verdict
judge(struct settle *s, struct entry *e, const struct schedule *schedule,
    int64_t now)
{
	enum settle_verdict v = judge_entry(e, now, schedule);

	if (s->stage == NULL || v == VERDICT_LEAVE || v == VERDICT_WAIT)
		return v;
	stage_postdelivery(s->stage, e, v == VERDICT_EXPIRED);
	v = judge_entry(e, now, schedule);
	return v == VERDICT_EXPIRED && e->keep ? VERDICT_DUE : v;
}

/* Before anything is durable; may turn the verdict into "leave". */
static void
prepare(struct settle *s, struct entry *e, int64_t now)
{
	struct schedule schedule;
	enum settle_verdict v;

	schedule_of(s->controls, &s->retry, &e->out.env, &e->out.arena,
	    &schedule);
	v = judge(s, e, &schedule, now);
	e->verdict = (int)v;
	e->why_dead = NULL;
	report(s, e);
	if (v == VERDICT_LEAVE) {
		count(&s->counts->untried);
		return;
	}
	bounce_successes(&s->bounce, e, now);
	if (v == VERDICT_REMOVE)
		return;
	set_due(s, e, &schedule, now);
	if (v == VERDICT_WAIT)
		e->verdict = (int)(v = VERDICT_DUE);
	if (v == VERDICT_DUE)
		bounce_delays(&s->bounce, e, now,
		    e->out.env.received_us / 1000000 + schedule.lifetime);
	write_attempts(s, e, now);
	if (write_marks(s, e, v) == -1)
		e->verdict = VERDICT_LEAVE;
}

/* It has been delivered and cannot be taken away: the marks keep it from
 * being delivered again. */
static void
mark_instead(struct settle *s, struct entry *e)
{
	settle_trouble(s, e, "remove it");
	if (write_marks(s, e, VERDICT_REMOVE) == 0)
		settle_mark_told(s, e);
}

static void
bury(struct settle *s, struct entry *e, struct span why, int64_t now)
{
	history_log_dead(e, why);
	buf_reset(&s->history);
	history_put_dead(&s->history, now, why);
	queue_history(s->q, e->out.name.id, buf_span(&s->history));
	if (queue_out_move(&e->out, "dead") == -1)
		settle_trouble(s, e, "move it to dead");
}

static void
finish(struct settle *s, struct entry *e, int64_t now)
{
	switch ((enum settle_verdict)e->verdict) {
	case VERDICT_LEAVE:
		break;
	case VERDICT_REMOVE:
		touch_dir(s, e->out.path);
		if (queue_out_remove(&e->out) == -1 && errno != ENOENT)
			mark_instead(s, e);
		break;
	case VERDICT_DUE:
	case VERDICT_WAIT:
		if (e->place != NULL) {
			(void)stage_put_away(s->stage, e);
			break;
		}
		if (queue_out_due(&e->out, e->due, e->attempts) == -1)
			settle_trouble(s, e, "give it its next time");
		else if (e->due < s->next_due)
			s->next_due = e->due;
		break;
	case VERDICT_FAILED:
	case VERDICT_EXPIRED:
		bury(s, e, dead_reason(e, now), now);
		break;
	}
}

void
settle_batch(struct settle *s, struct entry *list)
{
	int64_t now = clock_wall();
	struct entry *next;

	if (s->stage != NULL)
		for (struct entry *e = list; e != NULL; e = e->next)
			stage_delivered(s->stage, e);
	for (struct entry *e = list; e != NULL; e = e->next)
		prepare(s, e, now);
	for (struct entry *e = list; e != NULL; e = e->next)
		if (e->verdict != VERDICT_REMOVE &&
		    queue_out_sync(&e->out) == -1) {
			settle_trouble(s, e, "make its marks durable");
			e->verdict = VERDICT_LEAVE;
		}
	settle_tell(s, list, now);
	if (s->stage != NULL)
		for (struct entry *e = list; e != NULL; e = e->next)
			stage_record(s->stage, e, e->verdict == VERDICT_DUE);
	for (struct entry *e = list; e != NULL; e = e->next)
		finish(s, e, now);
	sync_dirs(s);
	for (struct entry *e = list; e != NULL; e = next) {
		next = e->next;
		if (s->stage != NULL)
			stage_leave(s->stage, e);
		entry_give_back(s->entries, e);
	}
}

void
settle_damaged(struct settle *s, struct entry *e, const char *why)
{
	struct span reason = arena_printf(&e->out.arena, "damaged: %s", why);

	bury(s, e, reason, clock_wall());
	entry_give_back(s->entries, e);
}
