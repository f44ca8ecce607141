#include "merger/profile/tree.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/hash_index.h"
#include "merger/base/number.h"
#include "merger/profile/stack_cache.h"

/* The number of a node's children, and of its lines, that are compared before the hash index is
 * used. */
#define NEAR 4

/* A line of a node whose weight is on more than one line. */
struct line_weight {
	uint32_t node, line;
	uint32_t next; /* TREE_NONE at the end */
	uint64_t weight;
};

/* Most nodes have one child and one line, so only further ones are in the indices. */
struct tree {
	bool sorted; /* first children may have changed since they were indexed */
	struct tree_node *nodes;
	size_t node_count, node_cap;
	struct frame_table table;
	struct line_weight *lines;
	size_t line_count, line_cap;
	struct hash_index children;   /* (parent, frame) -> node, without first children */
	struct hash_index line_index; /* (node, line) -> its index in lines */
	struct stack_cache cache;
	uint32_t *steps; /* of the stack that is added */
	size_t step_cap;
};

struct tree *tree_create(bool by_line)
{
	struct tree *tree = alloc_zeroed(1, sizeof(*tree));

	frame_table_init(&tree->table, by_line);
	tree->nodes = alloc_grow(NULL, &tree->node_cap, 1, sizeof(*tree->nodes));
	tree->nodes[tree->node_count++] = (struct tree_node){
		.parent = TREE_NONE,
		.first_child = TREE_NONE,
		.next_sibling = TREE_NONE,
		.lines = TREE_NONE,
	};
	return tree;
}

void tree_destroy(struct tree *tree)
{
	if (!tree)
		return;
	hash_index_deinit(&tree->children);
	hash_index_deinit(&tree->line_index);
	stack_cache_deinit(&tree->cache);
	frame_table_deinit(&tree->table);
	free(tree->steps);
	free(tree->nodes);
	free(tree->lines);
	free(tree);
}

bool tree_by_line(const struct tree *tree)
{
	return tree->table.by_line;
}

static uint32_t hash_child(uint32_t parent, uint32_t frame)
{
	return hash_index_hash(hash_index_mix(hash_index_start(parent), frame));
}

/* Adds a node. The parent's first child stays the first; a new child is the second. */
static uint32_t make_node(struct tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t node = (uint32_t)tree->node_count;
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
		.frame = frame,
		.lines = TREE_NONE,
	};
	*link = node;
	return node;
}

static void index_children(struct tree *tree)
{
	hash_index_clear(&tree->children);
	for (uint32_t i = 1; i < tree->node_count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		if (tree->nodes[node->parent].first_child != i)
			hash_index_add(&tree->children, hash_child(node->parent, node->frame), i);
	}
	tree->sorted = false;
}

static uint32_t find_or_make_child(struct tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t hash, found;

	if (tree->sorted)
		index_children(tree);
	hash = hash_child(parent, frame);
	for (size_t at = hash;
	     (found = hash_index_next(&tree->children, hash, &at)) != HASH_INDEX_NONE;)
		if (tree->nodes[found].parent == parent && tree->nodes[found].frame == frame)
			return found;
	found = make_node(tree, parent, frame);
	hash_index_add(&tree->children, hash, found);
	return found;
}

/* A node without children, as a new one, needs no look-up. */
static inline uint32_t get_child(struct tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t child = tree->nodes[parent].first_child;

	if (child == TREE_NONE)
		return make_node(tree, parent, frame);
	for (int i = 0; i < NEAR && child != TREE_NONE; i++) {
		const struct tree_node *node = &tree->nodes[child];

		if (node->frame == frame)
			return child;
		child = node->next_sibling;
	}
	return find_or_make_child(tree, parent, frame);
}

static uint32_t get_frame(struct tree *tree, const struct frame *frame)
{
	uint32_t step = frame_table_number(&tree->table, frame);

	return tree->table.steps[step].frame;
}

uint32_t tree_child(struct tree *tree, uint32_t parent, const struct frame *frame)
{
	return get_child(tree, parent, get_frame(tree, frame));
}

static struct line_weight *find_line(struct tree *tree, uint32_t node, uint32_t line, uint32_t hash)
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

static void add_line(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight)
{
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(node), line));
	struct line_weight *known = find_line(tree, node, line, hash);
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

/* For a node that has several lines, or that gets a different line. */
static void weigh_lines(struct tree *tree, uint32_t at, uint32_t line, uint64_t weight)
{
	struct tree_node *node = &tree->nodes[at];

	if (!weight)
		return; /* a line without weight is not stored */
	if (!node->total) {
		node->line = line;
		return;
	}
	if (node->lines == TREE_NONE && node->line)
		add_line(tree, at, node->line, node->total);
	if (line)
		add_line(tree, at, line, weight);
}

static inline void weigh_node(struct tree *tree, uint32_t at, uint32_t line, uint64_t weight)
{
	struct tree_node *node = &tree->nodes[at];

	if (node->line != line || node->lines != TREE_NONE)
		weigh_lines(tree, at, line, weight);
	node->total += weight;
}

void tree_weigh(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight)
{
	weigh_node(tree, node, line, weight);
}

/* Adds the weight to the nodes of a stack, except the root; returns the leaf. */
static uint32_t add_steps(struct tree *tree, const uint32_t *steps, size_t count, uint64_t weight)
{
	const struct frame_table *table = &tree->table;
	uint32_t node = TREE_ROOT;

	for (size_t i = 0; i < count; i++) {
		struct frame_step step = table->steps[steps[i]];
		bool has_lines = !table->by_line && table->frames[step.frame].kind <= FRAME_RUBY;

		node = get_child(tree, node, step.frame);
		weigh_node(tree, node, has_lines ? step.line : 0, weight);
	}
	return node;
}

uint32_t tree_add(struct tree *tree, const struct frame *frames, size_t count, uint64_t weight)
{
	uint32_t hash = stack_cache_hash(frames, count), leaf;
	struct known_stack *known =
	        stack_cache_find(&tree->cache, &tree->table, hash, frames, count);

	weigh_node(tree, TREE_ROOT, 0, weight);
	if (known) {
		known->weight += weight;
		return known->leaf;
	}
	tree->steps = alloc_grow(tree->steps, &tree->step_cap, count, sizeof(*tree->steps));
	for (size_t i = 0; i < count; i++)
		tree->steps[i] = frame_table_number(&tree->table, &frames[i]);
	leaf = add_steps(tree, tree->steps, count, weight);
	stack_cache_add(&tree->cache, hash, tree->steps, count, leaf);
	return leaf;
}

void tree_sum_totals(struct tree *tree)
{
	for (struct known_stack *known = NULL; (known = stack_cache_next(&tree->cache, known));) {
		if (known->weight)
			add_steps(tree, known->steps, known->count, known->weight);
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
	return &tree->table.frames[tree->nodes[node].frame];
}

uint64_t tree_self(const struct tree *tree, uint32_t node)
{
	uint64_t self = tree->nodes[node].total;

	for (uint32_t i = tree->nodes[node].first_child; i != TREE_NONE;
	     i = tree->nodes[i].next_sibling)
		self -= tree->nodes[i].total;
	return self;
}

static struct tree_line get_tree_line(const struct tree *tree, uint32_t index)
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
	return get_tree_line(tree, node->lines);
}

struct tree_line tree_line_next(const struct tree *tree, const struct tree_line *line)
{
	return get_tree_line(tree, line->next);
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
	stack_cache_clear(&tree->cache);
	total = tree->nodes[TREE_ROOT].total - tree_self(tree, TREE_ROOT);
	tree->nodes[TREE_ROOT].first_child = TREE_NONE;
	wrap = make_node(tree, TREE_ROOT, get_frame(tree, frame));
	tree->nodes[wrap].first_child = children;
	tree->nodes[wrap].total = total;
	for (uint32_t i = children; i != TREE_NONE; i = tree->nodes[i].next_sibling)
		tree->nodes[i].parent = wrap;
	/* The children's keys have changed, and an index has no removal of single entries. */
	index_children(tree);
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

/* The frames' order, if the weights are equal. */
static int compare_frames(const struct frame *left, const struct frame *right,
                          const struct intern *intern)
{
	int diff = intern_compare(intern, left->name, right->name);

	if (!diff)
		diff = intern_compare(intern, left->file, right->file);
	if (!diff)
		diff = intern_compare(intern, left->module, right->module);
	if (!diff)
		diff = number_order(left->line, right->line);
	if (!diff)
		diff = number_order(left->first_line, right->first_line);
	if (!diff)
		diff = number_order(left->kind, right->kind);
	return diff;
}

/* An item of a linked list, a node or a line, with the keys that most comparisons need. */
struct sort_item {
	uint64_t weight;  /* largest first */
	const char *name; /* of a node's frame; NULL: the frame does not count */
	uint32_t item, position;
};

struct sorting {
	struct tree *tree;
	const struct intern *intern;
	const uint64_t *keys; /* of tree_sort_by, or NULL */
	struct sort_item *items;
	size_t cap;
};

static int compare_items(const void *a, const void *b, void *ctx)
{
	const struct sort_item *left = a, *right = b;
	const struct sorting *sorting = ctx;
	int diff = number_order(right->weight, left->weight);

	if (!diff && left->name)
		diff = strcmp(left->name, right->name);
	if (!diff && left->name)
		diff = compare_frames(tree_frame(sorting->tree, left->item),
		                      tree_frame(sorting->tree, right->item), sorting->intern);
	return diff ? diff : number_order(left->position, right->position);
}

struct list_type {
	struct sort_item (*item)(const struct sorting *sorting, uint32_t item);
	uint32_t *(*next)(struct tree *tree, uint32_t item);
};

static struct sort_item make_node_item(const struct sorting *sorting, uint32_t node)
{
	const struct tree *tree = sorting->tree;

	if (sorting->keys)
		return (struct sort_item){ .weight = sorting->keys[node], .item = node };
	return (struct sort_item){
		.weight = tree->nodes[node].total,
		.name = intern_get(sorting->intern, tree_frame(tree, node)->name).ptr,
		.item = node,
	};
}

static struct sort_item make_line_item(const struct sorting *sorting, uint32_t line)
{
	return (struct sort_item){ .weight = UINT32_MAX - sorting->tree->lines[line].line,
		                   .item = line };
}

static uint32_t *link_of_node(struct tree *tree, uint32_t node)
{
	return &tree->nodes[node].next_sibling;
}

static uint32_t *link_of_line(struct tree *tree, uint32_t line)
{
	return &tree->lines[line].next;
}

static const struct list_type node_list = { make_node_item, link_of_node };
static const struct list_type line_list = { make_line_item, link_of_line };

/* Returns the new head of the list. */
static uint32_t sort_list(struct sorting *sorting, const struct list_type *type, uint32_t head)
{
	struct tree *tree = sorting->tree;
	size_t count = 0;

	if (head == TREE_NONE || *type->next(tree, head) == TREE_NONE)
		return head;
	for (; head != TREE_NONE; head = *type->next(tree, head)) {
		sorting->items = alloc_grow(sorting->items, &sorting->cap, count + 1,
		                            sizeof(*sorting->items));
		sorting->items[count] = type->item(sorting, head);
		sorting->items[count].position = (uint32_t)count;
		count++;
	}
	qsort_r(sorting->items, count, sizeof(*sorting->items), compare_items, sorting);
	while (count--) {
		*type->next(tree, sorting->items[count].item) = head;
		head = sorting->items[count].item;
	}
	return head;
}

static void sort_children(struct sorting *sorting)
{
	struct tree *tree = sorting->tree;

	tree_sum_totals(tree);
	for (size_t i = 0; i < tree->node_count; i++) {
		struct tree_node *node = &tree->nodes[i];

		node->first_child = sort_list(sorting, &node_list, node->first_child);
		if (!sorting->keys)
			node->lines = sort_list(sorting, &line_list, node->lines);
	}
	tree->sorted = true;
	free(sorting->items);
}

void tree_sort(struct tree *tree, const struct intern *intern)
{
	sort_children(&(struct sorting){ .tree = tree, .intern = intern });
}

void tree_sort_by(struct tree *tree, const uint64_t *keys)
{
	sort_children(&(struct sorting){ .tree = tree, .keys = keys });
}
