/*
 * control_show: settings for people: --show-controls, -h, the manual's list,
 * and values in messages. Passwords stay inside.
 */
#include "control_value.h"
#include <dirent.h>
#include <errno.h>

/*
 * amqp://user:password@host: everything from the user's colon to the last
 * '@', so that a password with an unescaped '/' or '@' does not show its
 * tail.
 */
static void
redact_uri(struct buf *out, struct span uri)
{
	size_t at = span_rchr(uri, '@');
	size_t start = 0;
	size_t colon;

	for (size_t i = 0; i + 3 <= at && start == 0; i++)
		if (memcmp(uri.p + i, "://", 3) == 0)
			start = i + 3;
	colon = start + span_chr(span_skip(uri, start), ':');
	if (at == uri.n || colon >= at) {
		buf_put(out, uri);
		return;
	}
	buf_put(out, span_head(uri, colon));
	buf_puts(out, ":***");
	buf_put(out, span_skip(uri, at));
}

void
control_redact(struct buf *out, enum control_id id, struct span value)
{
	struct span item;
	const char *comma = "";

	if (!control_is_list(id)) {
		buf_put(out, value);
		return;
	}
	while (value.n > 0 && span_cut(&value, '\n', &item)) {
		buf_puts(out, comma);
		if (id == CONTROL_amqp)
			redact_uri(out, item);
		else
			buf_put(out, item);
		comma = ",";
	}
}

/* Control octets would move the cursor of whoever reads. */
static void
put_visible(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char u = (unsigned char)s.p[i];

		buf_putc(out, u < ' ' || u == 0x7f ? '?' : s.p[i]);
	}
}

#define QUOTE_MAX 100

void
control_quote(struct buf *out, enum control_id id, struct span value)
{
	struct buf shown = {0};

	if (id == CONTROL_amqp)
		redact_uri(&shown, value);
	else if (id < CONTROL_N && control_is_file(id))
		buf_puts(&shown, "***");
	else
		buf_put(&shown, span_head(value, QUOTE_MAX + 1));
	buf_putc(out, '"');
	put_visible(out, span_head(buf_span(&shown), QUOTE_MAX));
	if (shown.n > QUOTE_MAX)
		buf_puts(out, "...");
	buf_putc(out, '"');
	buf_free(&shown);
}

static const char *const origins[] = {
    [FROM_DEFAULT] = "default",
    [FROM_FILE] = "file",
    [FROM_ENVIRONMENT] = "environment",
    [FROM_OPTION] = "option",
    [FROM_LAUNCHER] = "launcher",
    [FROM_ACCESS] = "access",
    [FROM_PARAMS] = "params",
    [FROM_SCRIPT] = "script",
};

/* A file that somebody may believe to be a setting. */
static bool
is_stray(const struct dirent *e)
{
	struct span name = span_of(e->d_name);
	int id = control_find(name);

	if (e->d_type == DT_DIR || name.p[0] == '.' ||
	    span_eq(name, SPAN("access")) ||
	    span_iends(name, SPAN("~")) || span_iends(name, SPAN(".cdb")))
		return false;
	return id == -1 || !span_eq(name, span_of(control_rows[id].name));
}

static void
show_strays(const struct controls *c, struct buf *out)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		int id = control_find(span_of(e->d_name));

		if (!is_stray(e))
			continue;
		buf_printf(out, "# %s/", c->dir);
		put_visible(out, span_of(e->d_name));
		buf_puts(out, " is no control");
		if (id != -1)
			buf_printf(out, "; did you mean %s?",
			    control_rows[id].name);
		else
			control_suggest(out, span_of(e->d_name));
		buf_putc(out, '\n');
	}
	closedir(d);
}

void
control_show(const struct controls *c, struct buf *out)
{
	for (size_t i = 0; i < CONTROL_N; i++) {
		buf_puts(out, control_rows[i].name);
		if (c->text[i].n > 0) {
			buf_putc(out, ' ');
			control_redact(out, (enum control_id)i, c->text[i]);
		}
		buf_printf(out, " (%s)\n", origins[c->origin[i]]);
	}
	show_strays(c, out);
}

/* Words of text in lines of up to 78 octets behind indent. */
static void
fill(struct buf *out, const char *indent, const char *text, bool mdoc)
{
	struct span rest = span_of(text);
	struct span word;
	size_t column = 0;
	bool sentence = false;

	while (span_word(&rest, &word)) {
		/* mdoc wants each sentence on a line of its own. */
		if (column > 0 && (column + 1 + word.n > 78 ||
		    (mdoc && sentence))) {
			buf_putc(out, '\n');
			column = 0;
		}
		if (column > 0) {
			buf_putc(out, ' ');
			column++;
		} else {
			buf_puts(out, indent);
			column = strlen(indent);
		}
		if (mdoc && (word.p[0] == '.' || word.p[0] == '\''))
			buf_puts(out, "\\&");
		buf_put(out, word);
		column += word.n;
		sentence = word.p[word.n - 1] == '.';
	}
	buf_putc(out, '\n');
}

static void
put_lower(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		buf_putc(out, ascii_lower(*s));
}

void
control_help(struct buf *out)
{
	for (size_t i = 0; i < CONTROL_N; i++) {
		const struct control_row *row = &control_rows[i];

		buf_printf(out, "  %s (", row->name);
		put_lower(out, row->type);
		if (*row->def != '\0')
			buf_printf(out, ", default %s", row->def);
		buf_puts(out, ")\n");
		fill(out, "        ", row->doc, false);
	}
}

void
control_help_mdoc(struct buf *out)
{
	for (size_t i = 0; i < CONTROL_N; i++) {
		const struct control_row *row = &control_rows[i];

		buf_printf(out, ".It Ic %s Pq ", row->name);
		put_lower(out, row->type);
		buf_putc(out, '\n');
		fill(out, "", row->doc, true);
		/* \& so that mdoc does not take a last ':' for its own. */
		if (*row->def != '\0')
			buf_printf(out, "Default:\n.Ql %s\\& .\n", row->def);
		if (strcmp(row->owner, "all") != 0)
			buf_printf(out, "Read by %s.\n", row->owner);
	}
}
