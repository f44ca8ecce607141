#include "merger/parse/text_parser.h"

#include <stdlib.h>

#include "merger/parse/address_map.h"
#include "merger/base/alloc.h"
#include "merger/parse/gdb_noise.h"
#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"
#include "merger/parse/kernel_stack.h"
#include "merger/parse/logical_lines.h"
#include "merger/parse/py_frame.h"
#include "merger/parse/stack_reader.h"

struct text_parser {
	struct intern *intern;
	struct text_parser_sink sink;
	struct logical_lines *lines;
	struct stack_reader *trace; /* the thread's that is being read */
	struct address_map map;
	struct text_parser_counts counts;
	struct kernel_stack kernel;
	struct buf scratch;
	uint32_t sample_pid;
	bool in_sample;   /* between "begin" and "end" */
	bool foreign;     /* inside a Python program's own traceback, root first: no stack */
	bool python_text; /* in a py-bt block */
};

static void emit_stack(void *ctx, const struct raw_stack *stack)
{
	struct text_parser *dump = ctx;

	dump->sink.stack(dump->sink.ctx, stack);
}

static uint32_t clean_value(struct text_parser *dump, const struct marker *marker, const char *key)
{
	return intern_add_clean(dump->intern,
	                        marker_decode(marker_get(marker, key), &dump->scratch));
}

static uint32_t number32(const struct marker *marker, const char *key)
{
	uint64_t number = marker_number(marker, key, 0);

	return number > UINT32_MAX ? 0 : (uint32_t)number;
}

/* Ends the stack that is being read. A thread of a sample without frames is a lost one. */
static void end_stack(struct text_parser *dump)
{
	stack_reader_end(dump->trace, dump->in_sample);
	dump->python_text = false;
}

static void take_frame(struct text_parser *dump, const struct logical_line *line)
{
	const struct gdb_frame *frame = line->frame;
	struct gdb_frame parsed;

	dump->foreign = dump->python_text = false;
	if (!frame) {
		struct span text = line->text;

		frame = gdb_frame_parse(&text, &parsed) ? &parsed : NULL;
	}
	if (!frame) {
		dump->counts.unknown_lines += line->count;
		return;
	}
	dump->counts.unknown_lines += line->spare;
	dump->counts.frames++;
	if (stack_reader_add_native(dump->trace, frame))
		dump->counts.traces++;
}

static void take_thread(struct text_parser *dump, const struct logical_line *line)
{
	struct span text = line->text;
	struct gdb_thread thread;

	dump->foreign = false;
	if (!gdb_thread_parse(&text, &thread)) {
		stack_reader_break(dump->trace);
		if (line->prompt) { /* "(gdb) thread 3" */
			stack_reader_prompt(dump->trace);
			return;
		}
		dump->counts.unknown_lines += gdb_noise_is_known(line->text) ? 0 : line->count;
		return;
	}
	end_stack(dump);
	if (!thread.is_switch)
		dump->counts.threads++;
	stack_reader_begin(dump->trace, &thread);
}

static void take_python(struct text_parser *dump, const struct logical_line *line)
{
	bool numbered = line->kind == LINE_PY_FRAME;
	struct span text = line->text;
	struct py_text frame;

	if (dump->foreign)
		return;
	if (!(numbered ? py_frame_parse_numbered(&text, &frame)
	               : py_frame_parse_file(&text, &frame))) {
		dump->counts.unknown_lines += gdb_noise_is_known(line->text) ? 0 : line->count;
		return;
	}
	stack_reader_add_python(dump->trace, &frame);
	dump->counts.py_frames++;
}

/* True if text belongs to a Python frame's text. */
static bool take_python_text(struct text_parser *dump, const struct logical_line *line)
{
	if (span_starts(line->text, SPAN_LIT("Traceback (most recent call first)"))) {
		stack_reader_begin_python(dump->trace);
		dump->counts.py_blocks++;
		dump->python_text = true;
		dump->foreign = false;
		return true;
	}
	if (span_starts(line->text, SPAN_LIT("Traceback (most recent call last)"))) {
		dump->foreign = true;
		return true;
	}
	if (gdb_noise_is_python_note(line->text)) {
		stack_reader_break(dump->trace);
		return true;
	}
	if (dump->foreign) {
		/* its last line, "ValueError: ...", is not indented */
		dump->foreign = line->indent > 0;
		return true;
	}
	return line->indent > 0 && stack_reader_take_source(dump->trace);
}

static void take_text(struct text_parser *dump, const struct logical_line *line)
{
	if (line->prompt) {
		stack_reader_prompt(dump->trace);
		dump->foreign = dump->python_text = false;
		return;
	}
	if (take_python_text(dump, line))
		return;
	stack_reader_break(dump->trace);
	if (dump->python_text && line->indent > 0)
		return;
	if (stack_reader_has_native(dump->trace) && gdb_noise_is_local(line->text, line->indent))
		return;
	if (!gdb_noise_is_known(line->text))
		dump->counts.unknown_lines += line->count;
}

static void take_map(struct text_parser *dump, const struct marker *marker)
{
	struct address_range range = {
		.pid = number32(marker, "pid"),
		.path = clean_value(dump, marker, "path"),
		.start = marker_number(marker, "start", 0),
		.end = marker_number(marker, "end", 0),
		.offset = marker_number(marker, "offset", 0),
	};

	address_map_add(&dump->map, &range);
}

/* A stack that is lost, with all that the marker says but whose it is. */
static struct raw_stack lost_stack(struct text_parser *dump, const struct marker *marker)
{
	struct raw_stack stack = { 0 };
	uint32_t pid = number32(marker, "pid");

	stack.thread.pid = pid ? pid : dump->sample_pid;
	stack.thread.has_cpu = marker_get(marker, "cpu_us").ptr;
	stack.thread.cpu_us = marker_number(marker, "cpu_us", 0);
	stack.lost = clean_value(dump, marker, "why");
	if (!stack.lost)
		stack.lost = intern_add(dump->intern, SPAN_LIT("no reason told"));
	return stack;
}

static void take_lost(struct text_parser *dump, const struct marker *marker)
{
	struct raw_stack stack = lost_stack(dump, marker);

	stack.thread.tid = number32(marker, "tid");
	stack.thread.name = clean_value(dump, marker, "name");
	emit_stack(dump, &stack);
}

/* Without frames there is nothing to tell but that it slept. */
static void take_kernel(struct text_parser *dump, const struct marker *marker)
{
	struct raw_stack stack = lost_stack(dump, marker);
	struct span state = marker_get(marker, "state");

	stack.thread.tid = number32(marker, "tid");
	stack.thread.name = clean_value(dump, marker, "name");
	stack.thread.state = state.len ? state.ptr[0] : 0;
	kernel_stack_take(&dump->kernel, dump->intern, marker);
	stack.kernel = dump->kernel.frames;
	stack.kernel_count = dump->kernel.count;
	stack.lost = stack.kernel_count
	                     ? 0
	                     : intern_add(dump->intern, SPAN_LIT("in uninterruptible sleep (D)"));
	emit_stack(dump, &stack);
}

/* One lost stack for each tid told, or one that is nobody's. */
static void take_failed(struct text_parser *dump, const struct marker *marker)
{
	struct raw_stack stack = lost_stack(dump, marker);
	struct span key, value;
	size_t pos = 0;
	bool any = false;

	while (marker_next(marker, &pos, &key, &value)) {
		struct marker one = { .verb = MARKER_FAILED, .pairs = { key.ptr, 0 } };

		if (!span_eq(key, SPAN_LIT("tid")))
			continue;
		one.pairs.len = (size_t)(value.ptr + value.len - key.ptr);
		stack.thread.tid = number32(&one, "tid");
		emit_stack(dump, &stack);
		any = true;
	}
	if (!any)
		emit_stack(dump, &stack);
}

static void take_sample(struct text_parser *dump, const struct marker *marker, bool begins)
{
	dump->sample_pid = number32(marker, "pid");
	dump->in_sample = begins;
	stack_reader_set_process(dump->trace, begins ? dump->sample_pid : 0);
}

static void take_marker(struct text_parser *dump, const struct logical_line *line)
{
	struct marker marker;
	struct span code;

	if (!marker_parse(line->text, &marker))
		return;
	switch (marker.verb) {
	case MARKER_MAPS:
		address_map_clear(&dump->map, number32(&marker, "pid"));
		return;
	case MARKER_MAP:
		take_map(dump, &marker);
		return;
	case MARKER_CODE:
		stack_reader_set_first_line(dump->trace, number32(&marker, "first_line"));
		return;
	case MARKER_STATE:
		code = marker_get(&marker, "code");
		stack_reader_set_state(dump->trace, code.len ? code.ptr[0] : 0);
		if (marker_get(&marker, "cpu_us").ptr)
			stack_reader_set_cpu(dump->trace, marker_number(&marker, "cpu_us", 0));
		return;
	case MARKER_DOING:
		stack_reader_set_doing(dump->trace, clean_value(dump, &marker, "what"));
		return;
	case MARKER_UNKNOWN:
	case MARKER_NOTE:
	case MARKER_WAITS:
	case MARKER_LOCAL:
		break; /* may stand anywhere */
	default:
		end_stack(dump);
		stack_reader_flush(dump->trace);
	}
	if (marker.verb == MARKER_LOST)
		take_lost(dump, &marker);
	else if (marker.verb == MARKER_KERNEL)
		take_kernel(dump, &marker);
	else if (marker.verb == MARKER_FAILED)
		take_failed(dump, &marker);
	else if (marker.verb == MARKER_BEGIN || marker.verb == MARKER_END)
		take_sample(dump, &marker, marker.verb == MARKER_BEGIN);
	if (dump->sink.marker)
		dump->sink.marker(dump->sink.ctx, &marker);
}

static void take_line(void *ctx, const struct logical_line *line)
{
	struct text_parser *dump = ctx;

	switch (line->kind) {
	case LINE_BLANK:
		stack_reader_break(dump->trace);
		if (line->prompt)
			stack_reader_prompt(dump->trace);
		break;
	case LINE_MARKER:
		take_marker(dump, line);
		break;
	case LINE_THREAD:
		take_thread(dump, line);
		break;
	case LINE_FRAME:
		take_frame(dump, line);
		break;
	case LINE_PY_FRAME:
	case LINE_PY_FILE:
		take_python(dump, line);
		break;
	case LINE_TEXT:
		take_text(dump, line);
		break;
	}
}

struct text_parser *text_parser_create(struct intern *intern, const struct text_parser_sink *sink)
{
	struct text_parser *dump = alloc_zeroed(1, sizeof(*dump));

	dump->intern = intern;
	dump->sink = *sink;
	dump->lines = logical_lines_create(take_line, dump);
	dump->trace = stack_reader_create(intern, &dump->map, emit_stack, dump);
	return dump;
}

void text_parser_destroy(struct text_parser *dump)
{
	if (!dump)
		return;
	logical_lines_destroy(dump->lines);
	stack_reader_destroy(dump->trace);
	address_map_deinit(&dump->map);
	kernel_stack_deinit(&dump->kernel);
	buf_deinit(&dump->scratch);
	free(dump);
}

void text_parser_feed(struct text_parser *dump, const char *text, size_t len)
{
	logical_lines_feed(dump->lines, text, len, TEXT_PARSER_LINE_MAX);
}

void text_parser_finish(struct text_parser *dump)
{
	logical_lines_finish(dump->lines, TEXT_PARSER_LINE_MAX);
	end_stack(dump);
	stack_reader_flush(dump->trace);
	stack_reader_set_process(dump->trace, 0);
	dump->in_sample = dump->foreign = false;
	dump->sample_pid = 0;
	address_map_empty(&dump->map);
}

struct text_parser_counts text_parser_counts(const struct text_parser *dump)
{
	struct text_parser_counts counts = dump->counts;

	counts.lines = logical_lines_count(dump->lines);
	counts.py_frames += stack_reader_annotations(dump->trace);
	return counts;
}
