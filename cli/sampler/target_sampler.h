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
struct target_sampler_context {
	const struct timeouts *timeouts;
	const struct watchdog *watchdog;
	const char *gdb;
	bool instant, locals, started_by_pmp; /* as in worker_plan */
	struct sample_plan plan;
};

struct target_sampler;

struct target_sampler *target_sampler_create(const struct target_sampler_context *context,
                                             uint32_t pid, enum attach_mode attach);
/* One that is not over: its gdbs are killed. */
void target_sampler_destroy(struct target_sampler *sampler);

void target_sampler_step(struct target_sampler *sampler, uint64_t now);
uint64_t target_sampler_deadline(const struct target_sampler *sampler);
/* Fills at most ATTACH_WORKERS_MAX rows. */
size_t target_sampler_poll(const struct target_sampler *sampler, struct pollfd *ret);

/* It was held at its first instruction until now; it's continued right afterwards. */
void target_sampler_release(struct target_sampler *sampler);
/* Ends the sampling and lets the target go; at_once: does not wait for a sample that is on its way. */
void target_sampler_stop(struct target_sampler *sampler, bool at_once);

bool target_sampler_prepared(
        const struct target_sampler *sampler); /* ready for its first sample, or over */
bool target_sampler_ended(
        const struct target_sampler *sampler); /* no gdb is left, and the target is settled */
uint32_t target_sampler_pid(const struct target_sampler *sampler);
const struct sample_counter *target_sampler_counter(const struct target_sampler *sampler);
/* Why it ended before its samples were taken; ERROR_NONE if it did not, or if the target just ended. */
const struct error *target_sampler_error(const struct target_sampler *sampler);

#endif
