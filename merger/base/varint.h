/* varint: numbers in few bytes: 7 bits a byte, low ones first, bit 7 set in all but the last. */
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

/* What varint_put has put at bytes[*at]; moves *at behind it. */
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
