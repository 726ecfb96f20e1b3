/* tls_cache: slots that prove themselves, the oldest of four goes. */
#include "tls_cache.h"
#include "clock.h"
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST SPAN("mx.example.org")

static char path[] = "/tmp/smtpe-tls-cache.XXXXXX";

/* All of them belong into the same four slots. */
static struct tls_cache_entry
entry(unsigned char n)
{
	struct tls_cache_entry e = {.version = 0x303, .suite = n};

	memset(e.id, 0, sizeof e.id);
	e.id[5] = n;
	memset(e.secret, n, sizeof e.secret);
	return e;
}

static bool
has(struct tls_cache *c, struct span host, unsigned char n)
{
	struct tls_cache_entry want = entry(n), got;

	return tls_cache_find(c, host, want.id, &got) == 1 &&
	    memcmp(&want, &got, sizeof want) == 0;
}

static void
four(struct tls_cache *c)
{
	for (unsigned char n = 1; n <= 5; n++) {
		struct tls_cache_entry e = entry(n);

		clock_set_wall(1000 + n);
		ok(!has(c, HOST, n), "nothing yet");
		tls_cache_keep(c, HOST, &e);
		ok(has(c, HOST, n), "kept");
	}
	ok(!has(c, HOST, 1), "the oldest went");
	for (unsigned char n = 2; n <= 5; n++)
		ok(has(c, HOST, n), "the others are there");
	ok(!has(c, SPAN("mx.example.net"), 3), "not for another host");
	ok(!has(c, SPAN(""), 3), "nor for none");
	clock_set_wall(1005 + TLS_CACHE_LIFE - 1);
	ok(has(c, HOST, 5), "a second before its end");
	ok(!has(c, HOST, 4), "another one is over");
	clock_set_wall(1005 + TLS_CACHE_LIFE);
	ok(!has(c, HOST, 5), "and it, too");
	clock_set_wall(1004);
	ok(!has(c, HOST, 5), "made in the future");
	ok(has(c, HOST, 4), "made now");
}

static void
every_bit(struct tls_cache *c)
{
	unsigned char octet;
	struct stat st;
	int wrong = 0;

	fstat(c->fd, &st);
	for (off_t at = 0; at < st.st_size; at++) {
		bool before = has(c, HOST, 4);

		wrong += pread(c->fd, &octet, 1, at) != 1;
		octet ^= 0x10;
		wrong += pwrite(c->fd, &octet, 1, at) != 1;
		/* The others' octets are not its own. */
		if (has(c, HOST, 4) != before && at / 160 != 3)
			wrong++;
		if (has(c, HOST, 4) && at / 160 == 3)
			wrong++;
		octet ^= 0x10;
		wrong += pwrite(c->fd, &octet, 1, at) != 1;
		wrong += !has(c, HOST, 4);
	}
	is_int(wrong, 0, "one bit is enough");
}

int
main(void)
{
	struct tls_cache c = {-1, NULL};
	struct tls_cache_entry e = entry(9), got;
	int fd = mkstemp(path);

	close(fd);
	tls_cache_keep(&c, HOST, &e);
	is_int(tls_cache_find(&c, HOST, e.id, &got), 0, "not open");
	is_int(tls_cache_open(&c, "/nonexistent/cache"), -1, "no directory");
	is_int(errno, ENOENT, "errno");
	chmod(path, 0640);
	is_int(tls_cache_open(&c, path), -1, "somebody else may read it");
	is_int(errno, EPERM, "errno");
	chmod(path, 0600);
	is_int(tls_cache_open(&c, path), 0, "ours");
	four(&c);
	every_bit(&c);
	tls_cache_close(&c);
	unlink(path);
	is_int(tls_cache_open(&c, path), 0, "made");
	ok(!has(&c, HOST, 4), "empty");
	tls_cache_close(&c);
	unlink(path);
	return done_testing();
}
