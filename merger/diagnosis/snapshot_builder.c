/* snapshot_builder: makes a snapshot from text. A table maps each marker to the function that
 * takes its data. */
#include <signal.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"
#include "merger/base/number.h"
#include "merger/build/pymerge.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/diagnosis/printed_details.h"
#include "merger/diagnosis/server_locks.h"
#include "merger/diagnosis/snapshot.h"
#include "merger/parse/marker.h"
#include "merger/parse/text_parser.h"

struct snapshot_builder {
	struct snapshot *snapshot;
	struct text_parser *parser;
	struct pymerge *pymerge;
	uint32_t pid; /* of the sample that is being read; 0: none */
	/* Belong to the thread whose header came last; its stack comes next. */
	struct snapshot_wait wait;
	enum syscall_class meant; /* what its system call is for; SYSCALL_UNKNOWN: itself */
	struct snapshot_local *locals;
	size_t local_count, local_cap;
	struct printed_owner *owners;
	size_t owner_count, owner_cap;
	struct snapshot_crash crash; /* of the last stop */
	bool crash_begun;            /* No stack has come since. */
	struct buf text, clean;
};

static uint32_t intern_value(struct snapshot_builder *builder, struct span value)
{
	if (!value.len)
		return 0;
	buf_clear(&builder->clean);
	escape_add_text(&builder->clean, marker_decode(value, &builder->text));
	return intern_add(builder->snapshot->intern, buf_span(&builder->clean));
}

static uint32_t take_word(struct snapshot_builder *builder, const struct marker *marker,
                          const char *key)
{
	return intern_value(builder, marker_get(marker, key));
}

static uint32_t get_number(const struct marker *marker, const char *key)
{
	uint64_t number = marker_number(marker, key, 0);

	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static char get_letter(const struct marker *marker, const char *key)
{
	struct span value = marker_get(marker, key);

	return value.len ? value.ptr[0] : 0;
}

/* Grows an array by one zeroed element, the last one. */
static void *grow_array(void *array, size_t *count, size_t *cap, size_t size)
{
	char *bytes = alloc_grow(array, cap, *count + 1, size);

	memset(bytes + *count * size, 0, size);
	++*count;
	return bytes;
}

static uint32_t parse_pid(struct span value)
{
	uint64_t number;

	return number_take(&value, 10, &number) && !value.len && number <= UINT32_MAX
	               ? (uint32_t)number
	               : 0;
}

static size_t take_numbers32(const struct marker *marker, const char *key, uint32_t **ret)
{
	uint64_t *wide;
	size_t count = marker_numbers(marker, key, &wide);

	*ret = count ? alloc_zeroed(count, sizeof(**ret)) : NULL;
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = wide[i] <= UINT32_MAX ? (uint32_t)wide[i] : 0;
	free(wide);
	return count;
}

/* From "peer=4715 peer_name=sh peer_state=S", or the same of "holder"; several. */
static size_t take_peers(struct snapshot_builder *builder, const struct marker *marker,
                         const char *word, struct snapshot_peer **ret)
{
	size_t count = 0, cap = 0, pos = 0;
	struct span key, value;

	*ret = NULL;
	while (marker_next(marker, &pos, &key, &value)) {
		if (!span_take(&key, span_of(word)))
			continue;
		if (!key.len && count < MARKER_NUMBERS_MAX) {
			*ret = grow_array(*ret, &count, &cap, sizeof(**ret));
			(*ret)[count - 1].pid = parse_pid(value);
		} else if (count && span_eq(key, SPAN_LIT("_name"))) {
			(*ret)[count - 1].name = intern_value(builder, value);
		} else if (count && span_eq(key, SPAN_LIT("_state"))) {
			(*ret)[count - 1].state = value.len ? value.ptr[0] : 0;
		}
	}
	return count;
}

static struct snapshot_process *get_process(struct snapshot_builder *builder, uint32_t pid)
{
	struct snapshot *snapshot = builder->snapshot;
	size_t at = snapshot_find_process(snapshot, pid);

	if (at != SNAPSHOT_NONE)
		return &snapshot->processes[at];
	snapshot->processes = grow_array(snapshot->processes, &snapshot->process_count,
	                                 &snapshot->process_cap, sizeof(*snapshot->processes));
	snapshot->processes[snapshot->process_count - 1].pid = pid;
	return &snapshot->processes[snapshot->process_count - 1];
}

static struct snapshot_thread *get_thread(struct snapshot_builder *builder, uint32_t pid,
                                          uint32_t tid)
{
	struct snapshot *snapshot = builder->snapshot;
	size_t at = tid ? snapshot_find_thread(snapshot, pid, tid) : SNAPSHOT_NONE;
	struct snapshot_thread *thread;

	if (at != SNAPSHOT_NONE)
		return &snapshot->threads[at];
	snapshot->threads = grow_array(snapshot->threads, &snapshot->thread_count,
	                               &snapshot->thread_cap, sizeof(*snapshot->threads));
	thread = &snapshot->threads[snapshot->thread_count - 1];
	thread->pid = pid;
	thread->tid = tid;
	if (tid)
		hash_index_add(&snapshot->thread_index,
		               hash_index_hash(hash_index_mix(hash_index_start(pid), tid)),
		               (uint32_t)snapshot->thread_count - 1);
	return thread;
}

static void take_process(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_process *process = get_process(builder, get_number(marker, "pid"));

	process->ppid = get_number(marker, "ppid");
	process->parent_name = take_word(builder, marker, "ppid_name");
	process->name = take_word(builder, marker, "name");
	process->title = take_word(builder, marker, "title");
	process->command = take_word(builder, marker, "command");
	process->hop = get_number(marker, "hop");
	process->state = get_letter(marker, "state");
	process->tracer = get_number(marker, "tracer");
	process->tracer_name = take_word(builder, marker, "tracer_name");
	process->signal = get_number(marker, "signal");
	process->signal_tid = get_number(marker, "signal_tid");
	process->core = get_number(marker, "core");
	process->fault = marker_number(marker, "fault", 0);
	process->cpu_us = marker_number(marker, "cpu_us", 0);
	process->age_us = marker_number(marker, "age_us", 0);
}

static void take_thread(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_thread *thread =
	        get_thread(builder, get_number(marker, "pid"), get_number(marker, "tid"));
	struct snapshot_syscall *call = &thread->call;

	if (marker_get(marker, "window_us").ptr) {
		thread->window_us = marker_number(marker, "window_us", 0);
		thread->recent_us = marker_number(marker, "recent_us", 0);
		thread->ready_us = marker_number(marker, "ready_us", 0);
	}
	if (!marker_get(marker, "state").ptr)
		return;
	thread->runs = marker_number(marker, "runs", 0);
	if (!thread->runs_first)
		thread->runs_first = thread->runs;
	/* The name in a sample may be Python's; the kernel's is a part of it, or another one. */
	if (!thread->looks || !thread->name)
		thread->name = take_word(builder, marker, "name");
	thread->state = get_letter(marker, "state");
	if (marker_get(marker, "cpu_us").ptr && !thread->cpu_looked) {
		thread->cpu_us = marker_number(marker, "cpu_us", 0);
		if (!thread->has_cpu)
			thread->cpu_first_us = thread->cpu_us;
		thread->has_cpu = true;
	}
	free(call->fds);
	*call = (struct snapshot_syscall){
		.class = syscall_class_of(marker_get(marker, "class")),
		.text = take_word(builder, marker, "call"),
		.wchan = take_word(builder, marker, "wchan"),
		.object = take_word(builder, marker, "object"),
		.wait_pid = get_number(marker, "wait_pid"),
		.has_left = marker_get(marker, "left_us").ptr,
		.left_us = marker_number(marker, "left_us", 0),
		.left_is_most = get_number(marker, "left_is_most"),
	};
	call->fd_count = take_numbers32(marker, "fd", &call->fds);
}

static void take_fd(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t pid = get_number(marker, "pid"), fd = get_number(marker, "fd");
	size_t at = snapshot_find_fd(snapshot, pid, fd);
	struct snapshot_fd *row;

	if (at == SNAPSHOT_NONE) {
		snapshot->fds = grow_array(snapshot->fds, &snapshot->fd_count, &snapshot->fd_cap,
		                           sizeof(*snapshot->fds));
		at = snapshot->fd_count - 1;
	}
	row = &snapshot->fds[at];
	free(row->peers);
	free(row->holders);
	*row = (struct snapshot_fd){
		.pid = pid,
		.fd = fd,
		.kind = take_word(builder, marker, "kind"),
		.path = take_word(builder, marker, "path"),
		.end = take_word(builder, marker, "end"),
		.local = take_word(builder, marker, "local"),
		.remote = take_word(builder, marker, "remote"),
		.state = take_word(builder, marker, "state"),
		.accepted = get_number(marker, "accepted"),
		.has_queues = marker_get(marker, "recv_queue").ptr,
		.recv_queue = marker_number(marker, "recv_queue", 0),
		.send_queue = marker_number(marker, "send_queue", 0),
	};
	row->peer_count = take_peers(builder, marker, "peer", &row->peers);
	row->holder_count = take_peers(builder, marker, "holder", &row->holders);
}

static void take_child(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t pid = get_number(marker, "pid");
	size_t at = 0;

	while (at < snapshot->child_count && snapshot->children[at].pid != pid)
		at++;
	if (at == snapshot->child_count)
		snapshot->children = grow_array(snapshot->children, &snapshot->child_count,
		                                &snapshot->child_cap, sizeof(*snapshot->children));
	snapshot->children[at] = (struct snapshot_child){
		.pid = pid,
		.ppid = get_number(marker, "ppid"),
		.name = take_word(builder, marker, "name"),
		.state = get_letter(marker, "state"),
	};
}

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
		.type = take_word(builder, marker, "type"),
		.why = take_word(builder, marker, "why"),
		.owner = get_number(marker, "owner"),
		.owner_pid = get_number(marker, "owner_pid"),
		.is_gone = marker_get(marker, "gone").ptr,
		.gone = get_number(marker, "gone"),
		.gone_pid = get_number(marker, "gone_pid"),
	};
	builder->wait.candidate_count =
	        take_numbers32(marker, "candidate", &builder->wait.candidates);
}

static void take_local(struct snapshot_builder *builder, const struct marker *marker)
{
	builder->locals = grow_array(builder->locals, &builder->local_count, &builder->local_cap,
	                             sizeof(*builder->locals));
	builder->locals[builder->local_count - 1] = (struct snapshot_local){
		.frame = get_number(marker, "frame"),
		.name = take_word(builder, marker, "name"),
		.value = take_word(builder, marker, "value"),
		.argument = get_number(marker, "argument"),
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

	snapshot->tasks = grow_array(snapshot->tasks, &snapshot->task_count, &snapshot->task_cap,
	                             sizeof(*snapshot->tasks));
	task = &snapshot->tasks[snapshot->task_count - 1];
	task->id = marker_number(marker, "id", 0);
	task->pid = builder->pid;
	task->name = take_word(builder, marker, "name");
	task->tid = get_number(marker, "tid");
	task->state = take_word(builder, marker, "state");
	task->kind = get_task_kind(marker);
	task->on = take_word(builder, marker, "on");
	task->running = span_eq(marker_get(marker, "state"), SPAN_LIT("running"));
	task->orphaned = span_eq(marker_get(marker, "setter"), SPAN_LIT("gone"));
	task->thread = get_number(marker, "thread");
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
	task->frames = grow_array(task->frames, &task->frame_count, &task->frame_cap,
	                          sizeof(*task->frames));
	task->frames[task->frame_count - 1] = (struct frame){
		.name = take_word(builder, marker, "name"),
		.file = take_word(builder, marker, "file"),
		.line = get_number(marker, "line"),
		.kind = FRAME_PYTHON,
	};
}

static void take_unread(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_unread row = { take_word(builder, marker, "what"),
		                       take_word(builder, marker, "why") };

	for (size_t i = 0; i < snapshot->unread_count; i++)
		if (snapshot->unread[i].what == row.what && snapshot->unread[i].why == row.why)
			return;
	snapshot->unread = grow_array(snapshot->unread, &snapshot->unread_count,
	                              &snapshot->unread_cap, sizeof(*snapshot->unread));
	snapshot->unread[snapshot->unread_count - 1] = row;
}

static void take_note(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t text = take_word(builder, marker, "text");

	for (size_t i = 0; i < snapshot->note_count; i++)
		if (snapshot->notes[i] == text)
			return;
	snapshot->notes = grow_array(snapshot->notes, &snapshot->note_count, &snapshot->note_cap,
	                             sizeof(*snapshot->notes));
	snapshot->notes[snapshot->note_count - 1] = text;
}

/* A sample begins: tasks of the previous one are removed. */
static void take_begin(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	struct snapshot_process *process = get_process(builder, get_number(marker, "pid"));
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
	get_process(builder, get_number(marker, "pid"))->pause_us =
	        marker_number(marker, "pause_us", 0);
	builder->pid = 0;
}

static void take_gil(struct snapshot_builder *builder, const struct marker *marker)
{
	get_process(builder, get_number(marker, "pid"))->gil_tid = get_number(marker, "tid");
}

static void take_python(struct snapshot_builder *builder, const struct marker *marker)
{
	get_process(builder, get_number(marker, "pid"))->python =
	        take_word(builder, marker, "version");
}

static void take_ruby(struct snapshot_builder *builder, const struct marker *marker)
{
	get_process(builder, get_number(marker, "pid"))->ruby =
	        take_word(builder, marker, "version");
}

static void take_runtime(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_process *process = get_process(builder, get_number(marker, "pid"));

	process->runtime = take_word(builder, marker, "name");
	process->runtime_count = marker_number(marker, "count", 0);
}

static void take_target(struct snapshot_builder *builder, const struct marker *marker)
{
	get_process(builder, get_number(marker, "pid"))->executable =
	        take_word(builder, marker, "executable");
}

static void take_lock(struct snapshot_builder *builder, const struct marker *marker)
{
	builder->owners = grow_array(builder->owners, &builder->owner_count, &builder->owner_cap,
	                             sizeof(*builder->owners));
	builder->owners[builder->owner_count - 1] = (struct printed_owner){
		.on = marker_number(marker, "on", 0),
		.name = take_word(builder, marker, "name"),
		.tid = get_number(marker, "owner"),
		.at = get_number(marker, "tid"),
	};
}

/* "SIGSEGV" of "SIGSEGV" or "11"; 0 if such a signal is no crash: a user's or a debugger's. */
static uint32_t take_signal(struct snapshot_builder *builder, const struct marker *marker)
{
	static const struct {
		const char *name;
		uint32_t number;
	} fatal[] = {
		{ "SIGILL", SIGILL },   { "SIGABRT", SIGABRT }, { "SIGBUS", SIGBUS },
		{ "SIGFPE", SIGFPE },   { "SIGSEGV", SIGSEGV }, { "SIGSYS", SIGSYS },
		{ "SIGXCPU", SIGXCPU }, { "SIGXFSZ", SIGXFSZ }, { "SIGSTKFLT", SIGSTKFLT },
		{ "SIGPROT", 0 }, /* CHERI */
	};
	struct span name = marker_get(marker, "signal");
	uint32_t number = get_number(marker, "signal");

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (span_eq(name, span_of(fatal[i].name)) || (number && number == fatal[i].number))
			return intern_add(builder->snapshot->intern, span_of(fatal[i].name));
	return span_starts(name, SPAN_LIT("EXC_")) ? intern_value(builder, name) : 0; /* macOS */
}

/* Ends the message of the line before. */
static void add_to_message(struct snapshot_builder *builder, const struct marker *marker)
{
	struct buf text = { 0 };

	buf_add_span(&text, intern_get(builder->snapshot->intern, builder->crash.what));
	buf_add_span(&text, SPAN_LIT(": "));
	buf_add_span(&text,
	             intern_get(builder->snapshot->intern, take_word(builder, marker, "more")));
	builder->crash.what = intern_add(builder->snapshot->intern, buf_span(&text));
	buf_deinit(&text);
}

/* A stop with a signal is another one than the crash before. A message may come before its
 * signal. */
static void take_crash(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_crash *crash = &builder->crash;
	uint32_t tid = get_number(marker, "tid"), what = take_word(builder, marker, "what");

	if (marker_get(marker, "signal").ptr) {
		uint32_t signal = take_signal(builder, marker);

		*crash = (struct snapshot_crash){
			.signal = signal,
			.what = signal && !crash->signal ? crash->what : 0,
			.ended = get_number(marker, "ended"),
			.number = get_number(marker, "number"),
			.thread = SNAPSHOT_NONE,
		};
		builder->crash_begun = true;
	}
	if (what && !crash->what) {
		crash->what = what;
		builder->crash_begun = true;
	}
	if (tid && !crash->tid && !crash->number)
		crash->tid = tid;
	if (crash->what && marker_get(marker, "more").ptr)
		add_to_message(builder, marker);
}

/* The first stack after a stop: what was told of the stop is of this stack and those after it. */
static void begin_crash(struct snapshot_builder *builder, size_t thread)
{
	if (!builder->crash_begun)
		return;
	builder->crash.thread = thread;
	builder->snapshot->crash = builder->crash;
	builder->crash_begun = false;
}

/* Text that tells of the crash after the stacks. */
static void finish_crash(struct snapshot_builder *builder)
{
	struct snapshot_crash *crash = &builder->snapshot->crash;

	if (!crash->signal && builder->crash.signal)
		*crash = builder->crash;
	if (!crash->what)
		crash->what = builder->crash.what;
}

static const struct {
	enum marker_verb verb;
	void (*take)(struct snapshot_builder *builder, const struct marker *marker);
} takers[] = {
	{ MARKER_TARGET, take_target },   { MARKER_PYTHON, take_python },
	{ MARKER_PROCESS, take_process }, { MARKER_THREAD, take_thread },
	{ MARKER_FD, take_fd },           { MARKER_CHILD, take_child },
	{ MARKER_WAITS, take_waits },     { MARKER_LOCAL, take_local },
	{ MARKER_GIL, take_gil },         { MARKER_TASK, take_task },
	{ MARKER_AWAIT, take_await },     { MARKER_UNREAD, take_unread },
	{ MARKER_NOTE, take_note },       { MARKER_BEGIN, take_begin },
	{ MARKER_END, take_end },         { MARKER_RUNTIME, take_runtime },
	{ MARKER_RUBY, take_ruby },       { MARKER_LOCK, take_lock },
	{ MARKER_CRASH, take_crash },
};

static void take_marker(void *ctx, const struct marker *marker)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i].verb == marker->verb)
			takers[i].take(ctx, marker);
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
	        get_thread(builder, pid, header->tid ? header->tid : header->number);
	const struct frame *frames;
	size_t count;

	get_process(builder, pid);
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
	thread->look = get_process(builder, pid)->look;
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
	begin_crash(builder, (size_t)(thread - builder->snapshot->threads));
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
	finish_crash(builder);
	printed_details_resolve(snapshot, builder->owners, builder->owner_count);
	builder->snapshot = NULL;
	return snapshot;
}
