/* history_read: the lines of a history, read again (history.h). */
#include "history.h"
#include "num.h"

/* The next word, "" for "-". */
static bool
take(struct span *rest, struct arena *a, struct span *out)
{
	struct span word;

	if (!span_word(rest, &word) || escape_undo(word, a, out) == -1)
		return false;
	if (span_eq(word, SPAN("-")))
		out->n = 0;
	return true;
}

static void
take_pairs(struct span rest, struct arena *a, struct history_line *h)
{
	struct span word, key;

	while (span_word(&rest, &word)) {
		span_cut(&word, '=', &key);
		if (span_eq(key, SPAN("peer")) && word.p != NULL &&
		    escape_undo(word, a, &h->peer) == -1)
			h->peer = span_of(NULL);
	}
}

static bool
parse_attempt(struct span rest, struct arena *a, struct history_line *h)
{
	struct span number, code;
	uint64_t n, c;

	if (!span_word(&rest, &number) ||
	    num_parse_max(number, 1000000, &n) == -1 ||
	    !take(&rest, a, &h->rcpt) || !take(&rest, a, &h->agent) ||
	    !take(&rest, a, &h->outcome) || !span_word(&rest, &code) ||
	    num_parse_max(code, 999, &c) == -1 ||
	    !take(&rest, a, &h->enhanced) || !take(&rest, a, &h->text))
		return false;
	h->number = (unsigned)n;
	h->code = (int)c;
	take_pairs(rest, a, h);
	return true;
}

bool
history_parse(struct span line, struct arena *a, struct history_line *h)
{
	struct span time;
	uint64_t t;

	memset(h, 0, sizeof *h);
	if (!span_word(&line, &time) ||
	    num_parse_max(time, 9999999999, &t) == -1 ||
	    !span_word(&line, &h->word))
		return false;
	h->time = (int64_t)t;
	h->rest = span_trim(line);
	return !span_eq(h->word, SPAN("attempt")) ||
	    parse_attempt(line, a, h);
}

bool
history_last(struct span history, struct span rcpt, struct arena *a,
    struct history_line *h)
{
	struct span line;
	bool found = false;

	while (span_cut(&history, '\n', &line)) {
		struct history_line next;

		if (!history_parse(line, a, &next) ||
		    !span_eq(next.word, SPAN("attempt")) ||
		    !span_eq(next.rcpt, rcpt))
			continue;
		*h = next;
		found = true;
	}
	return found;
}
