/*
 * tls: our side of a handshake against whatever a client sends: it ends, with
 * an error, and nothing is said but records. First octet: how much of the rest
 * had been read before.
 */
#include "../unit/tls_samples.h"
#include "file.h"
#include "tls_server.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static struct tls_server_config config;

static void
set_up(void)
{
	static const char pem[] = SAMPLE_EC SAMPLE_EC_KEY;
	static char path[40];
	static struct span file;
	int fd = memfd_create("pair", MFD_CLOEXEC);

	CHECK(fd != -1 && file_write_all(fd, SPAN(pem)) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	file = span_of(path);
	config = (struct tls_server_config){.certs = &file, .ncerts = 1,
	    .dir = "/nonexistent", .clientca = path};
	CHECK(tls_server_usable(&config));
}

/* What we said: whole records of TLS, if anything. */
static void
look_at_answer(int fd)
{
	static unsigned char said[65536];
	ssize_t n = recv(fd, said, sizeof said, MSG_DONTWAIT);
	size_t at = 0;

	while (n > 0 && at < (size_t)n) {
		CHECK((size_t)n - at >= 5 && said[at] >= 20 && said[at] <= 23 &&
		    said[at + 1] == 3);
		at += 5 + ((size_t)said[at + 3] << 8 | said[at + 4]);
		CHECK(at <= (size_t)n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct io io;
	struct tls_server_facts facts;
	struct tls *t;
	size_t before;
	int fd[2], r;

	if (size == 0 || size > 100000)
		return 0;
	if (config.certs == NULL)
		set_up();
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	io_init(&io, fd[0], fd[0]);
	before = data[0] < size - 1 ? data[0] : size - 1;
	memcpy(io.in, data + 1, before);
	io.in_end = before;
	if (file_write_all(fd[1], span_make((const char *)data + 1 + before,
		size - 1 - before)) == -1)
		before = 0;
	shutdown(fd[1], SHUT_WR);
	t = tls_server_start(&config);
	r = tls_handshake(t, &io, TLS_TAKE);
	/* Nobody guesses a Finished. */
	CHECK(r == -1 && io.error != 0);
	CHECK(tls_strerror(tls_error(t)) != NULL && !tls_busy(t));
	tls_server_facts(&facts);
	tls_close(t, &io);
	look_at_answer(fd[1]);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
