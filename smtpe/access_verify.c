/* access_verify: every line of the access table, for smtpe --check (access.h).
 * What a session finds out only when the client for whom the line is comes is
 * found out here: values, names and listeners that need a line of their own,
 * keys of a cdb that no look-up would find. */
#include "access.h"
#include "access_walk.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define TEXT_MAX (4u << 20)

struct verify {
	struct session *s;
	struct buf *out;
	const char *path;
	struct buf where;      /* of the line at hand */
	struct buf listeners;  /* "@587\n": those with a line of their own */
	struct span name;      /* the first key with a name; p NULL: none */
	struct access_lengths v4, v6; /* that are looked for */
	bool lengths;	       /* only those */
	bool named, good;
};

static void
problem(struct verify *v, struct span value, const char *why)
{
	buf_printf(v->out, "problem: %.*s: \"", SPAN_ARG(buf_span(&v->where)));
	for (size_t i = 0; i < value.n && i < 200; i++)
		buf_putc(v->out, (unsigned char)value.p[i] < ' ' ||
			value.p[i] == 0x7f ? '?' : value.p[i]);
	buf_printf(v->out, "\" %s\n", why);
	v->good = false;
}

static void
check_rule(struct verify *v, struct span text)
{
	struct access_rule rule;
	struct span name, value;
	struct buf err = {0};
	struct reply reply;
	const char *why = access_rule_parse(text, &rule);

	if (why == NULL && rule.text.p != NULL)
		why = access_rule_reply(rule.text, &v->s->text, &reply);
	if (why != NULL) {
		problem(v, text, why);
		return;
	}
	while (access_rule_next(&rule.settings, &name, &value)) {
		buf_reset(&err);
		if (access_set(v->s, name, value, &err) == 0)
			continue;
		buf_printf(v->out, "problem: %.*s: %.*s\n",
		    SPAN_ARG(buf_span(&v->where)), SPAN_ARG(buf_span(&err)));
		v->good = false;
	}
	control_restore(&v->s->controls);
	buf_free(&err);
}

static bool
is_canonical(const struct access_key *k, struct span text)
{
	struct buf b = {0};
	bool same;

	access_key_format(k, &b);
	same = span_eq(buf_span(&b), text);
	buf_free(&b);
	return same;
}

/* The first time: which listeners and names there are. */
static void
note_key(struct verify *v, struct span text)
{
	struct access_key key;

	if (access_key_parse(text, &key) != NULL)
		return;
	v->named |= key.kind == ACCESS_NAMED;
	if (key.kind == ACCESS_NAME && v->name.p == NULL)
		v->name = text;
	if (key.kind != ACCESS_EVERYBODY || !key.listener)
		return;
	buf_put(&v->listeners, text);
	buf_putc(&v->listeners, '\n');
}

static bool
has_listener(const struct verify *v, struct span suffix)
{
	struct span rest = buf_span(&v->listeners), one;

	while (rest.n > 0 && span_cut(&rest, '\n', &one))
		if (span_eq(one, suffix))
			return true;
	return false;
}

/* Would the walk come to it? */
static bool
is_looked_for(const struct verify *v, const struct access_key *k)
{
	bool v6 = k->net.ip.family == AF_INET6;

	if (!v->lengths || k->kind != ACCESS_NET ||
	    k->net.bits == (v6 ? 128 : 32))
		return true;
	return (v6 ? &v->v6 : &v->v4)->has[k->net.bits];
}

static void
check_line(struct verify *v, struct span text, struct span rule, bool cdb)
{
	struct access_key key;
	const char *why = access_key_parse(text, &key);

	if (why == NULL && cdb && !is_canonical(&key, text))
		why = "is written so that it is never found";
	if (why == NULL && cdb && !is_looked_for(v, &key))
		why = "has a length that the record / does not have";
	if (why == NULL && key.kind == ACCESS_NAME && !v->named)
		why = "is a name, and names need a line that begins with =:";
	if (why == NULL && key.listener && key.kind != ACCESS_EVERYBODY &&
	    !has_listener(v, span_skip(text, span_chr(text, '@'))))
		why = "names a listener that has no line of its own";
	if (why != NULL)
		problem(v, text, why);
	check_rule(v, rule);
}

static void
verify_text(struct verify *v, struct span text)
{
	for (int pass = 0; pass < 2; pass++) {
		struct span rest = text, line, key, rule;

		for (size_t n = 1; rest.n > 0 && span_cut(&rest, '\n', &line);
		    n++) {
			line = span_trim(line);
			if (line.n == 0 || line.p[0] == '#')
				continue;
			buf_reset(&v->where);
			buf_printf(&v->where, "%s:%zu", v->path, n);
			if (!access_key_split(line, &key, &rule)) {
				if (pass == 1)
					problem(v, line, "is not key:rule");
			} else if (pass == 0)
				note_key(v, key);
			else
				check_line(v, key, rule, false);
		}
	}
}

static void
take_lengths(struct verify *v, struct span text)
{
	if (access_lengths_parse(text, AF_INET, &v->v4) == -1 ||
	    access_lengths_parse(text, AF_INET6, &v->v6) == -1)
		problem(v, text, "is no list of lengths");
	v->lengths = true;
}

static void
verify_cdb(struct verify *v, struct cdbmap *m)
{
	struct span key, rule;
	int r = 0;

	buf_puts(&v->where, v->path);
	for (int pass = 0; pass < 2; pass++) {
		unsigned at = 0;

		while ((r = cdbmap_next(m, &at, &key, &rule)) > 0) {
			bool lengths = span_eq(key,
			    SPAN(ACCESS_LENGTHS_KEY));

			if (lengths && pass == 0)
				take_lengths(v, rule);
			else if (!lengths && pass == 0)
				note_key(v, key);
			else if (!lengths)
				check_line(v, key, rule, true);
		}
	}
	if (r == -1)
		problem(v, span_of(NULL), strerror(errno));
}

/* A text that was changed and not compiled. */
static void
note_newer(struct verify *v, const char *text)
{
	struct stat a, b;

	if (stat(text, &a) == 0 && stat(v->path, &b) == 0 &&
	    a.st_mtime > b.st_mtime)
		buf_printf(v->out, "note: %s is newer than %s\n", text,
		    v->path);
}

bool
access_verify(struct session *s, struct buf *out)
{
	const char *text = control_path(&s->controls, "access");
	struct cdbmap cdb = {.path = control_path(&s->controls, "access.cdb")};
	struct verify v = {.s = s, .out = out, .path = cdb.path, .good = true};
	struct buf b = {0};

	if (cdbmap_open(&cdb) == 1) {
		verify_cdb(&v, &cdb);
		note_newer(&v, text);
	} else if (!cdb.tried) {
		buf_puts(&v.where, cdb.path);
		problem(&v, span_of(NULL), strerror(errno));
	} else {
		v.path = text;
		if (file_read_at(AT_FDCWD, text, TEXT_MAX, &b) == 0)
			verify_text(&v, buf_span(&b));
		else if (errno == ENOENT)
			v.path = NULL;
		else {
			buf_puts(&v.where, text);
			problem(&v, span_of(NULL), strerror(errno));
		}
	}
	if (v.good && v.path != NULL)
		buf_printf(out, "table: %s\n", v.path);
	cdbmap_close(&cdb);
	buf_free(&b);
	buf_free(&v.where);
	buf_free(&v.listeners);
	return v.good;
}
