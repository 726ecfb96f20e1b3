/* report: see report.h. The text for people is report_text.c's. */
#include "report.h"
#include "clock.h"
#include "utf8.h"

#define FOLD	  72  /* columns after which a field is folded at a blank */
#define FOLD_HARD 900 /* octets after which it is folded anywhere */

/* As one line of a field: no controls, and no octet that may not be there. */
static void
put_clean(struct buf *out, struct span s, bool utf8)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);
		bool good = n == 1 ? s.p[0] >= ' ' && s.p[0] != 0x7f :
				     n > 1 && utf8;

		if (n == 0)
			n = 1;
		if (good)
			buf_put(out, span_head(s, n));
		else
			buf_putc(out, s.p[0] == '\t' ? ' ' : '?');
		s = span_skip(s, n);
	}
}

/* The same with folds, so that no line is too long (RFC 5322 2.1.1). */
static void
put_folded(struct buf *out, struct span s, size_t column, bool utf8)
{
	struct buf clean = {0};
	struct span rest;

	put_clean(&clean, s, utf8);
	rest = buf_span(&clean);
	while (rest.n > 0) {
		size_t n = span_chr(span_skip(rest, 1), ' ') + 1;

		if (n > FOLD_HARD) {
			n = FOLD_HARD;
			/* Not inside a character. */
			while (n > 1 && ((unsigned char)rest.p[n] & 0xc0) ==
			    0x80)
				n--;
		}
		if (column + n > FOLD && column > 1) {
			buf_puts(out, "\r\n\t");
			column = 8;
			if (rest.p[0] == ' ') {
				rest = span_skip(rest, 1);
				n--;
			}
		}
		buf_put(out, span_head(rest, n));
		column += n;
		rest = span_skip(rest, n);
	}
	buf_free(&clean);
}

static void
put_field(struct buf *out, const char *name, struct span value, bool utf8)
{
	buf_puts(out, name);
	buf_puts(out, ": ");
	put_folded(out, value, strlen(name) + 2, utf8);
	buf_puts(out, "\r\n");
}

static void
put_date(struct buf *out, const char *name, int64_t seconds)
{
	char date[CLOCK_RFC5322];

	buf_printf(out, "%s: %s\r\n", name,
	    clock_format_rfc5322(seconds, date));
}

static void
put_boundary(struct buf *out, const struct report *r)
{
	/* Nobody who wrote the message could know this id. */
	buf_printf(out, "=_%s", r->id);
}

static void
put_encoding(struct buf *out, bool eight)
{
	buf_puts(out, eight ? "Content-Transfer-Encoding: 8bit\r\n" :
			      "Content-Transfer-Encoding: 7bit\r\n");
}

static void
put_header(struct buf *out, const struct report *r, bool eight)
{
	put_date(out, "Date", r->now);
	buf_puts(out, "From: Mail Delivery System <");
	put_clean(out, r->from, r->utf8);
	buf_puts(out, ">\r\nTo: <");
	put_clean(out, r->to, r->utf8);
	buf_puts(out, ">\r\n");
	put_field(out, "Subject", r->subject, r->utf8);
	buf_printf(out, "Message-ID: <%s@", r->id);
	put_clean(out, r->me, r->utf8);
	buf_puts(out, ">\r\n");
	if (r->reply_to_id.n > 0) {
		put_field(out, "In-Reply-To", r->reply_to_id, r->utf8);
		put_field(out, "References", r->reply_to_id, r->utf8);
	}
	/* RFC 3834 5: no program answers this. */
	buf_puts(out, "Auto-Submitted: auto-replied\r\n");
	buf_put(out, buf_span(&r->headers));
	buf_puts(out, "MIME-Version: 1.0\r\n"
		      "Content-Type: multipart/report; "
		      "report-type=delivery-status;\r\n\tboundary=\"");
	put_boundary(out, r);
	buf_puts(out, "\"\r\n");
	put_encoding(out, eight);
	buf_puts(out, "\r\nThis is a report in the form of RFC 3464.\r\n");
}

static void
put_part(struct buf *out, const struct report *r, const char *type,
    bool eight)
{
	buf_puts(out, "\r\n--");
	put_boundary(out, r);
	buf_printf(out, "\r\nContent-Type: %s\r\n", type);
	put_encoding(out, eight);
	buf_puts(out, "\r\n");
}

static void
put_text(struct buf *out, struct span text)
{
	struct span line;

	/* The last line's end gives no line more. */
	while (text.n > 0 && span_cut(&text, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		put_clean(out, line, true);
		buf_puts(out, "\r\n");
	}
}

/* "smtp; 550 5.1.1 no such user" (RFC 3464 2.3.6) */
static void
put_diagnostic(struct buf *out, const struct report_rcpt *t, bool utf8)
{
	struct buf text = {0};

	if (t->code == 0 && t->text.n == 0)
		return;
	buf_puts(&text, t->smtp ? "smtp; " : "x-smtpe; ");
	if (t->code != 0)
		buf_printf(&text, "%03d ", t->code);
	buf_put(&text, t->text);
	put_field(out, "Diagnostic-Code", buf_span(&text), utf8);
	buf_free(&text);
}

/* "dns; mx.example.net": what stands before the address of "host[ip]". */
static void
put_remote(struct buf *out, struct span peer, bool utf8)
{
	struct span host = span_head(peer, span_chr(peer, '['));
	struct buf text = {0};

	if (peer.n == 0)
		return;
	buf_puts(&text, "dns; ");
	buf_put(&text, host.n > 0 ? host : peer);
	put_field(out, "Remote-MTA", buf_span(&text), utf8);
	buf_free(&text);
}

static void
put_rcpt_status(struct buf *out, const struct report *r,
    const struct report_rcpt *t)
{
	struct buf address = {0};

	buf_puts(out, "\r\n");
	dsn_put_original(&t->dsn, r->utf8, &address);
	if (address.n > 0)
		put_field(out, "Original-Recipient", buf_span(&address),
		    r->utf8);
	buf_reset(&address);
	dsn_put_address(t->address, r->utf8, &address);
	put_field(out, "Final-Recipient", buf_span(&address), r->utf8);
	buf_free(&address);
	buf_printf(out, "Action: %s\r\n", t->action);
	put_field(out, "Status", t->status, false);
	put_remote(out, t->peer, r->utf8);
	/* Of a success only what another server said: what our own agents say
	 * (a path, a broker) is for our log. */
	if (r->kind != REPORT_DONE || t->smtp)
		put_diagnostic(out, t, r->utf8);
	if (t->tried != 0)
		put_date(out, "Last-Attempt-Date", t->tried);
	put_field(out, "Final-Log-ID", r->about, false);
	if (r->kind == REPORT_DELAYED)
		put_date(out, "Will-Retry-Until", r->until);
}

static void
put_status(struct buf *out, const struct report *r)
{
	struct buf text = {0};

	if (r->envid.p != NULL)
		put_field(out, "Original-Envelope-Id", r->envid, r->utf8);
	buf_puts(&text, "dns; ");
	buf_put(&text, r->me);
	put_field(out, "Reporting-MTA", buf_span(&text), r->utf8);
	buf_free(&text);
	put_date(out, "Arrival-Date", r->arrived);
	for (size_t i = 0; i < r->nrcpts; i++)
		put_rcpt_status(out, r, &r->rcpts[i]);
}

static const char *
original_type(const struct report *r)
{
	if (r->utf8)
		return r->whole ? "message/global" : "message/global-headers";
	return r->whole ? "message/rfc822" : "text/rfc822-headers";
}

void
report_begin(const struct report *r, struct buf *out)
{
	struct buf status = {0}, text = {0};
	bool eight_text, eight_status;

	put_text(&text, buf_span(&r->text));
	put_status(&status, r);
	eight_text = utf8_needed(buf_span(&text));
	eight_status = utf8_needed(buf_span(&status));
	put_header(out, r, r->eight || eight_text || eight_status);
	put_part(out, r, eight_text ? "text/plain; charset=utf-8" :
				      "text/plain; charset=us-ascii",
	    eight_text);
	buf_put(out, buf_span(&text));
	put_part(out, r, r->utf8 ? "message/global-delivery-status" :
				   "message/delivery-status", eight_status);
	buf_put(out, buf_span(&status));
	put_part(out, r, original_type(r), r->eight);
	buf_free(&status);
	buf_free(&text);
}

void
report_end(const struct report *r, struct buf *out)
{
	buf_puts(out, "\r\n--");
	put_boundary(out, r);
	buf_puts(out, "--\r\n");
}

void
report_free(struct report *r)
{
	buf_free(&r->text);
	buf_free(&r->headers);
}
