/* relay_agent: see relay_agent.h. */
#include "relay_agent.h"
#include "log.h"
#include "relay_conn.h"
#include "relay_down.h"
#include "relay_mail.h"
#include "reply.h"

#define FRESH_MS 60000 /* how long a domain's hosts are remembered */

static const struct relay_agent_kind *kind;
static struct relay_conn conn;
static struct relay_mail mail;
static struct relay_who who;
static struct span names[2];

/* The hosts of the destination that was looked up last. */
static struct {
	struct relay_hosts hosts;
	struct buf route, domain;
	clock_ms until; /* 0: none */
} last;

static struct agent *agent;

/* Before workers are forked. */
static void
start(struct agent *a)
{
	const struct controls *c = &a->controls;
	struct smtpclient_config config = {
	    .helo = c->helohost.n ? c->helohost : c->me,
	    .lmtp = kind->lmtp,
	    .connect_ms = c->timeoutconnect,
	    .reply_ms = c->timeoutremote,
	    .dot_ms = c->timeoutremote,
	    .ca = c->tlsca != NULL ? c->tlsca :
				     control_path(&a->controls, TLS_CA_FILE),
	};

	agent = a;
	names[0] = c->me;
	names[1] = c->helohost;
	who = (struct relay_who){&c->dnsservers, c->dnstimeout, names, 2,
	    relay_is_us};
	relay_down_init();
	relay_conn_init(&conn, &config);
}

/* The destination, as far as it is known without looking it up. */
static struct span
key_of(const struct controls *c, const struct agent_job *job)
{
	struct span rest = span_skip(job->route,
	    span_chr(job->route, ':') + 1);

	if (rest.n > 0 && rest.p[0] != ':')
		return rest;
	return relay_domain(job->rcpts[0].address, c->me);
}

/* --- answers --- */

/* On one line, whatever it was. */
static struct span
one_line(struct agent_job *job, struct span text)
{
	struct span copy = arena_dup(&job->arena, text);
	char *p = (char *)(uintptr_t)copy.p;

	for (size_t i = 0; i < copy.n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			p[i] = ' ';
	return copy;
}

/* What the server said, or what went wrong and at which point. */
static struct span
text_of(struct agent_job *job, const struct smtpclient_result *r)
{
	if (r->theirs)
		return one_line(job, r->reply.text);
	return arena_printf(&job->arena, "%.*s (%s)",
	    SPAN_ARG(one_line(job, r->reply.text)),
	    smtpclient_stage_name(r->stage));
}

static struct span
tls_text(struct agent_job *job)
{
	const struct smtpclient *c = &conn.client;

	return arena_printf(&job->arena, "%s %s%s", tls_protocol(c->tls),
	    tls_cipher(c->tls), c->config.tls == SECURE_VERIFY ?
	    " verified" : "");
}

static void
answer(struct agent_job *job, size_t rcpt, const struct smtpclient_result *r,
    struct span peer, bool dsn)
{
	enum outcome outcome = r->outcome == SMTPCLIENT_OK ? OUTCOME_OK :
	    r->outcome == SMTPCLIENT_PERMANENT ? OUTCOME_FAIL : OUTCOME_LATER;
	const char *enhanced = r->reply.enhanced != NULL ? r->reply.enhanced :
	    reply_enhanced_default(r->reply.code);

	agent_note(agent, job, rcpt, "peer", peer);
	if (r->theirs && conn.client.tls != NULL)
		agent_note(agent, job, rcpt, "tls", tls_text(job));
	if (outcome == OUTCOME_OK && !kind->lmtp)
		agent_note(agent, job, rcpt, "dsn", dsn ? SPAN("passed") :
							  SPAN("relayed"));
	agent_done(agent, job, rcpt, outcome, r->reply.code, enhanced,
	    text_of(job, r));
}

static void
answer_all(struct agent_job *job, const size_t *rcpts, size_t n,
    const struct smtpclient_result *r, struct span peer)
{
	for (size_t i = 0; i < n; i++)
		answer(job, rcpts[i], r, peer, false);
}

static void
answer_no_host(struct agent_job *job, const size_t *rcpts, size_t n)
{
	const struct relay_hosts *h = &last.hosts;

	for (size_t i = 0; i < n; i++)
		agent_done(agent, job, rcpts[i], h->outcome, h->code,
		    h->enhanced, one_line(job, h->text));
}

/* --- one transaction --- */

/* Did the host fail, rather than refuse, with nothing taken for certain? */
static bool
host_failed(void)
{
	return !smtpclient_usable(&conn.client) && !conn.client.dot_sent &&
	    smtpclient_why(&conn.client)->outcome != SMTPCLIENT_LOCAL;
}

/* "Too many recipients" (RFC 5321 4.5.3.1.10) says nothing of this one, as
 * long as each round takes some. */
static bool
is_one_too_many(const struct smtpclient_result *r)
{
	return r->theirs && r->stage == SMTPCLIENT_RCPT &&
	    r->reply.code == 452;
}

/* The answers of one transaction: how many of rcpts, now in front, are to be
 * tried again. */
static size_t
settle(struct agent_job *job, size_t *rcpts, size_t n,
    const struct smtpclient_result *results, size_t taken)
{
	struct span peer = relay_host_text(&last.hosts.v[conn.host],
	    &job->arena);
	size_t again = 0;

	for (size_t i = 0; i < n; i++) {
		if (taken > 0 && is_one_too_many(&results[i]))
			rcpts[again++] = rcpts[i];
		else
			answer(job, rcpts[i], &results[i], peer, mail.dsn);
	}
	return again;
}

/* Somebody may want to know, or be at work on the way there. */
static void
log_no_tls(const struct relay_host *h, struct agent_job *job)
{
	if (conn.client.tls == NULL && conn.client.tls_failed != NULL)
		log_warn("tls-failed", "%.*s: %s; going on without",
		    SPAN_ARG(relay_host_text(h, &job->arena)),
		    conn.client.tls_failed);
}

/* An open connection to one of the hosts, from number *from on: 0, or -1 and
 * everybody is answered. */
static int
connect_some(struct agent_job *job, const size_t *rcpts, size_t n,
    size_t *from, bool *fresh)
{
	*fresh = false;
	if (*from == 0 && relay_conn_fits(&conn, &last.hosts))
		return 0;
	*fresh = true;
	if (relay_conn_open(&conn, &last.hosts, *from, &job->arena) == 0) {
		log_no_tls(&last.hosts.v[conn.host], job);
		return 0;
	}
	answer_all(job, rcpts, n, &conn.why,
	    relay_host_text(&last.hosts.v[conn.host], &job->arena));
	return -1;
}

/* All that can be said to the hosts that were found. */
static void
talk(struct agent_job *job, size_t *rcpts, size_t n)
{
	struct smtpclient_result *results =
	    arena_alloc(&job->arena, n * sizeof *results);
	size_t from = 0, taken;
	bool fresh;

	while (n > 0 && connect_some(job, rcpts, n, &from, &fresh) == 0) {
		relay_mail_make(&mail, job, rcpts, n, &conn.client);
		taken = smtpclient_send(&conn.client, &mail.mail, results);
		compose_end(&mail.compose);
		relay_conn_used(&conn);
		if (host_failed()) {
			/* One that was kept may just have grown old. */
			from = fresh ? conn.host + 1 : 0;
			if (from < last.hosts.n) {
				relay_conn_close(&conn);
				continue;
			}
		}
		n = settle(job, rcpts, n, results, taken);
		if (!smtpclient_usable(&conn.client))
			relay_conn_close(&conn);
	}
}

/* --- a job --- */

/* For a domain, or else for a host. */
static bool
find_tls(struct span name, enum secure *tls)
{
	const struct control_list *map = &agent->controls.smtptlshosts;
	struct span word;

	for (size_t dot = 0; dot < name.n && map->n > 0;
	    dot += 1 + span_chr(span_skip(name, dot + 1), '.'))
		if (control_map_find(map, span_skip(name, dot), &word))
			return secure_parse(word, tls) == 0;
	return false;
}

static void
set_tls(struct relay_hosts *h, struct span domain)
{
	enum secure standard = SECURE_NONE;

	if (!kind->lmtp)
		(void)secure_parse(agent->controls.smtptls, &standard);
	for (size_t i = 0; i < h->n; i++) {
		h->v[i].tls = standard;
		if (!find_tls(domain, &h->v[i].tls))
			(void)find_tls(h->v[i].name, &h->v[i].tls);
	}
}

/* The hosts of a destination are in last: 0, or -1 and why. */
static int
find_hosts(const struct agent_job *job, const struct relay_route *route,
    struct span domain, clock_ms deadline)
{
	if (!route->mx)
		domain = span_of(NULL);
	if (last.until != 0 && clock_left(last.until) > 0 &&
	    span_eq(buf_span(&last.route), job->route) &&
	    span_ieq(buf_span(&last.domain), domain))
		return 0;
	last.until = 0;
	if (relay_hosts_find(&last.hosts, route, domain, kind->port, &who,
		deadline) == -1)
		return -1;
	buf_reset(&last.route);
	buf_put(&last.route, job->route);
	buf_reset(&last.domain);
	buf_put(&last.domain, domain);
	set_tls(&last.hosts, domain);
	last.until = clock_deadline(FRESH_MS);
	return 0;
}

/* The runner must hear of us within agenttimeout. */
static clock_ms
patience(void)
{
	int64_t ms = agent->controls.agenttimeout;

	return ms > 0 ? clock_deadline(ms / 10 * 9) : CLOCK_NEVER;
}

/* Recipients that share a destination, out of left, to the front of it: how
 * many. */
static size_t
take_group(const struct agent_job *job, const struct relay_route *route,
    size_t *left, size_t n)
{
	struct span me = agent->controls.me;
	struct span domain = relay_domain(job->rcpts[left[0]].address, me);
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		size_t r = left[i];

		if (route->mx &&
		    !span_ieq(relay_domain(job->rcpts[r].address, me), domain))
			continue;
		left[i] = left[k];
		left[k++] = r;
	}
	return k;
}

static void
deliver_group(struct agent_job *job, const struct relay_route *route,
    size_t *rcpts, size_t n)
{
	struct span domain = relay_domain(job->rcpts[rcpts[0]].address,
	    agent->controls.me);

	conn.client.config.deadline = patience();
	if (find_hosts(job, route, domain, conn.client.config.deadline) == -1)
		answer_no_host(job, rcpts, n);
	else
		talk(job, rcpts, n);
}

static void
deliver(struct agent *a, struct agent_job *job)
{
	struct relay_route route;
	size_t *left = arena_alloc(&job->arena, job->nrcpts * sizeof *left);
	size_t n = job->nrcpts;

	if (relay_route_parse(job->route, kind->scheme, &route) == -1 ||
	    (kind->port == 0 && (route.mx ||
	    (route.port == 0 && route.target.path.p == NULL)))) {
		agent_done_all(a, job, OUTCOME_LATER, 451, "4.3.5",
		    arena_printf(&job->arena, "%s: %.*s", kind->no_route,
			SPAN_ARG(job->route)));
		n = 0;
	}
	for (size_t i = 0; i < n; i++)
		left[i] = i;
	while (n > 0) {
		size_t k = take_group(job, &route, left, n);

		deliver_group(job, &route, left, k);
		left += k;
		n -= k;
		/* The next one may take its time. (The last answers go when
		 * the entry is closed: not before.) */
		if (n > 0)
			agent_flush(a);
	}
	agent_job_free(a, job);
}

static int
poll_fd(struct agent *a, clock_ms *deadline)
{
	(void)a;
	return relay_conn_idle(&conn, deadline);
}

/* Time is over, the server says something, which can only be goodbye, or
 * there is no more work. */
static void
hang_up(struct agent *a)
{
	(void)a;
	relay_conn_close(&conn);
}

int
relay_agent_main(int argc, char **argv, const struct relay_agent_kind *k)
{
	struct agent_type type = k->type;

	kind = k;
	type.key_of = key_of;
	type.start = start;
	type.deliver = deliver;
	type.poll_fd = poll_fd;
	type.ready = hang_up;
	type.finish = hang_up;
	return agent_main(argc, argv, &type);
}
