/* target_sampler: one target and the workers that take turns at it, from the first gdb's start until the target is
 * let go and settled. Moves by steps; never waits. */
#ifndef PMP_TARGET_SAMPLER_H
#define PMP_TARGET_SAMPLER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/gdb/worker_pool.h"
#include "cli/safety/watchdog.h"
#include "cli/sampler/sample_counter.h"

/* What all pools of a run share. */
struct pool_context {
	const struct deadlines *deadlines;
	const struct guard *guard;
	const char *gdb;
	bool instant, locals, own; /* as in worker_plan */
	struct tally_plan plan;
};

struct pool;

struct pool *pool_create(const struct pool_context *context, uint32_t pid, enum attach_mode attach);
/* One that is not over: its gdbs are killed. */
void pool_destroy(struct pool *pool);

void pool_step(struct pool *pool, uint64_t now);
uint64_t pool_deadline(const struct pool *pool);
/* Fills at most ATTACH_WORKERS_MAX rows. */
size_t pool_poll(const struct pool *pool, struct pollfd *ret);

/* It was held at its first instruction until now; it's continued right afterwards. */
void pool_release(struct pool *pool);
/* Ends the sampling and lets the target go; at_once: does not wait for a sample that is on its way. */
void pool_stop(struct pool *pool, bool at_once);

bool pool_prepared(const struct pool *pool); /* ready for its first sample, or over */
bool pool_over(const struct pool *pool);     /* no gdb is left, and the target is settled */
uint32_t pool_pid(const struct pool *pool);
const struct tally *pool_tally(const struct pool *pool);
/* Why it ended before its samples were taken; ERROR_NONE if it did not, or if the target just ended. */
const struct error *pool_error(const struct pool *pool);

#endif
