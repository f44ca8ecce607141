/* run_check: has each thread that wants a processor had one since a certain moment? A thread whose tracer died in the
 * middle of a stop goes on with the signal that stopped it: nothing shows that until it runs, and on a busy machine
 * that can take a while. */
#ifndef PMP_RUN_CHECK_H
#define PMP_RUN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

struct run {
	uint32_t tid;
	uint64_t ns; /* of processor time, at the moment */
};

struct runs {
	struct run *rows; /* those that have not run since */
	size_t count, cap;
	bool begun;
};

void runs_deinit(struct runs *runs);
/* Forgets the moment: the next runs_all is a new one. */
void runs_forget(struct runs *runs);
/* threads: as they are now. The first call is the moment. */
bool runs_all(struct runs *runs, uint32_t pid, const struct target_threads *threads);

#endif
