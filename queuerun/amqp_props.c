/* amqp_props: see amqp_props.h. */
#include "amqp_props.h"
#include "amqp_field.h"
#include "amqp_template.h"
#include "num.h"
#include <stdlib.h>

/* Bits of the property flags (AMQP 0-9-1, 4.2.6.1 and the basic class); the
 * values follow in the order of the bits, highest first. */
#define HAS_CONTENT_TYPE  (1u << 15)
#define HAS_HEADERS	  (1u << 13)
#define HAS_DELIVERY_MODE (1u << 12)
#define HAS_PRIORITY	  (1u << 11)
#define HAS_EXPIRATION	  (1u << 8)
#define HAS_MESSAGE_ID	  (1u << 7)
#define HAS_TIMESTAMP	  (1u << 6)
#define HAS_TYPE	  (1u << 5)
#define HAS_APP_ID	  (1u << 3)

#define PERSISTENT 2
#define HEADER	   "amqp.header."

struct props {
	const struct amqp_part *part;
	struct agent_job *job;
	struct buf *out;
	bool hooked; /* hook.amqp gave headers */
};

/* Did hook.amqp give this header another value? */
static bool
is_replaced(const struct props *p, struct span name)
{
	struct span key;

	if (!p->hooked)
		return false;
	key = arena_printf(&p->job->arena, HEADER "%.*s", SPAN_ARG(name));
	return agent_job_field(p->job, key).p != NULL;
}

static void
put_text(const struct props *p, const char *name, struct span v)
{
	struct span key = span_of(name);

	if (v.n > 0 && !is_replaced(p, key))
		amqp_field_text(p->out, &key, v);
}

static void
put_int(const struct props *p, const char *name, int64_t v)
{
	struct span key = span_of(name);

	if (!is_replaced(p, key))
		amqp_field_int(p->out, &key, v);
}

/* Numbers are Lua's: whole ones stay whole. */
static void
put_number(struct buf *out, const struct span *key, struct span v)
{
	bool negative = v.n > 0 && v.p[0] == '-';
	char text[64], *end;
	uint64_t whole;
	double d;

	if (num_parse_max(span_skip(v, negative), INT64_MAX, &whole) == 0) {
		amqp_field_int(out, key,
		    negative ? -(int64_t)whole : (int64_t)whole);
		return;
	}
	if (v.n > 0 && v.n < sizeof text) {
		memcpy(text, v.p, v.n);
		text[v.n] = '\0';
		d = strtod(text, &end);
		if (end == text + v.n) {
			amqp_field_double(out, key, d);
			return;
		}
	}
	amqp_field_text(out, key, v);
}

static void
put_typed(struct buf *out, struct span key, enum meta_type type, struct span v)
{
	if (type == META_BOOL)
		amqp_field_bool(out, &key,
		    span_eq(v, SPAN("true")) || span_eq(v, SPAN("1")));
	else if (type == META_NUMBER)
		put_number(out, &key, v);
	else
		amqp_field_text(out, &key, v);
}

static const char *
put_meta(const struct props *p)
{
	const struct envelope *env = &p->job->env;

	for (size_t i = 0; i < env->nmeta; i++) {
		const struct envelope_meta *m = &env->meta[i];
		struct span key = arena_printf(&p->job->arena, "meta-%.*s",
		    SPAN_ARG(m->key));

		if (key.n > AMQP_SHORT)
			return "a metadata key is longer than 250 octets";
		if (!is_replaced(p, key))
			put_typed(p->out, key, m->type, m->value);
	}
	return NULL;
}

static struct span
metadata(const struct envelope *env, const char *key)
{
	const struct envelope_meta *m = envelope_meta_find(env, span_of(key));

	return m == NULL ? span_of(NULL) : m->value;
}

static void
put_recipients(const struct props *p)
{
	struct span key = SPAN("recipients");
	size_t opened;

	if (is_replaced(p, key))
		return;
	opened = amqp_field_array(p->out, &key);
	for (size_t i = 0; i < p->part->nrcpts; i++)
		amqp_field_text(p->out, NULL, amqp_part_address(p->part, i));
	amqp_put_close(p->out, opened);
}

static void
put_queue(const struct props *p)
{
	struct span name = amqp_template_fill(SPAN("%q"), &p->job->env,
	    span_of(NULL), &p->job->arena);

	put_text(p, "queue", name);
}

static const char *
put_envelope(const struct props *p)
{
	const struct envelope *e = &p->job->env;
	struct span key = SPAN("sender");
	uint64_t port;

	/* Always there: "" is the null sender, not a missing one. */
	if (!is_replaced(p, key))
		amqp_field_text(p->out, &key, p->job->sender);
	put_recipients(p);
	put_text(p, "helo", e->helo);
	put_text(p, "remote_ip", e->client_ip);
	if (num_parse_max(e->client_port, 65535, &port) == 0)
		put_int(p, "remote_port", (int64_t)port);
	put_text(p, "remote_name", e->client_name);
	put_text(p, "protocol", e->protocol);
	put_text(p, "auth", e->auth);
	put_text(p, "tls", e->tls);
	key = SPAN("received");
	if (!is_replaced(p, key))
		amqp_field_time(p->out, &key, e->received_us / 1000000);
	put_int(p, "size", (int64_t)p->job->size);
	put_queue(p);
	put_text(p, "tenant", metadata(e, "tenant"));
	return put_meta(p);
}

/* "s:text", "n:1.5", "b:true" */
static const char *
put_hooked(const struct props *p)
{
	for (size_t i = 0; i < p->job->nfields; i++) {
		const struct agent_field *f = &p->job->fields[i];
		struct span key, v = f->value;

		if (!span_istarts(f->key, SPAN(HEADER)))
			continue;
		key = span_skip(f->key, sizeof HEADER - 1);
		if (key.n > AMQP_SHORT)
			return "a header's name is longer than 255 octets";
		if (v.n < 2 || v.p[1] != ':' || (v.p[0] != META_STRING &&
		    v.p[0] != META_NUMBER && v.p[0] != META_BOOL))
			return "a header of hook.amqp has no type";
		put_typed(p->out, key, (enum meta_type)v.p[0],
		    span_skip(v, 2));
	}
	return NULL;
}

static bool
has_hooked(const struct agent_job *job)
{
	for (size_t i = 0; i < job->nfields; i++)
		if (span_istarts(job->fields[i].key, SPAN(HEADER)))
			return true;
	return false;
}

static const char *
put_headers(const struct props *p, enum amqp_format format)
{
	size_t opened = amqp_put_open(p->out);
	const char *wrong = NULL;

	put_text(p, "x-smtpe-id", p->job->id);
	if (format == AMQP_RAW)
		wrong = put_envelope(p);
	if (wrong == NULL && p->hooked)
		wrong = put_hooked(p);
	amqp_put_close(p->out, opened);
	return wrong;
}

const char *
amqp_props_put(const struct amqp_part *part, enum amqp_format format,
    struct buf *out)
{
	struct agent_job *job = part->job;
	struct props p = {part, job, out, has_hooked(job)};
	struct span priority = agent_job_field(job, SPAN("amqp.priority"));
	struct span expiration = agent_job_field(job, SPAN("amqp.expiration"));
	struct span type = agent_job_field(job, SPAN("amqp.type"));
	unsigned flags = HAS_CONTENT_TYPE | HAS_HEADERS | HAS_DELIVERY_MODE |
	    HAS_MESSAGE_ID | HAS_TIMESTAMP | HAS_TYPE | HAS_APP_ID;
	const char *wrong;
	uint64_t n = 0;

	if (priority.p != NULL && num_parse_max(priority, 255, &n) == -1)
		return "hook.amqp: the priority is not a number from 0 to 255";
	if (type.n > AMQP_SHORT || expiration.n > AMQP_SHORT)
		return "hook.amqp: type or expiration is longer than 255 "
		       "octets";
	flags |= priority.p != NULL ? HAS_PRIORITY : 0;
	flags |= expiration.p != NULL ? HAS_EXPIRATION : 0;
	amqp_put_u16(out, (uint16_t)flags);
	amqp_put_short(out, format == AMQP_JSON ? SPAN("application/json") :
		SPAN("message/rfc822"));
	if ((wrong = put_headers(&p, format)) != NULL)
		return wrong;
	amqp_put_u8(out, PERSISTENT);
	if (priority.p != NULL)
		amqp_put_u8(out, (uint8_t)n);
	if (expiration.p != NULL)
		amqp_put_short(out, expiration);
	amqp_put_short(out, part->message_id);
	amqp_put_u64(out, (uint64_t)(job->env.received_us / 1000000));
	amqp_put_short(out, type.p != NULL ? type : SPAN("mail"));
	amqp_put_short(out, SPAN("smtpe"));
	return NULL;
}
