/*
 * make-entry: puts entries into a queue, through the same code as smtpe, and
 * prints their ids.
 *
 *	make-entry -q QUEUEDIR [options] RCPT...
 *	-n COUNT    that many (1)
 *	-s OCTETS   size of the message made up (256); or -b FILE: its content
 *	-f SENDER   "" for the null sender (sender@example.net)
 *	-r EPOCH    when it was received (now)
 *	-m KEY=VALUE  metadata, repeated
 *	-e TEXT     a field to prepend, repeated
 *	-d T,N      into due/ with this time and number of attempts
 *	-p PLACE    into this place (new)
 *	-M PARAMS   of MAIL
 *	-C CONFIG   of its queue (queue_config.h)
 *	-P RESULT   of hook.postq, recorded and not carried out
 *	-F          without a sync: for a great many
 *	What follows a '|' in a RCPT are its parameters.
 */
#include "clock.h"
#include "die.h"
#include "file.h"
#include "num.h"
#include "queue_in.h"
#include "queue_out.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REPEATED_MAX 100

static struct queue_in in;
static struct envelope_meta meta[REPEATED_MAX];
static struct envelope_edit edits[REPEATED_MAX];
static struct envelope env = {.meta = meta, .edits = edits};
static struct buf message;
static const char *place = "new";
static const char *due;
static bool fast;

static void
add_meta(const char *text)
{
	struct span rest = span_of(text), key;

	if (env.nmeta == REPEATED_MAX)
		die_perm("-m: too many");
	span_cut(&rest, '=', &key);
	meta[env.nmeta++] = (struct envelope_meta){key, META_STRING, rest};
}

static void
add_edit(const char *text)
{
	if (env.nedits == REPEATED_MAX)
		die_perm("-e: too many");
	edits[env.nedits++] = (struct envelope_edit){EDIT_PREPEND, 0,
	    span_of(text)};
}

static void
make_up(uint64_t size)
{
	static const char line[] =
	    "A line that is neither long nor short, of a made up message.\r\n";

	buf_puts(&message, "Subject: made up\r\n\r\n");
	while (message.n + sizeof line < size)
		buf_puts(&message, line);
	while (message.n + 2 < size)
		buf_putc(&message, 'x');
	buf_puts(&message, "\r\n");
}

/* "T,N": where a commit into new/ goes on to. */
static void
to_due(struct queue *q, const char *id)
{
	char from[QUEUE_NAME_MAX], to[QUEUE_NAME_MAX];
	struct span rest = span_of(due), t;
	uint64_t time, n;

	span_cut(&rest, ',', &t);
	if (num_parse_u64(t, &time) == -1 ||
	    num_parse_max(rest, 1000000, &n) == -1)
		die_perm("-d %s: not T,N", due);
	snprintf(from, sizeof from, "new/%s", id);
	queue_due_name((int64_t)time, (unsigned)n, id, to);
	if (queue_rename(q, from, to) == -1)
		die_temp_errno("rename %s", to);
}

static void
write_fast(struct queue *q, const char *id)
{
	char path[QUEUE_NAME_MAX];
	static struct buf file;
	int fd;

	buf_reset(&file);
	buf_put(&file, buf_span(&message));
	env.id = span_of(id);
	envelope_format(&env, message.n, &file);
	snprintf(path, sizeof path, "%s/%s", place, id);
	fd = queue_openat(q, path, O_WRONLY | O_CREAT | O_EXCL);
	if (fd == -1 || file_write_all(fd, buf_span(&file)) == -1 ||
	    close(fd) == -1)
		die_temp_errno("%s", path);
}

static void
write_durably(struct queue *q, const char *id)
{
	memcpy(in.id, id, strlen(id) + 1);
	if (queue_in_open(&in, q) == -1)
		die_temp_errno("open");
	queue_in_write(&in, buf_span(&message));
	if (queue_in_commit(&in, &env, place) == -1)
		die_temp_errno("commit");
}

static void
make(struct queue *q)
{
	char id[ID_SIZE];

	id_make(id);
	if (fast)
		write_fast(q, id);
	else
		write_durably(q, id);
	if (due != NULL)
		to_due(q, id);
	puts(id);
}

static uint64_t
number(const char *text)
{
	uint64_t n;

	if (num_parse_u64(span_of(text), &n) == -1)
		die_perm("%s: not a number", text);
	return n;
}

int
main(int argc, char **argv)
{
	const char *dir = NULL, *body = NULL;
	uint64_t count = 1, size = 256;
	struct queue q;
	int o;

	env.received_us = clock_wall_us();
	env.sender = SPAN("sender@example.net");
	env.protocol = SPAN("ESMTP");
	while ((o = getopt(argc, argv, "q:n:s:b:f:r:m:e:d:p:C:M:P:F")) != -1) {
		switch (o) {
		case 'q':
			dir = optarg;
			break;
		case 'n':
			count = number(optarg);
			break;
		case 's':
			size = number(optarg);
			break;
		case 'b':
			body = optarg;
			break;
		case 'f':
			env.sender = span_of(optarg);
			break;
		case 'r':
			env.received_us = (int64_t)number(optarg) * 1000000;
			break;
		case 'm':
			add_meta(optarg);
			break;
		case 'e':
			add_edit(optarg);
			break;
		case 'd':
			due = optarg;
			break;
		case 'p':
			place = optarg;
			break;
		case 'M':
			env.params = span_of(optarg);
			break;
		case 'P':
			env.postq = POSTQ_RESULT;
			env.postq_result = span_of(optarg);
			break;
		case 'C':
			env.queue_config = span_of(optarg);
			break;
		case 'F':
			fast = true;
			break;
		default:
			return EXIT_PERM;
		}
	}
	if (dir == NULL || optind == argc)
		die_perm("usage: make-entry -q QUEUEDIR [options] RCPT...");
	env.nrcpts = (size_t)(argc - optind);
	env.rcpts = calloc(env.nrcpts, sizeof *env.rcpts);
	for (size_t i = 0; i < env.nrcpts; i++) {
		struct span rest = span_of(argv[optind + (int)i]), address;

		span_cut(&rest, '|', &address);
		env.rcpts[i] = (struct envelope_rcpt){.state = RCPT_OPEN,
		    .address = address, .params = rest};
	}
	if (body == NULL)
		make_up(size);
	else if (file_read_at(AT_FDCWD, body, SIZE_MAX / 4, &message) == -1)
		die_temp_errno("%s", body);
	if (queue_open(&q, dir) == -1)
		die_temp_errno("%s", dir);
	for (; count > 0; count--)
		make(&q);
	return 0;
}
