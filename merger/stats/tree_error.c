#include "merger/stats/tree_error.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/levels.h"

size_t tree_error_node(const struct tree_error *tree_error, uint32_t node)
{
	(void)tree_error;
	return node;
}

size_t tree_error_self(const struct tree_error *tree_error, uint32_t node)
{
	return tree_error->nodes + node;
}

size_t tree_error_function(const struct tree_error *tree_error, uint32_t number)
{
	return 2 * tree_error->nodes + number;
}

size_t tree_error_function_self(const struct tree_error *tree_error, uint32_t number)
{
	return 2 * tree_error->nodes + tree_error->functions.count + 1 + number;
}

/* A recursive function counts once for a stack. */
static bool is_first_on_stack(struct tree_error *tree_error, uint32_t number)
{
	bool ret = number && tree_error->stamps[number] != tree_error->stamp;

	tree_error->stamps[number] = tree_error->stamp;
	return ret;
}

static void count_stack(void *ctx, struct sampling_error *errors, uint32_t leaf)
{
	struct tree_error *tree_error = ctx;
	const struct tree *tree = tree_error->tree;

	if (tree_error->places)
		leaf = tree_error->places[leaf];
	tree_error->stamp++;
	sampling_error_count(errors, tree_error_self(tree_error, leaf));
	if (tree_error->numbers[leaf])
		sampling_error_count(
		        errors, tree_error_function_self(tree_error, tree_error->numbers[leaf]));
	for (uint32_t i = leaf; i != TREE_ROOT; i = tree_node(tree, i)->parent) {
		sampling_error_count(errors, tree_error_node(tree_error, i));
		if (is_first_on_stack(tree_error, tree_error->numbers[i]))
			sampling_error_count(
			        errors, tree_error_function(tree_error, tree_error->numbers[i]));
	}
}

void tree_error_init(struct tree_error *ret, const struct profile *profile, const struct tree *tree,
                     const uint32_t *places)
{
	struct sampling_error_keys keys = { .ctx = ret, .put = count_stack };

	tree = places ? tree : profile->tree;
	*ret = (struct tree_error){ .profile = profile,
		                    .tree = tree,
		                    .places = places,
		                    .functions = { .tree = tree },
		                    .nodes = tree_count(tree) };
	ret->numbers = alloc_zeroed(ret->nodes, sizeof(*ret->numbers));
	for (uint32_t i = TREE_ROOT; (i = tree_next(tree, i, NULL)) != TREE_NONE;)
		if (level_of(tree_frame(tree, i)->kind) == LEVEL_COUNT)
			ret->numbers[i] = function_table_number(&ret->functions, i);
	ret->stamps = alloc_zeroed(ret->functions.count + 1, sizeof(*ret->stamps));
	keys.count = 2 * ret->nodes + 2 * (ret->functions.count + 1);
	sampling_error_init(&ret->errors, profile, &keys);
}

void tree_error_deinit(struct tree_error *tree_error)
{
	sampling_error_deinit(&tree_error->errors);
	function_table_deinit(&tree_error->functions);
	free(tree_error->numbers);
	free(tree_error->stamps);
}

double tree_error_percent(const struct tree_error *tree_error, size_t key, uint64_t weight)
{
	uint64_t whole = tree_node(tree_error->profile->tree, TREE_ROOT)->total;

	return whole ? 100 * sampling_error_of(&tree_error->errors, key,
	                                       (double)weight / (double)whole)
	             : 0;
}
