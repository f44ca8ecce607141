/* recent_samples: the last samples of a running recording, for a live view. Older samples are
 * removed, so that memory does not grow with the run. A stack is its leaf's node in the profile's
 * tree, which never changes; the current line of each frame is not stored.
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

/* Limit for all samples together. If it is passed, older samples are removed earlier. */
#define RECENT_SAMPLES_STACKS_MAX 200000

struct recent_stack {
	uint32_t thread; /* index into the profile's threads; valid until the profile is sorted */
	uint32_t leaf;   /* node of the tree */
	uint64_t cpu_us; /* CPU time since the thread's start */
	char state;      /* R, S, D ... just before the pause; 0: unknown */
	bool has_cpu;
};

struct recent_sample {
	uint64_t time_us, pause_us;
	uint32_t pid;
	bool failed;
	size_t first, count; /* its stacks: indices for recent_samples_stack_at */
};

struct recent_samples;

/* Keeps the samples that began at most span_us before the newest one. */
struct recent_samples *recent_samples_create(uint64_t span_us);
void recent_samples_destroy(struct recent_samples *recent);

/* Called while text is parsed: for each stack of a sample, and for each marker. */
void recent_samples_stack(struct recent_samples *recent, uint32_t thread, uint32_t leaf,
                          const struct stack_thread *facts);
void recent_samples_on_marker(struct recent_samples *recent, const struct marker *marker);

/* A target of a window. */
struct recent_target {
	uint32_t pid;
	size_t last; /* index of its newest sample that did not fail; SIZE_MAX: all failed */
};

/* The samples of the last span_us before the newest one. All counts are over all targets. */
struct recent_window {
	const struct recent_samples *recent;
	size_t from, to; /* samples: indices for recent_samples_sample_at */
	size_t taken, failed;
	uint64_t span_us; /* from the oldest to the newest sample */
	double rate_hz;   /* of each target; 0: too few samples */
	uint64_t pause_median_us, pause_max_us;
	double stopped_share; /* of the time, for each target; 0 if the rate is unknown */
	struct recent_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index;
};

/* No sample may be added to `recent` while the window is used. */
void recent_window_init(struct recent_window *ret, const struct recent_samples *recent,
                        uint64_t span_us);
void recent_window_deinit(struct recent_window *window);

const struct recent_sample *recent_samples_sample_at(const struct recent_samples *recent, size_t i);
const struct recent_stack *recent_samples_stack_at(const struct recent_samples *recent, size_t i);

/* The number of stacks. running, here and below: only those of threads that ran or waited for a
 * CPU, or whose state is unknown. */
size_t recent_window_stacks(const struct recent_window *window, bool running);
/* The window's stacks as a tree without lines. tree: the profile's. The caller destroys the result;
 * its totals are complete. */
struct tree *recent_window_tree(const struct recent_window *window, const struct tree *tree,
                                bool running);

#endif
