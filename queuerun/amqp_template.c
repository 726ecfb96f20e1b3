/* amqp_template: see amqp_template.h. */
#include "amqp_template.h"
#include "address.h"
#include "buf.h"
#include "queue_name.h"

/* One piece of a template: text as it stands, one octet, or a variable. */
struct piece {
	enum { PIECE_TEXT, PIECE_OCTET, PIECE_VARIABLE } kind;
	struct span text; /* TEXT; VARIABLE m: its name */
	char c;		  /* OCTET: which; VARIABLE: its letter */
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "%m{NAME}": its name, and how long all of it is; 0 when it is not that. */
static size_t
read_meta(struct span s, struct span *name)
{
	size_t end;

	if (s.n < 4 || s.p[2] != '{')
		return 0;
	end = span_chr(s, '}');
	if (end == s.n || end == 3)
		return 0;
	*name = span_skip(span_head(s, end), 3);
	return end + 1;
}

/* Takes the next piece off s, which is not empty: false for a '%' that
 * nothing of the language follows. */
static bool
next_piece(struct span *s, struct piece *p)
{
	size_t n = span_chr(*s, '%');

	*p = (struct piece){PIECE_TEXT, span_head(*s, n), 0};
	if (n > 0) {
		*s = span_skip(*s, n);
		return true;
	}
	if (s->n < 2)
		return false;
	n = 2;
	p->c = s->p[1];
	if (p->c == '%') {
		p->kind = PIECE_OCTET;
	} else if (p->c == 'm') {
		p->kind = PIECE_VARIABLE;
		n = read_meta(*s, &p->text);
	} else if (p->c == 'd' || p->c == 'u' || p->c == 'q' || p->c == 't') {
		p->kind = PIECE_VARIABLE;
	} else if (s->n >= 3 && digit(s->p[1]) != -1 && digit(s->p[2]) != -1) {
		p->kind = PIECE_OCTET;
		p->c = (char)(digit(s->p[1]) * 16 + digit(s->p[2]));
		n = 3;
	} else {
		return false;
	}
	*s = span_skip(*s, n);
	return n > 0;
}

const char *
amqp_template_check(struct span text)
{
	struct piece p;

	while (text.n > 0)
		if (!next_piece(&text, &p))
			return "after a % stand two hexadecimal digits, d, u, "
			       "q, t, m{NAME} or another %";
	return NULL;
}

bool
amqp_template_varies(struct span text)
{
	struct piece p;

	while (text.n > 0 && next_piece(&text, &p))
		if (p.kind == PIECE_VARIABLE)
			return true;
	return false;
}

static struct span
metadata(const struct envelope *env, struct span key)
{
	const struct envelope_meta *m = envelope_meta_find(env, key);

	return m == NULL ? span_of(NULL) : m->value;
}

static void
put_domain(struct buf *out, struct span address)
{
	size_t at = span_rchr(address, '@');

	for (size_t i = at + 1; i < address.n; i++)
		buf_putc(out, ascii_lower(address.p[i]));
}

static void
put_queue(struct buf *out, const struct envelope *env)
{
	struct queue_parts parts;

	queue_name_parts(env, &parts);
	queue_name_format(&parts, out);
}

static struct span
local_part(struct span address, struct arena *a)
{
	struct address parsed;

	if (address_parse(address, a, &parsed) != NULL)
		return span_head(address, span_rchr(address, '@'));
	return address_local_plain(&parsed, a);
}

static void
put_variable(struct buf *out, const struct piece *p,
    const struct envelope *env, struct span address, struct arena *a)
{
	switch (p->c) {
	case 'd':
		put_domain(out, address);
		break;
	case 'u':
		buf_put(out, local_part(address, a));
		break;
	case 'q':
		put_queue(out, env);
		break;
	case 't':
		buf_put(out, metadata(env, SPAN("tenant")));
		break;
	default:
		buf_put(out, metadata(env, p->text));
	}
}

struct span
amqp_template_fill(struct span text, const struct envelope *env,
    struct span address, struct arena *a)
{
	struct buf out = {0};
	struct span result;
	struct piece p;

	while (text.n > 0 && next_piece(&text, &p)) {
		if (p.kind == PIECE_TEXT)
			buf_put(&out, p.text);
		else if (p.kind == PIECE_OCTET)
			buf_putc(&out, p.c);
		else
			put_variable(&out, &p, env, address, a);
	}
	result = arena_dup(a, buf_span(&out));
	buf_free(&out);
	return result;
}
