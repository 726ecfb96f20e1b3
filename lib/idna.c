/* idna: see idna.h. The names are those of RFC 3492 6. */
#include "idna.h"
#include "utf8.h"
#include <stdint.h>

#define BASE	     36
#define TMIN	     1
#define TMAX	     26
#define SKEW	     38
#define DAMP	     700
#define INITIAL_BIAS 72
#define INITIAL_N    128
#define LABEL_MAX    63

/* The next character, which is well-formed; s is behind it afterwards. */
static uint32_t
next_character(struct span *s)
{
	size_t n = utf8_length(*s);
	uint32_t c = (unsigned char)s->p[0];

	if (n > 1)
		c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s->p[i] & 0x3f);
	*s = span_skip(*s, n);
	return c;
}

static uint32_t
adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static void
put_digit(struct buf *out, uint32_t d)
{
	buf_putc(out, (char)(d < 26 ? 'a' + d : '0' + d - 26));
}

static void
put_number(struct buf *out, uint32_t delta, uint32_t bias)
{
	uint32_t q = delta;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX :
								   k - bias;

		if (q < t)
			break;
		put_digit(out, t + (q - t) % (BASE - t));
		q = (q - t) / (BASE - t);
	}
	put_digit(out, q);
}

/* A label of at most 4 * LABEL_MAX octets: no sum here overflows. */
static void
encode(const uint32_t *v, size_t points, struct buf *out)
{
	uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS;
	size_t done = 0, basic;

	for (size_t i = 0; i < points; i++)
		if (v[i] < INITIAL_N) {
			buf_putc(out, (char)v[i]);
			done++;
		}
	basic = done;
	if (basic > 0)
		buf_putc(out, '-');
	for (; done < points; delta++, n++) {
		uint32_t m = UINT32_MAX;

		for (size_t i = 0; i < points; i++)
			if (v[i] >= n && v[i] < m)
				m = v[i];
		delta += (m - n) * (uint32_t)(done + 1);
		n = m;
		for (size_t i = 0; i < points; i++) {
			delta += v[i] < n;
			if (v[i] != n)
				continue;
			put_number(out, delta, bias);
			bias = adapt(delta, (uint32_t)done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
}

static int
put_label(struct span label, struct buf *out)
{
	uint32_t v[4 * LABEL_MAX];
	size_t n = 0, start = out->n;

	if (label.n > sizeof v / sizeof *v)
		return -1;
	if (!utf8_needed(label)) {
		for (size_t i = 0; i < label.n; i++)
			buf_putc(out, ascii_lower(label.p[i]));
		return 0;
	}
	while (label.n > 0) {
		uint32_t c = next_character(&label);

		v[n++] = c < INITIAL_N ? (uint32_t)ascii_lower((char)c) : c;
	}
	buf_puts(out, "xn--");
	encode(v, n, out);
	return out->n - start <= LABEL_MAX ? 0 : -1;
}

int
idna_to_ascii(struct span name, struct buf *out)
{
	size_t start = out->n;
	struct span rest = name, label;

	if (!utf8_valid(name))
		return -1;
	while (span_cut(&rest, '.', &label)) {
		if (put_label(label, out) == -1) {
			out->n = start;
			return -1;
		}
		if (rest.p != NULL)
			buf_putc(out, '.');
	}
	return 0;
}
