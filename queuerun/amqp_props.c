/* amqp_props: see amqp_props.h. */
#include "amqp_props.h"
#include "amqp_field.h"
#include "amqp_uri.h"
#include "die.h"
#include "num.h"
#include <stdlib.h>

/* Bits of the property flags (AMQP 0-9-1, 4.2.6.1 and the basic class). */
#define HAS_CONTENT_TYPE  (1u << 15)
#define HAS_HEADERS	  (1u << 13)
#define HAS_DELIVERY_MODE (1u << 12)
#define HAS_MESSAGE_ID	  (1u << 7)
#define HAS_TIMESTAMP	  (1u << 6)
#define HAS_TYPE	  (1u << 5)
#define HAS_APP_ID	  (1u << 3)

#define PERSISTENT 2

/* FNV-1a: only has to tell the recipients of one entry apart. */
static uint64_t
hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

struct span
amqp_message_id(struct agent_job *job)
{
	const struct agent_rcpt *first = job->rcpts;
	uint64_t number;

	/* A repeat whose group cannot be seen any more, because some of it
	 * are done: the runner says how it was. */
	if (num_parse_u64(agent_job_field(job, SPAN("first")), &number) == 0)
		return span_eq(agent_job_field(job, SPAN("whole")),
			   SPAN("1")) ? job->id :
		    arena_printf(&job->arena, "%.*s.%llu", SPAN_ARG(job->id),
			(unsigned long long)number);
	if (job->nrcpts == job->env.nrcpts)
		return job->id;
	if (job->nrcpts == 0)
		die_bug("amqp_message_id: a job for nobody");
	if (first->number > 0)
		return arena_printf(&job->arena, "%.*s.%zu", SPAN_ARG(job->id),
		    first->number);
	/* An address that a script put in the place of the entry's. */
	return arena_printf(&job->arena, "%.*s.0-%016llx", SPAN_ARG(job->id),
	    (unsigned long long)hash(first->address));
}

static void
put_text(struct buf *out, const char *key, struct span v)
{
	struct span k = span_of(key);

	if (v.n > 0)
		amqp_field_text(out, &k, v);
}

static void
put_recipients(const struct agent_job *job, struct buf *out)
{
	struct span key = SPAN("recipients");
	size_t opened = amqp_field_array(out, &key);

	for (size_t i = 0; i < job->nrcpts; i++)
		amqp_field_text(out, NULL, job->rcpts[i].address);
	amqp_put_close(out, opened);
}

/* Metadata numbers are Lua's: whole ones stay whole. */
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

static const char *
put_meta(struct agent_job *job, struct buf *out)
{
	for (size_t i = 0; i < job->env.nmeta; i++) {
		const struct envelope_meta *m = &job->env.meta[i];
		struct span key = arena_printf(&job->arena, "meta-%.*s",
		    SPAN_ARG(m->key));

		if (key.n > AMQP_SHORT)
			return "a metadata key is longer than 250 octets";
		if (m->type == META_BOOL)
			amqp_field_bool(out, &key,
			    span_eq(m->value, SPAN("true")) ||
				span_eq(m->value, SPAN("1")));
		else if (m->type == META_NUMBER)
			put_number(out, &key, m->value);
		else
			amqp_field_text(out, &key, m->value);
	}
	return NULL;
}

static const char *
put_envelope(struct agent_job *job, struct buf *out)
{
	const struct envelope *e = &job->env;
	struct span key = SPAN("sender");
	uint64_t port;

	/* Always there: "" is the null sender, not a missing one. */
	amqp_field_text(out, &key, job->sender);
	put_recipients(job, out);
	put_text(out, "helo", e->helo);
	put_text(out, "remote_ip", e->client_ip);
	key = SPAN("remote_port");
	if (num_parse_max(e->client_port, 65535, &port) == 0)
		amqp_field_int(out, &key, (int64_t)port);
	put_text(out, "remote_name", e->client_name);
	put_text(out, "protocol", e->protocol);
	put_text(out, "auth", e->auth);
	put_text(out, "tls", e->tls);
	key = SPAN("received");
	amqp_field_time(out, &key, e->received_us / 1000000);
	key = SPAN("size");
	amqp_field_int(out, &key, (int64_t)job->size);
	return put_meta(job, out);
}

const char *
amqp_props_put(struct agent_job *job, enum amqp_format format,
    struct span message_id, struct buf *out)
{
	const char *wrong = NULL;
	size_t opened;

	amqp_put_u16(out, HAS_CONTENT_TYPE | HAS_HEADERS | HAS_DELIVERY_MODE |
		HAS_MESSAGE_ID | HAS_TIMESTAMP | HAS_TYPE | HAS_APP_ID);
	amqp_put_short(out, format == AMQP_JSON ? SPAN("application/json") :
		SPAN("message/rfc822"));
	opened = amqp_put_open(out);
	put_text(out, "x-smtpe-id", job->id);
	if (format == AMQP_RAW)
		wrong = put_envelope(job, out);
	amqp_put_close(out, opened);
	amqp_put_u8(out, PERSISTENT);
	amqp_put_short(out, message_id);
	amqp_put_u64(out, (uint64_t)(job->env.received_us / 1000000));
	amqp_put_short(out, SPAN("mail"));
	amqp_put_short(out, SPAN("smtpe"));
	return wrong;
}
