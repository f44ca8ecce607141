/* render: makes the text of `pmp top`, lines with ANSI colour sequences, from the stats. */
#ifndef PMP_RENDER_H
#define PMP_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/formats/format.h"
#include "merger/profile/function_totals.h"
#include "cli/options/options.h"
#include "cli/top/stats.h"

enum top_shows { TOP_FUNCTIONS, TOP_CALLS, TOP_THREADS, TOP_HELP };

/* The user's choices. */
struct top_choice {
	enum top_shows shows;
	enum function_order order; /* the order of the functions */
	bool whole;                /* all samples since the start, not only the recent ones */
	bool running;              /* only threads that ran; has no effect if whole */
	uint64_t span_us;          /* the window of recent samples */
	unsigned columns;
	bool ascii;
};

/* The first target, as far as it does not change. */
struct top_target {
	uint32_t pid;
	char name[64];
	uint64_t start_us; /* since boot; 0: unknown */
};

void top_target_init(struct top_target *ret, uint32_t pid);

/* Adds the header: target, samples, pauses, threads, waits; one line each, with a newline. */
#define TOP_HEADER_ROWS 5
void top_render_header(struct buf *ret, const struct options *options,
                       const struct top_target *target, double seconds_left,
                       const struct top_stats *stats);
/* Adds the head of the columns (one line without a newline) and the body below it. Returns the
 * number of stacks in the body. */
uint64_t top_render_body(struct buf *head, struct buf *ret, const struct options *options,
                         const struct top_choice *choice, const struct top_stats *stats);

#endif
