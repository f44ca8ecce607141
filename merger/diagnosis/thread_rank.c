#include "merger/diagnosis/thread_rank.h"

const char *thread_rank_kind(enum thread_rank rank)
{
	static const char *const kinds[RANK_COUNT] = {
		[RANK_UNINTERRUPTIBLE] = "uninterruptible",
		[RANK_CHILD] = "child",
		[RANK_FILE_LOCK] = "file_lock",
		[RANK_LOCK] = "lock",
		[RANK_IO] = "io",
		[RANK_GIL] = "gil",
		[RANK_BUSY] = "busy",
		[RANK_WAIT] = "wait",
		[RANK_SLEEP] = "sleep",
		[RANK_IDLE] = "idle",
		[RANK_UNKNOWN] = "unknown",
	};

	return kinds[rank];
}

/* What a thread waits for at one descriptor. */
enum source {
	SOURCE_UNKNOWN,
	SOURCE_LISTENER, /* a new client */
	SOURCE_CLIENT,   /* the next request of a client that it has accepted */
	SOURCE_WAKEUP,   /* its own process or family */
	SOURCE_EVENT,    /* the kernel: a change of a file, a timer, a signal */
	SOURCE_PEER,     /* somebody else: a server, another program */
	SOURCE_TERMINAL,
	SOURCE_COUNT
};

static bool is_word(const struct snapshot *snapshot, uint32_t word, const char *text)
{
	return span_eq(intern_get(snapshot->intern, word), span_of(text));
}

static bool is_kind(const struct snapshot *snapshot, uint32_t kind, const char *const *kinds,
                    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_word(snapshot, kind, kinds[i]))
			return true;
	return false;
}

/* Kinds of descriptors that only the kernel or the own process makes ready. */
static bool is_wakeup_kind(const struct snapshot *snapshot, uint32_t kind)
{
	static const char *const kinds[] = { "eventfd",  "epoll",       "pidfd",
		                             "io_uring", "userfaultfd", "other" };

	return is_kind(snapshot, kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static bool is_event_kind(const struct snapshot *snapshot, uint32_t kind)
{
	static const char *const kinds[] = { "timerfd", "signalfd", "inotify", "netlink" };

	return is_kind(snapshot, kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

/* Is it the process, its parent or its child? */
static bool is_family(const struct snapshot *snapshot, uint32_t pid, uint32_t other)
{
	size_t at = snapshot_find_process(snapshot, pid);

	if (other == pid || (at != SNAPSHOT_NONE && snapshot->processes[at].ppid == other))
		return true;
	for (size_t i = 0; i < snapshot->child_count; i++)
		if (snapshot->children[i].pid == other && snapshot->children[i].ppid == pid)
			return true;
	at = snapshot_find_process(snapshot, other);
	return at != SNAPSHOT_NONE && snapshot->processes[at].ppid == pid;
}

static bool is_sibling(const struct snapshot *snapshot, uint32_t pid, uint32_t other)
{
	size_t a = snapshot_find_process(snapshot, pid), b = snapshot_find_process(snapshot, other);

	return a != SNAPSHOT_NONE && b != SNAPSHOT_NONE && snapshot->processes[a].ppid > 1 &&
	       snapshot->processes[a].ppid == snapshot->processes[b].ppid;
}

/* Has a pipe or socket pair all its known ends in the process itself? */
static bool is_own_pair(const struct snapshot *snapshot, const struct snapshot_fd *fd)
{
	if (!is_word(snapshot, fd->kind, "pipe") && !is_word(snapshot, fd->kind, "unix"))
		return false;
	for (size_t i = 0; i < fd->peer_count; i++)
		if (fd->peers[i].pid != fd->pid)
			return false;
	return fd->peer_count > 0;
}

static bool is_family_pair(const struct snapshot *snapshot, const struct snapshot_fd *fd)
{
	for (size_t i = 0; i < fd->peer_count; i++)
		if (!is_family(snapshot, fd->pid, fd->peers[i].pid))
			return false;
	return fd->peer_count > 0;
}

static bool is_terminal(const struct snapshot *snapshot, const struct snapshot_fd *fd)
{
	struct span path = intern_get(snapshot->intern, fd->path);

	return is_word(snapshot, fd->kind, "device") &&
	       (span_starts(path, SPAN_LIT("/dev/pts/")) ||
	        span_starts(path, SPAN_LIT("/dev/tty")) || span_eq(path, SPAN_LIT("/dev/console")));
}

static enum source find_source(const struct snapshot *snapshot, const struct snapshot_fd *fd)
{
	if (is_word(snapshot, fd->state, "LISTEN"))
		return SOURCE_LISTENER;
	if (is_wakeup_kind(snapshot, fd->kind) || is_own_pair(snapshot, fd))
		return SOURCE_WAKEUP;
	if (is_event_kind(snapshot, fd->kind))
		return SOURCE_EVENT;
	if (is_terminal(snapshot, fd))
		return SOURCE_TERMINAL;
	if (is_word(snapshot, fd->kind, "udp") && !fd->remote)
		return SOURCE_LISTENER;
	if (fd->accepted)
		return SOURCE_CLIENT;
	if (is_word(snapshot, fd->kind, "tcp") || is_word(snapshot, fd->kind, "udp") ||
	    is_word(snapshot, fd->kind, "pipe") || is_word(snapshot, fd->kind, "unix"))
		return SOURCE_PEER;
	return SOURCE_UNKNOWN;
}

/* The number of descriptors of each source; family: pipes and sockets between the processes of a
 * family. */
struct sources {
	size_t counts[SOURCE_COUNT], family;
};

static struct sources count_sources(const struct snapshot *snapshot,
                                    const struct snapshot_thread *thread)
{
	struct sources ret = { 0 };

	for (size_t i = 0; i < thread->call.fd_count; i++) {
		size_t at = snapshot_find_fd(snapshot, thread->pid, thread->call.fds[i]);
		const struct snapshot_fd *fd = at == SNAPSHOT_NONE ? NULL : &snapshot->fds[at];
		enum source source = fd ? find_source(snapshot, fd) : SOURCE_UNKNOWN;

		ret.counts[source]++;
		ret.family += source == SOURCE_PEER && is_family_pair(snapshot, fd);
	}
	return ret;
}

/* poll and similar calls. An event loop has a descriptor that wakes it up: it waits for whatever
 * comes first. A supervisor waits for its family. */
static enum thread_rank rank_poll(const struct snapshot *snapshot,
                                  const struct snapshot_thread *thread)
{
	struct sources sources = count_sources(snapshot, thread);
	size_t peers = sources.counts[SOURCE_PEER];

	if (!peers || peers == sources.family || sources.counts[SOURCE_LISTENER] ||
	    sources.counts[SOURCE_CLIENT] || sources.counts[SOURCE_WAKEUP] ||
	    sources.counts[SOURCE_EVENT])
		return RANK_IDLE;
	return RANK_IO;
}

static bool is_only_thread(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (snapshot->threads[i].pid == thread->pid && &snapshot->threads[i] != thread)
			return false;
	return true;
}

/* A thread that reads what its own process writes waits for work, but not if it is the only thread:
 * nothing can write then. */
static enum thread_rank rank_read(const struct snapshot *snapshot,
                                  const struct snapshot_thread *thread)
{
	struct sources sources = count_sources(snapshot, thread);
	bool wakes = sources.counts[SOURCE_WAKEUP] && !is_only_thread(snapshot, thread);

	return wakes || sources.counts[SOURCE_EVENT] || sources.counts[SOURCE_TERMINAL] ||
	                       sources.counts[SOURCE_LISTENER]
	               ? RANK_IDLE
	               : RANK_IO;
}

/* Siblings may have the same ends. */
bool thread_rank_is_fed(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	size_t at = thread->call.fd_count == 1
	                    ? snapshot_find_fd(snapshot, thread->pid, thread->call.fds[0])
	                    : SNAPSHOT_NONE;
	size_t own = snapshot_find_process(snapshot, thread->pid);
	bool has_parent = false;

	if (thread->call.class != SYSCALL_READ || at == SNAPSHOT_NONE || own == SNAPSHOT_NONE ||
	    !is_word(snapshot, snapshot->fds[at].kind, "pipe"))
		return false;
	for (size_t i = 0; i < snapshot->fds[at].peer_count; i++) {
		uint32_t peer = snapshot->fds[at].peers[i].pid;

		if (peer == snapshot->processes[own].ppid)
			has_parent = true;
		else if (!is_family(snapshot, thread->pid, peer) &&
		         !is_sibling(snapshot, thread->pid, peer))
			return false;
	}
	return has_parent;
}

bool thread_rank_serves(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	switch (thread->call.class) {
	case SYSCALL_ACCEPT:
		return true;
	case SYSCALL_POLL:
	case SYSCALL_READ:
		return count_sources(snapshot, thread).counts[SOURCE_LISTENER] > 0;
	default:
		return false;
	}
}

static enum thread_rank rank_wait(const struct snapshot_wait *wait)
{
	switch (wait->kind) {
	case WAIT_MUTEX:
	case WAIT_RWLOCK:
	case WAIT_LOCK:
	case WAIT_RLOCK:
	case WAIT_IMPORT:
	case WAIT_PYMUTEX:
	case WAIT_SERVER_LOCK:
	case WAIT_PROCESS_LOCK:
	case WAIT_ONCE:
		return RANK_LOCK;
	case WAIT_GIL:
		return RANK_GIL;
	default:
		return RANK_WAIT;
	}
}

enum thread_rank thread_rank_of(const struct snapshot *snapshot,
                                const struct snapshot_thread *thread)
{
	if (thread->state == 'D')
		return thread->call.class == SYSCALL_CHILD ? RANK_CHILD : RANK_UNINTERRUPTIBLE;
	if (thread->wait.kind != WAIT_NONE)
		return rank_wait(&thread->wait);
	if (snapshot_thread_is_running(thread))
		return RANK_BUSY;
	switch (thread->call.class) {
	case SYSCALL_READ:
		return rank_read(snapshot, thread);
	case SYSCALL_WRITE:
	case SYSCALL_CONNECT:
	case SYSCALL_FILE:
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
	case SYSCALL_IPC:
		return RANK_WAIT;
	case SYSCALL_RUNNING:
		return thread->inferred ? RANK_BUSY : RANK_UNKNOWN;
	default:
		return RANK_UNKNOWN;
	}
}
