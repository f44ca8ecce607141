/* failure_policy: decides after each failure whether the sampling of a target goes on. Writes the
 * failed sample to the recording. If it gives the target up, it also writes all samples that were
 * asked for and will not be taken, as failed.
 *
 * Each function handles one event. Returns true if the sampling goes on. false: it ends, and err
 * has the reason; err is not set if the target ended by itself after a sample. */
#ifndef PMP_FAILURE_POLICY_H
#define PMP_FAILURE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"
#include "cli/sampler/sample_counter.h"
#include "cli/proc/process.h"
#include "cli/gdb/worker.h"

struct failure_policy {
	struct sample_counter *counter;  /* borrowed */
	struct process_threads *threads; /* borrowed storage: those whose stacks are missing */
	bool started_by_pmp;             /* pmp's child */
	struct error err;
};

/* An error that another attempt would meet again. Always false. */
bool failure_policy_on_fatal_error(struct failure_policy *policy, const struct error *err);
/* The target ended. Always false. */
bool failure_policy_on_target_end(struct failure_policy *policy);
/* A worker ended that was not asked to. gdb: its program. */
bool failure_policy_on_dead_worker(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *gdb, const char *why);
/* A sample failed because its worker ended. failure_policy_on_dead_worker is called as well. */
bool failure_policy_on_lost_sample(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *why, uint64_t now);
/* A sample failed because the kernel, gdb or pmp itself refused it. */
bool failure_policy_on_refused_sample(struct failure_policy *policy, const char *why, uint64_t now);

#endif
