/* amqp_conn: see amqp_conn.h. */
#include "amqp_conn.h"
#include "amqp_dial.h"
#include "amqp_out.h"
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

#define FRAME_MAX     131072 /* RabbitMQ's own proposal */
#define FRAME_LEAST   4096   /* AMQP 0-9-1, 4.2.3: nobody may go below */
#define HEARTBEAT     30     /* seconds */
#define GOODBYE	      2000   /* ms: nothing depends on it */
#define BROKER_TEXT   400    /* octets of its words that we repeat */

int
amqp_conn_fail(struct amqp_conn *c, const char *enhanced, const char *fmt, ...)
{
	struct buf why = {0};
	va_list ap;

	if (c->failed)
		return -1;
	c->failed = true;
	c->enhanced = enhanced;
	/* The old reason may be part of the new one. */
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	buf_free(&c->why);
	c->why = why;
	return -1;
}

void
amqp_conn_late(struct amqp_conn *c, const char *what)
{
	if (c->blocked)
		amqp_conn_fail(c, "4.3.1", "%.*s",
		    SPAN_ARG(buf_span(&c->why)));
	else
		amqp_conn_fail(c, "4.4.1", "%s (%lld s)", what,
		    (long long)(c->timeout + 999) / 1000);
}

static struct timeval
timeval_of(clock_ms ms)
{
	/* 0 would mean "for ever" to some of the library's calls. */
	if (ms <= 0)
		ms = 1;
	return (struct timeval){(time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000)};
}

static int
broker_words(amqp_bytes_t b)
{
	return (int)(b.len < BROKER_TEXT ? b.len : BROKER_TEXT);
}

/* Fails with what an RPC says; doing is "login", "open a channel". */
static int
rpc_failed(struct amqp_conn *c, amqp_rpc_reply_t r, const char *doing)
{
	if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
		return amqp_conn_fail(c,
		    r.library_error == AMQP_STATUS_TIMEOUT ? "4.4.1" : "4.4.2",
		    "%s: %s", doing, amqp_error_string2(r.library_error));
	if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
		return amqp_conn_fail(c, "4.4.2", "%s: no reply", doing);
	if (r.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *m = r.reply.decoded;

		return amqp_conn_fail(c, "4.3.5", "%s: %u %.*s", doing,
		    m->reply_code, broker_words(m->reply_text),
		    (const char *)m->reply_text.bytes);
	}
	if (r.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *m = r.reply.decoded;

		return amqp_conn_fail(c, "4.3.5", "%s: %u %.*s", doing,
		    m->reply_code, broker_words(m->reply_text),
		    (const char *)m->reply_text.bytes);
	}
	return amqp_conn_fail(c, "4.4.2", "%s: method %x came back", doing,
	    r.reply.id);
}

static int
connect_to(struct amqp_conn *c, const struct amqp_uri *uri,
    const struct amqp_tls *tls, clock_ms end)
{
	amqp_socket_t *s = amqp_tcp_socket_new(c->state);
	const char *why;

	if (s == NULL)
		return amqp_conn_fail(c, "4.3.0", "out of memory");
	c->fd = amqp_dial(uri->host, uri->port, end, &why);
	if (c->fd == -1)
		return amqp_conn_fail(c, "4.4.1", "connect: %s", why);
	if (uri->tls && (c->fd =
		amqp_tls_start(tls, c->fd, uri->host, end, &why)) == -1)
		return amqp_conn_fail(c, "4.7.5", "%s", why);
	amqp_tcp_socket_set_sockfd(s, c->fd);
	return 0;
}

/* What RabbitMQ shows of us, and what it has to be asked for: without
 * connection.blocked it would just stop reading. */
static amqp_rpc_reply_t
login(amqp_connection_state_t state, const struct amqp_uri *uri)
{
	static const char *const asked[] = {"connection.blocked",
	    "publisher_confirms", "basic.nack", "authentication_failure_close"};
	amqp_table_entry_t caps[sizeof asked / sizeof *asked], props[2];

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		caps[i].key = amqp_cstring_bytes(asked[i]);
		caps[i].value.kind = AMQP_FIELD_KIND_BOOLEAN;
		caps[i].value.value.boolean = 1;
	}
	props[0].key = amqp_cstring_bytes("capabilities");
	props[0].value.kind = AMQP_FIELD_KIND_TABLE;
	props[0].value.value.table = (amqp_table_t){
	    sizeof asked / sizeof *asked, caps};
	props[1].key = amqp_cstring_bytes("connection_name");
	props[1].value.kind = AMQP_FIELD_KIND_UTF8;
	props[1].value.value.bytes = amqp_cstring_bytes("smtpe");
	return amqp_login_with_properties(state, uri->vhost, 0, FRAME_MAX,
	    HEARTBEAT, &(amqp_table_t){2, props}, AMQP_SASL_METHOD_PLAIN,
	    uri->user, uri->password);
}

static int
open_channel(struct amqp_conn *c)
{
	amqp_rpc_reply_t r;

	amqp_channel_open(c->state, AMQP_CHANNEL);
	r = amqp_get_rpc_reply(c->state);
	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		return rpc_failed(c, r, "open a channel");
	amqp_confirm_select(c->state, AMQP_CHANNEL);
	r = amqp_get_rpc_reply(c->state);
	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		return rpc_failed(c, r, "ask for confirms");
	c->channel_open = true;
	c->heard = c->spoke = clock_mono();
	return 0;
}

/* What was agreed at the login; our heartbeats take over from the library's. */
static int
take_over(struct amqp_conn *c)
{
	int frame_max = amqp_get_frame_max(c->state);

	if (frame_max == 0)
		frame_max = FRAME_MAX;
	if (frame_max < FRAME_LEAST)
		return amqp_conn_fail(c, "4.3.5",
		    "login: a frame limit of %d octets", frame_max);
	c->frame_max = (size_t)frame_max;
	c->heartbeat = (int64_t)amqp_get_heartbeat(c->state) * 1000;
	if (amqp_tune_connection(c->state, amqp_get_channel_max(c->state),
		frame_max, 0) != AMQP_STATUS_OK)
		return amqp_conn_fail(c, "4.3.0", "out of memory");
	return 0;
}

/* What amqpdeclare lists, in its order. */
static int
declare(struct amqp_conn *c, const struct amqp_declarations *list)
{
	for (size_t i = 0; i < list->n; i++) {
		amqp_rpc_reply_t r;

		amqp_declare_one(&list->v[i], c->state, AMQP_CHANNEL);
		r = amqp_get_rpc_reply(c->state);
		if (r.reply_type != AMQP_RESPONSE_NORMAL)
			return rpc_failed(c, r, list->v[i].text);
	}
	return 0;
}

static void
reset(struct amqp_conn *c)
{
	struct buf out = c->out, why = c->why, returned = c->returned;

	buf_reset(&out);
	buf_reset(&why);
	buf_reset(&returned);
	*c = (struct amqp_conn){.fd = -1, .out = out, .why = why,
	    .returned = returned};
}

int
amqp_conn_open(struct amqp_conn *c, const struct amqp_uri *uri,
    const struct amqp_setup *setup)
{
	clock_ms end = clock_deadline(setup->timeout);
	struct timeval tv;
	amqp_rpc_reply_t r;

	reset(c);
	c->timeout = setup->timeout;
	if ((c->state = amqp_new_connection()) == NULL)
		return amqp_conn_fail(c, "4.3.0", "out of memory");
	if (connect_to(c, uri, &setup->tls, end) == -1)
		return -1;
	tv = timeval_of(clock_left(end));
	amqp_set_handshake_timeout(c->state, &tv);
	amqp_set_rpc_timeout(c->state, &tv);
	r = login(c->state, uri);
	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		return rpc_failed(c, r, "login");
	if (take_over(c) == -1)
		return -1;
	tv = timeval_of(clock_left(end));
	amqp_set_rpc_timeout(c->state, &tv);
	if (open_channel(c) == -1)
		return -1;
	tv = timeval_of(clock_left(end));
	amqp_set_rpc_timeout(c->state, &tv);
	return declare(c, setup->declare);
}

int
amqp_conn_reopen_channel(struct amqp_conn *c)
{
	struct timeval tv = timeval_of(c->timeout);

	amqp_set_rpc_timeout(c->state, &tv);
	return open_channel(c);
}

void
amqp_conn_close(struct amqp_conn *c)
{
	struct timeval tv = timeval_of(GOODBYE);

	if (c->state == NULL)
		return;
	/* Whoever does not read would keep us here, and a peer in an unknown
	 * state has nothing to say that matters. */
	if (!c->failed && !c->blocked && c->channel_open &&
	    amqp_out_pending(c) == 0) {
		amqp_set_rpc_timeout(c->state, &tv);
		amqp_connection_close(c->state, AMQP_REPLY_SUCCESS);
	}
	amqp_destroy_connection(c->state);
	c->state = NULL;
	c->fd = -1;
	c->channel_open = false;
}
