#include "merger/transform/time_window.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/pause_stats.h"
#include "merger/profile/timeline_replay.h"

/* A stack's share of the window. */
struct stack_weight {
	uint64_t stacks, weight;
	uint64_t total; /* weight of this stack and of all stacks that begin with it */
	uint64_t count; /* the same for `stacks` */
	uint32_t step;  /* its number in the new timeline */
};

struct target_run {
	uint64_t taken, last_us; /* of samples that did not fail */
	bool stale;              /* an entry has changed in a sample outside the window */
};

struct window_run {
	struct profile *profile;
	const struct time_window *window;
	const struct timeline *timeline; /* the profile's whole timeline */
	struct timeline *cut;
	struct tree *tree;
	uint64_t from_us, to_us, end_us;
	struct stack_weight *stacks; /* by step */
	struct timeline_replay replay;
	uint64_t *thread_stacks; /* by slot */
	struct target_run *targets;
	struct profile_sampling sampling;
	struct pause_stats pauses;
	uint64_t intervals_us, intervals;
	bool overflow;
};

static void add_or_overflow(struct window_run *run, uint64_t *to, uint64_t what)
{
	run->overflow |= __builtin_add_overflow(*to, what, to);
}

/* Counts the samples that the thread's target had since the thread's entry changed. */
static void end_run(struct window_run *run, uint32_t slot)
{
	const struct timeline_entry *entry = &run->replay.threads[slot].entry;
	uint64_t samples = timeline_replay_samples(&run->replay, slot), weight;
	struct stack_weight *stack = &run->stacks[entry->stack];

	run->overflow |= __builtin_mul_overflow(
	        samples, timeline_replay_weight(entry, run->window->weight), &weight);
	add_or_overflow(run, &stack->weight, weight);
	stack->stacks += samples;
	run->thread_stacks[slot] += samples;
}

/* A thread that the window excludes has no stack. */
static void set_entry(struct window_run *run, const struct timeline_change *change)
{
	static const struct timeline_entry gone = { 0 };
	bool kept = !run->window->running || change->entry.state == 'R';

	run->replay.threads[change->slot].entry = kept ? change->entry : gone;
}

static void follow_changes(struct window_run *run, const struct timeline_cursor *cursor)
{
	for (size_t i = 0; i < cursor->change_count; i++) {
		end_run(run, cursor->changes[i].slot);
		set_entry(run, &cursor->changes[i]);
	}
}

static void add_figures(struct window_run *run, const struct timeline_cursor *cursor)
{
	const struct timeline_sample *sample = &cursor->sample;
	struct target_run *target = &run->targets[cursor->target];

	run->sampling.asked++;
	run->sampling.late += sample->late;
	run->sampling.taken += !sample->failed;
	run->sampling.failed += sample->failed;
	if (!sample->failed)
		pause_stats_add(&run->pauses, sample->pause_us);
	if (target->taken && !sample->failed && sample->time_us > target->last_us) {
		run->intervals++;
		run->intervals_us += sample->time_us - target->last_us;
	}
	if (!sample->failed)
		target->last_us = sample->time_us;
	target->taken += !sample->failed;
	run->replay.samples[cursor->target]++;
}

static bool is_inside(const struct window_run *run, const struct timeline_sample *sample)
{
	return sample->time_us >= run->from_us && sample->time_us < run->to_us;
}

/* Counts the weight of each stack and each thread in the window. */
static void take_weights(struct window_run *run)
{
	struct timeline_cursor cursor = { .timeline = run->timeline };

	while (timeline_next(&cursor)) {
		follow_changes(run, &cursor);
		if (is_inside(run, &cursor.sample))
			add_figures(run, &cursor);
	}
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < run->timeline->slot_count; i++)
		end_run(run, i);
}

/* One pass is enough: a step has a higher number than its parent. */
static void take_totals(struct window_run *run)
{
	for (size_t i = run->timeline->step_count; i-- > 0;) {
		struct stack_weight *stack = &run->stacks[i];

		add_or_overflow(run, &stack->total, stack->weight);
		stack->count += stack->stacks;
		if (!i)
			break;
		add_or_overflow(run, &run->stacks[run->timeline->steps[i].parent].total,
		                stack->total);
		run->stacks[run->timeline->steps[i].parent].count += stack->count;
	}
}

/* The parent of a path's first node: the root, or the process. */
static uint32_t make_top(struct window_run *run, uint32_t node, uint64_t total)
{
	uint32_t above = tree_node(run->profile->tree, node)->parent;

	if (above == TREE_ROOT)
		return TREE_ROOT;
	above = tree_child(run->tree, TREE_ROOT, tree_frame(run->profile->tree, above));
	tree_weigh(run->tree, above, 0, total);
	return above;
}

static void make_step(struct window_run *run, size_t i)
{
	const struct timeline_step *step = &run->timeline->steps[i];
	struct stack_weight *stack = &run->stacks[i];
	struct timeline_step next = *step;
	uint32_t above;

	next.parent = run->stacks[step->parent].step;
	above = step->parent ? run->cut->steps[next.parent].node
	                     : make_top(run, step->node, stack->total);
	next.node = tree_child(run->tree, above, tree_frame(run->profile->tree, step->node));
	tree_weigh(run->tree, next.node, step->line, stack->total);
	stack->step = timeline_step(run->cut, &next);
}

static void make_tree(struct window_run *run)
{
	tree_weigh(run->tree, TREE_ROOT, 0, run->stacks[TIMELINE_ROOT].total);
	for (size_t i = 1; i < run->timeline->step_count; i++)
		if (run->stacks[i].count)
			make_step(run, i);
}

/* Copies a thread's entry. A stack without a sample in the window has the new number 0. */
static void put_slot(struct window_run *run, uint32_t target, uint32_t at)
{
	const struct timeline_slot *slot = &run->timeline->slots[at];
	struct timeline_entry entry = run->replay.threads[at].entry;

	entry.stack = run->stacks[entry.stack].step;
	timeline_change(run->cut, timeline_slot(run->cut, target, slot->pid, slot->tid, slot->nth),
	                &entry);
}

/* Copies all threads of the target: changes outside the window become changes of this sample. */
static void put_all_slots(struct window_run *run, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < run->timeline->slot_count; i++)
		if (run->timeline->slots[i].target == from)
			put_slot(run, to, i);
}

static void put_sample(struct window_run *run, const struct timeline_cursor *cursor)
{
	struct target_run *target = &run->targets[cursor->target];
	uint32_t to = timeline_target(run->cut, cursor->sample.pid);

	if (target->stale)
		put_all_slots(run, cursor->target, to);
	for (size_t i = 0; i < cursor->change_count && !target->stale; i++)
		put_slot(run, to, cursor->changes[i].slot);
	timeline_commit(run->cut, &cursor->sample);
	target->stale = false;
}

static void cut_timeline(struct window_run *run)
{
	struct timeline_cursor cursor = { .timeline = run->timeline };

	for (size_t i = 0; i < run->timeline->slot_count; i++)
		run->replay.threads[i] = (struct timeline_replay_thread){ 0 };
	while (timeline_next(&cursor)) {
		for (size_t i = 0; i < cursor.change_count; i++)
			set_entry(run, &cursor.changes[i]);
		if (is_inside(run, &cursor.sample))
			put_sample(run, &cursor);
		else
			run->targets[cursor.target].stale |= cursor.change_count > 0;
	}
	timeline_cursor_deinit(&cursor);
}

static uint64_t resolve_edge(const struct time_window_edge *edge, uint64_t end_us, uint64_t dflt)
{
	if (!edge->known)
		return dflt;
	if (!edge->from_end)
		return edge->us;
	return edge->us < end_us ? end_us - edge->us : 0;
}

static void finish_sampling(struct window_run *run)
{
	const struct profile_sampling *old = &run->profile->sampling;
	struct profile_sampling *ret = &run->sampling;
	uint64_t to = run->to_us < run->end_us ? run->to_us : run->end_us, targets = 0;
	double share;

	/* the whole run: nothing to recompute */
	if (!run->window->from.known && !run->window->to.known) {
		*ret = *old;
		return;
	}
	ret->known = old->known;
	ret->started = old->started;
	ret->rate_mhz = old->rate_mhz;
	ret->pause = pause_stats_sum_up(&run->pauses);
	if (run->intervals_us)
		ret->achieved_mhz =
		        (uint64_t)((double)run->intervals * 1e7 / (double)run->intervals_us + 0.5) *
		        100;
	for (size_t i = 0; i < run->timeline->target_count; i++)
		targets += run->replay.samples[i] > 0;
	if (to <= run->from_us)
		return;
	ret->elapsed_ms = (to - run->from_us + 500) / 1000;
	share = targets ? (double)run->pauses.sum / (double)(to - run->from_us) / (double)targets
	                : 0;
	ret->stopped_ppm = share < 1 ? (uint64_t)(share * 1e6 + 0.5) : 1000000;
}

static void finish_threads(struct window_run *run)
{
	struct profile *profile = run->profile;
	size_t kept = 0;

	for (size_t i = 0; i < profile->thread_count; i++)
		profile->threads[i].stacks = 0;
	for (size_t i = 0; i < run->timeline->slot_count; i++) {
		const struct timeline_slot *slot = &run->timeline->slots[i];

		profile_thread(profile, slot->pid, slot->tid)->stacks += run->thread_stacks[i];
	}
	for (size_t i = 0; i < profile->thread_count; i++)
		if (profile->threads[i].stacks)
			profile->threads[kept++] = profile->threads[i];
	profile->thread_count = kept;
}

/* Replaces the profile's data by the window's. */
static void finish_profile(struct window_run *run)
{
	struct profile *profile = run->profile;

	memset(profile->marks, 0, sizeof(profile->marks));
	for (size_t i = 1; i < run->timeline->step_count; i++)
		if (run->stacks[i].stacks)
			profile->marks[run->timeline->steps[i].mark] += run->stacks[i].stacks;
	finish_threads(run);
	profile->sampling = run->sampling;
	profile->weight = run->window->weight;
	profile->emptied = tree_node(profile->tree, TREE_ROOT)->total &&
	                   !tree_node(run->tree, TREE_ROOT)->total;
	tree_destroy(profile->tree);
	profile->tree = run->tree;
	timeline_destroy(profile->timeline);
	profile->timeline = run->cut;
	profile_sort(profile);
}

static bool check_timeline(const struct profile *profile, const struct time_window *window,
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

static void run_window(struct window_run *run)
{
	take_weights(run);
	take_totals(run);
	if (run->overflow)
		return;
	make_tree(run);
	cut_timeline(run);
	finish_sampling(run);
	finish_profile(run);
}

bool time_window_apply(struct profile *profile, const struct time_window *window, struct error *err)
{
	struct window_run run = { .profile = profile, .window = window };

	if (!window->from.known && !window->to.known && !window->running &&
	    window->weight == profile->weight)
		return true;
	if (!check_timeline(profile, window, err))
		return false;
	run.timeline = profile->timeline;
	run.end_us = profile->sampling.elapsed_ms * 1000;
	if (run.end_us <= run.timeline->last_us)
		run.end_us = run.timeline->last_us + 1;
	run.from_us = resolve_edge(&window->from, run.end_us, 0);
	run.to_us = resolve_edge(&window->to, run.end_us, UINT64_MAX);
	run.stacks = alloc_zeroed(run.timeline->step_count, sizeof(*run.stacks));
	timeline_replay_init(&run.replay, run.timeline);
	run.thread_stacks = alloc_zeroed(run.timeline->slot_count, sizeof(*run.thread_stacks));
	run.targets = alloc_zeroed(run.timeline->target_count, sizeof(*run.targets));
	run.cut = timeline_create(SIZE_MAX);
	run.tree = tree_create(tree_by_line(profile->tree));
	run_window(&run);
	if (run.overflow) {
		tree_destroy(run.tree);
		timeline_destroy(run.cut);
		error_set(err, ERROR_INPUT, "the timeline's CPU times add up to too much");
	}
	free(run.stacks);
	timeline_replay_deinit(&run.replay);
	free(run.thread_stacks);
	free(run.targets);
	pause_stats_deinit(&run.pauses);
	return !run.overflow;
}
