#include "merger/stats/sampling_error.h"

#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/timeline_replay.h"
#include "merger/profile/thread_stacks.h"

/* Parts are as many as tell a spread, and as few as are longer than what a program does for a while. */
#define PARTS_MAX 32
#define PARTS_MIN 4
#define SAMPLES_MIN 5 /* in a part */
/* So many parts, in which a thing was there, and was not, so many times, tell its spread well. */
#define PARTS_TRUSTED 8
#define COUNT_TRUSTED 10

struct counting {
	struct sampling_error *spread;
	const struct sampling_error_keys *keys;
	const struct profile *profile;
	const struct timeline *timeline;
	struct timeline_replay standings;
	uint64_t *weights; /* by stack, of this part */
	uint32_t *stacks;  /* those that have one */
	size_t stack_count, stack_cap;
	size_t parts, part;
};

static void stack_weigh(struct counting *counting, uint32_t slot)
{
	const struct timeline_entry *entry = &counting->standings.threads[slot].entry;
	uint64_t weight = timeline_replay_samples(&counting->standings, slot) *
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

void sampling_error_count(struct sampling_error *spread, size_t key)
{
	struct part_keys *touched = &spread->touched;

	if (!spread->now[key]) {
		touched->keys = alloc_grow(touched->keys, &touched->cap, touched->count + 1,
		                           sizeof(*touched->keys));
		touched->keys[touched->count++] = (uint32_t)key;
	}
	spread->now[key] += spread->weight;
}

static void step_add(struct sampling_error *spread, uint32_t key, double share)
{
	double step = share - spread->before[key];

	if (spread->parts)
		spread->steps += step * step;
	spread->before[key] = share;
}

/* The shares of a part. */
static void shares_add(struct sampling_error *spread, double whole)
{
	struct part_keys gone = spread->touched_before;

	for (size_t i = 0; i < gone.count; i++)
		if (!spread->now[gone.keys[i]])
			step_add(spread, gone.keys[i], 0);
	for (size_t i = 0; i < spread->touched.count; i++) {
		uint32_t key = spread->touched.keys[i];
		double share = (double)spread->now[key] / whole;

		step_add(spread, key, share);
		spread->sums[key] += share;
		spread->squares[key] += share * share;
		spread->now[key] = 0;
	}
	spread->touched_before = spread->touched;
	spread->touched = gone;
	spread->touched.count = 0;
	spread->parts++;
}

static void part_end(struct counting *counting)
{
	struct sampling_error *spread = counting->spread;
	uint64_t whole = 0;

	for (uint32_t i = 0; i < counting->timeline->slot_count; i++)
		stack_weigh(counting, i);
	for (size_t i = 0; i < counting->stack_count; i++) {
		uint32_t stack = counting->stacks[i];

		spread->weight = counting->weights[stack];
		whole += spread->weight;
		counting->keys->put(counting->keys->ctx, spread,
		                    counting->timeline->steps[stack].node);
		counting->weights[stack] = 0;
	}
	counting->stack_count = 0;
	if (whole)
		shares_add(spread, (double)whole);
}

static void sample_see(struct counting *counting, const struct timeline_cursor *cursor)
{
	uint64_t end = counting->timeline->last_us + 1;
	size_t part =
	        (size_t)((double)cursor->sample.time_us * (double)counting->parts / (double)end);

	if (part > counting->part) {
		part_end(counting);
		counting->part = part;
	}
	for (size_t i = 0; i < cursor->change_count; i++) {
		const struct timeline_change *change = &cursor->changes[i];

		stack_weigh(counting, change->slot);
		counting->standings.threads[change->slot].entry = change->entry;
	}
	counting->standings.samples[cursor->target]++;
}

static void parts_count(struct counting *counting)
{
	const struct timeline *timeline = counting->timeline;
	struct timeline_cursor cursor = { .timeline = timeline };

	timeline_replay_init(&counting->standings, timeline);
	counting->weights = alloc_zeroed(timeline->step_count, sizeof(*counting->weights));
	while (timeline_next(&cursor))
		sample_see(counting, &cursor);
	part_end(counting);
	timeline_cursor_deinit(&cursor);
	timeline_replay_deinit(&counting->standings);
	free(counting->weights);
	free(counting->stacks);
}

/* What the tree is weighed by has to be in the timeline. */
static bool timeline_fits(const struct profile *profile)
{
	struct thread_stacks stacks;
	bool ret;

	thread_stacks_init(&stacks, profile);
	ret = stacks.timeline;
	thread_stacks_deinit(&stacks);
	return ret;
}

static size_t part_number(const struct profile *profile)
{
	const struct timeline *timeline = profile->timeline;
	size_t samples = timeline && timeline->target_count
	                         ? timeline->sample_count / timeline->target_count
	                         : 0;
	size_t parts = samples / SAMPLES_MIN;

	if (parts < PARTS_MIN || !timeline_fits(profile))
		return 0;
	return parts > PARTS_MAX ? PARTS_MAX : parts;
}

/* Of all keys: the variance of a part's share, and what that of the mean would be if samples were independent. */
static void variances_sum(const struct sampling_error *spread, size_t count, double *of_parts,
                          double *independent)
{
	double n = (double)spread->parts;

	*of_parts = *independent = 0;
	for (size_t i = 0; i < count; i++) {
		double mean = spread->sums[i] / n;
		double square = spread->squares[i] - n * mean * mean;

		*of_parts += square > 0 ? square / (n - 1) : 0;
		*independent += mean < 1 ? mean * (1 - mean) / spread->samples : 0;
	}
}

/* Parts that follow each other are alike where what a program does lasts for longer than a part. If they're a first-order
 * autoregressive series with correlation 1 - u, the mean step from one to the next (J. von Neumann, 1941), half squared, is
 * variance * u, and the parts' own variance is variance * (1 - 2 (1 - u) / u / (n - 1)): that gives u, and with it how much further
 * than of independent parts the mean lies off. All keys together tell it, as one alone would be too rough. */
static void correlation_find(struct sampling_error *spread, size_t count)
{
	double n = (double)spread->parts, of_parts, independent, ratio, under, u;

	variances_sum(spread, count, &of_parts, &independent);
	if (of_parts <= 0)
		return;
	ratio = fmin(1, spread->steps / (n - 1) / 2 / of_parts);
	under = ratio * ratio * (n + 1) * (n + 1) - 8 * ratio * (n - 1);
	/* Less than that two parts would tell, which is as bad as it can be. */
	u = under > 0 ? (ratio * (n + 1) + sqrt(under)) / (2 * (n - 1)) : 4 / (n + 1);
	u = fmin(1, fmax(u, 4 / (n + 1)));
	spread->inflation = (n - 1) * (2 - u) / (u * (n + 1) - 2);
	spread->freedom = fmax(1, n * u / (2 - u) - 1);
	if (independent > 0)
		spread->independent /= fmax(1, of_parts / n * spread->inflation / independent);
}

void sampling_error_init(struct sampling_error *ret, const struct profile *profile,
                         const struct sampling_error_keys *keys)
{
	struct counting counting = {
		.spread = ret, .keys = keys, .profile = profile, .timeline = profile->timeline
	};
	uint64_t stacks = profile_stacks(profile);

	*ret = (struct sampling_error){ .samples = (double)stacks, .freedom = INFINITY };
	if (profile->weight == PROFILE_SAMPLES)
		ret->samples = (double)tree_node(profile->tree, TREE_ROOT)->total;
	counting.parts = part_number(profile);
	if (!counting.parts) {
		/* Threads that stand together are no more than one that does. */
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
	parts_count(&counting);
	if (ret->parts < PARTS_MIN)
		ret->parts = 0;
	else
		correlation_find(ret, keys->count);
}

void sampling_error_deinit(struct sampling_error *spread)
{
	free(spread->sums);
	free(spread->squares);
	free(spread->now);
	free(spread->before);
	free(spread->touched.keys);
	free(spread->touched_before.keys);
	*spread = (struct sampling_error){ 0 };
}

double sampling_error_variance(const struct sampling_error *spread, size_t key)
{
	double n = (double)spread->parts, mean, variance;

	if (!spread->parts)
		return 0;
	mean = spread->sums[key] / n;
	variance = (spread->squares[key] - n * mean * mean) / (n - 1) / n * spread->inflation;
	return variance > 0 ? variance : 0;
}

double sampling_error_t95(double freedom)
{
	/* Student's t, 0.975, as any table has it. */
	static const double t[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
		                    2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
		                    2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
		                    2.060,  2.056, 2.052, 2.048, 2.045, 2.042, 2.040 };

	if (freedom < 1)
		return t[0];
	return freedom < 1 + sizeof(t) / sizeof(t[0]) ? t[(size_t)freedom - 1] : 1.960;
}

/* How far away the further end of Wilson's interval is (E. B. Wilson, 1927), which does not lie around the share itself: it's none
 * of no width where that is 0 or 1. */
static double wilson(double share, double n)
{
	double z = 1.960, z2 = z * z, middle, half;

	if (n <= 0)
		return 1;
	middle = (share + z2 / (2 * n)) / (1 + z2 / n);
	half = z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
	return fabs(middle - share) + half;
}

bool sampling_error_trusts_parts(const struct sampling_error *spread, double share)
{
	double there = share * spread->independent, away = (1 - share) * spread->independent;

	return spread->parts >= PARTS_TRUSTED && there >= COUNT_TRUSTED && away >= COUNT_TRUSTED;
}

double sampling_error_of(const struct sampling_error *spread, size_t key, double share)
{
	double independent = wilson(share, spread->independent), parts;

	if (!spread->parts)
		return independent;
	parts = fmin(sampling_error_t95(spread->freedom) *
	                     sqrt(sampling_error_variance(spread, key)),
	             fmax(share, 1 - share));
	return parts > independent || sampling_error_trusts_parts(spread, share) ? parts
	                                                                         : independent;
}
