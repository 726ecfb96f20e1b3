/* ops_select: see ops_select.h. */
#include "ops_select.h"
#include "clock.h"
#include "die.h"
#include "duration.h"
#include "file.h"
#include "id.h"
#include "num.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *
room(size_t n)
{
	void *p = calloc(n + 1, sizeof(char *));

	if (p == NULL)
		die_temp("out of memory");
	return p;
}

/* "+2h" is older or larger, "-2h" younger or smaller; a bare value is "+". */
static const char *
sign(const char *value, bool *less)
{
	*less = value[0] == '-';
	return value[0] == '-' || value[0] == '+' ? value + 1 : value;
}

/* All selectors have to match, so one of two would count for nothing. */
static void
refuse_second(bool given, const char *word)
{
	if (given)
		die_perm("%s is given twice", word);
}

static void
set_once(int64_t *to, int64_t value, const char *word)
{
	refuse_second(*to != -1, word);
	*to = value;
}

static void
set_age(struct selection *s, const char *value)
{
	bool less;
	int64_t ms;

	if (duration_parse(span_of(sign(value, &less)), &ms) == -1)
		die_perm("--age %s: not a time", value);
	set_once(less ? &s->younger : &s->older, ms / 1000, "--age");
}

static void
set_size(struct selection *s, const char *value)
{
	bool less;
	uint64_t n;

	if (num_parse_size(span_of(sign(value, &less)), &n) == -1 ||
	    n > INT64_MAX)
		die_perm("--size %s: not a size", value);
	set_once(less ? &s->smaller : &s->larger, (int64_t)n, "--size");
}

static void
add_id(struct selection *s, const char *value)
{
	if (!id_valid(span_of(value)))
		die_perm("--id %s: not an id", value);
	s->ids[s->nids++] = value;
}

static void
set_state(struct selection *s, const char *value)
{
	static const char *const states[] = {"new", "due", "hold",
	    "quarantine", "dead"};

	refuse_second(s->state != NULL, "--state");
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(value, states[i]) == 0) {
			s->state = value;
			return;
		}
	die_perm("--state %s: new, due, hold, quarantine or dead", value);
}

/* True when word is a selector, which takes value. */
static bool
set(struct selection *s, const char *word, const char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
	    {"--sender", &s->sender},
	    {"--recipient", &s->recipient},
	    {"--domain", &s->domain},
	    {"--queue", &s->queue},
	    {"--id", NULL},
	    {"--age", NULL},
	    {"--size", NULL},
	    {"--state", NULL},
	};
	size_t i, n = sizeof texts / sizeof *texts;

	for (i = 0; i < n && strcmp(word, texts[i].name) != 0; i++)
		continue;
	if (i == n)
		return false;
	if (value == NULL)
		die_perm("%s needs a value", word);
	if (texts[i].to != NULL) {
		refuse_second(*texts[i].to != NULL, word);
		*texts[i].to = value;
	} else if (strcmp(word, "--age") == 0) {
		set_age(s, value);
	} else if (strcmp(word, "--size") == 0) {
		set_size(s, value);
	} else if (strcmp(word, "--state") == 0) {
		set_state(s, value);
	} else {
		add_id(s, value);
	}
	s->some = s->some || strcmp(word, "--id") != 0;
	return true;
}

void
selection_parse(struct selection *s, const char *const *args, size_t nargs,
    const char **rest, size_t *nrest)
{
	*s = (struct selection){.older = -1, .younger = -1, .larger = -1,
	    .smaller = -1};
	s->ids = room(nargs);
	*nrest = 0;
	for (size_t i = 0; i < nargs; i++) {
		if (strcmp(args[i], "--yes") == 0)
			s->yes = true;
		else if (set(s, args[i], i + 1 < nargs ? args[i + 1] : NULL))
			i++;
		else
			rest[(*nrest)++] = args[i];
	}
}

/* Shell patterns, in any case; the null sender is "<>". */
static bool
fits(const char *pattern, struct span text)
{
	struct buf b = {0};
	bool good;

	buf_put(&b, text.n > 0 ? text : SPAN("<>"));
	good = fnmatch(pattern, buf_cstr(&b), FNM_CASEFOLD) == 0;
	buf_free(&b);
	return good;
}

static bool
fits_rcpt(const struct selection *s, const struct envelope *env)
{
	if (s->recipient == NULL && s->domain == NULL)
		return true;
	for (size_t i = 0; i < env->nrcpts; i++) {
		struct span a = env->rcpts[i].address;
		size_t at = span_rchr(a, '@');

		if ((s->recipient == NULL || fits(s->recipient, a)) &&
		    (s->domain == NULL ||
			(at < a.n && fits(s->domain, span_skip(a, at + 1)))))
			return true;
	}
	return false;
}

static bool
fits_id(const struct selection *s, const char *id)
{
	for (size_t i = 0; i < s->nids; i++)
		if (strcmp(s->ids[i], id) == 0)
			return true;
	return s->nids == 0;
}

bool
selection_match(const struct selection *s, const struct ops_entry *e,
    int64_t now)
{
	const struct envelope *env = &e->out.env;
	int64_t age = now - env->received_us / 1000000;
	int64_t size = (int64_t)e->out.size;

	if (!fits_id(s, e->out.name.id) || (s->state != NULL &&
	    !span_eq(ops_state(&e->out.name), span_of(s->state))))
		return false;
	if (e->damage != NULL)
		return s->sender == NULL && s->recipient == NULL &&
		    s->domain == NULL && s->queue == NULL && s->older < 0 &&
		    s->younger < 0 && s->larger < 0 && s->smaller < 0;
	return (s->sender == NULL || fits(s->sender, env->sender)) &&
	    fits_rcpt(s, env) &&
	    (s->queue == NULL || fits(s->queue, e->queue)) &&
	    (s->older < 0 || age >= s->older) &&
	    (s->younger < 0 || age < s->younger) &&
	    (s->larger < 0 || size >= s->larger) &&
	    (s->smaller < 0 || size < s->smaller);
}

/* Nobody who did not say so changes more than one. */
static void
confirm(const char *verb, size_t n)
{
	char line[16];

	if (!isatty(STDIN_FILENO))
		die_perm("%zu entries match; say --yes to %s them all", n,
		    verb);
	fprintf(stderr, "%zu entries match; %s them all? [y/N] ", n, verb);
	if (fgets(line, sizeof line, stdin) == NULL ||
	    (line[0] != 'y' && line[0] != 'Y'))
		die_perm("nothing was done");
}

size_t
selection_ids(struct ops *o, const struct selection *s, const char *verb,
    const char *const **ids)
{
	static struct queue_names names; /* ids are in it */
	struct ops_entry e = {0};
	int64_t now = clock_wall();
	const char **v;
	size_t n = 0;

	*ids = s->ids;
	if (!s->some)
		return s->nids;
	ops_scan_everything(o, &names);
	v = arena_alloc(&o->arena, (names.n + 1) * sizeof *v);
	for (size_t i = 0; i < names.n; i++) {
		if (ops_open(o, &names.v[i], &e) != OPS_OPENED)
			continue;
		if (selection_match(s, &e, now))
			v[n++] = names.v[i].id;
		ops_close(&e);
	}
	queue_out_free(&e.out);
	if (n == 0)
		ops_say(verb, "no entry matches");
	if (n > 1 && !s->yes)
		confirm(verb, n);
	*ids = v;
	return n;
}
