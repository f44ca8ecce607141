/* verdict_load: a thread that used a CPU just before it was stopped, and was stopped between two
 * pieces of its work. */
#include "merger/diagnosis/thread_load.h"
#include "merger/diagnosis/verdict_draft.h"

static void write_load(struct verdict_draft *draft, size_t thread)
{
	const struct snapshot *snapshot = draft->snapshot;
	struct buf *text = &draft->verdict->text;

	verdict_begin(draft, "busy", VERDICT_CERTAIN);
	verdict_add_thread(draft, thread);
	verdict_add(draft, " used ");
	thread_load_wording(text, snapshot, &snapshot->threads[thread]);
	verdict_add(draft, "\nat the stop it ");
	wording_activity(text, snapshot, thread);
	buf_printf(text, "; pmp -p %u shows where it uses the CPU", snapshot->threads[thread].pid);
}

void verdict_add_load(struct verdict_draft *draft, size_t thread)
{
	const struct snapshot_thread *row = &draft->snapshot->threads[thread];
	enum thread_load load = thread_load_of(row);

	if (load == THREAD_LOAD_UNKNOWN ||
	    (load == THREAD_LOAD_NONE && !snapshot_thread_is_running(row)))
		return;
	verdict_add(draft, "; ");
	thread_load_wording(&draft->verdict->text, draft->snapshot, row);
}

/* A thread in state R says by its stack where it uses the CPU, and one that waits for another one
 * is not the cause: these are another finder's. */
static bool find_caught(struct verdict_draft *draft, bool only_main)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t thread = thread_load_busiest(snapshot, only_main);

	if (thread == SNAPSHOT_NONE || snapshot_thread_is_running(&snapshot->threads[thread]) ||
	    snapshot->threads[thread].state == 'D' ||
	    draft->graph.edges[thread].to != SNAPSHOT_NONE)
		return false;
	write_load(draft, thread);
	return true;
}

/* Does a thread wait for another one? */
static bool has_waiter(const struct verdict_draft *draft)
{
	for (size_t i = 0; i < draft->graph.count; i++)
		if (draft->graph.edges[i].to != SNAPSHOT_NONE)
			return true;
	return false;
}

bool verdict_find_main_load(struct verdict_draft *draft)
{
	return draft->snapshot->process_count == 1 && !has_waiter(draft) &&
	       find_caught(draft, true);
}

bool verdict_find_load(struct verdict_draft *draft)
{
	return find_caught(draft, false);
}
