/* trace: see trace.h. */
#include "trace.h"
#include "authres.h"
#include "base64.h"
#include "json.h"
#include "received.h"

#define DISOWN_MAX 200 /* fields of one message; nobody honest has two */
#define FOLD	   72  /* octets of base64 in a line */

static void
put_front(struct session *s, struct batch *b, struct span text)
{
	(void)s;
	edits_put(b->msg.edits, (struct envelope_edit){
	    .kind = EDIT_PREPEND, .text = text});
}

/* --- the supplemental field --- */

static void
put_meta(struct session *s, const struct message *m, struct json *j)
{
	const struct control_list *names = &s->controls.supplementmeta;

	for (size_t i = 0; i < names->n; i++) {
		const struct envelope_meta *meta = message_meta(m,
		    names->v[i]);

		if (meta == NULL)
			continue;
		json_name(j, meta->key);
		if (meta->type == META_BOOL)
			json_bool(j, NULL, span_eq(meta->value,
			    SPAN("true")));
		else if (meta->type == META_NUMBER)
			json_decimal(j, NULL, meta->value);
		else
			json_string(j, NULL, meta->value);
	}
}

/* {"id": ..., "recipient": ..., metadata} as base64, folded. */
static struct span
supplement(struct session *s, const struct batch *b)
{
	struct buf text = {0}, out = {0};
	struct json j;
	struct span rest, field;

	json_init(&j, &text);
	json_open_object(&j, NULL);
	json_string(&j, "id", span_of(b->id));
	/* More than one would show one recipient to another. */
	if (b->msg.nrcpts == 1)
		json_string(&j, "recipient", b->msg.rcpts[0].address);
	put_meta(s, &b->msg, &j);
	json_close_object(&j);
	base64_encode(buf_span(&text), &out);
	rest = arena_dup(&s->tx.arena, buf_span(&out));
	buf_reset(&out);
	buf_put(&out, s->controls.supplementheader);
	buf_puts(&out, ": ");
	for (;;) {
		buf_put(&out, span_head(rest, FOLD));
		rest = span_skip(rest, FOLD);
		if (rest.n == 0)
			break;
		buf_puts(&out, "\r\n\t");
	}
	field = arena_dup(&s->tx.arena, buf_span(&out));
	buf_free(&text);
	buf_free(&out);
	return field;
}

void
trace_add(struct session *s, struct batch *b)
{
	const struct control_list *l = &s->controls.traceheaders;

	if (control_list_has(l, SPAN("supplement"))) {
		b->supplement = supplement(s, b);
		put_front(s, b, b->supplement);
	}
	if (!control_list_has(l, SPAN("received")))
		return;
	b->trace = received_format(s, &b->msg);
	put_front(s, b, b->trace);
}

/* Another text for a field of ours, which a script may have taken away. */
static void
replace(struct edits *e, struct span old, struct span text)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].text.p == old.p)
			e->v[i].text = text;
}

void
trace_correct(struct session *s, struct batch *b)
{
	unsigned changed = b->msg.changed;

	if ((changed & MESSAGE_RCPTS) != 0 && b->trace.p != NULL)
		replace(b->msg.edits, b->trace, received_format(s, &b->msg));
	if ((changed & (MESSAGE_RCPTS | MESSAGE_META)) != 0 &&
	    b->supplement.p != NULL)
		replace(b->msg.edits, b->supplement, supplement(s, b));
}

/* --- what is not ours --- */

/* The header as it came; from memory while it is all there. */
static bool
header(struct session *s, struct span *block)
{
	if (s->in.pending == s->in.size) {
		*block = span_make(s->in.buffer, s->in.pending);
		return true;
	}
	return s->facts.header(s, block);
}

static bool
claims_to_be_ours(const struct session *s, const struct header_field *f)
{
	const struct controls *c = &s->controls;

	if (span_ieq(f->name, SPAN("Authentication-Results")))
		return authres_is_from(f->value, c->me);
	return span_ieq(f->name, c->supplementheader) &&
	    control_list_has(&c->traceheaders, SPAN("supplement"));
}

/* "Old-" in front of its name. */
static void
rename_field(struct message *m, uint64_t number, struct span whole)
{
	if (whole.n >= 2 && whole.p[whole.n - 1] == '\n')
		whole.n -= 2;
	edits_put(m->edits, (struct envelope_edit){EDIT_REPLACE, number,
	    arena_printf(m->arena, "Old-%.*s", SPAN_ARG(whole))});
}

/* What a script has already taken away or changed is its business: the first
 * edit of a field counts. */
struct reply
trace_disown(struct session *s, struct message *m)
{
	struct span mode = s->controls.ownheaders, rest;
	struct header_field f;
	uint64_t number = 0;
	size_t found = 0;

	if (span_eq(mode, SPAN("keep")))
		return REPLY_NONE;
	if (!header(s, &rest))
		return session_trouble(s, "header");
	while (header_next(&rest, &f)) {
		number++;
		if (!claims_to_be_ours(s, &f))
			continue;
		if (++found > DISOWN_MAX)
			return REPLY(554, "5.6.0",
			    "Too many fields that claim to be ours");
		if (span_eq(mode, SPAN("rename")))
			rename_field(m, number, f.whole);
		else
			edits_put(m->edits, (struct envelope_edit){
			    EDIT_REMOVE, number, span_of("")});
	}
	return REPLY_NONE;
}
