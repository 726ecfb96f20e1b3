/* history: see history.h. */
#include "history.h"
#include "log.h"

static const char *const outcome_words[] = {
    [RESULT_NONE] = "later",
    [RESULT_OK] = "ok",
    [RESULT_LATER] = "later",
    [RESULT_FAIL] = "fail",
    [RESULT_DISCARD] = "ok",
    [RESULT_UNTRIED] = "later",
    [RESULT_DEFERRED] = "later",
};

const char *
history_outcome(enum result_kind kind)
{
	return outcome_words[kind];
}

void
history_log_delivery(const struct entry *e, size_t i)
{
	const struct result *r = &e->results[i];
	struct log l;

	log_open_at(&l, r->kind == RESULT_FAIL ? LOG_WARNING : LOG_INFO,
	    "delivery");
	log_str(&l, "id", e->out.name.id);
	log_span(&l, "rcpt", e->out.env.rcpts[i].address);
	log_str(&l, "agent", r->agent);
	if (r->peer.n > 0)
		log_span(&l, "peer", r->peer);
	log_str(&l, "outcome", outcome_words[r->kind]);
	log_num(&l, "code", r->code);
	log_span(&l, "text", r->text);
	log_num(&l, "attempt", e->out.name.attempts + 1);
	log_printf(&l, "duration", "%lld.%03d", (long long)(r->ms / 1000),
	    (int)(r->ms % 1000));
	log_send(&l);
}

void
history_log_dead(const struct entry *e, struct span why)
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

static void
put_word(struct buf *out, struct span word)
{
	buf_putc(out, ' ');
	if (word.n == 0)
		buf_putc(out, '-');
	escape_put(out, word);
}

/* " key=value", nothing without a value. */
static void
put_pair(struct buf *out, const char *key, struct span value)
{
	if (value.n == 0)
		return;
	buf_putc(out, ' ');
	buf_puts(out, key);
	buf_putc(out, '=');
	escape_put(out, value);
}

void
history_put_attempt(struct buf *out, const struct entry *e, size_t i,
    int64_t now)
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
	put_pair(out, "peer", r->peer);
	buf_putc(out, '\n');
}

void
history_put_due(struct buf *out, int64_t now, int64_t due, unsigned attempts)
{
	buf_printf(out, "%lld due %010lld %u\n", (long long)now,
	    (long long)due, attempts);
}

void
history_put_deferred(struct buf *out, int64_t now, int64_t until,
    struct span text)
{
	buf_printf(out, "%lld deferred %010lld", (long long)now,
	    (long long)until);
	put_word(out, text);
	buf_putc(out, '\n');
}

void
history_put_dead(struct buf *out, int64_t now, struct span why)
{
	buf_putu(out, (uint64_t)now);
	buf_puts(out, " dead");
	put_word(out, why);
	buf_putc(out, '\n');
}

void
history_put_report(struct buf *out, int64_t now, const char *word,
    const char *id)
{
	buf_printf(out, "%lld %s %s\n", (long long)now, word, id);
}

void
history_put_hook(struct buf *out, int64_t now, const char *hook,
    const char *outcome, struct span place, struct span text)
{
	buf_putu(out, (uint64_t)now);
	buf_puts(out, " hook");
	put_word(out, span_of(hook));
	put_word(out, span_of(outcome));
	put_word(out, text);
	put_pair(out, "place", place);
	buf_putc(out, '\n');
}

void
history_put_operator(struct buf *out, int64_t now, const char *verb,
    struct span user)
{
	buf_putu(out, (uint64_t)now);
	buf_puts(out, " operator");
	put_word(out, span_of(verb));
	put_word(out, user);
	buf_putc(out, '\n');
}
