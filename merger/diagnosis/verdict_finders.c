#include "merger/diagnosis/verdict_finders.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "merger/diagnosis/verdict_draft.h"

/* What the kernel says of a process as a whole. */

static bool find_zombie(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->state != 'Z' && process->state != 'X')
			continue;
		verdict_begin(maker, "zombie", VERDICT_CERTAIN);
		verdict_add(maker, "process ");
		verdict_add_process(maker, process->pid, process->name);
		verdict_add(maker, " has ended; its parent ");
		verdict_add_process(maker, process->ppid, process->parent_name);
		verdict_add(maker, " has not waited for it");
		return true;
	}
	return false;
}

static bool find_traced(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (!process->tracer)
			continue;
		verdict_begin(maker, "traced", VERDICT_CERTAIN);
		verdict_add(maker, "process ");
		verdict_add_process(maker, process->pid, process->name);
		verdict_add(maker,
		            process->state == 't' ? " is held by the debugger " : " is traced by ");
		verdict_add_process(maker, process->tracer, process->tracer_name);
		return true;
	}
	return false;
}

/* "SIGSTOP (19)" */
static void add_signal(struct verdict_draft *maker, uint32_t number)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		buf_printf(&maker->verdict->text, "SIG%s (%" PRIu32 ")", name, number);
	else if (number)
		buf_printf(&maker->verdict->text, "signal %" PRIu32, number);
	else
		verdict_add(maker, "a signal");
}

static bool find_stopped(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->state != 'T')
			continue;
		verdict_begin(maker, "stopped", VERDICT_CERTAIN);
		verdict_add(maker, "process ");
		verdict_add_process(maker, process->pid, process->name);
		verdict_add(maker, " was stopped by ");
		add_signal(maker, process->signal);
		buf_printf(&maker->verdict->text, "; kill -CONT %" PRIu32 " lets it go on",
		           process->pid);
		return true;
	}
	return false;
}

/* Of a core; a debugger that writes one of a live process has it say SIGSTOP, SIGTRAP or nothing. */
static bool is_fatal(uint32_t number)
{
	return number && number != SIGSTOP && number != SIGTRAP && number != SIGCONT;
}

static bool find_crash(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];
		size_t thread = snapshot_find_thread(snapshot, process->pid, process->signal_tid);

		if (!process->core || !is_fatal(process->signal) || thread == SNAPSHOT_NONE)
			continue;
		verdict_begin(maker, "crash", VERDICT_CERTAIN);
		verdict_add_thread(maker, thread);
		verdict_add(maker, " was ended by ");
		add_signal(maker, process->signal);
		if (process->fault || process->signal == SIGSEGV)
			buf_printf(&maker->verdict->text, " at address 0x%" PRIx64, process->fault);
		wording_place(&maker->verdict->text, snapshot, &snapshot->threads[thread]);
		return true;
	}
	return false;
}

static bool is_main(const struct snapshot_thread *thread)
{
	return thread->tid == thread->pid;
}

/* Threads that wait for another one. */

static size_t busiest_root(const struct verdict_draft *maker)
{
	const struct wait_graph *graph = &maker->graph;
	size_t best = SNAPSHOT_NONE;

	for (size_t i = 0; i < graph->count; i++)
		if (graph->waiters[i] && graph->edges[i].to == SNAPSHOT_NONE &&
		    (best == SNAPSHOT_NONE || graph->waiters[i] > graph->waiters[best]))
			best = i;
	return best;
}

/* The first thread of those that wait for `root` itself, the main one before others. */
static size_t first_waiter(const struct verdict_draft *maker, size_t root)
{
	size_t first = SNAPSHOT_NONE;

	for (size_t i = 0; i < maker->graph.count; i++) {
		if (maker->graph.edges[i].to != root)
			continue;
		if (first == SNAPSHOT_NONE || is_main(&maker->snapshot->threads[i]))
			first = i;
	}
	return first;
}

static const char *holder_kind(const struct snapshot_thread *waiter)
{
	static const char *const of_call[SYSCALL_CLASS_COUNT] = {
		[SYSCALL_CHILD] = "child",
		[SYSCALL_FILE_LOCK] = "file_lock",
		[SYSCALL_READ] = "io",
		[SYSCALL_WRITE] = "io",
	};

	if (waiter->wait.kind == WAIT_GIL)
		return "gil";
	if (waiter->wait.kind == WAIT_JOIN)
		return "join";
	if (waiter->wait.kind == WAIT_NONE && of_call[waiter->call.class])
		return of_call[waiter->call.class];
	return "lock";
}

/* Does the GIL's holder run Python? Then it gives it up, again and again, and nothing hangs. */
static bool runs_python(const struct snapshot_thread *thread)
{
	return snapshot_thread_runs(thread) && thread->frame_count &&
	       thread->frames[thread->frame_count - 1].kind != FRAME_NATIVE;
}

static bool holds(const char *kind)
{
	return !strcmp(kind, "lock") || !strcmp(kind, "gil") || !strcmp(kind, "file_lock");
}

static bool find_holder(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;
	size_t root = busiest_root(maker), waiter;
	const char *kind;

	if (root == SNAPSHOT_NONE)
		return false;
	waiter = first_waiter(maker, root);
	kind = holder_kind(&snapshot->threads[waiter]);
	if (!strcmp(kind, "gil") && runs_python(&snapshot->threads[root]))
		kind = "busy";
	verdict_begin(maker, kind,
	              maker->graph.edges[waiter].certain ? VERDICT_CERTAIN : VERDICT_LIKELY);
	verdict_name(maker, root);
	verdict_add_thread(maker, waiter);
	verdict_add(maker, " ");
	wording_activity(&maker->verdict->text, snapshot, waiter);
	if (maker->graph.waiters[root] > 1)
		buf_printf(&maker->verdict->text, ", and %zu more wait with it",
		           maker->graph.waiters[root] - 1);
	verdict_add(maker, "\n");
	verdict_add_activity(maker, root, holds(kind) ? " holds it and " : " ");
	return true;
}

static bool find_tasks(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	if (!snapshot->task_count)
		return false;
	verdict_begin(maker, "asyncio", VERDICT_LIKELY);
	buf_printf(&maker->verdict->text,
	           "%zu tasks of asyncio's wait, none for another in a circle",
	           snapshot->task_count);
	for (size_t i = 0; i < snapshot->task_count && i < 2; i++) {
		const struct snapshot_task *task = &snapshot->tasks[i];

		verdict_add(maker, "\n");
		verdict_add_task(maker, i);
		verdict_add(maker, " awaits ");
		if (task->on)
			buf_add_span(&maker->verdict->text, intern_get(snapshot->intern, task->on));
		else
			verdict_add(maker, "something");
	}
	return true;
}

static bool find_nothing(struct verdict_draft *maker)
{
	verdict_begin(maker, "unknown", VERDICT_GUESS);
	verdict_add(maker, "no thread could be looked at");
	return true;
}

/* From the surest cause to what is left. */
static verdict_finder *const finders[] = {
	find_zombie,        find_traced,
	find_stopped,       find_crash,
	verdict_find_cycle, verdict_find_task_cycle,
	find_holder,        verdict_find_single_cause,
	find_tasks,         verdict_find_waiting,
	find_nothing,
};

void verdict_make(const struct snapshot *snapshot, struct verdict *ret)
{
	struct verdict_draft maker = { .snapshot = snapshot, .verdict = ret };

	*ret = (struct verdict){ 0 };
	wait_graph_init(&maker.graph, snapshot);
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++)
		if (finders[i](&maker))
			break;
	wait_graph_deinit(&maker.graph);
}
