#include "merger/diagnosis/stack_groups.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

static uint32_t hash_stack(const struct snapshot_thread *thread)
{
	uint64_t mixed = hash_index_mix(hash_index_start(thread->pid), thread->lost);

	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct frame *frame = &thread->frames[i];

		mixed = hash_index_mix(mixed, (uint64_t)frame->name << 32 | frame->file);
		mixed = hash_index_mix(mixed, (uint64_t)frame->line << 32 | frame->module);
	}
	return hash_index_hash(mixed);
}

static bool is_same_stack(const struct snapshot_thread *a, const struct snapshot_thread *b)
{
	return a->pid == b->pid && a->lost == b->lost && a->frame_count == b->frame_count &&
	       (!a->frame_count ||
	        !memcmp(a->frames, b->frames, a->frame_count * sizeof(*a->frames)));
}

/* Sets the group of each thread; first[group] is its first thread. Returns the number of groups. */
static size_t number_groups(const struct snapshot *snapshot, size_t *group_of, size_t *first)
{
	struct hash_index index = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];
		uint32_t hash = hash_stack(thread), found;
		size_t at = hash;

		while ((found = hash_index_next(&index, hash, &at)) != HASH_INDEX_NONE)
			if (is_same_stack(thread, &snapshot->threads[first[found]]))
				break;
		if (found == HASH_INDEX_NONE) {
			found = (uint32_t)count;
			first[count++] = i;
			hash_index_add(&index, hash, found);
		}
		group_of[i] = found;
	}
	hash_index_deinit(&index);
	return count;
}

static int compare_rarest_first(const void *left, const void *right)
{
	const struct stack_group *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

static int compare_largest_first(const void *left, const void *right)
{
	const struct stack_group *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

void stack_groups_init(struct stack_groups *groups, const struct snapshot *snapshot,
                       bool largest_first)
{
	size_t threads = snapshot->thread_count;
	size_t *group_of = alloc_zeroed(threads + 1, sizeof(*group_of));
	size_t *next = alloc_zeroed(threads + 1, sizeof(*next));

	groups->threads = alloc_zeroed(threads + 1, sizeof(*groups->threads));
	groups->groups = alloc_zeroed(threads + 1, sizeof(*groups->groups));
	groups->count = number_groups(snapshot, group_of, next);
	for (size_t i = 0; i < threads; i++)
		groups->groups[group_of[i]].count++;
	for (size_t i = 0, at = 0; i < groups->count; at += groups->groups[i++].count)
		next[i] = groups->groups[i].first = at;
	for (size_t i = 0; i < threads; i++)
		groups->threads[next[group_of[i]]++] = i;
	qsort(groups->groups, groups->count, sizeof(*groups->groups),
	      largest_first ? compare_largest_first : compare_rarest_first);
	free(group_of);
	free(next);
}

void stack_groups_deinit(struct stack_groups *groups)
{
	free(groups->threads);
	free(groups->groups);
}
