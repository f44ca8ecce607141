/* tree: the weighted call tree. Nodes are in one array and are referred to by index; node 0 is the
 * root, which has no frame. Nodes with equal frames share one frame. */
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
	uint64_t total;                     /* weight: its own and its children's */
};

/* The part of a node's weight on one line. */
struct tree_line {
	uint32_t number; /* 0: after the last one */
	uint32_t next;   /* for tree_line_next */
	uint64_t weight;
};

struct tree;

/* by_line: frames that differ only in `line` have different nodes. Otherwise they have one node,
 * which stores its weight by line. */
struct tree *tree_create(bool by_line);
void tree_destroy(struct tree *tree);
bool tree_by_line(const struct tree *tree);

/* No function here recurses: the depth of a tree is limited by memory only. */

/* Adds weight for one stack, root first; returns its leaf's node. count 0 adds to the root only.
 * The weight of a repeated stack is added to its nodes (except the root) later, by tree_sum_totals,
 * tree_wrap or tree_sort. Before that call totals and lines of nodes are incomplete. */
uint32_t tree_add(struct tree *tree, const struct frame *frames, size_t count, uint64_t weight);

/* Completes totals and lines after tree_add. */
void tree_sum_totals(struct tree *tree);

/* For readers of files: the child of parent with this frame; added without weight if it is
 * missing. */
uint32_t tree_child(struct tree *tree, uint32_t parent, const struct frame *frame);
/* For readers of files: adds weight to one node only, on a line (0: unknown). In the end a node's
 * total must be its children's totals plus its self. */
void tree_weigh(struct tree *tree, uint32_t node, uint32_t line, uint64_t weight);

size_t tree_count(const struct tree *tree); /* number of nodes, with the root */
const struct tree_node *tree_node(const struct tree *tree, uint32_t node);
const struct frame *tree_frame(const struct tree *tree, uint32_t node);
/* The weight of a node without its children. The time is proportional to their number. */
uint64_t tree_self(const struct tree *tree, uint32_t node);

/* Iterates over a node's lines:
 *	for (line = tree_line_first(tree, node); line.number; line = tree_line_next(tree, &line))
 */
struct tree_line tree_line_first(const struct tree *tree, uint32_t node);
struct tree_line tree_line_next(const struct tree *tree, const struct tree_line *line);

/* The line that has all of a node's weight; 0: there is none. */
uint32_t tree_only_line(const struct tree *tree, uint32_t node);

/* Moves all children of the root below one new child of the root. */
void tree_wrap(struct tree *tree, const struct frame *frame);

/* Walks the tree, parents before their children, in the children's order: returns the node after
 * `node`, TREE_NONE after the last one. Updates *depth, if not NULL: 0 for the root, 1 for its
 * children. */
uint32_t tree_next(const struct tree *tree, uint32_t node, size_t *depth);

/* Sorts each node's children by total (largest first), name, file, module, line, first line, kind,
 * and each node's lines by number. Trees with equal content get the same order. */
void tree_sort(struct tree *tree, const struct intern *intern);
/* Sorts each node's children by keys[node], largest first. Children with equal keys keep their
 * order. */
void tree_sort_by(struct tree *tree, const uint64_t *keys);

#endif
