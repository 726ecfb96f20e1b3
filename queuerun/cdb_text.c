/* cdb_text: see cdb_text.h. */
#include "cdb_text.h"
#include "cdb_access.h"
#include <stdint.h>
#include <stdlib.h>

static int
wrong(struct buf *err, const char *file, size_t line, const char *text)
{
	buf_printf(err, "%s:%zu: %s", file, line, text);
	return -1;
}

static bool
has_controls(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == 0x7f)
			return true;
	return false;
}

static struct span
lower(struct arena *a, struct span s)
{
	struct span copy = arena_dup(a, s);
	char *p = (char *)(uintptr_t)copy.p;

	for (size_t i = 0; i < copy.n; i++)
		p[i] = ascii_lower(p[i]);
	return copy;
}

static void
add(struct cdb_text *t, struct cdb_record r)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 1024;
		struct cdb_record *v =
		    arena_alloc(&t->arena, cap * sizeof *v);

		if (t->n > 0)
			memcpy(v, t->v, t->n * sizeof *v);
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = r;
}

/* A line of whatever kind: NULL, or what is wrong with it. */
static const char *
parse(struct cdb_text *t, struct span line, struct span *key,
    struct span *value)
{
	if (t->access)
		return cdb_access_line(line, &t->arena, key, value);
	*key = line;
	*value = line;
	if (t->list)
		*value = span_of(NULL);
	else if (!span_cut(value, ':', key) || value->p == NULL)
		return "no ':' between key and value";
	*key = span_trim(*key);
	if (key->n == 0)
		return "no key";
	if (!t->keep_case)
		*key = lower(&t->arena, *key);
	*value = span_trim(*value);
	return NULL;
}

int
cdb_text_add(struct cdb_text *t, const char *file, struct span text,
    struct buf *err)
{
	struct span line, key, value;
	const char *why;

	for (size_t n = 1; span_cut(&text, '\n', &line); n++) {
		if (line.n > 0 && line.p[0] == '#')
			continue;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = span_trim(line);
		if (line.n == 0)
			continue;
		if (has_controls(line))
			return wrong(err, file, n, "control character");
		if ((why = parse(t, line, &key, &value)) != NULL)
			return wrong(err, file, n, why);
		add(t, (struct cdb_record){key, value, file, n});
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct cdb_record *x = *(const struct cdb_record *const *)a;
	const struct cdb_record *y = *(const struct cdb_record *const *)b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int r = memcmp(x->key.p, y->key.p, n);

	if (r == 0 && x->key.n != y->key.n)
		r = x->key.n < y->key.n ? -1 : 1;
	/* In the order in which they stood. */
	return r != 0 ? r : (x < y ? -1 : x > y);
}

int
cdb_text_check(struct cdb_text *t, struct buf *err)
{
	const struct cdb_record **v =
	    arena_alloc(&t->arena, (t->n + 1) * sizeof *v);

	for (size_t i = 0; i < t->n; i++)
		v[i] = &t->v[i];
	qsort(v, t->n, sizeof *v, compare);
	for (size_t i = 1; i < t->n; i++)
		if (span_eq(v[i - 1]->key, v[i]->key)) {
			buf_printf(err, "%s:%zu: %.*s stands in %s:%zu "
			    "already", v[i]->file, v[i]->line,
			    SPAN_ARG(span_head(v[i]->key, 200)),
			    v[i - 1]->file, v[i - 1]->line);
			return -1;
		}
	return 0;
}
