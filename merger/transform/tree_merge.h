/* tree_merge: adds one profile's tree to another's. */
#ifndef PMP_TREE_MERGE_H
#define PMP_TREE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* What gives `from`'s strings their ids in `into`'s table, as they're asked for. */
struct intern_map {
	struct intern *into;
	const struct intern *from;
	uint32_t *ids; /* 0: not asked for yet */
};

void intern_map_init(struct intern_map *map, struct intern *into, const struct intern *from);
void intern_map_deinit(struct intern_map *map);
uint32_t intern_map_id(struct intern_map *map, uint32_t id);

/* Adds the weights and lines of `from` to the tree of `into`, which is not by line unless from's is: a line of a frame
 * becomes one of the node. levels: LEVEL_BITs of hosts and processes; those that a path of from's lacks are put in. labels: frames
 * become what collapsed stacks would tell of them, but for levels that are wanted. Returns which node of into's each node of
 * from's is now, which the caller frees; NULL: the weights are too large, and nothing was added. */
uint32_t *tree_merge(struct profile *into, const struct profile *from, struct intern_map *map,
                     unsigned levels, bool labels);

/* The same tree, not by line. */
void tree_merge_lines(struct profile *profile);
/* The same tree, not by line, with labels for frames. */
void tree_merge_labels(struct profile *profile, unsigned levels);

/* What frames tell of functions; 0: there is none. */
enum {
	IDENTITY_LABELS = 1, /* their labels alone: collapsed stacks had no more */
	IDENTITY_PLACES = 2, /* their files, or modules, too */
};
unsigned tree_merge_identity(const struct tree *tree);

#endif
