#include "merger/diagnosis/blocking_functions.h"

#include <stdlib.h>

#include "merger/base/wildcard.h"
#include "merger/diagnosis/thread_load.h"
#include "merger/profile/label.h"

/* Limit of the search from the leaf on. It also ends at a Python frame. */
#define DEPTH_MAX 20

/* A name that begins with '>' sleeps only in functions that it calls: as the leaf it runs. */
#define CALLER '>'

/* '*' matches any characters. WAIT_NONE with SYSCALL_UNKNOWN: a function through which others
 * sleep.
 *
 * Sources: glibc 2.17 to 2.41, nptl/ and sysdeps/unix/sysv/linux/; musl, src/thread/; CPython 2.7
 * to 3.14, Python/; libstdc++, libc++, Rust's std, Go's runtime/ and sync/, HotSpot's runtime/,
 * Abseil, folly, Boost, Qt, GLib. */
static const struct blocking_function {
	char name[38];
	uint8_t wait;  /* enum wait_kind */
	uint8_t class; /* enum syscall_class */
} rows[] = {
	/* the way into the kernel */
	{ "*syscall_cancel*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "syscall", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "kernel_vsyscall", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "dl_sysinfo_int80", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "libc_do_syscall", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "syscall_cp*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "runtime.gopark*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "runtime.goparkunlock*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "runtime.mcall*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "syscall.*yscall*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "runtime/internal/syscall.*", WAIT_NONE, SYSCALL_UNKNOWN },
	{ "internal/runtime/syscall.*", WAIT_NONE, SYSCALL_UNKNOWN },
	/* glibc, musl, macOS */
	{ ">pthread_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">pthread_mutex_timedlock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">pthread_mutex_clocklock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">pthread_mutex_cond_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">lll_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "lll_*lock_wait*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "L_*lock_*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "psynch_mutexwait", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "pthread_rwlock_*rdlock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ "pthread_rwlock_*wrlock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ "psynch_rw_*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ "pthread_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ "psynch_cvwait", WAIT_CONDITION, SYSCALL_FUTEX },
	{ "sem_wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "sem_timedwait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "sem_clockwait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "new_sem_wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "do_sem_*wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "semaphore_*wait*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "semop", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "semtimedop", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "pthread_barrier_wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ "pthread_join*", WAIT_JOIN, SYSCALL_FUTEX },
	{ "pthread_clockjoin*", WAIT_JOIN, SYSCALL_FUTEX },
	{ "pthread_timedjoin*", WAIT_JOIN, SYSCALL_FUTEX },
	{ "lll_wait_tid*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">pthread_once*", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">cxa_guard_acquire", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">gthread_once", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">std::*call_once*", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">std::*nce*::call*", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">g_once_init_enter*", WAIT_ONCE, SYSCALL_FUTEX },
	{ ">sync.(*Once).*", WAIT_ONCE, SYSCALL_FUTEX },
	/* CPython */
	{ "take_gil*", WAIT_GIL, SYSCALL_FUTEX },
	{ ">tstate_wait_attach*", WAIT_WORLD, SYSCALL_FUTEX },
	{ ">PyThread_acquire_lock*", WAIT_LOCK, SYSCALL_FUTEX },
	{ ">acquire_timed*", WAIT_LOCK, SYSCALL_FUTEX },
	{ ">lock_PyThread_acquire_lock*", WAIT_LOCK, SYSCALL_FUTEX },
	{ ">rlock_acquire*", WAIT_RLOCK, SYSCALL_FUTEX },
	{ ">PyMutex_Lock*", WAIT_PYMUTEX, SYSCALL_FUTEX },
	{ ">PyRecursiveMutex_Lock*", WAIT_PYMUTEX, SYSCALL_FUTEX },
	{ ">PyRWMutex_*ock", WAIT_PYMUTEX, SYSCALL_FUTEX },
	/* C++ */
	{ ">gthread_*mutex_lock", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*mutex*::lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*lock*<*mutex*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::lock<*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*utex*::lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">boost::*mutex*lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">boost::*lock<*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">absl::*Mutex*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">QMutex*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">QBasicMutex::lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">QRecursiveMutex::lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">g_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">g_rec_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">PR_Lock", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">PR_EnterMonitor", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">uv_mutex_lock", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">mtx_lock", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">*mysql_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">native_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">safe_mutex_lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">apr_thread_mutex_lock", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*shared_*mutex*::lock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">folly::*SharedMutex*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">QReadWriteLock::*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">g_rw_lock_reader_lock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">g_rw_lock_writer_lock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">uv_rwlock_*lock", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">*mysql_rwlock_*lock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">gthread_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">std::*condition_variable*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">std::*condvar*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">boost::*condition_variable*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">absl::*CondVar*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">absl::*Notification*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">folly::*Baton*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">QWaitCondition*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">g_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">PR_WaitCondVar", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">uv_cond_*wait", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">cnd_*wait", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">*mysql_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">native_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">os_event*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">apr_thread_cond_*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">std::*semaphore*acquire*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ ">QSemaphore::*cquire*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ ">uv_sem_wait", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ ">PGSemaphoreLock", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ ">std::*latch*wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">std::*barrier*wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">boost::*barrier*wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">absl::*BlockingCounter*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">*gomp_*barrier_wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">GOMP_barrier*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">kmp*barrier*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">std::*thread::join", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">boost::thread::*join*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">QThread::wait*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">g_thread_join", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">uv_thread_join", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">thrd_join", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">PR_JoinThread", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">std::*future*::*wait*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">std::*future*::get*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">std::*future_base::*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">boost::*future*get*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">boost::*future*wait*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">folly::*Future*wait*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">folly::*Future*get*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">QFuture*", WAIT_FUTURE, SYSCALL_FUTEX },
	{ ">g_async_queue_pop*", WAIT_CHANNEL, SYSCALL_FUTEX },
	/* Rust */
	{ ">*parking_lot*utex*lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">lock_api::mutex::*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*Mutex*lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">std::*wlock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">std::*RwLock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">*parking_lot*wlock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">lock_api::rwlock::*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ ">std::*ondvar*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">*parking_lot*ondvar*wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">std::*Barrier*wait*", WAIT_BARRIER, SYSCALL_FUTEX },
	{ ">std::thread::Join*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">std::thread::*join*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">std::sys::*hread*join*", WAIT_JOIN, SYSCALL_FUTEX },
	{ ">std::sync::mp*recv*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ ">std::sync::mp*send*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ ">std::sync::mp*wait_until", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ ">crossbeam_channel::*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ ">flume::*", WAIT_CHANNEL, SYSCALL_FUTEX },
	/* Go */
	{ "sync.runtime_SemacquireMutex*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ "sync.runtime_SemacquireRW*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">*sync.(*Mutex).*ock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">sync.(*RWMutex).*Lock*", WAIT_RWLOCK, SYSCALL_FUTEX },
	{ "sync.runtime_notifyListWait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">sync.(*Cond).Wait", WAIT_CONDITION, SYSCALL_FUTEX },
	{ "runtime.semacquire*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "sync.runtime_Semacquire*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "internal/sync.runtime_Semacq*", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ ">sync.(*WaitGroup).Wait", WAIT_SEMAPHORE, SYSCALL_FUTEX },
	{ "runtime.chanrecv*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ "runtime.chansend*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ "runtime.selectgo*", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ "runtime.block", WAIT_CHANNEL, SYSCALL_FUTEX },
	{ "runtime.netpoll*", WAIT_NONE, SYSCALL_POLL },
	{ "internal/poll.runtime_pollWait", WAIT_NONE, SYSCALL_POLL },
	{ "time.Sleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "runtime.timeSleep*", WAIT_NONE, SYSCALL_SLEEP },
	{ "runtime.usleep*", WAIT_NONE, SYSCALL_SLEEP },
	/* the Java virtual machine, .NET */
	{ ">ObjectMonitor::*nter*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">ObjectSynchronizer::*nter*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">Monitor::*ock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">Mutex::lock*", WAIT_MUTEX, SYSCALL_FUTEX },
	{ ">ObjectMonitor::wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">ObjectSynchronizer::wait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">Monitor::*ait*", WAIT_CONDITION, SYSCALL_FUTEX },
	{ ">JVM_MonitorWait", WAIT_CONDITION, SYSCALL_FUTEX },
	/* system calls without a lock */
	{ "read", WAIT_NONE, SYSCALL_READ },
	{ "readv", WAIT_NONE, SYSCALL_READ },
	{ "pread*", WAIT_NONE, SYSCALL_READ },
	{ "preadv*", WAIT_NONE, SYSCALL_READ },
	{ "recv", WAIT_NONE, SYSCALL_READ },
	{ "recvfrom", WAIT_NONE, SYSCALL_READ },
	{ "recvmsg", WAIT_NONE, SYSCALL_READ },
	{ "recvmmsg", WAIT_NONE, SYSCALL_READ },
	{ "libc_read", WAIT_NONE, SYSCALL_READ },
	{ "libc_recv*", WAIT_NONE, SYSCALL_READ },
	{ "msgrcv", WAIT_NONE, SYSCALL_READ },
	{ "mq_*receive", WAIT_NONE, SYSCALL_READ },
	{ "write", WAIT_NONE, SYSCALL_WRITE },
	{ "writev", WAIT_NONE, SYSCALL_WRITE },
	{ "pwrite*", WAIT_NONE, SYSCALL_WRITE },
	{ "pwritev*", WAIT_NONE, SYSCALL_WRITE },
	{ "send", WAIT_NONE, SYSCALL_WRITE },
	{ "sendto", WAIT_NONE, SYSCALL_WRITE },
	{ "sendmsg", WAIT_NONE, SYSCALL_WRITE },
	{ "sendmmsg", WAIT_NONE, SYSCALL_WRITE },
	{ "sendfile*", WAIT_NONE, SYSCALL_WRITE },
	{ "libc_write", WAIT_NONE, SYSCALL_WRITE },
	{ "libc_send*", WAIT_NONE, SYSCALL_WRITE },
	{ "accept", WAIT_NONE, SYSCALL_ACCEPT },
	{ "accept4", WAIT_NONE, SYSCALL_ACCEPT },
	{ "libc_accept*", WAIT_NONE, SYSCALL_ACCEPT },
	{ "connect", WAIT_NONE, SYSCALL_CONNECT },
	{ "libc_connect", WAIT_NONE, SYSCALL_CONNECT },
	{ "poll", WAIT_NONE, SYSCALL_POLL },
	{ "ppoll", WAIT_NONE, SYSCALL_POLL },
	{ "libc_poll", WAIT_NONE, SYSCALL_POLL },
	{ "libc_ppoll", WAIT_NONE, SYSCALL_POLL },
	{ "select", WAIT_NONE, SYSCALL_POLL },
	{ "pselect", WAIT_NONE, SYSCALL_POLL },
	{ "libc_select", WAIT_NONE, SYSCALL_POLL },
	{ "libc_pselect", WAIT_NONE, SYSCALL_POLL },
	{ "epoll_wait*", WAIT_NONE, SYSCALL_POLL },
	{ "epoll_pwait*", WAIT_NONE, SYSCALL_POLL },
	{ "kevent*", WAIT_NONE, SYSCALL_POLL },
	{ "mach_msg*", WAIT_NONE, SYSCALL_POLL },
	{ "io_getevents*", WAIT_NONE, SYSCALL_POLL },
	{ "nanosleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "clock_nanosleep*", WAIT_NONE, SYSCALL_SLEEP },
	{ "libc_nanosleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "usleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "sleep", WAIT_NONE, SYSCALL_SLEEP },
	{ ">std::this_thread::sleep*", WAIT_NONE, SYSCALL_SLEEP },
	{ ">std::thread::sleep*", WAIT_NONE, SYSCALL_SLEEP },
	{ ">pysleep", WAIT_NONE, SYSCALL_SLEEP },
	{ ">floatsleep", WAIT_NONE, SYSCALL_SLEEP },
	{ ">time_sleep", WAIT_NONE, SYSCALL_SLEEP },
	{ "wait4", WAIT_NONE, SYSCALL_CHILD },
	{ "waitpid", WAIT_NONE, SYSCALL_CHILD },
	{ "waitid", WAIT_NONE, SYSCALL_CHILD },
	{ "wait", WAIT_NONE, SYSCALL_CHILD },
	{ "vfork", WAIT_NONE, SYSCALL_CHILD },
	{ "libc_wait*", WAIT_NONE, SYSCALL_CHILD },
	{ ">do_system", WAIT_NONE, SYSCALL_CHILD },
	{ ">libc_system", WAIT_NONE, SYSCALL_CHILD },
	{ ">system", WAIT_NONE, SYSCALL_CHILD },
	{ ">pclose", WAIT_NONE, SYSCALL_CHILD },
	{ ">g_spawn_*sync", WAIT_NONE, SYSCALL_CHILD },
	{ "flock", WAIT_NONE, SYSCALL_FILE_LOCK },
	{ "lockf*", WAIT_NONE, SYSCALL_FILE_LOCK },
	{ "sigwait*", WAIT_NONE, SYSCALL_SIGNAL },
	{ "sigtimedwait", WAIT_NONE, SYSCALL_SIGNAL },
	{ "sigsuspend", WAIT_NONE, SYSCALL_SIGNAL },
	{ "pause", WAIT_NONE, SYSCALL_SIGNAL },
	{ "libc_pause", WAIT_NONE, SYSCALL_SIGNAL },
	/* whatever the lock */
	{ "*futex*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">timedwait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "umtx_op*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "thr_umtx*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "ulock_wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "lll_*wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">parking_lot*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">std::*park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">tokio::*park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">PySemaphore_*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">PyParkingLot_Park", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">PyEvent_Wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.notesleep*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.notetsleep*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.stopm", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.mPark", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.find*unnable", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.schedule", WAIT_FUTEX, SYSCALL_FUTEX },
	{ "runtime.park_m", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">std::*atomic*wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">std::*platform_wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">std::*detail::*do_wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">absl::*ait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">AbslInternalPerThreadSemWait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">folly::*park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">*Parker::park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">*PlatformEvent::park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">*PlatformMonitor::wait*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">Unsafe_Park", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">*Unsafe.park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">*LockSupport.park*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">CorUnix::*", WAIT_FUTEX, SYSCALL_FUTEX },
	{ ">CLREvent*", WAIT_FUTEX, SYSCALL_FUTEX },
};

/* glibc prefixes names with "_", "__" or "___", and may add "GI_" or "GI___" after that; some
 * versions of its debug information put "*" before that. */
struct span blocking_function_bare(struct span name)
{
	span_take(&name, SPAN_LIT("*"));
	while (span_take(&name, SPAN_LIT("_")))
		;
	if (span_take(&name, SPAN_LIT("GI_")))
		while (span_take(&name, SPAN_LIT("_")))
			;
	return name;
}

/* Without "@@GLIBC_2.3.2", "_nocancel" and "_time64". The parser has cut what compilers add. */
static struct span strip_suffix(struct span name)
{
	static const struct span suffixes[] = { SPAN_INIT("_nocancel"), SPAN_INIT("_time64") };
	const char *at = name.len ? memchr(name.ptr, '@', name.len) : NULL;

	if (at && at > name.ptr)
		name.len = (size_t)(at - name.ptr);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (span_ends(name, suffixes[i]) && name.len > suffixes[i].len)
			name.len -= suffixes[i].len;
	return name;
}

static const struct blocking_function *find_row(struct span name)
{
	struct span bare = strip_suffix(blocking_function_bare(name));

	for (size_t i = 0; bare.len && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wildcard_match(bare, span_of(rows[i].name + (rows[i].name[0] == CALLER))))
			return &rows[i];
	return NULL;
}

bool blocking_function_is(struct span name)
{
	return find_row(name);
}

/* A function of unknown name, or without a wait of its own. */
static bool is_unspecific(const struct blocking_function *row)
{
	return !row || row->wait == WAIT_FUTEX ||
	       (row->wait == WAIT_NONE && row->class == SYSCALL_UNKNOWN);
}

/* Does the row of an outer function say more than that of the functions which it calls?
 * pthread_mutex_lock says more than lll_lock_wait. A condition variable's function that takes its
 * mutex again waits for the mutex. */
static bool is_better(const struct blocking_function *row, const struct blocking_function *inner)
{
	if (is_unspecific(row))
		return !inner;
	if (!inner || is_unspecific(inner))
		return true;
	return row->class == inner->class &&
	       !(inner->wait == WAIT_MUTEX && row->wait == WAIT_CONDITION);
}

/* Can functions of the table be below this frame, although it has no row itself? */
static bool is_nameless(const struct intern *intern, const struct frame *frame)
{
	return label_is_nameless(intern_get(intern, frame->name));
}

/* The row that says most about the innermost functions that have a row. known: the kernel says that
 * the thread is in a system call, so that functions without a row may be among them. */
static const struct blocking_function *find_call(const struct intern *intern,
                                                 const struct snapshot_thread *thread, bool known)
{
	const struct blocking_function *found = NULL;
	size_t leaf = 0; /* the number of frames in which nothing is known to sleep */

	for (size_t i = 0; i < thread->frame_count && i < DEPTH_MAX; i++) {
		const struct frame *frame = &thread->frames[thread->frame_count - 1 - i];
		const struct blocking_function *row;

		if (frame_is_script(frame->kind))
			break;
		if (frame->kind != FRAME_NATIVE)
			continue;
		row = find_row(intern_get(intern, frame->name));
		if (!row && (found || !(known || is_nameless(intern, frame))))
			break;
		if (row && row->name[0] == CALLER && leaf == 0 && !known)
			break;
		leaf++;
		if (row && is_better(row, found))
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

/* A thread whose innermost function is not one of libc's was not in a system call. */
static bool is_in_program(const struct intern *intern, const struct snapshot_thread *thread)
{
	static const struct span system[] = { SPAN_INIT("libc.so"),    SPAN_INIT("libc-"),
		                              SPAN_INIT("libpthread"), SPAN_INIT("librt"),
		                              SPAN_INIT("ld-"),        SPAN_INIT("libsystem_"),
		                              SPAN_INIT("ntdll"),      SPAN_INIT("[") };
	const struct frame *leaf =
	        thread->frame_count ? &thread->frames[thread->frame_count - 1] : NULL;
	struct span file, module;

	if (!leaf || leaf->kind != FRAME_NATIVE || is_nameless(intern, leaf))
		return false;
	file = intern_get(intern, leaf->file);
	module = span_basename(intern_get(intern, leaf->module));
	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		if (span_starts(module, system[i]))
			return false;
	return (file.len || module.len) && !memmem(file.ptr, file.len, "sysdeps/", 8) &&
	       !memmem(file.ptr, file.len, "nptl/", 5);
}

/* The agent knows the locks of C's and Python's libraries. What std::future or a mutex of Rust does
 * is a wait on a futex or a condition variable to it; names of functions say more. */
static void refine_wait(const struct snapshot *snapshot, struct snapshot_thread *thread)
{
	const struct blocking_function *call;

	if (thread->wait.kind != WAIT_FUTEX && thread->wait.kind != WAIT_CONDITION)
		return;
	call = find_call(snapshot->intern, thread, true);
	if (call && !is_unspecific(call) && call->class == SYSCALL_FUTEX)
		thread->wait.kind = call->wait;
}

/* One that used next to nothing, and was given a CPU when it was stopped: it comes from the call in
 * which it sleeps, or goes there. */
static bool is_woken(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	return thread->state == 'R' && thread_load_of(thread) == THREAD_LOAD_NONE &&
	       find_call(snapshot->intern, thread, false);
}

/* The call is older than the state: a thread that runs does not wait any more. */
static void forget_call(struct snapshot_syscall *call)
{
	free(call->fds);
	*call = (struct snapshot_syscall){ .class = SYSCALL_RUNNING };
}

static void infer_wait(struct snapshot *snapshot, struct snapshot_thread *thread)
{
	const struct blocking_function *call;
	bool is_known;

	thread->woken = is_woken(snapshot, thread);
	/* It ran when /proc was read, and sleeps in the sample. */
	if (thread->call.class == SYSCALL_RUNNING && (thread->state == 'S' || thread->woken))
		thread->call.class = SYSCALL_UNKNOWN;
	if (snapshot_thread_is_running(thread) && thread->call.class != SYSCALL_UNKNOWN)
		forget_call(&thread->call);
	is_known = thread->call.class != SYSCALL_UNKNOWN;
	refine_wait(snapshot, thread);
	if (thread->wait.kind != WAIT_NONE || infer_gil(snapshot, thread) ||
	    snapshot_thread_is_running(thread) || (is_known && thread->call.class != SYSCALL_FUTEX))
		return;
	call = find_call(snapshot->intern, thread, is_known);
	if (call && call->class && (!is_known || call->class == SYSCALL_FUTEX)) {
		thread->wait.kind = call->wait;
		thread->call.class = call->class;
		thread->inferred = !is_known;
	} else if (infer_python_lock(snapshot, thread)) {
		thread->inferred = true;
	} else if (!is_known && !thread->state && is_in_program(snapshot->intern, thread)) {
		thread->call.class = SYSCALL_RUNNING;
		thread->inferred = true;
	} else if (thread->call.class == SYSCALL_FUTEX) {
		thread->wait.kind = WAIT_FUTEX;
	}
}

void blocking_functions_infer(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->thread_count; i++)
		infer_wait(snapshot, &snapshot->threads[i]);
}
