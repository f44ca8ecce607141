/* yaml_tree: the tree of a YAML profile. Its nodes are read into one array as they come, their keys in
 * any order, and become a tree when all of the text was seen. */
#ifndef PMP_YAML_TREE_H
#define PMP_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/profile/tree.h"
#include "merger/formats/yaml_events.h"

struct yaml_node;
struct yaml_node_line;

/* A list of calls: the tree's roots, or what continues one node (yaml_schema.h). */
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
	struct hash_index piece_index; /* number -> its place in pieces */
};

void yaml_tree_deinit(struct yaml_tree *yaml);

/* Read the value of "tree" and of "continued", whose first event is there. Both use reader->ctx. */
bool yaml_tree_read(struct yaml_events *reader, struct yaml_tree *yaml);
bool yaml_tree_read_continued(struct yaml_events *reader, struct yaml_tree *yaml);

/* Checks that the numbers fit each other, and adds all to the tree. */
bool yaml_tree_build(struct yaml_events *reader, struct yaml_tree *yaml, struct tree *tree);

/* Of each node its index in the tree that was built: those of `tree` first, then piece by piece. The caller
 * frees it. */
uint32_t *yaml_tree_places(const struct yaml_tree *yaml, size_t *count);

#endif
