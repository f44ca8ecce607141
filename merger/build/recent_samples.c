#include "merger/build/recent_samples.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/profile/pause_stats.h"

/* Old elements at the front of both arrays are unused; `sample_first` and `stack_first` are the
 * first used ones. */
struct recent_samples {
	uint64_t span_us;
	struct recent_sample *samples;
	size_t sample_first, sample_count, sample_cap;
	struct recent_stack *stacks;
	size_t stack_first, stack_count, stack_cap;
	struct recent_sample open; /* begun and not ended yet */
	bool is_open;
};

struct recent_samples *recent_samples_create(uint64_t span_us)
{
	struct recent_samples *recent = alloc_zeroed(1, sizeof(*recent));

	recent->span_us = span_us;
	return recent;
}

void recent_samples_destroy(struct recent_samples *recent)
{
	if (!recent)
		return;
	free(recent->samples);
	free(recent->stacks);
	free(recent);
}

const struct recent_sample *recent_samples_sample_at(const struct recent_samples *recent, size_t i)
{
	return &recent->samples[i];
}

const struct recent_stack *recent_samples_stack_at(const struct recent_samples *recent, size_t i)
{
	return &recent->stacks[i];
}

void recent_samples_stack(struct recent_samples *recent, uint32_t thread, uint32_t leaf,
                          const struct stack_thread *facts)
{
	recent->stacks = alloc_grow(recent->stacks, &recent->stack_cap, recent->stack_count + 1,
	                            sizeof(*recent->stacks));
	recent->stacks[recent->stack_count++] = (struct recent_stack){
		.thread = thread,
		.leaf = leaf,
		.cpu_us = facts->cpu_us,
		.state = facts->state,
		.has_cpu = facts->has_cpu,
	};
}

/* Removes the unused front when it is half of the array. */
static void cut_front(struct recent_samples *recent)
{
	size_t samples = recent->sample_first, stacks = recent->stack_first;

	if (samples < 64 || samples * 2 < recent->sample_count)
		return;
	recent->sample_count -= samples;
	recent->stack_count -= stacks;
	memmove(recent->samples, recent->samples + samples,
	        recent->sample_count * sizeof(*recent->samples));
	memmove(recent->stacks, recent->stacks + stacks,
	        recent->stack_count * sizeof(*recent->stacks));
	for (size_t i = 0; i < recent->sample_count; i++)
		recent->samples[i].first -= stacks;
	recent->sample_first = 0;
	recent->stack_first = 0;
}

static void forget_old(struct recent_samples *recent)
{
	uint64_t now = recent->samples[recent->sample_count - 1].time_us;

	while (recent->sample_first + 1 < recent->sample_count) {
		const struct recent_sample *oldest = &recent->samples[recent->sample_first];

		if (oldest->time_us + recent->span_us >= now &&
		    recent->stack_count - recent->stack_first <= RECENT_SAMPLES_STACKS_MAX)
			break;
		recent->stack_first = oldest->first + oldest->count;
		recent->sample_first++;
	}
	cut_front(recent);
}

static size_t find_last_end(const struct recent_samples *recent)
{
	const struct recent_sample *last;

	if (!recent->sample_count)
		return recent->stack_first;
	last = &recent->samples[recent->sample_count - 1];
	return last->first + last->count;
}

static void close_recent_sample(struct recent_samples *recent)
{
	recent->open.first = find_last_end(recent);
	recent->open.count = recent->stack_count - recent->open.first;
	recent->samples = alloc_grow(recent->samples, &recent->sample_cap, recent->sample_count + 1,
	                             sizeof(*recent->samples));
	recent->samples[recent->sample_count++] = recent->open;
	recent->is_open = false;
	forget_old(recent);
}

static void open_recent_sample(struct recent_samples *recent, const struct marker *marker)
{
	uint64_t pid = marker_number(marker, "pid", 0);

	recent->open = (struct recent_sample){
		.time_us = marker_number(marker, "time_us", 0),
		.pid = pid <= UINT32_MAX ? (uint32_t)pid : 0,
	};
	recent->is_open = true;
}

void recent_samples_on_marker(struct recent_samples *recent, const struct marker *marker)
{
	switch (marker->verb) {
	case MARKER_BEGIN:
		if (recent->is_open)
			close_recent_sample(recent);
		recent->stack_count = find_last_end(recent); /* drops stacks outside of samples */
		open_recent_sample(recent, marker);
		break;
	case MARKER_END:
		if (!recent->is_open)
			break;
		recent->open.pause_us = marker_number(marker, "pause_us", 0);
		close_recent_sample(recent);
		break;
	case MARKER_FAILED: /* its stacks came before the marker */
		open_recent_sample(recent, marker);
		recent->open.failed = true;
		close_recent_sample(recent);
		break;
	default:
		break;
	}
}

static struct recent_target *get_recent_target(struct recent_window *window, uint32_t pid)
{
	uint32_t hash = hash_index_hash(hash_index_start(pid)), found;

	for (size_t at = hash;
	     (found = hash_index_next(&window->target_index, hash, &at)) != HASH_INDEX_NONE;)
		if (window->targets[found].pid == pid)
			return &window->targets[found];
	hash_index_add(&window->target_index, hash, (uint32_t)window->target_count);
	window->targets = alloc_grow(window->targets, &window->target_cap, window->target_count + 1,
	                             sizeof(*window->targets));
	window->targets[window->target_count] = (struct recent_target){ pid, SIZE_MAX };
	return &window->targets[window->target_count++];
}

static void add_up_pauses(struct recent_window *window)
{
	struct pause_stats pauses = { 0 };
	struct profile_pause pause;

	for (size_t i = window->from; i < window->to; i++)
		if (!window->recent->samples[i].failed)
			pause_stats_add(&pauses, window->recent->samples[i].pause_us);
	pause = pause_stats_sum_up(&pauses);
	if (pause.known) {
		window->pause_median_us = pause.median;
		window->pause_max_us = pause.max;
		window->stopped_share =
		        (double)pauses.sum / (double)pauses.count * window->rate_hz / 1e6;
	}
	pause_stats_deinit(&pauses);
}

void recent_window_init(struct recent_window *ret, const struct recent_samples *recent,
                        uint64_t span_us)
{
	uint64_t newest;

	*ret = (struct recent_window){ .recent = recent };
	ret->from = ret->to = recent->sample_count;
	if (recent->sample_first == recent->sample_count)
		return;
	newest = recent->samples[ret->to - 1].time_us;
	while (ret->from > recent->sample_first &&
	       recent->samples[ret->from - 1].time_us + span_us >= newest)
		ret->from--;
	for (size_t i = ret->from; i < ret->to; i++) {
		struct recent_target *target = get_recent_target(ret, recent->samples[i].pid);

		ret->taken += !recent->samples[i].failed;
		ret->failed += recent->samples[i].failed;
		if (!recent->samples[i].failed)
			target->last = i;
	}
	if (newest > recent->samples[ret->from].time_us)
		ret->span_us = newest - recent->samples[ret->from].time_us;
	if (ret->span_us && ret->taken > ret->target_count)
		ret->rate_hz = (double)(ret->taken - ret->target_count) * 1e6 /
		               (double)ret->span_us / (double)ret->target_count;
	add_up_pauses(ret);
}

void recent_window_deinit(struct recent_window *window)
{
	free(window->targets);
	hash_index_deinit(&window->target_index);
	*window = (struct recent_window){ 0 };
}

static bool is_wanted(const struct recent_stack *stack, bool running)
{
	return !running || stack->state == 'R' || !stack->state;
}

size_t recent_window_stacks(const struct recent_window *window, bool running)
{
	size_t ret = 0;

	for (size_t i = window->from; i < window->to; i++) {
		const struct recent_sample *sample = &window->recent->samples[i];

		for (size_t k = sample->first; k < sample->first + sample->count; k++)
			ret += is_wanted(&window->recent->stacks[k], running);
	}
	return ret;
}

static int compare_leaves(const void *a, const void *b)
{
	return number_order(*(const uint32_t *)a, *(const uint32_t *)b);
}

static size_t collect_leaves(const struct recent_window *window, bool running, uint32_t **ret)
{
	const struct recent_samples *recent = window->recent;
	size_t count = 0, cap = 0;

	*ret = NULL;
	for (size_t i = window->from; i < window->to; i++) {
		const struct recent_sample *sample = &recent->samples[i];

		*ret = alloc_grow(*ret, &cap, count + sample->count, sizeof(**ret));
		for (size_t k = sample->first; k < sample->first + sample->count; k++)
			if (is_wanted(&recent->stacks[k], running))
				(*ret)[count++] = recent->stacks[k].leaf;
	}
	if (count)
		qsort(*ret, count, sizeof(**ret), compare_leaves);
	return count;
}

struct path {
	struct frame *frames; /* root first */
	size_t count, cap;
};

static void fill_path(struct path *path, const struct tree *tree, uint32_t leaf)
{
	size_t depth = 0;

	for (uint32_t i = leaf; i != TREE_ROOT; i = tree_node(tree, i)->parent)
		depth++;
	path->frames = alloc_grow(path->frames, &path->cap, depth, sizeof(*path->frames));
	path->count = depth;
	for (uint32_t i = leaf; i != TREE_ROOT; i = tree_node(tree, i)->parent)
		path->frames[--depth] = *tree_frame(tree, i);
}

struct tree *recent_window_tree(const struct recent_window *window, const struct tree *tree,
                                bool running)
{
	struct tree *ret = tree_create(tree_by_line(tree));
	struct path path = { 0 };
	uint32_t *leaves;
	size_t count = collect_leaves(window, running, &leaves), same;

	for (size_t i = 0; i < count; i += same) {
		for (same = 1; i + same < count && leaves[i + same] == leaves[i];)
			same++;
		fill_path(&path, tree, leaves[i]);
		tree_add(ret, path.frames, path.count, same);
	}
	tree_sum_totals(ret);
	free(path.frames);
	free(leaves);
	return ret;
}
