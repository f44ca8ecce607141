/* verdict_cycles: threads, processes or tasks that wait for each other in a circle. */
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/verdict_draft.h"

#define CYCLE_LINES 12 /* of a longer one the rest is counted */

bool verdict_find_cycle(struct verdict_draft *maker)
{
	const struct wait_graph *graph = &maker->graph;
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
	verdict_begin(maker, "deadlock", trust);
	if (count == 1)
		verdict_add(maker, "a thread waits for what it holds itself");
	else
		buf_printf(&maker->verdict->text, "%zu wait for each other", count);
	for (size_t i = 0; i < count; i++, at = graph->edges[at].to) {
		if (i >= CYCLE_LINES) {
			verdict_name(maker, at);
			continue;
		}
		verdict_add(maker, "\n");
		verdict_add_thread(maker, at);
		verdict_add(maker, " ");
		wording_activity(&maker->verdict->text, maker->snapshot, at);
		if (!maker->snapshot->threads[at].wait.kind) {
			verdict_add(maker, ": waits for ");
			wording_thread(&maker->verdict->text, maker->snapshot, graph->edges[at].to);
		}
	}
	if (count > CYCLE_LINES)
		buf_printf(&maker->verdict->text, "\nand %zu more", count - CYCLE_LINES);
	return true;
}

/* Depth first over all that a task waits for: gather waits for many. Returns the task where a circle closes. */
static size_t task_cycle(const struct snapshot *snapshot, size_t task, char *colours, size_t *from)
{
	const struct snapshot_task *it = &snapshot->tasks[task];
	size_t *stack = alloc_zeroed(snapshot->task_count + 1, sizeof(*stack));
	size_t *next = alloc_zeroed(snapshot->task_count + 1, sizeof(*next));
	size_t depth = 0, ret = SNAPSHOT_NONE;

	stack[0] = task;
	colours[task] = 1;
	for (;;) {
		size_t to;

		it = &snapshot->tasks[stack[depth]];
		if (next[depth] == it->wait_count) {
			colours[stack[depth]] = 2;
			if (!depth--)
				break;
			continue;
		}
		to = snapshot_find_task(snapshot, it->waits[next[depth]++]);
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

/* A lock does not tell which task has it. */
static bool waits_for_lock(const struct verdict_draft *maker, size_t task)
{
	return span_eq(intern_get(maker->snapshot->intern, maker->snapshot->tasks[task].on),
	               SPAN_LIT("lock"));
}

static void add_task_cycle(struct verdict_draft *maker, size_t last, const size_t *from)
{
	size_t at = last, count = 0;

	verdict_begin(maker, "deadlock", VERDICT_CERTAIN);
	do
		count++;
	while ((at = from[at]) != last);
	if (count == 1)
		verdict_add(maker, "a task of asyncio's awaits itself");
	else
		buf_printf(&maker->verdict->text, "%zu tasks of asyncio's await each other", count);
	for (size_t i = 0; i < count && i < CYCLE_LINES; i++) {
		size_t waiter = from[at];

		verdict_add(maker, "\n");
		verdict_add_task(maker, waiter);
		if (waits_for_lock(maker, waiter))
			maker->verdict->trust = VERDICT_LIKELY;
		verdict_add(maker, waits_for_lock(maker, waiter)
		                           ? " awaits a lock, perhaps held by task "
		                           : " awaits task ");
		buf_add_span(&maker->verdict->text,
		             intern_get(maker->snapshot->intern, maker->snapshot->tasks[at].name));
		at = waiter;
	}
	if (count > CYCLE_LINES)
		buf_printf(&maker->verdict->text, "\nand %zu more", count - CYCLE_LINES);
}

bool verdict_find_task_cycle(struct verdict_draft *maker)
{
	const struct snapshot *snapshot = maker->snapshot;
	char *colours = alloc_zeroed(snapshot->task_count + 1, 1);
	size_t *from = alloc_zeroed(snapshot->task_count + 1, sizeof(*from));
	size_t last = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->task_count && last == SNAPSHOT_NONE; i++)
		if (!colours[i])
			last = task_cycle(snapshot, i, colours, from);
	if (last != SNAPSHOT_NONE)
		add_task_cycle(maker, last, from);
	free(colours);
	free(from);
	return last != SNAPSHOT_NONE;
}
