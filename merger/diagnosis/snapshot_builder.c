/* snapshot_builder: makes a snapshot from text: stacks, and markers (snapshot_markers.h). */
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/diagnosis/server_locks.h"
#include "merger/diagnosis/snapshot_markers.h"

static void take_unread(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_unread row = { snapshot_marker_word(builder, marker, "what"),
		                       snapshot_marker_word(builder, marker, "why") };

	for (size_t i = 0; i < snapshot->unread_count; i++)
		if (snapshot->unread[i].what == row.what && snapshot->unread[i].why == row.why)
			return;
	snapshot->unread = snapshot_marker_grow(snapshot->unread, &snapshot->unread_count,
	                                        &snapshot->unread_cap, sizeof(*snapshot->unread));
	snapshot->unread[snapshot->unread_count - 1] = row;
}

static void take_note(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t text = snapshot_marker_word(builder, marker, "text");

	for (size_t i = 0; i < snapshot->note_count; i++)
		if (snapshot->notes[i] == text)
			return;
	snapshot->notes = snapshot_marker_grow(snapshot->notes, &snapshot->note_count,
	                                       &snapshot->note_cap, sizeof(*snapshot->notes));
	snapshot->notes[snapshot->note_count - 1] = text;
}

static void take_local(struct snapshot_builder *builder, const struct marker *marker)
{
	builder->locals = snapshot_marker_grow(builder->locals, &builder->local_count,
	                                       &builder->local_cap, sizeof(*builder->locals));
	builder->locals[builder->local_count - 1] = (struct snapshot_local){
		.frame = snapshot_marker_number(marker, "frame"),
		.name = snapshot_marker_word(builder, marker, "name"),
		.value = snapshot_marker_word(builder, marker, "value"),
		.argument = snapshot_marker_number(marker, "argument"),
	};
}

/* A sample begins: tasks of the previous one are removed. */
static void take_begin(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_process *process =
	        snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"));
	uint64_t number = marker_number(marker, "sample", 0);

	builder->pid = process->pid;
	process->last_us = marker_number(marker, "time_us", 0);
	if (!process->look)
		process->first_us = process->last_us;
	process->look = number;
	snapshot->looks = number > snapshot->looks ? number : snapshot->looks;
	for (size_t i = 0; i < snapshot->task_count;) {
		struct snapshot_task *task = &snapshot->tasks[i];

		if (task->pid != builder->pid) {
			i++;
			continue;
		}
		/* The analyzer does not see that the last task is not visited again. */
		free(task->waits); /* NOLINT(clang-analyzer-unix.Malloc) */
		free(task->frames);
		*task = snapshot->tasks[--snapshot->task_count];
	}
}

static void take_end(struct snapshot_builder *builder, const struct marker *marker)
{
	snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"))->pause_us =
	        marker_number(marker, "pause_us", 0);
	builder->pid = 0;
}

static void take_python(struct snapshot_builder *builder, const struct marker *marker)
{
	snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"))->python =
	        snapshot_marker_word(builder, marker, "version");
}

static void take_module(struct snapshot_builder *builder, const struct marker *marker)
{
	if (marker_number(marker, "python", 0))
		pymerge_add_python_module(builder->pymerge,
		                          snapshot_marker_word(builder, marker, "path"));
}

static void take_ruby(struct snapshot_builder *builder, const struct marker *marker)
{
	snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"))->ruby =
	        snapshot_marker_word(builder, marker, "version");
}

static void take_runtime(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_process *process =
	        snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"));

	process->runtime = snapshot_marker_word(builder, marker, "name");
	process->runtime_count = marker_number(marker, "count", 0);
}

static void take_target(struct snapshot_builder *builder, const struct marker *marker)
{
	snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"))->executable =
	        snapshot_marker_word(builder, marker, "executable");
}

static const struct snapshot_taker takers[] = {
	{ MARKER_TARGET, take_target }, { MARKER_PYTHON, take_python },
	{ MARKER_RUBY, take_ruby },     { MARKER_RUNTIME, take_runtime },
	{ MARKER_MODULE, take_module }, { MARKER_LOCAL, take_local },
	{ MARKER_UNREAD, take_unread }, { MARKER_NOTE, take_note },
	{ MARKER_BEGIN, take_begin },   { MARKER_END, take_end },
};

static void take_marker(void *ctx, const struct marker *marker)
{
	if (!fact_markers_take(ctx, marker) && !wait_markers_take(ctx, marker) &&
	    !crash_markers_take(ctx, marker))
		snapshot_marker_take(takers, sizeof(takers) / sizeof(takers[0]), ctx, marker);
}

/* The line of the innermost function does not count: a loop has several lines. */
static bool has_same_frames(const struct snapshot_thread *thread, const struct frame *frames,
                            size_t count)
{
	struct frame old, new;

	if (thread->frame_count != count || !count)
		return thread->frame_count == count;
	old = thread->frames[count - 1];
	new = frames[count - 1];
	old.line = new.line = 0;
	return !memcmp(&old, &new, sizeof(new)) &&
	       !memcmp(thread->frames, frames, (count - 1) * sizeof(*frames));
}

static void take_frames(struct snapshot_thread *thread, const struct frame *frames, size_t count)
{
	if (thread->looks++ && !has_same_frames(thread, frames, count))
		thread->moves++;
	free(thread->frames);
	thread->frames = count ? alloc_copy(frames, count * sizeof(*frames)) : NULL;
	thread->frame_count = count;
}

static void add_stack(struct snapshot_builder *builder, const struct raw_stack *stack, uint32_t pid)
{
	const struct stack_thread *header = &stack->thread;
	/* Old gdbs write headers without an LWP; then the thread's number replaces the tid. */
	struct snapshot_thread *thread =
	        snapshot_marker_thread(builder, pid, header->tid ? header->tid : header->number);
	const struct frame *frames;
	size_t count;

	snapshot_marker_process(builder, pid);
	pymerge_stack(builder->pymerge, stack, &frames, &count);
	thread->name = header->name ? header->name : thread->name;
	thread->state = header->state ? header->state : thread->state;
	thread->doing = header->doing ? header->doing : header->note;
	thread->lost = stack->lost;
	if (header->has_cpu) {
		thread->cpu_first_us = thread->cpu_looked ? thread->cpu_first_us : header->cpu_us;
		thread->cpu_us = header->cpu_us;
		thread->has_cpu = thread->cpu_looked = true;
	}
	take_frames(thread, frames, stack->lost ? 0 : count);
	thread->look = snapshot_marker_process(builder, pid)->look;
	free(thread->wait.candidates);
	free(thread->locals);
	thread->wait = builder->wait;
	thread->locals = builder->locals;
	thread->local_count = builder->local_count;
	if (builder->meant != SYSCALL_UNKNOWN)
		thread->call.class = builder->meant;
	builder->meant = SYSCALL_UNKNOWN;
	builder->wait = (struct snapshot_wait){ 0 };
	builder->locals = NULL;
	builder->local_count = builder->local_cap = 0;
	thread->number = header->number;
	thread->handle = header->handle;
	printed_details_read(builder->snapshot, thread, stack);
	crash_markers_begin(builder, (size_t)(thread - builder->snapshot->threads));
}

static void take_stack(void *ctx, const struct raw_stack *stack)
{
	struct snapshot_builder *builder = ctx;
	uint32_t pid = stack->thread.pid ? stack->thread.pid : builder->pid;

	/* A failed sample has a lost stack of an unknown thread. */
	if (!stack->lost || stack->thread.tid || !pid)
		add_stack(builder, stack, pid);
}

struct snapshot_builder *snapshot_builder_create(bool glue)
{
	struct snapshot_builder *builder = alloc_zeroed(1, sizeof(*builder));
	const struct text_parser_sink sink = { take_stack, take_marker, builder, true };
	const struct pymerge_options options = { .glue = glue };

	builder->snapshot = alloc_zeroed(1, sizeof(*builder->snapshot));
	builder->snapshot->intern = intern_create();
	builder->crash.thread = builder->snapshot->crash.thread = SNAPSHOT_NONE;
	builder->parser = text_parser_create(builder->snapshot->intern, &sink);
	builder->pymerge = pymerge_create(builder->snapshot->intern, &options);
	return builder;
}

void snapshot_builder_destroy(struct snapshot_builder *builder)
{
	if (!builder)
		return;
	text_parser_destroy(builder->parser);
	pymerge_destroy(builder->pymerge);
	snapshot_destroy(builder->snapshot);
	free(builder->wait.candidates);
	free(builder->locals);
	free(builder->owners);
	buf_deinit(&builder->text);
	buf_deinit(&builder->clean);
	free(builder);
}

void snapshot_builder_feed(struct snapshot_builder *builder, const char *text, size_t len)
{
	text_parser_feed(builder->parser, text, len);
}

struct snapshot *snapshot_builder_finish(struct snapshot_builder *builder)
{
	struct snapshot *snapshot = builder->snapshot;

	text_parser_finish(builder->parser);
	snapshot_drop_ended(snapshot);
	blocking_functions_infer(snapshot);
	server_locks_infer(snapshot);
	crash_markers_finish(builder);
	printed_details_resolve(snapshot, builder->owners, builder->owner_count);
	builder->snapshot = NULL;
	return snapshot;
}
