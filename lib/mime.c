/* mime: see mime.h. This room finds the parts; fields are mime_param.c's,
 * contents mime_decode.c's. */
#include "mime.h"
#include "header.h"
#include <string.h>

#define BOUNDARY_MAX 200 /* RFC 2046 says 70 */
#define ID_MAX	     998 /* octets, as a line may have */

static struct span
cut_line(struct span *rest)
{
	size_t n = span_chr(*rest, '\n');
	struct span line = span_head(*rest, n);

	*rest = span_skip(*rest, n + 1);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* --- the header of a part --- */

static void
set_encoding(struct mime_part *p, struct span value, struct arena *a)
{
	struct span rest = value, word = mime_value(&rest, a);

	if (span_eq(word, SPAN("base64")))
		p->encoding = MIME_BASE64;
	else if (span_eq(word, SPAN("quoted-printable")))
		p->encoding = MIME_QP;
	else if (!span_eq(word, SPAN("7bit")) &&
	    !span_eq(word, SPAN("8bit")) && !span_eq(word, SPAN("binary")))
		p->broken = true;
}

static void
set_type(struct mime_part *p, struct span value, struct arena *a,
    struct span *params)
{
	*params = value;
	p->type = mime_value(params, a);
	/* RFC 2045 5.2: what cannot be read is text/plain. */
	if (span_chr(p->type, '/') == p->type.n || p->type.n < 3) {
		p->type = SPAN("text/plain");
		p->broken = true;
	}
	p->charset = mime_param(*params, SPAN("charset"), false, a);
	if (p->charset.p == NULL)
		p->charset = SPAN("");
	p->name = mime_param(*params, SPAN("name"), true, a);
}

static void
set_disposition(struct mime_part *p, struct span value, struct arena *a)
{
	struct span params = value;

	p->disposition = mime_value(&params, a);
	p->filename = mime_param(params, SPAN("filename"), true, a);
}

static void
set_id(struct mime_part *p, struct span value, struct arena *a)
{
	p->id = header_unfold(span_head(value, ID_MAX), a);
	if (p->id.n > 1 && p->id.p[0] == '<' && p->id.p[p->id.n - 1] == '>')
		p->id = span_make(p->id.p + 1, p->id.n - 2);
}

/* Of fields that are there twice the first counts. */
static void
read_fields(struct mime_part *p, struct arena *a, struct span *params)
{
	static const char *const names[] = {"Content-Type",
	    "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"};
	struct span rest = p->header;
	struct header_field f;
	unsigned seen = 0;

	while (header_next(&rest, &f))
		for (unsigned i = 0; i < 4; i++) {
			if (!span_ieq(f.name, span_of(names[i])))
				continue;
			if (seen & 1u << i) {
				p->broken = true;
				continue;
			}
			seen |= 1u << i;
			if (i == 0)
				set_type(p, f.value, a, params);
			else if (i == 1)
				set_encoding(p, f.value, a);
			else if (i == 2)
				set_disposition(p, f.value, a);
			else
				set_id(p, f.value, a);
		}
	if (p->filename.p == NULL)
		p->filename = p->name;
}

/* --- the parts of a part --- */

static void entity(struct mime *m, struct span all, size_t parent,
    unsigned depth, struct span type);

/* Is the line "--boundary" or "--boundary--" (RFC 2046 5.1.1)? */
static bool
is_delimiter(struct span line, struct span boundary, bool *last)
{
	struct span rest;

	if (line.n < boundary.n + 2 || line.p[0] != '-' || line.p[1] != '-' ||
	    memcmp(line.p + 2, boundary.p, boundary.n) != 0)
		return false;
	rest = span_skip(line, boundary.n + 2);
	*last = rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == '-';
	if (*last)
		rest = span_skip(rest, 2);
	/* Something behind it: another boundary that begins with ours. */
	return span_trim(rest).n == 0;
}

/* A part's octets: the line end in front of a delimiter is the delimiter's. */
static struct span
without_end(struct span s)
{
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* The parts between the delimiters: false when there is no end. */
static bool
divide(struct mime *m, struct span body, struct span boundary, size_t number,
    unsigned depth, struct span type, bool *any)
{
	struct span rest = body;
	const char *start = NULL;
	bool last = false;

	while (rest.n > 0 && !last) {
		const char *at = rest.p;
		struct span line = cut_line(&rest);

		if (!is_delimiter(line, boundary, &last))
			continue;
		if (start != NULL)
			entity(m, without_end(span_make(start,
			    (size_t)(at - start))), number, depth, type);
		start = rest.p;
		*any = true;
	}
	if (!last && start != NULL)
		entity(m, span_make(start,
		    (size_t)(body.p + body.n - start)), number, depth, type);
	return last;
}

static void
multipart(struct mime *m, size_t number, struct span params)
{
	struct mime_part p = m->v[number - 1];
	struct span boundary = mime_param(params, SPAN("boundary"), false,
	    m->arena);
	struct span type = span_eq(p.type, SPAN("multipart/digest")) ?
	    SPAN("message/rfc822") : SPAN("text/plain");
	bool any = false;

	if (boundary.p == NULL || boundary.n == 0 ||
	    boundary.n > BOUNDARY_MAX || p.depth >= MIME_DEPTH_MAX) {
		m->cut = m->cut || p.depth >= MIME_DEPTH_MAX;
		m->v[number - 1].broken = true;
		return;
	}
	if (!divide(m, p.body, boundary, number, p.depth + 1, type, &any) ||
	    mime_param_repeated(params, SPAN("boundary")))
		m->v[number - 1].broken = true;
	m->v[number - 1].multipart = any;
}

static bool
is_message(struct span type)
{
	return span_eq(type, SPAN("message/rfc822")) ||
	    span_eq(type, SPAN("message/global"));
}

static struct mime_part *
add(struct mime *m)
{
	if (m->n == m->cap) {
		size_t cap = m->cap > 0 ? m->cap * 2 : 8;
		struct mime_part *v = arena_alloc(m->arena, cap * sizeof *v);

		if (m->n > 0)
			memcpy(v, m->v, m->n * sizeof *v);
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n] = (struct mime_part){0};
	return &m->v[m->n++];
}

static void
entity(struct mime *m, struct span all, size_t parent, unsigned depth,
    struct span type)
{
	struct span params = {"", 0}, rest = all;
	struct mime_part *p;
	size_t number, n;

	if (m->n >= MIME_PARTS_MAX) {
		m->cut = true;
		return;
	}
	p = add(m);
	number = m->n;
	p->type = type;
	p->charset = p->disposition = p->id = SPAN("");
	p->filename = p->name = span_make(NULL, 0);
	p->parent = parent;
	p->depth = depth;
	n = header_length(all);
	p->header = span_head(all, n);
	rest = span_skip(all, n);
	/* Without an empty line the rest is body all the same. */
	if (rest.n > 0 && rest.p[0] == '\r')
		rest = span_skip(rest, 1);
	if (rest.n > 0 && rest.p[0] == '\n')
		rest = span_skip(rest, 1);
	else if (rest.n > 0)
		p->broken = true;
	p->body = rest;
	read_fields(p, m->arena, &params);
	if (span_istarts(p->type, SPAN("multipart/"))) {
		/* RFC 2045 6.4: no encoding but an identity. */
		if (p->encoding != MIME_IDENTITY)
			p->broken = true;
		multipart(m, number, params);
	} else if (is_message(p->type)) {
		/* An encoded one borrows from nothing: its parts are more than
		 * we list. RFC 6532 3.7 permits that, RFC 2046 5.2.1 not. */
		if (depth >= MIME_DEPTH_MAX || p->encoding != MIME_IDENTITY) {
			m->cut = true;
			return;
		}
		p->multipart = true;
		entity(m, p->body, number, depth + 1, SPAN("text/plain"));
	}
}

void
mime_parse(struct span message, struct arena *a, struct mime *out)
{
	*out = (struct mime){.arena = a};
	entity(out, message, 0, 0, SPAN("text/plain"));
	for (size_t i = 0; i < out->n; i++)
		out->broken = out->broken || out->v[i].broken;
}
