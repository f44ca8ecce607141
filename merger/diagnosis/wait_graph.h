/* wait_graph: which thread waits for which. A thread waits for one thing at a time, so each has one edge at most: to the
 * thread that its lock names as the owner, to the one that it joins, to the holder of the GIL, to the child or the other
 * end of a pipe that is in the snapshot, too; or to the only one that may hold a lock that names no owner. */
#ifndef PMP_WAIT_GRAPH_H
#define PMP_WAIT_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/diagnosis/snapshot.h"

struct wait_edge {
	size_t to; /* place in the snapshot's threads; SNAPSHOT_NONE: it waits for no thread, or for none that is known */
	bool certain; /* false: the lock does not tell, and it's the only candidate */
};

struct wait_graph {
	struct wait_edge *edges; /* a thread each */
	size_t *waiters;         /* how many wait for it, and for those that wait for it */
	size_t count;
};

void wait_graph_init(struct wait_graph *graph, const struct snapshot *snapshot);
void wait_graph_deinit(struct wait_graph *graph);

/* The last thread of the chain that begins at `thread`: itself, if it waits for none. SNAPSHOT_NONE: it is a cycle. */
size_t wait_graph_root(const struct wait_graph *graph, size_t thread);
/* The next cycle: its thread with the lowest place at or behind `from`. SNAPSHOT_NONE: there is none. */
size_t wait_graph_cycle(const struct wait_graph *graph, size_t from);

#endif
