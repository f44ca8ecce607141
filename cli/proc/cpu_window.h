/* cpu_window: the CPU time of threads in a short interval before they are stopped. Two readings of
 * /proc/PID/task/TID/schedstat; nothing is stopped, and all threads have the same interval. */
#ifndef PMP_CPU_WINDOW_H
#define PMP_CPU_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"

#define CPU_WINDOW_US 50000      /* the shortest interval; a scheduler's tick takes up to 10 ms */
#define CPU_WINDOW_THREADS 10000 /* more are not measured: each needs two reads */

/* {0} at first. */
struct cpu_window {
	uint64_t start_us; /* of the last start, CLOCK_MONOTONIC; 0: not started, or ended */
	struct cpu_window_row *rows;
	size_t count, cap;
};

/* The first reading, of all threads of these processes. May be called again for more processes,
 * whose interval is shorter then. */
void cpu_window_start(struct cpu_window *window, const uint32_t *pids, size_t count);
/* The second reading: appends a `thread` marker with recent_us, ready_us and window_us for each
 * thread. Nothing if it was not started. Waits until CPU_WINDOW_US are over. */
void cpu_window_end(struct cpu_window *window, struct buf *ret);
void cpu_window_deinit(struct cpu_window *window);

#endif
