#include "merger/build/profile_builder.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/build/pymerge.h"
#include "merger/parse/text_parser.h"
#include "merger/profile/levels.h"
#include "merger/build/sampling_stats.h"
#include "merger/build/timeline_builder.h"

#define LEVELS_MAX 2 /* process and thread */

/* A thread's frame in the tree, by the thread's index in the profile. */
struct level {
	uint32_t label;       /* intern id; 0: not made yet */
	uint32_t thread_name; /* the name for which the label was made */
};

struct profile_builder {
	bool by_thread;
	bool by_process; /* more than one target is known */
	struct profile *profile;
	struct pymerge *pymerge;
	struct text_parser *parser;
	struct sampling_stats sampling;
	struct timeline_builder *timeline; /* NULL: not wanted */
	struct recent_samples *recent;     /* NULL: not wanted */
	struct profile_builder_progress progress;
	uint32_t pid; /* of the current sample; 0: none */
	struct level *levels;
	size_t level_cap;
	struct frame *path;
	size_t path_cap;
	struct buf text;
};

static uint32_t intern_marker_value(struct profile_builder *builder, const struct marker *marker,
                                    const char *key)
{
	return intern_add_clean(builder->profile->intern,
	                        marker_decode(marker_get(marker, key), &builder->text));
}

static uint32_t get_level_label(struct profile_builder *builder,
                                const struct profile_thread *thread)
{
	struct intern *intern = builder->profile->intern;
	size_t at = (size_t)(thread - builder->profile->threads);
	size_t known = builder->level_cap;
	struct level *level;

	builder->levels =
	        alloc_grow(builder->levels, &builder->level_cap, at + 1, sizeof(*builder->levels));
	if (known < builder->level_cap)
		memset(builder->levels + known, 0,
		       (builder->level_cap - known) * sizeof(*builder->levels));
	level = &builder->levels[at];
	if (!level->label || level->thread_name != thread->name)
		*level = (struct level){ level_thread(intern, thread->name, thread->tid).name,
			                 thread->name };
	return level->label;
}

/* pid 0: unknown */
static struct frame make_process_frame(struct profile_builder *builder, uint32_t pid)
{
	struct profile *profile = builder->profile;

	return level_process(profile->intern, pid ? profile_target(profile, pid) : NULL);
}

static size_t add_levels(struct profile_builder *builder, const struct profile_thread *thread,
                         struct frame *path)
{
	uint32_t pid = profile_has_target(builder->profile, thread->pid) ? thread->pid : 0;
	size_t count = 0;

	if (builder->by_process)
		path[count++] = make_process_frame(builder, pid);
	if (builder->by_thread)
		path[count++] = (struct frame){ .name = get_level_label(builder, thread),
			                        .kind = FRAME_THREAD };
	return count;
}

static void handle_stack(void *ctx, const struct raw_stack *stack)
{
	struct profile_builder *builder = ctx;
	struct profile *profile = builder->profile;
	struct profile_thread *thread;
	const struct frame *frames;
	size_t count, levels;
	uint32_t leaf;
	enum merge_quality quality = pymerge_stack(builder->pymerge, stack, &frames, &count);

	thread = profile_thread(profile, builder->pid ? builder->pid : stack->thread.pid,
	                        stack->thread.tid);
	if (stack->thread.name)
		thread->name = stack->thread.name;
	thread->stacks++;
	profile->marks[quality]++;
	builder->progress.stacks++;
	builder->path = alloc_grow(builder->path, &builder->path_cap, count + LEVELS_MAX,
	                           sizeof(*builder->path));
	levels = add_levels(builder, thread, builder->path);
	memcpy(builder->path + levels, frames, count * sizeof(*frames));
	leaf = tree_add(profile->tree, builder->path, levels + count, 1);
	if (builder->recent)
		recent_samples_stack(builder->recent, (uint32_t)(thread - profile->threads), leaf,
		                     &stack->thread);
	if (builder->timeline)
		timeline_builder_stack(builder->timeline, thread, &stack->thread,
		                       &(struct timed_stack){
		                               .leaf = leaf,
		                               .frames = builder->path + builder->by_process,
		                               .count = levels + count - builder->by_process,
		                               .quality = quality,
		                               .lost = stack->lost != 0,
		                       });
}

/* A target's marker may be repeated: after exec, or in the next input. */
static void describe_target(struct profile_builder *builder, const struct marker *marker)
{
	struct profile *profile = builder->profile;
	uint64_t pid = marker_number(marker, "pid", 0);
	struct span key, value;
	struct profile_target *target;
	size_t pos = 0, cap = 0;

	if (!pid || pid > UINT32_MAX)
		return;
	target = profile_target(profile, (uint32_t)pid);
	if (target->executable || target->arg_count)
		return;
	target->executable = intern_marker_value(builder, marker, "executable");
	while (marker_next(marker, &pos, &key, &value)) {
		if (!span_eq(key, SPAN_LIT("arg")))
			continue;
		target->args = alloc_grow(target->args, &cap, target->arg_count + 1,
		                          sizeof(*target->args));
		target->args[target->arg_count++] =
		        intern_add_clean(profile->intern, marker_decode(value, &builder->text));
	}
}

static void describe_python(struct profile_builder *builder, const struct marker *marker)
{
	uint64_t pid = marker_number(marker, "pid", 0);

	if (pid && pid <= UINT32_MAX)
		profile_target(builder->profile, (uint32_t)pid)->python =
		        intern_marker_value(builder, marker, "version");
}

static void describe_module(struct profile_builder *builder, const struct marker *marker)
{
	uint32_t path = intern_marker_value(builder, marker, "path");
	uint32_t build_id = intern_marker_value(builder, marker, "build_id");

	if (build_id)
		profile_module(builder->profile, path, build_id);
	if (marker_number(marker, "python", 0))
		pymerge_add_python_module(builder->pymerge, path);
}

/* The tree gets a process level when a second target is named. */
static void add_process_level(struct profile_builder *builder)
{
	struct profile *profile = builder->profile;
	struct frame frame;

	if (builder->by_process || profile->target_count < 2)
		return;
	builder->by_process = true;
	if (!tree_node(profile->tree, TREE_ROOT)->total)
		return;
	frame = make_process_frame(builder, profile->targets[0].pid);
	tree_wrap(profile->tree, &frame);
}

static void update_progress(struct profile_builder *builder, const struct marker *marker)
{
	struct profile_builder_progress *progress = &builder->progress;

	progress->taken = builder->profile->sampling.taken;
	progress->failed = builder->profile->sampling.failed;
	progress->late = builder->profile->sampling.late;
	if (marker->verb != MARKER_END)
		return;
	progress->last_pause_us = marker_number(marker, "pause_us", 0);
	if (progress->last_pause_us > progress->max_pause_us)
		progress->max_pause_us = progress->last_pause_us;
}

static void handle_marker(void *ctx, const struct marker *marker)
{
	struct profile_builder *builder = ctx;
	uint64_t pid = marker_number(marker, "pid", 0);

	sampling_stats_on_marker(&builder->sampling, builder->profile, marker);
	update_progress(builder, marker);
	switch (marker->verb) {
	case MARKER_TARGET:
		describe_target(builder, marker);
		break;
	case MARKER_PYTHON:
		describe_python(builder, marker);
		break;
	case MARKER_MODULE:
		describe_module(builder, marker);
		break;
	case MARKER_NOTE:
		profile_note(builder->profile, intern_marker_value(builder, marker, "text"));
		break;
	default:
		break;
	}
	add_process_level(builder);
	if (builder->timeline)
		timeline_builder_on_marker(builder->timeline, marker);
	if (builder->recent)
		recent_samples_on_marker(builder->recent, marker);
	if (marker->verb == MARKER_BEGIN)
		builder->pid = pid <= UINT32_MAX ? (uint32_t)pid : 0;
	else if (marker->verb == MARKER_END)
		builder->pid = 0;
}

struct profile_builder *profile_builder_create(const struct profile_builder_options *options)
{
	struct profile_builder *builder = alloc_zeroed(1, sizeof(*builder));
	const struct text_parser_sink sink = { handle_stack, handle_marker, builder, false };

	builder->by_thread = options->by_thread;
	builder->profile = profile_create(options->by_line);
	builder->pymerge = pymerge_create(
	        builder->profile->intern,
	        &(struct pymerge_options){ .glue = options->glue, .suffixes = options->by_line });
	if (options->timeline)
		builder->timeline = timeline_builder_create(builder->profile, &builder->sampling,
		                                            options->time_bytes);
	if (options->recent_us)
		builder->recent = recent_samples_create(options->recent_us);
	builder->parser = text_parser_create(builder->profile->intern, &sink);
	return builder;
}

void profile_builder_destroy(struct profile_builder *builder)
{
	if (!builder)
		return;
	if (builder->parser)
		text_parser_destroy(builder->parser);
	if (builder->pymerge)
		pymerge_destroy(builder->pymerge);
	if (builder->timeline)
		timeline_builder_destroy(builder->timeline);
	recent_samples_destroy(builder->recent);
	profile_destroy(builder->profile);
	sampling_stats_deinit(&builder->sampling);
	buf_deinit(&builder->text);
	free(builder->levels);
	free(builder->path);
	free(builder);
}

void profile_builder_feed(struct profile_builder *builder, const char *text, size_t len)
{
	text_parser_feed(builder->parser, text, len);
}

void profile_builder_end_input(struct profile_builder *builder)
{
	text_parser_finish(builder->parser);
	if (builder->timeline)
		timeline_builder_end_input(builder->timeline);
	builder->pid = 0;
}

struct profile_builder_progress profile_builder_progress(const struct profile_builder *builder)
{
	return builder->progress;
}

const struct profile *profile_builder_peek(const struct profile_builder *builder)
{
	return builder->profile;
}

const struct recent_samples *profile_builder_recent(const struct profile_builder *builder)
{
	return builder->recent;
}

struct profile *profile_builder_finish(struct profile_builder *builder)
{
	struct profile *profile = builder->profile;
	struct text_parser_counts counts;

	profile_builder_end_input(builder);
	counts = text_parser_counts(builder->parser);
	profile->text_lines = counts.lines;
	profile->unknown_lines = counts.unknown_lines;
	if (builder->timeline)
		timeline_builder_finish(builder->timeline);
	sampling_stats_finish(&builder->sampling, profile);
	profile_sort(profile);
	/* They use the intern table, which belongs to the caller now. */
	text_parser_destroy(builder->parser);
	pymerge_destroy(builder->pymerge);
	builder->parser = NULL;
	builder->pymerge = NULL;
	builder->profile = NULL;
	return profile;
}
