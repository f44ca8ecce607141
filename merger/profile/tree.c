#include "merger/profile/tree.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/hash_index.h"
#include "merger/profile/stack_cache.h"

/* So many children, and lines, of a node are looked at before an index is asked. */
#define NEAR 4

/* Of a node whose weight lies on more than one line. */
struct line_weight {
	uint32_t node, line;
	uint32_t next; /* TREE_NONE at the end */
	uint64_t weight;
};

/* Most nodes have one child and one line, so what finds the others is kept for the others alone. */
struct tree {
	bool by_line;
	bool sorted; /* first children may be others than when they were indexed */
	struct tree_node *nodes;
	size_t node_count, node_cap;
	struct frame *frames;
	size_t frame_count, frame_cap;
	struct line_weight *lines;
	size_t line_count, line_cap;
	struct hash_index children;    /* (parent, frame) -> node, but for first children */
	struct hash_index frame_index; /* frame -> its index in frames */
	struct hash_index line_index;  /* (node, line) -> its index in lines */
	struct stack_cache memo;
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
	hash_index_deinit(&tree->children);
	hash_index_deinit(&tree->frame_index);
	hash_index_deinit(&tree->line_index);
	stack_cache_deinit(&tree->memo);
	free(tree->nodes);
	free(tree->frames);
	free(tree->lines);
	free(tree);
}

bool tree_by_line(const struct tree *tree)
{
	return tree->by_line;
}

/* Up to their lines frames are compared as bytes: there is no padding in them. */
static inline bool frame_same(const struct tree *tree, const struct frame *a, const struct frame *b)
{
	return !memcmp(a, b, offsetof(struct frame, line)) && a->kind == b->kind &&
	       (!tree->by_line || a->line == b->line);
}

static uint32_t frame_hash(const struct tree *tree, const struct frame *frame, uint32_t parent)
{
	uint64_t mixed =
	        hash_index_mix(hash_index_start(parent), (uint64_t)frame->name << 32 | frame->file);

	mixed = hash_index_mix(mixed, (uint64_t)frame->module << 32 | frame->first_line);
	mixed = hash_index_mix(mixed,
	                       (uint64_t)frame->kind << 32 | (tree->by_line ? frame->line : 0));
	return hash_index_hash(mixed);
}

static uint32_t frame_intern(struct tree *tree, const struct frame *frame)
{
	uint32_t hash = frame_hash(tree, frame, 0);
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&tree->frame_index, hash, &at)) != HASH_INDEX_NONE;)
		if (frame_same(tree, &tree->frames[found], frame))
			return found;
	tree->frames = alloc_grow(tree->frames, &tree->frame_cap, tree->frame_count + 1,
	                          sizeof(*tree->frames));
	found = (uint32_t)tree->frame_count++;
	tree->frames[found] = *frame;
	if (!tree->by_line)
		tree->frames[found].line = 0;
	hash_index_add(&tree->frame_index, hash, found);
	return found;
}

/* A first child stays the first: those that follow come behind it. */
static uint32_t node_make(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	uint32_t node = (uint32_t)tree->node_count;
	uint32_t frame_id = frame_intern(tree, frame);
	uint32_t *link;

	tree->nodes = alloc_grow(tree->nodes, &tree->node_cap, tree->node_count + 1,
	                         sizeof(*tree->nodes));
	tree->node_count++;
	link = &tree->nodes[parent].first_child;
	if (*link != TREE_NONE)
		link = &tree->nodes[*link].next_sibling;
	tree->nodes[node] = (struct tree_node){
		.parent = parent,
		.first_child = TREE_NONE,
		.next_sibling = *link,
		.frame = frame_id,
		.lines = TREE_NONE,
	};
	*link = node;
	return node;
}

static void children_index(struct tree *tree)
{
	hash_index_clear(&tree->children);
	for (uint32_t i = 1; i < tree->node_count; i++) {
		uint32_t parent = tree->nodes[i].parent;

		if (tree->nodes[parent].first_child != i)
			hash_index_add(&tree->children,
			               frame_hash(tree, tree_frame(tree, i), parent), i);
	}
	tree->sorted = false;
}

static uint32_t child_find_or_make(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	uint32_t hash, found;

	if (tree->sorted)
		children_index(tree);
	hash = frame_hash(tree, frame, parent);
	for (size_t at = hash;
	     (found = hash_index_next(&tree->children, hash, &at)) != HASH_INDEX_NONE;) {
		const struct tree_node *node = &tree->nodes[found];

		if (node->parent == parent && frame_same(tree, &tree->frames[node->frame], frame))
			return found;
	}
	found = node_make(tree, parent, frame);
	if (tree->nodes[parent].first_child != found)
		hash_index_add(&tree->children, hash, found);
	return found;
}

static inline uint32_t child_of(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	uint32_t child = tree->nodes[parent].first_child;

	for (int i = 0; i < NEAR && child != TREE_NONE; i++) {
		const struct tree_node *node = &tree->nodes[child];

		if (frame_same(tree, &tree->frames[node->frame], frame))
			return child;
		child = node->next_sibling;
	}
	return child_find_or_make(tree, parent, frame);
}

uint32_t tree_child(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	return child_of(tree, parent, frame);
}

static struct line_weight *line_find(struct tree *tree, uint32_t node, uint32_t line, uint32_t hash)
{
	uint32_t found = tree->nodes[node].lines;

	for (int i = 0; i < NEAR && found != TREE_NONE; i++, found = tree->lines[found].next)
		if (tree->lines[found].line == line)
			return &tree->lines[found];
	for (size_t at = hash;
	     (found = hash_index_next(&tree->line_index, hash, &at)) != HASH_INDEX_NONE;)
		if (tree->lines[found].line == line && tree->lines[found].node == node)
			return &tree->lines[found];
	return NULL;
}

static void line_add(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight)
{
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(node), line));
	struct line_weight *known = line_find(tree, node, line, hash);
	uint32_t number = (uint32_t)tree->line_count;

	if (known) {
		known->weight += weight;
		return;
	}
	tree->lines = alloc_grow(tree->lines, &tree->line_cap, tree->line_count + 1,
	                         sizeof(*tree->lines));
	tree->line_count++;
	tree->lines[number] = (struct line_weight){ node, line, tree->nodes[node].lines, weight };
	tree->nodes[node].lines = number;
	hash_index_add(&tree->line_index, hash, number);
}

/* For a node that has several lines, or gets another one than it had. */
static void lines_weigh(struct tree *tree, uint32_t at, uint32_t line, uint64_t weight)
{
	struct tree_node *node = &tree->nodes[at];

	if (!weight)
		return; /* a line without weight is none */
	if (!node->total) {
		node->line = line;
		return;
	}
	if (node->lines == TREE_NONE && node->line)
		line_add(tree, at, node->line, node->total);
	if (line)
		line_add(tree, at, line, weight);
}

static inline void node_weigh(struct tree *tree, uint32_t at, uint32_t line, uint64_t weight)
{
	struct tree_node *node = &tree->nodes[at];

	if (node->line != line || node->lines != TREE_NONE)
		lines_weigh(tree, at, line, weight);
	node->total += weight;
}

void tree_weigh(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight)
{
	node_weigh(tree, node, line, weight);
}

/* A step of a stack: adds to the child for the frame, and returns it. */
static inline uint32_t step_add(struct tree *tree, uint32_t parent, const struct frame *frame,
                                uint64_t weight)
{
	bool has_lines = !tree->by_line && frame->kind <= FRAME_PYTHON;
	uint32_t node = child_of(tree, parent, frame);

	node_weigh(tree, node, has_lines ? frame->line : 0, weight);
	return node;
}

uint32_t tree_add(struct tree *tree, const struct frame *frames, size_t count, uint64_t weight)
{
	uint32_t hash = stack_cache_hash(frames, count), node = TREE_ROOT;
	struct known_stack *known = stack_cache_find(&tree->memo, hash, frames, count);

	node_weigh(tree, TREE_ROOT, 0, weight);
	if (known) {
		known->weight += weight;
		return known->leaf;
	}
	for (size_t i = 0; i < count; i++)
		node = step_add(tree, node, &frames[i], weight);
	stack_cache_add(&tree->memo, hash, frames, count, node);
	return node;
}

void tree_sum_totals(struct tree *tree)
{
	for (struct known_stack *known = NULL; (known = stack_cache_next(&tree->memo, known));) {
		uint32_t node = TREE_ROOT;

		for (size_t i = 0; i < known->count && known->weight; i++)
			node = step_add(tree, node, stack_cache_frame(&tree->memo, known, i),
			                known->weight);
		known->weight = 0;
	}
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

uint64_t tree_self(const struct tree *tree, uint32_t node)
{
	uint64_t self = tree->nodes[node].total;

	for (uint32_t i = tree->nodes[node].first_child; i != TREE_NONE;
	     i = tree->nodes[i].next_sibling)
		self -= tree->nodes[i].total;
	return self;
}

static struct tree_line line_at(const struct tree *tree, uint32_t index)
{
	const struct line_weight *line;

	if (index == TREE_NONE)
		return (struct tree_line){ 0 };
	line = &tree->lines[index];
	return (struct tree_line){ line->line, line->next, line->weight };
}

struct tree_line tree_line_first(const struct tree *tree, uint32_t at)
{
	const struct tree_node *node = &tree->nodes[at];

	if (node->lines == TREE_NONE)
		return (struct tree_line){ node->line, TREE_NONE, node->total };
	return line_at(tree, node->lines);
}

struct tree_line tree_line_next(const struct tree *tree, const struct tree_line *line)
{
	return line_at(tree, line->next);
}

uint32_t tree_only_line(const struct tree *tree, uint32_t node)
{
	struct tree_line line = tree_line_first(tree, node);

	return line.weight == tree_node(tree, node)->total ? line.number : 0;
}

void tree_wrap(struct tree *tree, const struct frame *frame)
{
	uint32_t children = tree->nodes[TREE_ROOT].first_child;
	uint64_t total;
	uint32_t wrap;

	tree_sum_totals(tree);
	stack_cache_clear(&tree->memo);
	total = tree->nodes[TREE_ROOT].total - tree_self(tree, TREE_ROOT);
	tree->nodes[TREE_ROOT].first_child = TREE_NONE;
	wrap = node_make(tree, TREE_ROOT, frame);
	tree->nodes[wrap].first_child = children;
	tree->nodes[wrap].total = total;
	for (uint32_t i = children; i != TREE_NONE; i = tree->nodes[i].next_sibling)
		tree->nodes[i].parent = wrap;
	/* Their keys have changed, and an index forgets nothing one by one. */
	children_index(tree);
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
	const uint64_t *keys; /* of tree_sort_by */
	const struct intern *intern;
};

static int number_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int node_compare(const struct order *order, uint32_t a, uint32_t b)
{
	const struct frame *left = tree_frame(order->tree, a);
	const struct frame *right = tree_frame(order->tree, b);
	int diff = number_compare(order->tree->nodes[b].total, order->tree->nodes[a].total);

	if (!diff)
		diff = intern_compare(order->intern, left->name, right->name);
	if (!diff)
		diff = intern_compare(order->intern, left->file, right->file);
	if (!diff)
		diff = intern_compare(order->intern, left->module, right->module);
	if (!diff)
		diff = number_compare(left->line, right->line);
	if (!diff)
		diff = number_compare(left->first_line, right->first_line);
	if (!diff)
		diff = number_compare(left->kind, right->kind);
	return diff;
}

static int key_compare(const struct order *order, uint32_t a, uint32_t b)
{
	return number_compare(order->keys[b], order->keys[a]);
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
	const struct order order = { .tree = tree, .intern = intern };

	tree_sum_totals(tree);
	for (size_t i = 0; i < tree->node_count; i++) {
		struct tree_node *node = &tree->nodes[i];

		node->first_child = list_sort(tree, &node_list, &order, node->first_child);
		node->lines = list_sort(tree, &line_list, &order, node->lines);
	}
	tree->sorted = true;
}

void tree_sort_by(struct tree *tree, const uint64_t *keys)
{
	static const struct list_type key_list = { key_compare, node_next };
	const struct order order = { .tree = tree, .keys = keys };

	tree_sum_totals(tree);
	for (size_t i = 0; i < tree->node_count; i++)
		tree->nodes[i].first_child =
		        list_sort(tree, &key_list, &order, tree->nodes[i].first_child);
	tree->sorted = true;
}
