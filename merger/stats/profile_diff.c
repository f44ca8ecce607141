#include "merger/stats/profile_diff.h"

#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/function_totals.h"
#include "merger/transform/tree_merge.h"
#include "merger/stats/tree_error.h"

#define UNIT 1e9             /* of the joint tree's weights */
#define SHARE_COMPARED 0.002 /* rows with less on both sides are not looked at for what's sure */

/* One of the two profiles, in terms of the joint tree. */
struct side {
	const struct profile *profile;
	uint32_t *places;  /* of its nodes, in the joint tree */
	uint64_t *totals;  /* of the joint tree's nodes */
	struct tree *tree; /* the joint tree with its weights */
	struct function_totals functions;
	struct tree_error spread;
	double whole;
};

struct comparing {
	struct profile_diff *diff;
	struct profile *joint;
	struct side sides[DIFF_SIDES];
};

/* The same nodes, by the same numbers, with other weights. */
static struct tree *tree_weighed(const struct tree *tree, const uint64_t *weights)
{
	struct tree *ret = tree_create(tree_by_line(tree));

	for (uint32_t i = 1; i < tree_count(tree); i++)
		tree_weigh(ret, tree_child(ret, tree_node(tree, i)->parent, tree_frame(tree, i)), 0,
		           weights[i]);
	tree_weigh(ret, TREE_ROOT, 0, weights[TREE_ROOT]);
	return ret;
}

static void side_place(struct comparing *c, struct side *side)
{
	struct intern_map map;

	intern_map_init(&map, c->joint->intern, side->profile->intern);
	side->places = tree_merge(c->joint, side->profile, &map, 0, c->diff->labels);
	intern_map_deinit(&map);
}

static void side_weigh(struct comparing *c, struct side *side)
{
	const struct tree *from = side->profile->tree;

	side->totals = alloc_zeroed(tree_count(c->joint->tree), sizeof(*side->totals));
	/* Nodes that differ in lines alone can be one in the joint tree. */
	for (uint32_t i = 0; i < tree_count(from); i++)
		side->totals[side->places[i]] += tree_node(from, i)->total;
	side->whole = (double)side->totals[TREE_ROOT];
	side->tree = tree_weighed(c->joint->tree, side->totals);
	function_totals_init(&side->functions, side->tree, c->joint->intern, TOTALS_BY_SEEN, 0);
	tree_error_init(&side->spread, side->profile, side->tree, side->places);
}

static void side_deinit(struct side *side)
{
	free(side->places);
	free(side->totals);
	if (side->tree) {
		function_totals_deinit(&side->functions);
		tree_error_deinit(&side->spread);
		tree_destroy(side->tree);
	}
}

/* The variance of a share: that of the parts where it can be trusted; at least that of independent samples, if both sides had the
 * same share, otherwise. */
static double side_variance(const struct sampling_error *spread, size_t key, double share,
                            double pooled)
{
	double independent =
	        spread->independent > 0 ? pooled * (1 - pooled) / spread->independent : 1;
	double parts = spread->parts ? sampling_error_variance(spread, key) : 0;

	if (sampling_error_trusts_parts(spread, share))
		return parts;
	return parts > independent ? parts : independent;
}

/* How often a value lies so many standard errors off, by chance: Student's t by way of the normal distribution (D. L. Wallace, Bounds on
 * normal approximations to Student's and the chi-square distributions, 1959). */
static double chance_of(double t, double freedom)
{
	double z = sqrt(freedom * log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3);

	return erfc(z / sqrt(2));
}

static double fewer(double a, double b)
{
	return a < b ? a : b;
}

static struct diff_share share_compare(const struct comparing *c, size_t key, uint64_t before,
                                       uint64_t after)
{
	const struct sampling_error *a = &c->sides[DIFF_BEFORE].spread.spread;
	const struct sampling_error *b = &c->sides[DIFF_AFTER].spread.spread;
	struct diff_share ret = {
		.before = (double)before / c->sides[DIFF_BEFORE].whole,
		.after = (double)after / c->sides[DIFF_AFTER].whole,
	};
	double pooled = (ret.before * a->independent + ret.after * b->independent) /
	                (a->independent + b->independent);
	double freedom = fmin(1e9, fewer(a->freedom, b->freedom));
	double error = sqrt(side_variance(a, key, ret.before, pooled) +
	                    side_variance(b, key, ret.after, pooled));

	ret.error = fmin(1, sampling_error_t95(freedom) * error);
	ret.chance = 1;
	if (error > 0)
		ret.chance = chance_of(fabs(diff_change(&ret)) / error, freedom);
	else if (diff_change(&ret) != 0)
		ret.chance = 0;
	return ret;
}

static void nodes_compare(struct comparing *c)
{
	const uint64_t *before = c->sides[DIFF_BEFORE].totals, *after = c->sides[DIFF_AFTER].totals;
	size_t count = tree_count(c->joint->tree);

	c->diff->nodes = alloc_zeroed(count, sizeof(*c->diff->nodes));
	for (uint32_t i = 1; i < count; i++)
		c->diff->nodes[i] = share_compare(c, tree_error_node(&c->sides[0].spread, i),
		                                  before[i], after[i]);
}

static void rows_fill(struct comparing *c)
{
	const struct function_totals *before = &c->sides[DIFF_BEFORE].functions;
	const struct function_totals *after = &c->sides[DIFF_AFTER].functions;
	const struct tree_error *keys = &c->sides[0].spread;

	c->diff->row_count = before->count;
	c->diff->rows = alloc_zeroed(before->count, sizeof(*c->diff->rows));
	for (uint32_t i = 0; i < before->count; i++)
		c->diff->rows[i] = (struct diff_row){
			.frame = tree_frame(c->joint->tree, keys->functions.nodes[i]),
			.self = share_compare(c, tree_error_function_self(keys, i + 1),
			                      before->rows[i].self, after->rows[i].self),
			.total = share_compare(c, tree_error_function(keys, i + 1),
			                       before->rows[i].total, after->rows[i].total),
		};
}

static int number_compare(double a, double b)
{
	return (a > b) - (a < b);
}

static int chance_compare(const void *a, const void *b)
{
	const struct diff_row *left = a, *right = b;

	return number_compare(left->self.chance, right->self.chance);
}

static int row_compare(const void *a, const void *b, void *ctx)
{
	const struct diff_row *left = a, *right = b;
	int diff = number_compare(fabs(diff_change(&right->self)), fabs(diff_change(&left->self)));

	if (!diff)
		diff = number_compare(fabs(diff_change(&right->total)),
		                      fabs(diff_change(&left->total)));
	if (!diff)
		diff = number_compare(right->self.after, left->self.after);
	return diff ? diff : intern_compare(ctx, left->frame->name, right->frame->name);
}

static bool is_compared(const struct diff_row *row)
{
	return row->self.before >= SHARE_COMPARED || row->self.after >= SHARE_COMPARED;
}

/* Holm's way: the least likely one has to be as unlikely as if it were one of all, the next one as if it were one of those left. */
static void rows_judge(struct profile_diff *diff)
{
	size_t left;

	if (!diff->row_count)
		return;
	for (size_t i = 0; i < diff->row_count; i++)
		diff->compared += is_compared(&diff->rows[i]);
	left = diff->compared;
	qsort(diff->rows, diff->row_count, sizeof(*diff->rows), chance_compare);
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
	qsort_r(diff->rows, diff->row_count, sizeof(*diff->rows), row_compare, diff->joint->intern);
}

/* The joint tree weighs the mean share. Selfs are rounded, so that totals are their sums. */
static void joint_weigh(struct comparing *c)
{
	const struct side *before = &c->sides[DIFF_BEFORE], *after = &c->sides[DIFF_AFTER];
	struct tree *old = c->joint->tree;
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
	c->joint->tree = tree_weighed(old, weights);
	tree_destroy(old);
	free(weights);
}

static void joint_sort(struct profile_diff *diff)
{
	size_t count = tree_count(diff->joint->tree);
	uint64_t *keys = alloc_zeroed(count, sizeof(*keys));

	tree_sort(diff->joint->tree, diff->joint->intern);
	for (size_t i = 1; i < count; i++)
		keys[i] = (uint64_t)(fabs(diff_change(&diff->nodes[i])) * UNIT);
	tree_sort_by(diff->joint->tree, keys);
	free(keys);
}

static void sides_tell(struct comparing *c)
{
	for (size_t i = 0; i < DIFF_SIDES; i++) {
		const struct side *side = &c->sides[i];

		c->diff->sides[i].weight = side->whole;
		c->diff->sides[i].stacks = profile_stacks(side->profile);
		c->diff->sides[i].parts = side->spread.spread.parts;
		c->diff->sides[i].left_out = side->profile->left_out;
	}
}

static bool check(const struct profile *before, const struct profile *after, struct error *err)
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
	struct comparing c = { .diff = ret };

	*ret = (struct profile_diff){ .weight = before->weight };
	if (!check(before, after, err))
		return false;
	ret->joint = c.joint =
	        profile_create(tree_by_line(before->tree) && tree_by_line(after->tree));
	c.sides[DIFF_BEFORE].profile = before;
	c.sides[DIFF_AFTER].profile = after;
	ret->labels = tree_merge_identity(before->tree) != tree_merge_identity(after->tree);
	for (size_t i = 0; i < DIFF_SIDES; i++)
		side_place(&c, &c.sides[i]);
	if (!c.sides[DIFF_BEFORE].places || !c.sides[DIFF_AFTER].places) {
		error_set(err, ERROR_INPUT, "together the profiles' numbers are too large");
	} else {
		for (size_t i = 0; i < DIFF_SIDES; i++)
			side_weigh(&c, &c.sides[i]);
		joint_weigh(&c);
		nodes_compare(&c);
		rows_fill(&c);
		rows_judge(ret);
		joint_sort(ret);
		sides_tell(&c);
	}
	for (size_t i = 0; i < DIFF_SIDES; i++)
		side_deinit(&c.sides[i]);
	return !err->code;
}

void profile_diff_deinit(struct profile_diff *diff)
{
	profile_destroy(diff->joint);
	free(diff->nodes);
	free(diff->rows);
	*diff = (struct profile_diff){ 0 };
}
