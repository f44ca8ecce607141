/* chrome_trace: Chrome trace events for Perfetto (ui.perfetto.dev) and chrome://tracing: one
 * track for each thread with its stacks over the time, and one for pmp's own pauses.
 *
 * The format: "Trace Event Format",
 * docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. Times are
 * microseconds. A frame is a slice (B .. E) that begins with the first sample that has the frame
 * and ends with the first sample without it. If the next sample of the target is more than GAP
 * periods later, the time between is unknown: the slices end one period after the last sample. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/json.h"
#include "merger/formats/file_writers.h"

/* In periods. Samples are up to 1.59 periods apart (cli/os/clock.h);
 * a missing sample makes it 2 or more. */
#define GAP 1.9
#define PERIOD_DEFAULT_US 100000 /* for text without a rate */
/* Ids that no process or thread has: above PID_MAX_LIMIT (include/linux/threads.h). */
#define PID_UNKNOWN 4194305u
#define TID_PAUSES 4194305u
#define TID_MORE 4194306u /* and up: threads without an id, or with the same id twice in a sample */

struct track {
	uint32_t stack; /* the thread's current stack; TIMELINE_ROOT: none */
	uint32_t *open; /* nodes of the open slices, root first */
	size_t open_count, open_cap;
	uint32_t tid;
	bool named;
};

struct trace_writer {
	const struct profile *profile;
	const struct timeline *timeline;
	FILE *out;
	bool any; /* an event has been written */
	uint64_t period_us;
	struct track *tracks;        /* by slot of the timeline */
	uint64_t *last_us;           /* by target: time of its last sample */
	bool *begun, *process_named; /* by target */
	struct timeline_step *path;  /* of the current stack, root first */
	size_t path_cap;
};

static void write_string(FILE *out, struct span text)
{
	struct json json = { .out = out };

	json_string(&json, text);
}

static void write_string_id(const struct trace_writer *writer, uint32_t id)
{
	write_string(writer->out, intern_get(writer->profile->intern, id));
}

static uint32_t get_shown_pid(uint32_t pid)
{
	return pid ? pid : PID_UNKNOWN;
}

static void open_event(struct trace_writer *writer, const char *phase, uint32_t pid, uint32_t tid)
{
	fprintf(writer->out, "%s\n{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
	        writer->any ? "," : "", phase, get_shown_pid(pid), tid);
	writer->any = true;
}

static void write_event_time(const struct trace_writer *writer, uint64_t time_us)
{
	fprintf(writer->out, ",\"ts\":%" PRIu64, time_us);
}

static void open_name(struct trace_writer *writer, const char *what, uint32_t pid, uint32_t tid)
{
	open_event(writer, "M", pid, tid);
	fprintf(writer->out, ",\"name\":\"%s\",\"args\":{\"name\":", what);
}

static void close_name(const struct trace_writer *writer)
{
	fputs("}}", writer->out);
}

static void name_process(struct trace_writer *writer, uint32_t target)
{
	uint32_t pid = writer->timeline->targets[target].pid;
	const struct profile *profile = writer->profile;

	if (writer->process_named[target])
		return;
	writer->process_named[target] = true;
	for (size_t i = 0; i < profile->target_count; i++) {
		const struct profile_target *known = &profile->targets[i];
		uint32_t name =
		        known->arg_count && known->args[0] ? known->args[0] : known->executable;

		if (known->pid != pid || !name)
			continue;
		open_name(writer, "process_name", pid, get_shown_pid(pid));
		write_string(writer->out, span_basename(intern_get(profile->intern, name)));
		close_name(writer);
	}
	open_name(writer, "thread_name", pid, TID_PAUSES);
	fputs("\"pauses by pmp\"", writer->out);
	close_name(writer);
}

static void name_track(struct trace_writer *writer, uint32_t at)
{
	const struct timeline_slot *slot = &writer->timeline->slots[at];
	struct track *track = &writer->tracks[at];
	const struct profile_thread *thread;

	if (track->named)
		return;
	track->named = true;
	track->tid = slot->tid && !slot->nth ? slot->tid : TID_MORE + at;
	thread = profile_find_thread(writer->profile, slot->pid, slot->tid);
	if (!thread || !thread->name)
		return;
	open_name(writer, "thread_name", slot->pid, track->tid);
	write_string_id(writer, thread->name);
	close_name(writer);
}

static void write_frame_name(const struct trace_writer *writer, const struct frame *frame)
{
	fputs(",\"name\":", writer->out);
	if (frame->name)
		write_string_id(writer, frame->name);
	else
		write_string(writer->out, SPAN_LIT("??"));
}

static void begin_frame(struct trace_writer *writer, uint32_t slot,
                        const struct timeline_step *step, uint64_t time_us)
{
	const struct profile *profile = writer->profile;
	const struct frame *frame = tree_frame(profile->tree, step->node);
	uint32_t line = step->line ? step->line : frame->line;

	open_event(writer, "B", writer->timeline->slots[slot].pid, writer->tracks[slot].tid);
	write_event_time(writer, time_us);
	fprintf(writer->out, ",\"cat\":\"%s\"", profile_kind_name(frame->kind));
	write_frame_name(writer, frame);
	if (frame->file || frame->module) {
		fputs(",\"args\":{", writer->out);
		fputs(frame->file ? "\"file\":" : "\"module\":", writer->out);
		write_string_id(writer, frame->file ? frame->file : frame->module);
		if (frame->file && line)
			fprintf(writer->out, ",\"line\":%" PRIu32, line);
		else if (line)
			fprintf(writer->out, ",\"address\":\"0x%" PRIx32 "\"", line);
		fputc('}', writer->out);
	}
	fputc('}', writer->out);
}

/* Ends all but the outermost `keep` frames. The format does not need a name here, but speedscope
 * does. */
static void end_frames(struct trace_writer *writer, uint32_t slot, size_t keep, uint64_t time_us)
{
	struct track *track = &writer->tracks[slot];

	for (; track->open_count > keep; track->open_count--) {
		open_event(writer, "E", writer->timeline->slots[slot].pid, track->tid);
		write_event_time(writer, time_us);
		write_frame_name(writer, tree_frame(writer->profile->tree,
		                                    track->open[track->open_count - 1]));
		fputc('}', writer->out);
	}
}

/* Fills writer->path without the thread's own level, which is the track. */
static size_t fill_path(struct trace_writer *writer, uint32_t stack)
{
	const struct timeline_step *steps = writer->timeline->steps;
	size_t depth = 0, at;

	for (uint32_t i = stack; i != TIMELINE_ROOT; i = steps[i].parent)
		depth++;
	writer->path = alloc_grow(writer->path, &writer->path_cap, depth, sizeof(*writer->path));
	at = depth;
	for (uint32_t i = stack; i != TIMELINE_ROOT; i = steps[i].parent)
		writer->path[--at] = steps[i];
	if (depth && tree_frame(writer->profile->tree, writer->path[0].node)->kind == FRAME_THREAD)
		memmove(writer->path, writer->path + 1, --depth * sizeof(*writer->path));
	return depth;
}

static void show_stack(struct trace_writer *writer, uint32_t slot, uint32_t stack, uint64_t time_us)
{
	struct track *track = &writer->tracks[slot];
	size_t depth = fill_path(writer, stack), same = 0;

	name_track(writer, slot);
	while (same < depth && same < track->open_count &&
	       track->open[same] == writer->path[same].node)
		same++;
	end_frames(writer, slot, same, time_us);
	track->open = alloc_grow(track->open, &track->open_cap, depth, sizeof(*track->open));
	for (; track->open_count < depth; track->open_count++) {
		track->open[track->open_count] = writer->path[track->open_count].node;
		begin_frame(writer, slot, &writer->path[track->open_count], time_us);
	}
	track->stack = stack;
}

/* Ends all open slices of the target's threads. */
static void end_target(struct trace_writer *writer, uint32_t target, uint64_t time_us)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target)
			end_frames(writer, i, 0, time_us);
}

/* After a gap: the threads continue with their last stacks. */
static void resume_target(struct trace_writer *writer, uint32_t target, uint64_t time_us)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target && writer->tracks[i].stack)
			show_stack(writer, i, writer->tracks[i].stack, time_us);
}

static void write_pause_event(struct trace_writer *writer, const struct timeline_sample *sample)
{
	open_event(writer, sample->failed ? "i" : "X", sample->pid, TID_PAUSES);
	write_event_time(writer, sample->time_us);
	if (sample->failed)
		fputs(",\"s\":\"t\",\"cat\":\"pmp\",\"name\":\"sample failed\"}", writer->out);
	else
		fprintf(writer->out, ",\"dur\":%" PRIu64 ",\"cat\":\"pmp\",\"name\":\"%s\"}",
		        sample->pause_us, sample->late ? "late sample" : "sample");
}

static void write_trace_sample(struct trace_writer *writer, const struct timeline_cursor *cursor)
{
	const struct timeline_sample *sample = &cursor->sample;
	uint32_t target = cursor->target;
	uint64_t limit = writer->last_us[target] + (uint64_t)(GAP * (double)writer->period_us);
	bool gap = writer->begun[target] && sample->time_us > limit;

	name_process(writer, target);
	if (gap)
		end_target(writer, target, writer->last_us[target] + writer->period_us);
	for (size_t i = 0; i < cursor->change_count; i++) {
		const struct timeline_change *change = &cursor->changes[i];

		show_stack(writer, change->slot, change->entry.stack, sample->time_us);
	}
	if (gap)
		resume_target(writer, target, sample->time_us);
	write_pause_event(writer, sample);
	writer->last_us[target] = sample->time_us;
	writer->begun[target] = true;
}

static uint64_t get_period(const struct profile_sampling *sampling)
{
	uint64_t mhz = sampling->rate_mhz ? sampling->rate_mhz : sampling->achieved_mhz;

	return mhz ? (uint64_t)(1e9 / (double)mhz + 0.5) : PERIOD_DEFAULT_US;
}

static void write_events(struct trace_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	while (timeline_next(&cursor) && !ferror(writer->out))
		write_trace_sample(writer, &cursor);
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < writer->timeline->target_count; i++)
		end_target(writer, i, writer->last_us[i] + writer->period_us);
}

bool chrome_trace_write(const struct profile *profile, const struct write_options *options,
                        FILE *out, struct error *err)
{
	const struct timeline *timeline = profile->timeline;
	struct trace_writer writer = { .profile = profile, .timeline = timeline, .out = out };

	(void)options; /* args have full paths, names have none */
	if (!timeline)
		return error_set(err, ERROR_INPUT,
		                 "a trace is made of a timeline, and this profile has none; record "
		                 "without --no-timeline, into .trace.json or .yaml");
	writer.period_us = get_period(&profile->sampling);
	writer.tracks = alloc_zeroed(timeline->slot_count, sizeof(*writer.tracks));
	writer.last_us = alloc_zeroed(timeline->target_count, sizeof(*writer.last_us));
	writer.begun = alloc_zeroed(timeline->target_count, sizeof(*writer.begun));
	writer.process_named = alloc_zeroed(timeline->target_count, sizeof(*writer.process_named));
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	write_events(&writer);
	fputs("\n]}\n", out);
	for (size_t i = 0; i < timeline->slot_count; i++)
		free(writer.tracks[i].open);
	free(writer.tracks);
	free(writer.last_us);
	free(writer.begun);
	free(writer.process_named);
	free(writer.path);
	return true;
}
