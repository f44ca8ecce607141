#include "merger/diagnosis/blocking_functions.h"

#include "merger/base/wildcard.h"

/* Limit of the search from the leaf on. It also ends at a Python frame. */
#define DEPTH_MAX 8

/* glibc 2.17 to 2.41: nptl/, sysdeps/unix/sysv/linux/; musl: src/thread/; CPython:
 * Python/thread_pthread.h. */
static const struct blocking_function {
	const char *name; /* a pattern of wildcard.h */
	enum wait_kind wait;
	enum syscall_class class;
} rows[] = {
	{ "take_gil", WAIT_GIL, SYSCALL_FUTEX },
	{ "pthread_mutex_*lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "lll_lock_wait*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "pthread_rwlock_*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ "pthread_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ "futex_abstimed_wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "sem_wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "sem_timedwait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "sem_clockwait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "new_sem_wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "pthread_barrier_wait", WAIT_BARRIER, SYSCALL_FUTEX },
	{ "pthread_join", WAIT_JOIN, SYSCALL_FUTEX },
	{ "pthread_clockjoin_ex", WAIT_JOIN, SYSCALL_FUTEX },
	{ "pthread_timedjoin*", WAIT_JOIN, SYSCALL_FUTEX },
	{ "PyThread_acquire_lock*", WAIT_LOCK, SYSCALL_FUTEX },
	{ "lock_PyThread_acquire_lock*", WAIT_LOCK, SYSCALL_FUTEX },
	{ "_PyMutex_LockTimed", WAIT_PYMUTEX, SYSCALL_FUTEX },
	{ "read", WAIT_NONE, SYSCALL_READ },
	{ "readv", WAIT_NONE, SYSCALL_READ },
	{ "recv", WAIT_NONE, SYSCALL_READ },
	{ "recvfrom", WAIT_NONE, SYSCALL_READ },
	{ "recvmsg", WAIT_NONE, SYSCALL_READ },
	{ "libc_read", WAIT_NONE, SYSCALL_READ },
	{ "libc_recv*", WAIT_NONE, SYSCALL_READ },
	{ "write", WAIT_NONE, SYSCALL_WRITE },
	{ "writev", WAIT_NONE, SYSCALL_WRITE },
	{ "send", WAIT_NONE, SYSCALL_WRITE },
	{ "sendto", WAIT_NONE, SYSCALL_WRITE },
	{ "sendmsg", WAIT_NONE, SYSCALL_WRITE },
	{ "libc_write", WAIT_NONE, SYSCALL_WRITE },
	{ "libc_send*", WAIT_NONE, SYSCALL_WRITE },
	{ "accept", WAIT_NONE, SYSCALL_ACCEPT },
	{ "accept4", WAIT_NONE, SYSCALL_ACCEPT },
	{ "libc_accept*", WAIT_NONE, SYSCALL_ACCEPT },
	{ "connect", WAIT_NONE, SYSCALL_CONNECT },
	{ "libc_connect", WAIT_NONE, SYSCALL_CONNECT },
	{ "poll", WAIT_NONE, SYSCALL_POLL },
	{ "ppoll", WAIT_NONE, SYSCALL_POLL },
	{ "select", WAIT_NONE, SYSCALL_POLL },
	{ "pselect", WAIT_NONE, SYSCALL_POLL },
	{ "epoll_wait", WAIT_NONE, SYSCALL_POLL },
	{ "epoll_pwait*", WAIT_NONE, SYSCALL_POLL },
	{ "nanosleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "clock_nanosleep*", WAIT_NONE, SYSCALL_SLEEP },
	{ "libc_nanosleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "wait4", WAIT_NONE, SYSCALL_CHILD },
	{ "waitpid", WAIT_NONE, SYSCALL_CHILD },
	{ "waitid", WAIT_NONE, SYSCALL_CHILD },
	{ "wait", WAIT_NONE, SYSCALL_CHILD },
	{ "vfork", WAIT_NONE, SYSCALL_CHILD },
	{ "flock", WAIT_NONE, SYSCALL_FILE_LOCK },
	{ "lockf*", WAIT_NONE, SYSCALL_FILE_LOCK },
	{ "sigwait*", WAIT_NONE, SYSCALL_SIGNAL },
	{ "sigtimedwait", WAIT_NONE, SYSCALL_SIGNAL },
	{ "sigsuspend", WAIT_NONE, SYSCALL_SIGNAL },
	{ "pause", WAIT_NONE, SYSCALL_SIGNAL },
};

/* glibc prefixes names with "_", "__" or "___", and may add "GI_" or "GI___" after that. */
struct span blocking_function_bare(struct span name)
{
	while (span_take(&name, SPAN_LIT("_")))
		;
	if (span_take(&name, SPAN_LIT("GI_")))
		while (span_take(&name, SPAN_LIT("_")))
			;
	return name;
}

static const struct blocking_function *find_row(struct span name)
{
	struct span bare = blocking_function_bare(name);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wildcard_match(bare, blocking_function_bare(span_of(rows[i].name))))
			return &rows[i];
	return NULL;
}

bool blocking_function_is(struct span name)
{
	return find_row(name);
}

/* The row of the outermost function in the innermost group of functions that have a row:
 * pthread_mutex_lock is more specific than lll_lock_wait. */
static const struct blocking_function *find_call(const struct intern *intern,
                                                 const struct snapshot_thread *thread)
{
	const struct blocking_function *found = NULL;

	for (size_t i = 0; i < thread->frame_count && i < DEPTH_MAX; i++) {
		const struct frame *frame = &thread->frames[thread->frame_count - 1 - i];
		const struct blocking_function *row;

		if (frame->kind == FRAME_PYTHON)
			break;
		if (frame->kind != FRAME_NATIVE)
			continue;
		row = find_row(intern_get(intern, frame->name));
		if (!row && found)
			break;
		if (row && (!found || found->class == row->class))
			found = row;
	}
	return found;
}

/* python-gdb of 2.7 does not tell the GIL from other locks. */
static bool infer_python_lock(struct snapshot *snapshot, struct snapshot_thread *thread)
{
	if (!span_eq(intern_get(snapshot->intern, thread->doing), SPAN_LIT("waits for a lock")))
		return false;
	thread->wait.kind = WAIT_LOCK;
	thread->wait.type = intern_add(snapshot->intern, SPAN_LIT("or the GIL"));
	return true;
}

/* For interpreters whose locks the agent cannot read. */
static bool infer_gil(struct snapshot *snapshot, struct snapshot_thread *thread)
{
	struct span doing = intern_get(snapshot->intern, thread->doing);
	struct snapshot_process *process =
	        &snapshot->processes[snapshot_find_process(snapshot, thread->pid)];

	if (span_eq(doing, SPAN_LIT("holds the GIL")) && !process->gil_tid)
		process->gil_tid = thread->tid;
	if (!span_eq(doing, SPAN_LIT("waits for the GIL")))
		return false;
	thread->wait.kind = WAIT_GIL;
	return true;
}

static void infer_wait(struct snapshot *snapshot, struct snapshot_thread *thread)
{
	bool is_known = thread->call.class != SYSCALL_UNKNOWN;
	const struct blocking_function *call;

	/* The kernel's data is older than the sample: a thread that runs now does not wait any
	 * more. */
	if (thread->wait.kind != WAIT_NONE || infer_gil(snapshot, thread) || thread->state == 'R' ||
	    (is_known && thread->call.class != SYSCALL_FUTEX))
		return;
	call = find_call(snapshot->intern, thread);
	if (call && (!is_known || call->class == SYSCALL_FUTEX)) {
		thread->wait.kind = call->wait;
		thread->call.class = call->class;
	} else if (!infer_python_lock(snapshot, thread) && thread->call.class == SYSCALL_FUTEX) {
		thread->wait.kind = WAIT_FUTEX;
	}
}

void blocking_functions_infer(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->thread_count; i++)
		infer_wait(snapshot, &snapshot->threads[i]);
}
