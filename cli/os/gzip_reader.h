/* gzip_reader: reads a descriptor and unpacks gzip on the way; other bytes pass unchanged.
 *
 * zlib's gzread does that too, but it drops bytes after the packed part without an error, as in
 * `cat a.gz b | pmp ...`. */
#ifndef PMP_GZIP_READER_H
#define PMP_GZIP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <zlib.h>

struct gzip_reader {
	int fd;
	z_stream zip; /* next_in, avail_in: bytes that are read and not used yet */
	unsigned char *bytes;
	bool begun, is_gzip;
	bool between; /* before a gzip member: none has begun, or the last one has ended */
};

/* Takes ownership of fd. */
void gzip_reader_init(struct gzip_reader *reader, int fd);
/* Closes fd. */
void gzip_reader_deinit(struct gzip_reader *reader);

/* Reads up to cap bytes, and fewer only at the end; *got is 0 there. NULL, or the reason why they
 * cannot be read; the reason "" means that memory ran out. */
const char *gzip_reader_read(struct gzip_reader *reader, char *to, size_t cap, size_t *got);

#endif
