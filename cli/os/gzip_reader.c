#include "cli/os/gzip_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "merger/base/alloc.h"

#define CHUNK ((size_t)64 << 10)
#define GZIP_ONLY 16 /* inflateInit2: added to the window bits, it expects gzip's header */

void gzip_reader_init(struct gzip_reader *reader, int fd)
{
	*reader =
	        (struct gzip_reader){ .fd = fd, .bytes = alloc_zeroed(CHUNK, 1), .between = true };
	reader->zip.next_in = reader->bytes;
}

void gzip_reader_deinit(struct gzip_reader *reader)
{
	if (reader->is_gzip)
		inflateEnd(&reader->zip);
	free(reader->bytes);
	if (reader->bytes)
		close(reader->fd);
	*reader = (struct gzip_reader){ 0 };
}

/* Makes at least two bytes available, unless the input has ended. false: errno. */
static bool fill_input(struct gzip_reader *reader)
{
	z_stream *zip = &reader->zip;

	if (zip->avail_in >= 2)
		return true;
	memmove(reader->bytes, zip->next_in, zip->avail_in);
	zip->next_in = reader->bytes;
	while (zip->avail_in < 2) {
		ssize_t got = TEMP_FAILURE_RETRY(
		        read(reader->fd, reader->bytes + zip->avail_in, CHUNK - zip->avail_in));

		if (got < 0)
			return false;
		if (!got)
			break;
		zip->avail_in += (unsigned)got;
	}
	return true;
}

static bool is_at_gzip(const struct gzip_reader *reader)
{
	return reader->zip.avail_in >= 2 && !memcmp(reader->zip.next_in, "\x1f\x8b", 2);
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

static const char *unpack_gzip(struct gzip_reader *reader)
{
	z_stream *zip = &reader->zip;
	int code;

	if (!zip->avail_in)
		return "the packed data end too early";
	if (reader->between && !is_at_gzip(reader))
		return "behind the packed data stands what is not packed";
	if (reader->between)
		inflateReset(zip);
	code = inflate(zip, Z_NO_FLUSH);
	reader->between = code == Z_STREAM_END;
	if (code == Z_MEM_ERROR)
		return "";
	if (code != Z_OK && code != Z_STREAM_END)
		return zip->msg ? zip->msg : "the packed data are damaged";
	return NULL;
}

static const char *begin_input(struct gzip_reader *reader)
{
	reader->begun = true;
	if (is_at_gzip(reader) && inflateInit2(&reader->zip, MAX_WBITS + GZIP_ONLY) != Z_OK)
		return "";
	reader->is_gzip = is_at_gzip(reader);
	return NULL;
}

const char *gzip_reader_read(struct gzip_reader *reader, char *to, size_t cap, size_t *got)
{
	z_stream *zip = &reader->zip;
	const char *why = NULL;

	zip->next_out = (unsigned char *)to;
	zip->avail_out = (unsigned)(cap < CHUNK ? cap : CHUNK);
	*got = 0;
	while (zip->avail_out && !why) {
		if (!fill_input(reader))
			return strerror(errno);
		if (!reader->begun)
			why = begin_input(reader);
		else if (reader->between && !zip->avail_in)
			break;
		else if (reader->is_gzip)
			why = unpack_gzip(reader);
		else
			copy_plain(zip);
	}
	*got = (size_t)((char *)zip->next_out - to);
	return why;
}
