#include "merger/parse/text_parser.h"

#include <stdlib.h>

#include "merger/parse/address_map.h"
#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/parse/crash_line.h"
#include "merger/parse/gdb_noise.h"
#include "merger/parse/gdb_stop.h"
#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"
#include "merger/parse/kernel_stack.h"
#include "merger/parse/logical_lines.h"
#include "merger/parse/printed_lock.h"
#include "merger/parse/py_frame.h"
#include "merger/parse/stack_reader.h"
#include "merger/parse/text_look.h"

struct text_parser {
	struct intern *intern;
	struct text_parser_sink sink;
	struct logical_lines *lines;
	struct stack_reader *reader; /* of the current thread */
	struct text_look *look;      /* of pasted text */
	struct address_map map;
	struct text_parser_counts counts;
	struct kernel_stack kernel;
	struct printed_lock *printed; /* NULL: details are not wanted */
	struct buf scratch;
	uint32_t sample_pid;
	bool in_sample; /* between "begin" and "end" */
	bool foreign;   /* in a traceback that the Python program printed (root first): no stack */
	bool python_text; /* in a py-bt block */
	bool locals;      /* variables of "bt full" came since the stack before */
	uint64_t prompts; /* so far, and before the last frame */
	uint64_t frame_prompts;
	bool crashed; /* the last stop was a signal, and its thread may still be told */
};

static void emit_stack(void *ctx, const struct raw_stack *stack)
{
	struct text_parser *parser = ctx;

	parser->sink.stack(parser->sink.ctx, stack);
}

/* A sample of pmp is one look. */
static void take_stack(void *ctx, const struct raw_stack *stack)
{
	struct text_parser *parser = ctx;
	struct raw_stack copy;

	if (stack->again) {
		text_look_add_details(parser->look, stack);
		return;
	}
	if (parser->in_sample) {
		emit_stack(parser, stack);
		return;
	}
	copy = *stack;
	copy.full = parser->locals;
	copy.prompts = parser->frame_prompts;
	parser->locals = false;
	text_look_add(parser->look, &copy);
}

static uint32_t intern_value(struct text_parser *parser, const struct marker *marker,
                             const char *key)
{
	return intern_add_clean(parser->intern,
	                        marker_decode(marker_get(marker, key), &parser->scratch));
}

static uint32_t get_number32(const struct marker *marker, const char *key)
{
	uint64_t number = marker_number(marker, key, 0);

	return number > UINT32_MAX ? 0 : (uint32_t)number;
}

/* Ends the current stack. In a sample a thread without frames is a lost stack. */
static void end_stack(struct text_parser *parser)
{
	stack_reader_end(parser->reader, parser->in_sample);
	parser->python_text = false;
}

/* The next stacks are not of the same stop. */
static void end_stop(struct text_parser *parser)
{
	end_stack(parser);
	text_look_end(parser->look, false);
}

/* A line that may tell that the program has run, or when. */
static void take_stop_line(struct text_parser *parser, struct span text)
{
	struct span name;
	uint32_t number;

	if (parser->in_sample)
		return;
	if (gdb_stop_is_told(text)) {
		end_stop(parser);
		if (gdb_stop_thread(span_trim(text), &number, &name))
			stack_reader_select(parser->reader, number, name);
		else if (gdb_stop_is_new_process(text))
			stack_reader_set_process(parser->reader, 0);
	}
}

static void give_marker(void *ctx, const struct marker *marker)
{
	struct text_parser *parser = ctx;

	if (parser->sink.marker)
		parser->sink.marker(parser->sink.ctx, marker);
}

/* Gives out a `crash` marker. */
static void give_crash(struct text_parser *parser, const struct crash_line *crash)
{
	struct buf text = { 0 };
	struct marker marker;

	crash_line_write(crash, &text);
	if (marker_parse(buf_span(&text), &marker))
		give_marker(parser, &marker);
	buf_deinit(&text);
}

/* True if the line says how the process stopped or ended. The stacks before it are of another
 * look. */
static bool take_crash_line(struct text_parser *parser, struct span text)
{
	struct crash_line crash;

	if (!parser->printed || parser->in_sample || !crash_line_parse(span_trim(text), &crash))
		return false;
	if (crash.signal.len || crash.what.len)
		end_stop(parser);
	parser->crashed = crash.signal.len;
	give_crash(parser, &crash);
	return true;
}

/* "[Switching to Thread 0x7f00 (LWP 12)]", "[Current thread is 1 (...)]" after a signal */
static void take_crash_thread(struct text_parser *parser, const struct gdb_thread *thread)
{
	if (parser->crashed && thread->is_switch && thread->tid)
		give_crash(parser, &(struct crash_line){ .tid = thread->tid });
	parser->crashed = false;
}

static void take_frame_line(struct text_parser *parser, const struct logical_line *line)
{
	const struct gdb_frame *frame = line->frame;
	struct gdb_frame parsed;

	parser->foreign = parser->python_text = false;
	if (!frame) {
		struct span text = line->text;

		frame = gdb_frame_parse(&text, &parsed) ? &parsed : NULL;
	}
	if (!frame) {
		parser->counts.unknown_lines += line->count;
		return;
	}
	parser->counts.unknown_lines += line->spare;
	parser->counts.frames++;
	if (parser->printed)
		printed_lock_set_frame(parser->printed, frame);
	if (stack_reader_add_native(parser->reader, frame, line->indent))
		parser->counts.traces++;
	parser->frame_prompts = parser->prompts;
}

static void take_thread_line(struct text_parser *parser, const struct logical_line *line)
{
	struct span text = line->text;
	struct gdb_thread thread;

	parser->foreign = false;
	if (!gdb_thread_parse(&text, &thread)) {
		stack_reader_break(parser->reader);
		if (line->prompt) { /* "(gdb) thread 3" */
			stack_reader_prompt(parser->reader);
			return;
		}
		take_stop_line(parser, line->text);
		if (!take_crash_line(parser, line->text))
			parser->counts.unknown_lines +=
			        gdb_noise_is_known(line->text) ? 0 : line->count;
		return;
	}
	end_stack(parser);
	take_crash_thread(parser, &thread);
	if (parser->printed)
		printed_lock_set_thread(parser->printed, thread.tid);
	if (!thread.is_switch && thread.number)
		parser->counts.threads++;
	stack_reader_begin(parser->reader, &thread);
}

static void take_python_line(struct text_parser *parser, const struct logical_line *line)
{
	bool numbered = line->kind == LINE_PY_FRAME;
	struct span text = line->text;
	struct py_text frame;

	if (parser->foreign)
		return;
	if (!(numbered ? py_frame_parse_numbered(&text, &frame)
	               : py_frame_parse_file(&text, &frame))) {
		parser->counts.unknown_lines += gdb_noise_is_known(line->text) ? 0 : line->count;
		return;
	}
	stack_reader_add_python(parser->reader, &frame);
	parser->frame_prompts = parser->prompts;
	parser->counts.py_frames++;
}

/* True if the line is part of Python text: of a py-bt block or a traceback. */
static bool take_python_text(struct text_parser *parser, const struct logical_line *line)
{
	struct span doing;

	if (span_starts(line->text, SPAN_LIT("Traceback (most recent call first)"))) {
		stack_reader_begin_python(parser->reader);
		parser->counts.py_blocks++;
		parser->python_text = true;
		parser->foreign = false;
		return true;
	}
	if (span_starts(line->text, SPAN_LIT("Traceback (most recent call last)"))) {
		parser->foreign = true;
		return true;
	}
	if (gdb_noise_is_python_note(line->text, &doing)) {
		stack_reader_set_note(parser->reader, intern_add(parser->intern, doing));
		if (!doing.len)
			stack_reader_set_builtin(parser->reader, span_trim(line->text));
		stack_reader_break(parser->reader);
		return true;
	}
	if (parser->foreign) {
		/* The last line of a traceback, "ValueError: ...", is not indented. */
		parser->foreign = line->indent > 0;
		return true;
	}
	return line->indent > 0 && stack_reader_take_source(parser->reader);
}

/* A command that was typed. */
static void take_command(struct text_parser *parser, struct span command)
{
	stack_reader_prompt(parser->reader);
	parser->foreign = parser->python_text = parser->crashed = false;
	if (parser->printed)
		printed_lock_set_command(parser->printed, command);
	if (gdb_stop_command_runs(command))
		end_stop(parser);
}

/* A variable of the last frame, or a line in its place. */
static bool is_local(struct text_parser *parser, const struct logical_line *line)
{
	if (!stack_reader_has_native(parser->reader))
		return false;
	if (!gdb_noise_is_local(line->text, line->indent))
		return false;
	parser->locals = true;
	return true;
}

/* Facts that the text tells beside stacks. True: the line is not part of anything else. */
static bool take_details(struct text_parser *parser, const struct logical_line *line)
{
	struct span digits = line->text;
	uint64_t number;

	if (!parser->printed)
		return false;
	if (number_take(&digits, 10, &number))
		stack_reader_add_source(parser->reader, span_trim(digits));
	printed_lock_take(parser->printed, line->text);
	if (parser->foreign || (stack_reader_has_native(parser->reader) &&
	                        gdb_noise_is_local(line->text, line->indent)))
		return false;
	return take_crash_line(parser, line->text);
}

static void take_text_line(struct text_parser *parser, const struct logical_line *line)
{
	if (line->prompt) {
		take_command(parser, line->text);
		return;
	}
	take_stop_line(parser, line->text);
	if (take_details(parser, line))
		return;
	if (take_python_text(parser, line))
		return;
	stack_reader_break(parser->reader);
	if ((parser->python_text && line->indent > 0) || is_local(parser, line) ||
	    gdb_noise_is_known(line->text))
		return;
	if (gdb_stop_has_time(line->text) && !parser->in_sample)
		text_look_end(parser->look, stack_reader_has_frames(parser->reader));
	/* Below prose people quote what a session has printed above. */
	parser->prompts += parser->prompts > 0;
	parser->counts.unknown_lines += line->count;
}

static void take_module(struct text_parser *parser, const struct marker *marker)
{
	address_map_set_base(&parser->map, intern_value(parser, marker, "path"),
	                     marker_number(marker, "base", 0));
}

static void take_map(struct text_parser *parser, const struct marker *marker)
{
	struct address_range range = {
		.pid = get_number32(marker, "pid"),
		.path = intern_value(parser, marker, "path"),
		.start = marker_number(marker, "start", 0),
		.end = marker_number(marker, "end", 0),
		.offset = marker_number(marker, "offset", 0),
	};

	address_map_add(&parser->map, &range);
}

/* A lost stack, with the marker's facts except the thread's id and name. */
static struct raw_stack make_lost_stack(struct text_parser *parser, const struct marker *marker)
{
	struct raw_stack stack = { 0 };
	uint32_t pid = get_number32(marker, "pid");

	stack.thread.pid = pid ? pid : parser->sample_pid;
	stack.thread.has_cpu = marker_get(marker, "cpu_us").ptr;
	stack.thread.cpu_us = marker_number(marker, "cpu_us", 0);
	stack.lost = intern_value(parser, marker, "why");
	if (!stack.lost)
		stack.lost = intern_add(parser->intern, SPAN_LIT("no reason told"));
	return stack;
}

static void take_lost(struct text_parser *parser, const struct marker *marker)
{
	struct raw_stack stack = make_lost_stack(parser, marker);

	stack.thread.tid = get_number32(marker, "tid");
	stack.thread.name = intern_value(parser, marker, "name");
	emit_stack(parser, &stack);
}

/* Without frames the stack is lost; the reason is that the thread slept. */
static void take_kernel(struct text_parser *parser, const struct marker *marker)
{
	struct raw_stack stack = make_lost_stack(parser, marker);
	struct span state = marker_get(marker, "state");

	stack.thread.tid = get_number32(marker, "tid");
	stack.thread.name = intern_value(parser, marker, "name");
	stack.thread.state = state.len ? state.ptr[0] : 0;
	kernel_stack_take(&parser->kernel, parser->intern, marker);
	stack.kernel = parser->kernel.frames;
	stack.kernel_count = parser->kernel.count;
	stack.lost = stack.kernel_count
	                     ? 0
	                     : intern_add(parser->intern, SPAN_LIT("in uninterruptible sleep (D)"));
	emit_stack(parser, &stack);
}

/* One lost stack for each tid; without a tid, one of an unknown thread. */
static void take_failed(struct text_parser *parser, const struct marker *marker)
{
	struct raw_stack stack = make_lost_stack(parser, marker);
	struct span key, value;
	size_t pos = 0;
	bool any = false;

	while (marker_next(marker, &pos, &key, &value)) {
		struct marker one = { .verb = MARKER_FAILED, .pairs = { key.ptr, 0 } };

		if (!span_eq(key, SPAN_LIT("tid")))
			continue;
		one.pairs.len = (size_t)(value.ptr + value.len - key.ptr);
		stack.thread.tid = get_number32(&one, "tid");
		emit_stack(parser, &stack);
		any = true;
	}
	if (!any)
		emit_stack(parser, &stack);
}

static void take_sample(struct text_parser *parser, const struct marker *marker, bool begins)
{
	parser->sample_pid = get_number32(marker, "pid");
	parser->in_sample = begins;
	stack_reader_set_process(parser->reader, begins ? parser->sample_pid : 0);
}

static void take_marker(struct text_parser *parser, const struct logical_line *line)
{
	struct marker marker;
	struct span code;

	if (!marker_parse(line->text, &marker))
		return;
	switch (marker.verb) {
	case MARKER_MAPS:
		address_map_clear(&parser->map, get_number32(&marker, "pid"));
		return;
	case MARKER_MAP:
		take_map(parser, &marker);
		return;
	case MARKER_CODE:
		stack_reader_set_code(parser->reader, get_number32(&marker, "first_line"),
		                      span_eq(marker_get(&marker, "language"), SPAN_LIT("ruby")));
		return;
	case MARKER_MORE:
		stack_reader_add_more(parser->reader, marker_number(&marker, "frames", 0),
		                      marker_number(&marker, "python", 0));
		return;
	case MARKER_STATE:
		code = marker_get(&marker, "code");
		stack_reader_set_state(parser->reader, code.len ? code.ptr[0] : 0);
		if (marker_get(&marker, "cpu_us").ptr)
			stack_reader_set_cpu(parser->reader, marker_number(&marker, "cpu_us", 0));
		return;
	case MARKER_DOING:
		stack_reader_set_doing(parser->reader, intern_value(parser, &marker, "what"));
		return;
	case MARKER_UNKNOWN:
	case MARKER_NOTE:
	case MARKER_WAITS:
	case MARKER_LOCAL:
		break; /* may occur anywhere, also in a stack */
	default:
		end_stack(parser);
		stack_reader_flush(parser->reader);
		text_look_end(parser->look, false);
	}
	if (marker.verb == MARKER_LOST)
		take_lost(parser, &marker);
	else if (marker.verb == MARKER_KERNEL)
		take_kernel(parser, &marker);
	else if (marker.verb == MARKER_FAILED)
		take_failed(parser, &marker);
	else if (marker.verb == MARKER_MODULE)
		take_module(parser, &marker);
	else if (marker.verb == MARKER_BEGIN || marker.verb == MARKER_END)
		take_sample(parser, &marker, marker.verb == MARKER_BEGIN);
	if (parser->sink.marker)
		parser->sink.marker(parser->sink.ctx, &marker);
}

static void take_logical_line(void *ctx, const struct logical_line *line)
{
	struct text_parser *parser = ctx;

	parser->prompts += line->prompt;
	switch (line->kind) {
	case LINE_BLANK:
		stack_reader_break(parser->reader);
		if (line->prompt)
			stack_reader_prompt(parser->reader);
		break;
	case LINE_MARKER:
		take_marker(parser, line);
		break;
	case LINE_THREAD:
		take_thread_line(parser, line);
		break;
	case LINE_FRAME:
		take_frame_line(parser, line);
		break;
	case LINE_PY_FRAME:
	case LINE_PY_FILE:
		take_python_line(parser, line);
		break;
	case LINE_TEXT:
		take_text_line(parser, line);
		break;
	}
}

struct text_parser *text_parser_create(struct intern *intern, const struct text_parser_sink *sink)
{
	struct text_parser *parser = alloc_zeroed(1, sizeof(*parser));

	parser->intern = intern;
	parser->sink = *sink;
	parser->lines = logical_lines_create(take_logical_line, parser);
	parser->reader = stack_reader_create(intern, &parser->map, take_stack, parser);
	parser->look = text_look_create(intern, emit_stack, parser);
	if (sink->details) {
		stack_reader_keep_details(parser->reader);
		parser->printed = printed_lock_create(give_marker, parser);
	}
	return parser;
}

void text_parser_destroy(struct text_parser *parser)
{
	if (!parser)
		return;
	logical_lines_destroy(parser->lines);
	stack_reader_destroy(parser->reader);
	text_look_destroy(parser->look);
	printed_lock_destroy(parser->printed);
	address_map_deinit(&parser->map);
	kernel_stack_deinit(&parser->kernel);
	buf_deinit(&parser->scratch);
	free(parser);
}

void text_parser_feed(struct text_parser *parser, const char *text, size_t len)
{
	logical_lines_feed(parser->lines, text, len, TEXT_PARSER_LINE_MAX);
}

void text_parser_finish(struct text_parser *parser)
{
	logical_lines_finish(parser->lines, TEXT_PARSER_LINE_MAX);
	end_stack(parser);
	stack_reader_flush(parser->reader);
	text_look_end(parser->look, false);
	stack_reader_set_process(parser->reader, 0);
	parser->in_sample = parser->foreign = parser->locals = false;
	parser->sample_pid = 0;
	address_map_empty(&parser->map);
}

struct text_parser_counts text_parser_counts(const struct text_parser *parser)
{
	struct text_parser_counts counts = parser->counts;

	counts.lines = logical_lines_count(parser->lines);
	counts.py_frames += stack_reader_annotations(parser->reader);
	return counts;
}
