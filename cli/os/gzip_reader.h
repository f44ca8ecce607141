/* gzip_reader: the bytes behind a descriptor; what gzip has packed is unpacked on the way, and anything else stays as it is. zlib's
 * gzread does so as well, but what stands behind the packed part it drops without a word, as of `cat a.gz b | ...`. */
#ifndef PMP_GZIP_READER_H
#define PMP_GZIP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <zlib.h>

struct gzip_reader {
	int fd;
	z_stream zip; /* its next_in, avail_in: what is read and not used yet */
	unsigned char *bytes;
	bool begun, is_gzip;
	bool between; /* parts that are packed each: the last one has ended */
};

/* Takes fd. */
void gzip_reader_init(struct gzip_reader *reader, int fd);
/* Closes fd. */
void gzip_reader_deinit(struct gzip_reader *reader);

/* Up to cap bytes, and less only at the end; *got is 0 there. NULL, or why they cannot be had: "" is for want of memory. */
const char *gzip_reader_read(struct gzip_reader *reader, char *to, size_t cap, size_t *got);

#endif
