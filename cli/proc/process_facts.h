/* process_facts: collects facts from /proc about a process and its threads, before it is stopped:
 * the system call in which each thread sleeps, the descriptors it waits on, and the processes at
 * their other ends. As markers (merger/parse/marker.h): process, thread, child, fd, unread. */
#ifndef PMP_PROCESS_FACTS_H
#define PMP_PROCESS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"

#define PROCESS_FACTS_OTHERS 16

/* The processes that threads of a process wait for: a child, or the only other process that has the
 * other end of a pipe or socket or the lock on a file. */
struct process_facts_others {
	uint32_t pids[PROCESS_FACTS_OTHERS];
	size_t count;
};

/* Appends all readable facts about pid; nothing if there is no such process. hop: the process is
 * not sampled. others may be NULL; otherwise it is filled. */
void process_facts_add(uint32_t pid, bool hop, struct process_facts_others *others,
                       struct buf *ret);

#endif
