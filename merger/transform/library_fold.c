#include "merger/transform/library_fold.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/buf.h"
#include "merger/base/hash_index.h"
#include "merger/profile/library.h"
#include "merger/profile/tree.h"

#define NONE UINT32_MAX

/* Connected nodes of library code that one node calls. */
struct region {
	uint32_t parent;  /* the calling node */
	uint32_t library; /* intern id: the library of its first frame */
	uint32_t count;   /* number of nodes */
	uint32_t label;   /* intern id; 0: not made yet */
};

struct library_fold {
	struct intern *intern;
	bool counted;
	struct tree *tree; /* all observed stacks, unchanged */
	struct region *regions;
	size_t region_count, region_cap;
	struct hash_index region_index;
	uint32_t *places; /* by node: its region; NONE: not library code */
	size_t place_count;
	uint32_t *path; /* nodes of a stack, root first */
	size_t path_cap;
};

struct library_fold *library_fold_create(struct intern *intern, bool counted)
{
	struct library_fold *fold = alloc_zeroed(1, sizeof(*fold));

	fold->intern = intern;
	fold->counted = counted;
	fold->tree = tree_create(false);
	return fold;
}

void library_fold_destroy(struct library_fold *fold)
{
	if (!fold)
		return;
	tree_destroy(fold->tree);
	free(fold->regions);
	hash_index_deinit(&fold->region_index);
	free(fold->places);
	free(fold->path);
	free(fold);
}

void library_fold_observe(struct library_fold *fold, const struct frame *frames, size_t count)
{
	tree_add(fold->tree, frames, count, 1);
}

static uint32_t get_region(struct library_fold *fold, uint32_t parent, uint32_t library)
{
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(parent), library)), found;

	for (size_t at = hash;
	     (found = hash_index_next(&fold->region_index, hash, &at)) != HASH_INDEX_NONE;)
		if (fold->regions[found].parent == parent &&
		    fold->regions[found].library == library)
			return found;
	fold->regions = alloc_grow(fold->regions, &fold->region_cap, fold->region_count + 1,
	                           sizeof(*fold->regions));
	found = (uint32_t)fold->region_count++;
	fold->regions[found] = (struct region){ .parent = parent, .library = library };
	hash_index_add(&fold->region_index, hash, found);
	return found;
}

/* One pass is enough: a node has a higher number than its parent. */
void library_fold_finish(struct library_fold *fold)
{
	size_t count = tree_count(fold->tree);

	fold->place_count = count;
	fold->places = alloc_zeroed(count, sizeof(*fold->places));
	fold->places[TREE_ROOT] = NONE;
	for (uint32_t i = 1; i < count; i++) {
		struct span library = library_name(fold->intern, tree_frame(fold->tree, i));
		uint32_t parent = tree_node(fold->tree, i)->parent, place = NONE;

		if (library.len && fold->places[parent] != NONE)
			place = fold->places[parent];
		else if (library.len)
			place = get_region(fold, parent, intern_add(fold->intern, library));
		fold->places[i] = place;
		if (place != NONE)
			fold->regions[place].count++;
	}
}

static struct frame make_region_frame(struct library_fold *fold, uint32_t place)
{
	struct region *region = &fold->regions[place];
	struct buf text = { 0 };

	if (!region->label) {
		buf_add_span(&text, intern_get(fold->intern, region->library));
		if (fold->counted)
			buf_printf(&text, " (%u frames hidden)", region->count);
		else
			buf_add_span(&text, SPAN_LIT(" (frames hidden)"));
		region->label = intern_add_clean(fold->intern, buf_span(&text));
		buf_deinit(&text);
	}
	return (struct frame){ .name = region->label, .kind = FRAME_MARKER };
}

/* NONE also for a node that was not observed: its frame is not changed. */
static uint32_t get_place(const struct library_fold *fold, uint32_t node)
{
	return node < fold->place_count ? fold->places[node] : NONE;
}

size_t library_fold_apply(struct library_fold *fold, struct frame *frames, size_t count)
{
	uint32_t node = tree_add(fold->tree, frames, count, 0);
	size_t kept = 0;

	fold->path = alloc_grow(fold->path, &fold->path_cap, count, sizeof(*fold->path));
	for (size_t i = count; i-- > 0; node = tree_node(fold->tree, node)->parent)
		fold->path[i] = node;
	for (size_t i = 0; i < count; i++) {
		uint32_t place = get_place(fold, fold->path[i]);

		if (place == NONE || (fold->counted && fold->regions[place].count == 1))
			frames[kept++] = frames[i];
		else if (!i || get_place(fold, fold->path[i - 1]) != place)
			frames[kept++] = make_region_frame(fold, place);
	}
	return kept;
}
