/*
 * hook_trace: what smtpe --trace shows of each hook call, for a person who
 * tries a policy: arguments, verdict and time, one line on standard error.
 */
#include "mod.h"
#include <time.h>
#include <unistd.h>

#define SHOWN	     120 /* octets of one value */
#define FIELDS_SHOWN 16	 /* of a table */

/* Quoted, on one line, whatever it holds. */
static void
put_text(struct buf *out, struct span s)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < s.n && i < SHOWN; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\r' || c == '\n')
			buf_puts(out, c == '\r' ? "\\r" : "\\n");
		else if (c < ' ' || c >= 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
	if (s.n > SHOWN)
		buf_printf(out, "... (%zu octets)", s.n);
}

/* Texts with c between them, as a table. */
static void
put_list(struct buf *out, struct span items, char c)
{
	struct span item;
	bool first = true;

	buf_putc(out, '{');
	while (items.n > 0 && span_cut(&items, c, &item)) {
		buf_puts(out, first ? "" : ", ");
		put_text(out, item);
		first = false;
	}
	buf_putc(out, '}');
}

static void
put_argument(struct buf *out, const struct hook_arg *a)
{
	switch (a->type) {
	case ARG_NIL:
		buf_puts(out, "nil");
		break;
	case ARG_INTEGER:
		buf_printf(out, "%lld", (long long)a->i);
		break;
	case ARG_BOOLEAN:
		buf_puts(out, a->i ? "true" : "false");
		break;
	case ARG_PARAMS:
		put_list(out, a->s, ' ');
		break;
	case ARG_LIST:
		put_list(out, a->s, '\n');
		break;
	case ARG_FIELDS:
		buf_puts(out, "{...}");
		break;
	case ARG_MSG:
		buf_puts(out, "msg");
		break;
	case ARG_STRING:
		if (a->s.p == NULL)
			buf_puts(out, "nil");
		else
			put_text(out, a->s);
		break;
	}
}

static void
put_fields(struct buf *out, const struct verdict *v)
{
	buf_puts(out, " and {");
	for (size_t i = 0; i < v->nfields && i < FIELDS_SHOWN; i++) {
		const struct hook_field *f = &v->fields[i];

		buf_puts(out, i == 0 ? "" : ", ");
		if (f->name.n > 0)
			buf_printf(out, "%.*s = ", SPAN_ARG(f->name));
		if (f->type == FIELD_LIST)
			put_list(out, f->text, '\n');
		else if (f->type == FIELD_BOOLEAN)
			buf_puts(out, f->text.p[0] == '1' ? "true" : "false");
		else if (f->type == FIELD_NUMBER)
			buf_put(out, f->text);
		else
			put_text(out, f->text);
	}
	buf_puts(out, v->nfields > FIELDS_SHOWN ? ", ...}" : "}");
}

static void
put_verdict(struct buf *out, const struct verdict *v)
{
	buf_puts(out, v->failed ? "error, " : "");
	if (v->kind == VERDICT_DEFAULT || v->kind == VERDICT_REPLY)
		buf_puts(out, v->kind == VERDICT_REPLY ? "reply" : "nil");
	else
		buf_puts(out, mod_action_name(v->kind));
	if (v->reply.code != 0)
		buf_printf(out, " %d", v->reply.code);
	if (v->reply.enhanced != NULL)
		buf_printf(out, " %s", v->reply.enhanced);
	if (v->reply.text.n > 0) {
		buf_putc(out, ' ');
		put_text(out, v->reply.text);
	}
	if (v->place.n > 0)
		buf_printf(out, " into %.*s", SPAN_ARG(v->place));
	if (v->list.p != NULL) {
		buf_puts(out, " and ");
		put_list(out, span_istarts(v->list, SPAN("AUTH ")) ?
		    SPAN("(secret)") : v->list, '\n');
	}
	if (v->table)
		put_fields(out, v);
	if (v->drop)
		buf_puts(out, ", then drop");
}

int64_t
hook_trace_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* No secret is ever shown: what stands behind AUTH, and what a client that was
 * refused goes on with. */
static bool
is_secret(const struct hook_call *call, size_t i)
{
	struct span s = span_trim(call->args[i].s);
	const struct hook_facts *f = hook_engine.config.facts;

	if (call->id == HOOK_auth)
		return i == 0 || i == 3;
	if (call->id != HOOK_command && call->id != HOOK_out_seq &&
	    call->id != HOOK_unknown)
		return false;
	return span_istarts(s, SPAN("AUTH")) ||
	    (f != NULL && f->saw_auth && s.n > 4 &&
		span_chr(s, ' ') == s.n);
}

void
hook_trace(const struct hook_call *call, struct span lines, int64_t started)
{
	struct buf out = {0};

	buf_printf(&out, "trace: hook.%s(", hook_name(call->id));
	for (size_t i = 0; i < call->nargs; i++) {
		if (i > 0)
			buf_puts(&out, ", ");
		if (is_secret(call, i))
			buf_puts(&out, "(secret)");
		else
			put_argument(&out, &call->args[i]);
	}
	if (lines.p != NULL)
		put_text(&out, lines);
	buf_puts(&out, ") -> ");
	put_verdict(&out, call->v);
	buf_printf(&out, "  [%lld us]\n",
	    (long long)((hook_trace_clock() - started) / 1000));
	/* A trace that nobody reads must not stop the session. */
	if (write(2, out.p, out.n) == -1)
		hook_engine.config.trace = false;
	buf_free(&out);
}
