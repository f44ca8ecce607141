/* tree_merge: adds one profile's tree to another's. */
#ifndef PMP_TREE_MERGE_H
#define PMP_TREE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* Maps intern ids of `from` to ids of `into`, on demand. */
struct intern_map {
	struct intern *into;
	const struct intern *from;
	uint32_t *ids; /* 0: not mapped yet */
};

void intern_map_init(struct intern_map *map, struct intern *into, const struct intern *from);
void intern_map_deinit(struct intern_map *map);
uint32_t intern_map_id(struct intern_map *map, uint32_t id);

/* Adds the weights and lines of `from` to the tree of `into`. `into` must not be by line if
 * `from` is not; if only `from` is, the line of a frame becomes a line of the node. levels:
 * LEVEL_BITs of hosts and processes that are inserted where `from` lacks them. labels: frames
 * are reduced to the content of collapsed stacks, except wanted levels. Returns, by node of
 * `from`, the node of `into`, in an array that the caller frees. NULL: the weights are too
 * large, and nothing was added. */
uint32_t *tree_merge(struct profile *into, const struct profile *from, struct intern_map *map,
                     unsigned levels, bool labels);

/* Rebuilds the tree, not by line. */
void tree_merge_lines(struct profile *profile);
/* Rebuilds the tree, not by line, with labels as frames. */
void tree_merge_labels(struct profile *profile, unsigned levels);

/* How the frames identify functions; 0: there are no frames. */
enum {
	IDENTITY_LABELS = 1, /* by label only (collapsed stacks) */
	IDENTITY_PLACES = 2, /* also by file or module */
};
unsigned tree_merge_identity(const struct tree *tree);

#endif
