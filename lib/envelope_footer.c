/*
 * envelope_footer: an entry's last 32 octets, from which its reader finds
 * message and trailer. Of a fixed size and form: "smtpe1 ", the trailer's
 * offset and its length in hexadecimal.
 */
#include "envelope.h"

static void
put_hex(struct buf *out, uint64_t v, size_t digits)
{
	char *p = buf_reserve(out, digits);

	for (size_t i = digits; i > 0; i--) {
		p[i - 1] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
	out->n += digits;
}

void
envelope_format_footer(uint64_t offset, uint64_t length, struct buf *out)
{
	buf_puts(out, "smtpe1 ");
	put_hex(out, offset, 16);
	buf_putc(out, ' ');
	put_hex(out, length, 7);
	buf_putc(out, '\n');
}

static int
parse_hex(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		int d = ascii_hex(s.p[i]);

		if (d == -1)
			return -1;
		v = v << 4 | (uint64_t)d;
	}
	*out = v;
	return 0;
}

const char *
envelope_parse_footer(struct span footer, uint64_t file_size, uint64_t *offset,
    uint64_t *length)
{
	uint64_t o, n;

	if (footer.n != ENVELOPE_FOOTER_SIZE ||
	    memcmp(footer.p, "smtpe1 ", 7) != 0 || footer.p[23] != ' ' ||
	    footer.p[31] != '\n')
		return "no footer";
	if (parse_hex(span_make(footer.p + 7, 16), &o) == -1 ||
	    parse_hex(span_make(footer.p + 24, 7), &n) == -1)
		return "bad footer";
	/* In this order nothing overflows, whatever the digits say. */
	if (file_size < ENVELOPE_FOOTER_SIZE ||
	    o > file_size - ENVELOPE_FOOTER_SIZE ||
	    n != file_size - ENVELOPE_FOOTER_SIZE - o)
		return "footer does not fit the file's size";
	if (n > ENVELOPE_TRAILER_MAX)
		return "trailer too long";
	*offset = o;
	*length = n;
	return NULL;
}
