#include "merger/profile/thread_stacks.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/levels.h"
#include "merger/profile/timeline_replay.h"
#include "merger/base/varint.h"

static struct thread_group *add_group(struct thread_stacks *stacks, uint32_t at)
{
	struct thread_group *group;

	stacks->groups = alloc_grow(stacks->groups, &stacks->cap, stacks->count + 1,
	                            sizeof(*stacks->groups));
	group = &stacks->groups[stacks->count++];
	*group = (struct thread_group){ .at = at };
	return group;
}

static void add_run(struct thread_group *group, const struct thread_run *run)
{
	if (!run->samples && !run->cpu_us)
		return;
	varint_put(&group->runs, run->stack);
	varint_put(&group->runs, run->samples);
	varint_put(&group->runs, run->cpu_us);
}

bool thread_group_next(const struct thread_group *group, size_t *at, struct thread_run *ret)
{
	if (*at == group->runs.len)
		return false;
	ret->stack = (uint32_t)varint_get(group->runs.ptr, at);
	ret->samples = varint_get(group->runs.ptr, at);
	ret->cpu_us = varint_get(group->runs.ptr, at);
	return true;
}

uint64_t thread_run_weight(const struct thread_stacks *stacks, const struct thread_run *run)
{
	return stacks->profile->weight == PROFILE_CPU_US ? run->cpu_us : run->samples;
}

uint64_t thread_group_weight(const struct thread_stacks *stacks, const struct thread_group *group)
{
	struct thread_run run;
	uint64_t sum = 0;

	for (size_t at = 0; thread_group_next(group, &at, &run);)
		sum += thread_run_weight(stacks, &run);
	return sum;
}

/* Extends the run to the current sample. */
static void extend_run(struct thread_run *run, struct timeline_replay *replay, uint32_t slot)
{
	const struct timeline_entry *entry = &replay->threads[slot].entry;
	uint64_t samples = timeline_replay_samples(replay, slot);

	run->stack = entry->stack;
	run->samples += samples;
	run->cpu_us += samples * entry->cpu_us;
}

/* Returns the run's weight. */
static uint64_t end_thread_run(struct thread_stacks *stacks, struct thread_run *run, uint32_t slot)
{
	uint64_t weight = thread_run_weight(stacks, run);

	add_run(&stacks->groups[slot], run);
	*run = (struct thread_run){ 0 };
	return weight;
}

/* Returns the weight of all runs. */
static uint64_t collect_by_time(struct thread_stacks *stacks)
{
	const struct timeline *timeline = stacks->timeline;
	struct timeline_cursor cursor = { .timeline = timeline };
	struct thread_run *runs = alloc_zeroed(timeline->slot_count, sizeof(*runs));
	struct timeline_replay replay;
	uint64_t total = 0;

	timeline_replay_init(&replay, timeline);
	for (uint32_t i = 0; i < timeline->slot_count; i++)
		add_group(stacks, i);
	while (timeline_next(&cursor)) {
		for (size_t i = 0; i < cursor.change_count; i++) {
			const struct timeline_change *change = &cursor.changes[i];
			struct thread_run *run = &runs[change->slot];

			extend_run(run, &replay, change->slot);
			if (run->stack != change->entry.stack)
				total += end_thread_run(stacks, run, change->slot);
			replay.threads[change->slot].entry = change->entry;
		}
		replay.samples[cursor.target]++;
	}
	for (uint32_t i = 0; i < timeline->slot_count; i++) {
		extend_run(&runs[i], &replay, i);
		total += end_thread_run(stacks, &runs[i], i);
	}
	timeline_cursor_deinit(&cursor);
	timeline_replay_deinit(&replay);
	free(runs);
	return total;
}

static bool is_group(enum frame_kind kind)
{
	return level_of(kind) != LEVEL_COUNT;
}

/* Makes a group for each process and thread below the root, in the order of the tree. */
static void collect_by_tree(struct thread_stacks *stacks)
{
	const struct profile *profile = stacks->profile;
	const struct tree *tree = profile->tree;
	bool cpu = profile->weight == PROFILE_CPU_US;
	/* by node: index of its group */
	uint32_t *places = alloc_zeroed(tree_count(tree), sizeof(*places));

	add_group(stacks, TREE_ROOT);
	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(tree, i, NULL)) {
		uint32_t parent = tree_node(tree, i)->parent;
		uint64_t self = tree_self(tree, i);
		struct thread_run run = { i, cpu ? 0 : self, cpu ? self : 0 };

		if (i != TREE_ROOT) {
			places[i] = places[parent];
			if (stacks->groups[places[i]].at == parent &&
			    is_group(tree_frame(tree, i)->kind)) {
				places[i] = (uint32_t)stacks->count;
				add_group(stacks, i);
			}
		}
		add_run(&stacks->groups[places[i]], &run);
	}
	free(places);
}

void thread_stacks_init(struct thread_stacks *ret, const struct profile *profile)
{
	*ret = (struct thread_stacks){ .profile = profile, .timeline = profile->timeline };
	if (ret->timeline) {
		if (collect_by_time(ret) == tree_node(profile->tree, TREE_ROOT)->total)
			return;
		thread_stacks_deinit(ret);
		ret->timeline = NULL;
	}
	collect_by_tree(ret);
}

void thread_stacks_deinit(struct thread_stacks *stacks)
{
	for (size_t i = 0; i < stacks->count; i++)
		buf_deinit(&stacks->groups[i].runs);
	free(stacks->groups);
	stacks->groups = NULL;
	stacks->count = stacks->cap = 0;
}

static void push_frame(const struct thread_stacks *stacks, uint32_t node, uint32_t line,
                       struct thread_frames *ret)
{
	if (is_group(tree_frame(stacks->profile->tree, node)->kind))
		return;
	ret->frames = alloc_grow(ret->frames, &ret->cap, ret->count + 1, sizeof(*ret->frames));
	ret->frames[ret->count++] = (struct thread_frame){ node, line };
}

void thread_stacks_path(const struct thread_stacks *stacks, uint32_t stack,
                        struct thread_frames *ret)
{
	const struct timeline *timeline = stacks->timeline;
	const struct tree *tree = stacks->profile->tree;

	ret->count = 0;
	if (timeline)
		for (uint32_t i = stack; i != TIMELINE_ROOT; i = timeline->steps[i].parent)
			push_frame(stacks, timeline->steps[i].node, timeline->steps[i].line, ret);
	else
		for (uint32_t i = stack; i != TREE_ROOT; i = tree_node(tree, i)->parent)
			push_frame(stacks, i, 0, ret);
}

static struct thread_identity find_node_identity(const struct profile *profile, uint32_t node)
{
	struct thread_identity ret = { 0 };

	for (; node != TREE_ROOT; node = tree_node(profile->tree, node)->parent) {
		const struct frame *frame = tree_frame(profile->tree, node);
		struct span label = intern_get(profile->intern, frame->name);

		if (frame->kind == FRAME_THREAD) {
			ret.name = level_thread_name(label);
			ret.tid = level_tid(label);
		} else if (frame->kind == FRAME_PROCESS) {
			ret.pid = level_pid(label);
		}
	}
	if (!ret.pid && profile->target_count == 1)
		ret.pid = profile->targets[0].pid;
	if (!ret.tid && profile->thread_count == 1) {
		ret.pid = profile->threads[0].pid;
		ret.tid = profile->threads[0].tid;
		ret.name = intern_get(profile->intern, profile->threads[0].name);
	}
	return ret;
}

struct thread_identity thread_stacks_identity(const struct thread_stacks *stacks,
                                              const struct thread_group *group)
{
	const struct profile *profile = stacks->profile;
	struct thread_identity ret = { 0 };
	const struct profile_thread *thread;

	if (!stacks->timeline)
		return find_node_identity(profile, group->at);
	ret.pid = stacks->timeline->slots[group->at].pid;
	ret.tid = stacks->timeline->slots[group->at].tid;
	thread = profile_find_thread(profile, ret.pid, ret.tid);
	if (thread)
		ret.name = intern_get(profile->intern, thread->name);
	return ret;
}
