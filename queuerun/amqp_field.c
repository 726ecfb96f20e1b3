/* amqp_field: see amqp_field.h. Types are those RabbitMQ reads: its errata
 * to the specification settle where the two differ. */
#include "amqp_field.h"
#include "die.h"
#include "utf8.h"

void
amqp_put_u8(struct buf *out, uint8_t v)
{
	buf_putc(out, (char)v);
}

void
amqp_put_u16(struct buf *out, uint16_t v)
{
	amqp_put_u8(out, (uint8_t)(v >> 8));
	amqp_put_u8(out, (uint8_t)v);
}

void
amqp_put_u32(struct buf *out, uint32_t v)
{
	amqp_put_u16(out, (uint16_t)(v >> 16));
	amqp_put_u16(out, (uint16_t)v);
}

void
amqp_put_u64(struct buf *out, uint64_t v)
{
	amqp_put_u32(out, (uint32_t)(v >> 32));
	amqp_put_u32(out, (uint32_t)v);
}

void
amqp_put_short(struct buf *out, struct span s)
{
	if (s.n > 255)
		die_bug("amqp_put_short: %zu octets", s.n);
	amqp_put_u8(out, (uint8_t)s.n);
	buf_put(out, s);
}

size_t
amqp_put_open(struct buf *out)
{
	amqp_put_u32(out, 0);
	return out->n;
}

void
amqp_put_close(struct buf *out, size_t opened)
{
	size_t n = out->n - opened;

	if (n > UINT32_MAX)
		die_bug("amqp_put_close: %zu octets", n);
	for (size_t i = 0; i < 4; i++)
		out->p[opened - 4 + i] = (char)(n >> (24 - 8 * i));
}

static void
put_head(struct buf *out, const struct span *key, char type)
{
	if (key != NULL)
		amqp_put_short(out, *key);
	buf_putc(out, type);
}

void
amqp_field_text(struct buf *out, const struct span *key, struct span v)
{
	size_t opened;

	put_head(out, key, utf8_valid(v) ? 'S' : 'x');
	opened = amqp_put_open(out);
	buf_put(out, v);
	amqp_put_close(out, opened);
}

void
amqp_field_int(struct buf *out, const struct span *key, int64_t v)
{
	put_head(out, key, 'l');
	amqp_put_u64(out, (uint64_t)v);
}

void
amqp_field_double(struct buf *out, const struct span *key, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_head(out, key, 'd');
	amqp_put_u64(out, bits);
}

void
amqp_field_bool(struct buf *out, const struct span *key, bool v)
{
	put_head(out, key, 't');
	amqp_put_u8(out, v);
}

void
amqp_field_time(struct buf *out, const struct span *key, int64_t seconds)
{
	put_head(out, key, 'T');
	amqp_put_u64(out, (uint64_t)seconds);
}

size_t
amqp_field_array(struct buf *out, const struct span *key)
{
	put_head(out, key, 'A');
	return amqp_put_open(out);
}
