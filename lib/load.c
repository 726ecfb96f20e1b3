/* load: see load.h. */
#include "load.h"
#include "buf.h"
#include "num.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

int
load_averages(uint64_t out[3])
{
	struct sysinfo info;

	if (sysinfo(&info) == -1)
		return -1;
	for (int i = 0; i < 3; i++)
		out[i] = (uint64_t)info.loads[i] * 100 >> SI_LOAD_SHIFT;
	return 0;
}

/* One read is enough for these files. */
static ssize_t
read_start(const char *path, char *p, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int e;

	if (fd == -1)
		return -1;
	do
		got = read(fd, p, n);
	while (got == -1 && errno == EINTR);
	e = errno;
	close(fd);
	errno = e;
	return got;
}

/* "12.34" in hundredths. */
static int
parse_percent(struct span s, uint64_t *out)
{
	struct span whole, part = s;
	uint64_t a, b;

	span_cut(&part, '.', &whole);
	if (part.p == NULL || part.n != 2 ||
	    num_parse_max(whole, 1000, &a) == -1 ||
	    num_parse_u64(part, &b) == -1)
		return -1;
	*out = a * 100 + b;
	return 0;
}

int
load_parse_pressure(struct span text, struct load_pressure *out)
{
	struct span line, word, value;
	bool some = false;

	*out = (struct load_pressure){0};
	errno = EPROTO;
	while (text.n > 0 && span_cut(&text, '\n', &line)) {
		bool full = span_istarts(line, SPAN("full "));

		if (!span_word(&line, &word) || !span_word(&line, &value) ||
		    !span_istarts(value, SPAN("avg10=")))
			return -1;
		value = span_skip(value, 6);
		if (parse_percent(value, full ? &out->full : &out->some) == -1)
			return -1;
		some |= !full;
	}
	return some ? 0 : -1;
}

int
load_pressure(const char *resource, struct load_pressure *out)
{
	char path[64] = "/proc/pressure/", text[256];
	size_t n = strlen(path), m = strlen(resource);
	ssize_t got;

	if (m >= sizeof path - n) {
		errno = ENOENT;
		return -1;
	}
	memcpy(path + n, resource, m + 1);
	if ((got = read_start(path, text, sizeof text)) == -1)
		return -1;
	return load_parse_pressure(span_make(text, (size_t)got), out);
}

int
load_parse_memory(struct span text, uint64_t *octets)
{
	struct span line, word, number;

	while (text.n > 0 && span_cut(&text, '\n', &line)) {
		uint64_t kib;

		if (!span_word(&line, &word) ||
		    !span_eq(word, SPAN("MemAvailable:")))
			continue;
		if (!span_word(&line, &number) ||
		    num_parse_max(number, UINT64_MAX / 1024, &kib) == -1)
			break;
		*octets = kib * 1024;
		return 0;
	}
	errno = EPROTO;
	return -1;
}

int
load_memory(uint64_t *octets)
{
	char text[512];
	ssize_t got = read_start("/proc/meminfo", text, sizeof text);

	if (got == -1)
		return -1;
	return load_parse_memory(span_make(text, (size_t)got), octets);
}

/* As if we were multiplying without an end. */
static uint64_t
times(uint64_t a, uint64_t b)
{
	return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

int
load_room(const char *dir, uint64_t *octets, uint64_t *files)
{
	struct buf path = {0};
	struct statvfs st;
	int r;

	buf_puts(&path, dir);
	while ((r = statvfs(buf_cstr(&path), &st)) == -1 && errno == ENOENT &&
	    path.n > 1) {
		size_t slash = span_rchr(buf_span(&path), '/');

		if (slash == path.n)
			path.n = 0;
		else
			path.n = slash > 0 ? slash : 1;
		if (path.n == 0)
			buf_putc(&path, '.');
	}
	if (r == 0) {
		*octets = times(st.f_bavail, st.f_frsize);
		*files = st.f_files == 0 ? UINT64_MAX : st.f_favail;
	}
	buf_free(&path);
	return r;
}
