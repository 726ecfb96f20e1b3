/* pem: see pem.h. */
#include "pem.h"
#include "base64.h"

static const struct span begin = SPAN_LIT("-----BEGIN ");
static const struct span end = SPAN_LIT("-----END ");
static const struct span dashes = SPAN_LIT("-----");

static bool
starts(struct span s, struct span with)
{
	return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

/* The next line without its end; blanks at its end do not count. */
static bool
next_line(struct span *rest, struct span *line)
{
	if (rest->n == 0)
		return false;
	span_cut(rest, '\n', line);
	if (rest->p == NULL)
		*rest = span_make("", 0);
	while (line->n > 0 && (unsigned char)line->p[line->n - 1] <= ' ')
		line->n--;
	return true;
}

/* "-----BEGIN X-----": X. */
static bool
label_of(struct span line, struct span with, struct span *label)
{
	if (!starts(line, with) || line.n < with.n + dashes.n ||
	    !span_eq(span_skip(line, line.n - dashes.n), dashes))
		return false;
	*label = span_head(span_skip(line, with.n),
	    line.n - with.n - dashes.n);
	return true;
}

int
pem_next(struct span *rest, struct span *label, struct buf *der)
{
	struct span line, closing;
	struct buf digits = {0};
	int result = -1;

	do
		if (!next_line(rest, &line))
			return 0;
	while (!label_of(line, begin, label));
	while (next_line(rest, &line)) {
		if (starts(line, dashes)) {
			if (label_of(line, end, &closing) &&
			    span_eq(closing, *label))
				result = base64_decode(buf_span(&digits), der);
			break;
		}
		buf_put(&digits, line);
	}
	/* It may have been a key. */
	if (digits.n > 0)
		explicit_bzero(digits.p, digits.n);
	buf_free(&digits);
	return result == 0 ? 1 : -1;
}
