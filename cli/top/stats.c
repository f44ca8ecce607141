#include "cli/top/stats.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/blocking_functions.h"

/* Only this many frames from the leaf on, and none beyond a Python frame, show where a thread
 * waits. */
#define DEPTH_MAX 8

static struct span get_name(const struct top_stats *stats, uint32_t node)
{
	return intern_get(stats->profile->intern, tree_frame(stats->profile->tree, node)->name);
}

/* The outermost of the blocking functions is the most useful: pthread_cond_wait, not futex_wait. */
static struct span find_blocking_function(const struct top_stats *stats, uint32_t leaf)
{
	const struct tree *tree = stats->profile->tree;
	struct span found = { 0 };

	for (int i = 0; i < DEPTH_MAX && leaf != TREE_ROOT;
	     i++, leaf = tree_node(tree, leaf)->parent) {
		enum frame_kind kind = tree_frame(tree, leaf)->kind;
		struct span name = get_name(stats, leaf);

		if (frame_is_script(kind))
			break;
		if (kind == FRAME_NATIVE && blocking_function_is(name))
			found = blocking_function_bare(name);
		else if (found.len)
			break;
	}
	return found;
}

static struct span find_wait(const struct top_stats *stats, const struct recent_stack *stack)
{
	const struct frame *frame = tree_frame(stats->profile->tree, stack->leaf);
	struct span name = get_name(stats, stack->leaf), blocking;

	if (frame->kind == FRAME_MARKER)
		return span_starts(name, SPAN_LIT("waits for ")) ? span_skip(name, 10)
		                                                 : (struct span){ 0 };
	if (stack->state == 'R' || frame->kind == FRAME_LOST)
		return (struct span){ 0 };
	blocking = find_blocking_function(stats, stack->leaf);
	if (blocking.len || !stack->state)
		return blocking;
	return name;
}

/* For each thread of the profile: the time and CPU time of its first sample in the window. */
struct first_seen {
	bool known;
	uint64_t time_us, cpu_us;
};

static struct first_seen *find_first_seen(const struct top_stats *stats)
{
	const struct recent_window *window = &stats->recent;
	struct first_seen *ret = alloc_zeroed(stats->profile->thread_count + 1, sizeof(*ret));

	for (size_t i = window->from; i < window->to; i++) {
		const struct recent_sample *sample = recent_samples_sample_at(window->recent, i);

		for (size_t k = 0; k < sample->count; k++) {
			const struct recent_stack *stack =
			        recent_samples_stack_at(window->recent, sample->first + k);
			struct first_seen *first = &ret[stack->thread];

			if (!first->known && stack->has_cpu)
				*first =
				        (struct first_seen){ true, sample->time_us, stack->cpu_us };
		}
	}
	return ret;
}

static void count_wait(struct top_stats *stats, struct span what)
{
	size_t i = 0;

	while (i < stats->wait_count && !span_eq(stats->waits[i].what, what))
		i++;
	if (i == TOP_WAITS) {
		stats->waits_uncounted++;
		return;
	}
	if (i == stats->wait_count)
		stats->waits[stats->wait_count++] = (struct top_wait){ what, 0 };
	stats->waits[i].count++;
	for (; i && stats->waits[i - 1].count < stats->waits[i].count; i--) {
		struct top_wait other = stats->waits[i];

		stats->waits[i] = stats->waits[i - 1];
		stats->waits[i - 1] = other;
	}
}

static void add_thread(struct top_stats *stats, const struct first_seen *first,
                       const struct recent_sample *sample, const struct recent_stack *stack)
{
	struct top_thread thread = {
		.thread = stack->thread,
		.leaf = stack->leaf,
		.state = stack->state,
		.wait = find_wait(stats, stack),
	};

	if (first->known && stack->has_cpu && sample->time_us > first->time_us &&
	    stack->cpu_us >= first->cpu_us) {
		thread.has_cpu = true;
		thread.cpu_share = (double)(stack->cpu_us - first->cpu_us) /
		                   (double)(sample->time_us - first->time_us);
		stats->has_cpu = true;
		stats->cpu_share += thread.cpu_share;
	}
	stats->states[(unsigned char)thread.state % TOP_STATES]++;
	if (thread.wait.len)
		count_wait(stats, thread.wait);
	stats->threads = alloc_grow(stats->threads, &stats->thread_cap, stats->thread_count + 1,
	                            sizeof(*stats->threads));
	stats->threads[stats->thread_count++] = thread;
}

static int compare_threads(const void *a, const void *b)
{
	const struct top_thread *left = a, *right = b;

	if (left->cpu_share != right->cpu_share)
		return left->cpu_share < right->cpu_share ? 1 : -1;
	return (left->thread > right->thread) - (left->thread < right->thread);
}

void top_stats_init(struct top_stats *ret, const struct profile_builder *builder, uint64_t span_us)
{
	struct first_seen *first;

	*ret = (struct top_stats){
		.profile = profile_builder_peek(builder),
		.progress = profile_builder_progress(builder),
	};
	recent_window_init(&ret->recent, profile_builder_recent(builder), span_us);
	first = find_first_seen(ret);
	for (size_t i = 0; i < ret->recent.target_count; i++) {
		size_t last = ret->recent.targets[i].last;
		const struct recent_sample *sample;

		if (last == SIZE_MAX)
			continue;
		sample = recent_samples_sample_at(ret->recent.recent, last);
		for (size_t k = 0; k < sample->count; k++) {
			const struct recent_stack *stack =
			        recent_samples_stack_at(ret->recent.recent, sample->first + k);

			add_thread(ret, &first[stack->thread], sample, stack);
		}
	}
	if (ret->thread_count)
		qsort(ret->threads, ret->thread_count, sizeof(*ret->threads), compare_threads);
	free(first);
}

void top_stats_deinit(struct top_stats *stats)
{
	recent_window_deinit(&stats->recent);
	free(stats->threads);
	*stats = (struct top_stats){ 0 };
}
