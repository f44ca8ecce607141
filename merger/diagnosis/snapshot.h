/* snapshot: the state of processes in one or several samples: each thread's merged stack, its
 * wait, and its data from /proc. It is built from text (text_parser.h), with the markers of `pmp
 * dump` (marker.h) or, with less data, without them.
 *
 * The last sample counts; earlier ones show only whether a thread has moved ("look" means a
 * sample here and in the report). All strings are ids in the snapshot's intern table; 0:
 * unknown. */
#ifndef PMP_SNAPSHOT_H
#define PMP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/base/intern.h"
#include "merger/profile/frame.h"

#define SNAPSHOT_NONE SIZE_MAX

/* Names in markers and JSON: wait_kind_name. */
enum wait_kind {
	WAIT_NONE,
	WAIT_MUTEX,
	WAIT_RWLOCK,
	WAIT_CONDITION,
	WAIT_SEMAPHORE,
	WAIT_BARRIER,
	WAIT_JOIN,
	WAIT_LOCK,             /* threading.Lock */
	WAIT_RLOCK,            /* threading.RLock */
	WAIT_PYTHON_CONDITION, /* threading.Condition */
	WAIT_EVENT,            /* threading.Event */
	WAIT_QUEUE,            /* queue.Queue */
	WAIT_PYTHON_SEMAPHORE, /* threading.Semaphore */
	WAIT_PYTHON_BARRIER,   /* threading.Barrier */
	WAIT_FUTURE,           /* the result of an item that another thread runs; also C++'s */
	WAIT_PROCESS_LOCK,     /* multiprocessing.Lock, and the others of its module */
	WAIT_IMPORT,           /* a module's import lock */
	WAIT_PYMUTEX,          /* CPython's own mutex, since 3.13 */
	WAIT_GIL,
	WAIT_WORLD,       /* the end of a stop-the-world pause of free-threaded CPython */
	WAIT_ONCE,        /* an initialisation that another thread does */
	WAIT_SERVER_LOCK, /* of a database server: server_locks.h */
	WAIT_CHANNEL,     /* of Go, Rust's std::sync::mpsc, GAsyncQueue */
	WAIT_FUTEX,       /* of unknown kind */
	WAIT_KIND_COUNT
};

enum syscall_class {
	SYSCALL_UNKNOWN,
	SYSCALL_RUNNING,
	SYSCALL_FUTEX,
	SYSCALL_READ,
	SYSCALL_WRITE,
	SYSCALL_ACCEPT,
	SYSCALL_CONNECT,
	SYSCALL_POLL,
	SYSCALL_SLEEP,
	SYSCALL_CHILD,
	SYSCALL_FILE_LOCK,
	SYSCALL_SIGNAL,
	SYSCALL_IPC,  /* semaphores and message queues of System V and POSIX */
	SYSCALL_FILE, /* files and paths, but not their content */
	SYSCALL_OTHER,
	SYSCALL_CLASS_COUNT
};

struct snapshot_wait {
	enum wait_kind kind;
	uint64_t on, word; /* addresses; 0: unknown */
	uint32_t name;     /* of the lock's variable, in text of gdb */
	uint32_t type, why;
	uint32_t owner;       /* tid, read from the lock itself; 0: unknown */
	uint32_t owner_pid;   /* its process; 0: the process of the thread */
	bool is_gone;         /* it records an owner that is no thread of this process: */
	uint32_t gone;        /* its tid; 0: unknown */
	uint32_t gone_pid;    /* the parent, whose thread it is; 0: unknown */
	uint32_t *candidates; /* tids of threads that may be the owner */
	size_t candidate_count;
};

struct snapshot_syscall {
	enum syscall_class class;
	uint32_t text;   /* decoded, with its arguments */
	uint32_t wchan;  /* the kernel function in which it sleeps */
	uint32_t object; /* what it waits for, in words: "on nfs4 box:/srv at /mnt" */
	uint32_t *fds;   /* file descriptors that it waits for */
	size_t fd_count;
	bool has_left, left_is_most;
	uint64_t left_us;  /* until its timeout; left_is_most: or less */
	uint32_t wait_pid; /* the child that it waits for; 0: any, or none */
};

struct snapshot_local {
	uint32_t frame; /* number of the Python frame, counted from the leaf */
	uint32_t name, value;
	bool argument;
};

struct snapshot_thread {
	uint32_t pid, tid, name;
	uint32_t number; /* gdb's; 0: unknown */
	uint64_t handle; /* its pthread_t, as gdb prints it; 0: unknown */
	char state;      /* R, S, D ... as in /proc; 0: unknown */
	bool woken;      /* R by chance: it used next to nothing before, and its stack sleeps */
	uint32_t doing;
	bool has_cpu;
	/* CPU time of its whole life, in the last and in the first sample */
	uint64_t cpu_us, cpu_first_us;
	/* these two are from samples; otherwise from /proc, before the first sample */
	bool cpu_looked;
	/* CPU time, and time ready without a CPU, in a window before the first sample; window_us 0:
	 * not measured (thread_load.h) */
	uint64_t recent_us, ready_us, window_us;
	/* how often it was given a CPU, before the first and after the last sample; 0: unknown */
	uint64_t runs_first, runs;
	struct snapshot_wait wait;
	struct snapshot_syscall call;
	bool inferred; /* Only names of functions tell the kind of the wait and the call's class. */
	struct frame *frames; /* root first */
	size_t frame_count;
	uint32_t signal;  /* that it handles or has sent to itself, by arguments in the text */
	uint32_t message; /* of the function that ends the process, likewise */
	uint32_t lost;    /* the reason why there is no stack */
	struct snapshot_local *locals;
	size_t local_count, local_cap;
	uint64_t looks; /* number of samples with its stack */
	uint64_t moves; /* how often the stack differed from the one of the previous sample */
	uint64_t look;  /* number of the last sample; 0: known only from /proc */
};

struct snapshot_process {
	uint32_t pid, ppid, tracer, signal;
	uint32_t name, parent_name, tracer_name, executable, python, ruby;
	uint32_t runtime;       /* of another language, as in its marker; 0: none, or unknown */
	uint64_t runtime_count; /* of the runtime's own threads; 0: unknown */
	uint32_t title;         /* that the program has set */
	uint32_t command;       /* the script of an interpreter, and its subcommand */
	bool hop; /* not sampled: /proc was read, because a process of the dump waits for it */
	char state;
	bool core; /* The process is from a core file: `signal` has ended it, at address `fault`. */
	uint32_t signal_tid;
	uint64_t fault;
	uint32_t gil_tid; /* the owner of the GIL; 0: none, or unknown */
	uint64_t pause_us;
	uint64_t cpu_us, age_us; /* CPU time of its whole life, and its length; age_us 0: unknown */
	uint64_t look;           /* number of the last sample; 0: known only from /proc */
	uint64_t first_us, last_us; /* times of its first and its last sample */
};

struct snapshot_peer {
	uint32_t pid, name;
	char state; /* as in /proc; 0: unknown */
};

struct snapshot_fd {
	uint32_t pid, fd;
	uint32_t kind, path, end, local, remote, state;
	bool accepted; /* a client's connection to a listening socket */
	bool has_queues;
	uint64_t recv_queue, send_queue;
	struct snapshot_peer *peers, *holders; /* of its other end; of a lock on it */
	size_t peer_count, holder_count;
};

struct snapshot_child {
	uint32_t pid, ppid, name;
	char state;
};

enum task_kind {
	TASK_ASYNCIO,
	TASK_CALLBACK, /* of asyncio's event loop */
	TASK_GREENLET,
};

struct snapshot_task {
	uint64_t id;
	enum task_kind kind;
	uint32_t pid, name, tid, state, on;
	bool running;  /* its thread runs it now */
	bool orphaned; /* nothing alive can wake it */
	bool has_left;
	uint64_t left_us; /* until its sleep, or its time limit, ends */
	uint64_t busy_us; /* for how long its loop has handled no event; 0: unknown */
	uint32_t thread;  /* the tid that runs what it waits for; 0: none */
	uint64_t *waits;  /* ids of tasks */
	size_t wait_count;
	struct frame *frames; /* innermost coroutine first */
	size_t frame_count, frame_cap;
};

struct snapshot_unread {
	uint32_t what, why;
};

/* What text of gdb says about the end of its process. */
struct snapshot_crash {
	uint32_t signal; /* "SIGSEGV"; 0: unknown */
	uint32_t what;   /* the message */
	bool ended;      /* the signal has ended the process */
	uint32_t tid, number;
	size_t thread; /* index of the one whose stack came next; SNAPSHOT_NONE: none came */
};

struct snapshot {
	struct intern *intern;
	struct snapshot_process *processes;
	size_t process_count, process_cap;
	struct snapshot_thread *threads; /* in the order of the text */
	size_t thread_count, thread_cap;
	struct snapshot_fd *fds;
	size_t fd_count, fd_cap;
	struct snapshot_child *children;
	size_t child_count, child_cap;
	struct snapshot_task *tasks;
	size_t task_count, task_cap;
	struct snapshot_unread *unread;
	size_t unread_count, unread_cap;
	uint32_t *notes;
	size_t note_count, note_cap;
	struct snapshot_crash crash;
	uint64_t looks;                 /* number of samples, of the process with most of them */
	struct hash_index thread_index; /* (pid, tid) -> index in threads */
};

/* Indexes into the arrays; SNAPSHOT_NONE: not found. */
size_t snapshot_find_thread(const struct snapshot *snapshot, uint32_t pid, uint32_t tid);
size_t snapshot_find_process(const struct snapshot *snapshot, uint32_t pid);
/* Is it a process that was not asked for (snapshot_process)? False if it is unknown. */
bool snapshot_is_hop(const struct snapshot *snapshot, uint32_t pid);
/* Time from the first to the last sample of one process; the longest one. */
uint64_t snapshot_elapsed_us(const struct snapshot *snapshot);
/* Removes threads that were missing in the last sample of their process. */
void snapshot_drop_ended(struct snapshot *snapshot);
size_t snapshot_find_fd(const struct snapshot *snapshot, uint32_t pid, uint32_t fd);
size_t snapshot_find_task(const struct snapshot *snapshot, uint64_t id);
void snapshot_destroy(struct snapshot *snapshot);

/* On a CPU, or waiting for one, and not just woken. */
static inline bool snapshot_thread_is_running(const struct snapshot_thread *thread)
{
	return thread->state == 'R' && !thread->woken;
}

/* The main thread of its process. */
static inline bool snapshot_thread_is_main(const struct snapshot_thread *thread)
{
	return thread->tid == thread->pid;
}

/* What the process is called: its title, command or name; 0: unknown. */
static inline uint32_t snapshot_process_label(const struct snapshot_process *process)
{
	if (process->title)
		return process->title;
	return process->command ? process->command : process->name;
}

const char *wait_kind_name(enum wait_kind kind);         /* "mutex" */
const char *syscall_class_name(enum syscall_class call); /* "read" */
/* WAIT_FUTEX for an unknown name, WAIT_NONE for "" */
enum wait_kind wait_kind_of(struct span name);
enum syscall_class syscall_class_of(struct span name);

/* snapshot_builder: makes a snapshot from text. */
struct snapshot_builder;

struct snapshot_builder *snapshot_builder_create(bool glue);
void snapshot_builder_destroy(struct snapshot_builder *builder);
void snapshot_builder_feed(struct snapshot_builder *builder, const char *text, size_t len);
/* Returns the snapshot, which the caller destroys, without the threads that have ended. The
 * builder accepts no more text. */
struct snapshot *snapshot_builder_finish(struct snapshot_builder *builder);

#endif
