/* timeline: when each stack of a profile was there. It keeps each sample's time and pause, and of each
 * thread the entry (stack, state, CPU time) where it differs from the one in the target's sample before:
 * most threads stand still, so that memory goes by change. A stack is a number: the last step of its
 * path in a prefix trie, of which each step is a tree's node and the line in it.
 *
 * A sample takes some 6 bytes and a change 5 to 9 (`make bench` measures it). There is a limit for all
 * of it: a sample that comes when that is passed, and all behind it, are not kept. The tree has them.
 *
 * Times are microseconds since the start of the run; runs that are folded into one profile follow each
 * other. The owner of the tree is the profile: steps hold its nodes' indexes, which never change. */
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

/* Bytes, of which as much again may be allocated and not used. */
#define TIMELINE_BYTES_MAX ((size_t)64 << 20)
/* Of one entry's CPU time: 35 years are no thread's. */
#define TIMELINE_CPU_MAX ((uint64_t)1 << 50)
#define TIMELINE_ROOT 0u /* step 0: no frame */

/* The path's first step hangs on the tree's root or on a process below it: that level has no steps. */
struct timeline_step {
	uint32_t parent; /* a lower number */
	uint32_t node;   /* of the tree */
	uint32_t line;   /* 0: not known, or told by the node's frame (tree_by_line) */
	uint32_t
	        mark; /* enum merge_quality of the stacks that end here; QUALITY_COUNT: none does */
};

/* What a thread's state can be in /proc: a letter; 0 otherwise. */
static inline char timeline_state(char state)
{
	return (state >= 'A' && state <= 'Z') || (state >= 'a' && state <= 'z') ? state : '\0';
}

struct timeline_entry {
	uint32_t stack; /* TIMELINE_ROOT: the thread is not there (any more) */
	char state;     /* R, S, D ... just before the stop; 0: not told */
	bool has_cpu;
	uint64_t cpu_us; /* CPU time since the thread's sample before */
};

/* A thread as a target's samples have it. `nth`: a text may name one twice in one sample. */
struct timeline_slot {
	uint32_t target; /* index into targets */
	uint32_t pid, tid, nth;
	struct timeline_entry entry; /* in the last sample that was added */
	uint32_t live;               /* its place in its target's `live`, while it is there */
	uint32_t named;              /* nth 0: how many there are in the sample of `sample` */
	size_t sample;               /* the last one that named it */
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

/* One thread of the sample that is being put together. */
struct timeline_thread {
	uint32_t pid, tid;
	struct timeline_entry entry;
};

struct timeline_last {
	uint32_t node, line, step;
};

struct timeline {
	size_t max;
	bool full;        /* the limit was passed: nothing is added any more */
	uint64_t full_us; /* the time of the first sample that is not there */
	struct timeline_step *steps;
	size_t step_count, step_cap;
	struct hash_index step_index;
	struct timeline_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index; /* pid -> its place */
	struct timeline_slot *slots;
	size_t slot_count, slot_cap;
	struct hash_index slot_index;
	struct buf bytes;  /* the samples, coded */
	uint64_t time_us;  /* of the last one */
	uint64_t last_us;  /* the latest time of any */
	uint64_t stacks;   /* entries in all samples: what the tree's total would be */
	uint64_t with_cpu; /* those that tell a CPU time */
	uint64_t with_state;
	size_t sample_count, change_count;
	struct timeline_thread *threads;
	size_t thread_count, thread_cap;
	struct timeline_change *changes;
	size_t open_count, changes_cap;
	struct timeline_last *last; /* the stack that was added last, root first */
	size_t last_count, last_cap;
};

struct timeline *timeline_create(size_t max);
void timeline_destroy(struct timeline *timeline);

/* Memory of all that is kept, without what is allocated ahead. */
size_t timeline_bytes(const struct timeline *timeline);

/* The number of a stack that tree_add has put below a process or the root: `leaf` is what it returned,
 * frames (root first) are the stack's without the process. */
uint32_t timeline_stack(struct timeline *timeline, const struct tree *tree, uint32_t leaf,
                        const struct frame *frames, size_t count, enum merge_quality mark);
/* The number of this step, made if it is missing. */
uint32_t timeline_step(struct timeline *timeline, const struct timeline_step *step);

/* A sample as its threads come: timeline_add for each, then timeline_close. What is the same as in the
 * target's sample before is left out; threads that are not named are gone. */
void timeline_add(struct timeline *timeline, uint32_t pid, uint32_t tid,
                  const struct timeline_entry *entry);
void timeline_close(struct timeline *timeline, const struct timeline_sample *sample);
/* Forgets what was added since the last close; returns how many threads that were. */
size_t timeline_drop(struct timeline *timeline);

/* A sample by its changes: timeline_change for each, then timeline_commit. */
uint32_t timeline_target(struct timeline *timeline, uint32_t pid);
uint32_t timeline_slot(struct timeline *timeline, uint32_t target, uint32_t pid, uint32_t tid,
                       uint32_t nth);
void timeline_change(struct timeline *timeline, uint32_t slot, const struct timeline_entry *entry);
void timeline_commit(struct timeline *timeline, const struct timeline_sample *sample);

/* Reads the samples in the order in which they were added. */
struct timeline_cursor {
	const struct timeline *timeline;
	size_t at; /* in bytes */
	/* the sample that timeline_next has read */
	struct timeline_sample sample;
	uint32_t target;
	struct timeline_change *changes;
	size_t change_count, change_cap;
};

/* {.timeline = ..} is before the first sample. false: behind the last one. */
bool timeline_next(struct timeline_cursor *cursor);
void timeline_cursor_deinit(struct timeline_cursor *cursor);

#endif
