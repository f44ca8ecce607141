#include "merger/transform/profile_merge.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/transform/tree_merge.h"

#define LABELS_NOTE "added up by functions' names and file names: collapsed stacks tell no folders"

static bool add_checked(uint64_t *to, uint64_t what)
{
	return !__builtin_add_overflow(*to, what, to);
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t common_of(uint64_t a, uint64_t b)
{
	return a == b ? a : 0;
}

/* The string that sorts first; an empty one sorts last. */
static uint32_t pick_first_string(const struct intern *intern, uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a ? a : b;
	return intern_compare(intern, a, b) <= 0 ? a : b;
}

static void merge_pause(struct profile_pause *sum, const struct profile_pause *from)
{
	sum->known = sum->known && from->known;
	sum->first = max_of(sum->first, from->first);
	sum->median = max_of(sum->median, from->median);
	sum->p99 = max_of(sum->p99, from->p99);
	sum->max = max_of(sum->max, from->max);
}

static bool merge_sampling(struct profile *into, const struct profile_sampling *from,
                           struct intern_map *map)
{
	struct profile_sampling *sum = &into->sampling;

	if (!sum->known || !from->known) {
		*sum = (struct profile_sampling){ 0 };
		return true;
	}
	sum->started =
	        pick_first_string(into->intern, sum->started, intern_map_id(map, from->started));
	sum->rate_mhz = common_of(sum->rate_mhz, from->rate_mhz);
	sum->achieved_mhz = common_of(sum->achieved_mhz, from->achieved_mhz);
	sum->stopped_ppm = max_of(sum->stopped_ppm, from->stopped_ppm);
	merge_pause(&sum->pause, &from->pause);
	return add_checked(&sum->asked, from->asked) && add_checked(&sum->taken, from->taken) &&
	       add_checked(&sum->late, from->late) && add_checked(&sum->failed, from->failed) &&
	       add_checked(&sum->elapsed_ms, from->elapsed_ms);
}

static void copy_sampling(struct profile *into, const struct profile_sampling *from,
                          struct intern_map *map)
{
	into->sampling = *from;
	into->sampling.started = intern_map_id(map, from->started);
}

static void merge_targets(struct profile *into, const struct profile *from, struct intern_map *map)
{
	for (size_t i = 0; i < from->target_count; i++) {
		const struct profile_target *target = &from->targets[i];
		struct profile_target copy = {
			.pid = target->pid,
			.executable = intern_map_id(map, target->executable),
			.host = intern_map_id(map, target->host),
			.python = intern_map_id(map, target->python),
			.args = alloc_zeroed(target->arg_count, sizeof(*copy.args)),
			.arg_count = target->arg_count,
		};

		for (size_t j = 0; j < target->arg_count; j++)
			copy.args[j] = intern_map_id(map, target->args[j]);
		profile_add_target(into, &copy);
		free(copy.args);
	}
}

/* The host of a recording's threads. In a sum each thread has its own host, if that is known. */
static uint32_t get_threads_host(const struct profile *from)
{
	return from->runs == 1 ? profile_host(from) : 0;
}

static bool merge_threads(struct profile *into, const struct profile *from, struct intern_map *map)
{
	bool ok = true;

	for (size_t i = 0; i < from->thread_count; i++) {
		const struct profile_thread *thread = &from->threads[i];
		uint32_t host = thread->host ? thread->host : get_threads_host(from);
		struct profile_thread *sum = profile_host_thread(into, intern_map_id(map, host),
		                                                 thread->pid, thread->tid);

		sum->name = pick_first_string(into->intern, sum->name,
		                              intern_map_id(map, thread->name));
		ok = add_checked(&sum->stacks, thread->stacks) && ok;
	}
	return ok;
}

static bool merge_counts(struct profile *into, const struct profile *from)
{
	uint64_t all = profile_stacks(into);
	bool ok = add_checked(&into->runs, from->runs) && add_checked(&all, profile_stacks(from)) &&
	          add_checked(&into->text_lines, from->text_lines) &&
	          add_checked(&into->unknown_lines, from->unknown_lines) &&
	          add_checked(&into->left_out, from->left_out);

	for (size_t i = 0; i < QUALITY_COUNT && ok; i++)
		ok = add_checked(&into->marks[i], from->marks[i]);
	return ok;
}

static void merge_texts(struct profile *into, const struct profile *from, struct intern_map *map)
{
	for (size_t i = 0; i < from->module_count; i++)
		profile_module(into, intern_map_id(map, from->modules[i].path),
		               intern_map_id(map, from->modules[i].build_id));
	for (size_t i = 0; i < from->note_count; i++)
		profile_note(into, intern_map_id(map, from->notes[i]));
}

static bool begin_sum(struct profile_merge *merge, const struct profile *from,
                      struct intern_map *map)
{
	if (merge->sum)
		return false;
	merge->sum = profile_create(tree_by_line(from->tree));
	merge->sum->weight = from->weight;
	merge->sum->runs = 0;
	intern_map_init(map, merge->sum->intern, from->intern);
	copy_sampling(merge->sum, &from->sampling, map);
	return true;
}

static bool check_weight(const struct profile_merge *merge, const struct profile *from,
                         struct error *err)
{
	if (merge->sum && merge->sum->weight != from->weight)
		return error_set(err, ERROR_INPUT,
		                 "some profiles are weighed in samples, others in CPU time; "
		                 "--weight wall or --weight cpu makes them the same");
	return true;
}

static bool add_tree(struct profile_merge *merge, const struct profile *from,
                     struct intern_map *map)
{
	uint32_t *places = tree_merge(merge->sum, from, map, merge->levels, false);
	bool ok = places;

	free(places);
	return ok;
}

bool profile_merge_add(struct profile_merge *merge, const struct profile *from, const char *name,
                       struct error *err)
{
	struct intern_map map;
	bool first, ok;

	if (!check_weight(merge, from, err))
		return false;
	first = begin_sum(merge, from, &map);
	if (!first)
		intern_map_init(&map, merge->sum->intern, from->intern);
	if (tree_by_line(merge->sum->tree) && !tree_by_line(from->tree))
		tree_merge_lines(merge->sum);
	ok = (first || merge_sampling(merge->sum, &from->sampling, &map)) &&
	     merge_counts(merge->sum, from) && merge_threads(merge->sum, from, &map) &&
	     add_tree(merge, from, &map);
	merge->identity |= tree_merge_identity(from->tree);
	if (ok) {
		merge_targets(merge->sum, from, &map);
		merge_texts(merge->sum, from, &map);
	}
	intern_map_deinit(&map);
	return ok ||
	       error_set(err, ERROR_INPUT, "%s: with it the numbers add up to too much", name);
}

struct profile *profile_merge_finish(struct profile_merge *merge)
{
	struct profile *sum = merge->sum;

	merge->sum = NULL;
	if (!sum)
		return NULL;
	if (merge->identity == (IDENTITY_LABELS | IDENTITY_PLACES)) {
		tree_merge_labels(sum, merge->levels);
		profile_note(sum, intern_add(sum->intern, SPAN_LIT(LABELS_NOTE)));
	}
	profile_note_builds(sum);
	profile_sort_all(sum);
	return sum;
}

void profile_merge_deinit(struct profile_merge *merge)
{
	profile_destroy(merge->sum);
	merge->sum = NULL;
}
