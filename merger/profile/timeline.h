/* timeline: when each stack of a profile was sampled. It stores each sample's time and pause, and
 * each thread's entry (stack, state, CPU time) if it differs from that in the target's sample
 * before. Most threads do not change, so memory is proportional to the changes. A stack is a
 * number: the last step of its path in a prefix trie. A step of the trie is a tree's node and a
 * line in it.
 *
 * A sample takes some 6 bytes, a change 5 to 9 (`make bench` measures it). When a limit is passed,
 * later samples are not stored. The tree has them.
 *
 * Times are microseconds since the start of the run; runs that are folded into one profile follow
 * each other. The profile owns the tree; steps have its nodes' indices, which never change. */
#ifndef PMP_TIMELINE_H
#define PMP_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/profile/frame.h"
#include "merger/base/hash_index.h"
#include "merger/profile/merge_quality.h"
#include "merger/profile/tree.h"

/* Limit in bytes. As much again may be allocated and unused. */
#define TIMELINE_BYTES_MAX ((size_t)64 << 20)
/* Limit of one entry's CPU time: 35 years. */
#define TIMELINE_CPU_MAX ((uint64_t)1 << 50)
#define TIMELINE_ROOT 0u /* step 0: no frame */

/* The node of a path's first step is a child of the root or of a process: processes have no
 * steps. */
struct timeline_step {
	uint32_t parent; /* a lower number */
	uint32_t node;   /* of the tree */
	uint32_t line;   /* 0: unknown, or in the node's frame (tree_by_line) */
	uint32_t mark;   /* merge_quality of the stacks that end here; QUALITY_COUNT: none ends */
};

/* The state if it is a letter, as in /proc; 0 otherwise. */
static inline char timeline_state(char state)
{
	return (state >= 'A' && state <= 'Z') || (state >= 'a' && state <= 'z') ? state : '\0';
}

struct timeline_entry {
	uint32_t stack; /* TIMELINE_ROOT: the thread is not in the sample */
	char state;     /* R, S, D ... just before the pause; 0: unknown */
	bool has_cpu;
	uint64_t cpu_us; /* CPU time since the thread's sample before */
};

/* A thread of a target's samples. nth: a text may have a thread twice in one sample. */
struct timeline_slot {
	uint32_t target; /* index into targets */
	uint32_t pid, tid, nth;
	struct timeline_entry entry; /* in the last sample */
	uint32_t live;               /* its index in its target's `live`, while it is there */
	uint32_t named;              /* nth 0: slots of this thread in sample `sample` */
	size_t sample;               /* the last sample that had it */
};

struct timeline_target {
	uint32_t pid;
	uint32_t *live; /* slots */
	size_t live_count, live_cap;
};

struct timeline_sample {
	uint64_t time_us, pause_us;
	uint32_t pid;
	bool late, failed;
};

struct timeline_change {
	uint32_t slot;
	struct timeline_entry entry;
};

/* One thread of the current sample. */
struct timeline_thread {
	uint32_t pid, tid;
	struct timeline_entry entry;
};

struct timeline_last {
	uint32_t node, line, step;
};

struct timeline {
	size_t max;
	bool full;        /* the limit was passed: no more samples are added */
	uint64_t full_us; /* the time of the first sample that is missing */
	struct timeline_step *steps;
	size_t step_count, step_cap;
	struct hash_index step_index;
	struct timeline_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index; /* pid -> index in targets */
	struct timeline_slot *slots;
	size_t slot_count, slot_cap;
	struct hash_index slot_index;
	struct buf bytes;    /* the samples, encoded */
	uint64_t time_us;    /* of the last sample */
	uint64_t last_us;    /* the latest time of all samples */
	uint64_t stacks;     /* entries in all samples: the tree's total, if complete */
	uint64_t with_cpu;   /* entries with a CPU time */
	uint64_t with_state; /* entries with a state */
	size_t sample_count, change_count;
	struct timeline_thread *threads;
	size_t thread_count, thread_cap;
	struct timeline_change *changes;
	size_t open_count, changes_cap;
	struct timeline_last *last; /* the last stack, root first */
	size_t last_count, last_cap;
};

/* max: limit in bytes, for timeline_bytes. */
struct timeline *timeline_create(size_t max);
void timeline_destroy(struct timeline *timeline);

/* The memory in use, in bytes, without memory that is allocated ahead. */
size_t timeline_bytes(const struct timeline *timeline);

/* The number of a stack that tree_add has added. leaf: its result. frames: the stack's, root first,
 * without the process. */
uint32_t timeline_stack(struct timeline *timeline, const struct tree *tree, uint32_t leaf,
                        const struct frame *frames, size_t count, enum merge_quality quality);
/* The number of this step; added if it is missing. */
uint32_t timeline_step(struct timeline *timeline, const struct timeline_step *step);

/* Adds a sample from all its threads: timeline_add for each, then timeline_close, which stores only
 * the differences to the target's sample before. */
void timeline_add(struct timeline *timeline, uint32_t pid, uint32_t tid,
                  const struct timeline_entry *entry);
void timeline_close(struct timeline *timeline, const struct timeline_sample *sample);
/* Drops the threads added since the last close; returns their number. */
size_t timeline_drop(struct timeline *timeline);

/* Adds a sample from its changes: timeline_change for each, then timeline_commit. */
uint32_t timeline_target(struct timeline *timeline, uint32_t pid);
uint32_t timeline_slot(struct timeline *timeline, uint32_t target, uint32_t pid, uint32_t tid,
                       uint32_t nth);
void timeline_change(struct timeline *timeline, uint32_t slot, const struct timeline_entry *entry);
void timeline_commit(struct timeline *timeline, const struct timeline_sample *sample);

/* Reads the samples in the order in which they were added. */
struct timeline_cursor {
	const struct timeline *timeline;
	size_t at; /* in `bytes` */
	/* the sample that timeline_next has read */
	struct timeline_sample sample;
	uint32_t target;
	struct timeline_change *changes;
	size_t change_count, change_cap;
};

/* {.timeline = ..} is before the first sample. false: after the last one. */
bool timeline_next(struct timeline_cursor *cursor);
void timeline_cursor_deinit(struct timeline_cursor *cursor);

#endif
