/* Markers: pairs are inside the line; a decoded value that is written again is read as the same
 * value. */
#include "tests/fuzz/oracle.h"

#include <string.h>
#include "merger/base/buf.h"
#include "merger/parse/marker.h"

static void check_pairs(const struct marker *marker, struct span line)
{
	struct span key, value;
	size_t pos = 0, last = 0;

	while (marker_next(marker, &pos, &key, &value)) {
		CHECK(pos > last && pos <= marker->pairs.len, "at %zu of %zu", pos,
		      marker->pairs.len);
		last = pos;
		oracle_inside(key, line);
		oracle_inside(value, line);
	}
}

/* Decodes the value, writes it and reads it again. */
static void check_value(struct span value)
{
	struct buf plain = { 0 }, line = { 0 }, again = { 0 };
	struct span decoded = marker_decode(value, &plain);
	struct marker marker;

	marker_open(&line, "note");
	marker_add(&line, "text", decoded);
	marker_close(&line);
	CHECK(!memchr(line.ptr, '\n', line.len - 1), "a newline in a marker");
	line.len--;
	CHECK(marker_parse(buf_span(&line), &marker) && marker.verb == MARKER_NOTE, "no marker");
	CHECK(span_eq(marker_decode(marker_get(&marker, "text"), &again), decoded),
	      "another value");
	buf_deinit(&plain);
	buf_deinit(&line);
	buf_deinit(&again);
}

static void check_marker_line(struct span line)
{
	static const char *const keys[] = { "pid", "start", "rate", "seconds", "text" };
	struct marker marker;

	if (!marker_parse(line, &marker))
		return;
	check_pairs(&marker, line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		marker_number(&marker, keys[i], 0);
		marker_real(&marker, keys[i], 0);
		check_value(marker_get(&marker, keys[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, check_marker_line);
	return 0;
}
