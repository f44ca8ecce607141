/* verdict_cycles: threads, processes or tasks that wait for each other in a circle. */
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/verdict_draft.h"

#define NAMED_MAX 4    /* members that the first line names */
#define CYCLE_LINES 12 /* the rest of a longer cycle is counted */

/* "2 wait for each other: thread 4712 (ab), thread 4713 (ba)" */
static void add_members(struct verdict_draft *draft, size_t first, size_t count)
{
	size_t at = first;

	buf_printf(&draft->verdict->text, "%zu wait for each other: ", count);
	for (size_t i = 0; i < count && i < NAMED_MAX; i++, at = draft->graph.edges[at].to) {
		verdict_add(draft, i ? ", " : "");
		wording_thread(&draft->verdict->text, draft->snapshot, at);
	}
	if (count > NAMED_MAX)
		verdict_add(draft, " ...");
}

bool verdict_find_cycle(struct verdict_draft *draft)
{
	const struct wait_graph *graph = &draft->graph;
	size_t first = wait_graph_cycle(graph, 0), at = first, count = 0;
	enum verdict_trust trust = VERDICT_CERTAIN;

	if (first == SNAPSHOT_NONE)
		return false;
	do {
		if (!graph->edges[at].certain)
			trust = VERDICT_LIKELY;
		count++;
		at = graph->edges[at].to;
	} while (at != first);
	verdict_begin(draft, "deadlock", trust);
	if (count == 1) {
		verdict_add_thread(draft, first);
		verdict_add(draft, " ");
		wording_activity(&draft->verdict->text, draft->snapshot, first);
		return true;
	}
	add_members(draft, first, count);
	for (size_t i = 0; i < count; i++, at = graph->edges[at].to) {
		if (i >= CYCLE_LINES) {
			verdict_name(draft, at);
			continue;
		}
		verdict_add(draft, "\n");
		verdict_add_thread(draft, at);
		verdict_add(draft, " ");
		wording_activity(&draft->verdict->text, draft->snapshot, at);
		if (!draft->snapshot->threads[at].wait.kind &&
		    draft->snapshot->threads[at].call.class != SYSCALL_CHILD) {
			verdict_add(draft, ": waits for ");
			wording_thread(&draft->verdict->text, draft->snapshot, graph->edges[at].to);
		}
	}
	if (count > CYCLE_LINES)
		buf_printf(&draft->verdict->text, "\nand %zu more", count - CYCLE_LINES);
	return true;
}

/* Depth-first search; a task can wait for several others (gather). Returns a task of the cycle,
 * or SNAPSHOT_NONE. */
static size_t find_task_cycle(const struct snapshot *snapshot, size_t task, char *colours,
                              size_t *from)
{
	const struct snapshot_task *row;
	size_t *stack = alloc_zeroed(snapshot->task_count + 1, sizeof(*stack));
	size_t *next = alloc_zeroed(snapshot->task_count + 1, sizeof(*next));
	size_t depth = 0, ret = SNAPSHOT_NONE;

	stack[0] = task;
	colours[task] = 1;
	for (;;) {
		size_t to;

		row = &snapshot->tasks[stack[depth]];
		if (next[depth] == row->wait_count) {
			colours[stack[depth]] = 2;
			if (!depth--)
				break;
			continue;
		}
		to = snapshot_find_task(snapshot, row->waits[next[depth]++]);
		if (to == SNAPSHOT_NONE || colours[to] == 2)
			continue;
		from[to] = stack[depth];
		if (colours[to] == 1) {
			ret = to;
			break;
		}
		colours[to] = 1;
		stack[++depth] = to;
		next[depth] = 0;
	}
	free(stack);
	free(next);
	return ret;
}

/* The holder of a lock of asyncio is not recorded, so the edge is a candidate only. */
static bool is_lock_wait(const struct verdict_draft *draft, size_t task)
{
	struct span on = intern_get(draft->snapshot->intern, draft->snapshot->tasks[task].on);

	return span_eq(on, SPAN_LIT("lock")) || span_eq(on, SPAN_LIT("semaphore"));
}

/* A lock that stores its owner. */
static bool is_owned(const struct verdict_draft *draft, size_t task)
{
	return span_eq(intern_get(draft->snapshot->intern, draft->snapshot->tasks[task].on),
	               SPAN_LIT("rlock"));
}

/* A line: the task `waiter` waits for the task `to`. */
static void add_task_edge(struct verdict_draft *draft, size_t waiter, size_t to)
{
	const struct snapshot_task *row = &draft->snapshot->tasks[to];

	verdict_add(draft, "\n");
	verdict_add_task(draft, waiter);
	if (is_lock_wait(draft, waiter)) {
		draft->verdict->trust = VERDICT_LIKELY;
		verdict_add_task_wait(draft, waiter);
		verdict_add(draft, ", perhaps held by ");
	} else if (is_owned(draft, waiter)) {
		verdict_add_task_wait(draft, waiter);
		verdict_add(draft, ", held by ");
	} else {
		verdict_add(draft,
		            row->kind == TASK_GREENLET ? " waits for the end of " : " awaits ");
	}
	verdict_add(draft, verdict_task_word(row));
	buf_add_span(&draft->verdict->text, intern_get(draft->snapshot->intern, row->name));
}

static void add_task_cycle(struct verdict_draft *draft, size_t last, const size_t *from)
{
	bool are_greenlets = draft->snapshot->tasks[last].kind == TASK_GREENLET;
	size_t at = last, count = 0;

	verdict_begin(draft, "deadlock", VERDICT_CERTAIN);
	do
		count++;
	while ((at = from[at]) != last);
	if (count == 1)
		verdict_add(draft, are_greenlets ? "a greenlet waits for itself"
		                                 : "a task of asyncio's awaits itself");
	else
		buf_printf(&draft->verdict->text, "%zu %s each other", count,
		           are_greenlets ? "greenlets wait for" : "tasks of asyncio's await");
	for (size_t i = 0; i < count && i < CYCLE_LINES; i++, at = from[at])
		add_task_edge(draft, from[at], at);
	if (count > CYCLE_LINES)
		buf_printf(&draft->verdict->text, "\nand %zu more", count - CYCLE_LINES);
}

bool verdict_find_task_cycle(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	char *colours = alloc_zeroed(snapshot->task_count + 1, 1);
	size_t *from = alloc_zeroed(snapshot->task_count + 1, sizeof(*from));
	size_t last = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->task_count && last == SNAPSHOT_NONE; i++)
		if (!colours[i])
			last = find_task_cycle(snapshot, i, colours, from);
	if (last != SNAPSHOT_NONE)
		add_task_cycle(draft, last, from);
	free(colours);
	free(from);
	return last != SNAPSHOT_NONE;
}
