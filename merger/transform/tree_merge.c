#include "merger/transform/tree_merge.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/buf.h"
#include "merger/profile/label.h"
#include "merger/profile/levels.h"

void intern_map_init(struct intern_map *map, struct intern *into, const struct intern *from)
{
	*map = (struct intern_map){ into, from,
		                    alloc_zeroed(intern_count(from), sizeof(*map->ids)) };
}

void intern_map_deinit(struct intern_map *map)
{
	free(map->ids);
	map->ids = NULL;
}

uint32_t intern_map_id(struct intern_map *map, uint32_t id)
{
	if (id && !map->ids[id])
		map->ids[id] = intern_add(map->into, intern_get(map->from, id));
	return map->ids[id];
}

struct tree_merge {
	struct profile *into;
	const struct profile *from;
	struct intern_map *map;
	unsigned levels;
	bool labels;
	struct buf label;
	uint32_t *places; /* by node of `from`: its node in the tree of `into` */
	struct frame *frames;
	bool *known; /* by frame of `from` */
};

static struct frame map_frame(struct tree_merge *merge, const struct frame *frame)
{
	static const struct label_options plain = { 0 };
	struct frame ret = *frame;

	if (merge->labels && !(merge->levels & LEVEL_BIT(level_of(frame->kind)))) {
		buf_clear(&merge->label);
		label_add(&merge->label, merge->from->intern, frame, &plain);
		return label_frame(merge->into->intern, buf_span(&merge->label));
	}
	ret.name = intern_map_id(merge->map, frame->name);
	ret.file = intern_map_id(merge->map, frame->file);
	ret.module = intern_map_id(merge->map, frame->module);
	return ret;
}

/* Caches the mapped frame, which many nodes share. */
static const struct frame *get_frame(struct tree_merge *merge, uint32_t node)
{
	uint32_t number = tree_node(merge->from->tree, node)->frame;

	if (!merge->known[number])
		merge->frames[number] = map_frame(merge, tree_frame(merge->from->tree, node));
	merge->known[number] = true;
	return &merge->frames[number];
}

/* The process that a node belongs to; NULL: unknown. */
static const struct profile_target *find_target(const struct profile *from, uint32_t node)
{
	const struct profile_target *ret = NULL;
	uint32_t pid = 0;

	for (; node != TREE_ROOT; node = tree_node(from->tree, node)->parent)
		if (tree_frame(from->tree, node)->kind == FRAME_PROCESS)
			pid = level_pid(
			        intern_get(from->intern, tree_frame(from->tree, node)->name));
	if (!pid)
		return from->target_count == 1 ? &from->targets[0] : NULL;
	for (size_t i = 0; i < from->target_count; i++) {
		if (from->targets[i].pid != pid)
			continue;
		if (ret)
			return NULL;
		ret = &from->targets[i];
	}
	return ret;
}

/* Makes the frame of a level that is missing above a node. */
static struct frame make_level(struct tree_merge *merge, enum level_rank rank, uint32_t node)
{
	const struct profile *from = merge->from;
	const struct profile_target *target = find_target(from, node);
	/* level_process needs strings of the sum's intern table, so the target is copied with
	 * mapped ids. */
	struct profile_target copy = { 0 };
	uint32_t args[1], host;

	if (rank == LEVEL_HOST) {
		host = target ? target->host : profile_host(from);
		return level_host(merge->into->intern, intern_map_id(merge->map, host));
	}
	if (!target)
		return level_process(merge->into->intern, NULL);
	copy.pid = target->pid;
	copy.executable = intern_map_id(merge->map, target->executable);
	if (target->arg_count) {
		args[0] = intern_map_id(merge->map, target->args[0]);
		copy.args = args;
		copy.arg_count = 1;
	}
	return level_process(merge->into->intern, &copy);
}

/* Inserts the wanted levels that are missing between a node and its parent. */
static uint32_t insert_levels(struct tree_merge *merge, uint32_t node, uint32_t place)
{
	const struct tree *from = merge->from->tree;
	uint32_t parent = tree_node(from, node)->parent;
	unsigned above = parent == TREE_ROOT ? 0 : level_of(tree_frame(from, parent)->kind) + 1;
	unsigned below = level_of(tree_frame(from, node)->kind);

	for (unsigned rank = above; rank < below && rank < LEVEL_THREAD; rank++) {
		struct frame frame;

		if (!(merge->levels & LEVEL_BIT(rank)))
			continue;
		frame = make_level(merge, (enum level_rank)rank, node);
		place = tree_child(merge->into->tree, place, &frame);
		tree_weigh(merge->into->tree, place, 0, tree_node(from, node)->total);
	}
	return place;
}

static void weigh_node(struct tree_merge *merge, uint32_t node, uint32_t place)
{
	struct tree *into = merge->into->tree;
	const struct tree *from = merge->from->tree;
	uint64_t left = tree_node(from, node)->total;
	uint32_t line = tree_frame(from, node)->line;

	if (!left)
		return;
	if (tree_by_line(from)) {
		tree_weigh(into, place, tree_by_line(into) ? 0 : line, left);
		return;
	}
	for (struct tree_line at = tree_line_first(from, node); at.number;
	     at = tree_line_next(from, &at)) {
		if (at.weight)
			tree_weigh(into, place, at.number, at.weight);
		left -= at.weight;
	}
	if (left)
		tree_weigh(into, place, 0, left);
}

static void add_nodes(struct tree_merge *merge)
{
	const struct tree *from = merge->from->tree;

	for (uint32_t node = tree_next(from, TREE_ROOT, NULL); node != TREE_NONE;
	     node = tree_next(from, node, NULL)) {
		uint32_t place = merge->places[tree_node(from, node)->parent];

		if (merge->levels)
			place = insert_levels(merge, node, place);
		place = tree_child(merge->into->tree, place, get_frame(merge, node));
		merge->places[node] = place;
		weigh_node(merge, node, place);
	}
}

uint32_t *tree_merge(struct profile *into, const struct profile *from, struct intern_map *map,
                     unsigned levels, bool labels)
{
	struct tree_merge merge = {
		.into = into, .from = from, .map = map, .levels = levels, .labels = labels
	};
	uint64_t total = tree_node(from->tree, TREE_ROOT)->total, sum;
	size_t count = tree_count(from->tree);

	if (__builtin_add_overflow(tree_node(into->tree, TREE_ROOT)->total, total, &sum))
		return NULL;
	merge.places = alloc_zeroed(count, sizeof(*merge.places)); /* [TREE_ROOT] is TREE_ROOT */
	merge.frames = alloc_zeroed(count, sizeof(*merge.frames));
	merge.known = alloc_zeroed(count, sizeof(*merge.known));
	tree_weigh(into->tree, TREE_ROOT, 0, total);
	add_nodes(&merge);
	free(merge.frames);
	free(merge.known);
	buf_deinit(&merge.label);
	return merge.places;
}

static void rebuild_tree(struct profile *profile, unsigned levels, bool labels)
{
	struct profile old = *profile;
	struct intern_map map;

	profile->tree = tree_create(false);
	intern_map_init(&map, profile->intern, profile->intern);
	free(tree_merge(profile, &old, &map, levels, labels));
	intern_map_deinit(&map);
	tree_destroy(old.tree);
}

void tree_merge_lines(struct profile *profile)
{
	rebuild_tree(profile, 0, false);
}

void tree_merge_labels(struct profile *profile, unsigned levels)
{
	rebuild_tree(profile, levels, true);
}

unsigned tree_merge_identity(const struct tree *tree)
{
	for (uint32_t i = 1; i < tree_count(tree); i++)
		if (tree_frame(tree, i)->file || tree_frame(tree, i)->module)
			return IDENTITY_PLACES;
	return tree_count(tree) > 1 ? IDENTITY_LABELS : 0;
}
