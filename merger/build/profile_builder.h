/* profile_builder: builds a profile from text: merges each stack, adds it to the tree, counts. A
 * live run and `pmp fold` of its raw text make the same calls, so they give the same profile.
 *
 * Results of the markers (marker.h):
 *
 *	first level	the process, as soon as markers name a second target
 *	asked		for each target that was named before the run's first sample: samples=N of
 *			the run. For a later target, or without N: its samples taken and failed. So
 *			a run that Ctrl-C or the target's end cut short still has the number that
 *			was asked for.
 *	taken, failed	the number of `end` and `failed` markers, over all targets. A failed sample
 *			is one lost stack for each thread (tid=) in the marker.
 *	achieved rate	from the times between `begin` markers of the same target, over all targets
 *	seconds		of `stop`; without it, the time of the run's last sample
 *	share stopped	stopped_us of `stop` (the sum over the targets), or else the sum of the
 *			pauses; divided by seconds times targets
 *	several runs	are added up: raw texts of several runs give one profile
 *
 * The timeline has a sample for each `begin` and each `failed`, at its time_us. A `failed` without
 * time_us is one period after its target's sample before. Several runs follow each other. A stack
 * outside of samples has no time; a note reports the number of these stacks.
 *
 * The CPU time of a thread is that since its sample before. For a new thread it is the total so
 * far, at most the time since the target's sample before. It is unknown in the first sample of a
 * target. Amounts below 1 ms are carried over to the next sample.
 *
 * Each stack, also a lost one, adds 1 to the tree, so the tree's total is the sum of
 * profile->marks. */
#ifndef PMP_PROFILE_BUILDER_H
#define PMP_PROFILE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/profile/profile.h"
#include "merger/build/recent_samples.h"

struct profile_builder_options {
	bool by_thread;     /* add a level for the thread (below the process, if there is one) */
	bool by_line;       /* of tree_create, and suffixes of pymerge_options */
	bool glue;          /* of pymerge_options */
	bool timeline;      /* store when each stack was sampled */
	size_t time_bytes;  /* limit of the timeline; 0: TIMELINE_BYTES_MAX */
	uint64_t recent_us; /* keep the samples of the last recent_us (recent_samples.h) */
};

/* The figures of a progress line. */
struct profile_builder_progress {
	uint64_t taken, failed, late, stacks;
	uint64_t last_pause_us, max_pause_us;
};

struct profile_builder;

struct profile_builder *profile_builder_create(const struct profile_builder_options *options);
void profile_builder_destroy(struct profile_builder *builder);

void profile_builder_feed(struct profile_builder *builder, const char *text, size_t len);
/* The end of one input. Another input may follow. */
void profile_builder_end_input(struct profile_builder *builder);
struct profile_builder_progress profile_builder_progress(const struct profile_builder *builder);

/* The profile so far, between two feeds. Nothing is sorted, the tree's totals are not complete
 * (tree_sum_totals and tree_sort may be called), rate and pauses of the sampling are unknown. The
 * profile belongs to the builder, as do the samples of profile_builder_recent (NULL: not kept). */
const struct profile *profile_builder_peek(const struct profile_builder *builder);
const struct recent_samples *profile_builder_recent(const struct profile_builder *builder);

/* Returns the finished, sorted profile; the caller destroys it. Only profile_builder_destroy may be
 * called on the builder afterwards. */
struct profile *profile_builder_finish(struct profile_builder *builder);

#endif
