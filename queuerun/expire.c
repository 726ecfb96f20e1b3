/* expire: see expire.h. */
#include "expire.h"
#include "clock.h"
#include "log.h"
#include "num.h"
#include <errno.h>
#include <stdio.h>

#define PERIOD 60000 /* ms */

static void
expire_one(struct queue *q, const struct queue_name *name)
{
	struct queue_out out = {0};
	const char *why;
	struct log l;

	/* Who is at it meanwhile has something else in mind. */
	switch (queue_out_open(&out, q, name, true, &why)) {
	case QUEUE_OPENED:
	case QUEUE_DAMAGED:
		break;
	default:
		queue_out_free(&out);
		return;
	}
	if (queue_out_remove(&out) == -1) {
		log_warn("queue-trouble", "remove %s: %s", out.path,
		    strerror(errno));
	} else {
		log_open(&l, "quarantine-expired");
		log_str(&l, "id", name->id);
		log_str(&l, "place", name->place);
		log_send(&l);
	}
	queue_out_close(&out);
	queue_out_free(&out);
}

/* "NAME:time" */
static void
expire_place(struct queue *q, struct span item, int64_t now)
{
	char place[QUEUE_NAME_MAX];
	struct queue_names names = {0};
	struct span rest = item, name;
	int64_t ms;

	if (!span_cut(&rest, ':', &name) || rest.p == NULL ||
	    num_parse_time(span_trim(rest), &ms) == -1)
		return;
	snprintf(place, sizeof place, "quarantine/%.*s", SPAN_ARG(name));
	if (queue_scan_place(q, place, &names) == -1)
		log_warn("queue-trouble", "%s: %s", place, strerror(errno));
	for (size_t i = 0; i < names.n; i++)
		if (id_time_ms(span_of(names.v[i].id)) + ms < now * 1000)
			expire_one(q, &names.v[i]);
	queue_names_free(&names);
}

void
expire_quarantines(struct queue *q, const struct controls *c)
{
	static clock_ms next;

	if (c->quarantineexpire.n == 0 || clock_mono() < next)
		return;
	next = clock_deadline(PERIOD);
	for (size_t i = 0; i < c->quarantineexpire.n; i++)
		expire_place(q, c->quarantineexpire.v[i], clock_wall());
}
