/* bounce_ask: the script's say about a report before it is written
 * (hook.bounce). What it may not say is left out and logged: a report goes
 * out all the same. */
#include "bounce.h"
#include "log.h"
#include "stage.h"
#include "utf8.h"

#define LINE_MAX 998 /* RFC 5322 2.1.1 */

static struct span
recipients(const struct report *r, struct arena *a)
{
	struct buf list = {0};
	struct span result;

	for (size_t i = 0; i < r->nrcpts; i++) {
		if (i > 0)
			buf_putc(&list, '\n');
		buf_put(&list, r->rcpts[i].address);
	}
	result = arena_dup(a, buf_span(&list));
	buf_free(&list);
	return result;
}

/* "Name: value", and nothing that a report has already. */
static bool
is_field(struct span line, bool utf8)
{
	static const char *const ours[] = {"Date", "From", "To", "Subject",
	    "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
	    "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
	struct span name = span_head(line, span_chr(line, ':'));

	if (name.n == 0 || name.n == line.n || line.n > LINE_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (span_ieq(name, span_of(ours[i])))
			return false;
	return utf8 || !utf8_needed(line);
}

static void
take_headers(struct report *r, struct span lines)
{
	struct span line;

	buf_reset(&r->headers);
	while (lines.n > 0 && span_cut(&lines, '\n', &line)) {
		if (!is_field(line, r->utf8)) {
			log_warn("hook-error", "hook.bounce: no field for a "
			    "report: %.*s",
			    SPAN_ARG(span_head(line, 100)));
			continue;
		}
		buf_put(&r->headers, line);
		buf_puts(&r->headers, "\r\n");
	}
}

bool
bounce_ask(struct bounce *b, struct entry *e, struct report *r)
{
	struct stage_report report = {r->subject, buf_span(&r->text),
	    {"", 0}};
	struct span text;

	if (b->stage == NULL)
		return true;
	report.text = text = arena_dup(&e->out.arena, buf_span(&r->text));
	if (!stage_bounce(b->stage, e, recipients(r, &e->out.arena), &report))
		return false;
	r->subject = report.subject;
	if (report.text.p != text.p) {
		buf_reset(&r->text);
		buf_put(&r->text, report.text);
		if (r->text.n > 0 && r->text.p[r->text.n - 1] != '\n')
			buf_putc(&r->text, '\n');
	}
	if (report.headers.n > 0)
		take_headers(r, report.headers);
	return true;
}
