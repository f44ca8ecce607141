/* verdict_lost: a lock whose owner is no thread of the process: a thread of the parent, when the
 * process was forked, or a thread that has ended. */
#include <inttypes.h>

#include "merger/diagnosis/verdict_draft.h"

/* The main thread, or else the first one; *others: how many more wait for such a lock. */
static size_t find_waiter(const struct snapshot *snapshot, size_t *others)
{
	size_t found = SNAPSHOT_NONE, count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		if (!snapshot->threads[i].wait.is_gone)
			continue;
		count++;
		if (found == SNAPSHOT_NONE || snapshot_thread_is_main(&snapshot->threads[i]))
			found = i;
	}
	*others = count ? count - 1 : 0;
	return found;
}

/* Numbers of threads grow, until the kernel begins anew: an owner with a lower number than the
 * process is older than the process. */
static bool is_inherited(const struct snapshot_thread *thread)
{
	return thread->wait.gone_pid || (thread->wait.gone && thread->wait.gone < thread->pid);
}

static enum verdict_trust find_trust(const struct snapshot_wait *wait, bool inherited)
{
	if (!inherited)
		return wait->gone ? VERDICT_CERTAIN : VERDICT_LIKELY;
	return wait->gone && wait->gone_pid ? VERDICT_CERTAIN : VERDICT_LIKELY;
}

bool verdict_find_lost_lock(struct verdict_draft *draft)
{
	size_t others, at = find_waiter(draft->snapshot, &others);
	const struct snapshot_thread *thread;
	bool inherited;

	if (at == SNAPSHOT_NONE)
		return false;
	thread = &draft->snapshot->threads[at];
	inherited = is_inherited(thread);
	verdict_begin(draft, inherited ? "fork_lock" : "lock",
	              find_trust(&thread->wait, inherited));
	verdict_add_thread(draft, at);
	verdict_add(draft, " ");
	wording_activity(&draft->verdict->text, draft->snapshot, at);
	if (others)
		buf_printf(&draft->verdict->text, ", and %zu more wait so", others);
	verdict_add(draft, "\n");
	verdict_add(draft,
	            inherited ? "the lock was inherited over fork: the thread that holds it does "
	                        "not exist in this process"
	            : thread->wait.gone
	                    ? "that thread has ended and has not released the lock"
	                    : "that thread has ended, or the lock was inherited over fork");
	verdict_add_progress(draft, at);
	return true;
}
