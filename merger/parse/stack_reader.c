#include "merger/parse/stack_reader.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/buf.h"
#include "merger/parse/function_class.h"
#include "merger/parse/frame_lists.h"

/* Frames of one number: inlined ones that somebody expanded by hand. No more are looked through. */
#define SAME_NUMBER_MAX 64

/* What the line before was: a "File" line right below belongs to the same native frame. */
enum below {
	BELOW_NOTHING,
	BELOW_NATIVE,
	BELOW_OWNED, /* a Python frame of the last native frame */
	BELOW_LOOSE, /* one of a block */
};

struct stack_reader {
	struct intern *intern;
	struct address_map *map;
	stack_reader_emit *emit;
	void *ctx;

	struct stack_thread thread, selected; /* selected: by "[Switching to thread" */
	uint32_t pid;
	bool header; /* thread is from a header */

	struct native_list native, before; /* before: of the stack that was given out last */
	struct py_list owned, loose, all;
	uint64_t beyond;    /* native frames that RAW_STACK_FRAMES_MAX left no room for */
	uint64_t last_addr; /* of the frame object that the last annotation told, 0: none */
	size_t last_owner;  /* index of the native frame that it belongs to */
	enum below below;
	size_t run_first; /* in owned: where the run of "File" lines below the last native frame begins */
	bool paused;

	bool held; /* a lone #0 that may come again */
	struct native_frame held_frame;
	struct stack_thread held_thread;
	uint64_t annotations;
};

struct stack_reader *stack_reader_create(struct intern *intern, struct address_map *map,
                                         stack_reader_emit *emit, void *ctx)
{
	struct stack_reader *trace = alloc_zeroed(1, sizeof(*trace));

	trace->intern = intern;
	trace->map = map;
	trace->emit = emit;
	trace->ctx = ctx;
	return trace;
}

void stack_reader_destroy(struct stack_reader *trace)
{
	if (!trace)
		return;
	free(trace->native.frames);
	free(trace->before.frames);
	free(trace->owned.frames);
	free(trace->loose.frames);
	free(trace->all.frames);
	free(trace);
}

uint64_t stack_reader_annotations(const struct stack_reader *trace)
{
	return trace->annotations;
}

bool stack_reader_has_native(const struct stack_reader *trace)
{
	return trace->native.count > 0;
}

/* The thread that frames belong to which no header precedes. */
static void reset(struct stack_reader *trace)
{
	trace->thread = trace->selected;
	if (!trace->thread.pid)
		trace->thread.pid = trace->pid;
	trace->header = false;
	trace->native.count = trace->owned.count = trace->loose.count = 0;
	trace->beyond = trace->last_addr = trace->last_owner = 0;
	trace->below = BELOW_NOTHING;
	trace->paused = false;
}

void stack_reader_begin(struct stack_reader *trace, const struct gdb_thread *thread)
{
	trace->thread = (struct stack_thread){
		.name = intern_add_clean(trace->intern, thread->name),
		.pid = thread->pid ? thread->pid : trace->pid,
		.tid = thread->tid,
		.number = thread->number,
	};
	trace->header = !thread->is_switch;
	if (thread->is_switch)
		trace->selected = trace->thread;
}

void stack_reader_set_process(struct stack_reader *trace, uint32_t pid)
{
	trace->pid = pid;
	trace->selected = (struct stack_thread){ 0 };
	reset(trace);
}

void stack_reader_set_state(struct stack_reader *trace, char state)
{
	trace->thread.state = state;
}

void stack_reader_set_cpu(struct stack_reader *trace, uint64_t cpu_us)
{
	trace->thread.has_cpu = true;
	trace->thread.cpu_us = cpu_us;
}

void stack_reader_set_doing(struct stack_reader *trace, uint32_t doing)
{
	trace->thread.doing = doing;
}

static bool same_native(const struct native_frame *a, const struct native_frame *b)
{
	if (a->number != b->number || a->name != b->name)
		return false;
	/* gdb leaves an address out where a line of source begins */
	return !a->has_addr || !b->has_addr || a->addr == b->addr;
}

/* From `at` on, the first with this number or a higher one: within a stack they do not fall. */
static size_t find_from(const struct native_list *list, size_t at, uint32_t number)
{
	size_t end = list->count;

	while (at < end) {
		size_t middle = at + (end - at) / 2;

		if (list->frames[middle].number < number)
			at = middle + 1;
		else
			end = middle;
	}
	return at;
}

/* "frame 3", "up", "bt -5" after a bt: all of it is in the stack before. */
static bool is_printed_again(const struct stack_reader *trace)
{
	const struct native_list *before = &trace->before;
	size_t at = 0;

	if (trace->header || !trace->native.count || trace->native.frames[0].number == 0)
		return false;
	for (size_t i = 0; i < trace->native.count; i++) {
		const struct native_frame *native = &trace->native.frames[i];
		size_t limit;

		at = find_from(before, at, native->number);
		limit = before->count - at < SAME_NUMBER_MAX ? before->count : at + SAME_NUMBER_MAX;
		while (at < limit && !same_native(&before->frames[at], native))
			at++;
		if (at == limit)
			return false;
	}
	return true;
}

static void give_held(struct stack_reader *trace)
{
	struct raw_stack stack = {
		.thread = trace->held_thread,
		.native = &trace->held_frame,
		.native_count = 1,
	};

	if (trace->held)
		trace->emit(trace->ctx, &stack);
	trace->held = false;
}

/* Decides on the lone #0 that was held back, now that the next stack is known. */
static void settle_held(struct stack_reader *trace)
{
	if (!trace->held)
		return;
	if (trace->header ||
	    (trace->native.count > 1 && same_native(&trace->held_frame, &trace->native.frames[0])))
		trace->held = false;
	give_held(trace);
}

static bool hold(struct stack_reader *trace)
{
	if (trace->header || trace->native.count != 1 || trace->owned.count || trace->loose.count ||
	    trace->native.frames[0].number != 0)
		return false;
	give_held(trace);
	trace->held = true;
	trace->held_frame = trace->native.frames[0];
	trace->held_thread = trace->thread;
	return true;
}

/* py-bt after a bt that had the same frames in its annotations. */
static bool loose_is_repeated(const struct stack_reader *trace)
{
	if (trace->loose.count != trace->owned.count)
		return false;
	for (size_t i = 0; i < trace->loose.count; i++) {
		const struct py_frame *a = &trace->loose.frames[i], *b = &trace->owned.frames[i];

		if (a->name != b->name || a->file != b->file || a->line != b->line)
			return false;
	}
	return true;
}

/* The first native frame of that number, or how many there are. */
static size_t find_number(const struct stack_reader *trace, uint32_t number)
{
	size_t at = find_from(&trace->native, 0, number), count = trace->native.count;

	return number != RAW_STACK_NO_NUMBER && at < count &&
	                       trace->native.frames[at].number == number
	               ? at
	               : count;
}

/* Gives the frames of py-bt-full to the native frames whose numbers they tell. Where one has its
 * own already (an annotation) they are the same. Both run from the leaf, so one pass puts all in
 * order. */
static void resolve_numbers(struct stack_reader *trace)
{
	struct py_list old = trace->owned;
	size_t next = 0, kept = 0;

	trace->owned = trace->all;
	trace->owned.count = 0;
	for (size_t i = 0; i < trace->native.count; i++) {
		struct native_frame *native = &trace->native.frames[i];
		uint32_t first = (uint32_t)trace->owned.count;

		for (uint32_t j = 0; j < native->py_count; j++)
			py_list_add(&trace->owned, &old.frames[native->py_first + j]);
		for (; next < trace->loose.count; next++) {
			size_t target = find_number(trace, trace->loose.frames[next].native_number);

			if (target > i && target < trace->native.count)
				break;
			if (target != i)
				trace->loose.frames[kept++] = trace->loose.frames[next];
			else if (!native->py_count)
				py_list_add(&trace->owned, &trace->loose.frames[next]);
		}
		native->py_first = first;
		native->py_count = (uint32_t)trace->owned.count - first;
	}
	while (next < trace->loose.count)
		trace->loose.frames[kept++] = trace->loose.frames[next++];
	trace->loose.count = kept;
	trace->all = old;
}

static bool has_numbers(const struct stack_reader *trace)
{
	for (size_t i = 0; i < trace->loose.count; i++)
		if (trace->loose.frames[i].native_number != RAW_STACK_NO_NUMBER)
			return true;
	return false;
}

static void add_beyond(struct stack_reader *trace)
{
	struct buf text = { 0 };
	uint32_t last;

	if (!trace->beyond)
		return;
	buf_printf(&text, "(%llu more frames)", (unsigned long long)trace->beyond);
	last = trace->native.frames[trace->native.count - 1].number;
	*native_list_add(&trace->native) = (struct native_frame){
		.number = last + 1,
		.name = intern_add(trace->intern, buf_span(&text)),
		.offset = UINT64_MAX,
	};
	buf_deinit(&text);
}

static void give_stack(struct stack_reader *trace)
{
	struct raw_stack stack = { .thread = trace->thread };
	struct native_list before = trace->before;

	if (has_numbers(trace))
		resolve_numbers(trace);
	if (loose_is_repeated(trace))
		trace->loose.count = 0;
	add_beyond(trace);
	stack.loose_first = trace->owned.count;
	for (size_t i = 0; i < trace->loose.count; i++)
		py_list_add(&trace->owned, &trace->loose.frames[i]);
	stack.native = trace->native.frames;
	stack.native_count = trace->native.count;
	stack.py = trace->owned.frames;
	stack.py_count = trace->owned.count;
	trace->emit(trace->ctx, &stack);
	trace->before = trace->native;
	trace->native = before;
}

void stack_reader_end(struct stack_reader *trace, bool lost)
{
	struct raw_stack stack = { .thread = trace->thread };

	if (!trace->native.count && !trace->owned.count && !trace->loose.count) {
		if (trace->header && lost) {
			stack.lost = intern_add(trace->intern, SPAN_LIT("no frames"));
			trace->emit(trace->ctx, &stack);
		}
	} else if (!hold(trace)) {
		settle_held(trace);
		if (!is_printed_again(trace))
			give_stack(trace);
	}
	reset(trace);
}

void stack_reader_flush(struct stack_reader *trace)
{
	give_held(trace);
	trace->before.count = 0;
	trace->selected = (struct stack_thread){ 0 };
	reset(trace);
}

/* Numbers may leave some out ("bt 2" and then "bt -2", a text that was trimmed) or come twice
 * (inlined frames that somebody expanded by hand), and it is still one stack. */
static bool begins_stack(const struct stack_reader *trace, const struct gdb_frame *frame)
{
	uint32_t last;

	if (!trace->native.count)
		return false;
	last = trace->native.frames[trace->native.count - 1].number;
	return frame->number == 0 || frame->number < last ||
	       (trace->paused && frame->number == last);
}

static bool is_evaluator(const struct stack_reader *trace, const struct native_frame *native)
{
	return function_class_of(intern_get(trace->intern, native->name)) == CLASS_EVALUATOR;
}

/* python-gdb prints a frame object wherever it is an argument: for the evaluator, for its wrapper
 * (PyEval_EvalFrameEx of 3.6 to 3.8) and for what the evaluator calls with it (PyTraceBack_Here).
 * It is one Python frame, the evaluator's that is nearest to the leaf. */
static void add_annotation(struct stack_reader *trace, struct native_frame *native,
                           struct span args)
{
	struct native_frame *owner = &trace->native.frames[trace->last_owner];
	struct py_text text;

	if (!args.len || !py_frame_find(args, &text))
		return;
	if (text.addr && text.addr == trace->last_addr) {
		if (owner->py_count != 1 || owner->py_first + 1 != trace->owned.count ||
		    is_evaluator(trace, owner) || !is_evaluator(trace, native))
			return;
		native->py_first = owner->py_first;
		owner->py_count = 0;
	} else {
		trace->below = BELOW_NATIVE;
		stack_reader_add_python(trace, &text);
		trace->annotations++;
		trace->last_addr = text.addr;
	}
	native->py_count = 1;
	trace->last_owner = (size_t)(native - trace->native.frames);
}

bool stack_reader_add_native(struct stack_reader *trace, const struct gdb_frame *frame)
{
	const struct address_range *range = NULL;
	struct native_frame *native;
	bool first;

	if (begins_stack(trace, frame))
		stack_reader_end(trace, false);
	first = trace->native.count == 0;
	trace->below = BELOW_NOTHING;
	if (trace->native.count >= RAW_STACK_FRAMES_MAX) {
		trace->beyond++;
		return first;
	}
	native = native_list_add(&trace->native);
	*native = (struct native_frame){
		.number = frame->number,
		.name = intern_add_clean(trace->intern, frame->name),
		.file = intern_add_clean(trace->intern, frame->file),
		.module = intern_add_clean(trace->intern, frame->module),
		.line = frame->line,
		.has_addr = frame->has_addr,
		.addr = frame->addr,
		.offset = UINT64_MAX,
		.special = frame->special,
		.py_first = (uint32_t)trace->owned.count,
	};
	if (frame->has_addr && trace->map->count)
		range = address_map_find(trace->map, trace->thread.pid, frame->addr);
	if (range) {
		native->module = range->path;
		native->offset = frame->addr - range->start + range->offset;
	}
	add_annotation(trace, native, frame->args);
	trace->below = BELOW_NATIVE;
	trace->run_first = trace->owned.count;
	return first;
}

void stack_reader_add_python(struct stack_reader *trace, const struct py_text *text)
{
	struct py_frame frame = {
		.name = intern_add_clean(trace->intern, text->name),
		.file = intern_add_clean(trace->intern, text->file),
		.line = text->line,
		.native_number = text->number,
	};

	if (text->number == RAW_STACK_NO_NUMBER &&
	    (trace->below == BELOW_NATIVE || trace->below == BELOW_OWNED)) {
		py_list_add(&trace->owned, &frame);
		trace->native.frames[trace->native.count - 1].py_count++;
		trace->below = BELOW_OWNED;
		return;
	}
	py_list_add(&trace->loose, &frame);
	trace->below = BELOW_LOOSE;
}

void stack_reader_set_first_line(struct stack_reader *trace, uint32_t line)
{
	struct py_list *list = trace->below == BELOW_LOOSE ? &trace->loose : &trace->owned;

	if (trace->below == BELOW_NOTHING || !list->count)
		return;
	if (trace->below == BELOW_NATIVE && !trace->native.frames[trace->native.count - 1].py_count)
		return;
	list->frames[list->count - 1].first_line = line;
}

void stack_reader_begin_python(struct stack_reader *trace)
{
	if (trace->loose.count)
		stack_reader_end(trace, false);
	trace->below = BELOW_NOTHING;
}

bool stack_reader_take_source(struct stack_reader *trace)
{
	struct native_frame *native;

	if (trace->below == BELOW_LOOSE)
		return true;
	if (trace->below != BELOW_OWNED)
		return false;
	/* py-bt's own text without the line that begins it: none of the run is the native
	 * frame's */
	native = &trace->native.frames[trace->native.count - 1];
	for (size_t i = trace->run_first; i < trace->owned.count; i++)
		py_list_add(&trace->loose, &trace->owned.frames[i]);
	native->py_count -= (uint32_t)(trace->owned.count - trace->run_first);
	trace->owned.count = trace->run_first;
	trace->below = BELOW_LOOSE;
	return true;
}

void stack_reader_break(struct stack_reader *trace)
{
	trace->below = BELOW_NOTHING;
}

void stack_reader_prompt(struct stack_reader *trace)
{
	trace->below = BELOW_NOTHING;
	trace->paused = trace->native.count > 0;
}
