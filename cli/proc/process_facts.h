/* process_facts: collects facts from /proc about a process and its threads, before it is stopped:
 * the system call in which each thread sleeps, the descriptors it waits on, and the processes at
 * their other ends. As markers (merger/parse/marker.h): process, thread, child, fd, unread. */
#ifndef PMP_PROCESS_FACTS_H
#define PMP_PROCESS_FACTS_H

#include <stdint.h>

#include "merger/base/buf.h"

/* Appends all readable facts about pid; nothing if there is no such process. */
void process_facts_add(uint32_t pid, struct buf *ret);

#endif
