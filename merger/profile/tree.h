/* tree: the weighted call tree. Nodes lie in one array and are known by their index; node 0 is the
 * root, which stands for no frame. Frames are interned: nodes with equal frames share one. */
#ifndef PMP_TREE_H
#define PMP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/profile/frame.h"
#include "merger/base/intern.h"

#define TREE_ROOT 0u
#define TREE_NONE UINT32_MAX

struct tree_node {
	uint32_t parent;
	uint32_t first_child, next_sibling; /* TREE_NONE at the end */
	uint32_t frame;                     /* index for tree_frame */
	uint32_t line, lines;               /* for tree_line_first */
	uint64_t total;                     /* weight, in samples: its own and its children's */
};

/* A part of a node's weight: what lies on one line. */
struct tree_line {
	uint32_t number; /* 0: behind the last */
	uint32_t next;   /* for tree_line_next */
	uint64_t weight;
};

struct tree;

/* by_line: frames that differ in `line` only are different nodes. Otherwise a frame's line does not
 * tell nodes apart, but each node keeps its weight by line. */
struct tree *tree_create(bool by_line);
void tree_destroy(struct tree *tree);
bool tree_by_line(const struct tree *tree);

/* Nothing here recurses: a tree may be as deep as memory allows. */

/* Adds weight for one stack, root first; returns its leaf's node. count 0 adds to the root only. What a
 * stack weighs that came before is added to its nodes, but for the root, by tree_sum_totals, tree_wrap and
 * tree_sort: before, totals and lines are not to be looked at. */
uint32_t tree_add(struct tree *tree, const struct frame *frames, size_t count, uint64_t weight);

void tree_sum_totals(struct tree *tree);

/* For readers: the child of parent for this frame (made if it is missing), with nothing added. */
uint32_t tree_child(struct tree *tree, uint32_t parent, const struct frame *frame);
/* For readers: adds to one node alone, on a line of it (0: not known). What a node weighs must in the
 * end be what its children do, and its self. */
void tree_weigh(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight);

size_t tree_count(const struct tree *tree); /* nodes, the root counted */
const struct tree_node *tree_node(const struct tree *tree, uint32_t node);
const struct frame *tree_frame(const struct tree *tree, uint32_t node);
/* What a node weighs without its children; takes time by their number. */
uint64_t tree_self(const struct tree *tree, uint32_t node);

/* for (struct tree_line line = tree_line_first(tree, node); line.number; line = tree_line_next(tree, &line)) */
struct tree_line tree_line_first(const struct tree *tree, uint32_t node);
struct tree_line tree_line_next(const struct tree *tree, const struct tree_line *line);

/* The line that all of a node's weight lies on; 0: there is no such one. */
uint32_t tree_only_line(const struct tree *tree, uint32_t node);

/* Puts all that is in the tree so far below one new child of the root. */
void tree_wrap(struct tree *tree, const struct frame *frame);

/* Walks the tree, parents before their children, in the children's order: the node behind `node`,
 * TREE_NONE behind the last. *depth (if not NULL) follows: 0 for the root, 1 for its children. */
uint32_t tree_next(const struct tree *tree, uint32_t node, size_t *depth);

/* Puts every node's children in the order of total (largest first), then name, file, module, line;
 * and every node's lines in the order of the line. Two trees with equal content come out equal. */
void tree_sort(struct tree *tree, const struct intern *intern);
/* Puts every node's children in the order of keys[node], largest first; of equal ones in the order in which they are. */
void tree_sort_by(struct tree *tree, const uint64_t *keys);

#endif
