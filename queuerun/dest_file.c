/* dest_file: see dest_file.h. */
#include "dest_file.h"
#include "escape.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MAGIC	  "smtpe-backoff 1 "
#define LINE_MOST 8192

uint64_t
dest_hash(struct span s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h ^ h >> 32;
}

static void
path_of(const struct dest *d, char path[QUEUE_NAME_MAX])
{
	snprintf(path, QUEUE_NAME_MAX, "backoff/%016llx",
	    (unsigned long long)d->hash);
}

/* "SINCE UNTIL COUNT KEY TEXT\n" */
static void
parse(struct span line, struct dest *d)
{
	struct span since, until, count, key, text;
	uint64_t s, u, c;
	struct arena a = {0};

	if (span_word(&line, &since) && span_word(&line, &until) &&
	    span_word(&line, &count) && span_word(&line, &key) &&
	    span_word(&line, &text) &&
	    num_parse_max(since, 9999999999, &s) == 0 &&
	    num_parse_max(until, 9999999999, &u) == 0 &&
	    num_parse_max(count, 1000000, &c) == 0 &&
	    escape_undo(key, &a, &key) == 0 &&
	    escape_undo(text, &a, &text) == 0 &&
	    span_eq(key, buf_span(&d->key))) {
		d->since = (int64_t)s;
		d->until = (int64_t)u;
		d->count = (unsigned)c;
		buf_put(&d->text, text);
	}
	arena_free(&a);
}

void
dest_file_read(struct queue *q, struct dest *d)
{
	struct buf text = {0};
	struct span line, magic = SPAN(MAGIC);
	char path[QUEUE_NAME_MAX];

	path_of(d, path);
	if (file_read_at(q->fd, path, LINE_MOST, &text) == 0) {
		line = buf_span(&text);
		if (line.n > magic.n && line.p[line.n - 1] == '\n' &&
		    span_eq(span_head(line, magic.n), magic))
			parse(span_head(span_skip(line, magic.n),
			    line.n - magic.n - 1), d);
	}
	buf_free(&text);
}

void
dest_file_write(struct queue *q, const struct dest *d)
{
	char path[QUEUE_NAME_MAX], part[QUEUE_NAME_MAX];
	struct buf line = {0};
	int fd;

	path_of(d, path);
	/* Of this process alone; a reader ignores names with a dot. */
	snprintf(part, sizeof part, "backoff/.%ld", (long)getpid());
	buf_printf(&line, MAGIC "%lld %lld %u ", (long long)d->since,
	    (long long)d->until, d->count);
	escape_put(&line, buf_span(&d->key));
	buf_putc(&line, ' ');
	escape_put(&line, d->text.n > 0 ? span_head(buf_span(&d->text), 1000) :
					  SPAN("-"));
	buf_putc(&line, '\n');
	fd = queue_openat(q, part,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK);
	if (fd == -1 || file_write_all(fd, buf_span(&line)) == -1 ||
	    renameat(q->fd, part, q->fd, path) == -1) {
		log_warn("queue-backoff", "%s: %s", path, strerror(errno));
		unlinkat(q->fd, part, 0);
	}
	if (fd != -1)
		close(fd);
	buf_free(&line);
}

void
dest_file_remove(struct queue *q, const struct dest *d)
{
	char path[QUEUE_NAME_MAX];

	path_of(d, path);
	unlinkat(q->fd, path, 0);
}
