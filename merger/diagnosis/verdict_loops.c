/* verdict_loops: event loops of asyncio and hubs of gevent. One that is blocked: its thread does
 * the work of a task, and the other tasks wait for that. One that waits: what for. */
#include <inttypes.h>

#include "merger/diagnosis/own_frame.h"
#include "merger/diagnosis/thread_rank.h"
#include "merger/diagnosis/verdict_draft.h"

#define BLOCKED_US 100000 /* as asyncio's slow_callback_duration */

static const struct {
	const char *task, *loop, *kind;
} words[] = {
	[TASK_ASYNCIO] = { "task ", "the event loop", "asyncio" },
	[TASK_CALLBACK] = { "", "the event loop", "asyncio" },
	[TASK_GREENLET] = { "greenlet ", "the hub", "greenlet" },
};

/* What a task waits for (`on` of the marker) in words; another one stands for itself. */
static const struct {
	const char *on, *text;
} wait_texts[] = {
	{ "lock", "a lock" },
	{ "rlock", "an RLock" },
	{ "semaphore", "a semaphore" },
	{ "event", "an event" },
	{ "condition", "a condition" },
	{ "barrier", "a barrier" },
	{ "queue", "a queue" },
	{ "future", "a future" },
	{ "result", "a result" },
	{ "stream", "data of a stream" },
	{ "socket", "data of a socket" },
	{ "client", "a new client" },
	{ "child", "the end of a child" },
};

static bool is_on(const struct snapshot *snapshot, const struct snapshot_task *task,
                  const char *word)
{
	return span_eq(intern_get(snapshot->intern, task->on), span_of(word));
}

/* The innermost frame whose owner comes first; NULL: the task has no frames. */
static const struct frame *find_own_frame(const struct snapshot *snapshot,
                                          const struct snapshot_task *task)
{
	const struct frame *best = NULL;
	enum frame_owner least = OWNER_RUNTIME;

	for (size_t i = 0; i < task->frame_count; i++) {
		enum frame_owner owner = frame_owner_of(snapshot, &task->frames[i]);

		if (best && owner >= least)
			continue;
		best = &task->frames[i];
		least = owner;
	}
	return best;
}

/* The task, or one that waits for it and is in the program's own code: asyncio.wait_for makes a
 * task of a library's function. */
static size_t find_own_task(const struct snapshot *snapshot, size_t task)
{
	const struct frame *frame = find_own_frame(snapshot, &snapshot->tasks[task]);

	if (frame && frame_owner_of(snapshot, frame) == OWNER_PROGRAM)
		return task;
	for (size_t i = 0; i < snapshot->task_count; i++)
		for (size_t j = 0; j < snapshot->tasks[i].wait_count; j++)
			if (snapshot->tasks[i].waits[j] == snapshot->tasks[task].id && i != task)
				return i;
	return task;
}

static void add_task_name(struct verdict_draft *draft, const struct snapshot_task *task)
{
	if (task->kind == TASK_CALLBACK)
		verdict_add(draft, "a callback");
	else
		buf_add_span(&draft->verdict->text,
		             intern_get(draft->snapshot->intern, task->name));
}

void verdict_add_task(struct verdict_draft *draft, size_t task)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_task *row = &snapshot->tasks[task];
	const struct frame *frame = find_own_frame(snapshot, row);

	verdict_add(draft, words[row->kind].task);
	add_task_name(draft, row);
	if (frame)
		wording_frame(&draft->verdict->text, snapshot, frame, NULL);
}

void verdict_add_task_wait(struct verdict_draft *draft, size_t task)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_task *row = &snapshot->tasks[task];
	struct span on = intern_get(snapshot->intern, row->on);

	for (size_t i = 0; i < sizeof(wait_texts) / sizeof(wait_texts[0]); i++)
		if (span_eq(on, span_of(wait_texts[i].on)))
			on = span_of(wait_texts[i].text);
	if (is_on(snapshot, row, "sleep")) {
		verdict_add(draft, " sleeps");
	} else {
		verdict_add(draft, row->kind == TASK_GREENLET ? " waits for " : " awaits ");
		buf_add_span(&draft->verdict->text, on.len ? on : SPAN_LIT("something"));
	}
	if (row->has_left)
		buf_printf(&draft->verdict->text, ", %.1f s are left", (double)row->left_us / 1e6);
}

const char *verdict_task_word(const struct snapshot_task *task)
{
	return words[task->kind].task;
}

/* The number of tasks, other than callbacks, that wait in the loop of a thread. */
static size_t count_waiting(const struct snapshot *snapshot, const struct snapshot_task *of)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct snapshot_task *task = &snapshot->tasks[i];

		count += !task->running && task->tid == of->tid && task->pid == of->pid &&
		         (task->kind == TASK_GREENLET) == (of->kind == TASK_GREENLET);
	}
	return count;
}

/* Does it matter for the process what this thread does? Its main thread may wait for work. */
static bool is_relevant(const struct verdict_draft *draft, size_t thread)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_thread *row = &snapshot->threads[thread];
	size_t main = snapshot_find_thread(snapshot, row->pid, row->pid);

	return main == SNAPSHOT_NONE || main == thread || draft->graph.waiters[thread] ||
	       thread_rank_of(snapshot, &snapshot->threads[main]) >= RANK_WAIT;
}

/* The running task with the most others that wait for its loop. */
static size_t find_blocking_task(const struct verdict_draft *draft, size_t *thread)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t best = SNAPSHOT_NONE, most = 0;

	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct snapshot_task *task = &snapshot->tasks[i];
		size_t at = snapshot_find_thread(snapshot, task->pid, task->tid);
		size_t count;

		if (!task->running || at == SNAPSHOT_NONE || !is_relevant(draft, at))
			continue;
		count = count_waiting(snapshot, task);
		if (best != SNAPSHOT_NONE && count <= most)
			continue;
		best = i;
		most = count;
		*thread = at;
	}
	return best;
}

/* One that runs has blocked its loop only if it has run for long. */
static bool is_blocking(const struct snapshot_task *task, const struct snapshot_thread *thread)
{
	return !snapshot_thread_is_running(thread) || task->busy_us >= BLOCKED_US ||
	       (thread->looks > 1 && !thread->moves);
}

static void add_loop(struct verdict_draft *draft, const struct snapshot_task *task, size_t thread)
{
	verdict_name(draft, thread);
	verdict_add(draft, words[task->kind].loop);
	if (snapshot_thread_is_main(&draft->snapshot->threads[thread]))
		return;
	verdict_add(draft, " of ");
	wording_thread(&draft->verdict->text, draft->snapshot, thread);
}

static void add_count(struct verdict_draft *draft, const struct snapshot_task *task)
{
	size_t count = count_waiting(draft->snapshot, task);
	const char *word = task->kind == TASK_GREENLET ? "greenlet" : "task";

	if (count > !task->running)
		buf_printf(&draft->verdict->text, "; %zu %s%s wait%s", count, word,
		           count == 1 ? "" : "s", count == 1 ? "s" : "");
}

/* Lines: the end of the thread's chain of waits, and how long it has lasted. */
static void add_blocked_details(struct verdict_draft *draft, const struct snapshot_task *task,
                                size_t thread, size_t root)
{
	if (root != thread) {
		verdict_add(draft, "\n");
		verdict_add_thread(draft, root);
		verdict_add(draft, " ");
		wording_activity(&draft->verdict->text, draft->snapshot, root);
	}
	if (task->busy_us >= BLOCKED_US)
		buf_printf(&draft->verdict->text, "\n%s has handled no event for %.1f s",
		           words[task->kind].loop, (double)task->busy_us / 1e6);
	verdict_add_progress(draft, root);
}

/* The kind of verdict for a thread and the end of its chain of waits. */
static const char *choose_kind(const struct verdict_draft *draft, size_t thread, size_t root)
{
	const struct snapshot_thread *threads = draft->snapshot->threads;
	enum thread_rank rank = thread_rank_of(draft->snapshot, &threads[thread]);

	if (rank != RANK_LOCK || snapshot_thread_is_running(&threads[root]))
		rank = thread_rank_of(draft->snapshot, &threads[root]);
	return thread_rank_kind(rank);
}

bool verdict_find_blocked_loop(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t thread, root, at = find_blocking_task(draft, &thread);
	const struct snapshot_task *task;
	bool is_certain;

	if (at == SNAPSHOT_NONE)
		return false;
	task = &snapshot->tasks[at];
	root = wait_graph_root(&draft->graph, thread);
	root = root == SNAPSHOT_NONE ? thread : root;
	is_certain = root == thread ? snapshot->threads[thread].wait.kind == WAIT_NONE
	                            : draft->graph.edges[thread].certain;
	/* A thread that waits for events was seen before its task ran. */
	is_certain = is_certain && thread_rank_of(snapshot, &snapshot->threads[root]) != RANK_IDLE;
	verdict_begin(draft, choose_kind(draft, thread, root),
	              is_certain ? VERDICT_CERTAIN : VERDICT_LIKELY);
	add_loop(draft, task, thread);
	verdict_add(draft,
	            is_blocking(task, &snapshot->threads[thread]) ? " is blocked by " : " runs ");
	if (task->kind == TASK_GREENLET)
		verdict_add(draft, words[task->kind].task);
	add_task_name(draft, task);
	verdict_add(draft, ", which ");
	wording_activity(&draft->verdict->text, snapshot, thread);
	add_count(draft, task);
	verdict_add_load(draft, thread);
	add_blocked_details(draft, task, thread, root);
	return true;
}

/* Loops that wait. */

static bool serves(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->task_count; i++) {
		size_t at = snapshot_find_thread(snapshot, snapshot->tasks[i].pid,
		                                 snapshot->tasks[i].tid);

		if (is_on(snapshot, &snapshot->tasks[i], "client") ||
		    (at != SNAPSHOT_NONE && thread_rank_serves(snapshot, &snapshot->threads[at])))
			return true;
	}
	return false;
}

static bool is_sleeping(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	return is_on(snapshot, task, "sleep");
}

static bool is_on_network(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	return is_on(snapshot, task, "stream") || is_on(snapshot, task, "socket");
}

static bool is_on_child(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	return is_on(snapshot, task, "child");
}

static bool is_orphaned(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	(void)snapshot;
	return task->orphaned;
}

/* Its thread does something: it does not wait for work of its pool. */
static bool is_on_thread(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	return task->thread &&
	       snapshot_find_thread(snapshot, task->pid, task->thread) != SNAPSHOT_NONE;
}

/* What one task says about its loop, most significant first, and the kind of the verdict. */
static const struct reason {
	bool (*applies)(const struct snapshot *snapshot, const struct snapshot_task *task);
	const char *kind;
} reasons[] = {
	{ is_on_child, "child" },
	{ is_on_network, "io" },
	{ is_sleeping, "sleep" },
};

static size_t find_task(const struct snapshot *snapshot,
                        bool (*applies)(const struct snapshot *snapshot,
                                        const struct snapshot_task *task))
{
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (applies(snapshot, &snapshot->tasks[i]))
			return i;
	return SNAPSHOT_NONE;
}

/* The thread of the first task's loop; SNAPSHOT_NONE: unknown, or it does not matter. */
static size_t find_loop_thread(const struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t thread = snapshot->task_count
	                        ? snapshot_find_thread(snapshot, snapshot->tasks[0].pid,
	                                               snapshot->tasks[0].tid)
	                        : SNAPSHOT_NONE;

	return thread != SNAPSHOT_NONE && is_relevant(draft, thread) ? thread : SNAPSHOT_NONE;
}

static bool has_edges(const struct wait_graph *graph)
{
	for (size_t i = 0; i < graph->count; i++)
		if (graph->edges[i].to != SNAPSHOT_NONE)
			return true;
	return false;
}

static bool write_orphan(struct verdict_draft *draft, size_t task)
{
	const struct snapshot_task *row = &draft->snapshot->tasks[task];

	verdict_begin(draft, words[row->kind].kind, VERDICT_LIKELY);
	verdict_add_task(draft, find_own_task(draft->snapshot, task));
	verdict_add_task_wait(draft, task);
	verdict_add(draft, ", and nothing that is alive can wake it");
	add_count(draft, row);
	return true;
}

static bool write_awaited(struct verdict_draft *draft, size_t task)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_task *row = &snapshot->tasks[task];
	size_t thread = snapshot_find_thread(snapshot, row->pid, row->thread);
	size_t root = wait_graph_root(&draft->graph, thread);

	root = root == SNAPSHOT_NONE ? thread : root;
	verdict_begin(draft, choose_kind(draft, thread, root), VERDICT_LIKELY);
	verdict_add_task(draft, task);
	verdict_add(draft, " awaits ");
	verdict_add_thread(draft, thread);
	verdict_add(draft, ", which ");
	wording_activity(&draft->verdict->text, snapshot, thread);
	add_count(draft, row);
	add_blocked_details(draft, row, thread, root);
	return true;
}

static bool is_for_lock(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	return is_on(snapshot, task, "lock") || is_on(snapshot, task, "rlock") ||
	       is_on(snapshot, task, "semaphore");
}

/* The number of tasks that wait for a lock which only this task may hold. */
static size_t count_lock_waiters(const struct snapshot *snapshot, size_t holder, size_t *first)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->task_count; i++) {
		const struct snapshot_task *task = &snapshot->tasks[i];

		if (task->wait_count != 1 || !is_for_lock(snapshot, task) ||
		    snapshot_find_task(snapshot, task->waits[0]) != holder)
			continue;
		*first = count++ ? *first : i;
	}
	return count;
}

/* The task that holds a lock for which most others wait, and does not wait for a lock itself. */
static size_t find_lock_holder(const struct snapshot *snapshot, size_t *most, size_t *first)
{
	size_t best = SNAPSHOT_NONE, waiter = 0;

	*most = 0;
	for (size_t i = 0; i < snapshot->task_count; i++) {
		size_t count = is_for_lock(snapshot, &snapshot->tasks[i])
		                       ? 0
		                       : count_lock_waiters(snapshot, i, &waiter);

		if (count <= *most)
			continue;
		best = i;
		*most = count;
		*first = waiter;
	}
	return best;
}

static bool write_lock_holder(struct verdict_draft *draft)
{
	size_t count, first, holder = find_lock_holder(draft->snapshot, &count, &first);
	bool is_greenlet;

	if (holder == SNAPSHOT_NONE)
		return false;
	is_greenlet = draft->snapshot->tasks[holder].kind == TASK_GREENLET;
	verdict_begin(draft, "lock", VERDICT_LIKELY);
	verdict_add_task(draft, holder);
	verdict_add_task_wait(draft, holder);
	buf_printf(&draft->verdict->text, ", and %zu %s%s for what it holds\n", count,
	           is_greenlet ? "greenlet" : "task", count == 1 ? " waits" : "s wait");
	verdict_add_task(draft, first);
	verdict_add_task_wait(draft, first);
	return true;
}

bool verdict_find_stuck_task(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t task = find_task(snapshot, is_orphaned);

	if (find_loop_thread(draft) == SNAPSHOT_NONE)
		return false;
	if (task != SNAPSHOT_NONE && !has_edges(&draft->graph))
		return write_orphan(draft, task);
	task = find_task(snapshot, is_on_thread);
	return (task != SNAPSHOT_NONE && write_awaited(draft, task)) || write_lock_holder(draft);
}

static void write_idle(struct verdict_draft *draft, size_t thread)
{
	verdict_begin(draft, "idle", VERDICT_LIKELY);
	verdict_add_thread(draft, thread);
	verdict_add(draft, " ");
	wording_activity(&draft->verdict->text, draft->snapshot, thread);
	add_count(draft, &draft->snapshot->tasks[0]);
	verdict_add(draft, "\nit waits for work, and nothing says that it hangs");
}

/* A task that waits for no other task; the first one if all do. */
static size_t find_last_task(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (!snapshot->tasks[i].wait_count)
			return i;
	return 0;
}

static void write_waiting(struct verdict_draft *draft, const char *kind, size_t task)
{
	verdict_begin(draft, kind, VERDICT_LIKELY);
	verdict_add_task(draft, find_own_task(draft->snapshot, task));
	verdict_add_task_wait(draft, task);
	add_count(draft, &draft->snapshot->tasks[task]);
}

/* Greenlets may be used without a hub: then their thread does something else. */
static bool is_in_loop(const struct snapshot *snapshot, const struct snapshot_task *task)
{
	size_t at = snapshot_find_thread(snapshot, task->pid, task->tid);
	const struct snapshot_thread *thread = at == SNAPSHOT_NONE ? NULL : &snapshot->threads[at];

	return task->kind != TASK_GREENLET || !thread || thread->call.class == SYSCALL_POLL ||
	       (thread->call.class == SYSCALL_UNKNOWN && !snapshot_thread_is_running(thread));
}

bool verdict_find_waiting_loop(struct verdict_draft *draft)
{
	size_t thread = find_loop_thread(draft), task = SNAPSHOT_NONE;

	if (!draft->snapshot->task_count || !is_in_loop(draft->snapshot, draft->snapshot->tasks))
		return false;
	if (thread != SNAPSHOT_NONE && serves(draft->snapshot)) {
		write_idle(draft, thread);
		return true;
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		task = find_task(draft->snapshot, reasons[i].applies);
		if (task == SNAPSHOT_NONE)
			continue;
		write_waiting(draft, reasons[i].kind, task);
		return true;
	}
	task = find_last_task(draft->snapshot);
	write_waiting(draft, words[draft->snapshot->tasks[task].kind].kind, task);
	return true;
}
