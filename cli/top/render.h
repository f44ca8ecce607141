/* render: what `pmp top` shows, as lines of text with ANSI's colours, from the stats. */
#ifndef PMP_RENDER_H
#define PMP_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/formats/format.h"
#include "merger/profile/function_totals.h"
#include "cli/options/options.h"
#include "cli/top/stats.h"

enum top_shows { TOP_FUNCTIONS, TOP_CALLS, TOP_THREADS, TOP_HELP };

/* What the person has chosen. */
struct top_choice {
	enum top_shows shows;
	enum function_order order; /* of the functions */
	bool whole;                /* since the start, not the last seconds */
	bool running;              /* only threads that ran; not where whole is */
	uint64_t span_us;          /* the last seconds */
	unsigned columns;
	bool ascii;
};

/* Who is looked at, as far as that does not change. */
struct top_target {
	uint32_t pid;
	char name[64];
	uint64_t start_us; /* since boot; 0: not known */
};

void top_target_init(struct top_target *ret, uint32_t pid);

/* The lines above: who, what was got, what it costs, the threads. Each ends in a newline. */
#define TOP_HEADER_ROWS 5
void top_render_header(struct buf *ret, const struct options *options,
                       const struct top_target *target, double seconds_left,
                       const struct top_stats *stats);
/* The head of the columns (one line without its newline), and what is below it; how many stacks that is of. */
uint64_t top_render_body(struct buf *head, struct buf *ret, const struct options *options,
                         const struct top_choice *choice, const struct top_stats *stats);

#endif
