/* snapshot: what one look at processes found, or several looks: each thread's merged stack, what it waits for, and what the
 * kernel says of it. Made out of text (text_parser.h) with the markers of `pmp dump` (marker.h), or without: then less is known.
 *
 * Of several looks the last one counts; of those before it is known whether a thread has moved. All strings are
 * ids in the snapshot's intern table, 0 where it is not known. */
#ifndef PMP_SNAPSHOT_H
#define PMP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/profile/frame.h"
#include "merger/base/hash_index.h"
#include "merger/base/intern.h"

#define SNAPSHOT_NONE SIZE_MAX

/* In markers and in JSON by the names in parentheses. */
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
	WAIT_IMPORT,           /* a module's import lock */
	WAIT_PYMUTEX,          /* CPython's own, 3.13 on */
	WAIT_GIL,
	WAIT_FUTEX, /* of unknown kind */
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
	SYSCALL_OTHER,
	SYSCALL_CLASS_COUNT
};

struct snapshot_wait {
	enum wait_kind kind;
	uint64_t on, word; /* addresses; 0: not known */
	uint32_t type, why;
	uint32_t owner;       /* tid, as the lock itself tells; 0: it does not */
	uint32_t *candidates; /* tids of threads that may hold it */
	size_t candidate_count;
};

struct snapshot_syscall {
	enum syscall_class class;
	uint32_t text;  /* decoded, with its arguments */
	uint32_t wchan; /* the kernel's function that it sleeps in */
	uint32_t *fds;  /* that it waits for */
	size_t fd_count;
	bool has_left;
	uint64_t left_us;  /* till it ends by itself */
	uint32_t wait_pid; /* the child that it waits for; 0: any, or none */
};

struct snapshot_local {
	uint32_t frame; /* which Python frame's, counted from the leaf */
	uint32_t name, value;
	bool argument;
};

struct snapshot_thread {
	uint32_t pid, tid, name;
	char state; /* R, S, D ... as /proc has it; 0: not told */
	uint32_t doing;
	bool has_cpu;
	uint64_t cpu_us, cpu_first_us; /* of all its life: at the last look, and at the first one */
	bool cpu_looked;               /* so they are; till then they are what /proc said before */
	struct snapshot_wait wait;
	struct snapshot_syscall call;
	struct frame *frames; /* root first */
	size_t frame_count;
	uint32_t lost; /* why there is no stack */
	struct snapshot_local *locals;
	size_t local_count, local_cap;
	uint64_t looks; /* at which its stack was seen */
	uint64_t moves; /* its stack was another one than at the look before */
	uint64_t look;  /* number of the last one; 0: only the kernel told of it */
};

struct snapshot_process {
	uint32_t pid, ppid, tracer, signal;
	uint32_t name, parent_name, tracer_name, executable, python;
	char state;
	bool core; /* it is one of a core file: signal is what ended it, fault the address that it told */
	uint32_t signal_tid;
	uint64_t fault;
	uint32_t gil_tid; /* who holds the GIL; 0: nobody, or not known */
	uint64_t pause_us;
	uint64_t look; /* number of the last one; 0: only the kernel told of it */
};

struct snapshot_peer {
	uint32_t pid, name;
};

struct snapshot_fd {
	uint32_t pid, fd;
	uint32_t kind, path, end, local, remote, state;
	bool has_queues;
	uint64_t recv_queue, send_queue;
	struct snapshot_peer *peers, *holders; /* of its other end; of a lock on it */
	size_t peer_count, holder_count;
};

struct snapshot_child {
	uint32_t pid, ppid, name;
	char state;
};

struct snapshot_task {
	uint64_t id;
	uint32_t pid, name, tid, state, on;
	uint64_t *waits; /* ids of tasks */
	size_t wait_count;
	struct frame *frames; /* its innermost coroutine first */
	size_t frame_count, frame_cap;
};

struct snapshot_unread {
	uint32_t what, why;
};

struct snapshot {
	struct intern *intern;
	struct snapshot_process *processes;
	size_t process_count, process_cap;
	struct snapshot_thread *threads; /* in the order in which they came */
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
	uint64_t looks;                 /* samples */
	uint64_t first_us, last_us;     /* when they were */
	struct hash_index thread_index; /* (pid, tid) -> its place in threads */
};

/* Places in the arrays; SNAPSHOT_NONE: it is not there. */
size_t snapshot_find_thread(const struct snapshot *snapshot, uint32_t pid, uint32_t tid);
size_t snapshot_find_process(const struct snapshot *snapshot, uint32_t pid);
/* Threads that had ended by their process's last look, though one before, or the kernel, has told of them. */
void snapshot_drop_ended(struct snapshot *snapshot);
size_t snapshot_find_fd(const struct snapshot *snapshot, uint32_t pid, uint32_t fd);
size_t snapshot_find_task(const struct snapshot *snapshot, uint64_t id);
void snapshot_destroy(struct snapshot *snapshot);

const char *wait_kind_name(enum wait_kind kind);         /* "mutex" */
const char *syscall_class_name(enum syscall_class call); /* "read" */
enum wait_kind wait_kind_of(struct span name); /* WAIT_FUTEX of an unknown one, WAIT_NONE of none */
enum syscall_class syscall_class_of(struct span name);

/* snapshot_reader: takes the text. */
struct snapshot_builder;

struct snapshot_builder *snapshot_builder_create(bool glue);
void snapshot_builder_destroy(struct snapshot_builder *reader);
void snapshot_builder_feed(struct snapshot_builder *reader, const char *text, size_t len);
/* Gives the snapshot to the caller, who destroys it: without the threads that had ended by the last look. The reader is
 * spent. */
struct snapshot *snapshot_builder_finish(struct snapshot_builder *reader);

#endif
