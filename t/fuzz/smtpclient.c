/*
 * smtpclient: what a server says is a reply within the limits, or nonsense;
 * and a message on its way into DATA comes out the same however its octets are
 * split, with no end of data but its own. First octet: which of both, and
 * where it is split.
 */
#include "smtpclient_wire.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_reply(int code, struct buf *text)
{
	char enhanced[SMTPCLIENT_ENHANCED_TEXT];
	size_t n = text->n, lines = 1, after = 1;

	CHECK(code >= 200 && code <= 599 && n <= SMTPCLIENT_REPLY);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text->p[i];

		CHECK(c >= 0x20 || c == '\t' || c == '\n');
		CHECK(c != 0x7f);
		lines += c == '\n';
	}
	CHECK(lines <= SMTPCLIENT_LINES);
	smtpclient_reply_enhanced(code, text, enhanced);
	CHECK(text->n <= n);
	for (size_t i = 0; i < text->n; i++)
		after += text->p[i] == '\n';
	CHECK(after == lines);
	if (enhanced[0] != '\0')
		CHECK(reply_enhanced_valid(span_of(enhanced)) &&
		    enhanced[0] - '0' == code / 100);
	else
		CHECK(text->n == n);
}

/* Lines, as from the wire, reply after reply. */
static void
replies(struct span s)
{
	static struct buf text;
	struct smtpclient_reply r = {.text = &text};
	struct span line;
	int done;

	buf_reset(&text);
	while (span_cut(&s, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if ((done = smtpclient_reply_line(&r, line)) == -1) {
			CHECK(r.wrong != NULL);
			return;
		}
		CHECK(r.wrong == NULL);
		if (done == 1) {
			check_reply(r.code, &text);
			buf_reset(&text);
			r = (struct smtpclient_reply){.text = &text};
		}
	}
}

static void
append(void *to, struct span s)
{
	buf_put(to, s);
}

/* One CRLF.CRLF, at the end; no bare CR or LF. */
static void
check_wire(struct span s)
{
	CHECK(s.n >= 3 && memcmp(s.p + s.n - 3, ".\r\n", 3) == 0);
	CHECK(s.n == 3 || memcmp(s.p + s.n - 5, "\r\n", 2) == 0);
	for (size_t i = 0; i < s.n; i++) {
		CHECK(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
		CHECK(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
		if (s.p[i] == '.' && (i == 0 || s.p[i - 1] == '\n') &&
		    i != s.n - 3)
			CHECK(i + 1 < s.n && s.p[i + 1] == '.');
	}
}

static void
message(struct span s, size_t at)
{
	static struct buf whole, split;
	struct smtpclient_data d = {0};

	buf_reset(&whole);
	smtpclient_data_put(&d, s, append, &whole);
	smtpclient_data_end(&d, append, &whole);
	check_wire(buf_span(&whole));
	d = (struct smtpclient_data){0};
	buf_reset(&split);
	if (at == 0)
		for (size_t i = 0; i < s.n; i++)
			smtpclient_data_put(&d, span_make(s.p + i, 1), append,
			    &split);
	else
		while (s.n > 0) {
			smtpclient_data_put(&d, span_head(s, at), append,
			    &split);
			s = span_skip(s, at);
		}
	smtpclient_data_end(&d, append, &split);
	CHECK(span_eq(buf_span(&whole), buf_span(&split)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data + 1, size - 1);

	if (size == 0)
		return 0;
	if (data[0] & 1)
		message(s, data[0] >> 1);
	else
		replies(s);
	return 0;
}
