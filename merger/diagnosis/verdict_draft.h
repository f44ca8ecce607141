/* verdict_draft: the data and the text functions of the verdict's finders. Only for
 * merger/diagnosis. */
#ifndef PMP_VERDICT_DRAFT_H
#define PMP_VERDICT_DRAFT_H

#include "merger/diagnosis/process_role.h"
#include "merger/diagnosis/verdict.h"
#include "merger/diagnosis/wait_graph.h"
#include "merger/diagnosis/wording.h"

struct verdict_draft {
	const struct snapshot *snapshot;
	struct wait_graph graph;
	struct process_groups groups;
	struct verdict *verdict;
};

/* true: the finder applies and has written the verdict. false: it does not apply and has written
 * nothing. */
typedef bool verdict_finder(struct verdict_draft *draft);

verdict_finder verdict_find_lost_lock;     /* held by a thread that does not exist */
verdict_finder verdict_find_crash;         /* a core file, or text about a crash */
verdict_finder verdict_find_main_load;     /* the main thread uses a CPU, but not at the stop */
verdict_finder verdict_find_load;          /* any thread does */
verdict_finder verdict_find_pool_deadlock; /* the workers of a pool of threads */
verdict_finder verdict_find_cycle;         /* threads or processes */
verdict_finder verdict_find_task_cycle;    /* asyncio's tasks */
verdict_finder verdict_find_cause;         /* the end of a chain of waits */
verdict_finder verdict_find_blocked_loop;  /* a task, callback or greenlet that blocks its loop */
verdict_finder verdict_find_stuck_task;    /* nothing can wake it, or it waits for a thread */
verdict_finder verdict_find_waiting_loop;  /* of the other loops */
verdict_finder verdict_find_waiting;       /* all threads may be waiting for work */
verdict_finder verdict_find_title;         /* a process title says that it waits */

void verdict_begin(struct verdict_draft *draft, const char *kind, enum verdict_trust trust);
/* Adds the thread to the verdict's threads. */
void verdict_name(struct verdict_draft *draft, size_t thread);

/* Says what is not seen of a program whose runtime has frames or threads of its own. A verdict that
 * rests on the waits of the runtime's threads is replaced by what is known. */
void verdict_add_runtime(struct verdict_draft *draft);

/* Append to the text. */
void verdict_add(struct verdict_draft *draft, const char *text);
/* also adds it to the threads */
void verdict_add_thread(struct verdict_draft *draft, size_t thread);
void verdict_add_process(struct verdict_draft *draft, uint32_t pid,
                         uint32_t name); /* "4711 (sh)" */
/* "thread 4712 (worker)LINKis blocked in ...", and its progress. */
void verdict_add_activity(struct verdict_draft *draft, size_t thread, const char *link);
void verdict_add_signal(struct verdict_draft *draft, uint32_t number); /* "SIGSTOP (19)" */
/* "; 98 % of a CPU in the 0.4 s before the stop", if the thread used it or seems to use it. */
void verdict_add_load(struct verdict_draft *draft, size_t thread);
/* "task Task-2 in fetch at app.py:12" */
void verdict_add_task(struct verdict_draft *draft, size_t task);
/* " awaits a lock", " sleeps, 3.2 s are left" */
void verdict_add_task_wait(struct verdict_draft *draft, size_t task);
/* "task ", "greenlet " */
const char *verdict_task_word(const struct snapshot_task *task);
/* A line with the progress of a thread, if there were several looks. */
void verdict_add_progress(struct verdict_draft *draft, size_t thread);
/* Lines about the process at the other end, and about processes of its family that do the same. */
void verdict_add_others(struct verdict_draft *draft, size_t thread);

/* A thread of another process that waits for this one; SNAPSHOT_NONE: none does. */
size_t verdict_find_waiter(const struct verdict_draft *draft, uint32_t pid);

#endif
