/*
 * hook_pages: pages for the Lua heap, and its cap.
 *
 * The first chunk lies in .bss, where a page that nobody touches costs
 * nothing; later ones are mapped, each on its own boundary. A run of pages is
 * taken at the first place where it fits, so that memory stays dense, and an
 * empty chunk goes back to the kernel. What is larger than a run may be has a
 * mapping of its own. Invariant: what is held never exceeds the limit, except
 * while force is set.
 */
#include "hook_pages.h"
#include <string.h>
#include <sys/mman.h>

#define PAGE	    HOOK_PAGE
#define CHUNK	    (1024u * 1024)
#define CHUNK_PAGES (CHUNK / PAGE)
#define FIRST_PAGES 112u
#define BIG_HEAD    64u
#define ROUND(n)    (HOOK_PAGES_OF(n) * PAGE)

/* A mapped chunk's head lies in its own first page. */
struct chunk {
	struct chunk *next;
	char *base;
	size_t npages, nfree, hint; /* no page below hint is free */
	unsigned char used[CHUNK_PAGES];
};

struct big {
	struct big *next, *prev;
	size_t size; /* of the whole mapping */
};

static char first[FIRST_PAGES * PAGE] __attribute__((aligned(4096)));
static struct chunk first_chunk, *chunks;
static struct big *bigs;
static uint64_t limit;
static size_t held, mapped;
static bool forcing;

static void
chunk_init(struct chunk *c, char *base, size_t npages)
{
	c->base = base;
	c->npages = c->nfree = npages;
	c->hint = 0;
	memset(c->used, 0, sizeof c->used);
	c->next = chunks;
	chunks = c;
}

void
hook_pages_reset(uint64_t octets, size_t already)
{
	while (bigs != NULL) {
		struct big *b = bigs;

		bigs = b->next;
		munmap(b, b->size);
	}
	while (chunks != NULL) {
		struct chunk *c = chunks;

		chunks = c->next;
		if (c != &first_chunk)
			munmap(c, CHUNK);
	}
	limit = octets;
	held = already;
	mapped = 0;
	forcing = false;
	chunk_init(&first_chunk, first, FIRST_PAGES);
}

size_t
hook_pages_held(void)
{
	return held;
}

void
hook_pages_force(bool force)
{
	forcing = force;
}

/* May so many octets more be held? */
static bool
may_hold(size_t n)
{
	return forcing ||
	    (held <= limit && n <= limit - held);
}

/* A chunk on its own boundary, so that a page's address tells its chunk. */
static struct chunk *
chunk_new(void)
{
	char *p, *aligned;
	size_t before;

	/* Pages left over between runs are not held; they have a bound too. */
	if (!forcing && mapped > limit + CHUNK)
		return NULL;
	p = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = (CHUNK - ((uintptr_t)p & (CHUNK - 1))) & (CHUNK - 1);
	aligned = p + before;
	if (before > 0)
		munmap(p, before);
	munmap(aligned + CHUNK, CHUNK - before);
	mapped += CHUNK;
	chunk_init((struct chunk *)(void *)aligned, aligned + PAGE,
	    CHUNK_PAGES - 1);
	return (struct chunk *)(void *)aligned;
}

/* n free pages in a row: the first such place, so that memory stays dense. */
static char *
chunk_take(struct chunk *c, size_t n)
{
	size_t row = 0;

	while (c->hint < c->npages && c->used[c->hint])
		c->hint++;
	for (size_t i = c->hint; i < c->npages; i++) {
		row = c->used[i] ? 0 : row + 1;
		if (row == n) {
			memset(c->used + i + 1 - n, 1, n);
			c->nfree -= n;
			return c->base + (i + 1 - n) * PAGE;
		}
	}
	return NULL;
}

void *
hook_pages_take(size_t npages)
{
	struct chunk *c;
	char *p = NULL;

	if (!may_hold(npages * PAGE))
		return NULL;
	for (c = chunks; c != NULL && p == NULL; c = c->next)
		if (c->nfree >= npages)
			p = chunk_take(c, npages);
	if (p == NULL && (c = chunk_new()) != NULL)
		p = chunk_take(c, npages);
	if (p != NULL)
		held += npages * PAGE;
	return p;
}

/* Gives an empty chunk back, but not the only one that has room. */
static void
chunk_release(struct chunk *c)
{
	struct chunk **at = &chunks, *other;

	for (other = chunks; other != NULL; other = other->next)
		if (other != c && other->nfree > 0)
			break;
	if (other == NULL)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	mapped -= CHUNK;
	munmap(c, CHUNK);
}

void
hook_pages_give(void *p, size_t npages)
{
	struct chunk *c = &first_chunk;
	size_t at;

	if ((char *)p < first || (char *)p >= first + sizeof first)
		c = (struct chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK - 1));
	at = (size_t)((char *)p - c->base) / PAGE;
	memset(c->used + at, 0, npages);
	c->nfree += npages;
	if (at < c->hint)
		c->hint = at;
	held -= npages * PAGE;
	if (c->nfree == c->npages && c != &first_chunk)
		chunk_release(c);
}

static void
big_link(struct big *b)
{
	if (b->prev != NULL)
		b->prev->next = b;
	else
		bigs = b;
	if (b->next != NULL)
		b->next->prev = b;
}

void *
hook_pages_map(size_t n)
{
	struct big *b;

	if (n > SIZE_MAX - PAGE - BIG_HEAD || !may_hold(ROUND(n + BIG_HEAD)))
		return NULL;
	n = ROUND(n + BIG_HEAD);
	b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	*b = (struct big){bigs, NULL, n};
	big_link(b);
	held += n;
	mapped += n;
	return (char *)b + BIG_HEAD;
}

void
hook_pages_unmap(void *p)
{
	struct big *b = (struct big *)(void *)((char *)p - BIG_HEAD);

	if (b->prev != NULL)
		b->prev->next = b->next;
	else
		bigs = b->next;
	if (b->next != NULL)
		b->next->prev = b->prev;
	held -= b->size;
	mapped -= b->size;
	munmap(b, b->size);
}

void *
hook_pages_remap(void *p, size_t n)
{
	struct big *b = (struct big *)(void *)((char *)p - BIG_HEAD);
	size_t old = b->size;

	if (n > SIZE_MAX - PAGE - BIG_HEAD)
		return NULL;
	n = ROUND(n + BIG_HEAD);
	if (n > old && !may_hold(n - old))
		return NULL;
	if (n == old)
		return p;
	b = mremap(b, old, n, MREMAP_MAYMOVE);
	if (b == MAP_FAILED)
		return NULL;
	b->size = n;
	big_link(b);
	held = held - old + n;
	mapped = mapped - old + n;
	return (char *)b + BIG_HEAD;
}
