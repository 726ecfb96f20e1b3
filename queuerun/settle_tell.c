/* settle_tell: see settle_tell.h. */
#include "settle_tell.h"
#include "history.h"

void
settle_mark_told(struct settle *s, struct entry *e)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		if (e->out.env.rcpts[i].state == RCPT_FAILED &&
		    queue_out_mark(&e->out, i, RCPT_BOUNCED) == -1) {
			settle_trouble(s, e, "mark a recipient");
			return;
		}
	if (queue_out_sync(&e->out) == -1)
		settle_trouble(s, e, "make its marks durable");
}

/* The history of an entry that goes on: the bounce, and once more the last
 * line, by which it is found. */
static void
write_told(struct settle *s, struct entry *e, const char *id, int64_t now)
{
	buf_reset(&s->history);
	if (id[0] != '\0')
		history_put_report(&s->history, now, "bounce", id);
	history_put_due(&s->history, now, e->due, e->attempts);
	queue_history(s->q, e->out.name.id, buf_span(&s->history));
}

/*
 * The sender hears of those who are marked as failed, durably; only then are
 * they marked as told, or, with nobody left to try, the entry removed.
 */
static void
tell(struct settle *s, struct entry *e, int64_t now)
{
	bool over = e->verdict != VERDICT_DUE;
	char id[ID_SIZE];

	switch (bounce_failures(&s->bounce, e, now, id, &e->why_dead)) {
	case BOUNCE_TOLD:
		if (over) {
			e->verdict = VERDICT_REMOVE;
			return;
		}
		settle_mark_told(s, e);
		write_told(s, e, id, now);
		return;
	case BOUNCE_NOBODY:
		return;
	case BOUNCE_TROUBLE:
		settle_trouble(s, e, "tell its sender");
		if (over) {
			e->verdict = VERDICT_DUE;
			id[0] = '\0';
			write_told(s, e, id, now);
		}
		return;
	}
}

void
settle_tell(struct settle *s, struct entry *list, int64_t now)
{
	for (struct entry *e = list; e != NULL; e = e->next)
		if ((e->verdict == VERDICT_DUE ||
			e->verdict == VERDICT_FAILED ||
			e->verdict == VERDICT_EXPIRED) &&
		    judge_failed(e, VERDICT_LEAVE) > 0)
			tell(s, e, now);
}
