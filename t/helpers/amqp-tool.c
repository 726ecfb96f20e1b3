/*
 * amqp-tool: a consumer for tests, demo and bench, independent of the agent:
 * everything here is rabbitmq-c's own.
 *
 *	amqp-tool URI declare QUEUE [EXCHANGE KEY]	durable, classic
 *	amqp-tool URI declare-quorum QUEUE [EXCHANGE KEY]
 *	amqp-tool URI get QUEUE		one body to stdout; exit 1: none there
 *	amqp-tool URI consume QUEUE N DIR	at most N (0 = all), each body
 *			to DIR/1, DIR/2, ...; one line of JSON on stdout each:
 *			{"n": 1, "redelivered": false, "properties": {...},
 *			"headers": {NAME: [TYPE, VALUE], ...}}
 *	amqp-tool URI count QUEUE	messages that are ready
 *	amqp-tool URI purge QUEUE
 *	amqp-tool URI delete-exchange EXCHANGE
 */
#include "amqp_uri.h"
#include "file.h"
#include "json.h"
#include "num.h"
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define CHANNEL 1

static amqp_connection_state_t conn;

static _Noreturn void
fail(const char *what, const char *why)
{
	fprintf(stderr, "amqp-tool: %s: %s\n", what, why);
	exit(1);
}

static void
check(amqp_rpc_reply_t r, const char *what)
{
	const amqp_channel_close_t *m = r.reply.decoded;
	char text[256];

	if (r.reply_type == AMQP_RESPONSE_NORMAL)
		return;
	if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
		fail(what, amqp_error_string2(r.library_error));
	/* connection.close begins with the same two fields. */
	snprintf(text, sizeof text, "%u %.*s", m->reply_code,
	    (int)m->reply_text.len, (char *)m->reply_text.bytes);
	fail(what, text);
}

static void
check_last(const char *what)
{
	check(amqp_get_rpc_reply(conn), what);
}

static void
login(const char *text)
{
	static struct arena a;
	struct timeval limit = {60, 0};
	struct amqp_uri uri;
	const char *wrong = amqp_uri_parse(span_of(text), &a, &uri);
	amqp_socket_t *s;

	if (wrong != NULL)
		fail("URI", wrong);
	if ((conn = amqp_new_connection()) == NULL ||
	    (s = amqp_tcp_socket_new(conn)) == NULL)
		fail("connection", "no memory");
	if (amqp_socket_open_noblock(s, uri.host, uri.port, &limit) != 0)
		fail(uri.host, "no connection");
	amqp_set_rpc_timeout(conn, &limit);
	check(amqp_login(conn, uri.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN,
		  uri.user, uri.password), "login");
	amqp_channel_open(conn, CHANNEL);
	check_last("channel");
}

static void
declare(const char *queue, const char *type, const char *exchange,
    const char *key)
{
	amqp_table_entry_t e = {.key = amqp_cstring_bytes("x-queue-type")};

	e.value.kind = AMQP_FIELD_KIND_UTF8;
	e.value.value.bytes = amqp_cstring_bytes(type);
	amqp_queue_declare(conn, CHANNEL, amqp_cstring_bytes(queue), 0, 1, 0,
	    0, (amqp_table_t){1, &e});
	check_last("queue.declare");
	if (exchange == NULL)
		return;
	amqp_exchange_declare(conn, CHANNEL, amqp_cstring_bytes(exchange),
	    amqp_cstring_bytes("direct"), 0, 1, 0, 0, amqp_empty_table);
	check_last("exchange.declare");
	amqp_queue_bind(conn, CHANNEL, amqp_cstring_bytes(queue),
	    amqp_cstring_bytes(exchange), amqp_cstring_bytes(key),
	    amqp_empty_table);
	check_last("queue.bind");
}

static struct span
span_of_bytes(amqp_bytes_t b)
{
	return span_make(b.len ? b.bytes : "", b.len);
}

static void
put_hex(struct json *j, amqp_bytes_t b)
{
	struct buf hex = {0};

	for (size_t i = 0; i < b.len; i++)
		buf_printf(&hex, "%02x", ((unsigned char *)b.bytes)[i]);
	json_string(j, NULL, buf_span(&hex));
	buf_free(&hex);
}

static void
put_value(struct json *j, const char *key, const amqp_field_value_t *v)
{
	struct buf text = {0};
	char kind = (char)v->kind;

	json_open_array(j, key);
	json_string(j, NULL, span_make(&kind, 1));
	switch (v->kind) {
	case AMQP_FIELD_KIND_BOOLEAN:
		json_bool(j, NULL, v->value.boolean != 0);
		break;
	case AMQP_FIELD_KIND_I32:
		json_number(j, NULL, v->value.i32);
		break;
	case AMQP_FIELD_KIND_I64:
		json_number(j, NULL, v->value.i64);
		break;
	case AMQP_FIELD_KIND_TIMESTAMP:
		json_number(j, NULL, (int64_t)v->value.u64);
		break;
	case AMQP_FIELD_KIND_F64:
		buf_printf(&text, "%.17g", v->value.f64);
		json_string(j, NULL, buf_span(&text));
		break;
	case AMQP_FIELD_KIND_UTF8:
		json_string(j, NULL, span_of_bytes(v->value.bytes));
		break;
	case AMQP_FIELD_KIND_BYTES:
		put_hex(j, v->value.bytes);
		break;
	case AMQP_FIELD_KIND_ARRAY:
		json_open_array(j, NULL);
		for (int i = 0; i < v->value.array.num_entries; i++)
			put_value(j, NULL, &v->value.array.entries[i]);
		json_close_array(j);
		break;
	default:
		json_null(j, NULL);
	}
	json_close_array(j);
	buf_free(&text);
}

static void
put_headers(struct json *j, const amqp_basic_properties_t *p)
{
	json_open_object(j, "headers");
	if (p->_flags & AMQP_BASIC_HEADERS_FLAG)
		for (int i = 0; i < p->headers.num_entries; i++) {
			const amqp_table_entry_t *e = &p->headers.entries[i];
			char key[256];

			snprintf(key, sizeof key, "%.*s", (int)e->key.len,
			    (char *)e->key.bytes);
			put_value(j, key, &e->value);
		}
	json_close_object(j);
}

static void
put_properties(struct json *j, const amqp_basic_properties_t *p)
{
	json_open_object(j, "properties");
	if (p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG)
		json_string(j, "content_type", span_of_bytes(p->content_type));
	if (p->_flags & AMQP_BASIC_DELIVERY_MODE_FLAG)
		json_number(j, "delivery_mode", p->delivery_mode);
	if (p->_flags & AMQP_BASIC_PRIORITY_FLAG)
		json_number(j, "priority", p->priority);
	if (p->_flags & AMQP_BASIC_EXPIRATION_FLAG)
		json_string(j, "expiration", span_of_bytes(p->expiration));
	if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
		json_string(j, "message_id", span_of_bytes(p->message_id));
	if (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG)
		json_number(j, "timestamp", (int64_t)p->timestamp);
	if (p->_flags & AMQP_BASIC_TYPE_FLAG)
		json_string(j, "type", span_of_bytes(p->type));
	if (p->_flags & AMQP_BASIC_APP_ID_FLAG)
		json_string(j, "app_id", span_of_bytes(p->app_id));
	json_close_object(j);
}

static void
show(int n, bool redelivered, const amqp_basic_properties_t *p)
{
	struct buf out = {0};
	struct json j;

	json_init(&j, &out);
	json_open_object(&j, NULL);
	json_number(&j, "n", n);
	json_bool(&j, "redelivered", redelivered);
	put_properties(&j, p);
	put_headers(&j, p);
	json_close_object(&j);
	buf_putc(&out, '\n');
	fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

static void
write_body(int fd, amqp_bytes_t body)
{
	if (file_write_all(fd, span_of_bytes(body)) == -1)
		fail("write", strerror(errno));
}

/* Takes one message out of the queue: false when there is none. dir NULL:
 * the body goes to stdout. */
static bool
take(const char *queue, int n, const char *dir)
{
	amqp_rpc_reply_t r = amqp_basic_get(conn, CHANNEL,
	    amqp_cstring_bytes(queue), 0);
	const amqp_basic_get_ok_t *got = r.reply.decoded;
	uint64_t tag;
	bool redelivered;
	amqp_message_t m;

	check(r, "basic.get");
	if (r.reply.id != AMQP_BASIC_GET_OK_METHOD)
		return false;
	tag = got->delivery_tag;
	redelivered = got->redelivered != 0;
	check(amqp_read_message(conn, CHANNEL, &m, 0), "content");
	if (dir == NULL) {
		write_body(1, m.body);
	} else {
		char path[4096];
		int fd;

		snprintf(path, sizeof path, "%s/%d", dir, n);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd == -1)
			fail(path, strerror(errno));
		write_body(fd, m.body);
		close(fd);
		show(n, redelivered, &m.properties);
	}
	amqp_destroy_message(&m);
	if (amqp_basic_ack(conn, CHANNEL, tag, 0) != 0)
		fail("basic.ack", "connection lost");
	amqp_maybe_release_buffers(conn);
	return true;
}

static int
consume(const char *queue, const char *count, const char *dir)
{
	uint64_t n;

	if (num_parse_max(span_of(count), 1000000000, &n) == -1)
		fail("consume", "no number");
	for (uint64_t i = 1; n == 0 || i <= n; i++)
		if (!take(queue, (int)i, dir))
			return n != 0;
	return 0;
}

static int
count(const char *queue)
{
	amqp_queue_declare_ok_t *q = amqp_queue_declare(conn, CHANNEL,
	    amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);

	check_last("queue.declare");
	printf("%u\n", q->message_count);
	return 0;
}

static int
run(int argc, char **argv)
{
	const char *verb = argv[2], *what = argv[3];

	if (argc == 4 && strcmp(verb, "get") == 0)
		return take(what, 1, NULL) ? 0 : 1;
	if (argc == 6 && strcmp(verb, "consume") == 0)
		return consume(what, argv[4], argv[5]);
	if (argc == 4 && strcmp(verb, "count") == 0)
		return count(what);
	if (argc == 4 && strcmp(verb, "purge") == 0) {
		amqp_queue_purge(conn, CHANNEL, amqp_cstring_bytes(what));
		check_last("queue.purge");
		return 0;
	}
	if (argc == 4 && strcmp(verb, "delete-exchange") == 0) {
		amqp_exchange_delete(conn, CHANNEL, amqp_cstring_bytes(what),
		    0);
		check_last("exchange.delete");
		return 0;
	}
	if ((argc == 4 || argc == 6) && strncmp(verb, "declare", 7) == 0) {
		declare(what, strcmp(verb, "declare-quorum") ? "classic" :
			"quorum", argc == 6 ? argv[4] : NULL,
		    argc == 6 ? argv[5] : NULL);
		return 0;
	}
	fprintf(stderr, "usage: amqp-tool URI declare|declare-quorum|get|"
			"consume|count|purge|delete-exchange ...\n");
	return 100;
}

int
main(int argc, char **argv)
{
	int status;

	if (argc < 4) {
		fprintf(stderr, "usage: amqp-tool URI VERB NAME ...\n");
		return 100;
	}
	login(argv[1]);
	status = run(argc, argv);
	amqp_channel_close(conn, CHANNEL, AMQP_REPLY_SUCCESS);
	amqp_connection_close(conn, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(conn);
	return status;
}
