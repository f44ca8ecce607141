#include "cli/proc/cpu_window.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/os/clock.h"
#include "cli/proc/process.h"
#include "merger/base/alloc.h"
#include "merger/parse/marker.h"

struct cpu_window_row {
	uint32_t pid, tid;
	uint64_t start_us;
	struct process_schedstat first;
};

static void add_threads(struct cpu_window *window, uint32_t pid)
{
	struct process_threads threads = { 0 };

	process_threads(pid, &threads);
	for (size_t i = 0; i < threads.count && window->count < CPU_WINDOW_THREADS; i++) {
		struct cpu_window_row row = { .pid = pid,
			                      .tid = threads.rows[i].tid,
			                      .start_us = window->start_us };

		if (!process_schedstat(pid, row.tid, &row.first))
			continue;
		window->rows = alloc_grow(window->rows, &window->cap, window->count + 1,
		                          sizeof(*window->rows));
		window->rows[window->count++] = row;
	}
	process_threads_deinit(&threads);
}

void cpu_window_start(struct cpu_window *window, const uint32_t *pids, size_t count)
{
	if (!window->start_us)
		window->count = 0;
	window->start_us = clock_now_us();
	for (size_t i = 0; i < count; i++)
		add_threads(window, pids[i]);
}

/* No more than the window: a thread's time is added when it leaves the CPU, or at a tick, so some
 * of it may be from before the first reading. */
static uint64_t count_us(uint64_t first_ns, uint64_t last_ns, uint64_t window_us)
{
	uint64_t us = last_ns > first_ns ? (last_ns - first_ns) / 1000 : 0;

	return us < window_us ? us : window_us;
}

void cpu_window_end(struct cpu_window *window, struct buf *ret)
{
	uint64_t us;

	if (!window->start_us)
		return;
	us = clock_now_us() - window->start_us;
	if (us < CPU_WINDOW_US)
		usleep((useconds_t)(CPU_WINDOW_US - us));
	window->start_us = 0;
	for (size_t i = 0; i < window->count; i++) {
		const struct cpu_window_row *row = &window->rows[i];
		struct process_schedstat last;

		if (!process_schedstat(row->pid, row->tid, &last))
			continue;
		us = clock_now_us() - row->start_us;
		marker_open(ret, "thread");
		marker_addf(ret, "pid", "%" PRIu32, row->pid);
		marker_addf(ret, "tid", "%" PRIu32, row->tid);
		marker_addf(ret, "recent_us", "%" PRIu64,
		            count_us(row->first.cpu_ns, last.cpu_ns, us));
		marker_addf(ret, "ready_us", "%" PRIu64,
		            count_us(row->first.ready_ns, last.ready_ns, us));
		marker_addf(ret, "window_us", "%" PRIu64, us);
		marker_close(ret);
	}
}

void cpu_window_deinit(struct cpu_window *window)
{
	free(window->rows);
	*window = (struct cpu_window){ 0 };
}
