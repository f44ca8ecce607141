#include "merger/diagnosis/thread_load.h"

/* A shorter window is not precise: a tick of the scheduler takes up to 10 ms. */
#define WINDOW_MIN_US 10000
#define YOUNG_US 200000

static double get_share(const struct snapshot_thread *thread, uint64_t us)
{
	return thread->window_us >= WINDOW_MIN_US ? (double)us / (double)thread->window_us : 0;
}

enum thread_load thread_load_of(const struct snapshot_thread *thread)
{
	double used = get_share(thread, thread->recent_us);
	double wanted = used + get_share(thread, thread->ready_us);

	if (thread->window_us < WINDOW_MIN_US)
		return THREAD_LOAD_UNKNOWN;
	/* Work in short pieces waits for a CPU often; one that ran for 1 % only is not busy. */
	if (used >= 0.5 || (wanted >= 0.5 && used >= 0.05))
		return THREAD_LOAD_BUSY;
	return used < 0.02 ? THREAD_LOAD_NONE : THREAD_LOAD_SOME;
}

unsigned thread_load_percent(const struct snapshot_thread *thread)
{
	return (unsigned)(100 * get_share(thread, thread->recent_us) + 0.5);
}

/* The age of its process at the stop; 0: unknown. The facts are from the begin of the window. */
static uint64_t get_age(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	size_t at = snapshot_find_process(snapshot, thread->pid);

	if (at == SNAPSHOT_NONE || !snapshot->processes[at].age_us)
		return 0;
	return snapshot->processes[at].age_us + thread->window_us;
}

bool thread_load_is_young(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	uint64_t age = get_age(snapshot, thread);

	return age && age < YOUNG_US;
}

enum verdict_trust thread_load_trust(const struct snapshot *snapshot,
                                     const struct snapshot_thread *thread)
{
	enum thread_load load = thread_load_of(thread);

	/* Several samples show progress of their own. */
	if (thread->looks > 1 || load == THREAD_LOAD_UNKNOWN)
		return VERDICT_CERTAIN;
	return load == THREAD_LOAD_BUSY && !thread_load_is_young(snapshot, thread) ? VERDICT_CERTAIN
	                                                                           : VERDICT_LIKELY;
}

void thread_load_wording(struct buf *out, const struct snapshot *snapshot,
                         const struct snapshot_thread *thread)
{
	if (thread_load_of(thread) == THREAD_LOAD_UNKNOWN)
		return;
	buf_printf(out, "%u %% of a CPU in the %.2g s before the stop", thread_load_percent(thread),
	           (double)thread->window_us / 1e6);
	if (get_share(thread, thread->ready_us) >= 0.1)
		buf_printf(out, ", and waited for a CPU for %.0f %%",
		           100 * get_share(thread, thread->ready_us));
	if (thread_load_is_young(snapshot, thread))
		buf_printf(out, "; its process began %.1f s before",
		           (double)get_age(snapshot, thread) / 1e6);
}

size_t thread_load_busiest(const struct snapshot *snapshot, bool only_main)
{
	size_t best = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];

		if (thread_load_of(thread) != THREAD_LOAD_BUSY ||
		    (only_main && !snapshot_thread_is_main(thread)))
			continue;
		if (best == SNAPSHOT_NONE ||
		    thread_load_percent(thread) > thread_load_percent(&snapshot->threads[best]))
			best = i;
	}
	return best;
}
