/* service: see service.h. The set, and the one poll(2) of all. */
#include "service.h"
#include "die.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int
service_init(struct service *s, const struct span *servers, size_t n)
{
	s->first = NULL;
	s->last = &s->first;
	s->n = 0;
	return dns_init(&s->dns, servers, n);
}

struct service_request *
service_new(struct service *s, enum service_kind kind)
{
	struct service_request *r;

	if (s->n >= SERVICE_MAX)
		return NULL;
	/* Nobody waits for these any more. */
	if (s->n == 0)
		dns_reset(&s->dns);
	if ((r = calloc(1, sizeof *r)) == NULL)
		die_temp("out of memory");
	r->set = s;
	r->kind = kind;
	r->fd = r->tcp.fd = -1;
	r->data = SPAN("");
	http_init(&r->http, kind == SERVICE_SPAMD, 0);
	*s->last = r;
	s->last = &r->next;
	s->n++;
	return r;
}

void
service_start(struct service_request *r)
{
	r->started = clock_mono();
	r->deadline = clock_deadline(r->timeout);
	r->http.max = r->max;
	tcp_start(&r->tcp, &r->set->dns, r->hosts, r->nhosts, r->port,
	    r->patience, r->deadline);
	service_step(r, 0);
}

void
service_drop(struct service_request *r)
{
	struct service *s = r->set;
	struct service_request **p = &s->first;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	if (s->last == &r->next)
		s->last = p;
	s->n--;
	tcp_stop(&r->tcp);
	if (r->fd != -1)
		close(r->fd);
	http_free(&r->http);
	buf_free(&r->head);
	buf_free(&r->line);
	buf_free(&r->out);
	arena_free(&r->arena);
	free(r);
}

void
service_reset(struct service *s)
{
	while (s->first != NULL)
		service_drop(s->first);
	dns_reset(&s->dns);
}

void
service_close(struct service *s)
{
	service_reset(s);
	dns_close(&s->dns);
}

bool
service_pending(const struct service *s)
{
	return s->first != NULL;
}

/* --- waiting --- */

struct waiting {
	struct pollfd fds[SERVICE_MAX + DNS_FDS];
	size_t n;     /* in use */
	size_t ndns;  /* the last so many of them */
	clock_ms until;
	bool dns;
};

static void
add(struct waiting *w, const struct service_request *r)
{
	/* One that polls nothing has its place all the same. */
	struct pollfd *p = &w->fds[w->n++];
	clock_ms until = r->deadline;

	*p = (struct pollfd){-1, 0, 0};
	if (r->done)
		return;
	p->fd = r->tcp.fd;
	if (r->state == SERVICE_CONNECTS) {
		p->events = POLLOUT;
		w->dns |= p->fd == -1;
		until = r->tcp.until;
	} else {
		p->events = r->sent && r->out_pos == r->out.n ?
		    POLLIN : POLLIN | POLLOUT;
	}
	if (until < w->until)
		w->until = until;
}

static int
poll_all(struct service *s, clock_ms deadline)
{
	struct waiting w = {.until = deadline};
	struct service_request *r;
	int timeout = -1, left;
	size_t i = 0;

	for (r = s->first; r != NULL; r = r->next)
		add(&w, r);
	if (w.dns)
		w.ndns = dns_poll(&s->dns, w.fds + w.n, &timeout);
	left = clock_left(w.until);
	if (timeout == -1 || (left >= 0 && left < timeout))
		timeout = left;
	if (poll(w.fds, w.n + w.ndns, timeout) == -1)
		return -1;
	if (w.dns)
		dns_polled(&s->dns, w.fds + w.n, w.ndns);
	for (r = s->first; r != NULL; r = r->next, i++)
		if (!r->done)
			service_step(r, w.fds[i].revents);
	return 0;
}

static size_t
count_done(const struct service *s)
{
	size_t n = 0;

	for (const struct service_request *r = s->first; r != NULL;
	     r = r->next)
		n += r->done;
	return n;
}

static void
end_all(struct service *s, const char *why)
{
	for (struct service_request *r = s->first; r != NULL; r = r->next)
		if (!r->done)
			service_end(r, why);
}

int
service_wait(struct service *s, bool all, clock_ms deadline)
{
	size_t n;

	while ((n = count_done(s)) < s->n && (all || n == 0)) {
		bool late = deadline != CLOCK_NEVER && clock_left(deadline) == 0;

		/* Once even when it is late: what has arrived counts. */
		if (poll_all(s, deadline) == -1) {
			if (errno == EINTR)
				return -1;
			end_all(s, strerror(errno));
		} else if (late) {
			end_all(s, "no answer in time");
		}
	}
	return 0;
}
