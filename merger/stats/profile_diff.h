/* profile_diff: compares two profiles by shares of their whole, so that runs of different
 * length, rate and number of threads are comparable. For each change it computes whether it is
 * larger than the random difference between two runs of the same program. */
#ifndef PMP_PROFILE_DIFF_H
#define PMP_PROFILE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

enum diff_side { DIFF_BEFORE, DIFF_AFTER, DIFF_SIDES };

/* At most so many of 100 comparisons of a program with itself have a row that is `sure`. */
#define DIFF_WRONG_PERCENT 1

/* Shares are 0 to 1. */
struct diff_share {
	double before, after;
	double error;  /* half of the 95 % interval of after - before */
	double chance; /* probability (0 to 1) that chance alone makes such a change */
};

struct diff_row {
	const struct frame *frame; /* of the joint profile; its line has no meaning */
	struct diff_share self, total;
	/* the change of the self share is significant, corrected for the number of rows (S.
	 * Holm, 1979) */
	bool sure;
};

struct profile_diff {
	/* All nodes and modules of both profiles, and notes about the comparison. A node weighs the
	 * mean of its two shares, in billionths. Children are sorted by their change. */
	struct profile *joint;
	struct diff_share *nodes; /* by node of joint: shares of the node's total */
	/* functions, sorted by the change of the self share, largest first */
	struct diff_row *rows;
	size_t row_count, sure_count;
	/* only one profile was made of collapsed stacks: both are compared by labels */
	bool labels;
	size_t compared; /* rows that were tested for significance */
	struct {
		const char *name; /* of the input, for messages; owned by the caller */
		double weight;    /* in samples or CPU microseconds */
		uint64_t stacks;
		size_t parts;      /* parts of the run (sampling_error.h); 0: unknown */
		uint64_t left_out; /* as in the profile */
	} sides[DIFF_SIDES];
	enum profile_weight weight;
};

/* false: ERROR_INPUT, because the weights have different units or a profile is empty. */
bool profile_diff_init(struct profile_diff *ret, const struct profile *before,
                       const struct profile *after, struct error *err);
void profile_diff_deinit(struct profile_diff *diff);

static inline double diff_change(const struct diff_share *share)
{
	return share->after - share->before;
}

#endif
