/* compose: see compose.h. */
#include "compose.h"
#include "die.h"
#include "file.h"
#include "header.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER_MAX (64u << 20) /* of a header that is edited in place */

void
compose_start(struct compose *c, int fd, uint64_t size, const char *whole,
    const struct envelope *env)
{
	c->fd = fd;
	c->pos = 0;
	c->end = size;
	c->env = env;
	c->whole = whole;
	c->head_done = false;
	buf_reset(&c->head);
}

static void
put_field(struct buf *out, struct span text)
{
	buf_put(out, text);
	buf_puts(out, "\r\n");
}

static bool
edits_fields(const struct envelope *env)
{
	for (size_t i = 0; i < env->nedits; i++)
		if (env->edits[i].kind != EDIT_PREPEND)
			return true;
	return false;
}

/* Is the end of the header block in s? Whether s is all of the message or
 * only its beginning, a false answer costs one more read. */
static bool
has_header_end(struct span s)
{
	return (s.n >= 2 && memcmp(s.p, "\r\n", 2) == 0) ||
	    (s.n >= 4 && memmem(s.p, s.n, "\r\n\r\n", 4) != NULL);
}

/* The message's beginning, at least its header block: 0, or -1 and errno. */
static int
read_header(struct compose *c, struct buf *raw)
{
	if (c->whole != NULL) {
		buf_put(raw, span_make(c->whole, c->end));
		return 0;
	}
	while (raw->n < c->end && !has_header_end(buf_span(raw))) {
		size_t n = raw->n ? raw->n : COMPOSE_BLOCK;

		if (raw->n > HEADER_MAX) {
			errno = EFBIG;
			return -1;
		}
		if (n > c->end - raw->n)
			n = c->end - raw->n;
		if (file_pread_all(c->fd, buf_reserve(raw, n), n,
			(off_t)raw->n) == -1)
			return -1;
		raw->n += n;
	}
	return 0;
}

static void
edit_field(struct compose *c, uint64_t number, struct span whole)
{
	for (size_t i = 0; i < c->env->nedits; i++) {
		const struct envelope_edit *e = &c->env->edits[i];

		if (e->field != number)
			continue;
		if (e->kind == EDIT_REPLACE)
			put_field(&c->head, e->text);
		return;
	}
	buf_put(&c->head, whole);
}

static int
edit_header(struct compose *c)
{
	struct buf raw = {0};
	struct header_field f;
	struct span rest;
	uint64_t number = 0;

	if (read_header(c, &raw) == -1) {
		buf_free(&raw);
		return -1;
	}
	rest = buf_span(&raw);
	while (header_next(&rest, &f))
		edit_field(c, ++number, f.whole);
	for (size_t i = 0; i < c->env->nedits; i++)
		if (c->env->edits[i].kind == EDIT_APPEND)
			put_field(&c->head, c->env->edits[i].text);
	c->pos = raw.n - rest.n;
	buf_free(&raw);
	return 0;
}

static int
make_head(struct compose *c)
{
	if (c->head_done)
		return 0;
	for (size_t i = 0; i < c->env->nedits; i++)
		if (c->env->edits[i].kind == EDIT_PREPEND)
			put_field(&c->head, c->env->edits[i].text);
	if (edits_fields(c->env) && edit_header(c) == -1)
		return -1;
	c->head_done = true;
	return 0;
}

int64_t
compose_size(struct compose *c)
{
	if (make_head(c) == -1)
		return -1;
	return (int64_t)(c->head.n + (c->end - c->pos));
}

int
compose_next(struct compose *c, struct span *piece)
{
	size_t n;

	if (make_head(c) == -1)
		return -1;
	if (c->head.n > 0) {
		*piece = buf_span(&c->head);
		buf_reset(&c->head);
		return 1;
	}
	if (c->pos == c->end)
		return 0;
	if (c->whole != NULL) {
		*piece = span_make(c->whole + c->pos, c->end - c->pos);
		c->pos = c->end;
		return 1;
	}
	if (c->block == NULL && (c->block = malloc(COMPOSE_BLOCK)) == NULL)
		die_temp("out of memory");
	n = c->end - c->pos < COMPOSE_BLOCK ? (size_t)(c->end - c->pos) :
	    COMPOSE_BLOCK;
	if (file_pread_all(c->fd, c->block, n, (off_t)c->pos) == -1)
		return -1;
	c->pos += n;
	*piece = span_make(c->block, n);
	return 1;
}

void
compose_end(struct compose *c)
{
	c->fd = -1;
	c->env = NULL;
	c->whole = NULL;
	c->pos = c->end = 0;
}

void
compose_free(struct compose *c)
{
	buf_free(&c->head);
	free(c->block);
	c->block = NULL;
}

void
crlf_to_lf(struct span s, bool *cr, struct buf *out)
{
	if (s.n == 0)
		return;
	if (*cr && s.p[0] != '\n')
		buf_putc(out, '\r');
	*cr = s.p[s.n - 1] == '\r';
	if (*cr)
		s.n--;
	while (s.n > 0) {
		size_t i = span_chr(s, '\n');

		if (i == s.n) {
			buf_put(out, s);
			return;
		}
		buf_put(out, span_head(s, i > 0 && s.p[i - 1] == '\r' ? i - 1 :
		    i));
		buf_putc(out, '\n');
		s = span_skip(s, i + 1);
	}
}
