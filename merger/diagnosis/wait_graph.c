#include "merger/diagnosis/wait_graph.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "merger/diagnosis/thread_load.h"
#include "merger/diagnosis/thread_rank.h"

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
		return make_edge(snapshot, wait->owner_pid ? wait->owner_pid : thread->pid,
		                 wait->owner, true);
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

/* Does the process do nothing for its peer? Not one that waits for work: it may have given its
 * answer, or never had the question. Of a process with several threads, only its main thread can be
 * named, and only if its stacks show what that does. */
static bool is_standing(const struct snapshot *snapshot, uint32_t pid)
{
	size_t at = snapshot_find_thread(snapshot, pid, pid), threads = 0;
	size_t process = snapshot_find_process(snapshot, pid);

	if (at == SNAPSHOT_NONE || process == SNAPSHOT_NONE)
		return false;
	if (strchr("TtZ", snapshot->processes[process].state))
		return true;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		threads += snapshot->threads[i].pid == pid;
	if (threads > 1 && snapshot->processes[process].hop)
		return false;
	/* It was on a CPU when it was looked at, but hardly before and after. */
	if (snapshot_thread_is_running(&snapshot->threads[at]) &&
	    thread_load_of(&snapshot->threads[at]) == THREAD_LOAD_NONE)
		return false;
	return thread_rank_of(snapshot, &snapshot->threads[at]) < RANK_IDLE;
}

/* The only other process that has the other end of the descriptor; 0: none, or several. */
static uint32_t find_only_peer(const struct snapshot *snapshot, uint32_t pid, uint32_t fd)
{
	size_t at = snapshot_find_fd(snapshot, pid, fd);
	uint32_t only = 0;

	for (size_t i = 0; at != SNAPSHOT_NONE && i < snapshot->fds[at].peer_count; i++) {
		uint32_t peer = snapshot->fds[at].peers[i].pid;

		if (peer == pid)
			continue;
		if (only && peer != only)
			return 0;
		only = peer;
	}
	return only;
}

/* An edge to the only other process that has the other ends of all pipes and sockets
 * that the thread waits for. */
static struct wait_edge find_peer_edge(const struct snapshot *snapshot,
                                       const struct snapshot_thread *thread)
{
	uint32_t only = 0;

	for (size_t i = 0; i < thread->call.fd_count; i++) {
		uint32_t peer = find_only_peer(snapshot, thread->pid, thread->call.fds[i]);

		if (!peer || (only && peer != only))
			return NO_EDGE;
		only = peer;
	}
	return is_standing(snapshot, only) ? make_edge(snapshot, only, only, false) : NO_EDGE;
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

/* To the child that it waits for; if it waits for any, to the only one that lives. Without a stack
 * of the child, nothing says more of one that waits for work. */
static struct wait_edge find_child_edge(const struct snapshot *snapshot,
                                        const struct snapshot_thread *thread)
{
	uint32_t only = thread->call.wait_pid;
	size_t alive = 0;

	for (size_t i = 0; i < snapshot->child_count && !thread->call.wait_pid; i++) {
		const struct snapshot_child *child = &snapshot->children[i];

		if (child->ppid != thread->pid || child->state == 'Z')
			continue;
		only = child->pid;
		alive++;
	}
	if (alive > 1 || (snapshot_is_hop(snapshot, only) && !is_standing(snapshot, only)))
		return NO_EDGE;
	return make_edge(snapshot, only, only, true);
}

static struct wait_edge find_edge(const struct snapshot *snapshot,
                                  const struct snapshot_thread *thread)
{
	if (thread->wait.kind != WAIT_NONE)
		return find_lock_edge(snapshot, thread);
	switch (thread->call.class) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
	case SYSCALL_POLL:
		return find_peer_edge(snapshot, thread);
	case SYSCALL_FILE_LOCK:
		return find_holder_edge(snapshot, thread);
	case SYSCALL_CHILD:
		return find_child_edge(snapshot, thread);
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
