#include "merger/build/pymerge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/parse/function_class.h"

/* How one native frame is merged. */
struct place {
	enum function_class class;
	bool evaluator;
	bool callee;       /* a named frame is nearer to the leaf, with no evaluator between */
	bool shown_callee; /* one that is shown */
	bool served;       /* nameless, and not shown: other frames stand for it */
	uint32_t owner;    /* the function that stands in its place, by its name; 0: none */
	uint32_t py_first, py_count; /* the Python frames that replace it, leaf first */
};

struct pymerge {
	struct intern *intern;
	struct pymerge_options options;
	uint8_t *modules; /* by intern id: flags; 0: unknown yet */
	size_t module_cap;
	struct place *places; /* by native frame of the current stack */
	size_t place_cap;
	bool nameless;        /* the current stack has native frames without a name */
	struct frame *frames; /* the merged stack */
	size_t count, cap;
};

struct pymerge *pymerge_create(struct intern *intern, const struct pymerge_options *options)
{
	struct pymerge *pymerge = alloc_zeroed(1, sizeof(*pymerge));

	pymerge->intern = intern;
	pymerge->options = *options;
	return pymerge;
}

void pymerge_destroy(struct pymerge *pymerge)
{
	if (!pymerge)
		return;
	free(pymerge->modules);
	free(pymerge->places);
	free(pymerge->frames);
	free(pymerge);
}

/* What a module is, in pymerge->modules. */
enum {
	MODULE_KNOWN = 1,
	MODULE_PYTHON = 2, /* the interpreter, or an extension module */
	MODULE_LIBC = 4,
};

/* glibc (libpthread: up to 2.33), musl */
static bool is_libc(struct span file)
{
	static const struct span prefixes[] = { SPAN_INIT("libc.so"), SPAN_INIT("libc-"),
		                                SPAN_INIT("libpthread"), SPAN_INIT("ld-musl"),
		                                SPAN_INIT("libc.musl") };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (span_starts(file, prefixes[i]))
			return true;
	return false;
}

/* The flags of a module, an intern id. */
static uint8_t *find_module(struct pymerge *pymerge, uint32_t module)
{
	size_t cap = pymerge->module_cap;
	uint8_t *flags;

	pymerge->modules =
	        alloc_grow(pymerge->modules, &pymerge->module_cap, (size_t)module + 1, 1);
	memset(pymerge->modules + cap, 0, pymerge->module_cap - cap);
	flags = &pymerge->modules[module];
	if (!*flags)
		*flags = MODULE_KNOWN |
		         (is_libc(span_basename(intern_get(pymerge->intern, module))) ? MODULE_LIBC
		                                                                      : 0);
	return flags;
}

void pymerge_add_python_module(struct pymerge *pymerge, uint32_t module)
{
	*find_module(pymerge, module) |= MODULE_PYTHON;
}

static bool has_name_prefix(const struct pymerge *pymerge, uint32_t id, const char *name)
{
	struct span s = intern_get(pymerge->intern, id);

	return span_starts(s, span_of(name));
}

/* True if frame i and a neighbour are of one evaluator. Up to 3.5 PyEval_EvalFrameEx is the eval
 * loop; since 3.6 it may be a separate frame that only calls the loop. In builds with tail calls
 * (3.14) the current instruction is a function that _PyEval_EvalFrameDefault has called. */
static bool is_part_of_evaluator(struct pymerge *pymerge, const struct raw_stack *stack, size_t i)
{
	uint32_t name = stack->native[i].name;

	if (has_name_prefix(pymerge, name, "PyEval_EvalFrameEx"))
		return i > 0 && has_name_prefix(pymerge, stack->native[i - 1].name,
		                                "_PyEval_EvalFrameDefault");
	return has_name_prefix(pymerge, name, "_TAIL_CALL_") && i + 1 < stack->native_count &&
	       has_name_prefix(pymerge, stack->native[i + 1].name, "_PyEval_EvalFrameDefault");
}

/* Fills pymerge->places and returns the number of evaluators. *paired is the number of native
 * frames whose Python frames the text shows. */
static size_t find_evaluators(struct pymerge *pymerge, const struct raw_stack *stack,
                              size_t *paired)
{
	size_t evaluators = 0;

	*paired = 0;
	pymerge->nameless = false;
	pymerge->places = alloc_grow(pymerge->places, &pymerge->place_cap, stack->native_count,
	                             sizeof(*pymerge->places));
	for (size_t i = 0; i < stack->native_count; i++) {
		const struct native_frame *native = &stack->native[i];
		struct place *place = &pymerge->places[i];

		*place = (struct place){ .class = (enum function_class)native->class,
			                 .py_first = native->py_first,
			                 .py_count = native->py_count };
		if (place->class == CLASS_EVALUATOR && !native->py_count &&
		    is_part_of_evaluator(pymerge, stack, i))
			place->class = CLASS_GLUE;
		place->evaluator = place->class == CLASS_EVALUATOR || native->py_count > 0;
		evaluators += place->evaluator;
		*paired += native->py_count > 0;
		pymerge->nameless |= native->nameless;
	}
	return evaluators;
}

/* Assigns the loose Python frames to the evaluators, from the root, one each. The evaluator nearest
 * to the leaf gets all that are left. */
static enum merge_quality pair_by_count(struct pymerge *pymerge, const struct raw_stack *stack,
                                        size_t evaluators)
{
	size_t left = stack->py_count - stack->loose_first;
	size_t py = stack->py_count, to_go = evaluators;
	bool certain = evaluators == 1 || left == evaluators || left + 1 == evaluators;

	for (size_t i = stack->native_count; i > 0 && left; i--) {
		struct place *place = &pymerge->places[i - 1];

		if (!place->evaluator)
			continue;
		place->py_count = --to_go ? 1 : left;
		py -= place->py_count;
		left -= place->py_count;
		place->py_first = py;
	}
	return certain ? QUALITY_MERGED : QUALITY_PARTIAL;
}

static bool is_same_function(const struct py_frame *a, const struct py_frame *b)
{
	return a->name == b->name && a->file == b->file;
}

/* `bt` annotations followed by `py-bt` list the same frames twice. True if all annotated frames
 * occur in the loose ones, in the same order, and the first frames of both are the same. */
static bool loose_repeats(const struct raw_stack *stack)
{
	size_t paired = 0;

	if (!stack->loose_first || !is_same_function(&stack->py[0], &stack->py[stack->loose_first]))
		return false;
	for (size_t i = stack->loose_first; i < stack->py_count && paired < stack->loose_first; i++)
		paired += is_same_function(&stack->py[paired], &stack->py[i]);
	return paired == stack->loose_first;
}

/* Checks the evaluators of a stack in which some have Python frames. One without is an error,
 * except the one nearest to the leaf: it has not pushed its frame yet or has popped it already. A
 * frame that has Python frames but the name of another function is an error too. */
static enum merge_quality check_pairs(struct pymerge *pymerge, const struct raw_stack *stack)
{
	enum merge_quality quality = QUALITY_MERGED;
	bool leafmost = true;

	for (size_t i = 0; i < stack->native_count; i++) {
		struct place *place = &pymerge->places[i];

		if (!place->evaluator)
			continue;
		if (!place->py_count && leafmost)
			place->class = CLASS_GLUE;
		else if (!place->py_count ||
		         (!stack->native[i].nameless && place->class == CLASS_OTHER))
			quality = QUALITY_PARTIAL;
		leafmost = false;
	}
	return quality;
}

static enum merge_quality pair_frames(struct pymerge *pymerge, const struct raw_stack *stack,
                                      bool *loose_apart)
{
	size_t loose = stack->py_count - stack->loose_first, paired;
	size_t evaluators = find_evaluators(pymerge, stack, &paired);
	enum merge_quality quality;

	*loose_apart = false;
	if (loose && evaluators && (!paired || (loose_repeats(stack) && loose >= evaluators))) {
		for (size_t i = 0; i < stack->native_count; i++)
			pymerge->places[i].py_count = 0;
		quality = pair_by_count(pymerge, stack, evaluators);
		return check_pairs(pymerge, stack) == QUALITY_PARTIAL ? QUALITY_PARTIAL : quality;
	}
	*loose_apart = loose && !(paired && loose_repeats(stack));
	if (*loose_apart)
		return !stack->native_count ? QUALITY_PYTHON_ONLY
		       : paired             ? QUALITY_PARTIAL
		                            : QUALITY_UNPAIRED;
	if (paired)
		return check_pairs(pymerge, stack);
	return QUALITY_NATIVE_ONLY;
}

static inline void add_frame(struct pymerge *pymerge, struct frame frame)
{
	pymerge->frames[pymerge->count++] = frame;
}

/* Adds py[first] .. py[first + count - 1], which are leaf first, in the order root first. */
static void add_python(struct pymerge *pymerge, const struct raw_stack *stack, size_t first,
                       size_t count)
{
	for (size_t i = first + count; i > first; i--) {
		const struct py_frame *py = &stack->py[i - 1];

		add_frame(pymerge, (struct frame){ .kind = py->ruby ? FRAME_RUBY : FRAME_PYTHON,
		                                   .name = py->name,
		                                   .file = py->file,
		                                   .line = py->line,
		                                   .first_line = py->first_line });
	}
}

static uint32_t make_native_name(struct pymerge *pymerge, const struct native_frame *native,
                                 uint32_t owner)
{
	char text[32];
	uint64_t number = native->place != UINT64_MAX ? native->place : native->addr;

	if (owner)
		return owner;
	if (native->name)
		return pymerge->options.suffixes ? native->symbol : native->name;
	if (native->special == NATIVE_SIGNAL)
		return intern_add(pymerge->intern, SPAN_LIT("<signal handler called>"));
	if (!native->has_addr)
		return intern_add(pymerge->intern, SPAN_LIT("??"));
	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return intern_add(pymerge->intern, span_of(text));
}

/* owner: as in struct place. */
static void add_native(struct pymerge *pymerge, const struct native_frame *native, uint32_t owner)
{
	add_frame(pymerge, (struct frame){ .kind = FRAME_NATIVE,
	                                   .name = make_native_name(pymerge, native, owner),
	                                   .file = native->file,
	                                   .module = native->module,
	                                   .line = native->line });
}

/* Without symbols the interpreter's functions have no names. They have the module of the evaluator
 * frames. */
struct interpreter {
	bool known;
	uint32_t module;
	size_t leafmost; /* index of the evaluator nearest to the leaf */
};

static struct interpreter find_interpreter(const struct pymerge *pymerge,
                                           const struct raw_stack *stack)
{
	for (size_t i = 0; i < stack->native_count; i++)
		if (pymerge->places[i].py_count)
			return (struct interpreter){ true, stack->native[i].module, i };
	return (struct interpreter){ false, 0, 0 };
}

static bool is_nameless(const struct native_frame *native)
{
	return native->nameless && native->special == NATIVE_PLAIN;
}

/* A run: the native frames between two evaluators, or between one and an end of the stack. What is
 * nearer to the root than the current frame: */
struct run {
	bool caller;   /* in the run: a function that is shown by its name */
	bool c_call;   /* the caller calls a function written in C */
	uint32_t name; /* in the run: the last one that is shown by its name */
	bool startup;  /* in the stack: only functions that start the thread */
};

static bool is_glue(const struct place *place)
{
	return place->class == CLASS_GLUE || place->class == CLASS_C_CALL;
}

/* Sets `callee` of the places: a frame nearer to the leaf in the same run has a name; shown_callee:
 * one that is shown. */
static void find_callees(struct pymerge *pymerge, const struct raw_stack *stack)
{
	bool named = false, shown = false;

	for (size_t i = 0; i < stack->native_count; i++) {
		struct place *place = &pymerge->places[i];
		bool has_name = !is_nameless(&stack->native[i]);

		place->callee = named;
		place->shown_callee = shown;
		named = !place->py_count && (named || has_name);
		shown = !place->py_count && (shown || (has_name && !is_glue(place)));
	}
}

/* True if other frames stand for a nameless one. In a Python module it serves the named function
 * that calls it or that it calls. What has no name between Python frames is glue, and libc calls
 * the program's main in a function that is in no table of exported symbols. */
static bool is_served(struct pymerge *pymerge, const struct raw_stack *stack, size_t i,
                      const struct run *run, struct interpreter interpreter)
{
	uint32_t module = stack->native[i].module;
	uint8_t flags = *find_module(pymerge, module);

	/* A method that has left by a tail call: its name is not on the stack. */
	if (run->c_call && !pymerge->places[i].shown_callee)
		return false;
	if (module == interpreter.module && i > interpreter.leafmost)
		return true;
	if (flags & MODULE_PYTHON || (module && module == interpreter.module))
		return run->caller || pymerge->places[i].callee;
	return run->startup && flags & MODULE_LIBC;
}

/* name: of the frame, or of the function in its place. */
static void enter_frame(struct run *run, const struct place *place, bool nameless, uint32_t name)
{
	bool shown = !nameless && !is_glue(place) && place->class != CLASS_STARTUP;

	run->c_call = place->class == CLASS_C_CALL && !place->py_count;
	run->caller = !place->py_count && (run->caller || shown);
	run->startup = run->startup && (place->served || place->class == CLASS_STARTUP);
	if (shown || place->py_count)
		run->name = place->py_count ? 0 : name;
}

/* The function that alone uses a nameless one, if it has left by a tail call: it is not on the
 * stack. 0: none. */
static uint32_t find_owner(const struct native_frame *native, const struct run *run)
{
	return native->owner != run->name ? native->owner : 0;
}

/* Sets `served` of the places. The root is always shown. */
static void find_served(struct pymerge *pymerge, const struct raw_stack *stack,
                        struct interpreter interpreter)
{
	struct run run = { .startup = true };

	find_callees(pymerge, stack);
	for (size_t i = stack->native_count - 1; i > 0; i--) {
		struct place *place = &pymerge->places[i - 1];
		const struct native_frame *native = &stack->native[i - 1];
		bool nameless = is_nameless(native);

		place->owner = nameless ? find_owner(native, &run) : 0;
		place->served = nameless && !place->owner &&
		                is_served(pymerge, stack, i - 1, &run, interpreter);
		enter_frame(&run, place, nameless && !place->owner,
		            nameless ? place->owner : native->name);
	}
}

/* True if the frame, which calls the one before it in the stack, is the same function: the compiler
 * has made two of it. */
static bool is_split(const struct raw_stack *stack, size_t i)
{
	const struct native_frame *native = &stack->native[i];

	return i > 0 && native[-1].part && !native->part && native[-1].name == native->name &&
	       native[-1].module == native->module;
}

static bool is_hidden(const struct pymerge *pymerge, const struct raw_stack *stack, size_t i,
                      struct interpreter interpreter)
{
	if (pymerge->options.glue)
		return false;
	if (is_split(stack, i))
		return true;
	if (!interpreter.known)
		return false;
	switch (pymerge->places[i].class) {
	case CLASS_GLUE:
	case CLASS_C_CALL:
		return true;
	case CLASS_STARTUP: /* a thread has the same root with and without Python frames */
		return i + 1 < stack->native_count;
	case CLASS_MAIN: /* the interpreter's main calls a start-up function */
		return i > 0 && pymerge->places[i - 1].class == CLASS_STARTUP;
	default:
		return pymerge->places[i].served;
	}
}

static void add_native_and_paired(struct pymerge *pymerge, const struct raw_stack *stack)
{
	struct interpreter interpreter = find_interpreter(pymerge, stack);

	if (interpreter.known && pymerge->nameless)
		find_served(pymerge, stack, interpreter);
	for (size_t i = stack->native_count; i > 0; i--) {
		const struct place *place = &pymerge->places[i - 1];

		if (place->py_count)
			add_python(pymerge, stack, place->py_first, place->py_count);
		else if (!is_hidden(pymerge, stack, i - 1, interpreter))
			add_native(pymerge, &stack->native[i - 1],
			           pymerge->options.glue ? 0 : place->owner);
	}
}

static void add_kernel(struct pymerge *pymerge, const struct raw_stack *stack)
{
	for (size_t i = stack->kernel_count; i > 0; i--)
		add_frame(pymerge, (struct frame){ .kind = FRAME_KERNEL,
		                                   .name = stack->kernel[i - 1].name,
		                                   .module = stack->kernel[i - 1].module });
}

/* The activity of the interpreter: from a `doing` marker, or from the functions that the last
 * evaluator has called, or from py-bt. 0: none. */
static uint32_t find_doing(struct pymerge *pymerge, const struct raw_stack *stack)
{
	if (stack->thread.doing)
		return stack->thread.doing;
	for (size_t i = 0; i < stack->native_count && !pymerge->places[i].evaluator; i++) {
		enum function_class class = pymerge->places[i].class;
		bool by_loop = i + 1 < stack->native_count && pymerge->places[i + 1].evaluator;

		if (class == CLASS_GIL_WAIT || (class == CLASS_LOCK && by_loop))
			return intern_add(pymerge->intern, SPAN_LIT("waits for the GIL"));
		if (class == CLASS_GC)
			return intern_add(pymerge->intern, SPAN_LIT("collects garbage"));
	}
	return stack->native_count ? 0 : stack->thread.note;
}

static void add_doing(struct pymerge *pymerge, const struct raw_stack *stack)
{
	uint32_t doing = find_doing(pymerge, stack);

	if (doing)
		add_frame(pymerge, (struct frame){ .kind = FRAME_MARKER, .name = doing });
}

enum merge_quality pymerge_stack(struct pymerge *pymerge, const struct raw_stack *stack,
                                 const struct frame **frames, size_t *count)
{
	enum merge_quality quality = QUALITY_LOST;
	bool loose_apart;

	pymerge->count = 0;
	/* All frames and the activity. */
	pymerge->frames =
	        alloc_grow(pymerge->frames, &pymerge->cap,
	                   stack->native_count + stack->py_count + stack->kernel_count + 1,
	                   sizeof(*pymerge->frames));
	if (stack->kernel_count) {
		add_kernel(pymerge, stack);
		quality = QUALITY_NATIVE_ONLY;
	} else if (!stack->lost && (stack->native_count || stack->py_count)) {
		quality = pair_frames(pymerge, stack, &loose_apart);
		if (loose_apart)
			add_python(pymerge, stack, stack->loose_first,
			           stack->py_count - stack->loose_first);
		add_native_and_paired(pymerge, stack);
		add_doing(pymerge, stack);
	} else {
		uint32_t why = stack->lost ? stack->lost
		                           : intern_add(pymerge->intern, SPAN_LIT("no frames"));

		add_frame(pymerge, (struct frame){ .kind = FRAME_LOST, .name = why });
	}
	*frames = pymerge->frames;
	*count = pymerge->count;
	return quality;
}
