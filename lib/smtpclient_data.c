/* smtpclient_data: see smtpclient_wire.h. */
#include "smtpclient_wire.h"

static const struct span crlf = SPAN_LIT("\r\n");
static const struct span dot = SPAN_LIT(".");

/* Part of a line, without its end. */
static void
put_part(struct smtpclient_data *d, struct span s, smtpclient_sink *sink,
    void *to)
{
	if (s.n == 0)
		return;
	if (!d->begun && s.p[0] == '.')
		sink(to, dot);
	d->begun = true;
	sink(to, s);
}

static void
end_line(struct smtpclient_data *d, smtpclient_sink *sink, void *to)
{
	sink(to, crlf);
	d->begun = d->cr = false;
}

/* Index of the first CR or LF, or s.n. */
static size_t
find_end(struct span s)
{
	size_t n = span_chr(s, '\n');

	return span_chr(span_head(s, n), '\r');
}

void
smtpclient_data_put(struct smtpclient_data *d, struct span s,
    smtpclient_sink *sink, void *to)
{
	while (s.n > 0) {
		size_t n;

		if (d->cr) {
			/* The line of that CR ends, with or without a LF. */
			if (s.p[0] == '\n')
				s = span_skip(s, 1);
			end_line(d, sink, to);
			continue;
		}
		n = find_end(s);
		put_part(d, span_head(s, n), sink, to);
		if (n == s.n)
			return;
		d->cr = s.p[n] == '\r';
		if (!d->cr)
			end_line(d, sink, to);
		s = span_skip(s, n + 1);
	}
}

void
smtpclient_data_end(struct smtpclient_data *d, smtpclient_sink *sink, void *to)
{
	if (d->cr || d->begun)
		end_line(d, sink, to);
	sink(to, dot);
	sink(to, crlf);
}
