/* amqp_declare: see amqp_declare.h. */
#include "amqp_declare.h"
#include "amqp_uri.h"
#include "escape.h"
#include <amqp.h>
#include <amqp_framing.h>

#define WORDS 4

/* The words of an item, divided by blanks; how many, WORDS + 1 for more. */
static size_t
split(struct span item, struct span words[WORDS])
{
	size_t n = 0;

	for (;;) {
		size_t i = 0;

		while (i < item.n && (item.p[i] == ' ' || item.p[i] == '\t'))
			i++;
		item = span_skip(item, i);
		if (item.n == 0)
			return n;
		if (n == WORDS)
			return WORDS + 1;
		for (i = 0; i < item.n && item.p[i] != ' ' &&
		    item.p[i] != '\t';)
			i++;
		words[n++] = span_head(item, i);
		item = span_skip(item, i);
	}
}

static bool
name_of(struct span word, struct arena *a, struct span *name)
{
	return escape_undo(word, a, name) == 0 && name->n <= AMQP_SHORT;
}

static bool
parse_exchange(struct span *w, size_t n, struct arena *a,
    struct amqp_declaration *d)
{
	d->kind = DECLARE_EXCHANGE;
	d->type = w[2];
	return n == 3 && name_of(w[1], a, &d->name) && d->name.n > 0 &&
	    d->type.n <= AMQP_SHORT;
}

static bool
parse_queue(struct span *w, size_t n, struct arena *a,
    struct amqp_declaration *d)
{
	d->kind = DECLARE_QUEUE;
	d->type = n == 3 ? w[2] : SPAN("quorum");
	return (n == 2 || n == 3) && name_of(w[1], a, &d->name) &&
	    d->name.n > 0 && (span_eq(d->type, SPAN("quorum")) ||
		span_eq(d->type, SPAN("classic")));
}

static bool
parse_bind(struct span *w, size_t n, struct arena *a,
    struct amqp_declaration *d)
{
	d->kind = DECLARE_BIND;
	return (n == 3 || n == 4) && name_of(w[1], a, &d->name) &&
	    name_of(w[2], a, &d->exchange) && name_of(w[3], a, &d->key);
}

static bool
parse(struct span item, struct arena *a, struct amqp_declaration *d)
{
	struct span w[WORDS] = {{NULL, 0}};
	size_t n = split(item, w);

	if (span_eq(w[0], SPAN("exchange")))
		return parse_exchange(w, n, a, d);
	if (span_eq(w[0], SPAN("queue")))
		return parse_queue(w, n, a, d);
	return span_eq(w[0], SPAN("bind")) && parse_bind(w, n, a, d);
}

const char *
amqp_declare_parse(const struct control_list *list, struct arena *a,
    struct amqp_declarations *out)
{
	out->n = 0;
	out->v = arena_zalloc(a, list->n * sizeof *out->v);
	for (size_t i = 0; i < list->n; i++) {
		if (!parse(list->v[i], a, &out->v[i]))
			return arena_printf(a,
			    "amqpdeclare: item %zu, \"%.*s\", is none of: "
			    "exchange NAME TYPE; queue NAME [quorum|classic]; "
			    "bind QUEUE EXCHANGE [KEY]",
			    i + 1, SPAN_ARG(list->v[i])).p;
		out->v[i].text = arena_printf(a, "declare %.*s",
		    SPAN_ARG(list->v[i])).p;
		out->n++;
	}
	return NULL;
}

static amqp_bytes_t
bytes(struct span s)
{
	return (amqp_bytes_t){s.n, (void *)(uintptr_t)s.p};
}

void
amqp_declare_one(const struct amqp_declaration *d, void *state,
    uint16_t channel)
{
	amqp_table_entry_t type = {
	    .key = amqp_cstring_bytes("x-queue-type"),
	    .value = {.kind = AMQP_FIELD_KIND_UTF8,
		.value.bytes = bytes(d->type)},
	};
	amqp_table_t with = {1, &type};

	switch (d->kind) {
	case DECLARE_EXCHANGE:
		amqp_exchange_declare(state, channel, bytes(d->name),
		    bytes(d->type), 0, 1, 0, 0, amqp_empty_table);
		break;
	case DECLARE_QUEUE:
		amqp_queue_declare(state, channel, bytes(d->name), 0, 1, 0, 0,
		    with);
		break;
	case DECLARE_BIND:
		amqp_queue_bind(state, channel, bytes(d->name),
		    bytes(d->exchange), bytes(d->key), amqp_empty_table);
		break;
	}
}
