/* tls_cache: see tls_cache.h. */
#include "tls_cache.h"
#include "clock.h"
#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAYS 4 /* slots where one session may be */

/* As it is in the file, 160 octets. */
struct slot {
	int64_t made;
	unsigned char id[32];
	unsigned char secret[48];
	uint16_t version, suite;
	uint32_t unused;
	unsigned char host[32]; /* hash of the server's name */
	unsigned char sum[32];
};
#define SUMMED offsetof(struct slot, sum)

static void
digest(const char *what, const void *p, size_t n, unsigned char out[32])
{
	br_sha256_context h;

	br_sha256_init(&h);
	br_sha256_update(&h, what, strlen(what));
	br_sha256_update(&h, p, n);
	br_sha256_out(&h, out);
}

/* Another layout has another name here. */
static void
checksum(const struct slot *s, unsigned char out[32])
{
	digest("smtpe session 1\n", s, SUMMED, out);
}

static bool
alive(const struct slot *s, int64_t now)
{
	unsigned char sum[32];

	if (s->made > now || now - s->made >= TLS_CACHE_LIFE)
		return false;
	checksum(s, sum);
	return memcmp(sum, s->sum, sizeof sum) == 0;
}

static off_t
set_of(const unsigned char id[32])
{
	size_t i = (size_t)id[0] | (size_t)id[1] << 8;

	return (off_t)(i % (TLS_CACHE_SLOTS / WAYS) * WAYS *
	    sizeof(struct slot));
}

/* What is not there reads as empty slots. */
static void
read_set(const struct tls_cache *c, off_t at, struct slot set[WAYS])
{
	memset(set, 0, WAYS * sizeof *set);
	if (pread(c->fd, set, WAYS * sizeof *set, at) == -1)
		memset(set, 0, WAYS * sizeof *set);
}

int
tls_cache_open(struct tls_cache *c, const char *path)
{
	struct stat st;

	c->path = path;
	c->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY, 0600);
	if (c->fd == -1)
		return -1;
	if (fstat(c->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && st.st_nlink == 1 &&
	    (st.st_mode & 077) == 0)
		return 0;
	tls_cache_close(c);
	errno = EPERM;
	return -1;
}

void
tls_cache_close(struct tls_cache *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

int
tls_cache_find(struct tls_cache *c, struct span host,
    const unsigned char id[32], struct tls_cache_entry *out)
{
	struct slot set[WAYS];
	unsigned char name[32];
	int found = 0;

	if (c->fd == -1)
		return 0;
	digest("host\n", host.p, host.n, name);
	read_set(c, set_of(id), set);
	for (size_t i = 0; i < WAYS && !found; i++) {
		if (memcmp(set[i].id, id, sizeof set[i].id) != 0 ||
		    memcmp(set[i].host, name, sizeof name) != 0 ||
		    !alive(&set[i], clock_wall()))
			continue;
		memcpy(out->id, set[i].id, sizeof out->id);
		memcpy(out->secret, set[i].secret, sizeof out->secret);
		out->version = set[i].version;
		out->suite = set[i].suite;
		found = 1;
	}
	explicit_bzero(set, sizeof set);
	return found;
}

/* One that is empty, else the oldest. */
static size_t
victim(const struct slot set[WAYS], int64_t now)
{
	size_t oldest = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (!alive(&set[i], now))
			return i;
		if (set[i].made < set[oldest].made)
			oldest = i;
	}
	return oldest;
}

void
tls_cache_keep(struct tls_cache *c, struct span host,
    const struct tls_cache_entry *e)
{
	struct slot set[WAYS], s;
	off_t at = set_of(e->id);

	if (c->fd == -1)
		return;
	memset(&s, 0, sizeof s);
	s.made = clock_wall();
	memcpy(s.id, e->id, sizeof s.id);
	memcpy(s.secret, e->secret, sizeof s.secret);
	s.version = e->version;
	s.suite = e->suite;
	digest("host\n", host.p, host.n, s.host);
	checksum(&s, s.sum);
	read_set(c, at, set);
	at += (off_t)(victim(set, s.made) * sizeof s);
	/* Full disk, file size limit: the next handshake is a full one. */
	if (pwrite(c->fd, &s, sizeof s, at) == -1)
		errno = 0;
	explicit_bzero(set, sizeof set);
	explicit_bzero(&s, sizeof s);
}
