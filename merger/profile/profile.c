#include "merger/profile/profile.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/names.h"
#include "merger/base/number.h"
#include "merger/profile/label.h"

#define BUILDS_NOTE                                                                                \
	" is not the same build in all profiles, so its functions fn 0x.. are not the same either"

struct profile *profile_create(bool by_line)
{
	struct profile *profile = alloc_zeroed(1, sizeof(*profile));

	profile->intern = intern_create();
	profile->tree = tree_create(by_line);
	profile->runs = 1;
	return profile;
}

void profile_destroy(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->target_count; i++)
		free(profile->targets[i].args);
	free(profile->targets);
	hash_index_deinit(&profile->target_index);
	free(profile->threads);
	hash_index_deinit(&profile->thread_index);
	free(profile->modules);
	hash_index_deinit(&profile->module_index);
	free(profile->notes);
	hash_index_deinit(&profile->note_index);
	tree_destroy(profile->tree);
	timeline_destroy(profile->timeline);
	intern_destroy(profile->intern);
	free(profile);
}

uint64_t profile_stacks(const struct profile *profile)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < QUALITY_COUNT; i++)
		sum += profile->marks[i];
	return sum;
}

static uint32_t hash_number(uint32_t number)
{
	return hash_index_hash(hash_index_start(number));
}

/* Its index in targets, or HASH_INDEX_NONE. */
static uint32_t find_target(const struct profile *profile, uint32_t pid)
{
	uint32_t hash = hash_number(pid), found;

	for (size_t at = hash;
	     (found = hash_index_next(&profile->target_index, hash, &at)) != HASH_INDEX_NONE;)
		if (profile->targets[found].pid == pid)
			return found;
	return HASH_INDEX_NONE;
}

bool profile_has_target(const struct profile *profile, uint32_t pid)
{
	return find_target(profile, pid) != HASH_INDEX_NONE;
}

static struct profile_target *append_target(struct profile *profile, uint32_t pid)
{
	hash_index_add(&profile->target_index, hash_number(pid), (uint32_t)profile->target_count);
	profile->targets = alloc_grow(profile->targets, &profile->target_cap,
	                              profile->target_count + 1, sizeof(*profile->targets));
	profile->targets[profile->target_count] = (struct profile_target){ .pid = pid };
	return &profile->targets[profile->target_count++];
}

struct profile_target *profile_target(struct profile *profile, uint32_t pid)
{
	uint32_t found = find_target(profile, pid);

	return found != HASH_INDEX_NONE ? &profile->targets[found] : append_target(profile, pid);
}

uint32_t profile_host(const struct profile *profile)
{
	uint32_t host = profile->target_count ? profile->targets[0].host : 0;

	for (size_t i = 1; i < profile->target_count; i++)
		if (profile->targets[i].host != host)
			return 0;
	return host;
}

static bool is_same_target(const struct profile_target *a, const struct profile_target *b)
{
	return a->pid == b->pid && a->executable == b->executable && a->host == b->host &&
	       a->python == b->python && a->arg_count == b->arg_count &&
	       (!a->arg_count || !memcmp(a->args, b->args, a->arg_count * sizeof(*a->args)));
}

bool profile_add_target(struct profile *profile, const struct profile_target *target)
{
	uint32_t hash = hash_number(target->pid), found;
	struct profile_target *row;

	for (size_t at = hash;
	     (found = hash_index_next(&profile->target_index, hash, &at)) != HASH_INDEX_NONE;)
		if (is_same_target(&profile->targets[found], target))
			return false;
	row = append_target(profile, target->pid);
	*row = *target;
	row->args = target->arg_count ? alloc_copy((const char *)target->args,
	                                           target->arg_count * sizeof(*target->args))
	                              : NULL;
	return true;
}

static uint32_t find_module(const struct profile *profile, uint32_t path)
{
	uint32_t hash = hash_number(path), found;

	for (size_t at = hash;
	     (found = hash_index_next(&profile->module_index, hash, &at)) != HASH_INDEX_NONE;)
		if (profile->modules[found].path == path)
			return found;
	return HASH_INDEX_NONE;
}

void profile_module(struct profile *profile, uint32_t path, uint32_t build_id)
{
	uint32_t found = find_module(profile, path);

	if (found != HASH_INDEX_NONE && profile->modules[found].build_id != build_id)
		profile->modules[found].build_id = 0; /* the file was replaced between two runs */
	if (found != HASH_INDEX_NONE || !path)
		return;
	hash_index_add(&profile->module_index, hash_number(path), (uint32_t)profile->module_count);
	profile->modules = alloc_grow(profile->modules, &profile->module_cap,
	                              profile->module_count + 1, sizeof(*profile->modules));
	profile->modules[profile->module_count++] = (struct profile_module){ path, build_id };
}

uint32_t profile_build_id(const struct profile *profile, uint32_t path)
{
	uint32_t found = find_module(profile, path);

	return found == HASH_INDEX_NONE ? 0 : profile->modules[found].build_id;
}

static uint32_t hash_thread(uint32_t host, uint32_t pid, uint32_t tid)
{
	return hash_index_hash(hash_index_mix(hash_index_start(pid), (uint64_t)host << 32 | tid));
}

/* Its index in threads, or HASH_INDEX_NONE. */
static uint32_t find_thread(const struct profile *profile, uint32_t host, uint32_t pid,
                            uint32_t tid)
{
	uint32_t hash = hash_thread(host, pid, tid), found;

	for (size_t at = hash;
	     (found = hash_index_next(&profile->thread_index, hash, &at)) != HASH_INDEX_NONE;) {
		const struct profile_thread *thread = &profile->threads[found];

		if (thread->pid == pid && thread->tid == tid && thread->host == host)
			return found;
	}
	return HASH_INDEX_NONE;
}

const struct profile_thread *profile_find_thread(const struct profile *profile, uint32_t pid,
                                                 uint32_t tid)
{
	uint32_t found = find_thread(profile, 0, pid, tid);

	return found == HASH_INDEX_NONE ? NULL : &profile->threads[found];
}

struct profile_thread *profile_host_thread(struct profile *profile, uint32_t host, uint32_t pid,
                                           uint32_t tid)
{
	uint32_t found = find_thread(profile, host, pid, tid);

	if (found != HASH_INDEX_NONE)
		return &profile->threads[found];
	profile->threads = alloc_grow(profile->threads, &profile->thread_cap,
	                              profile->thread_count + 1, sizeof(*profile->threads));
	found = (uint32_t)profile->thread_count++;
	profile->threads[found] = (struct profile_thread){ .host = host, .pid = pid, .tid = tid };
	hash_index_add(&profile->thread_index, hash_thread(host, pid, tid), found);
	return &profile->threads[found];
}

struct profile_thread *profile_thread(struct profile *profile, uint32_t pid, uint32_t tid)
{
	return profile_host_thread(profile, 0, pid, tid);
}

static int compare_threads(const void *a, const void *b, void *intern)
{
	const struct profile_thread *left = a, *right = b;
	int diff = number_order(right->stacks, left->stacks);

	if (!diff)
		diff = intern_compare(intern, left->host, right->host);
	if (!diff)
		diff = number_order(left->pid, right->pid);
	return diff ? diff : number_order(left->tid, right->tid);
}

static int compare_targets(const void *a, const void *b, void *intern)
{
	const struct profile_target *left = a, *right = b;
	size_t args = left->arg_count < right->arg_count ? left->arg_count : right->arg_count;
	int diff = intern_compare(intern, left->host, right->host);

	if (!diff)
		diff = number_order(left->pid, right->pid);
	if (!diff)
		diff = intern_compare(intern, left->executable, right->executable);
	if (!diff)
		diff = intern_compare(intern, left->python, right->python);
	for (size_t i = 0; i < args && !diff; i++)
		diff = intern_compare(intern, left->args[i], right->args[i]);
	return diff ? diff : number_order(left->arg_count, right->arg_count);
}

void profile_note_builds(struct profile *profile)
{
	bool *nameless = alloc_zeroed(intern_count(profile->intern), sizeof(*nameless));

	for (uint32_t i = 1; i < tree_count(profile->tree); i++) {
		const struct frame *frame = tree_frame(profile->tree, i);

		nameless[frame->module] |=
		        label_is_nameless(intern_get(profile->intern, frame->name));
	}
	for (size_t i = 0; i < profile->module_count; i++) {
		const struct profile_module *module = &profile->modules[i];
		struct buf text = { 0 };

		if (module->build_id || !nameless[module->path])
			continue;
		buf_add_span(&text, intern_get(profile->intern, module->path));
		buf_add_span(&text, SPAN_LIT(BUILDS_NOTE));
		profile_note(profile, intern_add_clean(profile->intern, buf_span(&text)));
		buf_deinit(&text);
	}
	free(nameless);
}

static int compare_modules(const void *a, const void *b, void *intern)
{
	const struct profile_module *left = a, *right = b;

	return intern_compare(intern, left->path, right->path);
}

static int compare_notes(const void *a, const void *b, void *intern)
{
	const uint32_t *left = a, *right = b;

	return intern_compare(intern, *left, *right);
}

static void sort_rows(struct profile *profile, void *rows, size_t count, size_t size,
                      int (*compare)(const void *, const void *, void *))
{
	if (count)
		qsort_r(rows, count, size, compare, profile->intern);
}

void profile_sort(struct profile *profile)
{
	tree_sort(profile->tree, profile->intern);
	sort_rows(profile, profile->threads, profile->thread_count, sizeof(*profile->threads),
	          compare_threads);
	hash_index_clear(&profile->thread_index);
	for (uint32_t i = 0; i < profile->thread_count; i++)
		hash_index_add(&profile->thread_index,
		               hash_thread(profile->threads[i].host, profile->threads[i].pid,
		                           profile->threads[i].tid),
		               i);
}

void profile_sort_all(struct profile *profile)
{
	profile_sort(profile);
	sort_rows(profile, profile->targets, profile->target_count, sizeof(*profile->targets),
	          compare_targets);
	sort_rows(profile, profile->modules, profile->module_count, sizeof(*profile->modules),
	          compare_modules);
	sort_rows(profile, profile->notes, profile->note_count, sizeof(*profile->notes),
	          compare_notes);
	hash_index_clear(&profile->target_index);
	hash_index_clear(&profile->module_index);
	hash_index_clear(&profile->note_index);
	for (uint32_t i = 0; i < profile->target_count; i++)
		hash_index_add(&profile->target_index, hash_number(profile->targets[i].pid), i);
	for (uint32_t i = 0; i < profile->module_count; i++)
		hash_index_add(&profile->module_index, hash_number(profile->modules[i].path), i);
	for (uint32_t i = 0; i < profile->note_count; i++)
		hash_index_add(&profile->note_index, hash_number(profile->notes[i]), i);
}

void profile_note(struct profile *profile, uint32_t text)
{
	uint32_t hash = hash_number(text), found;

	for (size_t at = hash;
	     (found = hash_index_next(&profile->note_index, hash, &at)) != HASH_INDEX_NONE;)
		if (profile->notes[found] == text)
			return;
	hash_index_add(&profile->note_index, hash, (uint32_t)profile->note_count);
	profile->notes = alloc_grow(profile->notes, &profile->note_cap, profile->note_count + 1,
	                            sizeof(*profile->notes));
	profile->notes[profile->note_count++] = text;
}

static const char *const quality_names[QUALITY_COUNT] = {
	[QUALITY_MERGED] = "merged",           [QUALITY_NATIVE_ONLY] = "native_only",
	[QUALITY_PYTHON_ONLY] = "python_only", [QUALITY_PARTIAL] = "partial",
	[QUALITY_UNPAIRED] = "unpaired",       [QUALITY_LOST] = "lost",
};

const char *profile_quality_name(enum merge_quality quality)
{
	return quality_names[quality];
}

bool profile_quality_of(struct span name, enum merge_quality *ret)
{
	size_t found = names_find(quality_names, QUALITY_COUNT, name);

	if (found == QUALITY_COUNT)
		return false;
	*ret = (enum merge_quality)found;
	return true;
}

static const char *const kind_names[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = "native", [FRAME_PYTHON] = "python",   [FRAME_RUBY] = "ruby",
	[FRAME_THREAD] = "thread", [FRAME_PROCESS] = "process", [FRAME_LOST] = "lost",
	[FRAME_MARKER] = "marker", [FRAME_KERNEL] = "kernel",   [FRAME_HOST] = "host",
};

const char *profile_kind_name(enum frame_kind kind)
{
	return kind_names[kind];
}

bool profile_kind_of(struct span name, enum frame_kind *ret)
{
	size_t found = names_find(kind_names, FRAME_KIND_COUNT, name);

	if (found == FRAME_KIND_COUNT)
		return false;
	*ret = (enum frame_kind)found;
	return true;
}
