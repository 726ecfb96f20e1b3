/* escape: see escape.h. */
#include "escape.h"

static bool
is_plain(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f && c != '%';
}

void
escape_put(struct buf *out, struct span s)
{
	static const char hex[] = "0123456789ABCDEF";

	while (s.n > 0) {
		size_t i = 0;

		while (i < s.n && is_plain(s.p[i]))
			i++;
		buf_put(out, span_head(s, i));
		if (i < s.n) {
			unsigned char c = (unsigned char)s.p[i++];
			char three[3] = {'%', hex[c >> 4], hex[c & 15]};

			buf_put(out, span_make(three, 3));
		}
		s = span_skip(s, i);
	}
}

int
escape_undo(struct span s, struct arena *a, struct span *out)
{
	return escape_undo_mark('%', s, a, out);
}

int
escape_undo_mark(char mark, struct span s, struct arena *a, struct span *out)
{
	char *p;
	size_t n = 0;

	if (span_chr(s, mark) == s.n) {
		*out = s;
		return 0;
	}
	p = arena_alloc(a, s.n);
	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (s.p[i] != mark) {
			p[n++] = s.p[i];
			continue;
		}
		if (i + 2 >= s.n || (high = ascii_hex(s.p[i + 1])) == -1 ||
		    (low = ascii_hex(s.p[i + 2])) == -1)
			return -1;
		p[n++] = (char)(high << 4 | low);
		i += 2;
	}
	*out = span_make(p, n);
	return 0;
}
