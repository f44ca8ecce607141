/* stats: what a live view says of a run and of its threads: numbers, no text. */
#ifndef PMP_STATS_H
#define PMP_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/build/profile_builder.h"
#include "merger/build/recent_samples.h"

/* A thread as its target's newest sample has it. */
struct top_thread {
	uint32_t thread; /* its place in the profile's threads */
	uint32_t leaf;   /* node of the profile's tree */
	char state;      /* 0: not told */
	bool has_cpu;
	double cpu_share; /* of one processor, over the seconds that are looked at */
	struct span
	        wait; /* what it waits for or in, "clock_nanosleep"; empty: it runs, or nobody knows */
};

/* How many wait for the same. */
struct top_wait {
	struct span what;
	size_t count;
};

#define TOP_STATES 128 /* of a char */
#define TOP_WAITS 16

struct top_stats {
	const struct profile *profile; /* the builder's */
	struct profile_builder_progress progress;
	struct recent_window recent;
	struct top_thread *threads; /* those that burn most first */
	size_t thread_count, thread_cap;
	size_t states[TOP_STATES];        /* how many threads are in each */
	struct top_wait waits[TOP_WAITS]; /* the most first */
	size_t wait_count,
	        waits_uncounted; /* waits_uncounted: threads that wait for yet other things */
	bool has_cpu;
	double cpu_share; /* of all threads */
};

/* Of the last span_us. Good until the builder is fed again. */
void top_stats_init(struct top_stats *ret, const struct profile_builder *builder, uint64_t span_us);
void top_stats_deinit(struct top_stats *stats);

#endif
