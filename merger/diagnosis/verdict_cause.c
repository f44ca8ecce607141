/* verdict_cause: the thread at the end of a chain of waits, and who waits for it. Without waits
 * between threads: the thread whose own wait is the most significant. */
#include <inttypes.h>

#include "merger/diagnosis/process_role.h"
#include "merger/diagnosis/thread_load.h"
#include "merger/diagnosis/thread_rank.h"
#include "merger/diagnosis/verdict_draft.h"

#define CHAIN_LINES 3 /* lines of threads that wait for the cause */

/* What a thread at the end of a chain is, for the choice of the cause. */
struct cause {
	size_t thread; /* SNAPSHOT_NONE: none */
	size_t waiter; /* the thread that waits directly for it; SNAPSHOT_NONE: none */
	bool holds;    /* the waiter waits for a lock of it */
	bool is_mains; /* it is the main thread, or the main thread waits for it */
	enum thread_rank rank;
	enum process_role role;
	size_t same;      /* processes of its family that do the same, with itself */
	unsigned percent; /* of a CPU that it used before the stop */
};

/* The kind of verdict if a thread waits for what another one holds; NULL: it waits for something
 * else. */
static const char *find_holder_kind(const struct snapshot_thread *waiter)
{
	switch (waiter->wait.kind) {
	case WAIT_GIL:
		return "gil";
	case WAIT_MUTEX:
	case WAIT_RWLOCK:
	case WAIT_LOCK:
	case WAIT_RLOCK:
	case WAIT_IMPORT:
	case WAIT_PYMUTEX:
	case WAIT_PYTHON_SEMAPHORE:
	case WAIT_PROCESS_LOCK:
	case WAIT_SEMAPHORE:
	case WAIT_FUTEX:
		return "lock";
	case WAIT_NONE:
		return waiter->call.class == SYSCALL_FILE_LOCK ? "file_lock" : NULL;
	default:
		return NULL;
	}
}

/* The first thread that waits directly for `root`; one that waits for a lock is preferred, and
 * among equal ones the main thread. */
static size_t find_waiter(const struct verdict_draft *draft, size_t root)
{
	const struct snapshot_thread *threads = draft->snapshot->threads;
	size_t best = SNAPSHOT_NONE;
	int best_score = -1;

	for (size_t i = 0; i < draft->graph.count; i++) {
		int score;

		if (draft->graph.edges[i].to != root)
			continue;
		score = 2 * (find_holder_kind(&threads[i]) != NULL) +
		        snapshot_thread_is_main(&threads[i]);
		if (score > best_score) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

static bool is_mains(const struct verdict_draft *draft, size_t root)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (snapshot_thread_is_main(&snapshot->threads[i]) &&
		    wait_graph_root(&draft->graph, i) == root)
			return true;
	return false;
}

static struct cause make_cause(const struct verdict_draft *draft, size_t thread)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_thread *row = &snapshot->threads[thread];
	size_t process = snapshot_find_process(snapshot, row->pid);
	bool waited_for = draft->graph.waiters[thread] > 0; /* usually not: this is a fast way */
	struct cause ret = {
		.thread = thread,
		.waiter = waited_for ? find_waiter(draft, thread) : SNAPSHOT_NONE,
		.is_mains = snapshot_thread_is_main(row) || (waited_for && is_mains(draft, thread)),
		.rank = thread_rank_of(snapshot, row),
		.percent = thread_load_percent(row),
	};

	if (process != SNAPSHOT_NONE) {
		ret.same = draft->groups.size[process];
		/* No role makes up for a sleep that no signal ends. */
		if (ret.rank != RANK_UNINTERRUPTIBLE)
			ret.role = process_role_of(snapshot, &snapshot->processes[process]);
	}
	ret.holds = ret.waiter != SNAPSHOT_NONE &&
	            find_holder_kind(&snapshot->threads[ret.waiter]) &&
	            !thread_rank_serves(snapshot, row) && !thread_rank_is_fed(snapshot, row);
	if (ret.waiter == SNAPSHOT_NONE && thread_rank_is_fed(snapshot, row))
		ret.rank = RANK_IDLE;
	return ret;
}

/* Does a come before b? A lock that others wait for is first; then processes of the program's own
 * code; then what the main thread waits for, unless that may be work; then a worker that does
 * something else than the others. */
static bool is_before(const struct verdict_draft *draft, const struct cause *a,
                      const struct cause *b)
{
	bool a_main = a->is_mains && a->rank < RANK_WAIT,
	     b_main = b->is_mains && b->rank < RANK_WAIT;

	if (b->thread == SNAPSHOT_NONE)
		return true;
	if (a->holds != b->holds)
		return a->holds;
	if (a->holds && draft->graph.waiters[a->thread] != draft->graph.waiters[b->thread])
		return draft->graph.waiters[a->thread] > draft->graph.waiters[b->thread];
	if (a->role != b->role)
		return a->role < b->role;
	/* A supervisor that was just woken runs, too. */
	if (a->rank == RANK_BUSY && b->rank == RANK_BUSY && a->percent != b->percent)
		return a->percent > b->percent;
	if (a_main != b_main)
		return a_main;
	if ((a->rank < RANK_WAIT || b->rank < RANK_WAIT) && a->rank != b->rank)
		return a->rank < b->rank;
	if (a->is_mains != b->is_mains)
		return a->is_mains;
	if (a->rank == b->rank && a->same != b->same)
		return a->same < b->same;
	if (a->rank == b->rank && a->same > 1)
		return a->percent > b->percent;
	return a->rank < b->rank;
}

static struct cause find_cause(const struct verdict_draft *draft)
{
	struct cause best = { .thread = SNAPSHOT_NONE };

	for (size_t i = 0; i < draft->graph.count; i++) {
		struct cause cause;

		if (draft->graph.edges[i].to != SNAPSHOT_NONE)
			continue;
		cause = make_cause(draft, i);
		if (is_before(draft, &cause, &best))
			best = cause;
	}
	return best;
}

/* A GIL owner that runs Python gives the GIL up regularly, so nothing hangs. So does an owner of
 * Ruby's GVL, also between the calls of blocks by methods in C. */
static bool gives_gil_up(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	size_t process = snapshot_find_process(snapshot, thread->pid);

	return snapshot_thread_is_running(thread) && thread->frame_count &&
	       (thread->frames[thread->frame_count - 1].kind != FRAME_NATIVE ||
	        (process != SNAPSHOT_NONE && snapshot->processes[process].ruby));
}

/* The kind of what a thread waits for by itself. */
static const char *choose_own_kind(const struct snapshot_thread *thread, enum thread_rank rank)
{
	/* The thread that it joins is unknown, otherwise it would not be the end of a chain. */
	return thread->wait.kind == WAIT_JOIN ? "join" : thread_rank_kind(rank);
}

static const char *choose_kind(const struct verdict_draft *draft, const struct cause *cause)
{
	const struct snapshot_thread *thread = &draft->snapshot->threads[cause->thread];
	const char *kind;

	if (!cause->holds || thread->wait.kind != WAIT_NONE)
		return choose_own_kind(thread, cause->rank);
	kind = find_holder_kind(&draft->snapshot->threads[cause->waiter]);
	if (!strcmp(kind, "gil") ? gives_gil_up(draft->snapshot, thread)
	                         : snapshot_thread_is_running(thread))
		return "busy";
	return kind;
}

/* Were the facts read from the process, or taken from the names of functions? */
static bool is_read(const struct snapshot_thread *thread)
{
	return thread->state || thread->call.text || thread->wait.on || thread->wait.owner;
}

/* That a process that was not asked for waits for one that was is no part of the reason. */
static bool is_part_of_reason(const struct verdict_draft *draft, size_t waiter, size_t cause)
{
	const struct snapshot *snapshot = draft->snapshot;

	return snapshot_is_hop(snapshot, snapshot->threads[cause].pid) ||
	       !snapshot_is_hop(snapshot, snapshot->threads[waiter].pid);
}

static enum verdict_trust choose_trust(const struct verdict_draft *draft, const struct cause *cause)
{
	const struct snapshot_thread *thread = &draft->snapshot->threads[cause->thread];
	size_t at = cause->waiter;

	if (cause->rank == RANK_UNKNOWN && !cause->holds)
		return VERDICT_GUESS;
	if (at != SNAPSHOT_NONE && !draft->graph.edges[at].certain &&
	    is_part_of_reason(draft, at, cause->thread))
		return VERDICT_LIKELY;
	if (cause->holds && thread->wait.kind == WAIT_NONE)
		return VERDICT_CERTAIN;
	if (thread->wait.kind != WAIT_NONE || thread->call.class == SYSCALL_POLL ||
	    !is_read(thread))
		return VERDICT_LIKELY;
	if (cause->rank == RANK_BUSY)
		return thread_load_trust(draft->snapshot, thread);
	if (cause->rank == RANK_SLEEP && at != SNAPSHOT_NONE)
		return VERDICT_CERTAIN;
	return cause->rank < RANK_WAIT ? VERDICT_CERTAIN : VERDICT_LIKELY;
}

/* The number of different locks that the direct waiters wait for. */
static size_t count_locks(const struct verdict_draft *draft, size_t root)
{
	const struct snapshot_thread *threads = draft->snapshot->threads;
	size_t count = 0;

	for (size_t i = 0; i < draft->graph.count; i++) {
		bool is_new = draft->graph.edges[i].to == root && threads[i].wait.on;

		for (size_t j = 0; j < i && is_new; j++)
			is_new = draft->graph.edges[j].to != root ||
			         threads[j].wait.on != threads[i].wait.on;
		count += is_new;
	}
	return count;
}

/* " holds mutex 0x7f.. and" */
static void add_held(struct verdict_draft *draft, const struct cause *cause)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_thread *waiter = &snapshot->threads[cause->waiter];
	size_t locks = count_locks(draft, cause->thread);

	verdict_add(draft, draft->graph.edges[cause->waiter].certain ? " holds " : " may hold ");
	if (locks > 1)
		buf_printf(&draft->verdict->text, "%zu locks", locks);
	else if (waiter->wait.kind != WAIT_NONE)
		wording_wait(&draft->verdict->text, snapshot, waiter);
	else
		wording_fd(&draft->verdict->text, snapshot, waiter->pid, waiter->call.fds[0]);
	verdict_add(draft, " and ");
}

/* ", and thread 4711 (main) waits for it" */
static void add_waiters(struct verdict_draft *draft, const struct cause *cause)
{
	size_t count = draft->graph.waiters[cause->thread];

	if (!count)
		return;
	verdict_add(draft, ", and ");
	if (count == 1)
		wording_thread(&draft->verdict->text, draft->snapshot, cause->waiter);
	else
		buf_printf(&draft->verdict->text, "%zu threads", count);
	verdict_add(draft, count == 1 ? " waits for it" : " wait for it");
}

/* A thread from which the chain leads to the cause: the main thread, or the direct waiter. */
static size_t find_chain_start(const struct verdict_draft *draft, const struct cause *cause)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (i != cause->thread && snapshot_thread_is_main(&snapshot->threads[i]) &&
		    wait_graph_root(&draft->graph, i) == cause->thread)
			return i;
	return cause->waiter;
}

static void add_chain(struct verdict_draft *draft, const struct cause *cause)
{
	size_t at = cause->waiter == SNAPSHOT_NONE ? cause->thread : find_chain_start(draft, cause);

	for (size_t lines = 0; at != cause->thread && lines < CHAIN_LINES; lines++) {
		verdict_add(draft, "\n");
		verdict_add_thread(draft, at);
		verdict_add(draft, " ");
		wording_activity(&draft->verdict->text, draft->snapshot, at);
		at = draft->graph.edges[at].to;
	}
}

/* What could not be read, if that is why nothing is known. */
static void add_unread_stacks(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->unread_count; i++) {
		const struct snapshot_unread *row = &snapshot->unread[i];

		if (!span_eq(intern_get(snapshot->intern, row->what), SPAN_LIT("stacks")))
			continue;
		verdict_add(draft, "\nits stack could not be read: ");
		buf_add_span(&draft->verdict->text, intern_get(snapshot->intern, row->why));
		return;
	}
}

static bool write_cause(struct verdict_draft *draft, const struct cause *cause)
{
	verdict_begin(draft, choose_kind(draft, cause), choose_trust(draft, cause));
	verdict_add_thread(draft, cause->thread);
	if (cause->holds)
		add_held(draft, cause);
	else
		verdict_add(draft, " ");
	wording_activity(&draft->verdict->text, draft->snapshot, cause->thread);
	add_waiters(draft, cause);
	verdict_add_load(draft, cause->thread);
	if (cause->rank == RANK_IDLE && !cause->holds)
		verdict_add(draft, "\nit waits for work, and nothing says that it hangs");
	if (cause->rank == RANK_UNKNOWN && !cause->holds)
		add_unread_stacks(draft);
	add_chain(draft, cause);
	verdict_add_others(draft, cause->thread);
	verdict_add_progress(draft, cause->thread);
	return true;
}

bool verdict_find_cause(struct verdict_draft *draft)
{
	struct cause cause = find_cause(draft);

	return cause.thread != SNAPSHOT_NONE && (cause.holds || cause.rank < RANK_WAIT) &&
	       write_cause(draft, &cause);
}

bool verdict_find_waiting(struct verdict_draft *draft)
{
	struct cause cause = find_cause(draft);

	return cause.thread != SNAPSHOT_NONE && write_cause(draft, &cause);
}
