/* profile_diff: two profiles compared, by shares of each one's whole, so that runs of different length, rate and number of threads
 * can be; and for each change whether it's more than chance makes between two runs of the same program. */
#ifndef PMP_PROFILE_DIFF_H
#define PMP_PROFILE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

enum diff_side { DIFF_BEFORE, DIFF_AFTER, DIFF_SIDES };

/* Of 100 comparisons of a program with itself so many, at most, have any row that's sure. */
#define DIFF_WRONG_PERCENT 1

/* Shares are 0 to 1. */
struct diff_share {
	double before, after;
	double error;  /* half of the 95 % interval of after - before */
	double chance; /* how often chance alone makes a change as large as that, 0 to 1 */
};

struct diff_row {
	const struct frame *frame; /* in the joint profile; its line means nothing */
	struct diff_share self, total;
	bool sure; /* the change of its self share is not chance, though so many rows were looked at (S. Holm, 1979) */
};

struct profile_diff {
	/* All nodes that one or the other has; each weighs the mean of its two shares, in billionths. Its children are in the order of
	 * the change. */
	struct profile *joint;
	struct diff_share *nodes; /* by joint's nodes: of their totals */
	struct diff_row *rows;    /* functions, the largest change of a self share first */
	size_t row_count, sure_count;
	bool labels; /* one was of collapsed stacks, the other not: compared by what those tell */
	size_t compared; /* rows that had any weight to speak of */
	struct {
		const char *name; /* of the input, for people; the caller's */
		double weight;    /* in samples or in CPU seconds */
		uint64_t stacks;
		size_t parts; /* of the run, of which the spread is known (sampling_error.h); 0: it isn't */
		uint64_t left_out; /* as in the profile */
	} sides[DIFF_SIDES];
	enum profile_weight weight;
};

/* false: ERROR_INPUT: they're weighed differently, or one of them is empty. */
bool profile_diff_init(struct profile_diff *ret, const struct profile *before,
                       const struct profile *after, struct error *err);
void profile_diff_deinit(struct profile_diff *diff);

static inline double diff_change(const struct diff_share *share)
{
	return share->after - share->before;
}

#endif
