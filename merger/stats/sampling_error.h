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
struct spread;

struct spread_keys {
	void *ctx;
	size_t count;
	/* Calls spread_put once for each thing that a stack counts for. leaf: the node that it ends at. */
	void (*put)(void *ctx, struct spread *spread, uint32_t leaf);
};

struct spread_touched {
	uint32_t *keys;
	size_t count, cap;
};

struct spread {
	size_t parts;   /* of the run; 0: there's no more to know than how many samples there are */
	double samples; /* stacks that the shares were taken from */
	double independent; /* so many independent samples would tell as much; without parts, all are taken to be */
	double freedom; /* degrees of it that the parts' spread has, 1 at least; without parts infinite */
	double inflation;       /* of a variance, as parts that follow each other are alike */
	double *sums, *squares; /* of the shares in the parts, by key */
	double steps;   /* the squares' sum, of shares from one part to the next, of all keys */
	double *before; /* shares in the part before */
	struct spread_touched touched_before;
	/* of the part that is looked at */
	uint64_t *now;
	struct spread_touched touched;
	uint64_t weight; /* of the stack */
};

/* The profile is finished; its tree's nodes are what put is called with. */
void spread_init(struct spread *ret, const struct profile *profile, const struct spread_keys *keys);
void spread_deinit(struct spread *spread);
void spread_put(struct spread *spread, size_t key);

/* The variance of a share of the whole, 0 to 1, that has this key: that of the parts; 0: not known. */
double spread_variance(const struct spread *spread, size_t key);
/* Do the parts alone tell its error? */
bool spread_trusts_parts(const struct spread *spread, double share);
/* Half of the interval in which the true share lies 95 times of 100. */
double spread_error(const struct spread *spread, size_t key, double share);
/* How many standard errors are left and right of a value 95 times of 100, with so many degrees of freedom (Student's t). */
double spread_t95(double freedom);

#endif
