/* yaml_tree: the tree of a YAML profile. The nodes are read into one array, with their keys in
 * any order, and become a tree after all text was read. */
#ifndef PMP_YAML_TREE_H
#define PMP_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/formats/yaml_events.h"
#include "merger/profile/tree.h"

struct yaml_node;
struct yaml_node_line;

/* A list of calls: the tree's roots, or the calls of a node that is continued (yaml_schema.h). */
struct yaml_piece {
	uint64_t number;   /* 0: the roots */
	size_t first, end; /* its nodes */
	size_t line;       /* in the file */
	bool used;
};

struct yaml_tree {
	struct yaml_node *nodes;
	size_t node_count, node_cap;
	struct yaml_node_line *lines;
	size_t line_count, line_cap;
	struct yaml_piece *pieces;
	size_t piece_count, piece_cap;
	struct hash_index piece_index; /* number -> index in pieces */
};

void yaml_tree_deinit(struct yaml_tree *yaml);

/* Read the values of "tree" and "continued", whose first event was read. Both use reader->ctx. */
bool yaml_tree_read(struct yaml_events *reader, struct yaml_tree *yaml);
bool yaml_tree_read_continued(struct yaml_events *reader, struct yaml_tree *yaml);

/* Checks that the numbers are consistent, and adds the nodes to the tree. */
bool yaml_tree_build(struct yaml_events *reader, struct yaml_tree *yaml, struct tree *tree);

/* By node: its index in the built tree, first the nodes of `tree`, then those of the pieces. The
 * caller frees it. */
uint32_t *yaml_tree_places(const struct yaml_tree *yaml, size_t *count);

#endif
