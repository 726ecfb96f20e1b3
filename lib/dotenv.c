/* dotenv: see dotenv.h. */
#include "dotenv.h"
#include "buf.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = span_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
is_name(struct span s)
{
	if (s.n == 0 || ascii_isdigit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

/* After a closing quote: nothing, or a comment. */
static const char *
check_rest(struct span rest)
{
	rest = trim(rest);
	return rest.n == 0 || rest.p[0] == '#' ? NULL :
	    "something follows the closing quote";
}

static const char *
read_single(struct span s, struct span *value)
{
	size_t end = span_chr(span_skip(s, 1), '\'');

	if (end == s.n - 1)
		return "the quote is not closed on its line";
	*value = span_head(span_skip(s, 1), end);
	return check_rest(span_skip(s, end + 2));
}

static const char *
read_double(struct span s, struct arena *a, struct span *value)
{
	struct buf out = {0};
	const char *why = "the quote is not closed on its line";
	size_t i;

	for (i = 1; i < s.n && s.p[i] != '"'; i++) {
		char c = s.p[i];

		if (c == '$') {
			why = "a $ means different things to different "
			      "readers: put the value in single quotes";
			break;
		}
		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_putc(&out, c);
	}
	if (i < s.n && s.p[i] == '"')
		why = check_rest(span_skip(s, i + 1));
	*value = arena_dup(a, buf_span(&out));
	buf_free(&out);
	return why;
}

static const char *
read_plain(struct span s, struct span *value)
{
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] == '#' && is_blank(s.p[i - 1]))
			s.n = i;
	*value = trim(s);
	if (span_chr(*value, '$') < value->n)
		return "a $ means different things to different readers: put "
		       "the value in single quotes";
	return NULL;
}

static const char *
read_line(struct span s, struct arena *a, struct dotenv_line *line)
{
	size_t equals;

	if (span_istarts(s, SPAN("export ")))
		s = trim(span_skip(s, 7));
	equals = span_chr(s, '=');
	if (equals == s.n)
		return "not NAME=value";
	line->name = trim(span_head(s, equals));
	if (!is_name(line->name))
		return "that is no name of a variable";
	s = trim(span_skip(s, equals + 1));
	if (s.n > 0 && s.p[0] == '\'')
		return read_single(s, &line->value);
	if (s.n > 0 && s.p[0] == '"')
		return read_double(s, a, &line->value);
	return read_plain(s, &line->value);
}

int
dotenv_next(struct span *text, size_t *number, struct arena *a,
    struct dotenv_line *line, const char **why)
{
	while (text->n > 0) {
		struct span s = span_head(*text, span_chr(*text, '\n'));

		*text = span_skip(*text, s.n + 1);
		++*number;
		if (span_chr(s, '\0') < s.n) {
			*why = "there is a NUL in it";
			return -1;
		}
		s = trim(s);
		if (s.n == 0 || s.p[0] == '#')
			continue;
		line->number = *number;
		*why = read_line(s, a, line);
		return *why == NULL ? 1 : -1;
	}
	return 0;
}
