#include "merger/transform/profile_filter.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/base/regex.h"
#include "merger/profile/levels.h"
#include "merger/profile/thread_stacks.h"
#include "merger/transform/library_fold.h"
#include "merger/transform/sleepers.h"

#define DEEPER "(deeper)"
#define ALL_HIDDEN "(all frames hidden)"

/* Cached tests of a frame, which many nodes share. */
enum {
	TESTED = 1,
	IN_FOCUS = 2,
	HIDDEN = 4,
};

/* A stack after the filter. */
struct path {
	struct frame *frames; /* root first, beginning with the levels (host, process, thread) */
	size_t count, cap, levels;
};

struct stack_number {
	uint32_t slot, stack, number;
};

struct filter_run {
	struct profile *profile;
	const struct profile_filter *filter;
	struct regex focus, hide, thread;
	struct thread_stacks stacks;
	const struct thread_group
	        *group;    /* the thread whose stacks are filtered; NULL: several threads */
	bool *wanted;      /* by group: does it match --thread? */
	uint64_t *weights; /* by stack; the stacks with a weight are in `weighed` */
	uint32_t *weighed;
	size_t weighed_count, weighed_cap;
	uint8_t *tests; /* by frame of the tree */
	struct thread_frames frames;
	struct path path;
	struct library_fold *fold; /* NULL: library frames are kept */
	/* Called for each filtered path. */
	void (*take)(struct filter_run *run, uint64_t weight);
	struct tree *tree;
	uint64_t left_out;
	/* Maps (old stack, thread if that is a level) to the number in the new timeline; the
	 * index has positions in `numbers`. */
	struct timeline *timeline;
	struct hash_index number_index;
	struct stack_number *numbers;
	size_t number_count, number_cap;
};

bool profile_filter_changes(const struct profile_filter *filter)
{
	return filter->focus || filter->hide || filter->thread || filter->awake ||
	       filter->threads || filter->lines || filter->fold_library || filter->invert ||
	       filter->depth;
}

static bool is_frame_match(const struct filter_run *run, const struct regex *pattern,
                           const struct frame *frame)
{
	const struct intern *intern = run->profile->intern;

	return regex_matches(pattern, intern_get(intern, frame->name)) ||
	       (frame->file && regex_matches(pattern, intern_get(intern, frame->file))) ||
	       (frame->module && regex_matches(pattern, intern_get(intern, frame->module)));
}

/* Returns IN_FOCUS and HIDDEN. */
static unsigned test_frame(struct filter_run *run, uint32_t node)
{
	const struct tree *tree = run->profile->tree;
	uint8_t *test = &run->tests[tree_node(tree, node)->frame];
	const struct frame *frame = tree_frame(tree, node);

	if (!*test)
		*test = TESTED | (is_frame_match(run, &run->focus, frame) ? IN_FOCUS : 0) |
		        (run->hide.known && is_frame_match(run, &run->hide, frame) ? HIDDEN : 0);
	return *test;
}

static void push_frame(struct path *path, const struct frame *frame)
{
	path->frames = alloc_grow(path->frames, &path->cap, path->count + 1, sizeof(*path->frames));
	path->frames[path->count++] = *frame;
}

static void reverse_path(struct path *path, size_t from)
{
	for (size_t i = from, j = path->count; i + 1 < j; i++) {
		struct frame frame = path->frames[i];

		path->frames[i] = path->frames[--j];
		path->frames[j] = frame;
	}
}

/* The parent of a stack's first frame. */
static uint32_t get_node_above(const struct filter_run *run, uint32_t stack)
{
	const struct tree *tree = run->profile->tree;

	if (run->frames.count)
		return tree_node(tree, run->frames.frames[run->frames.count - 1].node)->parent;
	return run->stacks.timeline ? run->stacks.timeline->steps[stack].node : stack;
}

static void push_levels(struct filter_run *run, uint32_t stack)
{
	const struct tree *tree = run->profile->tree;
	bool has_thread = false;

	for (uint32_t i = get_node_above(run, stack); i != TREE_ROOT;
	     i = tree_node(tree, i)->parent) {
		has_thread |= tree_frame(tree, i)->kind == FRAME_THREAD;
		push_frame(&run->path, tree_frame(tree, i));
	}
	reverse_path(&run->path, 0);
	if (run->filter->threads && !has_thread) {
		struct thread_identity identity = thread_stacks_identity(&run->stacks, run->group);
		struct frame frame =
		        level_thread(run->profile->intern,
		                     intern_add(run->profile->intern, identity.name), identity.tid);

		push_frame(&run->path, &frame);
	}
	run->path.levels = run->path.count;
}

/* Fills run->path with the visible part of a stack. false: the stack is left out. */
static bool fill_path(struct filter_run *run, uint32_t stack)
{
	const struct tree *tree = run->profile->tree;
	bool in_focus = false;

	thread_stacks_path(&run->stacks, stack, &run->frames);
	run->path.count = 0;
	push_levels(run, stack);
	for (size_t i = run->frames.count; i-- > 0;) {
		const struct thread_frame *at = &run->frames.frames[i];
		struct frame frame = *tree_frame(tree, at->node);
		unsigned test;

		if (!tree_by_line(tree))
			frame.line =
			        run->stacks.timeline ? at->line : tree_only_line(tree, at->node);
		test = test_frame(run, at->node);
		in_focus |= test & IN_FOCUS;
		if (!(test & HIDDEN))
			push_frame(&run->path, &frame);
	}
	if (run->path.count == run->path.levels) {
		struct frame frame = { .name = intern_add(run->profile->intern,
			                                  SPAN_LIT(ALL_HIDDEN)),
			               .kind = FRAME_MARKER };

		push_frame(&run->path, &frame);
	}
	return in_focus || !run->focus.known;
}

static void observe_path(struct filter_run *run, uint64_t weight)
{
	(void)weight;
	library_fold_observe(run->fold, run->path.frames, run->path.count);
}

/* Folds, inverts and cuts the path, adds it to the new tree and returns its leaf. */
static uint32_t add_path(struct filter_run *run, uint64_t weight)
{
	struct path *path = &run->path;
	uint64_t depth = run->filter->depth;

	if (run->fold)
		path->count = library_fold_apply(run->fold, path->frames, path->count);
	if (run->filter->invert)
		reverse_path(path, path->levels);
	if (depth && path->count - path->levels > depth) {
		path->count = path->levels + depth;
		push_frame(path, &(struct frame){
		                         .name = intern_add(run->profile->intern, SPAN_LIT(DEEPER)),
		                         .kind = FRAME_MARKER });
	}
	return tree_add(run->tree, path->frames, path->count, weight);
}

static void add_path_weight(struct filter_run *run, uint64_t weight)
{
	add_path(run, weight);
}

/* Passes on all gathered weights and sets them to 0. */
static void flush_weights(struct filter_run *run)
{
	for (size_t i = 0; i < run->weighed_count; i++) {
		uint32_t stack = run->weighed[i];

		if (fill_path(run, stack))
			run->take(run, run->weights[stack]);
		else
			run->left_out += run->weights[stack];
		run->weights[stack] = 0;
	}
	run->weighed_count = 0;
}

static bool is_group_match(struct filter_run *run, const struct thread_group *group)
{
	struct thread_identity identity;
	struct span number;
	uint32_t tid;

	if (!run->filter->thread)
		return true;
	identity = thread_stacks_identity(&run->stacks, group);
	number = span_of(run->filter->thread);
	if (number_take32(&number, &tid) && !number.len)
		return tid && identity.tid == tid;
	return identity.name.len && regex_matches(&run->thread, identity.name);
}

static void weigh_stack(struct filter_run *run, uint32_t stack, uint64_t weight)
{
	if (!run->weights[stack] && weight) {
		run->weighed = alloc_grow(run->weighed, &run->weighed_cap, run->weighed_count + 1,
		                          sizeof(*run->weighed));
		run->weighed[run->weighed_count++] = stack;
	}
	run->weights[stack] += weight;
}

static void gather_group(struct filter_run *run, size_t group)
{
	struct thread_run thread_run;

	for (size_t at = 0; thread_group_next(&run->stacks.groups[group], &at, &thread_run);) {
		uint64_t weight = thread_run_weight(&run->stacks, &thread_run);

		if (run->wanted[group])
			weigh_stack(run, thread_run.stack, weight);
		else
			run->left_out += weight;
	}
}

/* Calls `take` for each stack that passes the filter. */
static void visit_stacks(struct filter_run *run,
                         void (*take)(struct filter_run *run, uint64_t weight))
{
	run->take = take;
	run->left_out = 0;
	for (size_t i = 0; i < run->stacks.count; i++) {
		run->group = &run->stacks.groups[i];
		gather_group(run, i);
		if (run->filter->threads)
			flush_weights(run);
	}
	flush_weights(run);
}

/* TIMELINE_ROOT: the stack is left out. */
static uint32_t make_stack(struct filter_run *run, uint32_t stack)
{
	bool process;
	uint32_t leaf;

	if (!fill_path(run, stack))
		return TIMELINE_ROOT;
	leaf = add_path(run, 0);
	process = run->path.frames[0].kind == FRAME_PROCESS;
	return timeline_stack(run->timeline, run->tree, leaf, run->path.frames + process,
	                      run->path.count - process,
	                      (enum merge_quality)run->stacks.timeline->steps[stack].mark);
}

static uint32_t number_stack(struct filter_run *run, uint32_t slot, uint32_t stack)
{
	uint32_t by = run->filter->threads ? slot : 0, found;
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(by), stack));

	if (stack == TIMELINE_ROOT)
		return stack;
	for (size_t at = hash;
	     (found = hash_index_next(&run->number_index, hash, &at)) != HASH_INDEX_NONE;)
		if (run->numbers[found].stack == stack && run->numbers[found].slot == by)
			return run->numbers[found].number;
	run->numbers = alloc_grow(run->numbers, &run->number_cap, run->number_count + 1,
	                          sizeof(*run->numbers));
	run->group = &run->stacks.groups[slot];
	run->numbers[run->number_count] =
	        (struct stack_number){ by, stack, make_stack(run, stack) };
	hash_index_add(&run->number_index, hash, (uint32_t)run->number_count);
	return run->numbers[run->number_count++].number;
}

static void filter_change(struct filter_run *run, uint32_t target,
                          const struct timeline_change *change)
{
	const struct timeline_slot *slot = &run->stacks.timeline->slots[change->slot];
	struct timeline_entry entry = { 0 };

	if (run->wanted[change->slot])
		entry.stack = number_stack(run, change->slot, change->entry.stack);
	if (entry.stack != TIMELINE_ROOT) {
		entry.state = change->entry.state;
		entry.has_cpu = change->entry.has_cpu;
		entry.cpu_us = change->entry.cpu_us;
	}
	timeline_change(run->timeline,
	                timeline_slot(run->timeline, target, slot->pid, slot->tid, slot->nth),
	                &entry);
}

static void filter_timeline(struct filter_run *run)
{
	struct timeline_cursor cursor = { .timeline = run->stacks.timeline };

	run->timeline = timeline_create(SIZE_MAX);
	while (timeline_next(&cursor)) {
		uint32_t target = timeline_target(run->timeline, cursor.sample.pid);

		for (size_t i = 0; i < cursor.change_count; i++)
			filter_change(run, target, &cursor.changes[i]);
		timeline_commit(run->timeline, &cursor.sample);
	}
	timeline_cursor_deinit(&cursor);
	hash_index_deinit(&run->number_index);
	free(run->numbers);
}

/* Without a timeline, threads are separate only if the tree has them, or if there is only one. */
static bool check_profile(const struct filter_run *run, struct error *err)
{
	const struct profile *profile = run->profile;

	if ((run->filter->thread || run->filter->threads) && !run->stacks.timeline &&
	    profile->thread_count != 1 && !level_has_threads(profile))
		return error_set(err, ERROR_INPUT,
		                 "the profile does not tell its threads apart; record with "
		                 "--threads, or with a timeline (without --no-timeline, into "
		                 ".yaml)");
	if (run->filter->lines && !run->stacks.timeline && !tree_by_line(profile->tree))
		return error_set(err, ERROR_INPUT,
		                 "the profile does not tell nodes apart by line; record with "
		                 "--lines, or with a timeline (into .yaml, without --no-timeline)");
	return true;
}

static void choose_groups(struct filter_run *run)
{
	run->wanted = alloc_zeroed(run->stacks.count, sizeof(*run->wanted));
	for (size_t i = 0; i < run->stacks.count; i++)
		run->wanted[i] = is_group_match(run, &run->stacks.groups[i]);
	if (run->filter->awake)
		run->profile->sleepers += sleepers_leave_out(&run->stacks, run->wanted);
}

/* Without a timeline, a profile that is filtered loses some lines. */
static bool changes_stacks(const struct filter_run *run)
{
	struct profile_filter others = *run->filter;

	others.awake = false;
	return profile_filter_changes(&others) || run->profile->sleepers;
}

static void run_filter(struct filter_run *run)
{
	struct profile *profile = run->profile;
	size_t stacks =
	        run->stacks.timeline ? run->stacks.timeline->step_count : tree_count(profile->tree);

	run->weights = alloc_zeroed(stacks, sizeof(*run->weights));
	run->tests = alloc_zeroed(tree_count(profile->tree), sizeof(*run->tests));
	run->tree = tree_create(run->filter->lines || tree_by_line(profile->tree));
	if (run->filter->fold_library) {
		run->fold = library_fold_create(profile->intern, !run->filter->uncounted);
		visit_stacks(run, observe_path);
		library_fold_finish(run->fold);
	}
	visit_stacks(run, add_path_weight);
	if (run->stacks.timeline)
		filter_timeline(run);
	library_fold_destroy(run->fold);
	profile->left_out += run->left_out;
	tree_destroy(profile->tree);
	profile->tree = run->tree;
	timeline_destroy(profile->timeline);
	profile->timeline = run->timeline;
	profile_sort(profile);
}

bool profile_filter_apply(struct profile *profile, const struct profile_filter *filter,
                          struct error *err)
{
	struct filter_run run = { .profile = profile, .filter = filter };
	bool ok;

	if (!profile_filter_changes(filter))
		return true;
	ok = regex_init(&run.focus, filter->focus, "--focus", err) &&
	     regex_init(&run.hide, filter->hide, "--hide", err) &&
	     regex_init(&run.thread, filter->thread, "--thread", err);
	if (ok) {
		thread_stacks_init(&run.stacks, profile);
		ok = check_profile(&run, err);
		if (ok)
			choose_groups(&run);
		if (ok && changes_stacks(&run))
			run_filter(&run);
		thread_stacks_deinit(&run.stacks);
	}
	regex_deinit(&run.focus);
	regex_deinit(&run.hide);
	regex_deinit(&run.thread);
	free(run.wanted);
	free(run.weights);
	free(run.weighed);
	free(run.tests);
	free(run.frames.frames);
	free(run.path.frames);
	return ok;
}
