/* mime_decode: contents without their transfer encoding (mime.h). */
#include "mime.h"

/* 0 to 63, -1 for what is no code, -2 for the padding. */
static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_isdigit(c))
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return c == '=' ? -2 : -1;
}

/* Decodes to out, or only counts where it is NULL. Groups that end early are
 * complete; what follows a padding is decoded, too, as readers do. */
static uint64_t
base64(struct span s, struct buf *out)
{
	uint64_t n = 0;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < s.n; i++) {
		int v = base64_value(s.p[i]);

		if (v == -2)
			bits = have = 0;
		if (v < 0)
			continue;
		bits = (bits << 6 | (unsigned)v) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		n++;
		if (out != NULL)
			buf_putc(out, (char)(bits >> have & 255));
	}
	return n;
}

static uint64_t
put(struct buf *out, struct span s)
{
	if (out != NULL)
		buf_put(out, s);
	return s.n;
}

/* One line of quoted-printable without its end (RFC 2045 6.7). */
static uint64_t
qp_line(struct span line, struct buf *out)
{
	uint64_t n = 0;
	size_t from = 0;

	for (size_t i = 0; i < line.n; i++) {
		int hi, lo;
		char c;

		if (line.p[i] != '=' || i + 2 >= line.n)
			continue;
		hi = ascii_hex(line.p[i + 1]);
		lo = ascii_hex(line.p[i + 2]);
		if (hi < 0 || lo < 0)
			continue;
		n += put(out, span_make(line.p + from, i - from));
		c = (char)(hi << 4 | lo);
		n += put(out, span_make(&c, 1));
		i += 2;
		from = i + 1;
	}
	return n + put(out, span_skip(line, from));
}

static uint64_t
quoted_printable(struct span s, struct buf *out)
{
	uint64_t n = 0;

	while (s.n > 0) {
		size_t end = span_chr(s, '\n');
		struct span line = span_head(s, end);
		bool more = end < s.n, soft;

		s = span_skip(s, end + 1);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		/* Blanks before the end are somebody else's. */
		while (line.n > 0 && (line.p[line.n - 1] == ' ' ||
		    line.p[line.n - 1] == '\t'))
			line.n--;
		soft = line.n > 0 && line.p[line.n - 1] == '=';
		if (soft)
			line.n--;
		n += qp_line(line, out);
		if (more && !soft)
			n += put(out, SPAN("\r\n"));
	}
	return n;
}

static uint64_t
decode(const struct mime_part *p, struct buf *out)
{
	switch (p->encoding) {
	case MIME_BASE64:
		return base64(p->body, out);
	case MIME_QP:
		return quoted_printable(p->body, out);
	default:
		return put(out, p->body);
	}
}

uint64_t
mime_size(const struct mime_part *part)
{
	return decode(part, NULL);
}

void
mime_content(const struct mime_part *part, struct buf *out)
{
	decode(part, out);
}
