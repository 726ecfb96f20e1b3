/* edits: see edits.h. */
#include "edits.h"

#define LINE	 78  /* RFC 5322 2.1.1: where a line should be folded */
#define LINE_MAX 998 /* and where it must */

/* --- checking and folding --- */

static bool
name_valid(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == ':')
			return false;
	return name.n > 0 && name.n <= 76;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Only a CRLF that begins a fold, and a fold that holds something: an empty
 * one would be taken for the end of the header by half the world. */
static const char *
check_value(struct span v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c == '\r' && i + 2 < v.n && v.p[i + 1] == '\n' &&
		    is_blank(v.p[i + 2])) {
			struct span line = span_skip(v, i + 2);

			line = span_head(line, span_chr(line, '\r'));
			if (span_trim(line).n == 0)
				return "a fold that holds only blanks";
			i++;
			continue;
		}
		if (c == '\r' || c == '\n')
			return "a line break that is no fold";
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return "a control character";
	}
	return NULL;
}

/* Where the line at the start of s is to be broken: at a blank near the
 * limit; s.n when it need not or cannot be. */
static size_t
break_at(struct span s, size_t room)
{
	size_t best = s.n;

	if (s.n <= room)
		return s.n;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_blank(s.p[i]) || is_blank(s.p[i - 1]))
			continue;
		if (i > room && best != s.n)
			break;
		best = i;
		if (i > room)
			break;
	}
	/* What would stand alone behind it must be more than blanks. */
	return span_trim(span_skip(s, best)).n > 0 ? best : s.n;
}

/* One line of a value, folded. -1 when it cannot be short enough. */
static int
put_line(struct buf *out, struct span line, size_t used)
{
	while (line.n > 0) {
		size_t n = break_at(line, LINE > used ? LINE - used : 1);

		if (used + n > LINE_MAX)
			return -1;
		buf_put(out, span_head(line, n));
		line = span_skip(line, n);
		if (line.n > 0)
			buf_puts(out, "\r\n");
		used = 0;
	}
	return 0;
}

/* "Name: value", folded, into e's arena. */
static const char *
make_field(struct edits *e, struct span name, struct span value,
    struct span *field)
{
	struct buf b = {0};
	const char *why;
	struct span line;
	size_t used = name.n + 2;
	int fits = 0;

	if (!name_valid(name))
		return "not a field name";
	value = span_trim(value);
	if (value.n + name.n > EDITS_TEXT_MAX)
		return "too long";
	if ((why = check_value(value)) != NULL)
		return why;
	buf_put(&b, name);
	buf_puts(&b, ": ");
	while (fits == 0 && value.n > 0) {
		line = span_head(value, span_chr(value, '\r'));
		fits = put_line(&b, line, used);
		value = span_skip(value, line.n + 2);
		if (value.n > 0)
			buf_puts(&b, "\r\n");
		used = 0;
	}
	*field = arena_dup(e->arena, buf_span(&b));
	buf_free(&b);
	return fits == 0 ? NULL : "a word too long for a line";
}

/* --- the list --- */

static void
insert(struct edits *e, size_t at, struct envelope_edit edit)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct envelope_edit *v =
		    arena_alloc(e->arena, cap * sizeof *v);

		if (e->n > 0)
			memcpy(v, e->v, e->n * sizeof *v);
		e->v = v;
		e->cap = cap;
	}
	memmove(e->v + at + 1, e->v + at, (e->n - at) * sizeof *e->v);
	e->v[at] = edit;
	e->n++;
	e->changes++;
}

static const char *
put_edit(struct edits *e, size_t at, struct envelope_edit edit)
{
	if (e->n >= EDITS_MAX)
		return "too many edits";
	insert(e, at, edit);
	return NULL;
}

void
edits_put(struct edits *e, struct envelope_edit edit)
{
	insert(e, edit.kind == EDIT_PREPEND ? 0 : e->n, edit);
}

static void
drop_edit(struct edits *e, size_t at)
{
	e->n--;
	e->changes++;
	memmove(e->v + at, e->v + at + 1, (e->n - at) * sizeof *e->v);
}

const char *
edits_add(struct edits *e, enum edit_kind kind, struct span name,
    struct span value)
{
	struct envelope_edit edit = {.kind = kind};
	const char *why = make_field(e, name, value, &edit.text);

	if (why != NULL)
		return why;
	return put_edit(e, kind == EDIT_PREPEND ? 0 : e->n, edit);
}

/* --- the header as it will leave --- */

/* A field of it: one of ours (edit), or the message's (number). */
struct place {
	struct span whole;
	size_t edit;	 /* index, or e->n */
	uint64_t number; /* of the message's field, 0 for one of ours */
};

static size_t
find_edit(const struct edits *e, uint64_t number)
{
	size_t i = 0;

	while (i < e->n && e->v[i].field != number)
		i++;
	return i;
}

/* The next of our own fields of the kind at hand. */
static bool
next_own(struct edits_walk *w, struct place *p)
{
	while (w->next < w->e->n) {
		size_t i = w->next++;

		if (w->e->v[i].kind != w->kind)
			continue;
		*p = (struct place){w->e->v[i].text, i, 0};
		return true;
	}
	return false;
}

/* The next of the message's fields that is not removed. */
static bool
next_received(struct edits_walk *w, struct place *p)
{
	struct header_field f;

	while (header_next(&w->rest, &f)) {
		size_t i = find_edit(w->e, ++w->number);

		if (i < w->e->n && w->e->v[i].kind == EDIT_REMOVE)
			continue;
		*p = (struct place){i < w->e->n ? w->e->v[i].text : f.whole,
		    i, w->number};
		return true;
	}
	return false;
}

static bool
next_place(struct edits_walk *w, struct place *p)
{
	if (w->kind == EDIT_PREPEND) {
		if (next_own(w, p))
			return true;
		w->kind = EDIT_REPLACE;
	}
	if (w->kind == EDIT_REPLACE) {
		if (next_received(w, p))
			return true;
		w->kind = EDIT_APPEND;
		w->next = 0;
	}
	return next_own(w, p);
}

void
edits_start(struct edits_walk *w, const struct edits *e, struct span header)
{
	*w = (struct edits_walk){e, header, EDIT_PREPEND, 0, 0};
}

bool
edits_next(struct edits_walk *w, struct header_field *f)
{
	struct place p;
	struct span text;

	while (next_place(w, &p)) {
		text = p.whole;
		if (header_next(&text, f))
			return true;
	}
	return false;
}

/* The n-th field of that name. */
static bool
find_place(const struct edits *e, struct span header, struct span name,
    unsigned n, struct place *p, struct span *value)
{
	struct edits_walk w;
	struct header_field f;

	edits_start(&w, e, header);
	while (next_place(&w, p)) {
		struct span text = p->whole;

		if (!header_next(&text, &f) || !span_ieq(f.name, name) ||
		    --n > 0)
			continue;
		*value = f.value;
		return true;
	}
	return false;
}

bool
edits_find(const struct edits *e, struct span header, struct span name,
    unsigned n, struct span *value)
{
	struct place p;

	if (n == 0 || !find_place(e, header, name, n, &p, value))
		return false;
	*value = span_trim(*value);
	return true;
}

const char *
edits_modify(struct edits *e, struct span header, struct span name,
    unsigned n, struct span value, unsigned *count)
{
	struct span field, old;
	const char *why = make_field(e, name, value, &field);
	struct place p;

	*count = 0;
	if (why != NULL)
		return why;
	if (n == 0 || !find_place(e, header, name, n, &p, &old))
		return NULL;
	*count = 1;
	if (p.edit < e->n) {
		e->v[p.edit].text = field;
		e->changes++;
		return NULL;
	}
	return put_edit(e, e->n, (struct envelope_edit){EDIT_REPLACE,
	    p.number, field});
}

static const char *
delete_place(struct edits *e, const struct place *p)
{
	if (p->number == 0) {
		drop_edit(e, p->edit);
		return NULL;
	}
	if (p->edit < e->n) {
		e->changes++;
		e->v[p->edit].kind = EDIT_REMOVE;
		e->v[p->edit].text = span_of(NULL);
		return NULL;
	}
	return put_edit(e, e->n, (struct envelope_edit){EDIT_REMOVE,
	    p->number, {"", 0}});
}

const char *
edits_delete(struct edits *e, struct span header, struct span name,
    unsigned n, unsigned *count)
{
	const char *why = NULL;
	struct place p;
	struct span value;

	*count = 0;
	while (why == NULL &&
	    find_place(e, header, name, n == 0 ? 1 : n, &p, &value)) {
		why = delete_place(e, &p);
		if (why == NULL)
			++*count;
		if (n != 0)
			break;
	}
	return why;
}
