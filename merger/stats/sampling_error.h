/* sampling_error: how far the shares of a profile may lie from those that an endless run would have.
 *
 * Samples of a program follow each other: what it does now it mostly does a tenth of a second later, too, and threads wait for
 * each other. So the run is cut into parts, and the shares' spread from part to part tells their error ("batch means"; Law and
 * Kelton, Simulation Modeling and Analysis, 9.5.3). What was there, or away, too seldom for that has at least the error of
 * independent samples, which is also all that is known without a timeline. */
#ifndef PMP_SAMPLING_ERROR_H
#define PMP_SAMPLING_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* Things that have a share, by numbers from 0 on. */
struct sampling_error;

struct sampling_error_keys {
	void *ctx;
	size_t count;
	/* Calls sampling_error_count once for each thing that a stack counts for. leaf: the node that it ends at. */
	void (*put)(void *ctx, struct sampling_error *spread, uint32_t leaf);
};

struct part_keys {
	uint32_t *keys;
	size_t count, cap;
};

struct sampling_error {
	size_t parts;   /* of the run; 0: there's no more to know than how many samples there are */
	double samples; /* stacks that the shares were taken from */
	double independent; /* so many independent samples would tell as much; without parts, all are taken to be */
	double freedom; /* degrees of it that the parts' spread has, 1 at least; without parts infinite */
	double inflation;       /* of a variance, as parts that follow each other are alike */
	double *sums, *squares; /* of the shares in the parts, by key */
	double steps;   /* the squares' sum, of shares from one part to the next, of all keys */
	double *before; /* shares in the part before */
	struct part_keys touched_before;
	/* of the part that is looked at */
	uint64_t *now;
	struct part_keys touched;
	uint64_t weight; /* of the stack */
};

/* The profile is finished; its tree's nodes are what put is called with. */
void sampling_error_init(struct sampling_error *ret, const struct profile *profile,
                         const struct sampling_error_keys *keys);
void sampling_error_deinit(struct sampling_error *spread);
void sampling_error_count(struct sampling_error *spread, size_t key);

/* The variance of a share of the whole, 0 to 1, that has this key: that of the parts; 0: not known. */
double sampling_error_variance(const struct sampling_error *spread, size_t key);
/* Do the parts alone tell its error? */
bool sampling_error_trusts_parts(const struct sampling_error *spread, double share);
/* Half of the interval in which the true share lies 95 times of 100. */
double sampling_error_of(const struct sampling_error *spread, size_t key, double share);
/* How many standard errors are left and right of a value 95 times of 100, with so many degrees of freedom (Student's t). */
double sampling_error_t95(double freedom);

#endif
