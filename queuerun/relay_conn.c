/* relay_conn: see relay_conn.h. */
#include "relay_conn.h"
#include "relay_down.h"
#include <errno.h>

#define IDLE_MS	     4000   /* without a message */
#define AGE_MS	     300000 /* of a connection */
#define MESSAGES_MAX 100    /* in one connection: servers have limits */

void
relay_conn_init(struct relay_conn *c, const struct smtpclient_config *config)
{
	smtpclient_init(&c->client, config);
	c->open = false;
}

static bool
same_host(const struct relay_conn *c, const struct relay_host *h)
{
	if (h->path.p != NULL || c->is.path.p != NULL)
		return h->path.p != NULL && c->is.path.p != NULL &&
		    span_eq(h->path, buf_span(&c->name));
	return h->tls == c->is.tls && h->port == c->is.port && ip_eq(&h->ip, &c->is.ip) &&
	    span_ieq(h->name, buf_span(&c->name));
}

bool
relay_conn_fits(struct relay_conn *c, const struct relay_hosts *h)
{
	if (!c->open || !smtpclient_usable(&c->client) ||
	    c->messages >= MESSAGES_MAX ||
	    clock_mono() - c->since > AGE_MS ||
	    /* A server that speaks now says goodbye. */
	    io_readable(&c->client.io))
		return false;
	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].preference != h->v[0].preference)
			return false;
		if (same_host(c, &h->v[i])) {
			c->host = i;
			return true;
		}
	}
	return false;
}

struct span
relay_host_text(const struct relay_host *h, struct arena *a)
{
	char ip[IP_TEXT];

	if (h->path.p != NULL)
		return arena_dup(a, h->path);
	return arena_printf(a, "%.*s[%s]", SPAN_ARG(h->name),
	    ip_format(&h->ip, ip));
}

static struct span
target_of(const struct relay_host *h, struct arena *a)
{
	char ip[IP_TEXT];

	if (h->path.p != NULL)
		return h->path;
	return arena_printf(a, "[%s]:%u", ip_format(&h->ip, ip), h->port);
}

/*
 * A refusal for now is remembered before one for good: another attempt may
 * find that host in a better mood. What a host said, or did, tells more than
 * that another one cannot be reached.
 */
static void
note_failure(struct relay_conn *c, struct smtpclient_result why, size_t i,
    bool first, struct arena *a)
{
	if (!first && why.outcome == SMTPCLIENT_PERMANENT &&
	    c->why.outcome != SMTPCLIENT_PERMANENT)
		return;
	if (!first && why.stage == SMTPCLIENT_CONNECT &&
	    c->why.stage != SMTPCLIENT_CONNECT &&
	    c->why.outcome != SMTPCLIENT_PERMANENT)
		return;
	c->why = why;
	c->why.reply.text = arena_dup(a, why.reply.text);
	if (why.reply.enhanced != NULL)
		c->why.reply.enhanced = arena_cstr(a,
		    span_of(why.reply.enhanced));
	c->host = i;
}

/* Not reached, or as good as that: it takes connections and says nothing. */
static bool
gave_no_answer(const struct smtpclient_result *why)
{
	return (why->outcome == SMTPCLIENT_TIMEOUT ||
	    why->outcome == SMTPCLIENT_LOST) && why->error != 0 &&
	    why->stage <= SMTPCLIENT_HELLO;
}

static int
try(struct relay_conn *c, const struct relay_host *h, struct arena *a)
{
	struct span target = target_of(h, a);
	int r;

	c->client.config.peer = h->name;
	c->client.config.tls = h->tls;
	r = smtpclient_open(&c->client, &target, 1);
	if (h->path.p != NULL)
		return r;
	if (r == -1 && gave_no_answer(smtpclient_why(&c->client)))
		relay_down_note(&h->ip, h->port,
		    smtpclient_why(&c->client)->error);
	else
		relay_down_clear(&h->ip, h->port);
	return r;
}

/* What is known without trying. */
static struct smtpclient_result
known_down(int error, struct arena *a)
{
	return (struct smtpclient_result){.outcome = SMTPCLIENT_LOST,
	    .stage = SMTPCLIENT_CONNECT, .error = error,
	    .reply = {451, "4.4.1", arena_printf(a,
		"%s, a moment ago", tcp_strerror(error)), false}};
}

int
relay_conn_open(struct relay_conn *c, const struct relay_hosts *h,
    size_t from, struct arena *a)
{
	relay_conn_close(c);
	c->host = from;
	for (size_t i = from; i < h->n; i++) {
		const struct relay_host *host = &h->v[i];
		int down = host->path.p != NULL ? 0 :
		    relay_down_find(&host->ip, host->port);

		if (down != 0) {
			note_failure(c, known_down(down, a), i, i == from, a);
			continue;
		}
		if (try(c, host, a) == 0) {
			c->open = true;
			c->host = i;
			c->is = *host;
			buf_reset(&c->name);
			buf_put(&c->name, host->path.p != NULL ? host->path :
								 host->name);
			c->messages = 0;
			c->since = c->used = clock_mono();
			return 0;
		}
		note_failure(c, *smtpclient_why(&c->client), i, i == from, a);
		if (clock_left(c->client.config.deadline) == 0)
			break;
	}
	return -1;
}

void
relay_conn_used(struct relay_conn *c)
{
	c->messages++;
	c->used = clock_mono();
}

int
relay_conn_idle(const struct relay_conn *c, clock_ms *deadline)
{
	if (!c->open)
		return -1;
	*deadline = c->used + IDLE_MS;
	return c->client.fd;
}

void
relay_conn_close(struct relay_conn *c)
{
	if (!c->open)
		return;
	c->client.config.deadline = clock_deadline(2000);
	smtpclient_close(&c->client);
	c->open = false;
}
