/* recent_samples: the last samples of a run, as they come: what a live view shows of now. It forgets what is older than it is to
 * know, so that its memory does not grow with the run. A stack is its leaf's node in the profile's tree, which never
 * changes; the line that was current in each frame is not kept.
 *
 * Samples are those of timeline.h: one for each `begin` and each `failed`. */
#ifndef PMP_RECENT_SAMPLES_H
#define PMP_RECENT_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/parse/marker.h"
#include "merger/parse/raw_stack.h"
#include "merger/profile/tree.h"

/* In all samples together: when there are more, older samples go before their time. */
#define RECENT_SAMPLES_STACKS_MAX 200000

struct recent_stack {
	uint32_t
	        thread; /* its place in the profile's threads, which stays the same until the profile is sorted */
	uint32_t leaf;   /* node of the tree */
	uint64_t cpu_us; /* CPU time that the thread has had in its life */
	char state;      /* R, S, D ... just before the stop; 0: not told */
	bool has_cpu;
};

struct recent_sample {
	uint64_t time_us, pause_us;
	uint32_t pid;
	bool failed;
	size_t first, count; /* its stacks, for recent_samples_stack_at */
};

struct recent_samples;

/* Keeps what began at most span_us before the newest sample. */
struct recent_samples *recent_samples_create(uint64_t span_us);
void recent_samples_destroy(struct recent_samples *recent);

/* As text is read: a stack of the sample that is open, then the marker that ends it. */
void recent_samples_stack(struct recent_samples *recent, uint32_t thread, uint32_t leaf,
                          const struct stack_thread *told);
void recent_samples_on_marker(struct recent_samples *recent, const struct marker *marker);

/* A target in a part of the time. */
struct recent_target {
	uint32_t pid;
	size_t last; /* its newest sample that did not fail, for recent_samples_sample_at; SIZE_MAX: all failed */
};

/* The samples of the last span_us, seen from the newest. All counts are over all targets. */
struct recent_window {
	const struct recent_samples *recent;
	size_t from, to; /* samples, for recent_samples_sample_at */
	size_t taken, failed;
	uint64_t span_us; /* from the oldest to the newest one */
	double rate_hz;   /* of each target; 0: there are too few samples */
	uint64_t pause_median_us, pause_max_us;
	double stopped_share; /* of the time, for each target; 0 without a rate */
	struct recent_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index;
};

/* Nothing may be added to `recent` while the view is used. */
void recent_window_init(struct recent_window *ret, const struct recent_samples *recent,
                        uint64_t span_us);
void recent_window_deinit(struct recent_window *view);

const struct recent_sample *recent_samples_sample_at(const struct recent_samples *recent, size_t i);
const struct recent_stack *recent_samples_stack_at(const struct recent_samples *recent, size_t i);

/* How many stacks there are. running, here and below: only those of threads that were on a CPU, or waited for one, or
 * of which nobody told. */
size_t recent_window_stacks(const struct recent_window *view, bool running);
/* The view's stacks as a tree, without lines, whose frames are those of `tree`, the profile's. The caller destroys it;
 * its totals are settled. */
struct tree *recent_window_tree(const struct recent_window *view, const struct tree *tree,
                                bool running);

#endif
