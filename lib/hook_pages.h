/*
 * hook_pages: pages for hook_alloc, and the cap on them. NULL is a refusal:
 * the cap, or the kernel.
 */
#ifndef HOOK_PAGES_H
#define HOOK_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOOK_PAGE	 4096u
#define HOOK_PAGES_OF(n) (((n) + HOOK_PAGE - 1) / HOOK_PAGE)

/* Gives everything back. At most limit octets from now on, of which already
 * are held elsewhere. */
void hook_pages_reset(uint64_t limit, size_t already);
size_t hook_pages_held(void);
/* While set the cap does not hold. */
void hook_pages_force(bool force);

/* npages in a row, on a page's boundary. */
void *hook_pages_take(size_t npages);
void hook_pages_give(void *p, size_t npages);

/* n octets in a mapping of their own, aligned to 64. */
void *hook_pages_map(size_t n);
void *hook_pages_remap(void *p, size_t n);
void hook_pages_unmap(void *p);

#endif
