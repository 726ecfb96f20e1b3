/*
 * packet: DNS packets for tests, made octet by octet, right or wrong. The
 * counts of the header are the caller's, so that they may lie.
 */
#ifndef PACKET_H
#define PACKET_H

#include "buf.h"
#include <stdint.h>

#define PACKET_QR 0x8000
#define PACKET_TC 0x0200

static inline void
packet_16(struct buf *b, unsigned v)
{
	buf_putc(b, (char)(v >> 8));
	buf_putc(b, (char)v);
}

static inline void
packet_32(struct buf *b, uint32_t v)
{
	packet_16(b, v >> 16);
	packet_16(b, v & 0xffff);
}

/* "a.b." as labels and the root. */
static inline void
packet_name(struct buf *b, const char *text)
{
	struct span rest = span_of(text), label;

	while (span_cut(&rest, '.', &label) && label.n > 0) {
		buf_putc(b, (char)label.n);
		buf_put(b, label);
	}
	buf_putc(b, '\0');
}

/* A compression pointer. */
static inline void
packet_pointer(struct buf *b, unsigned to)
{
	packet_16(b, 0xc000 | to);
}

static inline void
packet_header(struct buf *b, unsigned id, unsigned flags, unsigned qd,
    unsigned an, unsigned ns, unsigned ar)
{
	packet_16(b, id);
	packet_16(b, flags);
	packet_16(b, qd);
	packet_16(b, an);
	packet_16(b, ns);
	packet_16(b, ar);
}

static inline void
packet_question(struct buf *b, const char *name, unsigned type)
{
	packet_name(b, name);
	packet_16(b, type);
	packet_16(b, 1);
}

/* A record whose owner is at offset owner; its data is put by the caller. */
static inline void
packet_rr(struct buf *b, unsigned owner, unsigned type, uint32_t ttl,
    unsigned length)
{
	packet_pointer(b, owner);
	packet_16(b, type);
	packet_16(b, 1);
	packet_32(b, ttl);
	packet_16(b, length);
}

#endif
