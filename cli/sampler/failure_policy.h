/* failure_policy: how much may go wrong with one target before it is given up, and what the journal and the person
 * are then told. A sample that failed is in the journal, and so are all that were asked for and will not come.
 *
 * Each function that returns a bool is told of one thing that went wrong. false: that is the end of it; err
 * says why, but for a target that ended by itself behind a sample. */
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
	struct process_threads *threads; /* borrowed: as last seen, those whose stacks are lost */
	bool started_by_pmp;             /* a program that pmp runs */
	struct error err;
};

/* Something that will not get better: always false. */
bool failure_policy_on_fatal_error(struct failure_policy *policy, const struct error *err);
/* Always false. */
bool failure_policy_on_target_end(struct failure_policy *policy);
/* A worker ended, which was not asked to; gdb: its program. */
bool failure_policy_on_dead_worker(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *gdb, const char *why);
/* A sample failed as its worker ended; failure_policy_on_dead_worker is told of that as well. */
bool failure_policy_on_lost_sample(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *why, uint64_t now);
/* A sample was refused by the kernel, by gdb or by us, and has failed. */
bool failure_policy_on_refused_sample(struct failure_policy *policy, const char *why, uint64_t now);
/* So was an attach that was to last. */
bool failure_policy_on_refused_attach(struct failure_policy *policy, const char *why);

#endif
