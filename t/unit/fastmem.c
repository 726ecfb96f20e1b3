/* fastmem: the memory functions that this build is linked with do what C
 * says, for every small size, every alignment and every overlap. */
#include "tap.h"
#include <string.h>
#include <sys/mman.h>

#define MAX 300

/* Through pointers, so that the compiler cannot do it itself. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;
static void *(*volatile find)(const void *, int, size_t) = memchr;

static unsigned char *page; /* the octet after page[4095] is not readable */
static unsigned char a[4 * MAX], b[4 * MAX], want[4 * MAX];

static void
fill(unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (unsigned char)(seed >> 16);
	}
}

static bool
same(const unsigned char *x, const unsigned char *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

static void
copies(void)
{
	bool good = true;

	for (size_t n = 0; n <= MAX; n++)
		for (size_t at = 0; at < 17; at++) {
			fill(a, sizeof a, (unsigned)n);
			fill(b, sizeof b, 7);
			fill(want, sizeof want, 7);
			for (size_t i = 0; i < n; i++)
				want[at + i] = a[at / 2 + i];
			good &= copy(b + at, a + at / 2, n) == b + at;
			good &= same(b, want, sizeof b);
		}
	ok(good, "memcpy writes what it should and nothing else");
}

static void
moves(void)
{
	bool good = true;

	for (size_t n = 0; n <= MAX; n += n < 140 ? 1 : 13)
		for (size_t to = 0; to < MAX; to += to < 80 ? 3 : 31) {
			fill(a, sizeof a, (unsigned)n);
			for (size_t i = 0; i < sizeof a; i++)
				want[i] = a[i];
			for (size_t i = 0; i < n; i++)
				want[to + i] = a[100 + i];
			good &= move(a + to, a + 100, n) == a + to;
			good &= same(a, want, sizeof a);
		}
	ok(good, "memmove is right for every overlap");
}

static void
comparisons(void)
{
	bool good = true;

	for (size_t n = 0; n <= MAX; n += n < 140 ? 1 : 13) {
		fill(a, sizeof a, (unsigned)n);
		for (size_t i = 0; i < n; i++)
			b[3 + i] = a[i];
		b[3 + n] = (unsigned char)~a[n];
		good &= compare(a, b + 3, n) == 0;
		for (size_t i = 0; i < n; i++) {
			b[3 + i] = (unsigned char)(a[i] + 128);
			/* A later difference the other way does not count. */
			if (i + 1 < n)
				b[4 + i] = (unsigned char)(a[i + 1] + 1);
			good &= (compare(a, b + 3, n) < 0) == (a[i] < b[3 + i]);
			good &= (compare(b + 3, a, n) > 0) == (a[i] < b[3 + i]);
			b[3 + i] = a[i];
			if (i + 1 < n)
				b[4 + i] = a[i + 1];
		}
	}
	ok(good, "memcmp finds the first difference, as unsigned octets");
}

static void
searches(void)
{
	bool good = true;

	for (size_t n = 0; n <= MAX; n++) {
		memset(a, 0xfe, sizeof a);
		a[n + 1] = 0x80;
		good &= find(a + 1, 0x80, n) == NULL;
		for (size_t i = 0; i < n; i++) {
			a[1 + i] = 0x80;
			if (i + 5 < n)
				a[6 + i] = 0x80;
			good &= find(a + 1, (int)0xffffff80, n) == a + 1 + i;
			a[1 + i] = 0xfe;
			if (i + 5 < n)
				a[6 + i] = 0xfe;
		}
	}
	ok(good, "memchr finds the first one, and looks no further");
}

static void
edges(void)
{
	for (size_t n = 0; n <= MAX; n++) {
		unsigned char *end = page + 4096 - n;

		fill(end, n, 1);
		copy(b, end, n);
		copy(end, b, n);
		move(end, end, n);
		(void)compare(b, end, n);
		(void)find(end, 256, 0);
		(void)find(end, -1, n);
	}
	ok(true, "not an octet beyond the end of a page is touched");
}

int
main(void)
{
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE) != 0) {
		ok(false, "a page with nothing behind it");
		return done_testing();
	}
	copies();
	moves();
	comparisons();
	searches();
	edges();
	return done_testing();
}
