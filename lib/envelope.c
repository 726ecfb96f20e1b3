/* envelope: see envelope.h. */
#include "envelope.h"
#include "id.h"
#include "num.h"
#include <stdio.h>

/* The simple keys: "key value", left out when empty. */
#define KEYS(K)                                                               \
	K("client-ip", client_ip)                                             \
	K("client-port", client_port)                                         \
	K("client-name", client_name)                                         \
	K("local-ip", local_ip)                                               \
	K("local-port", local_port)                                           \
	K("protocol", protocol)                                               \
	K("helo", helo)                                                       \
	K("auth", auth)                                                       \
	K("tls", tls)                                                         \
	K("params", params)                                                   \
	K("queue-config", queue_config)

static const char *const edit_names[] = {
    [EDIT_PREPEND] = "prepend",
    [EDIT_APPEND] = "append",
    [EDIT_REPLACE] = "replace",
    [EDIT_REMOVE] = "remove",
};

static void
put_line(struct buf *out, const char *key, struct span value)
{
	if (value.n == 0)
		return;
	buf_puts(out, key);
	buf_putc(out, ' ');
	escape_put(out, value);
	buf_putc(out, '\n');
}

static void
put_postq(struct buf *out, struct envelope *env, size_t start)
{
	if (env->postq == 0)
		env->postq = POSTQ_OPEN;
	buf_puts(out, "postq ");
	env->postq_offset = out->n - start;
	buf_putc(out, env->postq);
	if (env->postq == POSTQ_RESULT) {
		buf_putc(out, ' ');
		escape_put(out, env->postq_result);
	}
	buf_putc(out, '\n');
}

static void
put_edit(struct buf *out, const struct envelope_edit *e)
{
	buf_puts(out, "edit ");
	buf_puts(out, edit_names[e->kind]);
	if (e->kind == EDIT_REPLACE || e->kind == EDIT_REMOVE) {
		buf_putc(out, ' ');
		buf_putu(out, e->field);
	}
	if (e->kind != EDIT_REMOVE) {
		buf_putc(out, ' ');
		escape_put(out, e->text);
	}
	buf_putc(out, '\n');
}

static void
put_meta(struct buf *out, const struct envelope_meta *m)
{
	buf_puts(out, "meta ");
	escape_put(out, m->key);
	buf_putc(out, ' ');
	buf_putc(out, (char)m->type);
	buf_putc(out, ' ');
	escape_put(out, m->value);
	buf_putc(out, '\n');
}

static void
put_rcpt(struct buf *out, struct envelope_rcpt *r, size_t start)
{
	r->offset = out->n - start;
	buf_putc(out, r->state);
	buf_putc(out, ' ');
	escape_put(out, r->address);
	if (r->params.n) {
		buf_putc(out, ' ');
		escape_put(out, r->params);
	}
	buf_putc(out, '\n');
}

void
envelope_format(struct envelope *env, uint64_t offset, struct buf *out)
{
	size_t start = out->n;
	char us[16];

	buf_puts(out, ENVELOPE_MAGIC);
	put_line(out, "id", env->id);
	buf_puts(out, "received ");
	buf_putu(out, (unsigned long long)(env->received_us / 1000000));
	snprintf(us, sizeof us, ".%06d", (int)(env->received_us % 1000000));
	buf_puts(out, us);
	buf_putc(out, '\n');
#define K(key, member) put_line(out, key, env->member);
	KEYS(K)
#undef K
	put_line(out, "sender", env->sender.n ? env->sender : SPAN("<>"));
	put_postq(out, env, start);
	for (size_t i = 0; i < env->nedits; i++)
		put_edit(out, &env->edits[i]);
	for (size_t i = 0; i < env->nmeta; i++)
		put_meta(out, &env->meta[i]);
	for (size_t i = 0; i < env->nrcpts; i++)
		put_rcpt(out, &env->rcpts[i], start);
	buf_putc(out, '\n');
	envelope_format_footer(offset, out->n - start, out);
}

/* Addresses go into protocols: no octet of one may end a line there. */
static bool
has_controls(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static const char *
parse_received(struct span value, int64_t *us)
{
	struct span seconds;
	uint64_t s, frac;

	if (!span_cut(&value, '.', &seconds) || value.p == NULL ||
	    num_parse_max(seconds, INT64_MAX / 2000000, &s) == -1 ||
	    value.n != 6 || num_parse_u64(value, &frac) == -1)
		return "bad received time";
	*us = (int64_t)(s * 1000000 + frac);
	return NULL;
}

static const char *
parse_edit(struct span value, struct arena *a, struct envelope_edit *e)
{
	struct span kind, word;
	size_t k;

	if (!span_word(&value, &kind))
		return "bad edit";
	for (k = 0; k < sizeof edit_names / sizeof *edit_names; k++)
		if (span_eq(kind, span_of(edit_names[k])))
			break;
	if (k == sizeof edit_names / sizeof *edit_names)
		return "unknown edit";
	e->kind = (enum edit_kind)k;
	e->field = 0;
	e->text = span_of(NULL);
	if (e->kind == EDIT_REPLACE || e->kind == EDIT_REMOVE)
		if (!span_word(&value, &word) ||
		    num_parse_u64(word, &e->field) == -1 || e->field == 0)
			return "bad edit";
	if (e->kind != EDIT_REMOVE)
		if (!span_word(&value, &word) ||
		    escape_undo(word, a, &e->text) == -1)
			return "bad edit";
	return span_word(&value, &word) ? "bad edit" : NULL;
}

static const char *
parse_meta(struct span value, struct arena *a, struct envelope_meta *m)
{
	struct span key, type;

	if (!span_word(&value, &key) || !span_word(&value, &type) ||
	    type.n != 1 || (type.p[0] != META_STRING &&
	    type.p[0] != META_NUMBER && type.p[0] != META_BOOL))
		return "bad metadata";
	m->type = (enum meta_type)type.p[0];
	if (escape_undo(key, a, &m->key) == -1 ||
	    escape_undo(span_skip(value, 1), a, &m->value) == -1)
		return "bad metadata";
	return NULL;
}

static bool
is_state(char c)
{
	return c == RCPT_OPEN || c == RCPT_DELIVERED || c == RCPT_FAILED ||
	    c == RCPT_BOUNCED || c == RCPT_DISCARDED;
}

static const char *
parse_rcpt(struct span line, struct arena *a, struct envelope_rcpt *r)
{
	struct span rest = span_skip(line, 2), word;

	r->state = line.p[0];
	r->params = span_of(NULL);
	if (!is_state(r->state) || !span_word(&rest, &word) ||
	    escape_undo(word, a, &r->address) == -1 ||
	    has_controls(r->address))
		return "bad recipient";
	if (span_word(&rest, &word) && escape_undo(word, a, &r->params) == -1)
		return "bad recipient";
	return NULL;
}

/* How many lines of each repeated kind there are, to allocate once. */
static void
count_lines(struct span s, struct envelope *env)
{
	struct span line;

	while (span_cut(&s, '\n', &line)) {
		if (line.n > 1 && line.p[1] == ' ')
			env->nrcpts++;
		else if (span_istarts(line, SPAN("edit ")))
			env->nedits++;
		else if (span_istarts(line, SPAN("meta ")))
			env->nmeta++;
	}
}

static const char *
parse_postq(struct span value, struct arena *a, struct envelope *env)
{
	struct span rest = span_skip(value, 1), word;

	if (value.n == 0 || (value.p[0] != POSTQ_OPEN &&
	    value.p[0] != POSTQ_DONE && value.p[0] != POSTQ_RESULT))
		return "bad postq";
	env->postq = value.p[0];
	env->postq_result = span_of(NULL);
	if (span_word(&rest, &word) &&
	    escape_undo(word, a, &env->postq_result) == -1)
		return "bad postq";
	return NULL;
}

static const char *
parse_key(struct span key, struct span value, struct arena *a,
    struct envelope *env)
{
	static const struct {
		struct span key;
		size_t at;
	} simple[] = {
#define K(key, member) {SPAN_LIT(key), offsetof(struct envelope, member)},
	    KEYS(K)
#undef K
	};

	if (span_eq(key, SPAN("id"))) {
		env->id = value;
		return id_valid(value) ? NULL : "bad id";
	}
	if (span_eq(key, SPAN("received")))
		return parse_received(value, &env->received_us);
	if (span_eq(key, SPAN("sender"))) {
		if (escape_undo(value, a, &env->sender) == -1 ||
		    value.n == 0 || has_controls(env->sender))
			return "bad sender";
		if (span_eq(value, SPAN("<>")))
			env->sender.n = 0;
		return NULL;
	}
	if (span_eq(key, SPAN("postq")))
		return parse_postq(value, a, env);
	if (span_eq(key, SPAN("edit")))
		return parse_edit(value, a, &env->edits[env->nedits++]);
	if (span_eq(key, SPAN("meta")))
		return parse_meta(value, a, &env->meta[env->nmeta++]);
	for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
		if (span_eq(key, simple[i].key) &&
		    escape_undo(value, a,
			(void *)((char *)env + simple[i].at)) == -1)
			return "bad escape";
	return NULL;
}

static const char *
parse_lines(struct span s, struct arena *a, struct envelope *env)
{
	const char *start = s.p;
	struct span line, key;
	const char *why = NULL;

	while (why == NULL && span_cut(&s, '\n', &line) && line.n > 0) {
		if (line.n > 1 && line.p[1] == ' ') {
			struct envelope_rcpt *r = &env->rcpts[env->nrcpts++];

			why = parse_rcpt(line, a, r);
			r->offset = (size_t)(line.p - start);
		} else if (span_cut(&line, ' ', &key) && line.p != NULL) {
			why = parse_key(key, line, a, env);
			if (span_eq(key, SPAN("postq")))
				env->postq_offset = (size_t)(line.p - start);
		} else {
			why = "line without a key";
		}
	}
	/* The empty line is the end and nothing may follow it. */
	if (why == NULL && (s.p == NULL || s.n != 0))
		why = "no end";
	return why;
}

const char *
envelope_parse(struct span trailer, struct arena *a, struct envelope *env)
{
	struct span magic = SPAN(ENVELOPE_MAGIC);
	const char *why;

	memset(env, 0, sizeof *env);
	env->received_us = -1;
	if (trailer.n < magic.n || !span_eq(span_head(trailer, magic.n), magic))
		return "unknown trailer";
	if (trailer.n > ENVELOPE_TRAILER_MAX)
		return "trailer too long";
	count_lines(trailer, env);
	env->rcpts = arena_zalloc(a, env->nrcpts * sizeof *env->rcpts);
	env->edits = arena_zalloc(a, env->nedits * sizeof *env->edits);
	env->meta = arena_zalloc(a, env->nmeta * sizeof *env->meta);
	env->nrcpts = env->nedits = env->nmeta = 0;
	why = parse_lines(span_skip(trailer, magic.n), a, env);
	for (size_t i = 0; i < env->nrcpts; i++)
		env->rcpts[i].offset += magic.n;
	if (env->postq_offset != 0)
		env->postq_offset += magic.n;
	if (why != NULL)
		return why;
	if (env->id.n == 0)
		return "no id";
	if (env->received_us < 0)
		return "no received time";
	if (env->sender.p == NULL)
		return "no sender";
	return env->nrcpts ? NULL : "no recipients";
}

const struct envelope_meta *
envelope_meta_find(const struct envelope *env, struct span key)
{
	for (size_t i = 0; i < env->nmeta; i++)
		if (span_eq(env->meta[i].key, key))
			return &env->meta[i];
	return NULL;
}
