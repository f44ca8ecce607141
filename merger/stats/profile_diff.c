#include "merger/stats/profile_diff.h"

#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/function_totals.h"
#include "merger/stats/tree_error.h"
#include "merger/transform/tree_merge.h"

#define UNIT 1e9 /* weight of the whole joint tree */
/* rows with a smaller share on both sides are not tested for significance */
#define SHARE_COMPARED 0.002

/* One of the two profiles, with its nodes mapped to the joint tree. */
struct side {
	const struct profile *profile;
	uint32_t *places;  /* by node: its node in the joint tree */
	uint64_t *totals;  /* by node of the joint tree */
	struct tree *tree; /* the joint tree with this side's weights */
	struct function_totals functions;
	struct tree_error tree_error;
	double whole;
};

struct comparison {
	struct profile_diff *diff;
	struct profile *joint;
	struct side sides[DIFF_SIDES];
};

/* A copy of the tree, node by node, with other weights. */
static struct tree *weigh_tree(const struct tree *tree, const uint64_t *weights)
{
	struct tree *ret = tree_create(tree_by_line(tree));

	for (uint32_t i = 1; i < tree_count(tree); i++)
		tree_weigh(ret, tree_child(ret, tree_node(tree, i)->parent, tree_frame(tree, i)), 0,
		           weights[i]);
	tree_weigh(ret, TREE_ROOT, 0, weights[TREE_ROOT]);
	return ret;
}

static void place_side(struct comparison *comparison, struct side *side)
{
	struct intern_map map;

	intern_map_init(&map, comparison->joint->intern, side->profile->intern);
	side->places =
	        tree_merge(comparison->joint, side->profile, &map, 0, comparison->diff->labels);
	for (size_t i = 0; i < side->profile->module_count; i++)
		profile_module(comparison->joint,
		               intern_map_id(&map, side->profile->modules[i].path),
		               intern_map_id(&map, side->profile->modules[i].build_id));
	intern_map_deinit(&map);
}

static void weigh_side(struct comparison *comparison, struct side *side)
{
	const struct tree *from = side->profile->tree;

	side->totals = alloc_zeroed(tree_count(comparison->joint->tree), sizeof(*side->totals));
	/* Nodes that differ only in their lines can be one node of the joint tree. */
	for (uint32_t i = 0; i < tree_count(from); i++)
		side->totals[side->places[i]] += tree_node(from, i)->total;
	side->whole = (double)side->totals[TREE_ROOT];
	side->tree = weigh_tree(comparison->joint->tree, side->totals);
	function_totals_init(&side->functions, side->tree, comparison->joint->intern,
	                     TOTALS_BY_SEEN, 0);
	tree_error_init(&side->tree_error, side->profile, side->tree, side->places);
}

static void deinit_side(struct side *side)
{
	free(side->places);
	free(side->totals);
	if (side->tree) {
		function_totals_deinit(&side->functions);
		tree_error_deinit(&side->tree_error);
		tree_destroy(side->tree);
	}
}

/* The variance of a share: that of the parts if it can be trusted. Otherwise at least the
 * variance of independent samples, computed as if both sides had the same share. */
static double estimate_variance(const struct sampling_error *errors, size_t key, double share,
                                double pooled)
{
	double independent =
	        errors->independent > 0 ? pooled * (1 - pooled) / errors->independent : 1;
	double parts = errors->parts ? sampling_error_variance(errors, key) : 0;

	if (sampling_error_trusts_parts(errors, share))
		return parts;
	return parts > independent ? parts : independent;
}

/* The probability of a value at least t standard errors from 0 by chance: Student's t by a
 * normal approximation (D. L. Wallace, Bounds on normal approximations to Student's and the
 * chi-square distributions, 1959). */
static double compute_chance(double t, double freedom)
{
	double z = sqrt(freedom * log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3);

	return erfc(z / sqrt(2));
}

static struct diff_share compare_share(const struct comparison *comparison, size_t key,
                                       uint64_t before, uint64_t after)
{
	const struct sampling_error *a = &comparison->sides[DIFF_BEFORE].tree_error.errors;
	const struct sampling_error *b = &comparison->sides[DIFF_AFTER].tree_error.errors;
	struct diff_share ret = {
		.before = (double)before / comparison->sides[DIFF_BEFORE].whole,
		.after = (double)after / comparison->sides[DIFF_AFTER].whole,
	};
	double pooled = (ret.before * a->independent + ret.after * b->independent) /
	                (a->independent + b->independent);
	double freedom = fmin(1e9, fmin(a->freedom, b->freedom));
	double error = sqrt(estimate_variance(a, key, ret.before, pooled) +
	                    estimate_variance(b, key, ret.after, pooled));

	ret.error = fmin(1, sampling_error_t95(freedom) * error);
	ret.chance = 1;
	if (error > 0)
		ret.chance = compute_chance(fabs(diff_change(&ret)) / error, freedom);
	else if (diff_change(&ret) != 0)
		ret.chance = 0;
	return ret;
}

static void compare_nodes(struct comparison *comparison)
{
	const uint64_t *before = comparison->sides[DIFF_BEFORE].totals,
	               *after = comparison->sides[DIFF_AFTER].totals;
	size_t count = tree_count(comparison->joint->tree);

	comparison->diff->nodes = alloc_zeroed(count, sizeof(*comparison->diff->nodes));
	for (uint32_t i = 1; i < count; i++)
		comparison->diff->nodes[i] = compare_share(
		        comparison, tree_error_node(&comparison->sides[0].tree_error, i), before[i],
		        after[i]);
}

static void fill_rows(struct comparison *comparison)
{
	const struct function_totals *before = &comparison->sides[DIFF_BEFORE].functions;
	const struct function_totals *after = &comparison->sides[DIFF_AFTER].functions;
	const struct tree_error *keys = &comparison->sides[0].tree_error;

	comparison->diff->row_count = before->count;
	comparison->diff->rows = alloc_zeroed(before->count, sizeof(*comparison->diff->rows));
	for (uint32_t i = 0; i < before->count; i++)
		comparison->diff->rows[i] = (struct diff_row){
			.frame = tree_frame(comparison->joint->tree, keys->functions.nodes[i]),
			.self = compare_share(comparison, tree_error_function_self(keys, i + 1),
			                      before->rows[i].self, after->rows[i].self),
			.total = compare_share(comparison, tree_error_function(keys, i + 1),
			                       before->rows[i].total, after->rows[i].total),
		};
}

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

static int compare_by_chance(const void *a, const void *b)
{
	const struct diff_row *left = a, *right = b;

	return compare_numbers(left->self.chance, right->self.chance);
}

static int compare_by_change(const void *a, const void *b, void *ctx)
{
	const struct diff_row *left = a, *right = b;
	int diff = compare_numbers(fabs(diff_change(&right->self)), fabs(diff_change(&left->self)));

	if (!diff)
		diff = compare_numbers(fabs(diff_change(&right->total)),
		                       fabs(diff_change(&left->total)));
	if (!diff)
		diff = compare_numbers(right->self.after, left->self.after);
	return diff ? diff : intern_compare(ctx, left->frame->name, right->frame->name);
}

static bool is_compared(const struct diff_row *row)
{
	return row->self.before >= SHARE_COMPARED || row->self.after >= SHARE_COMPARED;
}

/* Holm's method: the least likely change is tested as one of all, the next as one of the rest,
 * and so on. */
static void judge_rows(struct profile_diff *diff)
{
	size_t left;

	if (!diff->row_count)
		return;
	for (size_t i = 0; i < diff->row_count; i++)
		diff->compared += is_compared(&diff->rows[i]);
	left = diff->compared;
	qsort(diff->rows, diff->row_count, sizeof(*diff->rows), compare_by_chance);
	for (size_t i = 0; i < diff->row_count; i++) {
		struct diff_row *row = &diff->rows[i];

		if (!is_compared(row))
			continue;
		if (row->self.chance * (double)left > DIFF_WRONG_PERCENT / 100.0)
			break;
		row->sure = true;
		diff->sure_count++;
		left--;
	}
	qsort_r(diff->rows, diff->row_count, sizeof(*diff->rows), compare_by_change,
	        diff->joint->intern);
}

/* A node of the joint tree weighs its mean share. Self weights are rounded first, so that totals
 * are their sums. */
static void weigh_joint(struct comparison *comparison)
{
	const struct side *before = &comparison->sides[DIFF_BEFORE],
	                  *after = &comparison->sides[DIFF_AFTER];
	struct tree *old = comparison->joint->tree;
	size_t count = tree_count(old);
	uint64_t *weights = alloc_zeroed(count, sizeof(*weights));

	for (size_t i = count; i-- > 0;) {
		uint32_t node = (uint32_t)i;
		double share = (double)tree_self(before->tree, node) / before->whole +
		               (double)tree_self(after->tree, node) / after->whole;

		weights[i] += (uint64_t)(share / 2 * UNIT + 0.5);
		if (i)
			weights[tree_node(old, node)->parent] += weights[i];
	}
	comparison->joint->tree = weigh_tree(old, weights);
	tree_destroy(old);
	free(weights);
}

static void sort_joint(struct profile_diff *diff)
{
	size_t count = tree_count(diff->joint->tree);
	uint64_t *keys = alloc_zeroed(count, sizeof(*keys));

	tree_sort(diff->joint->tree, diff->joint->intern);
	for (size_t i = 1; i < count; i++)
		keys[i] = (uint64_t)(fabs(diff_change(&diff->nodes[i])) * UNIT);
	tree_sort_by(diff->joint->tree, keys);
	free(keys);
}

static void describe_sides(struct comparison *comparison)
{
	for (size_t i = 0; i < DIFF_SIDES; i++) {
		const struct side *side = &comparison->sides[i];

		comparison->diff->sides[i].weight = side->whole;
		comparison->diff->sides[i].stacks = profile_stacks(side->profile);
		comparison->diff->sides[i].parts = side->tree_error.errors.parts;
		comparison->diff->sides[i].left_out = side->profile->left_out;
	}
}

static bool check_profiles(const struct profile *before, const struct profile *after,
                           struct error *err)
{
	if (before->weight != after->weight)
		return error_set(err, ERROR_INPUT,
		                 "one profile is weighed in samples, the other in CPU time; "
		                 "--weight wall or --weight cpu makes them the same");
	if (!tree_node(before->tree, TREE_ROOT)->total || !tree_node(after->tree, TREE_ROOT)->total)
		return error_set(err, ERROR_INPUT,
		                 "the %s profile has no stack%s: there is nothing to compare",
		                 tree_node(before->tree, TREE_ROOT)->total ? "second" : "first",
		                 before->left_out || after->left_out ? " left to show" : "");
	return true;
}

bool profile_diff_init(struct profile_diff *ret, const struct profile *before,
                       const struct profile *after, struct error *err)
{
	struct comparison comparison = { .diff = ret };

	*ret = (struct profile_diff){ .weight = before->weight };
	if (!check_profiles(before, after, err))
		return false;
	ret->joint = comparison.joint =
	        profile_create(tree_by_line(before->tree) && tree_by_line(after->tree));
	comparison.sides[DIFF_BEFORE].profile = before;
	comparison.sides[DIFF_AFTER].profile = after;
	ret->labels = tree_merge_identity(before->tree) != tree_merge_identity(after->tree);
	for (size_t i = 0; i < DIFF_SIDES; i++)
		place_side(&comparison, &comparison.sides[i]);
	if (!comparison.sides[DIFF_BEFORE].places || !comparison.sides[DIFF_AFTER].places) {
		error_set(err, ERROR_INPUT, "together the profiles' numbers are too large");
	} else {
		for (size_t i = 0; i < DIFF_SIDES; i++)
			weigh_side(&comparison, &comparison.sides[i]);
		weigh_joint(&comparison);
		compare_nodes(&comparison);
		fill_rows(&comparison);
		judge_rows(ret);
		sort_joint(ret);
		describe_sides(&comparison);
		profile_note_builds(comparison.joint);
	}
	for (size_t i = 0; i < DIFF_SIDES; i++)
		deinit_side(&comparison.sides[i]);
	return !err->code;
}

void profile_diff_deinit(struct profile_diff *diff)
{
	profile_destroy(diff->joint);
	free(diff->nodes);
	free(diff->rows);
	*diff = (struct profile_diff){ 0 };
}
