/* Native frames: spans are inside the line; a line that is no frame is unchanged; the state of a
 * wrapped line never fails; the fast parser gives the same result as the full one. */
#include "tests/fuzz/oracle.h"

#include "merger/parse/gdb_noise.h"
#include "merger/parse/gdb_frame_fast.h"

static void check_native_frame(const struct gdb_frame *frame, struct span line)
{
	static const char signal_handler[] = "<signal handler called>";

	oracle_inside(frame->args, line);
	oracle_inside(frame->file, line);
	oracle_inside(frame->module, line);
	if (frame->special == NATIVE_SIGNAL)
		CHECK(span_eq(frame->name, span_of(signal_handler)), "a signal frame's name");
	CHECK(!span_eq(frame->name, SPAN_LIT("??")), "?? is no name");
}

static bool is_same_frame(const struct gdb_frame *a, const struct gdb_frame *b)
{
	return a->number == b->number && a->has_addr == b->has_addr && a->addr == b->addr &&
	       span_eq(a->name, b->name) && span_eq(a->args, b->args) &&
	       span_eq(a->file, b->file) && span_eq(a->module, b->module) && a->line == b->line &&
	       a->special == b->special && a->state == b->state && span_eq(a->clones, b->clones);
}

/* The fast parser gets lines without the blanks at their end. */
static void check_fast_parser(struct span line)
{
	struct gdb_frame scanned, frame;
	struct span rest;

	while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	if (!gdb_frame_fast_parse(line, &scanned))
		return;
	rest = line;
	CHECK(gdb_frame_state(line) == scanned.state, "another state");
	CHECK(gdb_frame_parse(&rest, &frame), "only the fast way takes it");
	CHECK(is_same_frame(&scanned, &frame), "the fast way reads it otherwise");
}

static void check_frame_line(struct span line)
{
	struct span rest = line, doing;
	struct gdb_frame frame;

	gdb_noise_is_known(line);
	gdb_noise_is_python_note(line, &doing);
	gdb_frame_state(line);
	check_fast_parser(line);
	if (gdb_frame_parse(&rest, &frame)) {
		CHECK(gdb_frame_starts(line) && !rest.len, "%zu bytes left", rest.len);
		check_native_frame(&frame, line);
	} else {
		CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
	}
	rest = line;
	if (gdb_frame_parse_bare(&rest, &frame))
		check_native_frame(&frame, line);
	else
		CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, check_frame_line);
	return 0;
}
