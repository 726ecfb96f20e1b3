/* feed: see feed.h. */
#include "feed.h"
#include "header.h"

static bool
wants(struct session *s, enum hook_id hook)
{
	return hook_defined(s->hooks, hook) && !s->trusted && !s->tx.trusted;
}

void
feed_start(struct feed *f, struct session *s)
{
	memset(f, 0, sizeof *f);
	f->content = wants(s, HOOK_content);
	f->header = wants(s, HOOK_header);
	f->eoh = wants(s, HOOK_eoh);
	f->body = wants(s, HOOK_body);
	f->wanted = f->content || f->header || f->eoh || f->body;
}

void
feed_stop(struct feed *f)
{
	buf_free(&f->carry);
	buf_free(&f->field);
	f->wanted = false;
}

/* What a hook said: nobody else is asked once the message has its fate. */
static void
take_answer(struct feed *f, struct session *s, struct answer a)
{
	f->drop |= a.reply.drop;
	if (!a.go_on || a.reply.text.n > 0) {
		struct reply *r = a.go_on ? &f->words : &f->refusal;

		*r = a.reply;
		r->text = arena_dup(&s->tx.arena, a.reply.text);
		if (a.reply.enhanced != NULL)
			r->enhanced = arena_cstr(&s->tx.arena,
			    span_of(a.reply.enhanced));
	}
	if (!a.go_on || s->tx.trusted)
		feed_stop(f);
}

static void
ask(struct feed *f, struct session *s, enum hook_id hook, struct span text)
{
	struct hook_arg arg = HOOK_STRING(text);

	take_answer(f, s, session_ask(s, hook, &arg, hook != HOOK_eoh));
}

/* The field that was being collected is whole. */
static void
end_field(struct feed *f, struct session *s)
{
	struct span field = buf_span(&f->field);

	if (field.n == 0)
		return;
	/* The last CRLF is not part of it. */
	field = span_head(field, field.n - 2);
	if (f->header)
		ask(f, s, HOOK_header, field);
	buf_reset(&f->field);
}

static void
end_header(struct feed *f, struct session *s)
{
	end_field(f, s);
	f->in_body = true;
	if (f->wanted && f->eoh)
		ask(f, s, HOOK_eoh, span_of(NULL));
	/* Nobody is left who wants to see the rest. */
	if (!f->content && !f->body)
		feed_stop(f);
}

static bool
is_field(struct span line)
{
	struct header_field field;

	return header_next(&line, &field);
}

/* Takes header lines off *block, up to the body's first. */
static void
push_header(struct feed *f, struct session *s, struct span *block)
{
	while (f->wanted && !f->in_body && block->n > 0) {
		size_t n = span_chr(*block, '\n');
		struct span line = span_head(*block, n < block->n ? n + 1 : n);

		if (f->field.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
			buf_put(&f->field, line);
		} else if (is_field(line)) {
			end_field(f, s);
			if (f->wanted)
				buf_put(&f->field, line);
		} else {
			end_header(f, s);
			/* A line that is no field begins the body; the empty
			 * line belongs to neither. */
			if (line.n != 2)
				return;
		}
		*block = span_skip(*block, line.n);
	}
}

/* Whole lines. */
static void
push_block(struct feed *f, struct session *s, struct span block)
{
	if (f->content)
		ask(f, s, HOOK_content, block);
	if (f->wanted && !f->in_body)
		push_header(f, s, &block);
	if (f->wanted && f->body && block.n > 0)
		take_answer(f, s, session_ask_lines(s, HOOK_body, block));
}

void
feed_push(struct feed *f, struct session *s, struct span run)
{
	size_t end;

	if (!f->wanted)
		return;
	/* Only CRLF ends a line, and only a fault has an LF without CR: such
	 * a message is refused, its lines are cut where they were cut. */
	end = span_rchr(run, '\n');
	if (end == run.n) {
		buf_put(&f->carry, run);
		return;
	}
	end++;
	if (f->carry.n > 0) {
		/* Only the line that was begun is copied. */
		size_t first = span_chr(run, '\n') + 1;

		buf_put(&f->carry, span_head(run, first));
		push_block(f, s, buf_span(&f->carry));
		if (!f->wanted)
			return;
		buf_reset(&f->carry);
		run = span_skip(run, first);
		end -= first;
	}
	if (end > 0)
		push_block(f, s, span_head(run, end));
	if (f->wanted)
		buf_put(&f->carry, span_skip(run, end));
}

void
feed_end(struct feed *f, struct session *s)
{
	if (f->wanted && !f->in_body)
		end_header(f, s);
	feed_stop(f);
}
