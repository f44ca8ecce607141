/* profile_builder: makes a profile out of what dump finds in text: merges each stack, adds it to the tree, counts.
 * A live run and `pmp fold` of its raw text are the same calls, so they give the same profile.
 *
 * What the markers (marker.h) come to:
 *
 *	first level	the process, as soon as markers name a second target
 *	asked		of each target that was named before its run's first sample, the run's samples=N;
 *			of one that came later, or where N is not told, what was taken or failed. So a run
 *			that Ctrl-C or the target's end cut short still says what it was asked for.
 *	taken, failed	`end` and `failed` markers, over all targets. A failed sample is one lost stack
 *			for each thread (tid=) that it names.
 *	achieved rate	from one `begin` of a target to its next, over all targets
 *	seconds		of `stop`; of a run without one, the time of its last sample
 *	share stopped	stop's stopped_us (the sum over the targets), else the sum of the pauses; of
 *			seconds times targets
 *	several runs	are added up: raw texts of several runs are folded into one profile
 *
 * The timeline has a sample for each `begin` and each `failed`, at its time_us; a `failed` without one is
 * one period behind its target's sample before. Several runs follow each other. A stack outside of
 * samples has no time: there is a note of how many of them there are. A thread's CPU time is that since
 * its sample before; of one that is new, all that it had, and no more than the time since the target's
 * sample before. In a target's first sample nobody knows it. Less than a millisecond is
 * told when there is more of it.
 *
 * Each stack, a lost one too, adds 1 to the tree, so its total is the sum of the marks. */
#ifndef PMP_PROFILE_BUILDER_H
#define PMP_PROFILE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/profile/profile.h"
#include "merger/build/recent_samples.h"

struct profile_builder_options {
	bool by_thread; /* the first level (below the process, if that is there) is the thread */
	bool by_line;
	bool glue;
	bool timeline;      /* keep when each stack was there */
	size_t time_bytes;  /* of it at most; 0: TIMELINE_BYTES_MAX */
	uint64_t recent_us; /* keep the last samples, so far back (recent_samples.h); 0: none */
};

/* What a progress line needs while it runs. */
struct profile_builder_progress {
	uint64_t taken, failed, late, stacks;
	uint64_t last_pause_us, max_pause_us;
};

struct profile_builder;

struct profile_builder *profile_builder_create(const struct profile_builder_options *options);
void profile_builder_destroy(struct profile_builder *builder);

void profile_builder_feed(struct profile_builder *builder, const char *text, size_t len);
/* The end of one input; a builder takes several, one after another. */
void profile_builder_end_input(struct profile_builder *builder);
struct profile_builder_progress profile_builder_progress(const struct profile_builder *builder);

/* What there is so far, for a look between two feeds: nothing is sorted, the tree's totals are not settled (tree_sum_totals
 * and tree_sort may be called), the sampling's rate and pauses are not known. It is the builder's, as is what
 * profile_builder_recent gives (NULL: not kept). */
const struct profile *profile_builder_peek(const struct profile_builder *builder);
const struct recent_samples *profile_builder_recent(const struct profile_builder *builder);

/* Gives the finished, sorted profile to the caller, who destroys it. The builder is spent: all that
 * may follow is profile_builder_destroy. */
struct profile *profile_builder_finish(struct profile_builder *builder);

#endif
