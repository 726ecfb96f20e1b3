/*
 * report_text: what a report says to people (report.h). A bounce is in the
 * form that list managers have read since qmail (QSBMF): a first paragraph
 * that begins with "Hi. This is the", one paragraph for each address that
 * begins with it in brackets, and one that begins with dashes. The others must
 * not look like it.
 */
#include "report.h"
#include "clock.h"

#define COLUMNS 76

/* Wrapped at blanks; blanks at either end of a line are lost. */
static void
put_wrapped(struct buf *out, struct span s)
{
	struct span word;
	size_t column = 0;

	while (span_word(&s, &word)) {
		while (word.n > COLUMNS * 10) {
			buf_put(out, span_head(word, COLUMNS * 10));
			buf_putc(out, '\n');
			word = span_skip(word, COLUMNS * 10);
		}
		if (column > 0 && column + 1 + word.n > COLUMNS) {
			buf_putc(out, '\n');
			column = 0;
		} else if (column > 0) {
			buf_putc(out, ' ');
			column++;
		}
		buf_put(out, word);
		column += word.n;
	}
	buf_putc(out, '\n');
}

/* No line of an answer is one of ours: an empty one would end the paragraph,
 * and so a line end in it is a blank. */
static void
put_said(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_putc(out, text.p[i] == '\n' || text.p[i] == '\r' ? ' ' :
								       text.p[i]);
}

static void
put_rcpt(struct buf *out, const struct report_rcpt *t)
{
	struct buf line = {0};

	buf_putc(out, '<');
	put_said(out, t->address);
	buf_puts(out, ">:\n");
	if (t->peer.n > 0) {
		put_said(&line, t->peer);
		buf_puts(&line, t->smtp ? " said: " : ": ");
	}
	if (t->smtp && t->code != 0)
		buf_printf(&line, "%03d ", t->code);
	put_said(&line, t->text);
	if (t->status.n > 0)
		buf_printf(&line, " (#%.*s)", SPAN_ARG(t->status));
	put_wrapped(out, buf_span(&line));
	buf_free(&line);
	if (t->expired)
		buf_puts(out, "I'm not going to try again; this message has "
			      "been in the queue too long.\n");
	buf_putc(out, '\n');
}

static void
put_first(struct report *r)
{
	char date[CLOCK_RFC5322];
	struct buf *out = &r->text;

	switch (r->kind) {
	case REPORT_FAILED:
		buf_printf(out, "Hi. This is the smtpe program at %.*s.\n",
		    SPAN_ARG(r->me));
		buf_puts(out, "I'm afraid I wasn't able to deliver your "
			      "message to the following addresses.\n"
			      "This is a permanent error; I've given up. "
			      "Sorry it didn't work out.\n\n");
		break;
	case REPORT_DOUBLE:
		buf_printf(out, "Hi. This is the smtpe program at %.*s.\n",
		    SPAN_ARG(r->me));
		buf_puts(out, "I tried to deliver a bounce message to this "
			      "address, but the bounce bounced!\n\n");
		break;
	case REPORT_DELAYED:
		buf_printf(out, "A warning from the smtpe program at %.*s: "
				"nothing is lost yet.\n",
		    SPAN_ARG(r->me));
		buf_printf(out, "Your message is still on its way to the "
				"following addresses. I will try\nuntil %s; "
				"you need not send it again.\n\n",
		    clock_format_rfc5322(r->until, date));
		break;
	case REPORT_DONE:
		buf_printf(out, "The smtpe program at %.*s reports success, "
				"as you asked for.\n\n",
		    SPAN_ARG(r->me));
		break;
	}
}

static void
put_done(struct buf *out, const struct report_rcpt *t)
{
	buf_putc(out, '<');
	put_said(out, t->address);
	if (strcmp(t->action, "relayed") == 0)
		buf_puts(out, "> was handed to a server that reports nothing "
			      "further.\n\n");
	else
		buf_puts(out, "> was delivered.\n\n");
}

void
report_words(struct report *r)
{
	static const char *const subjects[] = {
	    [REPORT_FAILED] = "failure notice",
	    [REPORT_DOUBLE] = "failure notice",
	    [REPORT_DELAYED] = "delay notice",
	    [REPORT_DONE] = "delivery notice",
	};

	r->subject = span_of(subjects[r->kind]);
	buf_reset(&r->text);
	put_first(r);
	for (size_t i = 0; i < r->nrcpts; i++) {
		if (r->kind == REPORT_DONE)
			put_done(&r->text, &r->rcpts[i]);
		else
			put_rcpt(&r->text, &r->rcpts[i]);
	}
	buf_puts(&r->text, r->whole ?
		"--- Below this line is a copy of the message.\n" :
		"--- Below this line is the header of the message.\n");
}
