/* dns_question: see dns_question.h. */
#include "dns_question.h"
#include <errno.h>

/* A name with its root dot that may be sent as it is. Escapes are not
 * understood, so that a name cannot mean another. */
static bool
sendable(struct span name)
{
	struct span rest = span_head(name, name.n - 1), label;

	/* On the wire one octet of length and the root are added. */
	if (name.n + 1 > DNS_NAME)
		return false;
	while (span_cut(&rest, '.', &label)) {
		if (label.n == 0 || label.n > 63)
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (label.p[i] <= ' ' || label.p[i] >= 0x7f ||
			    label.p[i] == '\\' || label.p[i] == '"')
				return false;
	}
	return true;
}

int
dns_question_name(struct dns *d, unsigned type, struct span asked,
    struct span *name)
{
	struct buf b = {0};
	struct ip ip;
	bool good = true;

	if (asked.n > DNS_NAME + 1)
		return -1;
	if (asked.n > 0 && asked.p[asked.n - 1] == '.')
		asked.n--;
	if (type == DNS_PTR && ip_parse(asked, &ip) == 0)
		ip_reverse(&ip, true, &b);
	else
		buf_put(&b, asked);
	buf_putc(&b, '.');
	if (asked.n > 0)
		good = sendable(buf_span(&b));
	if (good)
		*name = arena_dup(&d->arena, buf_span(&b));
	buf_free(&b);
	return good ? 0 : -1;
}

struct dns_query *
dns_question_add(struct dns *d, unsigned class, unsigned type,
    struct span asked, struct span full)
{
	struct dns_query *q = arena_zalloc(&d->arena, sizeof *q);

	q->dns = d;
	q->asked = arena_dup(&d->arena, asked);
	q->name = full;
	q->class = class;
	q->type = type;
	*d->last = q;
	d->last = &q->next;
	d->n++;
	return q;
}

int
dns_note(struct dns *d, unsigned class, unsigned type, struct span name,
    int rcode, int error)
{
	struct dns_query *q;
	char full[DNS_NAME + 1];

	if (d->n >= DNS_QUERIES) {
		errno = E2BIG;
		return -1;
	}
	name = span_head(name, DNS_NAME);
	memcpy(full, name.p, name.n);
	full[name.n] = '.';
	q = dns_question_add(d, class, type, name, arena_dup(&d->arena,
	    span_make(full, name.n + !span_iends(name, SPAN(".")))));
	q->answer = (struct dns_answer){.rcode = rcode, .error = error};
	q->done = true;
	return 0;
}

const struct dns_query *
dns_last(const struct dns *d)
{
	return (const struct dns_query *)(const void *)((const char *)d->last -
	    offsetof(struct dns_query, next));
}

bool
dns_untaken(const struct dns *d)
{
	const struct dns_query *q = d->first;

	while (q != NULL && q->taken)
		q = q->next;
	return q != NULL;
}

bool
dns_something_new(const struct dns *d)
{
	for (const struct dns_query *q = d->first; q != NULL; q = q->next)
		if (q->done && !q->taken)
			return true;
	return false;
}

const struct dns_query *
dns_take(struct dns *d)
{
	for (struct dns_query *q = d->first; q != NULL; q = q->next)
		if (q->done && !q->taken) {
			q->taken = true;
			return q;
		}
	return NULL;
}
