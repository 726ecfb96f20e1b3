/* ops_check: reads every entry, and names what is damaged (ops.h). */
#include "compose.h"
#include "die.h"
#include "ops_select.h"
#include <errno.h>

/* Can the whole message be read, as it leaves? */
static const char *
read_message(const struct queue_out *out)
{
	struct compose c = {0};
	struct span piece;
	int r;

	compose_start(&c, out->fd, out->size, NULL, &out->env);
	while ((r = compose_next(&c, &piece)) == 1)
		continue;
	compose_free(&c);
	return r == -1 ? strerror(errno) : NULL;
}

static void
report(struct ops *o, const char *path, const char *why)
{
	ops_put_safe(&o->out, span_of(path));
	buf_printf(&o->out, ": %s\n", why);
	ops_flush(o);
}

int
ops_check(struct ops *o, const char *const *args, size_t nargs)
{
	struct queue_names names = {0};
	struct ops_entry e = {0};
	size_t good = 0, bad = 0;

	(void)args;
	if (nargs > 0)
		die_perm("check takes no arguments");
	ops_scan_everything(o, &names);
	for (size_t i = 0; i < names.n; i++) {
		char path[QUEUE_NAME_MAX];
		const char *why;

		queue_name_path(&names.v[i], path);
		switch (ops_open(o, &names.v[i], &e)) {
		case OPS_GONE:
			continue;
		case OPS_ERROR:
			report(o, path, "is not an entry, or cannot be read");
			bad++;
			continue;
		case OPS_OPENED:
			break;
		}
		why = e.damage != NULL ? e.damage : read_message(&e.out);
		if (why != NULL)
			report(o, path, why);
		if (why != NULL)
			bad++;
		else
			good++;
		ops_close(&e);
	}
	buf_printf(&o->out, "%zu entries are good, %zu are not\n", good, bad);
	ops_flush(o);
	queue_out_free(&e.out);
	queue_names_free(&names);
	return bad > 0 ? EXIT_TEMP : 0;
}
