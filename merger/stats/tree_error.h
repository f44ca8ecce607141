/* tree_error: the errors (sampling_error.h) of the shares of a profile's nodes and functions. */
#ifndef PMP_TREE_ERROR_H
#define PMP_TREE_ERROR_H

#include "merger/profile/function_table.h"
#include "merger/stats/sampling_error.h"

struct tree_error {
	const struct profile *profile;
	const struct tree *tree;
	const uint32_t *places;
	struct sampling_error errors;
	struct function_table functions;
	uint32_t *numbers; /* by node: its function; 0: the node is a level */
	size_t nodes;
	/* stamps[N] == stamp: function N is on the current stack */
	uint32_t *stamps, stamp;
};

/* Without places (NULL): nodes and functions of the profile's own tree. With places: those of
 * `tree`, where the profile's node i is places[i] (tree_merge.h); tree and places must live as
 * long as *ret. */
void tree_error_init(struct tree_error *ret, const struct profile *profile, const struct tree *tree,
                     const uint32_t *places);
void tree_error_deinit(struct tree_error *tree_error);

/* Keys of the errors. A function's number is the number of its function_totals row. */
size_t tree_error_node(const struct tree_error *tree_error, uint32_t node);
size_t tree_error_self(const struct tree_error *tree_error, uint32_t node);
size_t tree_error_function(const struct tree_error *tree_error, uint32_t number);
size_t tree_error_function_self(const struct tree_error *tree_error, uint32_t number);

/* Half of the 95 % interval, in percent, of the weight with this key. */
double tree_error_percent(const struct tree_error *tree_error, size_t key, uint64_t weight);

#endif
