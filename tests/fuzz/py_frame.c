/* Python frames, in lines of py-bt and in annotations: spans are inside the line; a line that is
 * refused is unchanged. */
#include "tests/fuzz/oracle.h"

#include "merger/parse/py_frame.h"

static void check_py_frame(const struct py_text *frame, struct span line)
{
	CHECK(frame->name.len, "no name");
	oracle_inside(frame->name, line);
	oracle_inside(frame->file, line);
}

static void check_py_line(struct span line)
{
	static bool (*const parsers[])(
	        struct span *, struct py_text *) = { py_frame_parse_file, py_frame_parse_numbered };
	struct py_text frame;

	for (size_t i = 0; i < 2; i++) {
		struct span rest = line;

		if (parsers[i](&rest, &frame)) {
			CHECK(!rest.len, "%zu bytes left", rest.len);
			CHECK(i ? py_frame_starts_numbered(line) : py_frame_starts_file(line),
			      "starts");
			check_py_frame(&frame, line);
		} else {
			CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
			CHECK(!i || !py_frame_is_complete(line), "complete, but no frame");
		}
	}
	if (py_frame_find(line, &frame))
		check_py_frame(&frame, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, check_py_line);
	return 0;
}
