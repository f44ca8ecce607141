/* stack_groups: groups a snapshot's threads by equal stacks. */
#ifndef PMP_STACK_GROUPS_H
#define PMP_STACK_GROUPS_H

#include "merger/diagnosis/snapshot.h"

struct stack_group {
	size_t first; /* index in stack_groups.threads of its first thread */
	size_t count;
};

struct stack_groups {
	size_t *threads; /* indexes of the snapshot's threads, group by group */
	struct stack_group *groups;
	size_t count;
};

/* A group has the threads of one process with equal frames and lines. The rarest group comes
 * first or, with largest_first, the largest; equal ones in the order of the snapshot. */
void stack_groups_init(struct stack_groups *groups, const struct snapshot *snapshot,
                       bool largest_first);
void stack_groups_deinit(struct stack_groups *groups);

#endif
