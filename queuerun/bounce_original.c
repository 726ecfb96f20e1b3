/* bounce_original: see bounce_original.h. */
#include "bounce_original.h"
#include "header.h"
#include "utf8.h"

#define HEADER_MAX 65536 /* octets of a header that go back */
#define LONGEST  998	 /* octets of a line of mail (RFC 5322 2.1.1) */

/* Could every line of it be sent without BINARYMIME? */
struct lines {
	size_t length; /* of the line that is not over yet */
	bool too_long, eight;
};

static void
look_at_lines(struct lines *l, struct span s)
{
	l->eight = l->eight || utf8_needed(s);
	while (s.n > 0) {
		size_t n = span_chr(s, '\n');

		l->length += n;
		/* The CR of its CRLF is counted with it. */
		if (l->length > LONGEST + 1)
			l->too_long = true;
		if (n < s.n)
			l->length = 0;
		s = span_skip(s, n + 1);
	}
}

/* The fields of a header, cut at a line's end when there are too many, and
 * without those that have too long a line. */
static void
keep_fields(struct original *o, struct span text)
{
	struct span rest = span_head(text, HEADER_MAX);
	struct header_field f;

	while (header_next(&rest, &f)) {
		struct lines l = {0};

		look_at_lines(&l, f.whole);
		/* The last one may have been cut. */
		if (l.too_long || l.length > 0)
			continue;
		o->eight = o->eight || l.eight;
		buf_put(&o->header, f.whole);
	}
}

static int
read_header(struct original *o, const struct queue_out *entry)
{
	struct buf text = {0};
	struct span piece;
	int r;

	compose_start(&o->compose, entry->fd, entry->size, NULL, &entry->env);
	while ((r = compose_next(&o->compose, &piece)) == 1) {
		buf_put(&text, piece);
		if (text.n >= HEADER_MAX ||
		    header_length(buf_span(&text)) < text.n)
			break;
	}
	compose_end(&o->compose);
	if (r != -1)
		keep_fields(o, buf_span(&text));
	buf_free(&text);
	return r == -1 ? -1 : 0;
}

static int
read_whole(struct original *o, const struct queue_out *entry, uint64_t max)
{
	struct lines l = {0};
	struct span piece;
	int64_t size;
	int r = 0;

	compose_start(&o->compose, entry->fd, entry->size, NULL, &entry->env);
	size = compose_size(&o->compose);
	if (size == -1)
		r = -1;
	else if ((uint64_t)size <= max)
		while (!l.too_long &&
		    (r = compose_next(&o->compose, &piece)) == 1)
			look_at_lines(&l, piece);
	compose_end(&o->compose);
	if (r == -1)
		return -1;
	o->whole = (uint64_t)size <= max && !l.too_long;
	if (o->whole)
		o->eight = l.eight;
	return 0;
}

int
original_read(struct original *o, const struct queue_out *entry, uint64_t max)
{
	if (read_header(o, entry) == -1)
		return -1;
	return max == 0 ? 0 : read_whole(o, entry, max);
}

struct span
original_id(const struct original *o, struct arena *a)
{
	struct span rest = buf_span(&o->header), id;
	struct header_field f;

	while (header_next(&rest, &f)) {
		if (!span_ieq(f.name, SPAN("Message-ID")))
			continue;
		id = header_unfold(f.value, a);
		if (id.n > 2 && id.n < LONGEST - 20 && id.p[0] == '<' &&
		    id.p[id.n - 1] == '>' && !utf8_needed(id))
			return id;
	}
	return span_of(NULL);
}

int
original_write(struct original *o, const struct queue_out *entry,
    struct queue_in *in)
{
	struct span piece;
	int r;

	if (!o->whole) {
		queue_in_write(in, buf_span(&o->header));
		return 0;
	}
	compose_start(&o->compose, entry->fd, entry->size, NULL, &entry->env);
	while ((r = compose_next(&o->compose, &piece)) == 1)
		queue_in_write(in, piece);
	compose_end(&o->compose);
	return r;
}

void
original_free(struct original *o)
{
	buf_free(&o->header);
	compose_free(&o->compose);
}
