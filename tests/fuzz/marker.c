/* Markers: pairs are whole; what is written with the values that were read is read the same. */
#include "tests/fuzz/oracle.h"

#include <string.h>
#include "merger/base/buf.h"
#include "merger/parse/marker.h"

static void pairs_check(const struct marker *marker, struct span line)
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

/* The value decoded, written and read again. */
static void value_check(struct span value)
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

static void take(struct span line)
{
	static const char *const keys[] = { "pid", "start", "rate", "seconds", "text" };
	struct marker marker;

	if (!marker_parse(line, &marker))
		return;
	pairs_check(&marker, line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		marker_number(&marker, keys[i], 0);
		marker_real(&marker, keys[i], 0);
		value_check(marker_get(&marker, keys[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, take);
	return 0;
}
