#include "merger/transform/time_window.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/pause_stats.h"
#include "merger/profile/timeline_replay.h"

/* What of one stack is in the window. */
struct stack_weight {
	uint64_t stacks, weight;
	uint64_t total; /* weight of it and of all that begins with it */
	uint64_t count; /* stacks of the same */
	uint32_t step;  /* its number in the new timeline */
};

struct target_run {
	uint64_t taken, last_us; /* of those that did not fail */
	bool stale;              /* a sample that is not in the window has changed something */
};

struct windowing {
	struct profile *profile;
	const struct time_window *window;
	const struct timeline *timeline; /* the profile's, whole */
	struct timeline *cut;
	struct tree *tree;
	uint64_t from_us, to_us, end_us;
	struct stack_weight *stacks; /* side by side with the steps */
	struct timeline_replay standings;
	uint64_t *thread_stacks; /* with the slots */
	struct target_run *targets;
	struct profile_sampling sampling;
	struct pause_stats pauses;
	uint64_t intervals_us, intervals;
	bool overflow;
};

static void add(struct windowing *w, uint64_t *to, uint64_t what)
{
	w->overflow |= __builtin_add_overflow(*to, what, to);
}

/* The samples of the thread's target that have passed with its entry. */
static void run_end(struct windowing *w, uint32_t slot)
{
	const struct timeline_entry *entry = &w->standings.threads[slot].entry;
	uint64_t samples = timeline_replay_samples(&w->standings, slot), weight;
	struct stack_weight *stack = &w->stacks[entry->stack];

	w->overflow |= __builtin_mul_overflow(
	        samples, timeline_replay_weight(entry, w->window->weight), &weight);
	add(w, &stack->weight, weight);
	stack->stacks += samples;
	w->thread_stacks[slot] += samples;
}

/* A thread that is not wanted is not there. */
static void entry_set(struct windowing *w, const struct timeline_change *change)
{
	static const struct timeline_entry gone = { 0 };
	bool kept = !w->window->running || change->entry.state == 'R';

	w->standings.threads[change->slot].entry = kept ? change->entry : gone;
}

static void changes_follow(struct windowing *w, const struct timeline_cursor *cursor)
{
	for (size_t i = 0; i < cursor->change_count; i++) {
		run_end(w, cursor->changes[i].slot);
		entry_set(w, &cursor->changes[i]);
	}
}

static void figures_add(struct windowing *w, const struct timeline_cursor *cursor)
{
	const struct timeline_sample *sample = &cursor->sample;
	struct target_run *target = &w->targets[cursor->target];

	w->sampling.asked++;
	w->sampling.late += sample->late;
	w->sampling.taken += !sample->failed;
	w->sampling.failed += sample->failed;
	if (!sample->failed)
		pause_stats_add(&w->pauses, sample->pause_us);
	if (target->taken && !sample->failed && sample->time_us > target->last_us) {
		w->intervals++;
		w->intervals_us += sample->time_us - target->last_us;
	}
	if (!sample->failed)
		target->last_us = sample->time_us;
	target->taken += !sample->failed;
	w->standings.samples[cursor->target]++;
}

static bool is_inside(const struct windowing *w, const struct timeline_sample *sample)
{
	return sample->time_us >= w->from_us && sample->time_us < w->to_us;
}

/* What each stack and each thread have in the window. */
static void weights_take(struct windowing *w)
{
	struct timeline_cursor cursor = { .timeline = w->timeline };

	while (timeline_next(&cursor)) {
		changes_follow(w, &cursor);
		if (is_inside(w, &cursor.sample))
			figures_add(w, &cursor);
	}
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < w->timeline->slot_count; i++)
		run_end(w, i);
}

/* A step's number is higher than its parent's. */
static void totals_take(struct windowing *w)
{
	for (size_t i = w->timeline->step_count; i-- > 0;) {
		struct stack_weight *stack = &w->stacks[i];

		add(w, &stack->total, stack->weight);
		stack->count += stack->stacks;
		if (!i)
			break;
		add(w, &w->stacks[w->timeline->steps[i].parent].total, stack->total);
		w->stacks[w->timeline->steps[i].parent].count += stack->count;
	}
}

/* The node above a path: the root, or the path's process. */
static uint32_t top_make(struct windowing *w, uint32_t node, uint64_t total)
{
	uint32_t above = tree_node(w->profile->tree, node)->parent;

	if (above == TREE_ROOT)
		return TREE_ROOT;
	above = tree_child(w->tree, TREE_ROOT, tree_frame(w->profile->tree, above));
	tree_weigh(w->tree, above, 0, total);
	return above;
}

static void step_make(struct windowing *w, size_t i)
{
	const struct timeline_step *step = &w->timeline->steps[i];
	struct stack_weight *stack = &w->stacks[i];
	struct timeline_step next = *step;
	uint32_t above;

	next.parent = w->stacks[step->parent].step;
	above = step->parent ? w->cut->steps[next.parent].node
	                     : top_make(w, step->node, stack->total);
	next.node = tree_child(w->tree, above, tree_frame(w->profile->tree, step->node));
	tree_weigh(w->tree, next.node, step->line, stack->total);
	stack->step = timeline_step(w->cut, &next);
}

static void tree_make(struct windowing *w)
{
	tree_weigh(w->tree, TREE_ROOT, 0, w->stacks[TIMELINE_ROOT].total);
	for (size_t i = 1; i < w->timeline->step_count; i++)
		if (w->stacks[i].count)
			step_make(w, i);
}

/* Its number in the new timeline. A stack of no sample in the window has none. */
static void slot_put(struct windowing *w, uint32_t target, uint32_t at)
{
	const struct timeline_slot *slot = &w->timeline->slots[at];
	struct timeline_entry entry = w->standings.threads[at].entry;

	entry.stack = w->stacks[entry.stack].step;
	timeline_change(w->cut, timeline_slot(w->cut, target, slot->pid, slot->tid, slot->nth),
	                &entry);
}

/* All threads that the target has or had: what changed before the window is a change for it. */
static void sample_put_whole(struct windowing *w, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < w->timeline->slot_count; i++)
		if (w->timeline->slots[i].target == from)
			slot_put(w, to, i);
}

static void sample_put(struct windowing *w, const struct timeline_cursor *cursor)
{
	struct target_run *target = &w->targets[cursor->target];
	uint32_t to = timeline_target(w->cut, cursor->sample.pid);

	if (target->stale)
		sample_put_whole(w, cursor->target, to);
	for (size_t i = 0; i < cursor->change_count && !target->stale; i++)
		slot_put(w, to, cursor->changes[i].slot);
	timeline_commit(w->cut, &cursor->sample);
	target->stale = false;
}

static void timeline_cut(struct windowing *w)
{
	struct timeline_cursor cursor = { .timeline = w->timeline };

	for (size_t i = 0; i < w->timeline->slot_count; i++)
		w->standings.threads[i] = (struct timeline_replay_thread){ 0 };
	while (timeline_next(&cursor)) {
		for (size_t i = 0; i < cursor.change_count; i++)
			entry_set(w, &cursor.changes[i]);
		if (is_inside(w, &cursor.sample))
			sample_put(w, &cursor);
		else
			w->targets[cursor.target].stale |= cursor.change_count > 0;
	}
	timeline_cursor_deinit(&cursor);
}

static uint64_t edge_us(const struct time_window_edge *edge, uint64_t end_us, uint64_t dflt)
{
	if (!edge->known)
		return dflt;
	if (!edge->from_end)
		return edge->us;
	return edge->us < end_us ? end_us - edge->us : 0;
}

static void sampling_settle(struct windowing *w)
{
	const struct profile_sampling *old = &w->profile->sampling;
	struct profile_sampling *ret = &w->sampling;
	uint64_t to = w->to_us < w->end_us ? w->to_us : w->end_us, targets = 0;
	double share;

	if (!w->window->from.known && !w->window->to.known) { /* all of the run, as it was */
		*ret = *old;
		return;
	}
	ret->known = old->known;
	ret->started = old->started;
	ret->rate_mhz = old->rate_mhz;
	ret->pause = pause_stats_sum_up(&w->pauses);
	if (w->intervals_us)
		ret->achieved_mhz =
		        (uint64_t)((double)w->intervals * 1e7 / (double)w->intervals_us + 0.5) *
		        100;
	for (size_t i = 0; i < w->timeline->target_count; i++)
		targets += w->standings.samples[i] > 0;
	if (to <= w->from_us)
		return;
	ret->elapsed_ms = (to - w->from_us + 500) / 1000;
	share = targets ? (double)w->pauses.sum / (double)(to - w->from_us) / (double)targets : 0;
	ret->stopped_ppm = share < 1 ? (uint64_t)(share * 1e6 + 0.5) : 1000000;
}

static void threads_settle(struct windowing *w)
{
	struct profile *profile = w->profile;
	size_t kept = 0;

	for (size_t i = 0; i < profile->thread_count; i++)
		profile->threads[i].stacks = 0;
	for (size_t i = 0; i < w->timeline->slot_count; i++) {
		const struct timeline_slot *slot = &w->timeline->slots[i];

		profile_thread(profile, slot->pid, slot->tid)->stacks += w->thread_stacks[i];
	}
	for (size_t i = 0; i < profile->thread_count; i++)
		if (profile->threads[i].stacks)
			profile->threads[kept++] = profile->threads[i];
	profile->thread_count = kept;
}

/* Puts all into the profile in place of what it had. */
static void profile_settle(struct windowing *w)
{
	struct profile *profile = w->profile;

	memset(profile->marks, 0, sizeof(profile->marks));
	for (size_t i = 1; i < w->timeline->step_count; i++)
		if (w->stacks[i].stacks)
			profile->marks[w->timeline->steps[i].mark] += w->stacks[i].stacks;
	threads_settle(w);
	profile->sampling = w->sampling;
	profile->weight = w->window->weight;
	profile->emptied =
	        tree_node(profile->tree, TREE_ROOT)->total && !tree_node(w->tree, TREE_ROOT)->total;
	tree_destroy(profile->tree);
	profile->tree = w->tree;
	timeline_destroy(profile->timeline);
	profile->timeline = w->cut;
	profile_sort(profile);
}

static bool check(const struct profile *profile, const struct time_window *window,
                  struct error *err)
{
	const struct timeline *timeline = profile->timeline;

	if (!timeline)
		return error_set(err, ERROR_INPUT,
		                 "there is no timeline to take that from; record without "
		                 "--no-timeline, into .yaml");
	if (window->weight == PROFILE_CPU_US && !timeline->with_cpu)
		return error_set(err, ERROR_INPUT,
		                 "the timeline tells no CPU times; --attach plain and text of a "
		                 "gdb alone lack them, and the first sample does");
	if (window->running && !timeline->with_state)
		return error_set(err, ERROR_INPUT,
		                 "the timeline does not tell which threads ran; --attach plain "
		                 "and text of a gdb alone lack that");
	return true;
}

static void windowing_run(struct windowing *w)
{
	weights_take(w);
	totals_take(w);
	if (w->overflow)
		return;
	tree_make(w);
	timeline_cut(w);
	sampling_settle(w);
	profile_settle(w);
}

bool time_window_apply(struct profile *profile, const struct time_window *window, struct error *err)
{
	struct windowing w = { .profile = profile, .window = window };

	if (!window->from.known && !window->to.known && !window->running &&
	    window->weight == profile->weight)
		return true;
	if (!check(profile, window, err))
		return false;
	w.timeline = profile->timeline;
	w.end_us = profile->sampling.elapsed_ms * 1000;
	if (w.end_us <= w.timeline->last_us)
		w.end_us = w.timeline->last_us + 1;
	w.from_us = edge_us(&window->from, w.end_us, 0);
	w.to_us = edge_us(&window->to, w.end_us, UINT64_MAX);
	w.stacks = alloc_zeroed(w.timeline->step_count, sizeof(*w.stacks));
	timeline_replay_init(&w.standings, w.timeline);
	w.thread_stacks = alloc_zeroed(w.timeline->slot_count, sizeof(*w.thread_stacks));
	w.targets = alloc_zeroed(w.timeline->target_count, sizeof(*w.targets));
	w.cut = timeline_create(SIZE_MAX);
	w.tree = tree_create(tree_by_line(profile->tree));
	windowing_run(&w);
	if (w.overflow) {
		tree_destroy(w.tree);
		timeline_destroy(w.cut);
		error_set(err, ERROR_INPUT, "the timeline's CPU times add up to too much");
	}
	free(w.stacks);
	timeline_replay_deinit(&w.standings);
	free(w.thread_stacks);
	free(w.targets);
	pause_stats_deinit(&w.pauses);
	return !w.overflow;
}
