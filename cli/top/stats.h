/* stats: the numbers of the live view, for the run and its threads. */
#ifndef PMP_STATS_H
#define PMP_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/build/profile_builder.h"
#include "merger/build/recent_samples.h"

/* A thread in the newest sample of its target. */
struct top_thread {
	uint32_t thread; /* index into the profile's threads */
	uint32_t leaf;   /* node of the profile's tree */
	char state;      /* 0: unknown */
	bool has_cpu;
	double cpu_share; /* 1.0 is one CPU; over the window's time */
	struct span wait; /* where it waits, "clock_nanosleep"; empty: it runs, or unknown */
};

/* The number of threads that wait in the same place. */
struct top_wait {
	struct span what;
	size_t count;
};

#define TOP_STATES 128 /* values of a char */
#define TOP_WAITS 16

struct top_stats {
	const struct profile *profile; /* the builder's */
	struct profile_builder_progress progress;
	struct recent_window recent;
	struct top_thread *threads; /* highest CPU share first */
	size_t thread_count, thread_cap;
	size_t states[TOP_STATES];          /* threads in each state */
	struct top_wait waits[TOP_WAITS];   /* largest count first */
	size_t wait_count, waits_uncounted; /* waits_uncounted: threads that wait in other places */
	bool has_cpu;
	double cpu_share; /* sum over all threads */
};

/* Covers the last span_us. Valid until the builder gets more text. */
void top_stats_init(struct top_stats *ret, const struct profile_builder *builder, uint64_t span_us);
void top_stats_deinit(struct top_stats *stats);

#endif
