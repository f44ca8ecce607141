/* Chrome trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show: a track for each thread
 * with its stacks over the time, and one for the pauses that pmp itself made.
 *
 * The format: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
 * Times are microseconds. A frame is a slice (B .. E) for as long as it is in each sample of its thread,
 * from the first one's time to that of the first one without it. Where the next sample of the target is
 * more than GAP periods away, nobody knows what was there: the slices end one period after the last one. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/json.h"
#include "merger/formats/file_writers.h"

#define GAP                                                                                        \
	1.9 /* samples come up to 1.59 periods apart (cli/os/clock.h), and a missing one leaves 2 or more */
#define PERIOD_DEFAULT_US 100000 /* of a text that tells no rate */
/* Ids that no process and no thread has: above PID_MAX_LIMIT (include/linux/threads.h). */
#define PID_UNKNOWN 4194305u
#define TID_PAUSES 4194305u
#define TID_MORE 4194306u /* and up: threads that have no id, or are named twice in a sample */

struct track {
	uint32_t stack; /* the thread's, TIMELINE_ROOT: it is not there */
	uint32_t *open; /* nodes of the slices that have not ended, root first */
	size_t open_count, open_cap;
	uint32_t tid;
	bool named;
};

struct trace_writer {
	const struct profile *profile;
	const struct timeline *timeline;
	FILE *out;
	bool any; /* an event was written */
	uint64_t period_us;
	struct track *tracks;        /* side by side with the timeline's slots */
	uint64_t *last_us;           /* with its targets: of their last sample */
	bool *begun, *process_named; /* with its targets */
	struct timeline_step *path;  /* of a stack, root first */
	size_t path_cap;
};

static void string_write(FILE *out, struct span text)
{
	struct json json = { .out = out };

	json_string(&json, text);
}

static void id_write(const struct trace_writer *writer, uint32_t id)
{
	string_write(writer->out, intern_get(writer->profile->intern, id));
}

static uint32_t pid_shown(uint32_t pid)
{
	return pid ? pid : PID_UNKNOWN;
}

static void event_open(struct trace_writer *writer, const char *phase, uint32_t pid, uint32_t tid)
{
	fprintf(writer->out, "%s\n{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
	        writer->any ? "," : "", phase, pid_shown(pid), tid);
	writer->any = true;
}

static void event_time(const struct trace_writer *writer, uint64_t time_us)
{
	fprintf(writer->out, ",\"ts\":%" PRIu64, time_us);
}

static void name_open(struct trace_writer *writer, const char *what, uint32_t pid, uint32_t tid)
{
	event_open(writer, "M", pid, tid);
	fprintf(writer->out, ",\"name\":\"%s\",\"args\":{\"name\":", what);
}

static void name_close(const struct trace_writer *writer)
{
	fputs("}}", writer->out);
}

static void process_name(struct trace_writer *writer, uint32_t target)
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
		name_open(writer, "process_name", pid, pid_shown(pid));
		string_write(writer->out, span_basename(intern_get(profile->intern, name)));
		name_close(writer);
	}
	name_open(writer, "thread_name", pid, TID_PAUSES);
	fputs("\"pauses by pmp\"", writer->out);
	name_close(writer);
}

static void track_name(struct trace_writer *writer, uint32_t at)
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
	name_open(writer, "thread_name", slot->pid, track->tid);
	id_write(writer, thread->name);
	name_close(writer);
}

static void frame_name(const struct trace_writer *writer, const struct frame *frame)
{
	fputs(",\"name\":", writer->out);
	if (frame->name)
		id_write(writer, frame->name);
	else
		string_write(writer->out, SPAN_LIT("??"));
}

static void frame_begin(struct trace_writer *writer, uint32_t slot,
                        const struct timeline_step *step, uint64_t time_us)
{
	const struct profile *profile = writer->profile;
	const struct frame *frame = tree_frame(profile->tree, step->node);
	uint32_t line = step->line ? step->line : frame->line;

	event_open(writer, "B", writer->timeline->slots[slot].pid, writer->tracks[slot].tid);
	event_time(writer, time_us);
	fprintf(writer->out, ",\"cat\":\"%s\"", profile_kind_name(frame->kind));
	frame_name(writer, frame);
	if (frame->file || frame->module) {
		fputs(",\"args\":{", writer->out);
		fputs(frame->file ? "\"file\":" : "\"module\":", writer->out);
		id_write(writer, frame->file ? frame->file : frame->module);
		if (frame->file && line)
			fprintf(writer->out, ",\"line\":%" PRIu32, line);
		fputc('}', writer->out);
	}
	fputc('}', writer->out);
}

/* Ends all but the outermost `keep` frames. The format asks for no name, but speedscope looks for it. */
static void frames_end(struct trace_writer *writer, uint32_t slot, size_t keep, uint64_t time_us)
{
	struct track *track = &writer->tracks[slot];

	for (; track->open_count > keep; track->open_count--) {
		event_open(writer, "E", writer->timeline->slots[slot].pid, track->tid);
		event_time(writer, time_us);
		frame_name(writer,
		           tree_frame(writer->profile->tree, track->open[track->open_count - 1]));
		fputc('}', writer->out);
	}
}

/* Fills writer->path; a thread's own level is its track. */
static size_t path_fill(struct trace_writer *writer, uint32_t stack)
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

static void stack_show(struct trace_writer *writer, uint32_t slot, uint32_t stack, uint64_t time_us)
{
	struct track *track = &writer->tracks[slot];
	size_t depth = path_fill(writer, stack), same = 0;

	track_name(writer, slot);
	while (same < depth && same < track->open_count &&
	       track->open[same] == writer->path[same].node)
		same++;
	frames_end(writer, slot, same, time_us);
	track->open = alloc_grow(track->open, &track->open_cap, depth, sizeof(*track->open));
	for (; track->open_count < depth; track->open_count++) {
		track->open[track->open_count] = writer->path[track->open_count].node;
		frame_begin(writer, slot, &writer->path[track->open_count], time_us);
	}
	track->stack = stack;
}

/* Ends what the target's threads have open. */
static void target_end(struct trace_writer *writer, uint32_t target, uint64_t time_us)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target)
			frames_end(writer, i, 0, time_us);
}

/* The gap is over: threads go on with what they had, until they change. */
static void target_resume(struct trace_writer *writer, uint32_t target, uint64_t time_us)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target && writer->tracks[i].stack)
			stack_show(writer, i, writer->tracks[i].stack, time_us);
}

static void pause_write(struct trace_writer *writer, const struct timeline_sample *sample)
{
	event_open(writer, sample->failed ? "i" : "X", sample->pid, TID_PAUSES);
	event_time(writer, sample->time_us);
	if (sample->failed)
		fputs(",\"s\":\"t\",\"cat\":\"pmp\",\"name\":\"sample failed\"}", writer->out);
	else
		fprintf(writer->out, ",\"dur\":%" PRIu64 ",\"cat\":\"pmp\",\"name\":\"%s\"}",
		        sample->pause_us, sample->late ? "late sample" : "sample");
}

static void sample_write(struct trace_writer *writer, const struct timeline_cursor *cursor)
{
	const struct timeline_sample *sample = &cursor->sample;
	uint32_t target = cursor->target;
	uint64_t limit = writer->last_us[target] + (uint64_t)(GAP * (double)writer->period_us);
	bool gap = writer->begun[target] && sample->time_us > limit;

	process_name(writer, target);
	if (gap)
		target_end(writer, target, writer->last_us[target] + writer->period_us);
	for (size_t i = 0; i < cursor->change_count; i++) {
		const struct timeline_change *change = &cursor->changes[i];

		stack_show(writer, change->slot, change->entry.stack, sample->time_us);
	}
	if (gap)
		target_resume(writer, target, sample->time_us);
	pause_write(writer, sample);
	writer->last_us[target] = sample->time_us;
	writer->begun[target] = true;
}

static uint64_t period_us(const struct profile_sampling *sampling)
{
	uint64_t mhz = sampling->rate_mhz ? sampling->rate_mhz : sampling->achieved_mhz;

	return mhz ? (uint64_t)(1e9 / (double)mhz + 0.5) : PERIOD_DEFAULT_US;
}

static void events_write(struct trace_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	while (timeline_next(&cursor) && !ferror(writer->out))
		sample_write(writer, &cursor);
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < writer->timeline->target_count; i++)
		target_end(writer, i, writer->last_us[i] + writer->period_us);
}

bool chrome_trace_write(const struct profile *profile, const struct write_options *view, FILE *out,
                        struct error *err)
{
	const struct timeline *timeline = profile->timeline;
	struct trace_writer writer = { .profile = profile, .timeline = timeline, .out = out };

	(void)view; /* args hold the whole paths, names have none */
	if (!timeline)
		return error_set(err, ERROR_INPUT,
		                 "a trace is made of a timeline, and this profile has none; record "
		                 "without --no-timeline, into .trace.json or .yaml");
	writer.period_us = period_us(&profile->sampling);
	writer.tracks = alloc_zeroed(timeline->slot_count, sizeof(*writer.tracks));
	writer.last_us = alloc_zeroed(timeline->target_count, sizeof(*writer.last_us));
	writer.begun = alloc_zeroed(timeline->target_count, sizeof(*writer.begun));
	writer.process_named = alloc_zeroed(timeline->target_count, sizeof(*writer.process_named));
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	events_write(&writer);
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
