/* packed_bytes: data that the build packs with gzip (RFC 1952) and links into the program. */
#ifndef PMP_PACKED_BYTES_H
#define PMP_PACKED_BYTES_H

#include <stddef.h>

struct buf;

/* Appends the unpacked data to *ret. The build made the bytes, so it cannot fail: damaged bytes end
 * the program by abort(3). */
void packed_bytes_unpack(const unsigned char *bytes, size_t len, struct buf *ret);

#endif
