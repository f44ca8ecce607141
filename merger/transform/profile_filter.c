#include "merger/transform/profile_filter.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/levels.h"
#include "merger/transform/library_fold.h"
#include "merger/base/number.h"
#include "merger/base/regex.h"
#include "merger/profile/thread_stacks.h"

#define DEEPER "(deeper)"
#define ALL_HIDDEN "(all frames hidden)"

/* What is known of a frame, which many nodes have. */
enum {
	TESTED = 1,
	IN_FOCUS = 2,
	HIDDEN = 4,
};

/* A stack as it is seen. */
struct path {
	struct frame *frames; /* root first; the first ones are levels */
	size_t count, cap, levels;
};

struct stack_number {
	uint32_t slot, stack, number;
};

struct viewing {
	struct profile *profile;
	const struct profile_filter *view;
	struct regex focus, hide, thread;
	struct thread_stacks stacks;
	const struct thread_group
	        *group;    /* the one whose stacks are looked at; NULL: those of several */
	bool *meant;       /* by group: is it a thread that is to be seen? */
	uint64_t *weights; /* by stack; those that have one are `weighed` */
	uint32_t *weighed;
	size_t weighed_count, weighed_cap;
	uint8_t *tests; /* by the tree's frames */
	struct thread_frames frames;
	struct path path;
	struct library_fold *fold; /* NULL: libraries are shown */
	/* What is done with each path. */
	void (*take)(struct viewing *v, uint64_t weight);
	struct tree *tree;
	uint64_t left_out;
	/* The new timeline's number of each stack that the old one has, by its old number, and by thread where that is a
	 * level: places in numbers. */
	struct timeline *timeline;
	struct hash_index known;
	struct stack_number *numbers;
	size_t number_count, number_cap;
};

bool profile_filter_changes(const struct profile_filter *view)
{
	return view->focus || view->hide || view->thread || view->threads || view->lines ||
	       view->fold_library || view->invert || view->depth;
}

static bool frame_matches(const struct viewing *v, const struct regex *pattern,
                          const struct frame *frame)
{
	const struct intern *intern = v->profile->intern;

	return regex_matches(pattern, intern_get(intern, frame->name)) ||
	       (frame->file && regex_matches(pattern, intern_get(intern, frame->file))) ||
	       (frame->module && regex_matches(pattern, intern_get(intern, frame->module)));
}

/* IN_FOCUS, HIDDEN. */
static unsigned frame_test(struct viewing *v, uint32_t node)
{
	const struct tree *tree = v->profile->tree;
	uint8_t *test = &v->tests[tree_node(tree, node)->frame];
	const struct frame *frame = tree_frame(tree, node);

	if (!*test)
		*test = TESTED | (frame_matches(v, &v->focus, frame) ? IN_FOCUS : 0) |
		        (v->hide.known && frame_matches(v, &v->hide, frame) ? HIDDEN : 0);
	return *test;
}

static void path_push(struct path *path, const struct frame *frame)
{
	path->frames = alloc_grow(path->frames, &path->cap, path->count + 1, sizeof(*path->frames));
	path->frames[path->count++] = *frame;
}

static void path_reverse(struct path *path, size_t from)
{
	for (size_t i = from, j = path->count; i + 1 < j; i++) {
		struct frame frame = path->frames[i];

		path->frames[i] = path->frames[--j];
		path->frames[j] = frame;
	}
}

/* The node above a stack's first frame. */
static uint32_t node_above(const struct viewing *v, uint32_t stack)
{
	const struct tree *tree = v->profile->tree;

	if (v->frames.count)
		return tree_node(tree, v->frames.frames[v->frames.count - 1].node)->parent;
	return v->stacks.timeline ? v->stacks.timeline->steps[stack].node : stack;
}

static void levels_push(struct viewing *v, uint32_t stack)
{
	const struct tree *tree = v->profile->tree;
	bool has_thread = false;

	for (uint32_t i = node_above(v, stack); i != TREE_ROOT; i = tree_node(tree, i)->parent) {
		has_thread |= tree_frame(tree, i)->kind == FRAME_THREAD;
		path_push(&v->path, tree_frame(tree, i));
	}
	path_reverse(&v->path, 0);
	if (v->view->threads && !has_thread) {
		struct thread_identity who = thread_stacks_identity(&v->stacks, v->group);
		struct frame frame = level_thread(
		        v->profile->intern, intern_add(v->profile->intern, who.name), who.tid);

		path_push(&v->path, &frame);
	}
	v->path.levels = v->path.count;
}

/* Fills the path with what is to be seen of a stack. false: nothing is. */
static bool path_fill(struct viewing *v, uint32_t stack)
{
	const struct tree *tree = v->profile->tree;
	bool in_focus = false;

	thread_stacks_path(&v->stacks, stack, &v->frames);
	v->path.count = 0;
	levels_push(v, stack);
	for (size_t i = v->frames.count; i-- > 0;) {
		const struct thread_frame *at = &v->frames.frames[i];
		struct frame frame = *tree_frame(tree, at->node);
		unsigned test;

		if (!tree_by_line(tree))
			frame.line = v->stacks.timeline ? at->line : tree_only_line(tree, at->node);
		test = frame_test(v, at->node);
		in_focus |= test & IN_FOCUS;
		if (!(test & HIDDEN))
			path_push(&v->path, &frame);
	}
	if (v->path.count == v->path.levels) {
		struct frame frame = { .name = intern_add(v->profile->intern, SPAN_LIT(ALL_HIDDEN)),
			               .kind = FRAME_MARKER };

		path_push(&v->path, &frame);
	}
	return in_focus || !v->focus.known;
}

static void count_library(struct viewing *v, uint64_t weight)
{
	(void)weight;
	library_fold_observe(v->fold, v->path.frames, v->path.count);
}

/* Does to the path what the view asks for, and returns its leaf in the new tree. */
static uint32_t path_add(struct viewing *v, uint64_t weight)
{
	struct path *path = &v->path;
	uint64_t depth = v->view->depth;

	if (v->fold)
		path->count = library_fold_apply(v->fold, path->frames, path->count);
	if (v->view->invert)
		path_reverse(path, path->levels);
	if (depth && path->count - path->levels > depth) {
		path->count = path->levels + depth;
		path_push(path,
		          &(struct frame){ .name = intern_add(v->profile->intern, SPAN_LIT(DEEPER)),
		                           .kind = FRAME_MARKER });
	}
	return tree_add(v->tree, path->frames, path->count, weight);
}

static void add_to_tree(struct viewing *v, uint64_t weight)
{
	path_add(v, weight);
}

/* All that has gathered in weights, which are 0 then. */
static void weights_flush(struct viewing *v)
{
	for (size_t i = 0; i < v->weighed_count; i++) {
		uint32_t stack = v->weighed[i];

		if (path_fill(v, stack))
			v->take(v, v->weights[stack]);
		else
			v->left_out += v->weights[stack];
		v->weights[stack] = 0;
	}
	v->weighed_count = 0;
}

static bool group_matches(struct viewing *v, const struct thread_group *group)
{
	struct thread_identity who;
	struct span number;
	uint32_t tid;

	if (!v->view->thread)
		return true;
	who = thread_stacks_identity(&v->stacks, group);
	number = span_of(v->view->thread);
	if (number_take32(&number, &tid) && !number.len)
		return tid && who.tid == tid;
	return who.name.len && regex_matches(&v->thread, who.name);
}

static void stack_weigh(struct viewing *v, uint32_t stack, uint64_t weight)
{
	if (!v->weights[stack] && weight) {
		v->weighed = alloc_grow(v->weighed, &v->weighed_cap, v->weighed_count + 1,
		                        sizeof(*v->weighed));
		v->weighed[v->weighed_count++] = stack;
	}
	v->weights[stack] += weight;
}

static void group_gather(struct viewing *v, size_t group)
{
	struct thread_run run;

	for (size_t at = 0; thread_group_next(&v->stacks.groups[group], &at, &run);) {
		uint64_t weight = thread_run_weight(&v->stacks, &run);

		if (v->meant[group])
			stack_weigh(v, run.stack, weight);
		else
			v->left_out += weight;
	}
}

/* Calls `take` for each stack that is to be seen. */
static void walk(struct viewing *v, void (*take)(struct viewing *v, uint64_t weight))
{
	v->take = take;
	v->left_out = 0;
	for (size_t i = 0; i < v->stacks.count; i++) {
		v->group = &v->stacks.groups[i];
		group_gather(v, i);
		if (v->view->threads)
			weights_flush(v);
	}
	weights_flush(v);
}

/* TIMELINE_ROOT: it's left out. */
static uint32_t stack_make(struct viewing *v, uint32_t stack)
{
	bool process;
	uint32_t leaf;

	if (!path_fill(v, stack))
		return TIMELINE_ROOT;
	leaf = path_add(v, 0);
	process = v->path.frames[0].kind == FRAME_PROCESS;
	return timeline_stack(v->timeline, v->tree, leaf, v->path.frames + process,
	                      v->path.count - process,
	                      (enum merge_quality)v->stacks.timeline->steps[stack].mark);
}

static uint32_t stack_number(struct viewing *v, uint32_t slot, uint32_t stack)
{
	uint32_t by = v->view->threads ? slot : 0, found;
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(by), stack));

	if (stack == TIMELINE_ROOT)
		return stack;
	for (size_t at = hash; (found = hash_index_next(&v->known, hash, &at)) != HASH_INDEX_NONE;)
		if (v->numbers[found].stack == stack && v->numbers[found].slot == by)
			return v->numbers[found].number;
	v->numbers =
	        alloc_grow(v->numbers, &v->number_cap, v->number_count + 1, sizeof(*v->numbers));
	v->group = &v->stacks.groups[slot];
	v->numbers[v->number_count] = (struct stack_number){ by, stack, stack_make(v, stack) };
	hash_index_add(&v->known, hash, (uint32_t)v->number_count);
	return v->numbers[v->number_count++].number;
}

static void change_see(struct viewing *v, uint32_t target, const struct timeline_change *change)
{
	const struct timeline_slot *slot = &v->stacks.timeline->slots[change->slot];
	struct timeline_entry entry = { 0 };

	if (v->meant[change->slot])
		entry.stack = stack_number(v, change->slot, change->entry.stack);
	if (entry.stack != TIMELINE_ROOT) {
		entry.state = change->entry.state;
		entry.has_cpu = change->entry.has_cpu;
		entry.cpu_us = change->entry.cpu_us;
	}
	timeline_change(v->timeline,
	                timeline_slot(v->timeline, target, slot->pid, slot->tid, slot->nth),
	                &entry);
}

static void timeline_see(struct viewing *v)
{
	struct timeline_cursor cursor = { .timeline = v->stacks.timeline };

	v->timeline = timeline_create(SIZE_MAX);
	while (timeline_next(&cursor)) {
		uint32_t target = timeline_target(v->timeline, cursor.sample.pid);

		for (size_t i = 0; i < cursor.change_count; i++)
			change_see(v, target, &cursor.changes[i]);
		timeline_commit(v->timeline, &cursor.sample);
	}
	timeline_cursor_deinit(&cursor);
	hash_index_deinit(&v->known);
	free(v->numbers);
}

/* Without a timeline threads are the tree's, or there's but one. */
static bool check(const struct viewing *v, struct error *err)
{
	const struct profile *profile = v->profile;

	if ((v->view->thread || v->view->threads) && !v->stacks.timeline &&
	    profile->thread_count != 1 && !level_has_threads(profile))
		return error_set(err, ERROR_INPUT,
		                 "the profile does not tell its threads apart; record with "
		                 "--threads, or with a timeline (without --no-timeline, into "
		                 ".yaml)");
	if (v->view->lines && !v->stacks.timeline && !tree_by_line(profile->tree))
		return error_set(err, ERROR_INPUT,
		                 "the profile does not tell nodes apart by line; record with "
		                 "--lines, or with a timeline (into .yaml, without --no-timeline)");
	return true;
}

static void profile_filter_run(struct viewing *v)
{
	struct profile *profile = v->profile;
	size_t stacks =
	        v->stacks.timeline ? v->stacks.timeline->step_count : tree_count(profile->tree);

	v->weights = alloc_zeroed(stacks, sizeof(*v->weights));
	v->tests = alloc_zeroed(tree_count(profile->tree), sizeof(*v->tests));
	v->meant = alloc_zeroed(v->stacks.count, sizeof(*v->meant));
	for (size_t i = 0; i < v->stacks.count; i++)
		v->meant[i] = group_matches(v, &v->stacks.groups[i]);
	v->tree = tree_create(v->view->lines || tree_by_line(profile->tree));
	if (v->view->fold_library) {
		v->fold = library_fold_create(profile->intern, !v->view->uncounted);
		walk(v, count_library);
		library_fold_finish(v->fold);
	}
	walk(v, add_to_tree);
	if (v->stacks.timeline)
		timeline_see(v);
	library_fold_destroy(v->fold);
	profile->left_out += v->left_out;
	tree_destroy(profile->tree);
	profile->tree = v->tree;
	timeline_destroy(profile->timeline);
	profile->timeline = v->timeline;
	profile_sort(profile);
}

bool profile_filter_apply(struct profile *profile, const struct profile_filter *view,
                          struct error *err)
{
	struct viewing v = { .profile = profile, .view = view };
	bool ok;

	if (!profile_filter_changes(view))
		return true;
	ok = regex_init(&v.focus, view->focus, "--focus", err) &&
	     regex_init(&v.hide, view->hide, "--hide", err) &&
	     regex_init(&v.thread, view->thread, "--thread", err);
	if (ok) {
		thread_stacks_init(&v.stacks, profile);
		ok = check(&v, err);
		if (ok)
			profile_filter_run(&v);
		thread_stacks_deinit(&v.stacks);
	}
	regex_deinit(&v.focus);
	regex_deinit(&v.hide);
	regex_deinit(&v.thread);
	free(v.meant);
	free(v.weights);
	free(v.weighed);
	free(v.tests);
	free(v.frames.frames);
	free(v.path.frames);
	return ok;
}
