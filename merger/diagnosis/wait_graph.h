/* wait_graph: which thread waits for which. A thread waits for one thing at a time, so it has at
 * most one edge: to the owner of its lock, to the thread that it joins, to the owner of the GIL,
 * or to a child or the other end of a pipe in the same snapshot. If a lock has no owner but a
 * single candidate, the edge leads to that. */
#ifndef PMP_WAIT_GRAPH_H
#define PMP_WAIT_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/diagnosis/snapshot.h"

struct wait_edge {
	/* index of the snapshot's threads; SNAPSHOT_NONE: it waits for no known thread */
	size_t to;
	bool certain; /* false: the target is the only candidate */
};

struct wait_graph {
	struct wait_edge *edges; /* by thread */
	/* by thread: number of threads that wait for it, directly or not */
	size_t *waiters;
	size_t count;
};

void wait_graph_init(struct wait_graph *graph, const struct snapshot *snapshot);
void wait_graph_deinit(struct wait_graph *graph);

/* The last thread of the chain from `thread` on (`thread` itself if it does not wait).
 * SNAPSHOT_NONE: a cycle. */
size_t wait_graph_root(const struct wait_graph *graph, size_t thread);
/* The next cycle, as its thread with the lowest index, which is at least `from`. SNAPSHOT_NONE:
 * none. */
size_t wait_graph_cycle(const struct wait_graph *graph, size_t from);

#endif
