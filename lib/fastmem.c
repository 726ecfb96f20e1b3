/*
 * fastmem: memcpy, memmove, memcmp and memchr for the musl variant. musl's
 * own are small, not fast: its memcpy of a few octets takes 50 to 90 ns on
 * the processors this was written on, these take 2 to 5, and a session makes
 * some thousand of such calls.
 *
 * x86-64 with another libc than glibc only; everywhere else this file is
 * empty and the libc's are used. No octet outside the given range is read.
 */
#include <features.h>
#if defined(__x86_64__) && !defined(__GLIBC__)
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

/* A loop in here must not be taken for a call of what it implements, and the
 * libc calls these before it has set up the stack protector. */
#define PRIMITIVE                                                             \
	__attribute__((optimize("no-tree-loop-distribute-patterns"),          \
	    no_stack_protector))

typedef uint64_t __attribute__((may_alias, aligned(1))) u64;
typedef uint32_t __attribute__((may_alias, aligned(1))) u32;
typedef uint16_t __attribute__((may_alias, aligned(1))) u16;

static inline __m128i
load(const unsigned char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void
store(unsigned char *p, __m128i v)
{
	_mm_storeu_si128((__m128i *)(void *)p, v);
}

/* Up to 64 octets: all are read before one is written, so that it does not
 * matter whether the ranges overlap. The halves may. */
static inline void
move_small(unsigned char *d, const unsigned char *s, size_t n)
{
	if (n > 32) {
		__m128i a = load(s), b = load(s + 16);
		__m128i c = load(s + n - 32), e = load(s + n - 16);

		store(d, a);
		store(d + 16, b);
		store(d + n - 32, c);
		store(d + n - 16, e);
	} else if (n >= 16) {
		__m128i a = load(s), b = load(s + n - 16);

		store(d, a);
		store(d + n - 16, b);
	} else if (n >= 8) {
		uint64_t a = *(const u64 *)s, b = *(const u64 *)(s + n - 8);

		*(u64 *)d = a;
		*(u64 *)(d + n - 8) = b;
	} else if (n >= 4) {
		uint32_t a = *(const u32 *)s, b = *(const u32 *)(s + n - 4);

		*(u32 *)d = a;
		*(u32 *)(d + n - 4) = b;
	} else if (n >= 2) {
		uint16_t a = *(const u16 *)s, b = *(const u16 *)(s + n - 2);

		*(u16 *)d = a;
		*(u16 *)(d + n - 2) = b;
	} else if (n == 1) {
		*d = *s;
	}
}

/* More than 64 octets, upwards; right also for d below an overlapping s:
 * the last block is read before anything is written, the others are read
 * before what lies below them is. */
PRIMITIVE static void
move_up(unsigned char *d, const unsigned char *s, size_t n)
{
	__m128i w = load(s + n - 64), x = load(s + n - 48);
	__m128i y = load(s + n - 32), z = load(s + n - 16);
	unsigned char *last = d + n - 64;

	for (; d < last; d += 64, s += 64) {
		__m128i a = load(s), b = load(s + 16);
		__m128i c = load(s + 32), e = load(s + 48);

		store(d, a);
		store(d + 16, b);
		store(d + 32, c);
		store(d + 48, e);
	}
	store(last, w);
	store(last + 16, x);
	store(last + 32, y);
	store(last + 48, z);
}

/* The same downwards, for d above an overlapping s. */
PRIMITIVE static void
move_down(unsigned char *d, const unsigned char *s, size_t n)
{
	__m128i w = load(s), x = load(s + 16);
	__m128i y = load(s + 32), z = load(s + 48);
	size_t at = n;

	for (; at > 64; at -= 64) {
		__m128i a = load(s + at - 16), b = load(s + at - 32);
		__m128i c = load(s + at - 48), e = load(s + at - 64);

		store(d + at - 16, a);
		store(d + at - 32, b);
		store(d + at - 48, c);
		store(d + at - 64, e);
	}
	store(d, w);
	store(d + 16, x);
	store(d + 32, y);
	store(d + 48, z);
}

PRIMITIVE void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	if (n <= 64)
		move_small(to, from, n);
	else
		move_up(to, from, n);
	return to;
}

PRIMITIVE void *
memmove(void *to, const void *from, size_t n)
{
	if (n <= 64)
		move_small(to, from, n);
	else if ((uintptr_t)to - (uintptr_t)from >= n)
		move_up(to, from, n);
	else
		move_down(to, from, n);
	return to;
}

/* Two words that differ, as the order of their octets in memory. */
static inline int
order(uint64_t a, uint64_t b)
{
	return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

PRIMITIVE int
memcmp(const void *va, const void *vb, size_t n)
{
	const unsigned char *a = va, *b = vb;

	while (n >= 16) {
		unsigned equal = (unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(load(a), load(b)));

		if (equal != 0xffff) {
			unsigned i = (unsigned)__builtin_ctz(~equal);

			return a[i] - b[i];
		}
		a += 16;
		b += 16;
		n -= 16;
	}
	if (n >= 8) {
		if (*(const u64 *)a != *(const u64 *)b)
			return order(*(const u64 *)a, *(const u64 *)b);
		a += 8;
		b += 8;
		n -= 8;
	}
	for (; n > 0; a++, b++, n--)
		if (*a != *b)
			return *a - *b;
	return 0;
}

PRIMITIVE void *
memchr(const void *where, int c, size_t n)
{
	const unsigned char *p = where;
	__m128i wanted = _mm_set1_epi8((char)c);

	while (n >= 16) {
		unsigned found = (unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(load(p), wanted));

		if (found != 0)
			return (void *)(uintptr_t)(p + __builtin_ctz(found));
		p += 16;
		n -= 16;
	}
	for (; n > 0; p++, n--)
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	return NULL;
}
#else
struct fastmem_is_not_needed_here;
#endif
