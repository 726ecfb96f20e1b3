/* control_value: see control_value.h. */
#include "control_value.h"
#include "duration.h"
#include "num.h"

enum type { TEXT, PATH, FILE, SIZE, TIME, COUNT, BOOL, LIST, MAP };

static const enum type type_of[CONTROL_N] = {
#define CONTROL(name, type, def, owner, scope, doc) type,
#include "control.def"
#undef CONTROL
};

bool
control_is_list(enum control_id id)
{
	return type_of[id] == LIST || type_of[id] == MAP;
}

bool
control_is_file(enum control_id id)
{
	return type_of[id] == FILE;
}

/*
 * The parsers: NULL, or what is wrong with the value. Text stays as long as
 * the arena and a NUL follows it; given is false for a default.
 */
#define PARSER(TYPE)                                                          \
	static const char *parse_##TYPE(struct arena *arena,                  \
	    struct span text, bool given, CONTROL_C_##TYPE *out)

PARSER(TEXT)
{
	(void)arena;
	(void)given;
	*out = text.n ? text : span_make(NULL, 0);
	return NULL;
}

PARSER(PATH)
{
	(void)arena;
	(void)given;
	*out = text.n ? text.p : NULL;
	return NULL;
}

PARSER(FILE)
{
	return parse_PATH(arena, text, given, out);
}

PARSER(SIZE)
{
	(void)arena;
	(void)given;
	return num_parse_size(text, out) == 0 ?
	    NULL :
	    "is not a size (65536, 64k, 50M)";
}

PARSER(TIME)
{
	(void)arena;
	(void)given;
	return duration_parse(text, out) == 0 ?
	    NULL :
	    "is not a time (300, 1.5, 250ms, 5m, 4h, 7d)";
}

PARSER(COUNT)
{
	(void)arena;
	(void)given;
	return num_parse_u64(text, out) == 0 ? NULL : "is not a whole number";
}

PARSER(BOOL)
{
	(void)arena;
	(void)given;
	return num_parse_bool(text, out) == 0 ?
	    NULL :
	    "is neither yes nor no (1, 0, yes, no, on, off)";
}

/* The items have been checked one by one; here they are only counted. */
PARSER(LIST)
{
	struct span rest = text;
	struct span *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	n += text.n > 0;
	if (n > 0)
		v = arena_alloc(arena, n * sizeof *v);
	for (size_t i = 0; i < n; i++)
		span_cut(&rest, '\n', &v[i]);
	*out = (struct control_list){v, n, given};
	return NULL;
}

PARSER(MAP)
{
	return parse_LIST(arena, text, given, out);
}

static const char *
parse(struct controls *c, enum control_id id, struct span text, bool given)
{
	switch (id) {
#define CONTROL(name, type, def, owner, scope, doc)                           \
	case CONTROL_##name:                                                  \
		return parse_##type(&c->arena, text, given, &c->name);
#include "control.def"
#undef CONTROL
	case CONTROL_N:
		break;
	}
	return "is for no control";
}

/* What is wrong with a single value or one item, whatever its type. */
static const char *
complaint(enum control_id id, struct span value)
{
	/* They would reach banners, headers and logs. */
	for (size_t i = 0; i < value.n; i++) {
		unsigned char u = (unsigned char)value.p[i];

		if (u == '\r' && i + 1 == value.n)
			return "ends in a carriage return";
		if ((u < ' ' && u != '\t') || u == 0x7f)
			return "holds a control character";
	}
	if (type_of[id] == MAP && span_chr(value, ':') == value.n)
		return "is not key:value";
	return control_check(id, value);
}

static struct span
strip_end(struct span s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The next item of a raw list; line counts what was passed. */
static bool
next_item(struct span *rest, enum control_style style, struct span *item,
    size_t *line)
{
	while (rest->p != NULL) {
		size_t i = span_chr(*rest, '\n');

		if (style == STYLE_WORD)
			i = span_chr(span_head(*rest, i), ',');
		++*line;
		*item = strip_end(span_head(*rest, i));
		*rest = i < rest->n ? span_skip(*rest, i + 1) :
				      span_make(NULL, 0);
		if (style == STYLE_WORD)
			*item = span_trim(*item);
		else if (style == STYLE_FILE && item->n > 0 &&
		    item->p[0] == '#')
			continue;
		if (item->n > 0)
			return true;
	}
	return false;
}

static int
join_items(enum control_id id, struct span raw, enum control_style style,
    struct buf *joined, struct control_fault *fault)
{
	struct span item;

	fault->line = 0;
	while (next_item(&raw, style, &item, &fault->line)) {
		fault->value = item;
		if ((fault->text = complaint(id, item)) != NULL)
			return -1;
		if (joined->n > 0)
			buf_putc(joined, '\n');
		buf_put(joined, item);
	}
	return 0;
}

static int
put(struct controls *c, enum control_id id, struct span text,
    enum control_origin origin, struct control_fault *fault)
{
	/* A script that sets the same again and again stays as small. */
	if (c->origin[id] != FROM_DEFAULT && span_eq(c->text[id], text)) {
		c->origin[id] = origin;
		return 0;
	}
	text = arena_dup(&c->arena, text);
	fault->text = parse(c, id, text, origin != FROM_DEFAULT);
	if (fault->text != NULL)
		return -1;
	c->text[id] = text;
	c->origin[id] = origin;
	return 0;
}

int
control_put(struct controls *c, enum control_id id, struct span raw,
    enum control_style style, enum control_origin origin,
    struct control_fault *fault)
{
	struct buf joined = {0};
	int result;

	if (control_is_list(id)) {
		result = join_items(id, raw, style, &joined, fault);
		if (result == 0)
			result = put(c, id, buf_span(&joined), origin, fault);
		buf_free(&joined);
		return result;
	}
	if (style == STYLE_FILE)
		raw = span_head(raw, span_chr(raw, '\n'));
	fault->line = 1;
	fault->value = strip_end(raw);
	if ((fault->text = complaint(id, fault->value)) != NULL)
		return -1;
	return put(c, id, fault->value, origin, fault);
}

void
control_put_back(struct controls *c, enum control_id id, struct span text,
    enum control_origin origin)
{
	c->text[id] = text;
	c->origin[id] = origin;
	parse(c, id, text, origin != FROM_DEFAULT);
}

/* Literals live for ever and are known to be good: no copy, no check. */
void
control_put_defaults(struct controls *c)
{
	for (size_t i = 0; i < CONTROL_N; i++) {
		c->text[i] = span_of(control_rows[i].def);
		c->origin[i] = FROM_DEFAULT;
		parse(c, (enum control_id)i, c->text[i], false);
	}
}
