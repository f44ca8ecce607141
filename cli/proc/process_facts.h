/* process_facts: what /proc says of a process and its threads, before anything is stopped: which system call each sleeps in,
 * on what, and who has the other end. As markers (merger/parse/marker.h): process, thread, child, fd, unread. */
#ifndef PMP_PROCESS_FACTS_H
#define PMP_PROCESS_FACTS_H

#include <stdint.h>

#include "merger/base/buf.h"

/* Appends all that can be read of pid; nothing if there is no such process. */
void process_facts_add(uint32_t pid, struct buf *ret);

#endif
