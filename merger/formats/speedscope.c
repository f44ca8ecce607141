/* speedscope: JSON for speedscope.app: one profile for each thread, its stacks in the order of
 * time.
 *
 * The format: github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources, and the schema
 * https://www.speedscope.app/file-format-schema.json ("sampled" profiles). Weights are the
 * profile's: samples, which have no unit there, or microseconds of CPU. thread_stacks.h defines
 * what a thread is here. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/json.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/label.h"
#include "merger/profile/levels.h"
#include "merger/profile/thread_stacks.h"

struct speedscope {
	const struct profile *profile;
	struct thread_stacks stacks;
	struct json json;
	uint32_t *numbers; /* by frame of the tree: number from 1 on; 0: not written */
	struct thread_frames path;
};

static void write_id(struct speedscope *writer, uint32_t id)
{
	json_string(&writer->json, intern_get(writer->profile->intern, id));
}

/* A frame has no other place for an address. */
static void write_function_name(struct speedscope *writer, const struct frame *frame)
{
	static const struct label_options by_line = { .by_line = true };
	struct frame place = { .name = frame->name, .line = frame->line, .kind = frame->kind };
	struct buf name = { 0 };

	if (frame_has_addresses(frame)) {
		label_add(&name, writer->profile->intern, &place, &by_line);
		json_string(&writer->json, buf_span(&name));
	} else if (frame->name) {
		write_id(writer, frame->name);
	} else {
		json_string(&writer->json, SPAN_LIT("??"));
	}
	buf_deinit(&name);
}

static void write_speedscope_frame(struct speedscope *writer, const struct frame *frame)
{
	struct json *json = &writer->json;

	json_open(json, '{');
	json_key(json, "name");
	write_function_name(writer, frame);
	if (frame->file || frame->module) {
		json_key(json, "file");
		write_id(writer, frame->file ? frame->file : frame->module);
	}
	if (frame->file && (frame->line || frame->first_line)) {
		json_key(json, "line");
		json_number(json, frame->line ? frame->line : frame->first_line);
	}
	json_close(json, '}');
	json_line(json);
}

/* Levels of the tree are not frames here. */
static bool is_level(enum frame_kind kind)
{
	return level_of(kind) != LEVEL_COUNT;
}

/* Nodes share frames; each frame is written once, in the order of the tree. */
static void write_shared_frames(struct speedscope *writer)
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

		if (*number || is_level(tree_frame(tree, i)->kind))
			continue;
		*number = ++next;
		write_speedscope_frame(writer, tree_frame(tree, i));
	}
	json_close(&writer->json, ']');
	json_close(&writer->json, '}');
}

/* Root first. */
static void write_frame_numbers(struct speedscope *writer, uint32_t stack)
{
	const struct tree *tree = writer->profile->tree;

	thread_stacks_path(&writer->stacks, stack, &writer->path);
	json_open(&writer->json, '[');
	for (size_t i = writer->path.count; i-- > 0;)
		json_number(&writer->json,
		            writer->numbers[tree_node(tree, writer->path.frames[i].node)->frame] -
		                    1);
	json_close(&writer->json, ']');
}

static void write_profile_name(struct speedscope *writer, const struct thread_group *group)
{
	const struct profile *profile = writer->profile;
	struct thread_identity thread = thread_stacks_identity(&writer->stacks, group);
	struct buf title = { 0 };

	if (!writer->stacks.timeline) {
		const struct frame *frame = tree_frame(profile->tree, group->at);

		json_string(&writer->json, group->at == TREE_ROOT
		                                   ? SPAN_LIT("all threads")
		                                   : intern_get(profile->intern, frame->name));
		return;
	}
	buf_add_span(&title, thread.name.len ? thread.name : SPAN_LIT("thread"));
	buf_printf(&title, " (tid %" PRIu32 ")", thread.tid);
	if (profile->target_count > 1)
		buf_printf(&title, " of pid %" PRIu32, thread.pid);
	json_string(&writer->json, buf_span(&title));
	buf_deinit(&title);
}

/* Returns the sum of the weights. */
static uint64_t write_samples(struct speedscope *writer, const struct thread_group *group)
{
	struct json *json = &writer->json;
	struct thread_run run;
	uint64_t sum = 0;

	json_key(json, "samples");
	json_open(json, '[');
	for (size_t at = 0; thread_group_next(group, &at, &run);)
		if (thread_run_weight(&writer->stacks, &run))
			write_frame_numbers(writer, run.stack);
	json_close(json, ']');
	json_key(json, "weights");
	json_open(json, '[');
	for (size_t at = 0; thread_group_next(group, &at, &run);) {
		uint64_t weight = thread_run_weight(&writer->stacks, &run);

		if (weight)
			json_number(json, weight);
		sum += weight;
	}
	json_close(json, ']');
	return sum;
}

static void write_thread_profile(struct speedscope *writer, const struct thread_group *group)
{
	bool cpu = writer->profile->weight == PROFILE_CPU_US;
	struct json *json = &writer->json;
	uint64_t sum;

	json_open(json, '{');
	json_key(json, "type");
	json_string(json, SPAN_LIT("sampled"));
	json_key(json, "name");
	write_profile_name(writer, group);
	json_key(json, "unit");
	json_string(json, cpu ? SPAN_LIT("microseconds") : SPAN_LIT("none"));
	sum = write_samples(writer, group);
	json_key(json, "startValue");
	json_number(json, 0);
	json_key(json, "endValue");
	json_number(json, sum);
	json_close(json, '}');
	json_line(json);
}

static void write_profiles(struct speedscope *writer)
{
	json_key(&writer->json, "profiles");
	json_open(&writer->json, '[');
	for (size_t i = 0; i < writer->stacks.count && !ferror(writer->json.out); i++)
		if (thread_group_weight(&writer->stacks, &writer->stacks.groups[i]))
			write_thread_profile(writer, &writer->stacks.groups[i]);
	json_close(&writer->json, ']');
}

bool speedscope_write(const struct profile *profile, const struct write_options *options, FILE *out,
                      struct error *err)
{
	struct speedscope writer = { .profile = profile, .json = { .out = out } };

	(void)options; /* a frame has its full path, its name has none */
	(void)err;     /* a write error shows in ferror(out) */
	thread_stacks_init(&writer.stacks, profile);
	json_open(&writer.json, '{');
	json_key(&writer.json, "$schema");
	json_string(&writer.json, SPAN_LIT("https://www.speedscope.app/file-format-schema.json"));
	json_key(&writer.json, "exporter");
	json_string(&writer.json, SPAN_LIT("pmp " PMP_VERSION));
	write_shared_frames(&writer);
	write_profiles(&writer);
	json_close(&writer.json, '}');
	json_line(&writer.json);
	thread_stacks_deinit(&writer.stacks);
	free(writer.numbers);
	free(writer.path.frames);
	return true;
}
