/*
 * settle: see settle.h. The order is the promise: history and marks, marks
 * durable, names, names durable. A SIGKILL between any two of them repeats an
 * attempt or a line of history, and loses nothing.
 */
#include "settle.h"
#include "clock.h"
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

/* The state a result leads to. */
static char
state_after(const struct entry *e, size_t i, enum settle_verdict verdict)
{
	char state = e->out.env.rcpts[i].state;

	if (state != RCPT_OPEN)
		return state;
	switch (e->results[i].kind) {
	case RESULT_OK:
		return RCPT_DELIVERED;
	case RESULT_FAIL:
		return RCPT_FAILED;
	case RESULT_DISCARD:
		return RCPT_DISCARDED;
	default:
		return verdict == VERDICT_EXPIRED ? RCPT_FAILED : RCPT_OPEN;
	}
}

enum settle_verdict
settle_judge(const struct entry *e, int64_t now, int64_t lifetime)
{
	const struct envelope *env = &e->out.env;
	size_t open = 0, tried = 0, later = 0, failed = 0;

	for (size_t i = 0; i < env->nrcpts; i++) {
		char state = state_after(e, i, VERDICT_LEAVE);
		enum result_kind kind = e->results[i].kind;

		open += state == RCPT_OPEN;
		failed += state == RCPT_FAILED;
		tried += kind != RESULT_NONE && kind != RESULT_UNTRIED;
		later += kind == RESULT_LATER;
	}
	if (open == 0)
		return failed == 0 ? VERDICT_REMOVE : VERDICT_DEAD;
	if (tried == 0)
		return VERDICT_LEAVE;
	if (later > 0 && now - env->received_us / 1000000 > lifetime)
		return VERDICT_EXPIRED;
	return VERDICT_DUE;
}

static const char *const outcome_words[] = {
    [RESULT_OK] = "ok",
    [RESULT_LATER] = "later",
    [RESULT_FAIL] = "fail",
    [RESULT_DISCARD] = "ok",
    [RESULT_UNTRIED] = "later",
};

static void
log_delivery(const struct entry *e, size_t i)
{
	const struct result *r = &e->results[i];
	struct log l;

	log_open_at(&l, r->kind == RESULT_FAIL ? LOG_WARNING : LOG_INFO,
	    "delivery");
	log_str(&l, "id", e->out.name.id);
	log_span(&l, "rcpt", e->out.env.rcpts[i].address);
	log_str(&l, "agent", r->agent);
	log_str(&l, "outcome", outcome_words[r->kind]);
	log_num(&l, "code", r->code);
	log_span(&l, "text", r->text);
	log_num(&l, "attempt", e->out.name.attempts + 1);
	log_printf(&l, "duration", "%lld.%03d", (long long)(r->ms / 1000),
	    (int)(r->ms % 1000));
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
		log_delivery(e, i);
	}
}

static void
put_word(struct buf *out, struct span word)
{
	buf_putc(out, ' ');
	if (word.n == 0)
		buf_putc(out, '-');
	escape_put(out, word);
}

/* "TIME attempt NUMBER RCPT AGENT OUTCOME CODE ENHANCED TEXT" */
static void
put_attempt(struct buf *out, const struct entry *e, size_t i, int64_t now)
{
	const struct result *r = &e->results[i];

	buf_putu(out, (uint64_t)now);
	buf_puts(out, " attempt ");
	buf_putu(out, e->out.name.attempts + 1);
	put_word(out, e->out.env.rcpts[i].address);
	put_word(out, span_of(r->agent));
	put_word(out, span_of(outcome_words[r->kind]));
	buf_putc(out, ' ');
	buf_putu(out, (unsigned)r->code);
	put_word(out, r->enhanced);
	put_word(out, r->text);
	buf_putc(out, '\n');
}

static void
put_dead(struct buf *out, struct span why, int64_t now)
{
	buf_putu(out, (uint64_t)now);
	buf_puts(out, " dead");
	put_word(out, why);
	buf_putc(out, '\n');
}

static struct span
dead_reason(const struct settle *s, struct entry *e,
    enum settle_verdict verdict)
{
	size_t failed = 0, n = e->out.env.nrcpts;

	for (size_t i = 0; i < n; i++)
		failed += state_after(e, i, verdict) == RCPT_FAILED;
	if (verdict == VERDICT_EXPIRED)
		return arena_printf(&e->out.arena,
		    "older than queuelifetime (%lld s), %zu of %zu "
		    "recipients undelivered",
		    (long long)s->lifetime, failed, n);
	return arena_printf(&e->out.arena,
	    "%zu of %zu recipients failed permanently", failed, n);
}

static void
log_dead(const struct entry *e, struct span why)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "dead");
	log_str(&l, "id", e->out.name.id);
	if (e->results != NULL)
		log_span(&l, "sender", e->out.env.sender.n ?
			e->out.env.sender : SPAN("<>"));
	log_span(&l, "text", why);
	log_send(&l);
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
			put_attempt(h, e, i, now);
	if (verdict == VERDICT_DUE) {
		buf_printf(h, "%lld due %010lld %u\n", (long long)now,
		    (long long)due, e->out.name.attempts + 1);
	} else {
		struct span why = dead_reason(s, e, verdict);

		put_dead(h, why, now);
		log_dead(e, why);
	}
	queue_history(s->q, e->out.name.id, buf_span(h));
}

/* 0, or -1: the entry must stay where it is. */
static int
write_marks(struct settle *s, struct entry *e, enum settle_verdict verdict)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		char state = state_after(e, i, verdict);

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
	enum settle_verdict v = settle_judge(e, now, s->lifetime);

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

	log_dead(e, reason);
	buf_reset(&s->history);
	put_dead(&s->history, reason, clock_wall());
	queue_history(s->q, e->out.name.id, buf_span(&s->history));
	if (queue_out_move(&e->out, "dead") == -1)
		trouble(s, e, "move it to dead");
	entry_give_back(s->entries, e);
}
