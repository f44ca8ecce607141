#include "cli/os/packed_bytes.h"

#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "merger/base/buf.h"

#define GZIP_FORMAT                                                                                \
	(MAX_WBITS + 16) /* zlib.h, inflateInit2: 16 more than the window's bits means gzip */
#define TRAILER 8        /* RFC 1952, 2.3.1: a checksum, and the length of the data, 4 bytes each */

/* RFC 1952: ISIZE, the last four bytes, least significant byte first. */
static size_t unpacked_size(const unsigned char *bytes, size_t len)
{
	const unsigned char *at = bytes + len - 4;

	return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

void packed_bytes_unpack(const unsigned char *bytes, size_t len, struct buf *ret)
{
	size_t size = len > TRAILER ? unpacked_size(bytes, len) : 0;
	z_stream zip = { .next_in = (unsigned char *)bytes, .avail_in = (unsigned)len };

	zip.next_out = (unsigned char *)buf_reserve(ret, size);
	zip.avail_out = (unsigned)size;
	if (inflateInit2(&zip, GZIP_FORMAT) != Z_OK || inflate(&zip, Z_FINISH) != Z_STREAM_END)
		abort();
	inflateEnd(&zip);
	ret->len += size;
}
