/* target_sampler: samples one target. Starts its workers, asks for each sample when it is due, and
 * ends them; where gdb attaches by itself, it also restores the target. A state machine:
 * target_sampler_step never waits. */
#ifndef PMP_TARGET_SAMPLER_H
#define PMP_TARGET_SAMPLER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/gdb/worker_pool.h"
#include "cli/safety/watchdog.h"
#include "cli/sampler/sample_counter.h"

/* Common to all target_samplers of a run; borrowed. */
struct target_sampler_context {
	const struct timeouts *timeouts;
	const struct watchdog *watchdog;
	const char *gdb;
	bool instant, glue, locals, started_by_pmp; /* as in worker_plan */
	struct sample_plan plan;
};

struct target_sampler;

struct target_sampler *target_sampler_create(const struct target_sampler_context *context,
                                             uint32_t pid, enum attach_mode attach);
/* Kills the gdbs of a sampler that has not ended. NULL is fine. */
void target_sampler_destroy(struct target_sampler *sampler);

/* Does what is to be done now. */
void target_sampler_step(struct target_sampler *sampler, uint64_t now);
/* When the next step is due, if no worker sends anything before. */
uint64_t target_sampler_deadline(const struct target_sampler *sampler);
/* Fills at most ATTACH_WORKERS_MAX rows. */
size_t target_sampler_poll(const struct target_sampler *sampler, struct pollfd *ret);

/* pmp's child, held at its first instruction until now, is about to be continued. */
void target_sampler_release(struct target_sampler *sampler);
/* Ends the sampling and detaches. at_once: does not wait for a running sample. */
void target_sampler_stop(struct target_sampler *sampler, bool at_once);

/* Ready for its first sample, or ended. */
bool target_sampler_prepared(const struct target_sampler *sampler);
/* No gdb is left, and the target is restored. */
bool target_sampler_ended(const struct target_sampler *sampler);
uint32_t target_sampler_pid(const struct target_sampler *sampler);
const struct sample_counter *target_sampler_counter(const struct target_sampler *sampler);
/* Why the sampling ended early. ERROR_NONE: it did not, or only because the target ended. */
const struct error *target_sampler_error(const struct target_sampler *sampler);

#endif
