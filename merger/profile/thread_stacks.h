/* thread_stacks: a profile's stacks thread by thread, for writers that tell threads apart.
 *
 * Threads come from the timeline, their stacks in the order of the time. Where that is not there, is not whole,
 * or was not weighed as the tree is, they come from the tree's own levels of processes and threads, the heaviest
 * stack first. Either way the weights add up to the tree's total.
 *
 * Memory goes by the changes of the timeline, some 4 bytes each, or by the nodes. */
#ifndef PMP_THREAD_STACKS_H
#define PMP_THREAD_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/profile/profile.h"

/* A stack for as long as a thread stands in it. */
struct thread_run {
	uint32_t stack; /* for thread_stacks_path */
	uint64_t samples,
	        cpu_us; /* without a timeline only what the tree is weighed by, the other 0 */
};

struct thread_group {
	uint32_t at;     /* a slot of the timeline, or a node of the tree */
	struct buf runs; /* coded; empty: the thread is in none of the samples */
};

struct thread_stacks {
	const struct profile *profile;
	const struct timeline *timeline; /* NULL: threads and stacks are nodes of the tree */
	struct thread_group *groups;
	size_t count, cap;
};

/* One level of a stack. */
struct thread_frame {
	uint32_t node; /* of the tree */
	uint32_t
	        line; /* 0: not known, or told by the node's frame (tree_by_line), or by its lines */
};

struct thread_frames {
	struct thread_frame *frames; /* leaf first, without the levels of processes and threads */
	size_t count, cap;
};

/* Who it is, as far as that is known: 0, and an empty text, otherwise. The text is the profile's. */
struct thread_identity {
	uint32_t pid, tid;
	struct span name;
};

/* The profile is finished and sorted, and stays for as long as *ret does. */
void thread_stacks_init(struct thread_stacks *ret, const struct profile *profile);
void thread_stacks_deinit(struct thread_stacks *stacks);

/* Reads a group's runs one by one: *at is 0 at first. false: behind the last one. */
bool thread_group_next(const struct thread_group *group, size_t *at, struct thread_run *ret);
/* What a run, and all of a group's, weigh in the tree. */
uint64_t thread_run_weight(const struct thread_stacks *stacks, const struct thread_run *run);
uint64_t thread_group_weight(const struct thread_stacks *stacks, const struct thread_group *group);
/* Fills *ret anew; {0} at first, and the caller frees ret->frames. */
void thread_stacks_path(const struct thread_stacks *stacks, uint32_t stack,
                        struct thread_frames *ret);
struct thread_identity thread_stacks_identity(const struct thread_stacks *stacks,
                                              const struct thread_group *group);

#endif
