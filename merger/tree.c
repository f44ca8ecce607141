#include "tree.h"

#include <stdlib.h>

#include "alloc.h"
#include "index.h"

/* One level of the stack that was added last. Stacks that follow each other mostly begin alike, so
 * comparing with it saves most of the look-ups. */
struct tree_step {
	struct frame frame;
	uint32_t node;
};

struct tree {
	bool by_line;
	struct tree_node *nodes;
	size_t node_count, node_cap;
	struct frame *frames;
	size_t frame_count, frame_cap;
	struct tree_line *lines;
	size_t line_count, line_cap;
	struct index children;    /* (parent, frame) -> node */
	struct index frame_index; /* frame -> its index in frames */
	struct index line_index;  /* (node, line) -> its index in lines */
	struct tree_step *last;
	size_t last_count, last_cap;
};

struct tree *tree_create(bool by_line)
{
	struct tree *tree = alloc_zeroed(1, sizeof(*tree));

	tree->by_line = by_line;
	tree->nodes = alloc_grow(NULL, &tree->node_cap, 1, sizeof(*tree->nodes));
	tree->frames = alloc_grow(NULL, &tree->frame_cap, 1, sizeof(*tree->frames));
	tree->nodes[tree->node_count++] = (struct tree_node){
		.parent = TREE_NONE,
		.first_child = TREE_NONE,
		.next_sibling = TREE_NONE,
		.lines = TREE_NONE,
	};
	tree->frames[tree->frame_count++] = (struct frame){ 0 };
	return tree;
}

void tree_destroy(struct tree *tree)
{
	if (!tree)
		return;
	index_deinit(&tree->children);
	index_deinit(&tree->frame_index);
	index_deinit(&tree->line_index);
	free(tree->nodes);
	free(tree->frames);
	free(tree->lines);
	free(tree->last);
	free(tree);
}

bool tree_by_line(const struct tree *tree)
{
	return tree->by_line;
}

static bool frame_same(const struct tree *tree, const struct frame *a, const struct frame *b)
{
	return a->name == b->name && a->file == b->file && a->module == b->module &&
	       a->first_line == b->first_line && a->kind == b->kind &&
	       (!tree->by_line || a->line == b->line);
}

static uint32_t frame_hash(const struct tree *tree, const struct frame *frame, uint32_t parent)
{
	uint64_t mixed = index_mix(index_start(parent), (uint64_t)frame->name << 32 | frame->file);

	mixed = index_mix(mixed, (uint64_t)frame->module << 32 | frame->first_line);
	mixed = index_mix(mixed, (uint64_t)frame->kind << 32 | (tree->by_line ? frame->line : 0));
	return index_hash(mixed);
}

static uint32_t frame_intern(struct tree *tree, const struct frame *frame)
{
	uint32_t hash = frame_hash(tree, frame, 0);
	uint32_t found;

	for (size_t at = hash; (found = index_next(&tree->frame_index, hash, &at)) != INDEX_NONE;)
		if (frame_same(tree, &tree->frames[found], frame))
			return found;
	tree->frames = alloc_grow(tree->frames, &tree->frame_cap, tree->frame_count + 1,
	                          sizeof(*tree->frames));
	found = (uint32_t)tree->frame_count++;
	tree->frames[found] = *frame;
	if (!tree->by_line)
		tree->frames[found].line = 0;
	index_add(&tree->frame_index, hash, found);
	return found;
}

static uint32_t node_make(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	uint32_t node = (uint32_t)tree->node_count;
	uint32_t frame_id = frame_intern(tree, frame);

	tree->nodes = alloc_grow(tree->nodes, &tree->node_cap, tree->node_count + 1,
	                         sizeof(*tree->nodes));
	tree->node_count++;
	tree->nodes[node] = (struct tree_node){
		.parent = parent,
		.first_child = TREE_NONE,
		.next_sibling = tree->nodes[parent].first_child,
		.frame = frame_id,
		.lines = TREE_NONE,
	};
	tree->nodes[parent].first_child = node;
	return node;
}

uint32_t tree_child(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	uint32_t hash = frame_hash(tree, frame, parent);
	uint32_t found;

	for (size_t at = hash; (found = index_next(&tree->children, hash, &at)) != INDEX_NONE;) {
		const struct tree_node *node = &tree->nodes[found];

		if (node->parent == parent && frame_same(tree, &tree->frames[node->frame], frame))
			return found;
	}
	found = node_make(tree, parent, frame);
	index_add(&tree->children, hash, found);
	return found;
}

void tree_weigh(struct tree *tree, uint32_t node, uint64_t total, uint64_t self)
{
	tree->nodes[node].total += total;
	tree->nodes[node].self += self;
}

void tree_weigh_line(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight)
{
	uint32_t found = tree->nodes[node].lines;
	uint32_t hash;

	if (found != TREE_NONE && tree->lines[found].line == line) {
		tree->lines[found].weight += weight;
		return;
	}
	hash = index_hash(index_mix(index_start(node), line));
	for (size_t at = hash; (found = index_next(&tree->line_index, hash, &at)) != INDEX_NONE;) {
		struct tree_line *known = &tree->lines[found];

		if (known->line == line && known->node == node) {
			known->weight += weight;
			return;
		}
	}
	tree->lines = alloc_grow(tree->lines, &tree->line_cap, tree->line_count + 1,
	                         sizeof(*tree->lines));
	found = (uint32_t)tree->line_count++;
	tree->lines[found] = (struct tree_line){ node, line, tree->nodes[node].lines, weight };
	tree->nodes[node].lines = found;
	index_add(&tree->line_index, hash, found);
}

/* The node of step i of a stack, whose parent is known. `same`: all steps before were as last time. */
static uint32_t step_node(struct tree *tree, size_t i, uint32_t parent, const struct frame *frame,
                          bool *same)
{
	if (*same && i < tree->last_count && frame_same(tree, &tree->last[i].frame, frame))
		return tree->last[i].node;
	*same = false;
	tree->last[i] = (struct tree_step){ *frame, tree_child(tree, parent, frame) };
	return tree->last[i].node;
}

uint32_t tree_add(struct tree *tree, const struct frame *frames, size_t count, uint64_t weight)
{
	uint32_t node = TREE_ROOT;
	bool same = true;

	tree->last = alloc_grow(tree->last, &tree->last_cap, count, sizeof(*tree->last));
	tree->nodes[TREE_ROOT].total += weight;
	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = &frames[i];

		node = step_node(tree, i, node, frame, &same);
		tree->nodes[node].total += weight;
		if (!tree->by_line && frame->line &&
		    (frame->kind == FRAME_PYTHON || frame->kind == FRAME_NATIVE))
			tree_weigh_line(tree, node, frame->line, weight);
	}
	tree->last_count = count;
	tree->nodes[node].self += weight;
	return node;
}

size_t tree_count(const struct tree *tree)
{
	return tree->node_count;
}

const struct tree_node *tree_node(const struct tree *tree, uint32_t node)
{
	return &tree->nodes[node];
}

const struct frame *tree_frame(const struct tree *tree, uint32_t node)
{
	return &tree->frames[tree->nodes[node].frame];
}

const struct tree_line *tree_line(const struct tree *tree, uint32_t index)
{
	return &tree->lines[index];
}

void tree_wrap(struct tree *tree, const struct frame *frame)
{
	struct tree_node *root = &tree->nodes[TREE_ROOT];
	uint32_t children = root->first_child;
	uint64_t total = root->total - root->self;
	uint32_t wrap;

	root->first_child = TREE_NONE;
	wrap = node_make(tree, TREE_ROOT, frame);
	tree->nodes[wrap].first_child = children;
	tree->nodes[wrap].total = total;
	for (uint32_t i = children; i != TREE_NONE; i = tree->nodes[i].next_sibling)
		tree->nodes[i].parent = wrap;
	/* Their keys have changed, and an index forgets nothing one by one. */
	index_clear(&tree->children);
	for (uint32_t i = 1; i < tree->node_count; i++)
		index_add(&tree->children,
		          frame_hash(tree, tree_frame(tree, i), tree->nodes[i].parent), i);
	tree->last_count = 0;
}

uint32_t tree_next(const struct tree *tree, uint32_t node, size_t *depth)
{
	size_t unused = 0;

	if (!depth)
		depth = &unused;
	if (tree->nodes[node].first_child != TREE_NONE) {
		++*depth;
		return tree->nodes[node].first_child;
	}
	while (node != TREE_ROOT && tree->nodes[node].next_sibling == TREE_NONE) {
		--*depth;
		node = tree->nodes[node].parent;
	}
	return node == TREE_ROOT ? TREE_NONE : tree->nodes[node].next_sibling;
}

struct order {
	const struct tree *tree;
	const struct intern *intern;
};

static int number_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int name_compare(const struct intern *intern, uint32_t a, uint32_t b)
{
	struct span left, right;
	int diff;

	if (a == b)
		return 0;
	left = intern_get(intern, a);
	right = intern_get(intern, b);
	diff = memcmp(left.ptr, right.ptr, left.len < right.len ? left.len : right.len);
	return diff ? diff : number_compare(left.len, right.len);
}

static int node_compare(const struct order *order, uint32_t a, uint32_t b)
{
	const struct frame *left = tree_frame(order->tree, a);
	const struct frame *right = tree_frame(order->tree, b);
	int diff = number_compare(order->tree->nodes[b].total, order->tree->nodes[a].total);

	if (!diff)
		diff = name_compare(order->intern, left->name, right->name);
	if (!diff)
		diff = name_compare(order->intern, left->file, right->file);
	if (!diff)
		diff = name_compare(order->intern, left->module, right->module);
	if (!diff)
		diff = number_compare(left->line, right->line);
	if (!diff)
		diff = number_compare(left->first_line, right->first_line);
	if (!diff)
		diff = number_compare(left->kind, right->kind);
	return diff;
}

static int line_compare(const struct order *order, uint32_t a, uint32_t b)
{
	return number_compare(order->tree->lines[a].line, order->tree->lines[b].line);
}

/* What list_sort sorts: numbers, linked through the things that they stand for. */
struct list_type {
	int (*compare)(const struct order *order, uint32_t a, uint32_t b);
	uint32_t *(*next)(struct tree *tree, uint32_t item);
};

static uint32_t *node_next(struct tree *tree, uint32_t node)
{
	return &tree->nodes[node].next_sibling;
}

static uint32_t *line_next(struct tree *tree, uint32_t line)
{
	return &tree->lines[line].next;
}

static uint32_t list_merge(struct tree *tree, const struct list_type *type,
                           const struct order *order, uint32_t a, uint32_t b)
{
	uint32_t head = TREE_NONE;
	uint32_t *tail = &head;

	while (a != TREE_NONE && b != TREE_NONE) {
		uint32_t *from = type->compare(order, a, b) <= 0 ? &a : &b;

		*tail = *from;
		tail = type->next(tree, *from);
		*from = *tail;
	}
	*tail = a != TREE_NONE ? a : b;
	return head;
}

/* A merge sort from the bottom up: runs[i] is empty or a sorted list of 2^i items. */
static uint32_t list_sort(struct tree *tree, const struct list_type *type,
                          const struct order *order, uint32_t head)
{
	uint32_t runs[33];
	size_t used = 0, i;

	while (head != TREE_NONE) {
		uint32_t item = head;

		head = *type->next(tree, item);
		*type->next(tree, item) = TREE_NONE;
		for (i = 0; i < used && runs[i] != TREE_NONE; i++) {
			item = list_merge(tree, type, order, runs[i], item);
			runs[i] = TREE_NONE;
		}
		if (i == used)
			used++;
		runs[i] = item;
	}
	for (i = 0; i < used; i++)
		head = list_merge(tree, type, order, runs[i], head);
	return head;
}

void tree_sort(struct tree *tree, const struct intern *intern)
{
	static const struct list_type node_list = { node_compare, node_next };
	static const struct list_type line_list = { line_compare, line_next };
	const struct order order = { tree, intern };

	for (size_t i = 0; i < tree->node_count; i++) {
		struct tree_node *node = &tree->nodes[i];

		node->first_child = list_sort(tree, &node_list, &order, node->first_child);
		node->lines = list_sort(tree, &line_list, &order, node->lines);
	}
}
