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

struct patience {
	struct tally *tally;            /* borrowed */
	struct target_threads *threads; /* borrowed: as last seen, those whose stacks are lost */
	bool own;                       /* a program that pmp runs */
	struct error err;
};

/* Something that will not get better: always false. */
bool patience_error(struct patience *patience, const struct error *err);
/* Always false. */
bool patience_target_ended(struct patience *patience);
/* A worker ended, which was not asked to; gdb: its program. */
bool patience_worker(struct patience *patience, enum worker_trouble trouble, const char *gdb,
                     const char *why);
/* A sample failed as its worker ended; patience_worker is told of that as well. */
bool patience_sample(struct patience *patience, enum worker_trouble trouble, const char *why,
                     uint64_t now);
/* A sample was refused by the kernel, by gdb or by us, and has failed. */
bool patience_look(struct patience *patience, const char *why, uint64_t now);
/* So was an attach that was to last. */
bool patience_attach(struct patience *patience, const char *why);

#endif
