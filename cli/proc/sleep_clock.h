/* sleep_clock: for how long a thread has not run.
 *
 * se.exec_start of /proc/PID/task/TID/sched is when a thread last ran, by the clock of its CPU
 * (rq_clock_task, kernel/sched/core.c). These clocks do not count the time that a hypervisor has
 * stolen, so two CPUs of a virtual machine may differ by seconds. pmp runs on the thread's CPU for
 * a moment to read its clock, if it may. */
#ifndef PMP_SLEEP_CLOCK_H
#define PMP_SLEEP_CLOCK_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct sleep_clock {
	cpu_set_t known;               /* CPUs whose offset has been read */
	double offset_ms[CPU_SETSIZE]; /* of the CPU's clock to CLOCK_MONOTONIC */
};

/* The time since the thread last ran, in us. Call it in pmp's main thread. false: unknown, because
 * the kernel has no such file (CONFIG_SCHED_DEBUG), or pmp may not run on the thread's CPU. */
bool sleep_clock_measure(struct sleep_clock *clock, uint32_t pid, uint32_t tid, uint64_t *ret);

#endif
