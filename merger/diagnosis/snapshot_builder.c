/* snapshot_reader: text -> snapshot: a row a marker says what it adds. */
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/parse/text_parser.h"
#include "merger/base/escape.h"
#include "merger/parse/marker.h"
#include "merger/build/pymerge.h"
#include "merger/diagnosis/snapshot.h"

struct snapshot_builder {
	struct snapshot *snapshot;
	struct text_parser *dump;
	struct pymerge *pymerge;
	uint32_t pid; /* of the sample that is being read; 0: none is */
	/* Of the thread whose header came last, till its stack is given. */
	struct snapshot_wait wait;
	struct snapshot_local *locals;
	size_t local_count, local_cap;
	struct buf text, clean;
};

static uint32_t value_of(struct snapshot_builder *reader, struct span value)
{
	if (!value.len)
		return 0;
	buf_clear(&reader->clean);
	escape_add_text(&reader->clean, marker_decode(value, &reader->text));
	return intern_add(reader->snapshot->intern, buf_span(&reader->clean));
}

static uint32_t word_of(struct snapshot_builder *reader, const struct marker *marker,
                        const char *key)
{
	return value_of(reader, marker_get(marker, key));
}

static uint32_t number_of(const struct marker *marker, const char *key)
{
	uint64_t number = marker_number(marker, key, 0);

	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static char letter_of(const struct marker *marker, const char *key)
{
	struct span value = marker_get(marker, key);

	return value.len ? value.ptr[0] : 0;
}

/* A new, zeroed element at the end of a growing array. */
static void *grown(void *array, size_t *count, size_t *cap, size_t size)
{
	char *bytes = alloc_grow(array, cap, *count + 1, size);

	memset(bytes + *count * size, 0, size);
	++*count;
	return bytes;
}

static size_t numbers32_of(const struct marker *marker, const char *key, uint32_t **ret)
{
	uint64_t *wide;
	size_t count = marker_numbers(marker, key, &wide);

	*ret = count ? alloc_zeroed(count, sizeof(**ret)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = wide[i] <= UINT32_MAX ? (uint32_t)wide[i] : 0;
	free(wide);
	return count;
}

/* Pairs of "KEY=4715 KEY_name=sh". */
static size_t peers_of(struct snapshot_builder *reader, const struct marker *marker,
                       const char *pid_key, const char *name_key, struct snapshot_peer **ret)
{
	uint32_t *pids;
	size_t count = numbers32_of(marker, pid_key, &pids), at = 0, pos = 0;
	struct span key, value;

	*ret = count ? alloc_zeroed(count, sizeof(**ret)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*ret)[i].pid = pids[i];
	while (marker_next(marker, &pos, &key, &value) && at < count)
		if (span_eq(key, span_of(name_key)))
			(*ret)[at++].name = value_of(reader, value);
	free(pids);
	return count;
}

static struct snapshot_process *process_at(struct snapshot_builder *reader, uint32_t pid)
{
	struct snapshot *snapshot = reader->snapshot;
	size_t at = snapshot_find_process(snapshot, pid);

	if (at != SNAPSHOT_NONE)
		return &snapshot->processes[at];
	snapshot->processes = grown(snapshot->processes, &snapshot->process_count,
	                            &snapshot->process_cap, sizeof(*snapshot->processes));
	snapshot->processes[snapshot->process_count - 1].pid = pid;
	return &snapshot->processes[snapshot->process_count - 1];
}

static struct snapshot_thread *thread_at(struct snapshot_builder *reader, uint32_t pid,
                                         uint32_t tid)
{
	struct snapshot *snapshot = reader->snapshot;
	size_t at = tid ? snapshot_find_thread(snapshot, pid, tid) : SNAPSHOT_NONE;
	struct snapshot_thread *thread;

	if (at != SNAPSHOT_NONE)
		return &snapshot->threads[at];
	snapshot->threads = grown(snapshot->threads, &snapshot->thread_count, &snapshot->thread_cap,
	                          sizeof(*snapshot->threads));
	thread = &snapshot->threads[snapshot->thread_count - 1];
	thread->pid = pid;
	thread->tid = tid;
	if (tid)
		hash_index_add(&snapshot->thread_index,
		               hash_index_hash(hash_index_mix(hash_index_start(pid), tid)),
		               (uint32_t)snapshot->thread_count - 1);
	return thread;
}

static void take_process(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot_process *process = process_at(reader, number_of(marker, "pid"));

	process->ppid = number_of(marker, "ppid");
	process->parent_name = word_of(reader, marker, "ppid_name");
	process->name = word_of(reader, marker, "name");
	process->state = letter_of(marker, "state");
	process->tracer = number_of(marker, "tracer");
	process->tracer_name = word_of(reader, marker, "tracer_name");
	process->signal = number_of(marker, "signal");
	process->signal_tid = number_of(marker, "signal_tid");
	process->core = number_of(marker, "core");
	process->fault = marker_number(marker, "fault", 0);
}

static void take_thread(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot_thread *thread =
	        thread_at(reader, number_of(marker, "pid"), number_of(marker, "tid"));
	struct snapshot_syscall *call = &thread->call;

	thread->name = word_of(reader, marker, "name");
	thread->state = letter_of(marker, "state");
	if (marker_get(marker, "cpu_us").ptr && !thread->cpu_looked) {
		thread->cpu_us = marker_number(marker, "cpu_us", 0);
		if (!thread->has_cpu)
			thread->cpu_first_us = thread->cpu_us;
		thread->has_cpu = true;
	}
	free(call->fds);
	*call = (struct snapshot_syscall){
		.class = syscall_class_of(marker_get(marker, "class")),
		.text = word_of(reader, marker, "call"),
		.wchan = word_of(reader, marker, "wchan"),
		.wait_pid = number_of(marker, "wait_pid"),
		.has_left = marker_get(marker, "left_us").ptr,
		.left_us = marker_number(marker, "left_us", 0),
	};
	call->fd_count = numbers32_of(marker, "fd", &call->fds);
}

static void take_fd(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	uint32_t pid = number_of(marker, "pid"), fd = number_of(marker, "fd");
	size_t at = snapshot_find_fd(snapshot, pid, fd);
	struct snapshot_fd *row;

	if (at == SNAPSHOT_NONE) {
		snapshot->fds = grown(snapshot->fds, &snapshot->fd_count, &snapshot->fd_cap,
		                      sizeof(*snapshot->fds));
		at = snapshot->fd_count - 1;
	}
	row = &snapshot->fds[at];
	free(row->peers);
	free(row->holders);
	*row = (struct snapshot_fd){
		.pid = pid,
		.fd = fd,
		.kind = word_of(reader, marker, "kind"),
		.path = word_of(reader, marker, "path"),
		.end = word_of(reader, marker, "end"),
		.local = word_of(reader, marker, "local"),
		.remote = word_of(reader, marker, "remote"),
		.state = word_of(reader, marker, "state"),
		.has_queues = marker_get(marker, "recv_queue").ptr,
		.recv_queue = marker_number(marker, "recv_queue", 0),
		.send_queue = marker_number(marker, "send_queue", 0),
	};
	row->peer_count = peers_of(reader, marker, "peer", "peer_name", &row->peers);
	row->holder_count = peers_of(reader, marker, "holder", "holder_name", &row->holders);
}

static void take_child(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	uint32_t pid = number_of(marker, "pid");
	size_t at = 0;

	while (at < snapshot->child_count && snapshot->children[at].pid != pid)
		at++;
	if (at == snapshot->child_count)
		snapshot->children = grown(snapshot->children, &snapshot->child_count,
		                           &snapshot->child_cap, sizeof(*snapshot->children));
	snapshot->children[at] = (struct snapshot_child){
		.pid = pid,
		.ppid = number_of(marker, "ppid"),
		.name = word_of(reader, marker, "name"),
		.state = letter_of(marker, "state"),
	};
}

static void take_waits(struct snapshot_builder *reader, const struct marker *marker)
{
	free(reader->wait.candidates);
	reader->wait = (struct snapshot_wait){
		.kind = wait_kind_of(marker_get(marker, "kind")),
		.on = marker_number(marker, "on", 0),
		.word = marker_number(marker, "word", 0),
		.type = word_of(reader, marker, "type"),
		.why = word_of(reader, marker, "why"),
		.owner = number_of(marker, "owner"),
	};
	reader->wait.candidate_count = numbers32_of(marker, "candidate", &reader->wait.candidates);
}

static void take_local(struct snapshot_builder *reader, const struct marker *marker)
{
	reader->locals = grown(reader->locals, &reader->local_count, &reader->local_cap,
	                       sizeof(*reader->locals));
	reader->locals[reader->local_count - 1] = (struct snapshot_local){
		.frame = number_of(marker, "frame"),
		.name = word_of(reader, marker, "name"),
		.value = word_of(reader, marker, "value"),
		.argument = number_of(marker, "argument"),
	};
}

static void take_task(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	struct snapshot_task *task;

	snapshot->tasks = grown(snapshot->tasks, &snapshot->task_count, &snapshot->task_cap,
	                        sizeof(*snapshot->tasks));
	task = &snapshot->tasks[snapshot->task_count - 1];
	task->id = marker_number(marker, "id", 0);
	task->pid = reader->pid;
	task->name = word_of(reader, marker, "name");
	task->tid = number_of(marker, "tid");
	task->state = word_of(reader, marker, "state");
	task->on = word_of(reader, marker, "on");
	task->wait_count = marker_numbers(marker, "waits", &task->waits);
}

static void take_await(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	struct snapshot_task *task;

	if (!snapshot->task_count)
		return;
	task = &snapshot->tasks[snapshot->task_count - 1];
	task->frames =
	        grown(task->frames, &task->frame_count, &task->frame_cap, sizeof(*task->frames));
	task->frames[task->frame_count - 1] = (struct frame){
		.name = word_of(reader, marker, "name"),
		.file = word_of(reader, marker, "file"),
		.line = number_of(marker, "line"),
		.kind = FRAME_PYTHON,
	};
}

static void take_unread(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	struct snapshot_unread row = { word_of(reader, marker, "what"),
		                       word_of(reader, marker, "why") };

	for (size_t i = 0; i < snapshot->unread_count; i++)
		if (snapshot->unread[i].what == row.what && snapshot->unread[i].why == row.why)
			return;
	snapshot->unread = grown(snapshot->unread, &snapshot->unread_count, &snapshot->unread_cap,
	                         sizeof(*snapshot->unread));
	snapshot->unread[snapshot->unread_count - 1] = row;
}

static void take_note(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	uint32_t text = word_of(reader, marker, "text");

	for (size_t i = 0; i < snapshot->note_count; i++)
		if (snapshot->notes[i] == text)
			return;
	snapshot->notes = grown(snapshot->notes, &snapshot->note_count, &snapshot->note_cap,
	                        sizeof(*snapshot->notes));
	snapshot->notes[snapshot->note_count - 1] = text;
}

/* A look begins: what one before said of tasks is void. */
static void take_begin(struct snapshot_builder *reader, const struct marker *marker)
{
	struct snapshot *snapshot = reader->snapshot;
	uint64_t number = marker_number(marker, "sample", 0),
	         time = marker_number(marker, "time_us", 0);

	reader->pid = number_of(marker, "pid");
	process_at(reader, reader->pid)->look = number;
	if (!snapshot->looks)
		snapshot->first_us = time;
	snapshot->last_us = time;
	snapshot->looks = number > snapshot->looks ? number : snapshot->looks;
	for (size_t i = 0; i < snapshot->task_count;) {
		struct snapshot_task *task = &snapshot->tasks[i];

		if (task->pid != reader->pid) {
			i++;
			continue;
		}
		free(task->waits);
		free(task->frames);
		*task = snapshot->tasks[--snapshot->task_count];
	}
}

static void take_end(struct snapshot_builder *reader, const struct marker *marker)
{
	process_at(reader, number_of(marker, "pid"))->pause_us =
	        marker_number(marker, "pause_us", 0);
	reader->pid = 0;
}

static void take_gil(struct snapshot_builder *reader, const struct marker *marker)
{
	process_at(reader, number_of(marker, "pid"))->gil_tid = number_of(marker, "tid");
}

static void take_python(struct snapshot_builder *reader, const struct marker *marker)
{
	process_at(reader, number_of(marker, "pid"))->python = word_of(reader, marker, "version");
}

static void take_target(struct snapshot_builder *reader, const struct marker *marker)
{
	process_at(reader, number_of(marker, "pid"))->executable =
	        word_of(reader, marker, "executable");
}

static const struct {
	enum marker_verb verb;
	void (*take)(struct snapshot_builder *reader, const struct marker *marker);
} takers[] = {
	{ MARKER_TARGET, take_target },   { MARKER_PYTHON, take_python },
	{ MARKER_PROCESS, take_process }, { MARKER_THREAD, take_thread },
	{ MARKER_FD, take_fd },           { MARKER_CHILD, take_child },
	{ MARKER_WAITS, take_waits },     { MARKER_LOCAL, take_local },
	{ MARKER_GIL, take_gil },         { MARKER_TASK, take_task },
	{ MARKER_AWAIT, take_await },     { MARKER_UNREAD, take_unread },
	{ MARKER_NOTE, take_note },       { MARKER_BEGIN, take_begin },
	{ MARKER_END, take_end },
};

static void take_marker(void *ctx, const struct marker *marker)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i].verb == marker->verb)
			takers[i].take(ctx, marker);
}

/* In which line of the innermost function it is does not count: a loop has several. */
static bool frames_same(const struct snapshot_thread *thread, const struct frame *frames,
                        size_t count)
{
	struct frame was, is;

	if (thread->frame_count != count || !count)
		return thread->frame_count == count;
	was = thread->frames[count - 1];
	is = frames[count - 1];
	was.line = is.line = 0;
	return !memcmp(&was, &is, sizeof(is)) &&
	       !memcmp(thread->frames, frames, (count - 1) * sizeof(*frames));
}

static void take_frames(struct snapshot_thread *thread, const struct frame *frames, size_t count)
{
	if (thread->looks++ && !frames_same(thread, frames, count))
		thread->moves++;
	free(thread->frames);
	thread->frames = count ? alloc_copy(frames, count * sizeof(*frames)) : NULL;
	thread->frame_count = count;
}

static void take_stack(void *ctx, const struct raw_stack *stack)
{
	struct snapshot_builder *reader = ctx;
	const struct stack_thread *told = &stack->thread;
	uint32_t pid = told->pid ? told->pid : reader->pid;
	/* Without a header's LWP, as old gdbs write them, its number must do. */
	struct snapshot_thread *thread =
	        thread_at(reader, pid, told->tid ? told->tid : told->number);
	const struct frame *frames;
	size_t count;

	process_at(reader, pid);
	pymerge_stack(reader->pymerge, stack, &frames, &count);
	thread->name = told->name ? told->name : thread->name;
	thread->state = told->state ? told->state : thread->state;
	thread->doing = told->doing;
	thread->lost = stack->lost;
	if (told->has_cpu) {
		thread->cpu_first_us = thread->cpu_looked ? thread->cpu_first_us : told->cpu_us;
		thread->cpu_us = told->cpu_us;
		thread->has_cpu = thread->cpu_looked = true;
	}
	take_frames(thread, frames, stack->lost ? 0 : count);
	thread->look = process_at(reader, pid)->look;
	free(thread->wait.candidates);
	free(thread->locals);
	thread->wait = reader->wait;
	thread->locals = reader->locals;
	thread->local_count = reader->local_count;
	reader->wait = (struct snapshot_wait){ 0 };
	reader->locals = NULL;
	reader->local_count = reader->local_cap = 0;
}

struct snapshot_builder *snapshot_builder_create(bool glue)
{
	struct snapshot_builder *reader = alloc_zeroed(1, sizeof(*reader));
	const struct text_parser_sink sink = { take_stack, take_marker, reader };
	const struct pymerge_options options = { .glue = glue };

	reader->snapshot = alloc_zeroed(1, sizeof(*reader->snapshot));
	reader->snapshot->intern = intern_create();
	reader->dump = text_parser_create(reader->snapshot->intern, &sink);
	reader->pymerge = pymerge_create(reader->snapshot->intern, &options);
	return reader;
}

void snapshot_builder_destroy(struct snapshot_builder *reader)
{
	if (!reader)
		return;
	text_parser_destroy(reader->dump);
	pymerge_destroy(reader->pymerge);
	snapshot_destroy(reader->snapshot);
	free(reader->wait.candidates);
	free(reader->locals);
	buf_deinit(&reader->text);
	buf_deinit(&reader->clean);
	free(reader);
}

void snapshot_builder_feed(struct snapshot_builder *reader, const char *text, size_t len)
{
	text_parser_feed(reader->dump, text, len);
}

struct snapshot *snapshot_builder_finish(struct snapshot_builder *reader)
{
	struct snapshot *snapshot = reader->snapshot;

	text_parser_finish(reader->dump);
	snapshot_drop_ended(snapshot);
	blocking_functions_infer(snapshot);
	reader->snapshot = NULL;
	return snapshot;
}
