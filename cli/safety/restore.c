#include "cli/safety/restore.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>

#include "merger/base/alloc.h"

#define AGAIN_US 2000   /* between two steps */
#define DEATH_US 20000  /* a killed tracer's stops have ended or become real ones by then */
#define RESTOP_US 50000 /* a target that was stopped may take this long to stop again */
#define RUN_US 10000000 /* a thread with a pending stop may wait this long for a processor */
#define RAN_NS 1000000  /* less CPU time may end within the kernel, before the stop takes effect */
#define GIVE_UP_US                                                                                 \
	1000000 /* another process that stops the target for this long wants it stopped */

static bool has_tracing_stop(const struct process_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].stat.state == 't')
			return true;
	return false;
}

static void forget_waiting(struct restore *restore)
{
	restore->waiting_count = 0;
	restore->checked = false;
}

static void list_waiting(struct restore *restore, const struct process_threads *threads)
{
	restore->checked = true;
	for (size_t i = 0; i < threads->count; i++) {
		struct restore_thread thread = { .tid = threads->rows[i].tid };

		if (threads->rows[i].stat.state != 'R' ||
		    !process_cpu_ns(restore->pid, thread.tid, &thread.cpu_ns))
			continue;
		restore->waiting = alloc_grow(restore->waiting, &restore->waiting_cap,
		                              restore->waiting_count + 1, sizeof(thread));
		restore->waiting[restore->waiting_count++] = thread;
	}
}

static bool is_waiting(const struct restore *restore, const struct restore_thread *thread,
                       const struct process_threads *threads)
{
	uint64_t ns;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].tid == thread->tid)
			return threads->rows[i].stat.state == 'R' &&
			       process_cpu_ns(restore->pid, thread->tid, &ns) &&
			       ns < thread->cpu_ns + RAN_NS;
	return false;
}

/* Has every runnable thread run since the first check? A thread whose tracer died during a stop
 * goes on with the signal that stopped it. Nothing in /proc shows that signal until the thread
 * runs, which can take a while on a busy machine. */
static bool have_all_run(struct restore *restore, const struct process_threads *threads)
{
	size_t kept = 0;

	if (!restore->checked)
		list_waiting(restore, threads);
	for (size_t i = 0; i < restore->waiting_count; i++)
		if (is_waiting(restore, &restore->waiting[i], threads))
			restore->waiting[kept++] = restore->waiting[i];
	restore->waiting_count = kept;
	return !kept;
}

/* If a worker that died has left a stop: does /proc show it by now? */
static bool is_leftover_stop_visible(struct restore *restore, const struct process_threads *threads)
{
	if (has_tracing_stop(threads)) {
		forget_waiting(restore);
		return false;
	}
	return !restore->after_death || have_all_run(restore, threads);
}

static enum restore_result wait_again(struct restore *restore, uint64_t now)
{
	restore->again_us = now + AGAIN_US;
	return RESTORE_WAIT;
}

/* The target was stopped before the attach. */
static enum restore_result stop_again(struct restore *restore,
                                      const struct process_attach_state *state, uint64_t age,
                                      uint64_t now)
{
	if (state->stopped)
		return RESTORE_DONE;
	if (age < RESTOP_US)
		return wait_again(restore, now);
	kill((pid_t)restore->pid, SIGSTOP);
	return RESTORE_DONE;
}

void restore_deinit(struct restore *restore)
{
	free(restore->waiting);
	*restore = (struct restore){ 0 };
}

void restore_begin(struct restore *restore, bool after_death, uint64_t now)
{
	restore->after_death = after_death;
	restore->since_us = now;
	restore->first_sigcont_us = 0;
	forget_waiting(restore);
}

enum restore_result restore_step(struct restore *restore, const uint32_t *ours, size_t our_count,
                                 struct process_threads *threads, uint64_t now)
{
	struct process_attach_state state =
	        process_attach_state(restore->pid, restore->starttime, threads);
	uint64_t age = now - restore->since_us;

	if (state.life != PROCESS_ALIVE)
		return RESTORE_DONE;
	for (size_t i = 0; i < our_count; i++) {
		if (state.tracer != ours[i])
			continue;
		restore->holder = state.tracer;
		restore->again_us = now + AGAIN_US;
		return RESTORE_HELD;
	}
	if (state.tracer)
		return RESTORE_DONE; /* another tracer has attached: the target is its matter now */
	if (age < RUN_US && !is_leftover_stop_visible(restore, threads))
		return wait_again(restore, now);
	if (restore->was_stopped)
		return stop_again(restore, &state, age, now);
	if (state.stopped || state.stop_pending) {
		/* A gdb that dies during an attach leaves the SIGSTOP with which it attached. */
		if (age < DEATH_US && !restore->after_death)
			return wait_again(restore, now);
		kill((pid_t)restore->pid, SIGCONT);
		if (!restore->first_sigcont_us)
			restore->first_sigcont_us = now;
		return now - restore->first_sigcont_us < GIVE_UP_US ? wait_again(restore, now)
		                                                    : RESTORE_DONE;
	}
	return restore->after_death && age < DEATH_US ? wait_again(restore, now) : RESTORE_DONE;
}
