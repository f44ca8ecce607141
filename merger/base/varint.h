/* varint: variable-length numbers (LEB128): 7 bits per byte, the low ones first; bit 7 is set in
 * all bytes but the last. */
#ifndef PMP_VARINT_H
#define PMP_VARINT_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"

static inline void varint_put(struct buf *bytes, uint64_t number)
{
	char coded[10];
	size_t len = 0;

	for (; number >= 0x80; number >>= 7)
		coded[len++] = (char)(number | 0x80);
	coded[len++] = (char)number;
	buf_add(bytes, coded, len);
}

/* Reads the number at bytes[*at], which varint_put has written, and moves *at past it. */
static inline uint64_t varint_get(const char *bytes, size_t *at)
{
	uint64_t number = 0, byte;
	unsigned shift = 0;

	do {
		byte = (unsigned char)bytes[(*at)++];
		number |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return number;
}

#endif
