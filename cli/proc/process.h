/* process: reads /proc/PID. Only reads, each of limited size; works for any process.
 *
 * The formats are those of proc(5). A thread's name may hold any byte but NUL, so `stat` is parsed
 * from its last ')'. Reading /proc/PID/cmdline and maps takes a lock of the process: callers must
 * check for state D before. */
#ifndef PMP_PROCESS_H
#define PMP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

struct process_stat {
	char comm[64]; /* the name; cut if longer */
	char state;    /* R S D T t Z X I */
	uint32_t ppid;
	bool kernel_thread;
	uint64_t starttime; /* clock ticks since boot; differs if the pid was reused */
	uint64_t cpu_ticks; /* clock ticks on a CPU, of all its threads for a process */
};

struct process_schedstat {
	uint64_t cpu_ns;   /* time on a CPU */
	uint64_t ready_ns; /* time for which it was ready to run and had no CPU */
	uint64_t runs;     /* how often it was given a CPU */
};

struct process_status {
	uint32_t tgid, tracer, euid, uid;
	uint64_t pending;   /* pending for the thread or its process; bit n - 1 is signal n */
	uint64_t taken;     /* signals that it ignores or handles; same bits */
	uint64_t caps;      /* effective capabilities */
	uint64_t switches;  /* voluntary, of the thread; unchanged: it has not run since */
	unsigned seccomp;   /* 0 none, 1 strict, 2 filter */
	uint32_t inner_pid; /* pid in the innermost namespace; 0: the one of this /proc */
};

struct process_map {
	uint64_t start, end, offset;
	char perms[5];
	struct span path; /* a view; without " (deleted)"; empty: anonymous memory */
};

bool process_stat_parse(struct span text, struct process_stat *ret);
bool process_status_parse(struct span text, struct process_status *ret);
/* line: of /proc/PID/maps, without its newline. */
bool process_map_parse(struct span line, struct process_map *ret);

/* Reads /proc/PID/name, at most max bytes, into *ret (cleared first). false: errno. */
bool process_read(uint32_t pid, const char *name, size_t max, struct buf *ret);
/* Of the thread tid; 0: of the process. */
bool process_stat(uint32_t pid, uint32_t tid, struct process_stat *ret);
bool process_status(uint32_t pid, uint32_t tid, struct process_status *ret);
/* Of a thread (Linux, Documentation/scheduler/sched-stats.rst). false: the kernel does not report
 * it. */
bool process_schedstat(uint32_t pid, uint32_t tid, struct process_schedstat *ret);
/* The CPU time alone. */
bool process_cpu_ns(uint32_t pid, uint32_t tid, uint64_t *ret);
uint64_t process_ticks_us(uint64_t ticks);
/* Time since the process began; 0: unknown. */
uint64_t process_age_us(const struct process_stat *stat);
/* Parses the name of an entry of /proc, task/ or fd/; false: it is no number. */
bool process_entry_number(const char *name, uint32_t *ret);
/* True if the process runs 32-bit code; false also if that is unknown. */
bool process_is_32bit(uint32_t pid);
/* Reads a link of /proc/PID (exe, root, ns/user); an empty string if it is unreadable. */
void process_link(uint32_t pid, const char *name, char *ret, size_t len);

struct process_thread {
	uint32_t tid;
	struct process_stat stat;
	uint64_t switches; /* process_status.switches; set by process_attach_state only */
};

struct process_threads {
	struct process_thread *rows;
	size_t count, cap;
};

/* Lists all threads in the order of /proc. *ret is {0} at first; its rows are reused. false: no
 * such process. */
bool process_threads(uint32_t pid, struct process_threads *ret);
void process_threads_deinit(struct process_threads *threads);
/* True if a thread is in state D (uninterruptible sleep). */
bool process_has_blocked_thread(const struct process_threads *threads);

/* Adds the descendants of pid (not pid itself) to a growing array, parents first. */
void process_descendants(uint32_t pid, uint32_t **pids, size_t *count, size_t *cap);

enum process_life {
	PROCESS_ALIVE,
	PROCESS_ZOMBIE, /* it has exited, and its parent has not waited for it */
	PROCESS_GONE,   /* no such process, or another one with the same pid */
};

/* The state that decides whether a debugger may attach. */
struct process_attach_state {
	enum process_life life;
	bool stopped;     /* by a signal, as with Ctrl-Z */
	bool leader_dead; /* the main thread has exited, others live */
	uint32_t tracer;
	bool stop_pending; /* a SIGSTOP is pending for some thread */
};

/* starttime 0: any process with this pid. */
struct process_attach_state process_attach_state(uint32_t pid, uint64_t starttime,
                                                 struct process_threads *threads);
/* The life alone, by the main thread's state; cheap. */
enum process_life process_life(uint32_t pid, uint64_t starttime);

#endif
