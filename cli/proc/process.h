/* process: what /proc says of the process under diagnosis. Reads only, each of them bounded.
 *
 * The formats are those of proc(5). A thread's name may hold any byte but NUL, so `stat` is parsed from its
 * last ')'. /proc/PID/cmdline and maps take a lock of the target's: callers look for state D first. */
#ifndef PMP_PROCESS_H
#define PMP_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

struct process_stat {
	char comm[64]; /* cut if longer */
	char state;    /* R S D T t Z X I */
	uint32_t ppid;
	bool kernel_thread;
	uint64_t starttime; /* clock ticks since boot: tells a pid used again */
};

struct process_status {
	uint32_t tgid, tracer, euid, uid;
	uint64_t pending;  /* signals, of the thread and of its process; bit n - 1 is signal n */
	uint64_t taken;    /* signals that it ignores or handles, in the same way */
	uint64_t caps;     /* effective capabilities */
	uint64_t switches; /* of the thread, by itself: it has not run if they are what they were */
	unsigned seccomp;  /* 0 none, 1 strict, 2 filter */
	uint32_t inner_pid; /* in the innermost pid namespace; 0: it is in that of this /proc */
};

struct process_map {
	uint64_t start, end, offset;
	char perms[5];
	struct span path; /* a view; without " (deleted)"; empty if it is anonymous */
};

bool process_stat_parse(struct span text, struct process_stat *ret);
bool process_status_parse(struct span text, struct process_status *ret);
/* One line of maps, without its newline. */
bool process_map_parse(struct span line, struct process_map *ret);

/* Reads /proc/PID/name (replacing what is in *ret), at most max bytes. false: it cannot be read; errno says why. */
bool process_read(uint32_t pid, const char *name, size_t max, struct buf *ret);
/* tid 0: the process. */
bool process_stat(uint32_t pid, uint32_t tid, struct process_stat *ret);
bool process_status(uint32_t pid, uint32_t tid, struct process_status *ret);
/* The processor time that a thread has had, in nanoseconds (schedstat). false: the kernel does not tell. */
bool process_cpu_ns(uint32_t pid, uint32_t tid, uint64_t *ret);
/* The number that an entry of /proc or of task/ is; false: it is something else. */
bool process_entry_number(const char *name, uint32_t *ret);
/* Is it a program of 32-bit code? false, too, if that cannot be told. */
bool process_is_32bit(uint32_t pid);
/* What a link of /proc/PID (exe, root, ns/user) points to; empty string if it cannot be read. */
void process_link(uint32_t pid, const char *name, char *ret, size_t len);

struct process_thread {
	uint32_t tid;
	struct process_stat stat;
	uint64_t switches; /* process_status.switches; by process_attach_state only */
};

struct process_threads {
	struct process_thread *rows;
	size_t count, cap;
};

/* All threads, in /proc's order; {0} at first, rows are used again. false: no such process. */
bool process_threads(uint32_t pid, struct process_threads *ret);
void process_threads_deinit(struct process_threads *threads);
/* Is any of them in state D? */
bool process_blocked(const struct process_threads *threads);

/* Adds the descendants of pid (not pid itself) to a growing array, parents first. */
void process_descendants(uint32_t pid, uint32_t **pids, size_t *count, size_t *cap);

enum process_life {
	PROCESS_ALIVE,
	PROCESS_ZOMBIE, /* it ended, and nobody has waited for it */
	PROCESS_GONE,   /* no such process, or another one with its number */
};

/* What must be known before a debugger may go near it. */
struct process_attach_state {
	enum process_life life;
	bool stopped;     /* by a signal, as with Ctrl-Z */
	bool leader_dead; /* the main thread has ended, others live */
	uint32_t tracer;
	bool stop_pending; /* a SIGSTOP is on its way to some thread */
};

/* starttime 0: whichever process has this pid. */
struct process_attach_state process_attach_state(uint32_t pid, uint64_t starttime,
                                                 struct process_threads *threads);
/* The same of the main thread alone: cheap. */
enum process_life process_life(uint32_t pid, uint64_t starttime);

#endif
