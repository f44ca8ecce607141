/* verdict_pools: threads that wait until one of several others does something, while all of these
 * wait as well: the workers of a pool that wait for items that no worker has begun. */
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/verdict_draft.h"

#define WORKER_LINES 6 /* the rest is counted */

/* A thread that can only go on after a thread of the same set: stuck[i]. */
static bool is_stuck(const struct verdict_draft *draft, const bool *stuck, size_t thread)
{
	const struct snapshot_thread *row = &draft->snapshot->threads[thread];
	size_t to = draft->graph.edges[thread].to;

	if (row->call.has_left)
		return false; /* it goes on by itself */
	if (to != SNAPSHOT_NONE)
		return stuck[to];
	for (size_t i = 0; i < row->wait.candidate_count; i++) {
		to = snapshot_find_thread(draft->snapshot, row->pid, row->wait.candidates[i]);
		if (to == SNAPSHOT_NONE || !stuck[to])
			return false;
	}
	return row->wait.candidate_count;
}

/* The largest such set: threads that can go on are taken away until none is left. The caller frees
 * it. */
static bool *find_stuck(const struct verdict_draft *draft)
{
	size_t count = draft->snapshot->thread_count;
	bool *stuck = alloc_zeroed(count + 1, sizeof(*stuck)), changed = true;

	for (size_t i = 0; i < count; i++)
		stuck[i] = true;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++) {
			if (!stuck[i] || is_stuck(draft, stuck, i))
				continue;
			stuck[i] = false;
			changed = true;
		}
	}
	return stuck;
}

/* Does the thread wait for an item that no worker of a pool has begun? */
static bool waits_for_pool(const struct snapshot_thread *thread)
{
	return thread->wait.kind == WAIT_FUTURE && thread->wait.candidate_count;
}

/* Is it a worker of the pool that it waits for? */
static bool waits_for_own_pool(const struct snapshot_thread *thread)
{
	bool found = false;

	for (size_t i = 0; waits_for_pool(thread) && i < thread->wait.candidate_count; i++)
		found = found || thread->wait.candidates[i] == thread->tid;
	return found;
}

/* A stuck worker, of its own pool if there is one. */
static size_t find_worker(const struct snapshot *snapshot, const bool *stuck)
{
	size_t found = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		if (!stuck[i] || !waits_for_pool(&snapshot->threads[i]))
			continue;
		if (waits_for_own_pool(&snapshot->threads[i]))
			return i;
		found = found == SNAPSHOT_NONE ? i : found;
	}
	return found;
}

/* Without the candidates of its wait: they are the other lines. */
static void add_line(struct verdict_draft *draft, size_t thread)
{
	const struct snapshot_thread *row = &draft->snapshot->threads[thread];

	verdict_add(draft, "\n");
	verdict_add_thread(draft, thread);
	verdict_add(draft, " waits for ");
	wording_wait(&draft->verdict->text, draft->snapshot, row);
	wording_place(&draft->verdict->text, draft->snapshot, row);
}

static bool is_candidate(const struct snapshot_wait *wait, uint32_t tid)
{
	for (size_t i = 0; i < wait->candidate_count; i++)
		if (wait->candidates[i] == tid)
			return true;
	return false;
}

/* Adds the workers that are stuck with this one: of its own pool, or of all pools. */
static void add_workers(struct verdict_draft *draft, const bool *stuck,
                        const struct snapshot_thread *worker)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];

		if (!stuck[i] ||
		    !(waits_for_own_pool(worker) ? is_candidate(&worker->wait, thread->tid)
		                                 : waits_for_pool(thread)))
			continue;
		if (thread->wait.kind != WAIT_FUTURE)
			draft->verdict->trust = VERDICT_LIKELY;
		if (count++ < WORKER_LINES)
			add_line(draft, i);
		else
			verdict_name(draft, i);
	}
	if (count > WORKER_LINES)
		buf_printf(&draft->verdict->text, "\nand %zu more workers", count - WORKER_LINES);
}

/* Adds the first stuck thread that is none of the verdict's threads yet, and the number of the
 * others. */
static void add_others(struct verdict_draft *draft, const bool *stuck)
{
	const struct verdict *verdict = draft->verdict;
	size_t first = SNAPSHOT_NONE, count = 0;

	for (size_t i = 0; i < draft->snapshot->thread_count; i++) {
		bool known = !stuck[i];

		for (size_t j = 0; j < verdict->thread_count && !known; j++)
			known = verdict->threads[j] == i;
		if (!known && !count++)
			first = i;
	}
	if (!count)
		return;
	add_line(draft, first);
	if (count > 1)
		buf_printf(&draft->verdict->text, ", and %zu more threads are behind them",
		           count - 1);
}

static void write_pool(struct verdict_draft *draft, const bool *stuck, size_t worker)
{
	const struct snapshot_thread *row = &draft->snapshot->threads[worker];

	verdict_begin(draft, "pool_deadlock", VERDICT_CERTAIN);
	if (!waits_for_own_pool(row))
		verdict_add(draft, "the workers of pools wait for work of each other's pools");
	else if (row->wait.candidate_count == 1)
		verdict_add(draft, "the only worker of a pool waits for work of the same pool");
	else
		buf_printf(&draft->verdict->text,
		           "all %zu workers of a pool wait for work of the same pool",
		           row->wait.candidate_count);
	add_workers(draft, stuck, row);
	add_others(draft, stuck);
}

bool verdict_find_pool_deadlock(struct verdict_draft *draft)
{
	bool *stuck = find_stuck(draft);
	size_t worker = find_worker(draft->snapshot, stuck);

	if (worker != SNAPSHOT_NONE)
		write_pool(draft, stuck, worker);
	free(stuck);
	return worker != SNAPSHOT_NONE;
}
