/*
 * message_data: the octets of a message (message.h), read when somebody asks,
 * replaced, and composed into a file.
 */
#include "file.h"
#include "header.h"
#include "message.h"
#include "mime.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 16384

uint64_t
message_size(const struct message *m)
{
	return m->replaced ? m->data.n : m->size;
}

int
message_read(const struct message *m, void *p, size_t n, uint64_t offset)
{
	uint64_t size = message_size(m);

	if (offset > size || n > size - offset) {
		errno = EIO;
		return -1;
	}
	if (!m->replaced)
		return file_pread_all(m->fd, p, n, (off_t)offset);
	if (n > 0)
		memcpy(p, m->data.p + offset, n);
	return 0;
}

/* Is the end of the header block in s? A field that touches the end of s may
 * go on behind it. */
static bool
has_end(struct span s)
{
	struct header_field f;

	while (header_next(&s, &f))
		;
	return s.n > 0 && memchr(s.p, '\n', s.n) != NULL;
}

static int
read_header(struct message *m)
{
	buf_reset(&m->head);
	while (m->head.n < m->size) {
		size_t n = m->head.n > BLOCK ? m->head.n : BLOCK;

		if (m->head.n > MESSAGE_HEAD_MAX) {
			errno = EFBIG;
			return -1;
		}
		if (n > m->size - m->head.n)
			n = (size_t)(m->size - m->head.n);
		if (file_pread_all(m->fd, buf_reserve(&m->head, n), n,
			(off_t)m->head.n) == -1)
			return -1;
		m->head.n += n;
		if (has_end(buf_span(&m->head)))
			break;
	}
	m->head.n = header_length(buf_span(&m->head));
	m->head_read = true;
	return 0;
}

int
message_header(struct message *m, struct span *block)
{
	if (m->replaced) {
		struct span data = buf_span(&m->data);

		*block = span_head(data, header_length(data));
		return 0;
	}
	if (!m->head_read && read_header(m) == -1)
		return -1;
	*block = buf_span(&m->head);
	return 0;
}

static const char *
check_data(const struct message *m, struct span data)
{
	if (m->maxsize != 0 && data.n > m->maxsize)
		return "more octets than databytes allows";
	if (memchr(data.p, '\0', data.n) != NULL)
		return "a NUL";
	while (data.n > 0) {
		size_t n = span_chr(data, '\n');
		struct span line = span_head(data, n);

		if (n == data.n || n == 0 || line.p[n - 1] != '\r')
			return "a line that does not end in CRLF";
		line.n--;
		if (span_chr(line, '\r') < line.n)
			return "a bare CR";
		if (m->maxline != 0 && line.n > m->maxline)
			return "a line longer than maxline";
		data = span_skip(data, n + 1);
	}
	return NULL;
}

const char *
message_set_data(struct message *m, struct span data)
{
	const char *why = check_data(m, data);

	if (why != NULL)
		return why;
	/* A copy's octets are somebody else's. */
	if (m->data.cap == 0)
		m->data = (struct buf){0};
	buf_reset(&m->data);
	buf_put(&m->data, data);
	m->replaced = true;
	m->edits->n = 0;
	m->edits->changes++;
	m->changed |= MESSAGE_DATA;
	return NULL;
}

void
message_compose(struct message *m, struct compose *c)
{
	m->view.edits = m->edits->v;
	m->view.nedits = m->edits->n;
	compose_start(c, m->fd, message_size(m),
	    m->replaced ? buf_span(&m->data).p : NULL, &m->view);
}

/* --- its parts --- */

static int
read_whole(struct message *m)
{
	struct compose c = {0};
	struct span piece;
	int64_t size;
	int r, e;

	message_compose(m, &c);
	buf_reset(&m->whole);
	size = compose_size(&c);
	r = size < 0 ? -1 : 1;
	if (size > (int64_t)MESSAGE_WHOLE_MAX) {
		errno = EFBIG;
		r = -1;
	}
	if (r == 1)
		buf_reserve(&m->whole, (size_t)size);
	while (r == 1 && (r = compose_next(&c, &piece)) == 1)
		buf_put(&m->whole, piece);
	e = errno;
	compose_end(&c);
	compose_free(&c);
	errno = e;
	return r;
}

const struct mime *
message_mime(struct message *m)
{
	if (m->mime != NULL && m->mime_edits == m->edits->changes)
		return m->mime;
	m->mime = NULL;
	if (read_whole(m) == -1)
		return NULL;
	m->mime = arena_alloc(m->arena, sizeof *m->mime);
	mime_parse(buf_span(&m->whole), m->arena, m->mime);
	m->mime_edits = m->edits->changes;
	return m->mime;
}

/* --- a file of it --- */

/* A file in tmp/, locked, so that nobody sweeps it while we live. */
static int
open_copy(struct message *m)
{
	char path[QUEUE_NAME_MAX] = "tmp/";
	struct stat st;

	for (int tries = 0; tries < 5; tries++) {
		id_make(m->copy_id);
		memcpy(path + 4, m->copy_id, sizeof m->copy_id);
		m->copy_fd = queue_openat(m->queue, path,
		    O_RDWR | O_CREAT | O_EXCL);
		if (m->copy_fd == -1 && errno != EEXIST)
			return -1;
		if (m->copy_fd == -1)
			continue;
		if (flock(m->copy_fd, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(m->copy_fd, &st) == 0 && st.st_nlink == 1)
			break;
		unlinkat(m->queue->fd, path, 0);
		close(m->copy_fd);
		m->copy_fd = -1;
	}
	if (m->copy_fd == -1) {
		errno = EAGAIN;
		return -1;
	}
	buf_reset(&m->copy_path);
	buf_puts(&m->copy_path, m->queue->dir);
	buf_putc(&m->copy_path, '/');
	buf_puts(&m->copy_path, path);
	return 0;
}

static int
write_copy(struct message *m)
{
	struct compose c = {0};
	struct span piece;
	int r, e;

	if (ftruncate(m->copy_fd, 0) == -1 ||
	    lseek(m->copy_fd, 0, SEEK_SET) == -1)
		return -1;
	message_compose(m, &c);
	while ((r = compose_next(&c, &piece)) == 1)
		if (file_write_all(m->copy_fd, piece) == -1) {
			r = -1;
			break;
		}
	e = errno;
	compose_end(&c);
	compose_free(&c);
	errno = e;
	return r;
}

static void
remove_copy(struct message *m)
{
	char path[QUEUE_NAME_MAX] = "tmp/";
	int e = errno;

	if (m->queue != NULL && m->copy_fd != -1) {
		memcpy(path + 4, m->copy_id, sizeof m->copy_id);
		unlinkat(m->queue->fd, path, 0);
		flock(m->copy_fd, LOCK_UN);
		close(m->copy_fd);
	}
	m->copy_fd = -1;
	m->copied = false;
	errno = e;
}

int
message_copy_file(struct message *m, struct span *path)
{
	if (m->queue == NULL) {
		errno = ENOENT;
		return -1;
	}
	if (m->copied && m->copy_edits == m->edits->changes) {
		*path = buf_span(&m->copy_path);
		return 0;
	}
	if ((m->copy_fd == -1 && open_copy(m) == -1) || write_copy(m) == -1) {
		remove_copy(m);
		return -1;
	}
	m->copied = true;
	m->copy_edits = m->edits->changes;
	*path = buf_span(&m->copy_path);
	return 0;
}

void
message_end(struct message *m)
{
	remove_copy(m);
	buf_free(&m->head);
	buf_free(&m->copy_path);
	buf_free(&m->whole);
	m->mime = NULL;
	if (m->data.cap > 0)
		buf_free(&m->data);
	m->data = (struct buf){0};
	m->replaced = false;
	m->head_read = false;
}
