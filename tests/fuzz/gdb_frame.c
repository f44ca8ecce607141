/* Native frames: views are whole; what is no frame moves nothing; a wrapped line's state never fails. */
#include "oracle.h"

#include "../../merger/chatter.h"
#include "../../merger/gdb_frame.h"

static void frame_check(const struct gdb_frame *frame, struct span line)
{
	static const char signal_handler[] = "<signal handler called>";

	oracle_inside(frame->args, line);
	oracle_inside(frame->file, line);
	oracle_inside(frame->module, line);
	if (frame->special == NATIVE_SIGNAL)
		CHECK(span_eq(frame->name, span_of(signal_handler)), "a signal frame's name");
	CHECK(!span_eq(frame->name, SPAN_LIT("??")), "?? is no name");
}

static void take(struct span line)
{
	struct span rest = line;
	struct gdb_frame frame;

	chatter_is_known(line);
	chatter_is_python_note(line);
	gdb_frame_state(line);
	if (gdb_frame_parse(&rest, &frame)) {
		CHECK(gdb_frame_starts(line) && !rest.len, "%zu bytes left", rest.len);
		frame_check(&frame, line);
	} else {
		CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
	}
	rest = line;
	if (gdb_frame_parse_bare(&rest, &frame))
		frame_check(&frame, line);
	else
		CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, take);
	return 0;
}
