/*
 * amqp_field: values as AMQP 0-9-1 writes them, pure. All append to a buf.
 * Short strings and keys longer than 255 octets are the caller's bug: their
 * length has one octet, so a longer one would be read as something else.
 */
#ifndef AMQP_FIELD_H
#define AMQP_FIELD_H

#include "buf.h"
#include <stdint.h>

void amqp_put_u8(struct buf *out, uint8_t v);
void amqp_put_u16(struct buf *out, uint16_t v);
void amqp_put_u32(struct buf *out, uint32_t v);
void amqp_put_u64(struct buf *out, uint64_t v);
void amqp_put_short(struct buf *out, struct span s);

/*
 * What begins with its own length in 32 bits (table, array, frame): open
 * leaves room and returns where; close writes it.
 */
size_t amqp_put_open(struct buf *out);
void amqp_put_close(struct buf *out, size_t opened);

/* Fields of a table; key NULL inside an array. Text that is not UTF-8 goes
 * as a byte array, so that no client stumbles over decoding it. */
void amqp_field_text(struct buf *out, const struct span *key, struct span v);
void amqp_field_int(struct buf *out, const struct span *key, int64_t v);
void amqp_field_double(struct buf *out, const struct span *key, double v);
void amqp_field_bool(struct buf *out, const struct span *key, bool v);
void amqp_field_time(struct buf *out, const struct span *key, int64_t seconds);
/* Begins an array; amqp_put_close() with what it returns ends it. */
size_t amqp_field_array(struct buf *out, const struct span *key);

#endif
