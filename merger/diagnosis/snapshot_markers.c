#include "merger/diagnosis/snapshot_markers.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"

uint32_t snapshot_marker_intern(struct snapshot_builder *builder, struct span value)
{
	if (!value.len)
		return 0;
	buf_clear(&builder->clean);
	escape_add_text(&builder->clean, marker_decode(value, &builder->text));
	return intern_add(builder->snapshot->intern, buf_span(&builder->clean));
}

uint32_t snapshot_marker_word(struct snapshot_builder *builder, const struct marker *marker,
                              const char *key)
{
	return snapshot_marker_intern(builder, marker_get(marker, key));
}

uint32_t snapshot_marker_number(const struct marker *marker, const char *key)
{
	uint64_t number = marker_number(marker, key, 0);

	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

char snapshot_marker_letter(const struct marker *marker, const char *key)
{
	struct span value = marker_get(marker, key);

	return value.len ? value.ptr[0] : 0;
}

void *snapshot_marker_grow(void *array, size_t *count, size_t *cap, size_t size)
{
	char *bytes = alloc_grow(array, cap, *count + 1, size);

	memset(bytes + *count * size, 0, size);
	++*count;
	return bytes;
}

size_t snapshot_marker_numbers(const struct marker *marker, const char *key, uint32_t **ret)
{
	uint64_t *wide;
	size_t count = marker_numbers(marker, key, &wide);

	*ret = count ? alloc_zeroed(count, sizeof(**ret)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = wide[i] <= UINT32_MAX ? (uint32_t)wide[i] : 0;
	free(wide);
	return count;
}

struct snapshot_process *snapshot_marker_process(struct snapshot_builder *builder, uint32_t pid)
{
	struct snapshot *snapshot = builder->snapshot;
	size_t at = snapshot_find_process(snapshot, pid);

	if (at != SNAPSHOT_NONE)
		return &snapshot->processes[at];
	snapshot->processes =
	        snapshot_marker_grow(snapshot->processes, &snapshot->process_count,
	                             &snapshot->process_cap, sizeof(*snapshot->processes));
	snapshot->processes[snapshot->process_count - 1].pid = pid;
	return &snapshot->processes[snapshot->process_count - 1];
}

struct snapshot_thread *snapshot_marker_thread(struct snapshot_builder *builder, uint32_t pid,
                                               uint32_t tid)
{
	struct snapshot *snapshot = builder->snapshot;
	size_t at = tid ? snapshot_find_thread(snapshot, pid, tid) : SNAPSHOT_NONE;
	struct snapshot_thread *thread;

	if (at != SNAPSHOT_NONE)
		return &snapshot->threads[at];
	snapshot->threads = snapshot_marker_grow(snapshot->threads, &snapshot->thread_count,
	                                         &snapshot->thread_cap, sizeof(*snapshot->threads));
	thread = &snapshot->threads[snapshot->thread_count - 1];
	thread->pid = pid;
	thread->tid = tid;
	if (tid)
		hash_index_add(&snapshot->thread_index,
		               hash_index_hash(hash_index_mix(hash_index_start(pid), tid)),
		               (uint32_t)snapshot->thread_count - 1);
	return thread;
}

bool snapshot_marker_take(const struct snapshot_taker *takers, size_t count,
                          struct snapshot_builder *builder, const struct marker *marker)
{
	for (size_t i = 0; i < count; i++)
		if (takers[i].verb == marker->verb) {
			takers[i].take(builder, marker);
			return true;
		}
	return false;
}
