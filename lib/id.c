/* id: see id.h. */
#include "id.h"
#include "clock.h"
#include "die.h"
#include <errno.h>
#include <sys/random.h>

#define TIME_LEN 10

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

static void
put(char *out, size_t n, uint64_t v)
{
	while (n > 0) {
		out[--n] = digits[v & 31];
		v >>= 5;
	}
}

void
id_make(char out[ID_SIZE])
{
	unsigned char r[10];
	uint64_t high = 0, low = 0;
	ssize_t n;

	do
		n = getrandom(r, sizeof r, 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof r)
		die_temp_errno("getrandom");
	for (size_t i = 0; i < 5; i++) {
		high = high << 8 | r[i];
		low = low << 8 | r[i + 5];
	}
	put(out, TIME_LEN, (uint64_t)clock_wall_us() / 1000);
	put(out + TIME_LEN, 8, high);
	put(out + TIME_LEN + 8, 8, low);
	out[ID_LEN] = '\0';
}

/* FNV-1a, and a last step that lets every octet touch every bit: the same
 * everywhere and for ever. */
static uint64_t
hash(uint64_t h, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

void
id_derive(struct span from, struct span words, char out[ID_SIZE])
{
	uint64_t a = hash(hash(14695981039346656037u, from), words);
	uint64_t b = hash(hash(a + 1, words), from);

	memset(out, '0', TIME_LEN);
	memcpy(out, from.p, from.n < TIME_LEN ? from.n : TIME_LEN);
	for (size_t i = 0; i < TIME_LEN; i++)
		if (out[i] > 'v')
			out[i] = 'v';
	put(out + TIME_LEN, 8, a);
	put(out + TIME_LEN + 8, 8, b);
	out[ID_LEN] = '\0';
}

static int
value(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

bool
id_valid(struct span s)
{
	if (s.n < ID_LEN || s.n >= ID_SIZE)
		return false;
	for (size_t i = 0; i < ID_LEN; i++)
		if (value(s.p[i]) == -1)
			return false;
	if (s.n == ID_LEN)
		return true;
	if (s.p[ID_LEN] != '-' || s.n == ID_LEN + 1 || s.p[ID_LEN + 1] == '0')
		return false;
	for (size_t i = ID_LEN + 1; i < s.n; i++)
		if (!ascii_isdigit(s.p[i]))
			return false;
	return true;
}

int64_t
id_time_ms(struct span s)
{
	int64_t v = 0;

	for (size_t i = 0; i < TIME_LEN && i < s.n; i++)
		v = v << 5 | (value(s.p[i]) & 31);
	return v;
}
