/* The Lua heap: objects keep their bytes, memory comes back, the cap
 * holds. */
#include "hook_test.h"
#include "mod.h"

#define N 4000

static struct object {
	unsigned char *p;
	size_t n;
	unsigned char mark;
} objects[N];

static uint64_t seed = 1;

static size_t
random_below(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % n;
}

/* Mostly small, sometimes a run of pages, now and then a mapping. */
static size_t
random_size(void)
{
	switch (random_below(100)) {
	case 0:
		return 1 + random_below(400000);
	case 1:
	case 2:
	case 3:
		return 1 + random_below(100000);
	case 4:
	case 5:
		return 1 + random_below(8192);
	default:
		return 1 + random_below(300);
	}
}

static bool
intact(const struct object *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->p[i] != o->mark)
			return false;
	return true;
}

static void
drop_object(struct object *o)
{
	hook_alloc(NULL, o->p, o->n, 0);
	o->p = NULL;
	o->n = 0;
}

/* One random step; false when something was overwritten or moved wrongly. */
static bool
step(struct object *o, size_t *refused)
{
	size_t n = random_size(), keep;
	unsigned char *p;

	if (!intact(o))
		return false;
	if (o->p != NULL && random_below(2) == 0) {
		drop_object(o);
		return true;
	}
	keep = o->n < n ? o->n : n;
	p = hook_alloc(NULL, o->p, o->p ? o->n : 4, n);
	if (p == NULL) {
		(*refused)++;
		return n > o->n || o->p == NULL;
	}
	if ((uintptr_t)p % 16 != 0)
		return false;
	o->p = p;
	o->n = keep;
	if (!intact(o))
		return false;
	o->n = n;
	o->mark = (unsigned char)random_below(256);
	memset(p, o->mark, n);
	return true;
}

static void
soak(uint64_t limit, const char *name)
{
	size_t refused = 0, over = 0;
	/* An object can always be made smaller: a page per class. */
	size_t most = limit + 26 * 4096;
	bool good = true;

	hook_alloc_reset(limit);
	for (int i = 0; i < 100000 && good; i++) {
		good = step(&objects[random_below(N)], &refused);
		if (hook_alloc_held() > over)
			over = hook_alloc_held();
	}
	diag("%zu refused, at most %zu held of %zu", refused, over,
	    (size_t)limit);
	ok(good, name);
	ok(over <= most, "... never above the cap");
	for (size_t i = 0; i < N; i++)
		if (objects[i].p != NULL)
			drop_object(&objects[i]);
	/* What stays: the boot area, and a page per class. */
	ok(hook_alloc_held() <= 65536 + 26 * 4096, "... and all comes back");
	diag("%zu held at the end", hook_alloc_held());
}

/* Objects of one size after those of another: the pages change hands. */
static void
one_size_after_another(void)
{
	static void *p[200000];
	bool good = true;

	hook_alloc_reset(8 << 20);
	for (size_t size = 16; size <= 4096 && good; size *= 2) {
		size_t n = (6 << 20) / size / 2;

		for (size_t i = 0; i < n; i++)
			good = good &&
			    (p[i] = hook_alloc(NULL, NULL, 4, size)) != NULL;
		for (size_t i = 0; i < n && good; i++)
			hook_alloc(NULL, p[i], size, 0);
	}
	ok(good, "3 MiB of each size in 8 MiB, one after another");
}

static void
resident(size_t *octets)
{
	unsigned long total = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &total, &pages) != 2)
		diag("no /proc/self/statm");
	if (f != NULL)
		fclose(f);
	*octets = pages * 4096;
}

/* Ten thousand messages on one connection stay as small as one. */
static void
flat(void)
{
	size_t before, after;
	struct hook_arg args[] = {HOOK_STRING(SPAN("x")),
	    HOOK_PARAMS(SPAN("SIZE=1 BODY=8BITMIME"))};

	ok(load_text("local n = 0 function hook.mail(s, p)\n"
		     "  n = n + 1 local t = {}\n"
		     "  for i = 1, 20 do t[i] = ('%d %s'):format(n, s) .. i end\n"
		     "  local big = string.rep('x', 10000 + n % 7 * 1000)\n"
		     "  return '250 ' .. #big .. #t end"),
	    "a script that makes garbage");
	for (int i = 0; i < 1000; i++)
		hook_run(hooks, HOOK_mail, args, 2, &v);
	resident(&before);
	for (int i = 0; i < 20000; i++)
		hook_run(hooks, HOOK_mail, args, 2, &v);
	resident(&after);
	diag("%zu KiB after 1000 calls, %zu KiB after 21000", before / 1024,
	    after / 1024);
	ok(after <= before + 512 * 1024, "20000 hook calls need no more");
	ok(v.kind == VERDICT_REPLY, "... and the last one answers");
}

int
main(void)
{
	soak(1 << 30, "soak without a limit");
	soak(16 << 20, "soak at a limit");
	soak(1 << 20, "soak at a narrow limit");
	one_size_after_another();
	flat();
	return done_testing();
}
