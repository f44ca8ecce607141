#include "merger/stats/sampling_error.h"

#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/thread_stacks.h"
#include "merger/profile/timeline_replay.h"

/* Number of parts: enough to estimate a variance, few enough that each is longer than a typical
 * phase of the program. */
#define PARTS_MAX 32
#define PARTS_MIN 4
#define SAMPLES_MIN 5 /* in each part */
/* The variance between the parts is trusted with at least so many parts, and if the key is
 * present, and absent, in so many independent samples. */
#define PARTS_TRUSTED 8
#define COUNT_TRUSTED 10

struct counting {
	struct sampling_error *errors;
	const struct sampling_error_keys *keys;
	const struct profile *profile;
	const struct timeline *timeline;
	struct timeline_replay replay;
	uint64_t *weights; /* by stack, in this part */
	uint32_t *stacks;  /* the stacks with a weight */
	size_t stack_count, stack_cap;
	size_t parts, part;
};

static void weigh_stack(struct counting *counting, uint32_t slot)
{
	const struct timeline_entry *entry = &counting->replay.threads[slot].entry;
	uint64_t weight = timeline_replay_samples(&counting->replay, slot) *
	                  timeline_replay_weight(entry, counting->profile->weight);
	uint32_t stack = entry->stack;

	if (!weight)
		return;
	if (!counting->weights[stack]) {
		counting->stacks = alloc_grow(counting->stacks, &counting->stack_cap,
		                              counting->stack_count + 1, sizeof(*counting->stacks));
		counting->stacks[counting->stack_count++] = stack;
	}
	counting->weights[stack] += weight;
}

void sampling_error_count(struct sampling_error *errors, size_t key)
{
	struct part_keys *touched = &errors->touched;

	if (!errors->now[key]) {
		touched->keys = alloc_grow(touched->keys, &touched->cap, touched->count + 1,
		                           sizeof(*touched->keys));
		touched->keys[touched->count++] = (uint32_t)key;
	}
	errors->now[key] += errors->weight;
}

static void add_step(struct sampling_error *errors, uint32_t key, double share)
{
	double step = share - errors->before[key];

	if (errors->parts)
		errors->steps += step * step;
	errors->before[key] = share;
}

/* Adds the shares of a part that has ended. */
static void add_shares(struct sampling_error *errors, double whole)
{
	struct part_keys gone = errors->touched_before;

	for (size_t i = 0; i < gone.count; i++)
		if (!errors->now[gone.keys[i]])
			add_step(errors, gone.keys[i], 0);
	for (size_t i = 0; i < errors->touched.count; i++) {
		uint32_t key = errors->touched.keys[i];
		double share = (double)errors->now[key] / whole;

		add_step(errors, key, share);
		errors->sums[key] += share;
		errors->squares[key] += share * share;
		errors->now[key] = 0;
	}
	errors->touched_before = errors->touched;
	errors->touched = gone;
	errors->touched.count = 0;
	errors->parts++;
}

static void end_part(struct counting *counting)
{
	struct sampling_error *errors = counting->errors;
	uint64_t whole = 0;

	for (uint32_t i = 0; i < counting->timeline->slot_count; i++)
		weigh_stack(counting, i);
	for (size_t i = 0; i < counting->stack_count; i++) {
		uint32_t stack = counting->stacks[i];

		errors->weight = counting->weights[stack];
		whole += errors->weight;
		counting->keys->put(counting->keys->ctx, errors,
		                    counting->timeline->steps[stack].node);
		counting->weights[stack] = 0;
	}
	counting->stack_count = 0;
	if (whole)
		add_shares(errors, (double)whole);
}

static void take_sample(struct counting *counting, const struct timeline_cursor *cursor)
{
	uint64_t end = counting->timeline->last_us + 1;
	size_t part =
	        (size_t)((double)cursor->sample.time_us * (double)counting->parts / (double)end);

	if (part > counting->part) {
		end_part(counting);
		counting->part = part;
	}
	for (size_t i = 0; i < cursor->change_count; i++) {
		const struct timeline_change *change = &cursor->changes[i];

		weigh_stack(counting, change->slot);
		counting->replay.threads[change->slot].entry = change->entry;
	}
	counting->replay.samples[cursor->target]++;
}

static void count_parts(struct counting *counting)
{
	const struct timeline *timeline = counting->timeline;
	struct timeline_cursor cursor = { .timeline = timeline };

	timeline_replay_init(&counting->replay, timeline);
	counting->weights = alloc_zeroed(timeline->step_count, sizeof(*counting->weights));
	while (timeline_next(&cursor))
		take_sample(counting, &cursor);
	end_part(counting);
	timeline_cursor_deinit(&cursor);
	timeline_replay_deinit(&counting->replay);
	free(counting->weights);
	free(counting->stacks);
}

/* Does the timeline have the weights that the tree has? */
static bool has_fitting_timeline(const struct profile *profile)
{
	struct thread_stacks stacks;
	bool ret;

	thread_stacks_init(&stacks, profile);
	ret = stacks.timeline;
	thread_stacks_deinit(&stacks);
	return ret;
}

static size_t choose_part_count(const struct profile *profile)
{
	const struct timeline *timeline = profile->timeline;
	size_t samples = timeline && timeline->target_count
	                         ? timeline->sample_count / timeline->target_count
	                         : 0;
	size_t parts = samples / SAMPLES_MIN;

	if (parts < PARTS_MIN || !has_fitting_timeline(profile))
		return 0;
	return parts > PARTS_MAX ? PARTS_MAX : parts;
}

/* Sums over all keys: the variance of a part's share, and the variance that the mean would have
 * if samples were independent. */
static void sum_variances(const struct sampling_error *errors, size_t count, double *of_parts,
                          double *independent)
{
	double n = (double)errors->parts;

	*of_parts = *independent = 0;
	for (size_t i = 0; i < count; i++) {
		double mean = errors->sums[i] / n;
		double square = errors->squares[i] - n * mean * mean;

		*of_parts += square > 0 ? square / (n - 1) : 0;
		*independent += mean < 1 ? mean * (1 - mean) / errors->samples : 0;
	}
}

/* Corrects for correlation between neighbouring parts, which exists if the program's phases are
 * longer than a part. Assume a first-order autoregressive series with correlation 1 - u. Then
 * half of the mean squared step between neighbours (J. von Neumann, 1941) is variance * u, and
 * the variance between the parts is variance * (1 - 2 (1 - u) / u / (n - 1)). Both give u, and u
 * gives the inflation of the mean's variance. u is estimated from all keys together, because one
 * key alone is too noisy. */
static void correct_for_correlation(struct sampling_error *errors, size_t count)
{
	double n = (double)errors->parts, of_parts, independent, ratio, under, u;

	sum_variances(errors, count, &of_parts, &independent);
	if (of_parts <= 0)
		return;
	ratio = fmin(1, errors->steps / (n - 1) / 2 / of_parts);
	under = ratio * ratio * (n + 1) * (n + 1) - 8 * ratio * (n - 1);
	/* A smaller u would mean less information than two parts, which is the limit. */
	u = under > 0 ? (ratio * (n + 1) + sqrt(under)) / (2 * (n - 1)) : 4 / (n + 1);
	u = fmin(1, fmax(u, 4 / (n + 1)));
	errors->inflation = (n - 1) * (2 - u) / (u * (n + 1) - 2);
	errors->freedom = fmax(1, n * u / (2 - u) - 1);
	if (independent > 0)
		errors->independent /= fmax(1, of_parts / n * errors->inflation / independent);
}

void sampling_error_init(struct sampling_error *ret, const struct profile *profile,
                         const struct sampling_error_keys *keys)
{
	struct counting counting = {
		.errors = ret, .keys = keys, .profile = profile, .timeline = profile->timeline
	};
	uint64_t stacks = profile_stacks(profile);

	*ret = (struct sampling_error){ .samples = (double)stacks, .freedom = INFINITY };
	if (profile->weight == PROFILE_SAMPLES)
		ret->samples = (double)tree_node(profile->tree, TREE_ROOT)->total;
	counting.parts = choose_part_count(profile);
	if (!counting.parts) {
		/* Threads of one sample are correlated: they count as one. */
		if (profile->sampling.known && profile->sampling.taken &&
		    (double)profile->sampling.taken < ret->samples)
			ret->samples = (double)profile->sampling.taken;
		ret->independent = ret->samples;
		return;
	}
	ret->independent = ret->samples;
	ret->inflation = 1;
	ret->sums = alloc_zeroed(keys->count, sizeof(*ret->sums));
	ret->squares = alloc_zeroed(keys->count, sizeof(*ret->squares));
	ret->before = alloc_zeroed(keys->count, sizeof(*ret->before));
	ret->now = alloc_zeroed(keys->count, sizeof(*ret->now));
	count_parts(&counting);
	if (ret->parts < PARTS_MIN)
		ret->parts = 0;
	else
		correct_for_correlation(ret, keys->count);
}

void sampling_error_deinit(struct sampling_error *errors)
{
	free(errors->sums);
	free(errors->squares);
	free(errors->now);
	free(errors->before);
	free(errors->touched.keys);
	free(errors->touched_before.keys);
	*errors = (struct sampling_error){ 0 };
}

double sampling_error_variance(const struct sampling_error *errors, size_t key)
{
	double n = (double)errors->parts, mean, variance;

	if (!errors->parts)
		return 0;
	mean = errors->sums[key] / n;
	variance = (errors->squares[key] - n * mean * mean) / (n - 1) / n * errors->inflation;
	return variance > 0 ? variance : 0;
}

double sampling_error_t95(double freedom)
{
	/* Student's t, 0.975, from a standard table. */
	static const double t[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
		                    2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
		                    2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
		                    2.060,  2.056, 2.052, 2.048, 2.045, 2.042, 2.040 };
	const size_t rows = sizeof(t) / sizeof(t[0]);

	if (freedom < 1)
		return t[0];
	return freedom < 1 + (double)rows ? t[(size_t)freedom - 1] : 1.960;
}

/* The distance to the farther end of Wilson's interval (E. B. Wilson, 1927). The interval is not
 * centred on the share, and it has a width even for shares of 0 and 1. */
static double wilson_error(double share, double n)
{
	double z = 1.960, z2 = z * z, middle, half;

	if (n <= 0)
		return 1;
	middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	half = z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
	return fabs(middle - share) + half;
}

bool sampling_error_trusts_parts(const struct sampling_error *errors, double share)
{
	double there = share * errors->independent, away = (1 - share) * errors->independent;

	return errors->parts >= PARTS_TRUSTED && there >= COUNT_TRUSTED && away >= COUNT_TRUSTED;
}

double sampling_error_of(const struct sampling_error *errors, size_t key, double share)
{
	double independent = wilson_error(share, errors->independent), parts;

	if (!errors->parts)
		return independent;
	parts = fmin(sampling_error_t95(errors->freedom) *
	                     sqrt(sampling_error_variance(errors, key)),
	             fmax(share, 1 - share));
	return parts > independent || sampling_error_trusts_parts(errors, share) ? parts
	                                                                         : independent;
}
