#include "merger/diagnosis/wait_graph.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

#define NO_EDGE ((struct wait_edge){ SNAPSHOT_NONE, false })

static struct wait_edge make_edge(const struct snapshot *snapshot, uint32_t pid, uint32_t tid,
                                  bool certain)
{
	return (struct wait_edge){ tid ? snapshot_find_thread(snapshot, pid, tid) : SNAPSHOT_NONE,
		                   certain };
}

/* A candidate that waits for the same lock is not its owner: `with` puts its exit on the stack
 * before it waits. */
static bool is_waiting_on(const struct snapshot *snapshot, uint32_t pid, uint32_t tid, uint64_t on)
{
	size_t at = snapshot_find_thread(snapshot, pid, tid);

	return at == SNAPSHOT_NONE || (on && snapshot->threads[at].wait.on == on);
}

static struct wait_edge find_lock_edge(const struct snapshot *snapshot,
                                       const struct snapshot_thread *thread)
{
	const struct snapshot_wait *wait = &thread->wait;
	uint32_t only = 0;
	size_t found = 0;

	if (wait->owner)
		return make_edge(snapshot, thread->pid, wait->owner, true);
	if (wait->kind == WAIT_GIL && !wait->candidate_count)
		return make_edge(
		        snapshot, thread->pid,
		        snapshot->processes[snapshot_find_process(snapshot, thread->pid)].gil_tid,
		        true);
	for (size_t i = 0; i < wait->candidate_count; i++) {
		if (wait->candidates[i] != thread->tid &&
		    is_waiting_on(snapshot, thread->pid, wait->candidates[i], wait->on))
			continue;
		only = wait->candidates[i];
		found++;
	}
	return found == 1 ? make_edge(snapshot, thread->pid, only, false) : NO_EDGE;
}

/* An edge to the only other process of the snapshot that has the other end of the pipe or
 * socket. */
static struct wait_edge find_peer_edge(const struct snapshot *snapshot,
                                       const struct snapshot_thread *thread)
{
	size_t at = thread->call.fd_count == 1
	                    ? snapshot_find_fd(snapshot, thread->pid, thread->call.fds[0])
	                    : SNAPSHOT_NONE;
	uint32_t only = 0;

	if (at == SNAPSHOT_NONE)
		return NO_EDGE;
	for (size_t i = 0; i < snapshot->fds[at].peer_count; i++) {
		uint32_t peer = snapshot->fds[at].peers[i].pid;

		if (peer == thread->pid)
			continue;
		if (only && peer != only)
			return NO_EDGE;
		only = peer;
	}
	return make_edge(snapshot, only, only, false);
}

static struct wait_edge find_holder_edge(const struct snapshot *snapshot,
                                         const struct snapshot_thread *thread)
{
	size_t at = thread->call.fd_count == 1
	                    ? snapshot_find_fd(snapshot, thread->pid, thread->call.fds[0])
	                    : SNAPSHOT_NONE;

	if (at == SNAPSHOT_NONE || snapshot->fds[at].holder_count != 1)
		return NO_EDGE;
	return make_edge(snapshot, snapshot->fds[at].holders[0].pid,
	                 snapshot->fds[at].holders[0].pid, true);
}

static struct wait_edge find_edge(const struct snapshot *snapshot,
                                  const struct snapshot_thread *thread)
{
	if (thread->wait.kind != WAIT_NONE)
		return find_lock_edge(snapshot, thread);
	switch (thread->call.class) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
		return find_peer_edge(snapshot, thread);
	case SYSCALL_FILE_LOCK:
		return find_holder_edge(snapshot, thread);
	case SYSCALL_CHILD:
		return make_edge(snapshot, thread->call.wait_pid, thread->call.wait_pid, true);
	default:
		return NO_EDGE;
	}
}

/* Can each of the candidates end the wait? */
static bool needs_any(const struct snapshot_wait *wait)
{
	return wait->candidate_count > 1 &&
	       (wait->kind == WAIT_FUTURE || wait->kind == WAIT_PYTHON_SEMAPHORE);
}

/* A thread that waits for any of several others gets an edge to the first one that waits for no
 * thread: so it is in no cycle. */
static void add_any_edges(struct wait_graph *graph, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < graph->count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];

		for (size_t j = 0; needs_any(&thread->wait) && j < thread->wait.candidate_count &&
		                   graph->edges[i].to == SNAPSHOT_NONE;
		     j++) {
			struct wait_edge edge =
			        make_edge(snapshot, thread->pid, thread->wait.candidates[j], false);

			if (edge.to != SNAPSHOT_NONE && graph->edges[edge.to].to == SNAPSHOT_NONE &&
			    !needs_any(&snapshot->threads[edge.to].wait))
				graph->edges[i] = edge;
		}
	}
}

void wait_graph_init(struct wait_graph *graph, const struct snapshot *snapshot)
{
	size_t count = snapshot->thread_count;

	*graph = (struct wait_graph){
		.edges = alloc_zeroed(count + 1, sizeof(*graph->edges)),
		.waiters = alloc_zeroed(count + 1, sizeof(*graph->waiters)),
		.count = count,
	};
	for (size_t i = 0; i < count; i++) {
		graph->edges[i] = find_edge(snapshot, &snapshot->threads[i]);
		/* Only a lock can be held by the thread that waits for it. */
		if (graph->edges[i].to == i && snapshot->threads[i].wait.kind == WAIT_NONE)
			graph->edges[i] = NO_EDGE;
	}
	add_any_edges(graph, snapshot);
	for (size_t i = 0; i < count; i++) {
		size_t at = graph->edges[i].to;

		for (size_t steps = 0; at != SNAPSHOT_NONE && at != i && steps < count; steps++) {
			graph->waiters[at]++;
			at = graph->edges[at].to;
		}
	}
}

void wait_graph_deinit(struct wait_graph *graph)
{
	free(graph->edges);
	free(graph->waiters);
}

size_t wait_graph_root(const struct wait_graph *graph, size_t thread)
{
	for (size_t steps = 0; steps <= graph->count; steps++) {
		if (graph->edges[thread].to == SNAPSHOT_NONE)
			return thread;
		thread = graph->edges[thread].to;
	}
	return SNAPSHOT_NONE;
}

/* Does the chain from this thread return to it? */
static bool is_cycle_start(const struct wait_graph *graph, size_t thread)
{
	size_t at = graph->edges[thread].to;

	for (size_t steps = 0; at != SNAPSHOT_NONE && steps <= graph->count; steps++) {
		if (at == thread)
			return true;
		at = graph->edges[at].to;
	}
	return false;
}

size_t wait_graph_cycle(const struct wait_graph *graph, size_t from)
{
	for (size_t i = from; i < graph->count; i++) {
		bool first = is_cycle_start(graph, i);

		for (size_t at = graph->edges[i].to; first && at != i; at = graph->edges[at].to)
			first = at > i;
		if (first)
			return i;
	}
	return SNAPSHOT_NONE;
}
