/* stack_groups: a snapshot's threads by equal stacks. */
#ifndef PMP_STACK_GROUPS_H
#define PMP_STACK_GROUPS_H

#include "merger/diagnosis/snapshot.h"

struct stack_group {
	size_t first; /* place in stack_groups.threads of the first of its threads */
	size_t count;
};

struct stack_groups {
	size_t *threads; /* places in the snapshot's threads, group by group */
	struct stack_group *groups;
	size_t count;
};

/* Threads of one process with equal frames, line for line. The rarest first, or, with largest_first, the largest;
 * those of a size in the order of the snapshot. */
void stack_groups_init(struct stack_groups *groups, const struct snapshot *snapshot,
                       bool largest_first);
void stack_groups_deinit(struct stack_groups *groups);

#endif
