/* header: see header.h. header_next() and header_scan() follow one rule for
 * what is a field; the fuzz target holds them against each other. */
#include "header.h"
#include "utf8.h"

/* RFC 5322 3.6.8 ftext. */
static bool
is_ftext(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Octets up to and with the first CRLF; all of s when there is none. */
static size_t
line_length(struct span s)
{
	size_t i = 0;

	while ((i += span_chr(span_skip(s, i), '\r')) + 1 < s.n) {
		if (s.p[i + 1] == '\n')
			return i + 2;
		i++;
	}
	return s.n;
}

bool
header_next(struct span *rest, struct header_field *f)
{
	struct span s = *rest;
	size_t name = 0, colon, n;

	while (name < s.n && is_ftext(s.p[name]))
		name++;
	/* RFC 5322 4.5.3: "Subject : x" is obsolete, and a field. */
	for (colon = name; colon < s.n && is_blank(s.p[colon]); colon++)
		;
	if (name == 0 || colon == s.n || s.p[colon] != ':')
		return false;
	n = colon + line_length(span_skip(s, colon));
	while (n < s.n && is_blank(s.p[n]))
		n += line_length(span_skip(s, n));
	f->whole = span_head(s, n);
	f->name = span_head(s, name);
	f->value = span_skip(f->whole, colon + 1);
	n = f->value.n;
	if (n >= 2 && f->value.p[n - 2] == '\r' && f->value.p[n - 1] == '\n')
		f->value.n -= 2;
	*rest = span_skip(s, f->whole.n);
	return true;
}

struct span
header_unfold(struct span value, struct arena *a)
{
	char *p = arena_alloc(a, value.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		/* RFC 5322 2.2.3: a CRLF before a blank is not there. */
		if (c == '\r' && i + 2 < value.n && value.p[i + 1] == '\n' &&
		    is_blank(value.p[i + 2])) {
			i++;
			continue;
		}
		/* Any other would make a line of its own. */
		p[n++] = c == '\r' || c == '\n' ? ' ' : c;
	}
	p[n] = '\0';
	return span_trim(span_make(p, n));
}

size_t
header_length(struct span message)
{
	struct span rest = message;
	struct header_field f;

	while (header_next(&rest, &f))
		;
	return message.n - rest.n;
}

enum {
	LINE,	    /* at the start of the first line */
	NEXT_LINE,  /* at the start of a line after a field */
	NAME,
	NAME_BLANK, /* between name and colon */
	VALUE,
	VALUE_CR,   /* a CR of the value was the last octet */
};

static const char received[] = "received";
#define NO_MATCH 255

static void
count(struct header_scan *h, size_t n)
{
	h->field += n;
	h->block += n;
	if (h->field > h->longest)
		h->longest = h->field;
}

/* An octet of the name, or what ends it. Nothing is counted as header before
 * the colon is there: a line without one is no field. */
static void
scan_name(struct header_scan *h, char c)
{
	h->field++;
	if (c == ':' && h->state != LINE && h->state != NEXT_LINE) {
		uint64_t n = h->field;

		h->field = 0;
		count(h, n);
		h->received += h->match == sizeof received - 1;
		h->state = VALUE;
	} else if (is_ftext(c) && h->state != NAME_BLANK) {
		if (h->match < sizeof received - 1 &&
		    ascii_lower(c) == received[h->match])
			h->match++;
		else
			h->match = NO_MATCH;
		h->state = NAME;
	} else if (is_blank(c) && (h->state == NAME || h->state == NAME_BLANK)) {
		h->state = NAME_BLANK;
	} else {
		h->done = true;
	}
}

void
header_scan(struct header_scan *h, struct span s)
{
	size_t n;

	while (s.n > 0 && !h->done) {
		n = 1;
		switch (h->state) {
		case NEXT_LINE:
			if (is_blank(s.p[0])) {
				h->state = VALUE;
				continue;
			}
			h->field = 0;
			h->match = 0;
			/* FALLTHROUGH */
		case LINE:
		case NAME:
		case NAME_BLANK:
			scan_name(h, s.p[0]);
			break;
		case VALUE_CR:
			if (s.p[0] != '\n') {
				h->state = VALUE;
				continue;
			}
			count(h, 1);
			h->state = NEXT_LINE;
			break;
		default:
			n = span_chr(s, '\r');
			if (n < s.n) {
				n++;
				h->state = VALUE_CR;
			}
			count(h, n);
			h->eight_bit = h->eight_bit ||
			    utf8_needed(span_head(s, n));
			break;
		}
		s = span_skip(s, n);
	}
}
