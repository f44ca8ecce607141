/* A profile (YAML or collapsed): filtered in many ways, merged with itself, compared with
 * itself. */
#include "merger/formats/format.h"
#include "merger/stats/profile_diff.h"
#include "merger/transform/profile_filter.h"
#include "merger/transform/profile_merge.h"
#include "merger/formats/profile_split.h"
#include "merger/profile/levels.h"
#include "tests/fuzz/oracle.h"

static const struct profile_filter filters[] = {
	{ .focus = "a" },
	{ .hide = "[a-m]" },
	{ .thread = "700" },
	{ .thread = "m" },
	{ .threads = true },
	{ .lines = true },
	{ .fold_library = true },
	{ .fold_library = true, .uncounted = true, .invert = true },
	{ .depth = 2 },
	{ .focus = "m",
	  .hide = "z",
	  .fold_library = true,
	  .invert = true,
	  .depth = 3,
	  .threads = true },
};

/* The weights that a filter leaves out and keeps add up to the whole. */
static void check_filter(struct span text, const struct profile_filter *filter)
{
	struct error err = { 0 };
	struct profile *profile = format_read(text, "fuzz", &err);
	uint64_t whole = tree_node(profile->tree, TREE_ROOT)->total + profile->left_out;

	if (profile_filter_apply(profile, filter, &err)) {
		CHECK(tree_node(profile->tree, TREE_ROOT)->total + profile->left_out == whole,
		      "%zu", (size_t)(filter - filters));
		oracle_formats(profile);
	} else {
		oracle_error(&err, ERROR_INPUT);
	}
	profile_destroy(profile);
}

static void check_merge(const struct profile *profile, unsigned levels)
{
	struct profile_merge merge = { .levels = levels };
	uint64_t whole = tree_node(profile->tree, TREE_ROOT)->total;
	struct error err = { 0 };
	struct profile *sum;

	if (!profile_merge_add(&merge, profile, "one", &err) ||
	    !profile_merge_add(&merge, profile, "two", &err)) {
		oracle_error(&err, ERROR_INPUT);
		profile_merge_deinit(&merge);
		return;
	}
	sum = profile_merge_finish(&merge);
	CHECK(tree_node(sum->tree, TREE_ROOT)->total == 2 * whole, "%u", levels);
	oracle_formats(sum);
	profile_destroy(sum);
}

/* A profile does not differ from itself. */
static void check_diff(const struct profile *profile)
{
	struct profile_diff diff;
	struct error err = { 0 };

	if (profile_diff_init(&diff, profile, profile, &err)) {
		CHECK(!diff.sure_count, "%zu", diff.sure_count);
		for (size_t i = 0; i < diff.row_count; i++)
			CHECK(diff_change(&diff.rows[i].self) == 0 &&
			              diff.rows[i].self.before <= 1 && diff.rows[i].self.error >= 0,
			      "%zu", i);
	} else {
		oracle_error(&err, ERROR_INPUT);
	}
	profile_diff_deinit(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = oracle_span(data, size);
	struct error err = { 0 };
	struct profile *profile = format_read(text, "fuzz", &err);
	size_t seen = 0, len = profile_split(text, &seen);

	CHECK(len <= text.len && seen <= text.len, "%zu", len);
	if (!profile)
		return 0;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		check_filter(text, &filters[i]);
	for (unsigned levels = 0; levels < LEVEL_BIT(LEVEL_COUNT); levels++)
		check_merge(profile, levels);
	check_diff(profile);
	profile_destroy(profile);
	return 0;
}
