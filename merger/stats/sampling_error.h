/* sampling_error: how far the shares of a profile may be from those of an endless run.
 *
 * Neighbouring samples are correlated, and so are threads that wait for each other. Therefore
 * the run is split into parts, and the error of a share is computed from its variation between
 * the parts (batch means; Law and Kelton, Simulation Modeling and Analysis, 9.5.3). A share that
 * is too rare, or too frequent, for this method has at least the error of independent samples.
 * Without a timeline only that error is known. */
#ifndef PMP_SAMPLING_ERROR_H
#define PMP_SAMPLING_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* A key is the number, from 0 on, of a node or function whose share is estimated. */
struct sampling_error;

struct sampling_error_keys {
	void *ctx;
	size_t count;
	/* Calls sampling_error_count once for each key that the stack counts for. leaf: the
	 * stack's last node. */
	void (*put)(void *ctx, struct sampling_error *errors, uint32_t leaf);
};

struct part_keys {
	uint32_t *keys;
	size_t count, cap;
};

struct sampling_error {
	size_t parts;   /* parts of the run; 0: only the number of samples is known */
	double samples; /* number of stacks */
	/* number of independent samples with the same information; equal to `samples` without
	 * parts */
	double independent;
	/* degrees of freedom of the parts' variance, at least 1; without parts infinite */
	double freedom;
	/* factor of the variance, because neighbouring parts are correlated */
	double inflation;
	double *sums, *squares; /* by key, of the parts' shares */
	double steps;   /* sum of the squared steps between neighbouring parts, over all keys */
	double *before; /* shares in the previous part */
	struct part_keys touched_before;
	/* The current part: */
	uint64_t *now;
	struct part_keys touched;
	uint64_t weight; /* of the current stack */
};

/* The profile is finished. keys->put is called with nodes of its tree. */
void sampling_error_init(struct sampling_error *ret, const struct profile *profile,
                         const struct sampling_error_keys *keys);
void sampling_error_deinit(struct sampling_error *errors);
void sampling_error_count(struct sampling_error *errors, size_t key);

/* The variance of the share (0 to 1) of this key, from the parts; 0: unknown. */
double sampling_error_variance(const struct sampling_error *errors, size_t key);
/* Is the variance between the parts enough for this share? */
bool sampling_error_trusts_parts(const struct sampling_error *errors, double share);
/* Half of the 95 % interval of the share. */
double sampling_error_of(const struct sampling_error *errors, size_t key, double share);
/* Student's t: how many standard errors the 95 % interval extends to each side. */
double sampling_error_t95(double freedom);

#endif
