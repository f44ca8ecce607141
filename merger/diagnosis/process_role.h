/* process_role: the part that a process has in its family, and which processes of a family are the
 * same. What hangs is looked for in the program's own code first. */
#ifndef PMP_PROCESS_ROLE_H
#define PMP_PROCESS_ROLE_H

#include "merger/diagnosis/snapshot.h"

/* In the order in which a cause is looked for. */
enum process_role {
	ROLE_APPLICATION,
	ROLE_SUPERVISOR, /* it waits for its children, for signals or for time */
	ROLE_HELPER,     /* a resource tracker, a checkpointer: it serves the other processes */
};

enum process_role process_role_of(const struct snapshot *snapshot,
                                  const struct snapshot_process *process);

/* Processes of the same parent and program whose threads have the same stacks and waits. */
struct process_groups {
	size_t *first; /* by process: the first one of its group */
	size_t *size;  /* by process: the number of processes in its group */
};

void process_groups_init(struct process_groups *groups, const struct snapshot *snapshot);
void process_groups_deinit(struct process_groups *groups);

#endif
