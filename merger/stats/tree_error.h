/* tree_error: the errors (sampling_error.h) of the shares that a profile's nodes and functions have. */
#ifndef PMP_TREE_ERROR_H
#define PMP_TREE_ERROR_H

#include "merger/profile/function_table.h"
#include "merger/stats/sampling_error.h"

struct tree_error {
	const struct profile *profile;
	const struct tree *tree;
	const uint32_t *places;
	struct sampling_error spread;
	struct function_table functions;
	uint32_t *numbers; /* by node: its function; 0: it's a level */
	size_t nodes;
	/* stamps[N] == stamp: function N is on the stack that is looked at */
	uint32_t *stamps, stamp;
};

/* tree, places: nodes and functions are those of another tree, which has the profile's node i at places[i] (tree_merge.h), and both
 * stay as long as *ret; NULL: of the profile's own. */
void tree_error_init(struct tree_error *ret, const struct profile *profile, const struct tree *tree,
                     const uint32_t *places);
void tree_error_deinit(struct tree_error *spread);

/* Keys of the spread. A function's number is that of a top_table's row. */
size_t tree_error_node(const struct tree_error *spread, uint32_t node);
size_t tree_error_self(const struct tree_error *spread, uint32_t node);
size_t tree_error_function(const struct tree_error *spread, uint32_t number);
size_t tree_error_function_self(const struct tree_error *spread, uint32_t number);

/* Half of the 95 % interval, in percent, of a weight that has this key. */
double tree_error_percent(const struct tree_error *spread, size_t key, uint64_t weight);

#endif
