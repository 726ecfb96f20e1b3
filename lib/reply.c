/* reply: see reply.h. */
#include "reply.h"

/* One octet of a reply's text may be anything printable, or a tab: the line
 * structure is not the text's to make. */
static bool
is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* The code at the start of s, or 0. */
static int
code_of(struct span s)
{
	int code;

	if (s.n < 3 || !ascii_isdigit(s.p[0]) || !ascii_isdigit(s.p[1]) ||
	    !ascii_isdigit(s.p[2]))
		return 0;
	code = (s.p[0] - '0') * 100 + (s.p[1] - '0') * 10 + (s.p[2] - '0');
	return code >= 200 && code <= 599 ? code : 0;
}

/* Looks at one line, without its CRLF, and appends its text. */
static const char *
parse_line(struct span line, int *code, struct buf *store)
{
	int c = code_of(line);

	if (line.n > REPLY_LINE_MAX)
		return "line too long";
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\r' || line.p[i] == '\n')
			return "bare CR or LF";
		if (is_control(line.p[i]))
			return "control character";
	}
	if (c == 0)
		return "no code of 200 to 599";
	if (*code != 0 && c != *code)
		return "codes differ";
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return "no space or '-' after the code";
	if (*code != 0)
		buf_putc(store, '\n');
	*code = c;
	buf_put(store, span_skip(line, 4));
	return NULL;
}

static size_t
find_crlf(struct span s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		i += span_chr(span_skip(s, i), '\r');
		if (i + 1 < s.n && s.p[i + 1] == '\n')
			return i;
	}
	return s.n;
}

const char *
reply_parse(struct span s, struct buf *store, struct reply *r)
{
	const char *wrong;
	int code = 0;

	buf_reset(store);
	if (s.n > REPLY_MAX)
		return "too long";
	do {
		size_t n = find_crlf(s);

		/* '-' or ' ' is rewritten when it is sent: a script may say
		 * "250 a", "250 b" and means one reply. */
		if ((wrong = parse_line(span_head(s, n), &code, store)) != NULL)
			return wrong;
		s = span_skip(s, n + 2);
	} while (s.n > 0);
	*r = (struct reply){code, NULL, buf_span(store), false};
	return NULL;
}

bool
reply_enhanced_valid(struct span s)
{
	struct span part;
	int parts = 0;

	while (span_cut(&s, '.', &part)) {
		if (part.n == 0 || part.n > 3 || ++parts > 3)
			return false;
		for (size_t i = 0; i < part.n; i++)
			if (!ascii_isdigit(part.p[i]))
				return false;
		/* RFC 3463 2: no leading zeros, class 2, 4 or 5. */
		if (part.n > 1 && part.p[0] == '0')
			return false;
		if (parts == 1 && (part.n != 1 || strchr("245", *part.p) == NULL))
			return false;
	}
	return parts == 3;
}

const char *
reply_enhanced_default(int code)
{
	switch (code / 100) {
	case 2:
		return "2.0.0";
	case 4:
		return "4.3.0";
	case 5:
		return "5.0.0";
	default:
		return NULL;
	}
}

/* How much of the text still fits into a line with room octets: all, or as
 * much as does not cut a character of UTF-8 in two. */
static size_t
fitting(struct span text, size_t room)
{
	size_t n = room;

	if (text.n <= room)
		return text.n;
	while (n > room - 3 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return ((unsigned char)text.p[n] & 0xc0) == 0x80 ? room : n;
}

static void
put_line(int code, bool last, struct span enhanced, struct span text,
    struct buf *out)
{
	buf_putu(out, (unsigned)code);
	buf_putc(out, last ? ' ' : '-');
	if (enhanced.n > 0) {
		buf_put(out, enhanced);
		buf_putc(out, ' ');
	}
	for (size_t i = 0; i < text.n; i++)
		buf_putc(out, is_control(text.p[i]) ? '?' : text.p[i]);
	buf_puts(out, "\r\n");
}

void
reply_format(struct reply r, struct buf *out)
{
	struct span enhanced = span_of(r.enhanced), text = r.text, line;
	size_t room;

	/* What is no reply is a fault of ours, and that is temporary. */
	if (r.code < 200 || r.code > 599)
		r.code = 451;
	/* RFC 2034 4: with 2xx, 4xx and 5xx only, and of the same class. */
	if (!reply_enhanced_valid(enhanced) ||
	    enhanced.p[0] - '0' != r.code / 100)
		enhanced = span_of(NULL);
	room = REPLY_LINE_MAX - 4 - (enhanced.n ? enhanced.n + 1 : 0);
	if (text.p == NULL)
		text = span_of(NULL);
	while (span_cut(&text, '\n', &line)) {
		do {
			size_t n = fitting(line, room);
			bool last = text.p == NULL && n == line.n;

			put_line(r.code, last, enhanced, span_head(line, n),
			    out);
			line = span_skip(line, n);
		} while (line.n > 0);
	}
}
