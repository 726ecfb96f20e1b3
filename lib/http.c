/* http: see http.h. */
#include "http.h"
#include "num.h"

bool
http_token_valid(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) &&
		    (s.p[i] == '\0' ||
			strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

bool
http_value_valid(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') ||
		    s.p[i] == 0x7f)
			return false;
	return true;
}

void
http_init(struct http *h, bool spamd, size_t max)
{
	struct http old = *h;

	*h = (struct http){.spamd = spamd, .max = max, .reason = old.reason,
	    .fields = old.fields, .body = old.body, .line = old.line};
	buf_reset(&h->reason);
	buf_reset(&h->fields);
	buf_reset(&h->body);
	buf_reset(&h->line);
}

void
http_expect_none(struct http *h)
{
	h->bodiless = true;
}

void
http_free(struct http *h)
{
	buf_free(&h->reason);
	buf_free(&h->fields);
	buf_free(&h->body);
	buf_free(&h->line);
}

bool
http_field(const struct http *h, struct span name, struct span *value)
{
	struct span rest = buf_span(&h->fields), line;

	while (span_cut(&rest, '\n', &line)) {
		size_t n = span_chr(line, ':');

		if (n == line.n || !span_eq(span_head(line, n), name))
			continue;
		*value = span_skip(line, n + 2);
		return true;
	}
	return false;
}

static int
fail(struct http *h, const char *why)
{
	h->error = why;
	return -1;
}

static int
parse_http(struct http *h, struct span line)
{
	struct span code = span_head(span_skip(line, 9), 3);
	uint64_t v;

	if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 ||
	    (line.p[7] != '0' && line.p[7] != '1') || line.p[8] != ' ' ||
	    num_parse_max(code, 599, &v) == -1 || v < 100 ||
	    (line.n > 12 && line.p[12] != ' '))
		return fail(h, "not HTTP/1.1");
	h->status = (int)v;
	buf_reset(&h->reason);
	buf_put(&h->reason, span_skip(line, 13));
	return 0;
}

/* "SPAMD/1.1 0 EX_OK" */
static int
parse_spamd(struct http *h, struct span line)
{
	struct span word;
	uint64_t v;

	if (!span_word(&line, &word) || word.n < 9 ||
	    memcmp(word.p, "SPAMD/", 6) != 0 || !span_word(&line, &word) ||
	    num_parse_max(word, 255, &v) == -1)
		return fail(h, "not spamd");
	h->status = (int)v;
	buf_put(&h->reason, span_trim(line));
	return 0;
}

static int
start_line(struct http *h, struct span line)
{
	h->state = HTTP_FIELD;
	if (!http_value_valid(line))
		return fail(h, "a control character");
	return h->spamd ? parse_spamd(h, line) : parse_http(h, line);
}

/* A field that says how long the body is (RFC 9112 6). */
static int
framing(struct http *h, struct span name, struct span value)
{
	uint64_t v;

	if (span_ieq(name, SPAN("content-length"))) {
		if (num_parse_u64(value, &v) == -1 ||
		    (h->length_known && v != h->left))
			return fail(h, "a wrong Content-Length");
		h->length_known = true;
		h->left = v;
	} else if (span_ieq(name, SPAN("transfer-encoding")) && !h->spamd) {
		if (h->chunked || !span_ieq(value, SPAN("chunked")))
			return fail(h, "an unknown Transfer-Encoding");
		h->chunked = true;
	}
	if (h->chunked && h->length_known)
		return fail(h, "two lengths");
	return 0;
}

static int
field(struct http *h, struct span line)
{
	size_t n = span_chr(line, ':');
	struct span name = span_head(line, n);
	struct span value = span_trim(span_skip(line, n + 1));

	if (n == line.n || !http_token_valid(name))
		return fail(h, "not a field");
	if (!http_value_valid(value))
		return fail(h, "a control character");
	if (++h->nfields > HTTP_FIELDS)
		return fail(h, "too many fields");
	/* What stands behind the last chunk is dropped. */
	if (h->state == HTTP_TRAILER)
		return 0;
	if (framing(h, name, value) == -1)
		return -1;
	for (size_t i = 0; i < name.n; i++)
		buf_putc(&h->fields, ascii_lower(name.p[i]));
	buf_puts(&h->fields, ": ");
	buf_put(&h->fields, value);
	buf_putc(&h->fields, '\n');
	return 0;
}

/* An answer before the answer (RFC 9110 15.2). */
static int
interim(struct http *h)
{
	if (h->status == 101)
		return fail(h, "another protocol");
	h->state = HTTP_START;
	h->length_known = h->chunked = false;
	h->left = 0;
	buf_reset(&h->fields);
	return 0;
}

/* The empty line behind the fields. */
static int
end_head(struct http *h)
{
	if (!h->spamd && h->status < 200)
		return interim(h);
	if (h->bodiless || (!h->spamd && (h->status == 204 ||
				h->status == 304))) {
		h->state = HTTP_DONE;
	} else if (h->chunked) {
		h->state = HTTP_SIZE;
	} else if (!h->length_known) {
		h->state = HTTP_CLOSE;
	} else {
		if (h->left > h->max)
			return fail(h, "too large");
		h->state = h->left > 0 ? HTTP_LENGTH : HTTP_DONE;
	}
	return 0;
}

static int
chunk_size(struct http *h, struct span line)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < line.n && ascii_hex(line.p[i]) != -1; i++) {
		if (v > h->max)
			return fail(h, "too large");
		v = v << 4 | (uint64_t)ascii_hex(line.p[i]);
	}
	/* Extensions mean nothing to us. */
	if (i == 0 || (i < line.n && span_trim(span_skip(line, i)).n > 0 &&
			  span_trim(span_skip(line, i)).p[0] != ';'))
		return fail(h, "a wrong chunk");
	if (v > h->max - h->body.n)
		return fail(h, "too large");
	h->left = v;
	h->state = v > 0 ? HTTP_CHUNK : HTTP_TRAILER;
	return 0;
}

static int
take_line(struct http *h, struct span line)
{
	if (h->state == HTTP_SIZE)
		return chunk_size(h, line);
	if (h->state == HTTP_CHUNK_END) {
		h->state = HTTP_SIZE;
		return line.n == 0 ? 0 : fail(h, "a wrong chunk");
	}
	/* Chunks have lines of their own, as many as they like. */
	if ((h->head += line.n + 2) > HTTP_HEAD)
		return fail(h, "too many fields");
	if (h->state == HTTP_START)
		return start_line(h, line);
	if (line.n > 0)
		return field(h, line);
	if (h->state == HTTP_FIELD)
		return end_head(h);
	h->state = HTTP_DONE;
	return 0;
}

/* Up to the end of a line, which is looked at when it is there. */
static int
push_line(struct http *h, struct span *s)
{
	size_t n = span_chr(*s, '\n');
	struct span line;
	int r;

	if (h->line.n + n > HTTP_LINE)
		return fail(h, "a line too long");
	buf_put(&h->line, span_head(*s, n));
	if (n == s->n) {
		*s = span_skip(*s, n);
		return 0;
	}
	*s = span_skip(*s, n + 1);
	line = buf_span(&h->line);
	if (line.n == 0 || line.p[line.n - 1] != '\r')
		return fail(h, "a bare LF");
	r = take_line(h, span_head(line, line.n - 1));
	buf_reset(&h->line);
	return r;
}

static int
push_body(struct http *h, struct span *s)
{
	struct span part = *s;

	if (h->state != HTTP_CLOSE)
		part = span_head(part, h->left < part.n ? (size_t)h->left :
							  part.n);
	if (part.n > h->max - h->body.n)
		return fail(h, "too large");
	buf_put(&h->body, part);
	*s = span_skip(*s, part.n);
	if (h->state == HTTP_CLOSE)
		return 0;
	h->left -= part.n;
	if (h->left == 0)
		h->state = h->state == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_DONE;
	return 0;
}

int
http_push(struct http *h, struct span s)
{
	int r = h->error == NULL ? 0 : -1;

	while (r == 0 && s.n > 0 && h->state != HTTP_DONE)
		switch (h->state) {
		case HTTP_LENGTH:
		case HTTP_CLOSE:
		case HTTP_CHUNK:
			r = push_body(h, &s);
			break;
		default:
			r = push_line(h, &s);
		}
	return r == 0 && h->state == HTTP_DONE ? 1 : r;
}

int
http_end(struct http *h)
{
	if (h->error != NULL)
		return -1;
	if (h->state == HTTP_DONE)
		return 1;
	if (h->state == HTTP_CLOSE) {
		h->state = HTTP_DONE;
		return 1;
	}
	return fail(h, "closed too early");
}
