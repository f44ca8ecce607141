#include "merger/stats/tree_error.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/levels.h"

size_t tree_error_node(const struct tree_error *spread, uint32_t node)
{
	(void)spread;
	return node;
}

size_t tree_error_self(const struct tree_error *spread, uint32_t node)
{
	return spread->nodes + node;
}

size_t tree_error_function(const struct tree_error *spread, uint32_t number)
{
	return 2 * spread->nodes + number;
}

size_t tree_error_function_self(const struct tree_error *spread, uint32_t number)
{
	return 2 * spread->nodes + spread->functions.count + 1 + number;
}

/* A function that is on the way more than once counts once. */
static bool is_new(struct tree_error *spread, uint32_t number)
{
	bool ret = number && spread->stamps[number] != spread->stamp;

	spread->stamps[number] = spread->stamp;
	return ret;
}

static void put(void *ctx, struct sampling_error *sums, uint32_t leaf)
{
	struct tree_error *spread = ctx;
	const struct tree *tree = spread->tree;

	if (spread->places)
		leaf = spread->places[leaf];
	spread->stamp++;
	sampling_error_count(sums, tree_error_self(spread, leaf));
	if (spread->numbers[leaf])
		sampling_error_count(sums, tree_error_function_self(spread, spread->numbers[leaf]));
	for (uint32_t i = leaf; i != TREE_ROOT; i = tree_node(tree, i)->parent) {
		sampling_error_count(sums, tree_error_node(spread, i));
		if (is_new(spread, spread->numbers[i]))
			sampling_error_count(sums, tree_error_function(spread, spread->numbers[i]));
	}
}

void tree_error_init(struct tree_error *ret, const struct profile *profile, const struct tree *tree,
                     const uint32_t *places)
{
	struct sampling_error_keys keys = { .ctx = ret, .put = put };

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
	sampling_error_init(&ret->spread, profile, &keys);
}

void tree_error_deinit(struct tree_error *spread)
{
	sampling_error_deinit(&spread->spread);
	function_table_deinit(&spread->functions);
	free(spread->numbers);
	free(spread->stamps);
}

double tree_error_percent(const struct tree_error *spread, size_t key, uint64_t weight)
{
	uint64_t whole = tree_node(spread->profile->tree, TREE_ROOT)->total;

	return whole ? 100 * sampling_error_of(&spread->spread, key, (double)weight / (double)whole)
	             : 0;
}
