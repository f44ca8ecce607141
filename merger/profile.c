#include "profile.h"

#include <stdlib.h>

#include "alloc.h"

struct profile *profile_create(bool by_line)
{
	struct profile *profile = alloc_zeroed(1, sizeof(*profile));

	profile->intern = intern_create();
	profile->tree = tree_create(by_line);
	return profile;
}

void profile_destroy(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->target_count; i++)
		free(profile->targets[i].args);
	free(profile->targets);
	index_deinit(&profile->target_index);
	free(profile->threads);
	index_deinit(&profile->thread_index);
	free(profile->modules);
	index_deinit(&profile->module_index);
	free(profile->notes);
	index_deinit(&profile->note_index);
	tree_destroy(profile->tree);
	timeline_destroy(profile->timeline);
	intern_destroy(profile->intern);
	free(profile);
}

uint64_t profile_stacks(const struct profile *profile)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < MARK_COUNT; i++)
		sum += profile->marks[i];
	return sum;
}

static uint32_t number_hash(uint32_t number)
{
	return index_hash(index_start(number));
}

/* Its place in targets, INDEX_NONE if it is not there. */
static uint32_t target_find(const struct profile *profile, uint32_t pid)
{
	uint32_t hash = number_hash(pid), found;

	for (size_t at = hash;
	     (found = index_next(&profile->target_index, hash, &at)) != INDEX_NONE;)
		if (profile->targets[found].pid == pid)
			return found;
	return INDEX_NONE;
}

bool profile_has_target(const struct profile *profile, uint32_t pid)
{
	return target_find(profile, pid) != INDEX_NONE;
}

struct profile_target *profile_target(struct profile *profile, uint32_t pid)
{
	uint32_t found = target_find(profile, pid);

	if (found != INDEX_NONE)
		return &profile->targets[found];
	index_add(&profile->target_index, number_hash(pid), (uint32_t)profile->target_count);
	profile->targets = alloc_grow(profile->targets, &profile->target_cap,
	                              profile->target_count + 1, sizeof(*profile->targets));
	profile->targets[profile->target_count] = (struct profile_target){ .pid = pid };
	return &profile->targets[profile->target_count++];
}

static uint32_t module_find(const struct profile *profile, uint32_t path)
{
	uint32_t hash = number_hash(path), found;

	for (size_t at = hash;
	     (found = index_next(&profile->module_index, hash, &at)) != INDEX_NONE;)
		if (profile->modules[found].path == path)
			return found;
	return INDEX_NONE;
}

void profile_module(struct profile *profile, uint32_t path, uint32_t build_id)
{
	uint32_t found = module_find(profile, path);

	if (found != INDEX_NONE && profile->modules[found].build_id != build_id)
		profile->modules[found].build_id = 0; /* the file was replaced between two runs */
	if (found != INDEX_NONE || !path)
		return;
	index_add(&profile->module_index, number_hash(path), (uint32_t)profile->module_count);
	profile->modules = alloc_grow(profile->modules, &profile->module_cap,
	                              profile->module_count + 1, sizeof(*profile->modules));
	profile->modules[profile->module_count++] = (struct profile_module){ path, build_id };
}

uint32_t profile_build_id(const struct profile *profile, uint32_t path)
{
	uint32_t found = module_find(profile, path);

	return found == INDEX_NONE ? 0 : profile->modules[found].build_id;
}

static uint32_t thread_hash(uint32_t pid, uint32_t tid)
{
	return index_hash(index_mix(index_start(pid), tid));
}

/* Its place in threads, INDEX_NONE if it is not there. */
static uint32_t thread_find(const struct profile *profile, uint32_t pid, uint32_t tid)
{
	uint32_t hash = thread_hash(pid, tid), found;

	for (size_t at = hash;
	     (found = index_next(&profile->thread_index, hash, &at)) != INDEX_NONE;)
		if (profile->threads[found].pid == pid && profile->threads[found].tid == tid)
			return found;
	return INDEX_NONE;
}

const struct profile_thread *profile_find_thread(const struct profile *profile, uint32_t pid,
                                                 uint32_t tid)
{
	uint32_t found = thread_find(profile, pid, tid);

	return found == INDEX_NONE ? NULL : &profile->threads[found];
}

struct profile_thread *profile_thread(struct profile *profile, uint32_t pid, uint32_t tid)
{
	uint32_t found = thread_find(profile, pid, tid);

	if (found != INDEX_NONE)
		return &profile->threads[found];
	profile->threads = alloc_grow(profile->threads, &profile->thread_cap,
	                              profile->thread_count + 1, sizeof(*profile->threads));
	found = (uint32_t)profile->thread_count++;
	profile->threads[found] = (struct profile_thread){ .pid = pid, .tid = tid };
	index_add(&profile->thread_index, thread_hash(pid, tid), found);
	return &profile->threads[found];
}

static int thread_compare(const void *a, const void *b)
{
	const struct profile_thread *left = a, *right = b;

	if (left->stacks != right->stacks)
		return left->stacks < right->stacks ? 1 : -1;
	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return (left->tid > right->tid) - (left->tid < right->tid);
}

void profile_sort(struct profile *profile)
{
	tree_sort(profile->tree, profile->intern);
	if (profile->thread_count)
		qsort(profile->threads, profile->thread_count, sizeof(*profile->threads),
		      thread_compare);
	index_clear(&profile->thread_index);
	for (size_t i = 0; i < profile->thread_count; i++)
		index_add(&profile->thread_index,
		          thread_hash(profile->threads[i].pid, profile->threads[i].tid),
		          (uint32_t)i);
}

void profile_note(struct profile *profile, uint32_t text)
{
	uint32_t hash = number_hash(text), found;

	for (size_t at = hash; (found = index_next(&profile->note_index, hash, &at)) != INDEX_NONE;)
		if (profile->notes[found] == text)
			return;
	index_add(&profile->note_index, hash, (uint32_t)profile->note_count);
	profile->notes = alloc_grow(profile->notes, &profile->note_cap, profile->note_count + 1,
	                            sizeof(*profile->notes));
	profile->notes[profile->note_count++] = text;
}

static const char *const mark_names[MARK_COUNT] = {
	[MARK_MERGED] = "merged",           [MARK_NATIVE_ONLY] = "native_only",
	[MARK_PYTHON_ONLY] = "python_only", [MARK_PARTIAL] = "partial",
	[MARK_UNPAIRED] = "unpaired",       [MARK_LOST] = "lost",
};

const char *profile_mark_name(enum merge_mark mark)
{
	return mark_names[mark];
}

bool profile_mark_of(struct span name, enum merge_mark *ret)
{
	for (size_t i = 0; i < MARK_COUNT; i++) {
		if (span_eq(name, span_of(mark_names[i]))) {
			*ret = (enum merge_mark)i;
			return true;
		}
	}
	return false;
}

static const char *const kind_names[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = "native",   [FRAME_PYTHON] = "python", [FRAME_THREAD] = "thread",
	[FRAME_PROCESS] = "process", [FRAME_LOST] = "lost",     [FRAME_MARKER] = "marker",
	[FRAME_KERNEL] = "kernel",
};

const char *profile_kind_name(enum frame_kind kind)
{
	return kind_names[kind];
}

bool profile_kind_of(struct span name, enum frame_kind *ret)
{
	for (size_t i = 0; i < FRAME_KIND_COUNT; i++) {
		if (span_eq(name, span_of(kind_names[i]))) {
			*ret = (enum frame_kind)i;
			return true;
		}
	}
	return false;
}
