/* speedscope's JSON, for speedscope.app: a profile for each thread, its stacks in the order of the time.
 *
 * The format: github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources, and the schema
 * https://www.speedscope.app/file-format-schema.json ("sampled" profiles). Weights are the profile's: samples,
 * which have no unit there, or microseconds of CPU.
 *
 * Threads come from the timeline. Where that is not there, is not whole, or was not weighed as the tree is, they
 * come from the tree's own levels of processes and threads, and the heaviest stack stands first. */
#include "format.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "json.h"

/* A stack for as long as a thread stands in it. */
struct run {
	uint32_t group; /* a slot of the timeline, or a node of the tree */
	uint32_t rank;  /* the group's place among all */
	uint32_t stack; /* a step of the timeline, or a node of the tree */
	uint64_t weight;
	size_t at; /* its place as they came */
};

struct speedscope {
	const struct profile *profile;
	const struct timeline *timeline; /* NULL: groups and stacks are nodes of the tree */
	struct json json;
	struct run *runs;
	size_t count, cap;
	uint64_t total;
	uint32_t *numbers; /* by the tree's frame: 1 and up, 0: not written */
	uint32_t *path;    /* of a stack, root first: nodes */
	size_t path_cap;
};

static void run_add(struct speedscope *writer, uint32_t group, uint32_t rank, uint32_t stack,
                    uint64_t weight)
{
	if (!weight)
		return;
	writer->runs =
	        alloc_grow(writer->runs, &writer->cap, writer->count + 1, sizeof(*writer->runs));
	writer->runs[writer->count] = (struct run){ group, rank, stack, weight, writer->count };
	writer->count++;
	writer->total += weight;
}

/* Where a thread stands, and what it had there up to the target's sample number `since`. */
struct standing {
	struct timeline_entry entry;
	uint64_t weight, since;
};

/* The thread stood as it does in all samples up to, and without, number `now`. */
static void standing_weigh(const struct speedscope *writer, struct standing *standing, uint64_t now)
{
	bool cpu = writer->profile->weight == PROFILE_CPU_US;

	if (standing->entry.stack != TIMELINE_ROOT)
		standing->weight += (now - standing->since) * (cpu ? standing->entry.cpu_us : 1);
	standing->since = now;
}

static void standing_end(struct speedscope *writer, struct standing *standing, uint32_t slot)
{
	run_add(writer, slot, slot, standing->entry.stack, standing->weight);
	standing->weight = 0;
}

static void runs_by_time(struct speedscope *writer)
{
	const struct timeline *timeline = writer->timeline;
	struct timeline_cursor cursor = { .timeline = timeline };
	struct standing *standing = alloc_zeroed(timeline->slot_count, sizeof(*standing));
	uint64_t *taken = alloc_zeroed(timeline->target_count, sizeof(*taken)); /* samples */

	while (timeline_next(&cursor)) {
		for (size_t i = 0; i < cursor.change_count; i++) {
			const struct timeline_change *change = &cursor.changes[i];
			struct standing *at = &standing[change->slot];

			standing_weigh(writer, at, taken[cursor.target]);
			if (at->entry.stack != change->entry.stack)
				standing_end(writer, at, change->slot);
			at->entry = change->entry;
		}
		taken[cursor.target]++;
	}
	for (uint32_t i = 0; i < timeline->slot_count; i++) {
		standing_weigh(writer, &standing[i], taken[timeline->slots[i].target]);
		standing_end(writer, &standing[i], i);
	}
	timeline_cursor_deinit(&cursor);
	free(standing);
	free(taken);
}

static bool is_group(enum frame_kind kind)
{
	return kind == FRAME_PROCESS || kind == FRAME_THREAD;
}

static void runs_by_tree(struct speedscope *writer)
{
	const struct tree *tree = writer->profile->tree;
	uint32_t *groups = alloc_zeroed(tree_count(tree), sizeof(*groups));
	uint32_t *ranks = alloc_zeroed(tree_count(tree),
	                               sizeof(*ranks)); /* of groups, as the tree is shown */
	uint32_t rank = 0;

	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(tree, i, NULL)) {
		const struct tree_node *node = tree_node(tree, i);

		if (i != TREE_ROOT) {
			groups[i] = groups[node->parent];
			if (groups[i] == node->parent && is_group(tree_frame(tree, i)->kind)) {
				groups[i] = i;
				ranks[i] = ++rank;
			}
		}
		run_add(writer, groups[i], ranks[groups[i]], i, tree_self(tree, i));
	}
	free(groups);
	free(ranks);
}

/* By group; within one, as they came. */
static int run_compare(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static void runs_collect(struct speedscope *writer)
{
	uint64_t total = tree_node(writer->profile->tree, TREE_ROOT)->total;

	if (writer->timeline)
		runs_by_time(writer);
	if (!writer->timeline || writer->total != total) {
		writer->timeline = NULL;
		writer->count = 0;
		writer->total = 0;
		runs_by_tree(writer);
	}
	if (writer->count)
		qsort(writer->runs, writer->count, sizeof(*writer->runs), run_compare);
}

static void id_write(struct speedscope *writer, uint32_t id)
{
	json_string(&writer->json, intern_get(writer->profile->intern, id));
}

static void frame_write(struct speedscope *writer, const struct frame *frame)
{
	struct json *json = &writer->json;

	json_open(json, '{');
	json_key(json, "name");
	if (frame->name)
		id_write(writer, frame->name);
	else
		json_string(json, SPAN_LIT("??"));
	if (frame->file || frame->module) {
		json_key(json, "file");
		id_write(writer, frame->file ? frame->file : frame->module);
	}
	if (frame->file && (frame->line || frame->first_line)) {
		json_key(json, "line");
		json_number(json, frame->line ? frame->line : frame->first_line);
	}
	json_close(json, '}');
	json_line(json);
}

/* Nodes share their frames: each is written once, in the order in which the tree shows them. */
static void frames_write(struct speedscope *writer)
{
	const struct tree *tree = writer->profile->tree;
	uint32_t next = 0;

	writer->numbers = alloc_zeroed(tree_count(tree), sizeof(*writer->numbers));
	json_key(&writer->json, "shared");
	json_open(&writer->json, '{');
	json_key(&writer->json, "frames");
	json_open(&writer->json, '[');
	for (uint32_t i = tree_next(tree, TREE_ROOT, NULL); i != TREE_NONE;
	     i = tree_next(tree, i, NULL)) {
		uint32_t *number = &writer->numbers[tree_node(tree, i)->frame];

		if (*number || is_group(tree_frame(tree, i)->kind))
			continue;
		*number = ++next;
		frame_write(writer, tree_frame(tree, i));
	}
	json_close(&writer->json, ']');
	json_close(&writer->json, '}');
}

static void path_push(struct speedscope *writer, size_t *depth, uint32_t node)
{
	if (is_group(tree_frame(writer->profile->tree, node)->kind))
		return;
	writer->path =
	        alloc_grow(writer->path, &writer->path_cap, *depth + 1, sizeof(*writer->path));
	writer->path[(*depth)++] = node;
}

/* A stack's frames, root first, without the levels that are profiles here. */
static void stack_write(struct speedscope *writer, uint32_t stack)
{
	const struct tree *tree = writer->profile->tree;
	size_t depth = 0;

	if (writer->timeline)
		for (uint32_t i = stack; i != TIMELINE_ROOT; i = writer->timeline->steps[i].parent)
			path_push(writer, &depth, writer->timeline->steps[i].node);
	else
		for (uint32_t i = stack; i != TREE_ROOT; i = tree_node(tree, i)->parent)
			path_push(writer, &depth, i);
	json_open(&writer->json, '[');
	while (depth)
		json_number(&writer->json,
		            writer->numbers[tree_node(tree, writer->path[--depth])->frame] - 1);
	json_close(&writer->json, ']');
}

static void title_write(struct speedscope *writer, uint32_t group)
{
	const struct profile *profile = writer->profile;
	const struct timeline_slot *slot;
	const struct profile_thread *thread;
	struct buf title = { 0 };

	if (!writer->timeline) {
		const struct frame *frame = tree_frame(profile->tree, group);

		json_string(&writer->json, group == TREE_ROOT
		                                   ? SPAN_LIT("all threads")
		                                   : intern_get(profile->intern, frame->name));
		return;
	}
	slot = &writer->timeline->slots[group];
	thread = profile_find_thread(profile, slot->pid, slot->tid);
	if (thread && thread->name)
		buf_add_span(&title, intern_get(profile->intern, thread->name));
	else
		buf_printf(&title, "thread");
	buf_printf(&title, " (tid %" PRIu32 ")", slot->tid);
	if (profile->target_count > 1)
		buf_printf(&title, " of pid %" PRIu32, slot->pid);
	json_string(&writer->json, buf_span(&title));
	buf_deinit(&title);
}

/* The runs [from, to), which are one group's. */
static void group_write(struct speedscope *writer, size_t from, size_t to)
{
	bool cpu = writer->profile->weight == PROFILE_CPU_US;
	struct json *json = &writer->json;
	uint64_t sum = 0;

	json_open(json, '{');
	json_key(json, "type");
	json_string(json, SPAN_LIT("sampled"));
	json_key(json, "name");
	title_write(writer, writer->runs[from].group);
	json_key(json, "unit");
	json_string(json, cpu ? SPAN_LIT("microseconds") : SPAN_LIT("none"));
	json_key(json, "samples");
	json_open(json, '[');
	for (size_t i = from; i < to; i++)
		stack_write(writer, writer->runs[i].stack);
	json_close(json, ']');
	json_key(json, "weights");
	json_open(json, '[');
	for (size_t i = from; i < to; i++) {
		json_number(json, writer->runs[i].weight);
		sum += writer->runs[i].weight;
	}
	json_close(json, ']');
	json_key(json, "startValue");
	json_number(json, 0);
	json_key(json, "endValue");
	json_number(json, sum);
	json_close(json, '}');
	json_line(json);
}

static void profiles_write(struct speedscope *writer)
{
	json_key(&writer->json, "profiles");
	json_open(&writer->json, '[');
	for (size_t from = 0, to; from < writer->count && !ferror(writer->json.out); from = to) {
		to = from + 1;
		while (to < writer->count && writer->runs[to].rank == writer->runs[from].rank)
			to++;
		group_write(writer, from, to);
	}
	json_close(&writer->json, ']');
}

bool speedscope_write(const struct profile *profile, const struct view_options *view, FILE *out,
                      struct error *err)
{
	struct speedscope writer = { .profile = profile,
		                     .timeline = profile->timeline,
		                     .json = { .out = out } };

	(void)view; /* a frame has its file whole, and its name none of it */
	(void)err;  /* a write error shows in ferror(out) */
	runs_collect(&writer);
	json_open(&writer.json, '{');
	json_key(&writer.json, "$schema");
	json_string(&writer.json, SPAN_LIT("https://www.speedscope.app/file-format-schema.json"));
	json_key(&writer.json, "exporter");
	json_string(&writer.json, SPAN_LIT("pmp " PMP_VERSION));
	frames_write(&writer);
	profiles_write(&writer);
	json_close(&writer.json, '}');
	json_line(&writer.json);
	free(writer.runs);
	free(writer.numbers);
	free(writer.path);
	return true;
}
