/* wait_markers: what threads and tasks wait for, and who holds it. */
#include <stdlib.h>

#include "merger/diagnosis/snapshot_markers.h"

static void take_waits(struct snapshot_builder *builder, const struct marker *marker)
{
	enum syscall_class meant = syscall_class_of(marker_get(marker, "kind"));

	if (meant == SYSCALL_SLEEP || meant == SYSCALL_READ) {
		builder->meant = meant;
		return;
	}
	free(builder->wait.candidates);
	builder->wait = (struct snapshot_wait){
		.kind = wait_kind_of(marker_get(marker, "kind")),
		.on = marker_number(marker, "on", 0),
		.word = marker_number(marker, "word", 0),
		.type = snapshot_marker_word(builder, marker, "type"),
		.why = snapshot_marker_word(builder, marker, "why"),
		.owner = snapshot_marker_number(marker, "owner"),
		.owner_pid = snapshot_marker_number(marker, "owner_pid"),
		.is_gone = marker_get(marker, "gone").ptr,
		.gone = snapshot_marker_number(marker, "gone"),
		.gone_pid = snapshot_marker_number(marker, "gone_pid"),
	};
	builder->wait.candidate_count =
	        snapshot_marker_numbers(marker, "candidate", &builder->wait.candidates);
}

static void take_gil(struct snapshot_builder *builder, const struct marker *marker)
{
	snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"))->gil_tid =
	        snapshot_marker_number(marker, "tid");
}

static void take_lock(struct snapshot_builder *builder, const struct marker *marker)
{
	builder->owners = snapshot_marker_grow(builder->owners, &builder->owner_count,
	                                       &builder->owner_cap, sizeof(*builder->owners));
	builder->owners[builder->owner_count - 1] = (struct printed_owner){
		.on = marker_number(marker, "on", 0),
		.name = snapshot_marker_word(builder, marker, "name"),
		.tid = snapshot_marker_number(marker, "owner"),
		.at = snapshot_marker_number(marker, "tid"),
	};
}

static enum task_kind get_task_kind(const struct marker *marker)
{
	struct span kind = marker_get(marker, "kind");

	if (span_eq(kind, SPAN_LIT("greenlet")))
		return TASK_GREENLET;
	return span_eq(kind, SPAN_LIT("callback")) ? TASK_CALLBACK : TASK_ASYNCIO;
}

static void take_task(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_task *task;

	snapshot->tasks = snapshot_marker_grow(snapshot->tasks, &snapshot->task_count,
	                                       &snapshot->task_cap, sizeof(*snapshot->tasks));
	task = &snapshot->tasks[snapshot->task_count - 1];
	task->id = marker_number(marker, "id", 0);
	task->pid = builder->pid;
	task->name = snapshot_marker_word(builder, marker, "name");
	task->tid = snapshot_marker_number(marker, "tid");
	task->state = snapshot_marker_word(builder, marker, "state");
	task->kind = get_task_kind(marker);
	task->on = snapshot_marker_word(builder, marker, "on");
	task->running = span_eq(marker_get(marker, "state"), SPAN_LIT("running"));
	task->orphaned = span_eq(marker_get(marker, "setter"), SPAN_LIT("gone"));
	task->thread = snapshot_marker_number(marker, "thread");
	task->has_left = marker_get(marker, "left_us").ptr;
	task->left_us = marker_number(marker, "left_us", 0);
	task->busy_us = marker_number(marker, "busy_us", 0);
	task->wait_count = marker_numbers(marker, "waits", &task->waits);
}

static void take_await(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_task *task;

	if (!snapshot->task_count)
		return;
	task = &snapshot->tasks[snapshot->task_count - 1];
	task->frames = snapshot_marker_grow(task->frames, &task->frame_count, &task->frame_cap,
	                                    sizeof(*task->frames));
	task->frames[task->frame_count - 1] = (struct frame){
		.name = snapshot_marker_word(builder, marker, "name"),
		.file = snapshot_marker_word(builder, marker, "file"),
		.line = snapshot_marker_number(marker, "line"),
		.kind = FRAME_PYTHON,
	};
}

static const struct snapshot_taker takers[] = {
	{ MARKER_WAITS, take_waits }, { MARKER_GIL, take_gil },     { MARKER_LOCK, take_lock },
	{ MARKER_TASK, take_task },   { MARKER_AWAIT, take_await },
};

bool wait_markers_take(struct snapshot_builder *builder, const struct marker *marker)
{
	return snapshot_marker_take(takers, sizeof(takers) / sizeof(takers[0]), builder, marker);
}
