/* file: see file.h. */
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_read_at(int dirfd, const char *path, size_t max, struct buf *out)
{
	struct stat st;
	int fd, e = 0;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		e = errno;
	else if (S_ISDIR(st.st_mode))
		e = EISDIR;
	else if (!S_ISREG(st.st_mode))
		e = EINVAL;
	for (size_t total = 0; e == 0;) {
		size_t room = st.st_size > 0 && total == 0 ?
		    (size_t)st.st_size + 1 : 4096;
		ssize_t n;

		if (room > max + 1)
			room = max + 1;
		n = read(fd, buf_reserve(out, room), room);
		if (n == 0)
			break;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			e = errno;
			break;
		}
		out->n += (size_t)n;
		if ((total += (size_t)n) > max)
			e = EFBIG;
		/* One more was asked for: this is the end, and no new call. */
		else if ((off_t)total == st.st_size && (size_t)n < room)
			break;
	}
	close(fd);
	if (e == 0)
		return 0;
	errno = e;
	return -1;
}

int
file_write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		s = span_skip(s, (size_t)n);
	}
	return 0;
}

int
file_pread_all(int fd, void *p, size_t n, off_t offset)
{
	char *to = p;

	while (n > 0) {
		ssize_t r = pread(fd, to, n, offset);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == 0)
			errno = EIO;
		if (r <= 0)
			return -1;
		to += r;
		n -= (size_t)r;
		offset += r;
	}
	return 0;
}

int
file_mkdirs(const char *path)
{
	struct buf part = {0};
	struct span rest = span_of(path);
	int result = 0;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -1;
	for (size_t i = 1; i <= rest.n && result == 0; i++) {
		if (i < rest.n && rest.p[i] != '/')
			continue;
		buf_reset(&part);
		buf_put(&part, span_head(rest, i));
		if (mkdir(buf_cstr(&part), 0700) == -1 && errno != EEXIST)
			result = -1;
	}
	buf_free(&part);
	return result;
}

const char *
file_path(struct buf *out, const char *dir, const char *name)
{
	buf_reset(out);
	buf_puts(out, dir);
	buf_putc(out, '/');
	buf_puts(out, name);
	return buf_cstr(out);
}
