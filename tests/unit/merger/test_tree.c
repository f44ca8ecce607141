#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/profile/tree.h"

/* A stack is written as "a:1 b:2": name and line, root first. Dots show the depth in a tree. */
static size_t frames_parse(struct intern *intern, const char *text, struct frame *ret)
{
	size_t count = 0;

	while (*text) {
		size_t len = strcspn(text, ": ");
		char *end = (char *)text + len;
		struct frame frame = {
			.name = intern_add(intern, (struct span){ text, len }),
			.kind = FRAME_PYTHON,
		};

		if (*end == ':')
			frame.line = (uint32_t)strtoul(end + 1, &end, 10);
		ret[count++] = frame;
		text = end + strspn(end, " ");
	}
	return count;
}

static void tree_print(const struct tree *tree, const struct intern *intern, struct buf *out)
{
	size_t depth = 0;

	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(tree, i, &depth)) {
		const struct tree_node *node = tree_node(tree, i);

		for (size_t n = 0; n < depth; n++)
			buf_add(out, ".", 1);
		buf_add_span(out, intern_get(intern, tree_frame(tree, i)->name));
		if (tree_frame(tree, i)->line)
			buf_printf(out, ":%u", tree_frame(tree, i)->line);
		buf_printf(out, " %u/%u", (unsigned)node->total, (unsigned)tree_self(tree, i));
		for (struct tree_line line = tree_line_first(tree, i); line.number;
		     line = tree_line_next(tree, &line))
			buf_printf(out, " @%u=%u", line.number, (unsigned)line.weight);
		buf_add(out, "\n", 1);
	}
	buf_add(out, "", 1);
}

static const struct row {
	const char *what;
	bool by_line;
	const char *stacks[6];
	const char *tree;
} rows[] = {
	{ "nothing", false, { NULL }, " 0/0\n" },
	{ "a stack without frames weighs at the root", false, { "" }, " 1/1\n" },
	{ "a chain", false, { "a b" }, " 1/0\n.a 1/0\n..b 1/1\n" },
	{ "lines do not tell nodes apart, and are counted",
	  false,
	  { "a:1 b:5", "a:2 b:5", "a:1" },
	  " 3/0\n.a 3/1 @1=2 @2=1\n..b 2/2 @5=2\n" },
	{ "lines tell nodes apart",
	  true,
	  { "a:1 b:5", "a:2 b:5", "a:1" },
	  " 3/0\n.a:1 2/1\n..b:5 1/1\n.a:2 1/0\n..b:5 1/1\n" },
	{ "recursion is calls", false, { "a a a", "a" }, " 2/0\n.a 2/1\n..a 1/0\n...a 1/1\n" },
	{ "heavier first, then by name",
	  false,
	  { "a c", "a b", "a d", "a d", "0" },
	  " 5/0\n.a 4/0\n..d 2/2\n..b 1/1\n..c 1/1\n.0 1/1\n" },
	{ "a name that another begins with", false, { "aa", "a" }, " 2/0\n.a 1/1\n.aa 1/1\n" },
};

static void test_stacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* In both orders: the result must not depend on it. */
		for (int backwards = 0; backwards < 2; backwards++) {
			struct intern *intern = intern_create();
			struct tree *tree = tree_create(rows[i].by_line);
			struct frame frames[8];
			struct buf out = { 0 };

			for (size_t n = 0; n < 6; n++) {
				const char *stack = rows[i].stacks[backwards ? 5 - n : n];

				if (stack)
					tree_add(tree, frames, frames_parse(intern, stack, frames),
					         1);
			}
			tree_sort(tree, intern);
			tree_print(tree, intern, &out);
			if (strcmp(out.ptr, rows[i].tree))
				fail_msg("%s:\n%s\nnot\n%s", rows[i].what, out.ptr, rows[i].tree);
			buf_deinit(&out);
			tree_destroy(tree);
			intern_destroy(intern);
		}
	}
}

/* Frames that differ in any member except the line have different nodes. */
static void test_identity(void **state)
{
	static const struct frame frames[] = {
		{ 1, 0, 0, 0, 0, FRAME_NATIVE }, { 0, 1, 0, 0, 0, FRAME_NATIVE },
		{ 0, 0, 1, 0, 0, FRAME_NATIVE }, { 0, 0, 0, 1, 0, FRAME_NATIVE },
		{ 0, 0, 0, 0, 0, FRAME_PYTHON }, { 0, 0, 0, 0, 0, FRAME_NATIVE },
	};
	struct tree *tree = tree_create(false);
	struct frame other_line = { 0, 0, 0, 0, 7, FRAME_NATIVE };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(tree_add(tree, &frames[i], 1, 1), i + 1);
	assert_int_equal(tree_add(tree, &other_line, 1, 1), 6);
	assert_int_equal(tree_child(tree, TREE_ROOT, &frames[2]), 3);
	assert_int_equal(tree_count(tree), 7);
	assert_true(sizeof(struct tree_node) <= 32);
	tree_destroy(tree);
}

static void test_wrap(void **state)
{
	struct intern *intern = intern_create();
	struct tree *tree = tree_create(false);
	struct frame frames[8],
	        top = { .name = intern_add(intern, SPAN_LIT("top")), .kind = FRAME_PROCESS };
	struct buf out = { 0 };

	(void)state;
	tree_add(tree, frames, frames_parse(intern, "a:1 b", frames), 1);
	tree_add(tree, frames, frames_parse(intern, "c", frames), 1);
	tree_wrap(tree, &top);
	frames[0] = top;
	tree_add(tree, frames, 1 + frames_parse(intern, "a:1 b", frames + 1), 3);
	tree_add(tree, frames, frames_parse(intern, "a b", frames), 1);
	tree_sort(tree, intern);
	tree_print(tree, intern, &out);
	assert_string_equal(out.ptr,
	                    " 6/0\n.top 5/0\n..a 4/0 @1=4\n...b 4/4\n..c 1/1\n.a 1/0\n..b 1/1\n");
	buf_deinit(&out);
	tree_destroy(tree);
	intern_destroy(intern);
}

/* 100,000 levels, and 100,000 siblings and lines: no stack overflow, no quadratic time. */
static void test_large(void **state)
{
	enum { MANY = 100000 };
	struct intern *intern = intern_create();
	struct tree *tree = tree_create(false);
	struct frame *frames = calloc(MANY, sizeof(*frames));
	uint32_t child;
	size_t depth = 0, deepest = 0;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		frames[i] = (struct frame){ .name = 0, .line = i + 1, .kind = FRAME_PYTHON };
	tree_add(tree, frames, MANY, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		tree_add(tree, &frames[i], 1, 1);
		frames[i].first_line = i + 1;
		tree_add(tree, &frames[i], 1, 1 + i % 7);
	}
	assert_int_equal(tree_count(tree), 1 + 2 * MANY);
	tree_sort(tree, intern);
	child = tree_node(tree, TREE_ROOT)->first_child;
	assert_int_equal(tree_node(tree, child)->total, MANY + 1);
	for (struct tree_line line = tree_line_first(tree, child); line.number;
	     line = tree_line_next(tree, &line))
		assert_int_equal(line.number, ++depth);
	assert_int_equal(depth, MANY);
	depth = 0;
	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(tree, i, &depth))
		deepest = depth > deepest ? depth : deepest;
	assert_int_equal(deepest, MANY);
	free(frames);
	tree_destroy(tree);
	intern_destroy(intern);
}

/* Random stacks: the tree has the same weights as a search through the stacks. */
enum { STACKS = 300, DEEPEST = 7 };

struct random_stack {
	struct frame frames[DEEPEST];
	size_t count;
	uint64_t weight;
};

static uint32_t drawn(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % below);
}

static void stack_draw(uint64_t *state, struct intern *intern, struct random_stack *ret)
{
	ret->count = drawn(state, DEEPEST);
	ret->weight = 1 + drawn(state, 3);
	for (size_t i = 0; i < ret->count; i++) {
		char name[2] = { (char)('a' + drawn(state, drawn(state, 4) ? 3 : 26)) };

		ret->frames[i] = (struct frame){
			.name = intern_add(intern, span_of(name)),
			.file = drawn(state, 9) == 0,
			.line = drawn(state, 4),
			.kind = drawn(state, 9) ? FRAME_PYTHON : FRAME_MARKER,
		};
	}
}

static bool frame_equal(const struct frame *a, const struct frame *b, bool by_line)
{
	return a->name == b->name && a->file == b->file && a->kind == b->kind &&
	       (!by_line || a->line == b->line);
}

/* True if the stack begins with the node's path, which has `depth` frames. */
static bool stack_passes(const struct tree *tree, uint32_t node, size_t depth,
                         const struct random_stack *stack)
{
	if (stack->count < depth)
		return false;
	for (; depth; node = tree_node(tree, node)->parent)
		if (!frame_equal(tree_frame(tree, node), &stack->frames[--depth],
		                 tree_by_line(tree)))
			return false;
	return true;
}

static uint64_t line_of(const struct tree *tree, uint32_t node, uint32_t number)
{
	for (struct tree_line line = tree_line_first(tree, node); line.number;
	     line = tree_line_next(tree, &line))
		if (line.number == number)
			return line.weight;
	return 0;
}

static void node_check(const struct tree *tree, uint32_t node, size_t depth,
                       const struct random_stack *stacks, size_t count)
{
	uint64_t total = 0, self = 0, lines[4] = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!stack_passes(tree, node, depth, &stacks[i]))
			continue;
		total += stacks[i].weight;
		self += stacks[i].count == depth ? stacks[i].weight : 0;
		if (depth && stacks[i].frames[depth - 1].kind == FRAME_PYTHON &&
		    !tree_by_line(tree))
			lines[stacks[i].frames[depth - 1].line] += stacks[i].weight;
	}
	assert_true(total > 0 || node == TREE_ROOT);
	assert_int_equal(tree_node(tree, node)->total, total);
	assert_int_equal(tree_self(tree, node), self);
	for (uint32_t line = 1; line < 4; line++)
		assert_int_equal(line_of(tree, node, line), lines[line]);
}

static void tree_check(struct tree *tree, const struct random_stack *stacks, size_t count)
{
	size_t depth = 0, seen = 0;
	uint64_t self = 0, weight = 0;

	tree_sum_totals(tree);
	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(tree, i, &depth)) {
		node_check(tree, i, depth, stacks, count);
		self += tree_self(tree, i);
		seen++;
	}
	for (size_t i = 0; i < count; i++)
		weight += stacks[i].weight;
	assert_int_equal(self, weight);
	assert_int_equal(seen, tree_count(tree));
}

static void test_random(void **state)
{
	struct random_stack *stacks = calloc(STACKS, sizeof(*stacks));

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct intern *intern = intern_create();
		struct tree *tree = tree_create(seed % 2);
		uint64_t draws = seed;

		for (size_t i = 0; i < STACKS; i++) {
			if (i && drawn(&draws, 3) == 0) /* a stack that was added before */
				stacks[i] = stacks[drawn(&draws, (uint32_t)i)];
			else
				stack_draw(&draws, intern, &stacks[i]);
			tree_add(tree, stacks[i].frames, stacks[i].count, stacks[i].weight);
			if (drawn(&draws, 50) == 0)
				tree_sort(tree, intern);
			if (drawn(&draws, 50) == 0)
				tree_check(tree, stacks, i + 1);
		}
		tree_check(tree, stacks, STACKS);
		tree_destroy(tree);
		intern_destroy(intern);
	}
	free(stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks), cmocka_unit_test(test_identity),
		cmocka_unit_test(test_wrap),   cmocka_unit_test(test_large),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
