#include "merger/parse/text_look.h"

#include <stdlib.h>

#include "merger/base/hash_index.h"
#include "merger/parse/frame_lists.h"
#include "merger/parse/function_class.h"
#include "merger/parse/python_owners.h"

/* Limits on the search for the thread of a stack that does not name it, and on their number in one
 * look, so that text without any thread's name takes linear time. */
#define SEARCH_MAX 256
#define UNNAMED_MAX 64

/* Which commands have printed a stack, as bits. */
enum pass {
	PASS_NATIVE = 1,       /* bt */
	PASS_PYTHON = 2,       /* py-bt */
	PASS_SHIFT_FULL = 2,   /* bt full */
	PASS_SHIFT_HEADED = 4, /* thread apply all */
};

struct look_thread {
	struct stack_thread thread;
	struct native_list native;
	struct py_list owned, loose;
	unsigned passes, last_pass;
	uint64_t prompts; /* the number of prompts before the last pass */
	bool mixed;       /* native and Python frames are from different passes */
	bool again;       /* the last pass has printed it as an earlier one had */
};

struct text_look {
	struct intern *intern;
	text_look_emit *emit;
	void *ctx;
	struct look_thread *threads;
	size_t count, cap;
	struct hash_index by_tid, by_number;
	size_t unnamed;   /* threads without tid and number */
	uint64_t prompts; /* before the last stack */
	/* over stacks that do not name their thread, since the last prompt before one */
	unsigned bare_passes;
	uint64_t bare_prompts;
	bool ends; /* with the next stack */
	struct py_list spare;
};

struct text_look *text_look_create(struct intern *intern, text_look_emit *emit, void *ctx)
{
	struct text_look *look = alloc_zeroed(1, sizeof(*look));

	look->intern = intern;
	look->emit = emit;
	look->ctx = ctx;
	return look;
}

static void free_thread(struct look_thread *row)
{
	free(row->native.frames);
	free(row->owned.frames);
	free(row->loose.frames);
}

void text_look_destroy(struct text_look *look)
{
	if (!look)
		return;
	for (size_t i = 0; i < look->count; i++)
		free_thread(&look->threads[i]);
	free(look->threads);
	free(look->spare.frames);
	hash_index_deinit(&look->by_tid);
	hash_index_deinit(&look->by_number);
	free(look);
}

static bool is_named(const struct stack_thread *thread)
{
	return thread->tid || thread->number;
}

static bool may_be_equal(uint32_t a, uint32_t b)
{
	return !a || !b || a == b;
}

static bool is_same_thread(const struct stack_thread *a, const struct stack_thread *b)
{
	return may_be_equal(a->tid, b->tid) && may_be_equal(a->number, b->number) &&
	       may_be_equal(a->pid, b->pid);
}

static struct look_thread *find_key(const struct text_look *look, const struct hash_index *index,
                                    uint32_t key, const struct stack_thread *thread)
{
	uint32_t hash = hash_index_hash(hash_index_start(key)), found;
	size_t at = hash;

	while (key && (found = hash_index_next(index, hash, &at)) != HASH_INDEX_NONE)
		if (is_same_thread(&look->threads[found].thread, thread))
			return &look->threads[found];
	return NULL;
}

static void add_key(struct hash_index *index, uint32_t key, size_t at)
{
	if (key)
		hash_index_add(index, hash_index_hash(hash_index_start(key)), (uint32_t)at);
}

/* Takes over what the stack knows of its thread. */
static void name_thread(struct text_look *look, struct look_thread *row,
                        const struct stack_thread *thread)
{
	size_t at = (size_t)(row - look->threads);

	look->unnamed -= !is_named(&row->thread) && is_named(thread);
	add_key(&look->by_tid, row->thread.tid ? 0 : thread->tid, at);
	add_key(&look->by_number, row->thread.number ? 0 : thread->number, at);
	row->thread.tid = row->thread.tid ? row->thread.tid : thread->tid;
	row->thread.number = row->thread.number ? row->thread.number : thread->number;
	row->thread.pid = row->thread.pid ? row->thread.pid : thread->pid;
	row->thread.name = row->thread.name ? row->thread.name : thread->name;
	row->thread.note = thread->note ? thread->note : row->thread.note;
	row->thread.handle = thread->handle ? thread->handle : row->thread.handle;
	row->thread.builtin = thread->builtin ? thread->builtin : row->thread.builtin;
}

static struct native_list view_native(const struct raw_stack *stack)
{
	return (struct native_list){ stack->native, stack->native_count, 0 };
}

static struct py_list view_loose(const struct raw_stack *stack)
{
	return (struct py_list){ stack->py_count ? stack->py + stack->loose_first : NULL,
		                 stack->py_count - stack->loose_first, 0 };
}

static unsigned find_passes(const struct raw_stack *stack)
{
	unsigned passes = (stack->native_count ? PASS_NATIVE : 0) |
	                  (stack->py_count > stack->loose_first ? PASS_PYTHON : 0);

	return passes << (stack->full ? PASS_SHIFT_FULL : 0)
	              << (stack->headed ? PASS_SHIFT_HEADED : 0);
}

/* True if the stack has nothing else than the thread had at the same time. */
static bool is_of_look(const struct look_thread *row, const struct raw_stack *stack)
{
	struct native_list native = view_native(stack);
	struct py_list loose = view_loose(stack);

	return (native_list_covers(&row->native, &native) ||
	        native_list_covers(&native, &row->native)) &&
	       (py_list_covers(&row->loose, &loose) || py_list_covers(&loose, &row->loose));
}

/* The frames that have a function, a file, or Python frames. */
static size_t count_known(const struct native_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += (list->frames[i].name != 0) + (list->frames[i].file != 0) +
		         (list->frames[i].py_count != 0);
	return count;
}

static void copy_native(struct look_thread *row, const struct raw_stack *stack)
{
	struct native_list *list = &row->native;

	list->count = stack->native_count;
	list->frames = alloc_grow(list->frames, &list->cap, list->count, sizeof(*list->frames));
	if (list->count)
		memcpy(list->frames, stack->native, list->count * sizeof(*list->frames));
	row->owned.count = 0;
	for (size_t i = 0; i < stack->loose_first; i++)
		py_list_add(&row->owned, &stack->py[i]);
}

static void copy_loose(struct look_thread *row, const struct py_list *loose)
{
	row->loose.count = 0;
	for (size_t i = 0; i < loose->count; i++)
		py_list_add(&row->loose, &loose->frames[i]);
}

/* Details that only this pass has. A frame's arguments are the same in all passes, so the longer
 * one has a source line. */
static void take_details(struct text_look *look, struct look_thread *row,
                         const struct raw_stack *stack)
{
	size_t at = 0;

	for (size_t i = 0; i < stack->native_count; i++) {
		const struct native_frame *frame = &stack->native[i];

		if (!frame->detail)
			continue;
		while (at < row->native.count &&
		       !native_frame_is_same(&row->native.frames[at], frame))
			at++;
		if (at == row->native.count)
			return;
		if (intern_get(look->intern, frame->detail).len >
		    intern_get(look->intern, row->native.frames[at].detail).len)
			row->native.frames[at].detail = frame->detail;
	}
}

static void take_stack(struct text_look *look, struct look_thread *row,
                       const struct raw_stack *stack)
{
	struct native_list native = view_native(stack);
	struct py_list loose = view_loose(stack);
	unsigned passes = find_passes(stack);
	bool new_native = native.count > row->native.count ||
	                  (native.count == row->native.count &&
	                   count_known(&native) > count_known(&row->native));
	bool new_loose = loose.count > row->loose.count;

	if (new_native)
		copy_native(row, stack);
	else
		take_details(look, row, stack);
	if (new_loose)
		copy_loose(row, &loose);
	if (new_native || new_loose)
		row->mixed = new_native != new_loose;
	name_thread(look, row, &stack->thread);
	row->again = row->passes & passes;
	row->last_pass = passes;
	row->passes |= passes;
	row->prompts = look->prompts;
	if (is_named(&stack->thread))
		return;
	look->bare_passes = passes | (look->bare_prompts == look->prompts ? look->bare_passes : 0);
	look->bare_prompts = look->prompts;
}

static struct look_thread *add_thread(struct text_look *look, const struct stack_thread *thread)
{
	struct look_thread *row;

	look->threads =
	        alloc_grow(look->threads, &look->cap, look->count + 1, sizeof(*look->threads));
	row = &look->threads[look->count++];
	*row = (struct look_thread){ .thread = *thread };
	row->thread.tid = row->thread.number = 0;
	look->unnamed++;
	return row;
}

/* True if both have native frames, and those of one are part of those of the other. */
static bool shares_frames(const struct look_thread *row, const struct raw_stack *stack)
{
	return row->native.count && stack->native_count && is_of_look(row, stack);
}

/* The thread of a stack that names it: by its ids, or else one without ids that has its frames. */
static struct look_thread *find_named(const struct text_look *look, const struct raw_stack *stack)
{
	const struct stack_thread *thread = &stack->thread;
	struct look_thread *row = find_key(look, &look->by_tid, thread->tid, thread);

	if (!row)
		row = find_key(look, &look->by_number, thread->number, thread);
	for (size_t i = 0; !row && look->unnamed && i < look->count && i < SEARCH_MAX; i++)
		if (!is_named(&look->threads[i].thread) && shares_frames(&look->threads[i], stack))
			row = &look->threads[i];
	return row;
}

/* The thread of a stack that does not name it: the one of the stack before, if that has no name
 * either and only frames of the other kind, or else one that has its frames. */
static struct look_thread *find_unnamed(const struct text_look *look, const struct raw_stack *stack)
{
	struct look_thread *last = look->count ? &look->threads[look->count - 1] : NULL;

	if (!last)
		return NULL;
	if (!is_named(&last->thread) && is_of_look(last, stack))
		return last;
	for (size_t i = 0; i < look->count && i < SEARCH_MAX; i++)
		if (shares_frames(&look->threads[look->count - 1 - i], stack))
			return &look->threads[look->count - 1 - i];
	return NULL;
}

static size_t count_evaluators(const struct native_list *native)
{
	size_t count = 0;

	for (size_t i = 0; i < native->count; i++)
		count += native->frames[i].class == CLASS_EVALUATOR;
	return count;
}

/* Native frames of the interpreter without Python frames. */
static bool is_native_half(const struct look_thread *row)
{
	return !row->owned.count && !row->loose.count && count_evaluators(&row->native);
}

static bool is_python_half(const struct look_thread *row)
{
	return !row->native.count && row->loose.count;
}

/* The other half of a thread without a name: the only one, or else that of thread 1, which gdb
 * selects first. NULL: none, or it is not clear which. */
static struct look_thread *find_half(const struct text_look *look, bool python)
{
	struct look_thread *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < look->count; i++) {
		struct look_thread *row = &look->threads[i];

		if (!is_named(&row->thread) ||
		    !(python ? is_python_half(row) : is_native_half(row)))
			continue;
		if (row->thread.number == 1)
			return row;
		found = row;
		count++;
	}
	return count == 1 ? found : NULL;
}

static void move_python(struct text_look *look, struct look_thread *to, struct look_thread *from)
{
	struct py_list empty = to->loose;

	if (count_evaluators(&to->native) > from->loose.count + 1)
		return; /* They are not of one thread. */
	to->loose = from->loose;
	to->mixed = true;
	from->loose = empty;
	name_thread(look, to, &from->thread);
}

/* Cheap test: true if there may be two halves of a thread. */
static bool may_have_halves(const struct text_look *look)
{
	if (!look->unnamed || look->unnamed == look->count)
		return false;
	for (size_t i = 0; i < look->count; i++)
		if (is_python_half(&look->threads[i]))
			return true;
	return false;
}

/* Joins the native and the Python frames of a thread of which only one pass gives the name. */
static void join_halves(struct text_look *look)
{
	struct look_thread *half = NULL, *other;

	for (size_t i = 0; i < look->count; i++) {
		struct look_thread *row = &look->threads[i];

		if (is_named(&row->thread) || !(is_python_half(row) || is_native_half(row)))
			continue;
		if (half)
			return;
		half = row;
	}
	other = half ? find_half(look, !is_python_half(half)) : NULL;
	if (!other)
		return;
	if (is_python_half(half))
		move_python(look, other, half);
	else
		move_python(look, half, other);
}

static void give_thread(struct text_look *look, struct look_thread *row)
{
	struct raw_stack stack = { .thread = row->thread };

	if (!row->native.count && !row->loose.count)
		return; /* It was joined to another one. */
	if (row->mixed)
		python_owners_assign(&row->native, &row->owned, &row->loose, &look->spare);
	stack.loose_first = row->owned.count;
	for (size_t i = 0; i < row->loose.count; i++)
		py_list_add(&row->owned, &row->loose.frames[i]);
	stack.native = row->native.frames;
	stack.native_count = row->native.count;
	stack.py = row->owned.frames;
	stack.py_count = row->owned.count;
	look->emit(look->ctx, &stack);
	row->owned.count = stack.loose_first;
}

/* Gives out all stacks. Keeps those that the current pass has printed again, if it is the first
 * pass of the next look. */
static void end_look(struct text_look *look, bool keep)
{
	size_t count = look->count;

	if (may_have_halves(look))
		join_halves(look);
	hash_index_deinit(&look->by_tid);
	hash_index_deinit(&look->by_number);
	look->count = look->unnamed = 0;
	look->bare_passes = 0;
	for (size_t i = 0; i < count; i++) {
		struct look_thread row = look->threads[i];
		struct stack_thread thread = row.thread;

		give_thread(look, &row);
		if (!keep || !row.again || row.prompts != look->prompts) {
			free_thread(&row);
			continue;
		}
		row.passes = row.last_pass;
		row.again = false;
		row.thread.tid = row.thread.number = 0;
		look->threads[look->count++] = row;
		look->unnamed++;
		name_thread(look, &look->threads[look->count - 1], &thread);
	}
}

/* After "thread apply", old gdbs print the #0 of the selected thread. */
static bool is_lone_frame(const struct look_thread *row, const struct raw_stack *stack)
{
	return !stack->headed && stack->native_count == 1 && row->native.count > 1;
}

/* True if the text of another run of gdb begins with this stack: the same command has printed it,
 * and there was no prompt since. */
static bool begins_run(const struct text_look *look, const struct look_thread *row,
                       const struct raw_stack *stack)
{
	unsigned passes = find_passes(stack);

	if (row && is_lone_frame(row, stack))
		return false;
	if (row && row->prompts == look->prompts && (row->passes & passes))
		return true;
	return !is_named(&stack->thread) && look->bare_prompts == look->prompts &&
	       (look->bare_passes & passes);
}

static struct look_thread *find_thread(const struct text_look *look, const struct raw_stack *stack)
{
	return is_named(&stack->thread) ? find_named(look, stack) : find_unnamed(look, stack);
}

void text_look_add(struct text_look *look, const struct raw_stack *stack)
{
	struct look_thread *row = find_thread(look, stack);

	look->prompts = stack->prompts;
	if (begins_run(look, row, stack)) {
		end_look(look, false);
		row = NULL;
	} else if (row && !is_of_look(row, stack)) {
		end_look(look, true);
		row = find_thread(look, stack);
	} else if (!row && look->unnamed >= UNNAMED_MAX) {
		end_look(look, false);
	}
	if (!row)
		row = add_thread(look, &stack->thread);
	take_stack(look, row, stack);
	if (look->ends)
		text_look_end(look, false);
}

void text_look_add_details(struct text_look *look, const struct raw_stack *stack)
{
	struct look_thread *row = find_thread(look, stack);

	if (row)
		take_details(look, row, stack);
}

void text_look_end(struct text_look *look, bool in_stack)
{
	look->ends = in_stack;
	if (!in_stack)
		end_look(look, false);
}
