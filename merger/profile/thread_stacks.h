/* thread_stacks: a profile's stacks by thread, for writers that separate threads.
 *
 * Threads are those of the timeline, and their stacks are in the order of time. If the timeline is
 * missing, incomplete or has another weight than the tree, threads are those of the tree's levels,
 * and the heaviest stack is first. In both cases the weights add up to the tree's total.
 *
 * Memory is proportional to the changes of the timeline (some 4 bytes each) or to the nodes. */
#ifndef PMP_THREAD_STACKS_H
#define PMP_THREAD_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/profile/profile.h"

/* Consecutive samples of a thread with the same stack. */
struct thread_run {
	uint32_t stack;           /* for thread_stacks_path */
	uint64_t samples, cpu_us; /* without a timeline: only the tree's weight, the other is 0 */
};

struct thread_group {
	uint32_t at;     /* a slot of the timeline, or a node of the tree */
	struct buf runs; /* encoded; empty: the thread is in no sample */
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
	uint32_t line; /* 0: unknown, or in the node's frame (tree_by_line) or the node's lines */
};

struct thread_frames {
	struct thread_frame *frames; /* leaf first, without the levels of processes and threads */
	size_t count, cap;
};

/* A thread's identity; 0 and empty: unknown. The name is the profile's string. */
struct thread_identity {
	uint32_t pid, tid;
	struct span name;
};

/* The profile must be finished and sorted, and must outlive *ret. */
void thread_stacks_init(struct thread_stacks *ret, const struct profile *profile);
void thread_stacks_deinit(struct thread_stacks *stacks);

/* Reads a group's runs one by one: *at is 0 at first. false: after the last one. */
bool thread_group_next(const struct thread_group *group, size_t *at, struct thread_run *ret);
/* The weight of a run, or of all runs of a group, in the tree. */
uint64_t thread_run_weight(const struct thread_stacks *stacks, const struct thread_run *run);
uint64_t thread_group_weight(const struct thread_stacks *stacks, const struct thread_group *group);
/* Sets *ret to the frames of a stack. *ret is {0} at first; the caller frees ret->frames at the
 * end. */
void thread_stacks_path(const struct thread_stacks *stacks, uint32_t stack,
                        struct thread_frames *ret);
struct thread_identity thread_stacks_identity(const struct thread_stacks *stacks,
                                              const struct thread_group *group);

#endif
