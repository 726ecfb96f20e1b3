/*
 * hook_alloc: the Lua heap. Its start lies in .bss, where a page that nobody
 * touches costs nothing: most sessions end inside it without a single call
 * to the kernel.
 *
 *	the first BOOT octets	objects side by side, by a moving pointer
 *	up to SMALL_MAX		pages of one size class each
 *	up to RUN_MAX		runs of whole pages
 *	above			mappings of their own, grown by mremap(2)
 *
 * A page whose last object goes is free for any other class, so a session of
 * any length stays as small as its largest moment. The cap (hook_pages.h)
 * does not stop an object from being made smaller, because Lua relies on
 * that.
 *
 * Lua says the size of what it frees, so objects carry no header.
 */
#include "die.h"
#include "hook_pages.h"
#include "mod.h"

#define PAGE	  HOOK_PAGE
#define BOOT	  (64u * 1024)
#define SMALL_MAX 2032u
#define RUN_MAX	  (128u * 1024)

/* The head of a page of small objects. */
struct page {
	struct page *next, *prev; /* in partial[class] */
	void *free;
	uint16_t class, live, fresh, full;
};
#define PAGE_HEAD 32u

/* Up to 256 by 16, then as many as a page holds: 14, 12, 10, ... 2. */
static const uint16_t sizes[] = {16, 32, 48, 64, 80, 96, 112, 128, 144, 160,
    176, 192, 208, 224, 240, 256, 288, 336, 400, 496, 576, 672, 800, 1008,
    1344, 2032};
#define NCLASS (sizeof sizes / sizeof sizes[0])

static char boot[BOOT] __attribute__((aligned(4096)));

static struct {
	char *boot;
	/* The request that was refused and not yet repeated, if any. */
	bool refused;
	const void *refused_p;
	size_t refused_n;
	void *boot_free[NCLASS];
	struct page *partial[NCLASS];
	unsigned char class_of[SMALL_MAX / 16 + 1];
} heap;

void
hook_alloc_reset(uint64_t limit)
{
	unsigned class = 0;

	hook_pages_reset(limit, BOOT);
	memset(&heap, 0, sizeof heap);
	heap.boot = boot;
	for (size_t i = 0; i <= SMALL_MAX / 16; i++) {
		if (i * 16 > sizes[class])
			class++;
		heap.class_of[i] = (unsigned char)class;
	}
}

size_t
hook_alloc_held(void)
{
	return hook_pages_held();
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
	struct page *g = hook_pages_take(1);

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
		if ((size_t)(boot + BOOT - heap.boot) >= size) {
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

	if ((char *)p >= boot && (char *)p < boot + BOOT) {
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
		hook_pages_give(g, 1);
	}
}

static void *
any_alloc(size_t n)
{
	if (n <= SMALL_MAX)
		return small_alloc(n);
	return n <= RUN_MAX ? hook_pages_take(HOOK_PAGES_OF(n)) : hook_pages_map(n);
}

static void
any_free(void *p, size_t n)
{
	if (n <= SMALL_MAX)
		small_free(p, n);
	else if (n <= RUN_MAX)
		hook_pages_give(p, HOOK_PAGES_OF(n));
	else
		hook_pages_unmap(p);
}

/* Is an object of b octets kept exactly as one of a octets is? */
static bool
same_place(size_t a, size_t b)
{
	if (a <= SMALL_MAX && b <= SMALL_MAX)
		return heap.class_of[(a + 15) / 16] ==
		    heap.class_of[(b + 15) / 16];
	return a > SMALL_MAX && b > SMALL_MAX && a <= RUN_MAX &&
	    b <= RUN_MAX && HOOK_PAGES_OF(a) == HOOK_PAGES_OF(b);
}

static void *
resize(void *p, size_t osize, size_t nsize)
{
	void *q;

	if (same_place(osize, nsize))
		return p;
	if (osize > RUN_MAX && nsize > RUN_MAX)
		return hook_pages_remap(p, nsize);
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
		hook_pages_force(true);
		q = resize(p, osize, nsize);
		hook_pages_force(false);
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
