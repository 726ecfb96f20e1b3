/* service_spamd: SpamAssassin's spamd, SPAMC/1.5. */
#include "service.h"
#include <math.h>
#include <stdlib.h>

static void
put_user(struct buf *b, struct span user)
{
	buf_puts(b, "User: ");
	for (size_t i = 0; i < user.n; i++)
		buf_putc(b, (unsigned char)user.p[i] < 0x20 ||
				user.p[i] == 0x7f ? '?' : user.p[i]);
	buf_puts(b, "\r\n");
}

void
service_spamd_ask(struct service_request *r, struct span user, bool symbols)
{
	struct buf *b = &r->head;

	buf_puts(b, symbols ? "SYMBOLS" : "CHECK");
	buf_puts(b, " SPAMC/1.5\r\nContent-length: ");
	buf_putu(b, r->size);
	buf_puts(b, "\r\n");
	if (user.p != NULL)
		put_user(b, user);
	buf_puts(b, "\r\n");
}

/* "-1.5": the C library would take more than that. */
static int
parse_number(struct span s, double *v)
{
	char text[32], *end;
	bool digit = false;

	if (s.n == 0 || s.n >= sizeof text)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		digit |= ascii_isdigit(s.p[i]);
		if (!ascii_isdigit(s.p[i]) && s.p[i] != '.' &&
		    (i > 0 || s.p[i] != '-'))
			return -1;
	}
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*v = strtod(text, &end);
	return digit && *end == '\0' && isfinite(*v) ? 0 : -1;
}

int
service_spamd_result(struct span value, bool *spam, double *score,
    double *threshold)
{
	struct span word;

	if (!span_cut(&value, ';', &word))
		return -1;
	word = span_trim(word);
	*spam = span_ieq(word, SPAN("true")) || span_ieq(word, SPAN("yes"));
	if (!*spam && !span_ieq(word, SPAN("false")) &&
	    !span_ieq(word, SPAN("no")))
		return -1;
	if (value.p == NULL || !span_cut(&value, '/', &word) ||
	    parse_number(span_trim(word), score) == -1 || value.p == NULL)
		return -1;
	return parse_number(span_trim(value), threshold);
}
