/*
 * amqpbench PORT QUEUE N SIZE WINDOW TYPE: a bare publisher, to measure
 * agent-amqp against. Declares a durable queue of that type (classic, quorum) on the broker at 127.0.0.1,
 * publishes N persistent messages of SIZE octets with at most WINDOW of them
 * unconfirmed, waits for the last confirm, prints messages per second, and
 * empties the queue.
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static amqp_connection_state_t conn;
static unsigned long acked;

static void
fail(const char *what)
{
	fprintf(stderr, "amqpbench: %s failed\n", what);
	exit(111);
}

static void
check(const char *what)
{
	if (amqp_get_rpc_reply(conn).reply_type != AMQP_RESPONSE_NORMAL)
		fail(what);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Takes one confirm, which may be for many. */
static void
wait_ack(void)
{
	amqp_frame_t f;
	amqp_basic_ack_t *ack;

	amqp_maybe_release_buffers(conn);
	if (amqp_simple_wait_frame(conn, &f) != AMQP_STATUS_OK)
		fail("waiting for a confirm");
	if (f.frame_type != AMQP_FRAME_METHOD)
		return;
	if (f.payload.method.id != AMQP_BASIC_ACK_METHOD)
		fail("publishing");
	ack = f.payload.method.decoded;
	if (!ack->multiple)
		acked++;
	else if (ack->delivery_tag > acked)
		acked = ack->delivery_tag;
}

static void
dial(int port)
{
	amqp_socket_t *s;

	conn = amqp_new_connection();
	s = amqp_tcp_socket_new(conn);
	if (s == NULL || amqp_socket_open(s, "127.0.0.1", port) != 0)
		fail("connecting");
	if (amqp_login(conn, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest",
		"guest")
		.reply_type != AMQP_RESPONSE_NORMAL)
		fail("login");
	amqp_channel_open(conn, 1);
	check("opening a channel");
	amqp_confirm_select(conn, 1);
	check("confirm mode");
}

int
main(int argc, char **argv)
{
	amqp_basic_properties_t props = {0};
	amqp_bytes_t queue, body;
	amqp_table_entry_t type = {
	    .key = amqp_cstring_bytes("x-queue-type"),
	    .value = {.kind = AMQP_FIELD_KIND_UTF8}};
	unsigned long n, window;
	double start;

	if (argc != 7) {
		fputs("usage: amqpbench PORT QUEUE N SIZE WINDOW TYPE\n",
		    stderr);
		return 100;
	}
	dial((int)strtol(argv[1], NULL, 10));
	queue = amqp_cstring_bytes(argv[2]);
	n = strtoul(argv[3], NULL, 10);
	body.len = strtoul(argv[4], NULL, 10);
	window = strtoul(argv[5], NULL, 10);
	body.bytes = malloc(body.len);
	if (body.bytes == NULL)
		fail("malloc");
	memset(body.bytes, 'x', body.len);
	type.value.value.bytes = amqp_cstring_bytes(argv[6]);
	amqp_queue_declare(conn, 1, queue, 0, 1, 0, 0,
	    (amqp_table_t){1, &type});
	check("declaring the queue");
	props._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
	props.delivery_mode = AMQP_DELIVERY_PERSISTENT;

	start = now();
	for (unsigned long i = 0; i < n; i++) {
		if (amqp_basic_publish(conn, 1, amqp_empty_bytes, queue, 0, 0,
			&props, body) != AMQP_STATUS_OK)
			fail("publishing");
		while (i + 1 - acked >= window)
			wait_ack();
	}
	while (acked < n)
		wait_ack();
	printf("%.0f\n", (double)n / (now() - start));

	amqp_queue_purge(conn, 1, queue);
	check("emptying the queue");
	amqp_channel_close(conn, 1, AMQP_REPLY_SUCCESS);
	amqp_connection_close(conn, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(conn);
	free(body.bytes);
	return 0;
}
