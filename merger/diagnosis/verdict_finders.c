#include "merger/diagnosis/verdict_finders.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "merger/diagnosis/verdict_draft.h"

/* Findings about a process as a whole. */

static bool find_zombie(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->state != 'Z' && process->state != 'X')
			continue;
		verdict_begin(draft, "zombie", VERDICT_CERTAIN);
		verdict_add(draft, "process ");
		verdict_add_process(draft, process->pid, process->name);
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
		verdict_add_process(draft, process->pid, process->name);
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

		if (process->state != 'T')
			continue;
		verdict_begin(draft, "stopped", VERDICT_CERTAIN);
		verdict_add(draft, "process ");
		verdict_add_process(draft, process->pid, process->name);
		verdict_add(draft, " was stopped by ");
		verdict_add_signal(draft, process->signal);
		buf_printf(&draft->verdict->text, "; kill -CONT %" PRIu32 " lets it go on",
		           process->pid);
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
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++)
		if (finders[i](&draft))
			break;
	verdict_add_runtime(&draft);
	wait_graph_deinit(&draft.graph);
}
