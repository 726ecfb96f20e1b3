/* pipe_env: see pipe_env.h. */
#include "pipe_env.h"
#include "address.h"
#include "file.h"
#include "num.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PASSWD_MAX (4u << 20)
#define VARIABLES  24

struct env {
	struct arena *a;
	const char **v;
	size_t n;
};

bool
pipe_user_parse(struct span passwd, unsigned uid, struct arena *a,
    struct pipe_user *u)
{
	struct span line, field[7];

	while (span_cut(&passwd, '\n', &line)) {
		uint64_t id;
		size_t n = 0;

		while (n < 7 && span_cut(&line, ':', &field[n]))
			n++;
		if (n < 7 || num_parse_u64(field[2], &id) == -1 || id != uid)
			continue;
		u->name = arena_cstr(a, field[0]);
		u->home = arena_cstr(a, field[5].n ? field[5] : SPAN("/"));
		u->shell = arena_cstr(a, field[6].n ? field[6] :
		    SPAN("/bin/sh"));
		return true;
	}
	return false;
}

void
pipe_user_find(struct pipe_user *u)
{
	static struct arena a; /* for as long as we live */
	struct buf text = {0};

	if (file_read_at(-1, "/etc/passwd", PASSWD_MAX, &text) == -1 ||
	    !pipe_user_parse(buf_span(&text), geteuid(), &a, u)) {
		u->name = arena_printf(&a, "%u", (unsigned)geteuid()).p;
		u->home = "/";
		u->shell = "/bin/sh";
	}
	buf_free(&text);
}

/* Two parts, because a NUL must not be cut out of the middle: addresses with
 * controls in them do not get so far. */
static void
put(struct env *e, const char *name, struct span value)
{
	e->v[e->n++] = arena_printf(e->a, "%s=%.*s", name,
	    SPAN_ARG(value)).p;
}

/* What stands behind the n-th '-'; "" without one. */
static struct span
extension(struct span local, unsigned n)
{
	while (n-- > 0)
		local = span_skip(local, span_chr(local, '-') + 1);
	return local;
}

/* Without its last n labels. */
static struct span
host_part(struct span host, unsigned n)
{
	while (n-- > 0)
		host = span_head(host, span_rchr(host, '.') == host.n ? 0 :
		    span_rchr(host, '.'));
	return host;
}

/* qmail: the user that a virtual domain belongs to stands in front of the
 * local part. An address, a domain, its suffixes, everything. */
static struct span
prefix_of(const struct controls *c, struct span address, struct span host)
{
	const struct control_list *map = &c->virtualdomains;
	struct span prefix = span_of(NULL);

	if (map->n == 0 || control_map_find(map, address, &prefix) ||
	    control_map_find(map, host, &prefix))
		return prefix;
	for (size_t dot = span_chr(host, '.'); dot < host.n;
	    dot += 1 + span_chr(span_skip(host, dot + 1), '.'))
		if (control_map_find(map, span_skip(host, dot), &prefix))
			return prefix;
	control_map_find(map, span_of(NULL), &prefix);
	return prefix;
}

/* "From sender date": blanks in the sender would make it another line to a
 * reader of mbox. */
static struct span
uf_line(struct arena *a, struct span sender, int64_t now)
{
	time_t t = (time_t)now;
	char date[64], *who;
	struct tm tm;

	if (sender.n == 0)
		sender = SPAN("MAILER-DAEMON");
	who = (char *)(uintptr_t)arena_cstr(a, sender);
	for (size_t i = 0; i < sender.n; i++)
		if (who[i] == ' ' || who[i] == '\t')
			who[i] = '-';
	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm) == 0)
		date[0] = '\0';
	return arena_printf(a, "From %s %s\n", who, date);
}

static void
put_address(struct env *e, const struct controls *c, struct span address)
{
	size_t at = span_rchr(address, '@');
	struct address whole = {.local = span_head(address, at)};
	struct span host = at < address.n ? span_skip(address, at + 1) :
					    c->me;
	struct span local = address_local_plain(&whole, e->a);
	struct span prefix = prefix_of(c, address, host), ext;
	char name[] = "EXT2";

	if (prefix.n > 0)
		local = arena_printf(e->a, "%.*s-%.*s", SPAN_ARG(prefix),
		    SPAN_ARG(local));
	ext = span_skip(local, prefix.n > 0 ? prefix.n + 1 :
	    span_chr(local, '-') + 1);
	put(e, "RECIPIENT", address);
	put(e, "LOCAL", local);
	put(e, "HOST", host);
	put(e, "EXT", ext);
	put(e, "DEFAULT", ext);
	for (unsigned i = 2; i <= 4; i++) {
		name[3] = (char)('0' + i);
		put(e, name, extension(ext, i - 1));
	}
	put(e, "HOST2", host_part(host, 1));
	put(e, "HOST3", host_part(host, 2));
	put(e, "HOST4", host_part(host, 3));
}

const char *const *
pipe_env(const struct pipe_user *u, const struct controls *c,
    struct agent_job *job, size_t rcpt, int64_t now)
{
	struct arena *a = &job->arena;
	struct span address = job->rcpts[rcpt].address;
	struct env e = {a, arena_zalloc(a, VARIABLES * sizeof *e.v), 0};
	const char *path = getenv("PATH");

	put(&e, "PATH", span_of(path ? path : "/usr/local/bin:/usr/bin:/bin"));
	put(&e, "USER", span_of(u->name));
	put(&e, "HOME", span_of(u->home));
	put(&e, "SHELL", span_of(u->shell));
	put(&e, "SENDER", job->sender);
	put(&e, "NEWSENDER", job->sender);
	put_address(&e, c, address);
	put(&e, "RPLINE", arena_printf(a, "Return-Path: <%.*s>\n",
	    SPAN_ARG(job->sender)));
	put(&e, "DTLINE", arena_printf(a, "Delivered-To: %.*s\n",
	    SPAN_ARG(address)));
	put(&e, "UFLINE", uf_line(a, job->sender, now));
	put(&e, "QUEUEID", job->id);
	return e.v;
}
