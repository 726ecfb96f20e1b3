/*
 * hook_alloc: the Lua heap. Its start lies in .bss, where a page that nobody
 * touches costs nothing: most sessions end inside it without a single call
 * to the kernel.
 *
 *	the first BOOT octets	objects side by side, by a moving pointer
 *	up to SMALL_MAX		pages of one size class each, in chunks
 *	up to RUN_MAX		runs of whole pages in the same chunks
 *	above			mappings of their own, grown by mremap(2)
 *
 * A page whose last object goes is free for any other class, so a session of
 * any length stays as small as its largest moment. Invariant: `held' (boot,
 * pages, mappings) never exceeds `limit', except that an object can always be
 * made smaller, because Lua relies on that.
 *
 * Lua says the size of what it frees, so objects carry no header.
 */
#include "die.h"
#include "mod.h"
#include <sys/mman.h>

#define PAGE	     4096u
#define BOOT	     (64u * 1024)
#define CHUNK	     (1024u * 1024)
#define CHUNK_PAGES  (CHUNK / PAGE)
#define FIRST	     (512u * 1024) /* .bss, the boot area included */
#define FIRST_PAGES  ((FIRST - BOOT) / PAGE)
#define SMALL_MAX    2032u
#define RUN_MAX	     (128u * 1024)
#define BIG_HEAD     64u
#define PAGES_OF(n)  (((n) + PAGE - 1) / PAGE)
#define ROUND(n)     (PAGES_OF(n) * PAGE)

/* The head of a page of small objects. */
struct page {
	struct page *next, *prev; /* in partial[class] */
	void *free;
	uint16_t class, live, fresh, full;
};
#define PAGE_HEAD 32u

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

/* Up to 256 by 16, then as many as a page holds: 14, 12, 10, ... 2. */
static const uint16_t sizes[] = {16, 32, 48, 64, 80, 96, 112, 128, 144, 160,
    176, 192, 208, 224, 240, 256, 288, 336, 400, 496, 576, 672, 800, 1008,
    1344, 2032};
#define NCLASS (sizeof sizes / sizeof sizes[0])

static char first[FIRST] __attribute__((aligned(4096)));

static struct {
	uint64_t limit;
	size_t held, mapped;
	char *boot;
	/* The request that was refused and not yet repeated, if any. */
	bool refused;
	const void *refused_p;
	size_t refused_n;
	bool forcing; /* an object is being made smaller */
	void *boot_free[NCLASS];
	struct page *partial[NCLASS];
	struct chunk first_chunk, *chunks;
	struct big *bigs;
	unsigned char class_of[SMALL_MAX / 16 + 1];
} heap;

static void
chunk_init(struct chunk *c, char *base, size_t npages)
{
	c->base = base;
	c->npages = c->nfree = npages;
	c->hint = 0;
	memset(c->used, 0, sizeof c->used);
	c->next = heap.chunks;
	heap.chunks = c;
}

void
hook_alloc_reset(uint64_t limit)
{
	unsigned class = 0;

	while (heap.bigs != NULL) {
		struct big *b = heap.bigs;

		heap.bigs = b->next;
		munmap(b, b->size);
	}
	while (heap.chunks != NULL) {
		struct chunk *c = heap.chunks;

		heap.chunks = c->next;
		if (c != &heap.first_chunk)
			munmap(c, CHUNK);
	}
	memset(&heap, 0, sizeof heap);
	heap.limit = limit;
	heap.boot = first;
	heap.held = BOOT;
	chunk_init(&heap.first_chunk, first + BOOT, FIRST_PAGES);
	for (size_t i = 0; i <= SMALL_MAX / 16; i++) {
		if (i * 16 > sizes[class])
			class++;
		heap.class_of[i] = (unsigned char)class;
	}
}

size_t
hook_alloc_held(void)
{
	return heap.held;
}

/* May so many octets more be held? */
static bool
may_hold(size_t n)
{
	return heap.forcing ||
	    (heap.held <= heap.limit && n <= heap.limit - heap.held);
}

/* A chunk on its own boundary, so that a page's address tells its chunk. */
static struct chunk *
chunk_new(void)
{
	char *p, *aligned;
	size_t before;

	/* Pages left over between runs are not held; they have a bound too. */
	if (!heap.forcing && heap.mapped > heap.limit + CHUNK)
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
	heap.mapped += CHUNK;
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

static void *
run_alloc(size_t npages)
{
	struct chunk *c;
	char *p = NULL;

	if (!may_hold(npages * PAGE))
		return NULL;
	for (c = heap.chunks; c != NULL && p == NULL; c = c->next)
		if (c->nfree >= npages)
			p = chunk_take(c, npages);
	if (p == NULL && (c = chunk_new()) != NULL)
		p = chunk_take(c, npages);
	if (p != NULL)
		heap.held += npages * PAGE;
	return p;
}

/* Gives an empty chunk back, but not the only one that has room. */
static void
chunk_release(struct chunk *c)
{
	struct chunk **at = &heap.chunks, *other;

	for (other = heap.chunks; other != NULL; other = other->next)
		if (other != c && other->nfree > 0)
			break;
	if (other == NULL)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	heap.mapped -= CHUNK;
	munmap(c, CHUNK);
}

static void
run_free(void *p, size_t npages)
{
	struct chunk *c = &heap.first_chunk;
	size_t at;

	if ((char *)p < first || (char *)p >= first + FIRST)
		c = (struct chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK - 1));
	at = (size_t)((char *)p - c->base) / PAGE;
	memset(c->used + at, 0, npages);
	c->nfree += npages;
	if (at < c->hint)
		c->hint = at;
	heap.held -= npages * PAGE;
	if (c->nfree == c->npages && c != &heap.first_chunk)
		chunk_release(c);
}

static void
partial_link(struct page *g)
{
	g->full = 0;
	g->prev = NULL;
	g->next = heap.partial[g->class];
	if (g->next != NULL)
		g->next->prev = g;
	heap.partial[g->class] = g;
}

static void
partial_unlink(struct page *g)
{
	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		heap.partial[g->class] = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
}

static struct page *
page_new(unsigned class)
{
	struct page *g = run_alloc(1);

	if (g == NULL)
		return NULL;
	g->free = NULL;
	g->class = (uint16_t)class;
	g->live = 0;
	g->fresh = PAGE_HEAD;
	partial_link(g);
	return g;
}

static void *
small_alloc(size_t n)
{
	unsigned class = heap.class_of[(n + 15) / 16];
	size_t size = sizes[class];
	struct page *g;
	void *p;

	if ((p = heap.boot_free[class]) != NULL) {
		memcpy(&heap.boot_free[class], p, sizeof p);
		return p;
	}
	if ((g = heap.partial[class]) == NULL) {
		if ((size_t)(first + BOOT - heap.boot) >= size) {
			p = heap.boot;
			heap.boot += size;
			return p;
		}
		if ((g = page_new(class)) == NULL)
			return NULL;
	}
	if ((p = g->free) != NULL) {
		memcpy(&g->free, p, sizeof p);
	} else {
		p = (char *)g + g->fresh;
		g->fresh = (uint16_t)(g->fresh + size);
	}
	g->live++;
	if (g->free == NULL && g->fresh + size > PAGE) {
		partial_unlink(g);
		g->full = 1;
	}
	return p;
}

static void
small_free(void *p, size_t n)
{
	unsigned class = heap.class_of[(n + 15) / 16];
	struct page *g;

	if ((char *)p >= first && (char *)p < first + BOOT) {
		memcpy(p, &heap.boot_free[class], sizeof p);
		heap.boot_free[class] = p;
		return;
	}
	g = (struct page *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));
	memcpy(p, &g->free, sizeof p);
	g->free = p;
	g->live--;
	if (g->full)
		partial_link(g);
	/* The last page of its class stays: an object that comes and goes
	 * would take and give a page each time. */
	if (g->live == 0 && (g->next != NULL || g->prev != NULL)) {
		partial_unlink(g);
		run_free(g, 1);
	}
}

static void
big_link(struct big *b)
{
	if (b->prev != NULL)
		b->prev->next = b;
	else
		heap.bigs = b;
	if (b->next != NULL)
		b->next->prev = b;
}

static void *
big_alloc(size_t n)
{
	struct big *b;

	if (n > SIZE_MAX - PAGE - BIG_HEAD || !may_hold(ROUND(n + BIG_HEAD)))
		return NULL;
	n = ROUND(n + BIG_HEAD);
	b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	*b = (struct big){heap.bigs, NULL, n};
	big_link(b);
	heap.held += n;
	heap.mapped += n;
	return (char *)b + BIG_HEAD;
}

static void
big_free(void *p)
{
	struct big *b = (struct big *)(void *)((char *)p - BIG_HEAD);

	if (b->prev != NULL)
		b->prev->next = b->next;
	else
		heap.bigs = b->next;
	if (b->next != NULL)
		b->next->prev = b->prev;
	heap.held -= b->size;
	heap.mapped -= b->size;
	munmap(b, b->size);
}

static void *
big_resize(void *p, size_t n)
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
	heap.held = heap.held - old + n;
	heap.mapped = heap.mapped - old + n;
	return (char *)b + BIG_HEAD;
}

static void *
any_alloc(size_t n)
{
	if (n <= SMALL_MAX)
		return small_alloc(n);
	return n <= RUN_MAX ? run_alloc(PAGES_OF(n)) : big_alloc(n);
}

static void
any_free(void *p, size_t n)
{
	if (n <= SMALL_MAX)
		small_free(p, n);
	else if (n <= RUN_MAX)
		run_free(p, PAGES_OF(n));
	else
		big_free(p);
}

/* Is an object of b octets kept exactly as one of a octets is? */
static bool
same_place(size_t a, size_t b)
{
	if (a <= SMALL_MAX && b <= SMALL_MAX)
		return heap.class_of[(a + 15) / 16] ==
		    heap.class_of[(b + 15) / 16];
	return a > SMALL_MAX && b > SMALL_MAX && a <= RUN_MAX &&
	    b <= RUN_MAX && PAGES_OF(a) == PAGES_OF(b);
}

static void *
resize(void *p, size_t osize, size_t nsize)
{
	void *q;

	if (same_place(osize, nsize))
		return p;
	if (osize > RUN_MAX && nsize > RUN_MAX)
		return big_resize(p, nsize);
	if ((q = any_alloc(nsize)) == NULL)
		return NULL;
	memcpy(q, p, osize < nsize ? osize : nsize);
	any_free(p, osize);
	return q;
}

bool
hook_alloc_refused(void)
{
	bool refused = heap.refused;

	heap.refused = false;
	return refused;
}

/*
 * Lua collects everything after a refusal and asks for the same once more.
 * When that is refused too the memory is at its end; or when nobody asks
 * again, as the buffers of Lua's own library do not (lauxlib.c, resizebox).
 */
static void *
refuse(const void *p, size_t n)
{
	if (heap.refused) {
		hook_limit_memory();
		heap.refused = false;
		return NULL;
	}
	hook_limit_suspect();
	heap.refused = true;
	heap.refused_p = p;
	heap.refused_n = n;
	return NULL;
}

void *
hook_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
	void *q;

	(void)ud;
	if (nsize == 0) {
		if (p != NULL && osize > 0)
			any_free(p, osize);
		return NULL;
	}
	if (p != NULL && nsize <= osize) {
		heap.forcing = true;
		q = resize(p, osize, nsize);
		heap.forcing = false;
		if (q == NULL)
			die_temp("out of memory");
		return q;
	}
	q = p == NULL || osize == 0 ? any_alloc(nsize) :
				      resize(p, osize, nsize);
	if (q == NULL)
		return refuse(p, nsize);
	if (heap.refused && p == heap.refused_p && nsize == heap.refused_n)
		heap.refused = false;
	return q;
}
