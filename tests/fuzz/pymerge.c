/* Merges arbitrary stacks, also some that no text can produce: no frame is lost or repeated, the
 * result is never empty.
 *
 * The input is a program. Each byte is a native frame of some class, a Python frame of the last
 * native frame, a loose Python frame, or the end of a stack. Each native frame has a distinct line
 * and each Python frame a distinct first line, which identify it in the result. */
#include "tests/fuzz/oracle.h"

#include <string.h>

#include "merger/build/pymerge.h"
#include "merger/parse/function_facts.h"

#define FRAMES_MAX 4096

static const char *const names[] = {
	"work",
	"_PyEval_EvalFrameDefault",
	"PyEval_EvalFrameEx",
	"_PyEval_EvalFrameDefault.cold",
	"_PyFunction_Vectorcall",
	"Py_BytesMain",
	"main",
	"__libc_start_main",
	"_start",
	"",
	"list_sort",
	"_TAIL_CALL_CALL_LIST_APPEND",
	"PyEval_EvalFrameEx.part.7",
	"list_sort.part.0",
	"fn 0x10",
	"",
};

struct program {
	struct intern *intern;
	struct function_facts_table facts;
	struct native_frame native[FRAMES_MAX];
	struct py_frame py[FRAMES_MAX], loose[FRAMES_MAX];
	struct raw_stack stack;
	size_t loose_count;
	bool glue;
};

static uint32_t intern_word(struct program *program, const char *text)
{
	return intern_add_clean(program->intern, span_of(text));
}

static void add_op_native(struct program *program, uint8_t op)
{
	struct raw_stack *stack = &program->stack;
	const struct function_facts *facts =
	        function_facts_get(&program->facts, intern_word(program, names[op & 15]));

	if (stack->native_count == FRAMES_MAX)
		return;
	program->native[stack->native_count] = (struct native_frame){
		.number = (uint32_t)stack->native_count,
		.name = facts->name,
		.symbol = facts->symbol,
		.nameless = facts->nameless,
		.part = facts->part,
		.class = facts->class,
		.module = op & 16 ? intern_word(program, "/lib/libpython3.so") : 0,
		.line = (uint32_t)stack->native_count + 1,
		.has_addr = op & 32,
		.addr = op,
		.place = op & 16 ? op : UINT64_MAX,
		.special = (op & 15) == 15 ? NATIVE_SIGNAL : NATIVE_PLAIN,
		.py_first = (uint32_t)stack->py_count,
	};
	stack->native_count++;
}

static struct py_frame make_op_python(struct program *program, uint8_t op, size_t id)
{
	return (struct py_frame){
		.name = intern_word(program, op & 1 ? "f" : "g"),
		.file = intern_word(program, op & 2 ? "/srv/a.py" : "/srv/b.py"),
		.first_line = (uint32_t)id + 1,
		.native_number = RAW_STACK_NO_NUMBER,
	};
}

static void add_op_python(struct program *program, uint8_t op)
{
	struct raw_stack *stack = &program->stack;
	bool loose = op & 4 || !stack->native_count;

	if (stack->py_count + program->loose_count == FRAMES_MAX)
		return;
	if (loose) {
		program->loose[program->loose_count] =
		        make_op_python(program, op, FRAMES_MAX + program->loose_count);
		program->loose_count++;
		return;
	}
	program->py[stack->py_count] = make_op_python(program, op, stack->py_count);
	stack->py_count++;
	program->native[stack->native_count - 1].py_count++;
}

/* The number of frames with this id in the result. */
static size_t count_frames(const struct frame *frames, size_t count, enum frame_kind kind,
                           uint32_t id)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += frames[i].kind == kind &&
		         (kind == FRAME_PYTHON ? frames[i].first_line : frames[i].line) == id;
	return found;
}

/* In the result a frame is nearer to the root than those that it calls. */
static void check_order(const struct frame *frames, size_t count)
{
	uint32_t line = UINT32_MAX, owned = UINT32_MAX, loose = UINT32_MAX;

	for (size_t i = 0; i < count; i++) {
		uint32_t *last = frames[i].kind == FRAME_NATIVE      ? &line
		                 : frames[i].first_line > FRAMES_MAX ? &loose
		                                                     : &owned;
		uint32_t id =
		        frames[i].kind == FRAME_NATIVE ? frames[i].line : frames[i].first_line;

		CHECK(id < *last, "frame %zu of %zu is out of order", i, count);
		*last = id;
	}
}

/* Python frames that both annotations and py-bt list are in the result once: then all of one of the
 * two lists are missing. */
static void check_python(const struct raw_stack *stack, const struct frame *frames, size_t count)
{
	size_t owned = 0, loose = 0, all_loose = stack->py_count - stack->loose_first;

	for (size_t i = 0; i < stack->py_count; i++) {
		size_t found = count_frames(frames, count, FRAME_PYTHON, stack->py[i].first_line);

		CHECK(found <= 1, "Python frame %zu comes %zu times", i, found);
		*(i < stack->loose_first ? &owned : &loose) += found;
	}
	CHECK(owned == 0 || owned == stack->loose_first, "%zu of %zu owned", owned,
	      stack->loose_first);
	CHECK(loose == 0 || loose == all_loose, "%zu of %zu loose", loose, all_loose);
	CHECK(!stack->py_count || owned + loose, "no Python frame is left");
	if (owned + loose < stack->py_count)
		CHECK(stack->loose_first && all_loose, "frames are missing that nothing repeats");
}

/* A frame that calls its own part can be left out: the part stands for it. */
static bool calls_part(const struct raw_stack *stack, size_t i)
{
	return i > 0 && stack->native[i - 1].part &&
	       stack->native[i - 1].name == stack->native[i].name;
}

/* Native frames that are neither hidden nor replaced are in the result. */
static void check_native(const struct program *program, const struct frame *frames, size_t count)
{
	const struct raw_stack *stack = &program->stack;

	for (size_t i = 0; i < stack->native_count; i++) {
		const struct native_frame *native = &stack->native[i];
		size_t found = count_frames(frames, count, FRAME_NATIVE, native->line);
		struct span name = intern_get(program->intern, native->name);

		CHECK(found <= 1, "native frame %zu comes %zu times", i, found);
		if (span_eq(name, SPAN_LIT("work")) || span_eq(name, SPAN_LIT("list_sort")) ||
		    native->special == NATIVE_SIGNAL)
			CHECK(found == 1 || native->py_count || calls_part(stack, i),
			      "native frame %zu is lost", i);
	}
}

static void end_op_stack(struct program *program, struct pymerge *pymerge)
{
	struct raw_stack *stack = &program->stack;
	const struct frame *frames;
	size_t count;
	enum merge_quality quality;

	stack->native = program->native;
	stack->py = program->py;
	stack->loose_first = stack->py_count;
	memcpy(program->py + stack->py_count, program->loose,
	       program->loose_count * sizeof(*program->py));
	stack->py_count += program->loose_count;
	quality = pymerge_stack(pymerge, stack, &frames, &count);
	CHECK(count > 0, "an empty stack");
	CHECK(quality < QUALITY_COUNT, "mark %d", quality);
	if (stack->lost || (!stack->native_count && !stack->py_count)) {
		CHECK(quality == QUALITY_LOST && count == 1 && frames[0].kind == FRAME_LOST,
		      "mark %d", quality);
	} else {
		CHECK(quality != QUALITY_LOST, "lost, with frames");
		CHECK(stack->py_count || quality == QUALITY_NATIVE_ONLY,
		      "mark %d without Python frames", quality);
		CHECK(stack->native_count || quality == QUALITY_PYTHON_ONLY,
		      "mark %d without native frames", quality);
		check_python(stack, frames, count);
		check_native(program, frames, count);
		check_order(frames, count);
	}
	*stack = (struct raw_stack){ 0 };
	program->loose_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct pymerge *pymerge;

	program.intern = intern_create();
	program.facts = (struct function_facts_table){ .intern = program.intern };
	program.stack = (struct raw_stack){ 0 };
	program.loose_count = 0;
	program.glue = size & 1;
	pymerge = pymerge_create(program.intern, &(struct pymerge_options){ .glue = program.glue });
	if (size & 2)
		pymerge_add_python_module(pymerge, intern_word(&program, "/lib/libpython3.so"));
	for (size_t i = 0; i < size && i < FRAMES_MAX; i++) {
		uint8_t op = data[i];

		if (op == 0xff)
			program.stack.lost = intern_word(&program, "why");
		else if (op >= 0xf8)
			end_op_stack(&program, pymerge);
		else if (op & 64)
			add_op_python(&program, op);
		else
			add_op_native(&program, op);
	}
	end_op_stack(&program, pymerge);
	pymerge_destroy(pymerge);
	function_facts_deinit(&program.facts);
	intern_destroy(program.intern);
	return 0;
}
