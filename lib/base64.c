/* base64: see base64.h. */
#include "base64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct span s, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)s.p;
	char *to = buf_reserve(out, s.n / 3 * 4 + 4);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		unsigned v = (unsigned)p[i] << 16;

		if (left > 1)
			v |= (unsigned)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		to[n++] = digits[v >> 18];
		to[n++] = digits[v >> 12 & 63];
		to[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
		to[n++] = left > 2 ? digits[v & 63] : '=';
	}
	out->n += n;
}

/* Compared, not looked up: what is decoded may be a password, and a table's
 * cache lines would tell of it. */
static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_decode(struct span s, struct buf *out)
{
	size_t pad = 0, n = 0;
	unsigned v = 0;
	char *to;

	if (s.n % 4 != 0)
		return -1;
	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	to = buf_reserve(out, s.n / 4 * 3 + 1);
	for (size_t i = 0; i < s.n; i++) {
		int d = i < s.n - pad ? value(s.p[i]) : 0;

		if (d == -1)
			return -1;
		v = v << 6 | (unsigned)d;
		if (i % 4 != 3)
			continue;
		to[n++] = (char)(v >> 16 & 255);
		to[n++] = (char)(v >> 8 & 255);
		to[n++] = (char)(v & 255);
	}
	/* RFC 4648 3.5: bits behind the last octet are zero, so that nothing
	 * has two spellings. */
	for (size_t i = 0; i < pad; i++)
		if (to[--n] != 0)
			return -1;
	out->n += n;
	return 0;
}
