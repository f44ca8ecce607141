#include "merger/diagnosis/verdict_finders.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "merger/diagnosis/verdict_draft.h"

/* Findings about a process as a whole. */

static bool is_alive(const struct snapshot *snapshot, uint32_t pid)
{
	size_t at = snapshot_find_process(snapshot, pid);

	return at != SNAPSHOT_NONE && snapshot->processes[at].state != 'Z';
}

/* The main thread of a process can end before the others do; they live. */
static bool is_zombie(const struct snapshot *snapshot, const struct snapshot_process *process)
{
	if (process->state != 'Z' && process->state != 'X')
		return false;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (snapshot->threads[i].pid == process->pid && snapshot->threads[i].state &&
		    !strchr("ZX", snapshot->threads[i].state))
			return false;
	return true;
}

/* A zombie whose parent is in the snapshot is not the cause: the parent is, or another one. */
static bool find_zombie(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (!is_zombie(snapshot, process) || is_alive(snapshot, process->ppid))
			continue;
		verdict_begin(draft, "zombie", VERDICT_CERTAIN);
		verdict_add(draft, "process ");
		verdict_add_process(draft, process->pid, snapshot_process_label(process));
		verdict_add(draft, " has ended; its parent ");
		verdict_add_process(draft, process->ppid, process->parent_name);
		verdict_add(draft, " has not waited for it");
		return true;
	}
	return false;
}

static bool find_traced(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (!process->tracer)
			continue;
		verdict_begin(draft, "traced", VERDICT_CERTAIN);
		verdict_add(draft, "process ");
		verdict_add_process(draft, process->pid, snapshot_process_label(process));
		verdict_add(draft,
		            process->state == 't' ? " is held by the debugger " : " is traced by ");
		verdict_add_process(draft, process->tracer, process->tracer_name);
		return true;
	}
	return false;
}

static bool find_stopped(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		size_t waiter = verdict_find_waiter(draft, process->pid);

		if (process->state != 'T' || (process->hop && waiter == SNAPSHOT_NONE))
			continue;
		verdict_begin(draft, "stopped", VERDICT_CERTAIN);
		verdict_add(draft, "process ");
		verdict_add_process(draft, process->pid, snapshot_process_label(process));
		verdict_add(draft, " was stopped by ");
		verdict_add_signal(draft, process->signal);
		if (waiter != SNAPSHOT_NONE) {
			verdict_add(draft, ", and ");
			verdict_add_thread(draft, waiter);
			verdict_add(draft, " waits for it");
		}
		buf_printf(&draft->verdict->text, "; kill -CONT %" PRIu32 " lets it go on",
		           process->pid);
		if (waiter != SNAPSHOT_NONE) {
			verdict_add(draft, "\n");
			verdict_add_activity(draft, waiter, " ");
		}
		return true;
	}
	return false;
}

static bool find_nothing(struct verdict_draft *draft)
{
	verdict_begin(draft, "unknown", VERDICT_GUESS);
	verdict_add(draft, "no thread could be looked at");
	return true;
}

/* From the most certain cause to the least. */
static verdict_finder *const finders[] = {
	find_zombie,
	find_traced,
	find_stopped,
	verdict_find_crash,
	verdict_find_lost_lock,
	verdict_find_pool_deadlock,
	verdict_find_cycle,
	verdict_find_task_cycle,
	verdict_find_blocked_loop,
	verdict_find_stuck_task,
	verdict_find_main_load,
	verdict_find_title,
	verdict_find_cause,
	verdict_find_load,
	verdict_find_waiting_loop,
	verdict_find_waiting,
	find_nothing,
};

void verdict_make(const struct snapshot *snapshot, struct verdict *ret)
{
	struct verdict_draft draft = { .snapshot = snapshot, .verdict = ret };

	*ret = (struct verdict){ 0 };
	wait_graph_init(&draft.graph, snapshot);
	process_groups_init(&draft.groups, snapshot);
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++)
		if (finders[i](&draft))
			break;
	verdict_add_runtime(&draft);
	process_groups_deinit(&draft.groups);
	wait_graph_deinit(&draft.graph);
}
