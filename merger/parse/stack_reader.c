#include "merger/parse/stack_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/buf.h"
#include "merger/parse/function_class.h"
#include "merger/parse/function_facts.h"
#include "merger/parse/symbol_suffix.h"
#include "merger/parse/frame_lists.h"
#include "merger/parse/frame_order.h"
#include "merger/parse/python_owners.h"

/* Frames of a stack that is too long that are nearest to its leaf, and to its root. */
#define HALF_MAX (RAW_STACK_FRAMES_MAX / 2)

/* The kind of the line before: a "File" line directly below it belongs to the same native frame. */
enum below {
	BELOW_NOTHING,
	BELOW_NATIVE,
	BELOW_OWNED, /* a Python frame of the last native frame */
	BELOW_LOOSE, /* a Python frame of a py-bt block */
};

struct stack_reader {
	struct intern *intern;
	struct address_map *map;
	stack_reader_emit *emit;
	void *ctx;

	struct stack_thread thread, selected; /* selected: by "[Switching to thread" */
	uint32_t pid;
	bool header;  /* `thread` is from a header */
	bool stopped; /* `selected` is from a stop, whose next line may tell more of the thread */

	struct native_list native, before; /* before: those of the last stack given out */
	struct py_list owned, loose, all;
	size_t last; /* index of the last native frame */
	/* Native frames in excess of RAW_STACK_FRAMES_MAX; the root's half is a ring then. */
	uint64_t beyond;
	uint64_t last_addr; /* frame object of the last annotation; 0: none */
	size_t last_owner;  /* index of the native frame that it belongs to */
	enum below below;
	size_t run_first; /* index in owned: first "File" line below the last native frame */
	struct frame_order order;
	bool paused; /* a prompt came after the last native frame */

	bool held; /* held_frame is a lone #0, which may be printed again */
	struct native_frame held_frame;
	struct stack_thread held_thread;
	uint64_t annotations;
	bool details;
	struct function_facts_table facts;
};

struct stack_reader *stack_reader_create(struct intern *intern, struct address_map *map,
                                         stack_reader_emit *emit, void *ctx)
{
	struct stack_reader *reader = alloc_zeroed(1, sizeof(*reader));

	reader->intern = reader->facts.intern = intern;
	reader->map = map;
	reader->emit = emit;
	reader->ctx = ctx;
	return reader;
}

void stack_reader_destroy(struct stack_reader *reader)
{
	if (!reader)
		return;
	free(reader->native.frames);
	free(reader->before.frames);
	free(reader->owned.frames);
	free(reader->loose.frames);
	free(reader->all.frames);
	function_facts_deinit(&reader->facts);
	free(reader);
}

uint64_t stack_reader_annotations(const struct stack_reader *reader)
{
	return reader->annotations;
}

bool stack_reader_has_native(const struct stack_reader *reader)
{
	return reader->native.count > 0;
}

bool stack_reader_has_frames(const struct stack_reader *reader)
{
	return reader->native.count || reader->owned.count || reader->loose.count;
}

/* Starts an empty stack. Without a header its frames belong to the selected thread. */
static void reset_stack(struct stack_reader *reader)
{
	reader->thread = reader->selected;
	if (!reader->thread.pid)
		reader->thread.pid = reader->pid;
	reader->header = false;
	reader->native.count = reader->owned.count = reader->loose.count = 0;
	reader->beyond = reader->last_addr = reader->last_owner = reader->last = 0;
	reader->below = BELOW_NOTHING;
	reader->paused = false;
	reader->order = (struct frame_order){ 0 };
}

void stack_reader_begin(struct stack_reader *reader, const struct gdb_thread *thread)
{
	reader->thread = (struct stack_thread){
		.name = intern_add_clean(reader->intern, thread->name),
		.pid = thread->pid ? thread->pid : reader->pid,
		.tid = thread->tid,
		.number = thread->number,
		.handle = thread->handle,
	};
	reader->header = !thread->is_switch;
	if (!thread->is_switch)
		return;
	if (reader->stopped && !thread->number) {
		reader->thread.number = reader->selected.number;
		reader->thread.name = reader->selected.name;
	}
	reader->stopped = false;
	reader->selected = reader->thread;
}

void stack_reader_select(struct stack_reader *reader, uint32_t number, struct span name)
{
	reader->selected = (struct stack_thread){
		.name = intern_add_clean(reader->intern, name),
		.number = number,
	};
	reader->stopped = true;
	if (!reader->header && !stack_reader_has_frames(reader))
		reset_stack(reader);
}

void stack_reader_set_process(struct stack_reader *reader, uint32_t pid)
{
	reader->pid = pid;
	reader->selected = (struct stack_thread){ 0 };
	reset_stack(reader);
}

void stack_reader_set_state(struct stack_reader *reader, char state)
{
	reader->thread.state = state;
}

void stack_reader_set_cpu(struct stack_reader *reader, uint64_t cpu_us)
{
	reader->thread.has_cpu = true;
	reader->thread.cpu_us = cpu_us;
}

void stack_reader_set_doing(struct stack_reader *reader, uint32_t doing)
{
	reader->thread.doing = doing;
}

/* True if all frames are in the stack before, as after "frame 3", "up", "bt -5". */
static bool is_printed_again(const struct stack_reader *reader)
{
	if (reader->header || !reader->native.count || reader->native.frames[0].number == 0)
		return false;
	return native_list_covers(&reader->before, &reader->native);
}

void stack_reader_set_note(struct stack_reader *reader, uint32_t doing)
{
	if (doing && !reader->loose.count)
		reader->thread.note = doing;
}

void stack_reader_keep_details(struct stack_reader *reader)
{
	reader->details = true;
}

void stack_reader_set_builtin(struct stack_reader *reader, struct span line)
{
	if (reader->details && !reader->thread.builtin && !reader->loose.count)
		reader->thread.builtin = intern_add_clean(reader->intern, line);
}

static uint32_t intern_detail(struct stack_reader *reader, struct span text)
{
	if (!reader->details)
		return 0;
	if (text.len > RAW_STACK_DETAIL_MAX)
		text.len = RAW_STACK_DETAIL_MAX;
	return intern_add(reader->intern, text);
}

void stack_reader_add_source(struct stack_reader *reader, struct span source)
{
	struct buf text = { 0 };
	struct native_frame *native;

	if (!reader->details || reader->below != BELOW_NATIVE)
		return;
	native = &reader->native.frames[reader->native.count - 1];
	buf_add_span(&text, intern_get(reader->intern, native->detail));
	buf_add_span(&text, SPAN_LIT("\n"));
	buf_add_span(&text, source);
	native->detail = intern_detail(reader, buf_span(&text));
	buf_deinit(&text);
}

static void give_held_frame(struct stack_reader *reader)
{
	struct raw_stack stack = {
		.thread = reader->held_thread,
		.native = &reader->held_frame,
		.native_count = 1,
	};

	if (reader->held)
		reader->emit(reader->ctx, &stack);
	reader->held = false;
}

/* Drops the held #0 if the next stack has it too, otherwise gives it out. */
static void resolve_held_frame(struct stack_reader *reader)
{
	if (!reader->held)
		return;
	if (reader->header ||
	    (reader->native.count > 1 &&
	     native_frame_is_same(&reader->held_frame, &reader->native.frames[0])))
		reader->held = false;
	give_held_frame(reader);
}

/* Holds a stack that is only a #0 without a header. */
static bool hold_frame(struct stack_reader *reader)
{
	if (reader->header || reader->native.count != 1 || reader->owned.count ||
	    reader->loose.count || reader->native.frames[0].number != 0)
		return false;
	give_held_frame(reader);
	reader->held = true;
	reader->held_frame = reader->native.frames[0];
	reader->held_thread = reader->thread;
	return true;
}

static uint32_t intern_more(struct stack_reader *reader, uint64_t count)
{
	char text[48];

	snprintf(text, sizeof(text), "(%" PRIu64 " more frames)", count);
	return intern_add(reader->intern, span_of(text));
}

/* Rotates the frames from the first on, so that frame `start` becomes the first. */
static void rotate_frames(struct native_frame *frames, size_t count, size_t start)
{
	struct native_frame *copy = alloc_copy(frames, count * sizeof(*frames));

	for (size_t i = 0; i < count; i++)
		frames[i] = copy[(start + i) % count];
	free(copy);
}

/* Sorts the half nearest to the root of a stack that was cut, and adds the frame "(N more
 * frames)" before it. */
static void add_beyond(struct stack_reader *reader)
{
	struct native_frame *root;

	if (!reader->beyond)
		return;
	native_list_add(&reader->native);
	root = reader->native.frames + HALF_MAX;
	rotate_frames(root, HALF_MAX, reader->beyond % HALF_MAX);
	memmove(root + 1, root, HALF_MAX * sizeof(*root));
	*root = (struct native_frame){
		.number = root[-1].number,
		.name = intern_more(reader, reader->beyond),
		.place = UINT64_MAX,
	};
}

static void give_out_stack(struct stack_reader *reader)
{
	struct raw_stack stack = { .thread = reader->thread, .headed = reader->header };
	struct native_list before = reader->before;

	add_beyond(reader);
	python_owners_assign(&reader->native, &reader->owned, &reader->loose, &reader->all);
	stack.loose_first = reader->owned.count;
	for (size_t i = 0; i < reader->loose.count; i++)
		py_list_add(&reader->owned, &reader->loose.frames[i]);
	stack.native = reader->native.frames;
	stack.native_count = reader->native.count;
	stack.py = reader->owned.frames;
	stack.py_count = reader->owned.count;
	reader->emit(reader->ctx, &stack);
	reader->before = reader->native;
	reader->native = before;
}

/* Frames that were printed again may have source lines below them now. */
static void give_details(struct stack_reader *reader)
{
	struct raw_stack stack = {
		.thread = reader->thread,
		.native = reader->native.frames,
		.native_count = reader->native.count,
		.again = true,
	};

	reader->emit(reader->ctx, &stack);
}

void stack_reader_end(struct stack_reader *reader, bool lost)
{
	struct raw_stack stack = { .thread = reader->thread };

	if (!stack_reader_has_frames(reader)) {
		if (reader->header && lost) {
			stack.lost = intern_add(reader->intern, SPAN_LIT("no frames"));
			reader->emit(reader->ctx, &stack);
		}
		reset_stack(reader);
		return;
	}
	frame_order_sort(&reader->order, &reader->native, &reader->owned, &reader->all);
	if (!hold_frame(reader)) {
		resolve_held_frame(reader);
		if (!is_printed_again(reader))
			give_out_stack(reader);
		else if (reader->details)
			give_details(reader);
	}
	reset_stack(reader);
}

void stack_reader_flush(struct stack_reader *reader)
{
	give_held_frame(reader);
	reader->before.count = 0;
	reader->selected = (struct stack_thread){ 0 };
	reset_stack(reader);
}

static bool is_evaluator(const struct native_frame *native)
{
	return native->class == CLASS_EVALUATOR;
}

/* python-gdb prints a frame object wherever it is an argument: of the evaluator, of its wrapper
 * (PyEval_EvalFrameEx of 3.6 to 3.8) and of functions that the evaluator calls (PyTraceBack_Here).
 * It is one Python frame and belongs to the evaluator nearest to the leaf. */
static void add_annotation(struct stack_reader *reader, struct native_frame *native,
                           struct span args)
{
	struct native_frame *owner = &reader->native.frames[reader->last_owner];
	struct py_text text;

	if (!py_frame_find(args, &text))
		return;
	if (text.addr && text.addr == reader->last_addr) {
		if (owner->py_count != 1 || owner->py_first + 1 != reader->owned.count ||
		    is_evaluator(owner) || !is_evaluator(native))
			return;
		native->py_first = owner->py_first;
		owner->py_count = 0;
	} else {
		reader->below = BELOW_NATIVE;
		stack_reader_add_python(reader, &text);
		reader->annotations++;
		reader->last_addr = text.addr;
	}
	native->py_count = 1;
	reader->last_owner = (size_t)(native - reader->native.frames);
}

/* Ends the stack if the frame begins a new one. */
static void order_frame(struct stack_reader *reader, uint32_t number, size_t indent)
{
	bool directly = reader->below != BELOW_NOTHING;

	if (frame_order_take(&reader->order, number, indent, directly, reader->paused))
		return;
	stack_reader_end(reader, false);
	frame_order_take(&reader->order, number, indent, false, false);
}

/* Adds a frame, which the caller fills. In a stack that is too long it replaces the one nearest to
 * the leaf of those nearest to the root. */
static struct native_frame *add_frame(struct stack_reader *reader)
{
	struct native_list *list = &reader->native;

	if (list->count < RAW_STACK_FRAMES_MAX) {
		reader->last = list->count;
		return native_list_add(list);
	}
	reader->last = HALF_MAX + reader->beyond++ % HALF_MAX;
	return &list->frames[reader->last];
}

/* "fn 0x1fcd40": the place in the function is all that is known of it. */
static bool has_start(const struct native_frame *native)
{
	return native->nameless && native->name && !native->file;
}

/* The suffixes in " [clone .part.0]" are those of the symbol. */
static void take_clones(struct stack_reader *reader, const struct gdb_frame *frame,
                        struct native_frame *native)
{
	struct buf symbol = { 0 };

	native->part |= symbol_suffix_is_part(frame->clones);
	buf_printf(&symbol, "%.*s %.*s", SPAN_ARG(intern_get(reader->intern, native->symbol)),
	           SPAN_ARG(span_trim(frame->clones)));
	native->symbol = intern_add_clean(reader->intern, buf_span(&symbol));
	buf_deinit(&symbol);
}

bool stack_reader_add_native(struct stack_reader *reader, const struct gdb_frame *frame,
                             size_t indent)
{
	const struct address_range *range = NULL;
	const struct function_facts *facts;
	struct native_frame *native;
	bool first;

	order_frame(reader, frame->number, indent);
	first = reader->native.count == 0;
	reader->below = BELOW_NOTHING;
	native = add_frame(reader);
	facts = function_facts_get(&reader->facts, intern_add_clean(reader->intern, frame->name));
	*native = (struct native_frame){
		.number = frame->number,
		.name = facts->name,
		.symbol = facts->symbol,
		.file = intern_add_clean(reader->intern, frame->file),
		.module = intern_add_clean(reader->intern, frame->module),
		.line = frame->line,
		.has_addr = frame->has_addr,
		.nameless = facts->nameless,
		.part = facts->part,
		.owner = facts->owner,
		.class = facts->class,
		.addr = frame->addr,
		.place = UINT64_MAX,
		.special = frame->special,
		.py_first = (uint32_t)reader->owned.count,
	};
	if (frame->clones.len)
		take_clones(reader, frame, native);
	if (frame->has_addr && reader->map->count)
		range = address_map_find(reader->map, reader->thread.pid, frame->addr);
	if (range) {
		native->module = range->path;
		native->place = address_map_place(reader->map, range, frame->addr);
		if (has_start(native) && native->place <= UINT32_MAX)
			native->line = (uint32_t)native->place;
	}
	if (frame->args.len) {
		native->detail = intern_detail(reader, frame->args);
		add_annotation(reader, native, frame->args);
	}
	reader->below = BELOW_NATIVE;
	reader->run_first = reader->owned.count;
	return first;
}

void stack_reader_add_python(struct stack_reader *reader, const struct py_text *text)
{
	struct py_frame frame = {
		.name = intern_add_clean(reader->intern, text->name),
		.file = intern_add_clean(reader->intern, text->file),
		.line = text->line,
		.native_number = text->number,
	};

	if (text->number == RAW_STACK_NO_NUMBER &&
	    (reader->below == BELOW_NATIVE || reader->below == BELOW_OWNED)) {
		py_list_add(&reader->owned, &frame);
		reader->native.frames[reader->last].py_count++;
		reader->below = BELOW_OWNED;
		return;
	}
	py_list_add(&reader->loose, &frame);
	reader->below = BELOW_LOOSE;
}

static void add_more_python(struct stack_reader *reader, uint32_t name)
{
	struct py_frame frame = { .name = name, .native_number = RAW_STACK_NO_NUMBER };

	if (reader->below != BELOW_NATIVE && reader->below != BELOW_OWNED) {
		py_list_add(&reader->loose, &frame);
		reader->below = BELOW_LOOSE;
		return;
	}
	py_list_add(&reader->owned, &frame);
	reader->native.frames[reader->last].py_count++;
	reader->below = BELOW_OWNED;
}

void stack_reader_add_more(struct stack_reader *reader, uint64_t count, bool python)
{
	uint32_t name = intern_more(reader, count);
	uint32_t number = reader->native.count ? reader->native.frames[reader->last].number : 0;

	if (python) {
		add_more_python(reader, name);
		return;
	}
	*add_frame(reader) = (struct native_frame){
		.number = number,
		.name = name,
		.place = UINT64_MAX,
		.py_first = (uint32_t)reader->owned.count,
	};
	reader->below = BELOW_NOTHING;
}

void stack_reader_set_code(struct stack_reader *reader, uint32_t first_line, bool ruby)
{
	struct py_list *list = reader->below == BELOW_LOOSE ? &reader->loose : &reader->owned;

	if (reader->below == BELOW_NOTHING || !list->count)
		return;
	if (reader->below == BELOW_NATIVE && !reader->native.frames[reader->last].py_count)
		return;
	list->frames[list->count - 1].first_line = first_line;
	list->frames[list->count - 1].ruby = ruby;
}

void stack_reader_begin_python(struct stack_reader *reader)
{
	if (reader->loose.count)
		stack_reader_end(reader, false);
	reader->below = BELOW_NOTHING;
}

bool stack_reader_take_source(struct stack_reader *reader)
{
	struct native_frame *native;

	if (reader->below == BELOW_LOOSE)
		return true;
	if (reader->below != BELOW_OWNED)
		return false;
	/* A py-bt block without its first line: the run's frames do not belong to the native
	 * frame. */
	native = &reader->native.frames[reader->last];
	for (size_t i = reader->run_first; i < reader->owned.count; i++)
		py_list_add(&reader->loose, &reader->owned.frames[i]);
	native->py_count -= (uint32_t)(reader->owned.count - reader->run_first);
	reader->owned.count = reader->run_first;
	reader->below = BELOW_LOOSE;
	return true;
}

void stack_reader_break(struct stack_reader *reader)
{
	reader->below = BELOW_NOTHING;
}

void stack_reader_prompt(struct stack_reader *reader)
{
	reader->below = BELOW_NOTHING;
	reader->stopped = false;
	reader->paused = reader->native.count > 0;
}
