/* access: see access.h. */
#include "access.h"
#include "access_walk.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include <errno.h>
#include <fcntl.h>

#define TEXT_MAX (4u << 20)

/* A line that is for this client. */
struct found {
	unsigned rank;	       /* 0: none is */
	bool listener;	       /* its key names one */
	struct access_rule rule;
	struct span key;
	struct span where;     /* "DIR/access:7", "DIR/access.cdb: KEY" */
};

/* What is looked for, and what was found. */
struct search {
	struct session *s;
	struct access_client client;
	struct found listener, best;
};

int
access_set(struct session *s, struct span name, struct span value,
    struct buf *err)
{
	if (span_eq(name, SPAN("RELAYCLIENT"))) {
		s->launcher_relays = true;
		s->relay_suffix = arena_dup(&s->arena, value);
		return 0;
	}
	if (span_eq(name, SPAN("QMAILQUEUE"))) {
		s->qmailqueue = arena_cstr(&s->arena, value);
		return 0;
	}
	if (span_eq(name, SPAN("DATABYTES")))
		name = SPAN("databytes");
	return control_override(&s->controls, name, value, false, FROM_ACCESS,
	    err);
}

static void __attribute__((noreturn))
bad(struct span where, struct span value, const char *why)
{
	struct buf shown = {0};

	for (size_t i = 0; i < value.n && i < 200; i++)
		buf_putc(&shown, (unsigned char)value.p[i] < ' ' ||
			value.p[i] == 0x7f ? '?' : value.p[i]);
	die_temp("%.*s: \"%.*s\" %s", SPAN_ARG(where),
	    SPAN_ARG(buf_span(&shown)), why);
}

static void
ask_name(struct search *f)
{
	struct session *s = f->s;
	struct span name = session_peer_name(s);

	/* "[ip]" is no name. */
	if (s->peer.name.p != NULL)
		f->client.name = name;
}

/* --- a text: the best of all lines --- */

static struct span
line_where(struct search *f, size_t line)
{
	return arena_printf(&f->s->arena, "%s/access:%zu", f->s->controls.dir,
	    line);
}

/* The next line that is none of nothing; key and rule are parsed. */
static bool
next_line(struct search *f, struct span *rest, size_t *n, struct found *l,
    struct access_key *key)
{
	struct span line, rule;
	const char *why;

	while (rest->n > 0 && span_cut(rest, '\n', &line)) {
		++*n;
		line = span_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		*l = (struct found){0};
		if (!access_key_split(line, &l->key, &rule))
			bad(line_where(f, *n), line, "is not key:rule");
		if ((why = access_key_parse(l->key, key)) != NULL)
			bad(line_where(f, *n), l->key, why);
		if ((why = access_rule_parse(rule, &l->rule)) != NULL)
			bad(line_where(f, *n), rule, why);
		l->listener = key->listener;
		return true;
	}
	return false;
}

/* First what the table is about: names, and lines of this listener. */
static void
look_at_text(struct search *f, struct span text)
{
	bool names = false;
	struct access_key key;
	struct span asks = {NULL, 0};
	size_t n = 0, asked = 0;
	struct found l;

	while (next_line(f, &text, &n, &l, &key)) {
		names |= key.kind == ACCESS_NAMED;
		if (key.kind == ACCESS_NAME && asks.p == NULL) {
			asks = l.key;
			asked = n;
		}
		if (key.kind != ACCESS_EVERYBODY || !key.listener)
			continue;
		l.rank = access_key_rank(&key, &f->client);
		if (l.rank <= f->listener.rank)
			continue;
		l.where = line_where(f, n);
		f->listener = l;
	}
	if (asks.p != NULL && !names)
		bad(line_where(f, asked), asks,
		    "is a name, and names need a line that begins with =:");
	if (names)
		ask_name(f);
}

static bool
of_listener(const struct search *f, struct span key)
{
	size_t at = span_chr(key, '@');

	return f->listener.rank > 0 &&
	    span_eq(span_skip(key, at), f->listener.key);
}

static void
search_text(struct search *f, struct span text)
{
	struct span rest = text;
	struct access_key key;
	size_t n = 0;
	struct found l;

	look_at_text(f, text);
	while (next_line(f, &rest, &n, &l, &key)) {
		if (l.rule.word == ACCESS_NOTHING ||
		    (key.listener && (key.kind == ACCESS_EVERYBODY ||
			!of_listener(f, l.key))))
			continue;
		l.rank = access_key_rank(&key, &f->client);
		if (l.rank <= f->best.rank)
			continue;
		l.where = line_where(f, n);
		f->best = l;
	}
}

/* --- a cdb: one key after the other --- */

/* Is the key there? Then l is filled. */
static bool
look(struct search *f, struct cdbmap *m, struct buf *key, struct found *l)
{
	struct span value;
	const char *why;
	int r = cdbmap_find(m, buf_span(key), &f->s->arena, &value);

	if (r == -1)
		die_temp_errno("%s", m->path);
	if (r == 0)
		return false;
	l->key = arena_dup(&f->s->arena, buf_span(key));
	l->where = arena_printf(&f->s->arena, "%s: \"%.*s\"", m->path,
	    SPAN_ARG(l->key));
	if ((why = access_rule_parse(value, &l->rule)) != NULL)
		bad(l->where, value, why);
	l->rank = 1;
	return true;
}

/* Which networks are worth looking for; false: nobody has said. */
static bool
look_up_lengths(struct search *f, struct cdbmap *m,
    struct access_lengths *lengths)
{
	struct span value;
	int r = cdbmap_look(m, SPAN(ACCESS_LENGTHS_KEY), &value);

	if (r == -1)
		die_temp_errno("%s", m->path);
	if (r == 1 &&
	    access_lengths_parse(value, f->client.ip.family, lengths) == -1)
		bad(span_of(m->path), value, "is no list of lengths");
	return r == 1;
}

static void
search_cdb(struct search *f, struct cdbmap *m)
{
	struct access_walk walk = {0};
	struct access_lengths lengths;
	struct found named = {0}, l = {0};
	struct buf key = {0};

	for (unsigned i = 0; i < 3 && f->listener.rank == 0; i++)
		if (access_walk_listener(&f->client, i, &key))
			look(f, m, &key, &f->listener);
	buf_reset(&key);
	buf_putc(&key, '=');
	if (look(f, m, &key, &named))
		ask_name(f);
	if (look_up_lengths(f, m, &lengths))
		walk.lengths = &lengths;
	while (access_walk_next(&walk, &f->client, f->listener.key, &key)) {
		if (!look(f, m, &key, &l) || l.rule.word == ACCESS_NOTHING)
			continue;
		l.listener = span_chr(l.key, '@') < l.key.n;
		f->best = l;
		break;
	}
	buf_free(&key);
}

/* --- what they say --- */

static void
apply(struct search *f, const struct found *l)
{
	struct span rest = l->rule.settings, name, value;
	struct buf err = {0};

	while (access_rule_next(&rest, &name, &value))
		if (access_set(f->s, name, value, &err) == -1)
			die_temp("%.*s: %s", SPAN_ARG(l->where),
			    buf_cstr(&err));
	buf_free(&err);
}

static struct access_refusal
deny(struct search *f, const struct found *l)
{
	struct access_refusal r = {.denied = true};
	const char *why = NULL;
	struct log log;

	if (l->rule.text.p != NULL)
		why = access_rule_reply(l->rule.text, &f->s->text, &r.reply);
	if (why != NULL)
		bad(l->where, l->rule.text, why);
	r.reply.drop = true;
	log_open(&log, "deny");
	log_span(&log, "ip", f->s->peer.ip_text);
	if (f->client.name.n > 0)
		log_span(&log, "name", f->client.name);
	log_span(&log, "rule", l->where);
	if (r.reply.code != 0)
		log_num(&log, "code", r.reply.code);
	log_send(&log);
	return r;
}

/* A listener's denial is for all who come there, but for those whose line
 * names it, too. */
static const struct found *
denying(const struct search *f)
{
	const struct found *own = &f->listener, *best = &f->best;

	if (best->rank > 0 && best->rule.word == ACCESS_DENY)
		return best;
	if (own->rank > 0 && own->rule.word == ACCESS_DENY &&
	    !(best->rank > 0 && best->listener))
		return own;
	return NULL;
}

static struct access_client
describe(const struct session *s)
{
	struct access_client c = {.ip = s->peer.ip, .local = s->peer.local};
	uint64_t port;

	if (num_parse_max(s->peer.local_port, 65535, &port) == 0)
		c.local_port = (unsigned)port;
	return c;
}

/* The text, when there is one: borrowed from b. */
static bool
read_text(struct session *s, struct buf *b)
{
	const char *path = control_path(&s->controls, "access");

	if (file_read_at(AT_FDCWD, path, TEXT_MAX, b) == 0)
		return true;
	if (errno != ENOENT)
		die_temp_errno("%s", path);
	return false;
}

struct access_refusal
access_admit(struct session *s)
{
	struct search f = {.s = s, .client = describe(s)};
	struct cdbmap cdb = {.path = NULL};
	const struct found *denial;
	struct buf text = {0};

	if (!s->controls.has_access)
		return (struct access_refusal){0};
	cdb.path = control_path(&s->controls, "access.cdb");
	switch (cdbmap_open(&cdb)) {
	case -1:
		die_temp_errno("%s", cdb.path);
	case 1:
		search_cdb(&f, &cdb);
		break;
	default:
		if (read_text(s, &text))
			search_text(&f, buf_span(&text));
	}
	if ((denial = denying(&f)) != NULL) {
		struct access_refusal r = deny(&f, denial);

		cdbmap_close(&cdb);
		buf_free(&text);
		return r;
	}
	if (f.listener.rank > 0)
		apply(&f, &f.listener);
	if (f.best.rank > 0)
		apply(&f, &f.best);
	cdbmap_close(&cdb);
	buf_free(&text);
	session_settings_changed(s);
	return (struct access_refusal){0};
}
