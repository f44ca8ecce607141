#include "cli/os/gzip_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "merger/base/alloc.h"

#define CHUNK ((size_t)64 << 10)
#define GZIP_ONLY 16 /* added to the window's bits: inflateInit2 wants gzip's head and sum */

void gzip_reader_init(struct gzip_reader *packed, int fd)
{
	*packed =
	        (struct gzip_reader){ .fd = fd, .bytes = alloc_zeroed(CHUNK, 1), .between = true };
	packed->zip.next_in = packed->bytes;
}

void gzip_reader_deinit(struct gzip_reader *packed)
{
	if (packed->is_gzip)
		inflateEnd(&packed->zip);
	free(packed->bytes);
	if (packed->bytes)
		close(packed->fd);
	*packed = (struct gzip_reader){ 0 };
}

/* There are two bytes to look at, unless the input has ended. */
static bool fill_input(struct gzip_reader *packed)
{
	z_stream *zip = &packed->zip;

	if (zip->avail_in >= 2)
		return true;
	memmove(packed->bytes, zip->next_in, zip->avail_in);
	zip->next_in = packed->bytes;
	while (zip->avail_in < 2) {
		ssize_t got = TEMP_FAILURE_RETRY(
		        read(packed->fd, packed->bytes + zip->avail_in, CHUNK - zip->avail_in));

		if (got < 0)
			return false;
		if (!got)
			break;
		zip->avail_in += (unsigned)got;
	}
	return true;
}

static bool is_at_gzip(const struct gzip_reader *packed)
{
	return packed->zip.avail_in >= 2 && !memcmp(packed->zip.next_in, "\x1f\x8b", 2);
}

static void copy_plain(z_stream *zip)
{
	unsigned len = zip->avail_in < zip->avail_out ? zip->avail_in : zip->avail_out;

	memcpy(zip->next_out, zip->next_in, len);
	zip->next_in += len;
	zip->avail_in -= len;
	zip->next_out += len;
	zip->avail_out -= len;
}

static const char *unpack_gzip(struct gzip_reader *packed)
{
	z_stream *zip = &packed->zip;
	int code;

	if (!zip->avail_in)
		return "the packed data end too early";
	if (packed->between && !is_at_gzip(packed))
		return "behind the packed data stands what is not packed";
	if (packed->between)
		inflateReset(zip);
	code = inflate(zip, Z_NO_FLUSH);
	packed->between = code == Z_STREAM_END;
	if (code == Z_MEM_ERROR)
		return "";
	if (code != Z_OK && code != Z_STREAM_END)
		return zip->msg ? zip->msg : "the packed data are damaged";
	return NULL;
}

static const char *begin_input(struct gzip_reader *packed)
{
	packed->begun = true;
	if (is_at_gzip(packed) && inflateInit2(&packed->zip, MAX_WBITS + GZIP_ONLY) != Z_OK)
		return "";
	packed->is_gzip = is_at_gzip(packed);
	return NULL;
}

const char *gzip_reader_read(struct gzip_reader *packed, char *to, size_t cap, size_t *got)
{
	z_stream *zip = &packed->zip;
	const char *why = NULL;

	zip->next_out = (unsigned char *)to;
	zip->avail_out = (unsigned)(cap < CHUNK ? cap : CHUNK);
	*got = 0;
	while (zip->avail_out && !why) {
		if (!fill_input(packed))
			return strerror(errno);
		if (!packed->begun)
			why = begin_input(packed);
		else if (packed->between && !zip->avail_in)
			break;
		else if (packed->is_gzip)
			why = unpack_gzip(packed);
		else
			copy_plain(zip);
	}
	*got = (size_t)((char *)zip->next_out - to);
	return why;
}
