/* run_check: has each thread that wants a processor had one since a certain moment? A thread whose tracer died in the
 * middle of a stop goes on with the signal that stopped it: nothing shows that until it runs, and on a busy machine
 * that can take a while. */
#ifndef PMP_RUN_CHECK_H
#define PMP_RUN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

struct run_check_thread {
	uint32_t tid;
	uint64_t ns; /* of processor time, at the moment */
};

struct run_check {
	struct run_check_thread *rows; /* those that have not run since */
	size_t count, cap;
	bool begun;
};

void run_check_deinit(struct run_check *run_check);
/* Forgets the moment: the next run_check_passed is a new one. */
void run_check_forget(struct run_check *run_check);
/* threads: as they are now. The first call is the moment. */
bool run_check_passed(struct run_check *run_check, uint32_t pid,
                      const struct process_threads *threads);

#endif
