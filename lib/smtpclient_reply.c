/* smtpclient_reply: see smtpclient_wire.h. */
#include "smtpclient_wire.h"

static int
code_of(struct span s)
{
	int code = 0;

	if (s.n < 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (!ascii_isdigit(s.p[i]))
			return 0;
		code = code * 10 + (s.p[i] - '0');
	}
	return code >= 200 && code <= 599 ? code : 0;
}

static const char *
check_line(const struct smtpclient_reply *r, struct span line)
{
	int code = code_of(line);

	if (r->lines >= SMTPCLIENT_LINES ||
	    r->octets + line.n > SMTPCLIENT_REPLY)
		return "a reply without end";
	if (code == 0)
		return "no code of 200 to 599";
	if (r->lines > 0 && code != r->code)
		return "codes differ";
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return "no space or '-' after the code";
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '\r' || line.p[i] == '\n' ||
		    line.p[i] == '\0')
			return "bare CR or LF, or a NUL";
	return NULL;
}

int
smtpclient_reply_line(struct smtpclient_reply *r, struct span line)
{
	if ((r->wrong = check_line(r, line)) != NULL)
		return -1;
	if (r->lines > 0)
		buf_putc(r->text, '\n');
	r->code = code_of(line);
	r->lines++;
	r->octets += line.n;
	for (size_t i = 4; i < line.n; i++) {
		unsigned char u = (unsigned char)line.p[i];

		buf_putc(r->text, (u < 0x20 && u != '\t') || u == 0x7f ?
			'?' : line.p[i]);
	}
	return line.n > 3 && line.p[3] == '-' ? 0 : 1;
}

/* The length of the enhanced code that line begins with, or 0. */
static size_t
enhanced_length(int code, struct span line)
{
	size_t n = span_chr(line, ' ');

	if (n >= SMTPCLIENT_ENHANCED_TEXT ||
	    !reply_enhanced_valid(span_head(line, n)) ||
	    line.p[0] - '0' != code / 100)
		return 0;
	return n;
}

void
smtpclient_reply_enhanced(int code, struct buf *text,
    char out[SMTPCLIENT_ENHANCED_TEXT])
{
	struct span rest = buf_span(text), line;
	size_t n = enhanced_length(code, span_head(rest, span_chr(rest, '\n')));
	size_t to = 0;

	memset(out, 0, SMTPCLIENT_ENHANCED_TEXT);
	if (n == 0)
		return;
	memcpy(out, rest.p, n);
	while (span_cut(&rest, '\n', &line)) {
		/* RFC 2034 4: in each line, the same. */
		if (enhanced_length(code, line) == n &&
		    memcmp(line.p, out, n) == 0)
			line = span_skip(line, n + 1);
		memmove(text->p + to, line.p, line.n);
		to += line.n;
		if (rest.p != NULL)
			text->p[to++] = '\n';
	}
	text->n = to;
}
