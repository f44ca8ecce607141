/* verdict_waits: if no thread waits for another one: the thread with the most significant wait. */
#include "merger/diagnosis/verdict_draft.h"

/* The wait of a thread that waits for no other one, most significant first. */
enum rank {
	RANK_UNINTERRUPTIBLE,
	RANK_CHILD,
	RANK_FILE_LOCK,
	RANK_LOCK,
	RANK_IO,
	RANK_BUSY,
	RANK_WAIT, /* from here on it may be waiting for work */
	RANK_SLEEP,
	RANK_IDLE,
	RANK_UNKNOWN,
	RANK_COUNT
};

static const char *const rank_kinds[RANK_COUNT] = {
	[RANK_UNINTERRUPTIBLE] = "uninterruptible",
	[RANK_CHILD] = "child",
	[RANK_FILE_LOCK] = "file_lock",
	[RANK_LOCK] = "lock",
	[RANK_IO] = "io",
	[RANK_BUSY] = "busy",
	[RANK_WAIT] = "wait",
	[RANK_SLEEP] = "sleep",
	[RANK_IDLE] = "idle",
	[RANK_UNKNOWN] = "unknown",
};

static bool is_fd_word(const struct snapshot *snapshot, uint32_t word, const char *text)
{
	return span_eq(intern_get(snapshot->intern, word), span_of(text));
}

/* poll and similar calls: on a connection (IO), or for a new client (IDLE)? */
static enum rank rank_poll(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	bool connected = false;

	for (size_t i = 0; i < thread->call.fd_count; i++) {
		size_t at = snapshot_find_fd(snapshot, thread->pid, thread->call.fds[i]);
		const struct snapshot_fd *row;

		if (at == SNAPSHOT_NONE)
			continue;
		row = &snapshot->fds[at];
		if (is_fd_word(snapshot, row->state, "LISTEN"))
			return RANK_IDLE;
		if (is_fd_word(snapshot, row->kind, "tcp") ||
		    is_fd_word(snapshot, row->kind, "pipe"))
			connected = true;
	}
	return connected ? RANK_IO : RANK_IDLE;
}

static enum rank rank_wait(const struct snapshot_wait *wait)
{
	switch (wait->kind) {
	case WAIT_MUTEX:
	case WAIT_RWLOCK:
	case WAIT_LOCK:
	case WAIT_RLOCK:
	case WAIT_IMPORT:
	case WAIT_PYMUTEX:
		return RANK_LOCK;
	case WAIT_GIL:
		return RANK_BUSY;
	default:
		return RANK_WAIT;
	}
}

static enum rank rank_thread(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	if (thread->state == 'D')
		return thread->call.class == SYSCALL_CHILD ? RANK_CHILD : RANK_UNINTERRUPTIBLE;
	if (thread->wait.kind != WAIT_NONE)
		return rank_wait(&thread->wait);
	if (snapshot_thread_is_running(thread))
		return RANK_BUSY;
	switch (thread->call.class) {
	case SYSCALL_READ:
	case SYSCALL_WRITE:
	case SYSCALL_CONNECT:
		return RANK_IO;
	case SYSCALL_CHILD:
		return RANK_CHILD;
	case SYSCALL_FILE_LOCK:
		return RANK_FILE_LOCK;
	case SYSCALL_POLL:
		return rank_poll(snapshot, thread);
	case SYSCALL_ACCEPT:
	case SYSCALL_SIGNAL:
		return RANK_IDLE;
	case SYSCALL_SLEEP:
		return RANK_SLEEP;
	case SYSCALL_FUTEX:
		return RANK_WAIT;
	default:
		return RANK_UNKNOWN;
	}
}

/* The main thread, unless it may be waiting for work; otherwise the thread with the most
 * significant wait. */
static size_t find_thread(const struct snapshot *snapshot, enum rank *ret)
{
	size_t best = SNAPSHOT_NONE;

	*ret = RANK_UNKNOWN;
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];
		enum rank rank = rank_thread(snapshot, thread);

		if (snapshot_thread_is_main(thread) && rank < RANK_WAIT) {
			*ret = rank;
			return i;
		}
		if (best != SNAPSHOT_NONE &&
		    (rank > *ret || (rank == *ret && !snapshot_thread_is_main(thread))))
			continue;
		/* Among threads that may be waiting for work the main thread is preferred. */
		if (best != SNAPSHOT_NONE && rank >= RANK_WAIT &&
		    snapshot_thread_is_main(&snapshot->threads[best]))
			continue;
		if (best != SNAPSHOT_NONE && rank >= RANK_WAIT && *ret < RANK_WAIT)
			continue;
		best = i;
		*ret = rank;
	}
	return best;
}

bool verdict_find_single_cause(struct verdict_draft *draft)
{
	enum rank rank;
	size_t thread = find_thread(draft->snapshot, &rank);

	if (thread == SNAPSHOT_NONE || rank >= RANK_WAIT)
		return false;
	verdict_begin(draft, rank_kinds[rank], VERDICT_CERTAIN);
	if (draft->snapshot->threads[thread].wait.kind != WAIT_NONE)
		draft->verdict->trust = VERDICT_LIKELY; /* the lock's owner is unknown */
	verdict_name(draft, thread);
	verdict_add_activity(draft, thread, " ");
	return true;
}

bool verdict_find_waiting(struct verdict_draft *draft)
{
	enum rank rank;
	size_t thread = find_thread(draft->snapshot, &rank);

	if (thread == SNAPSHOT_NONE)
		return false;
	verdict_begin(draft, rank_kinds[rank],
	              rank == RANK_UNKNOWN ? VERDICT_GUESS : VERDICT_LIKELY);
	if (rank == RANK_IDLE)
		verdict_add(draft, "it waits for work, and nothing says that it hangs\n");
	verdict_name(draft, thread);
	verdict_add_activity(draft, thread, " ");
	return true;
}
