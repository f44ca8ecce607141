#include "cli/sampler/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "cli/os/clock.h"
#include "cli/proc/container.h"
#include "cli/proc/descendants.h"
#include "cli/gdb/gdb_process.h"
#include "cli/safety/watchdog.h"
#include "cli/sampler/recorder.h"
#include "cli/sampler/target_sampler.h"
#include "cli/sampler/child_program.h"
#include "cli/proc/ptrace_access.h"
#include "cli/os/signals.h"

#define PROGRESS_US 100000 /* between two calls of the sink's progress */
#define TARGETS_MAX 1000
#define DESCENDANTS_US 100000 /* between two scans for new descendants */

struct sum {
	uint64_t taken, stopped_us, last_us;
};

struct supervisor {
	const struct options *options;
	struct target_sampler_context context;
	struct timeouts timeouts;
	struct recorder recorder;
	struct signals signals;
	struct watchdog watchdog;
	struct child_program program;   /* pid 0: none */
	struct descendants descendants; /* the program's */
	uint64_t descendants_us;        /* when to scan for new ones; CLOCK_NEVER: not asked for */
	struct sum freed;               /* of samplers that have ended and were freed */
	struct target_sampler **samplers;
	size_t count, cap;
	struct pollfd *polls;
	uint64_t progress_us;
	bool ending;
	int signal;          /* that ended the run; 0: none */
	bool ended_by_input; /* the sink's input function ended the run */
};

/* A user may mean a pid inside a container. Every container has a process 1. */
static void note_pid_in_container(struct supervisor *s, uint32_t pid)
{
	uint32_t found;
	struct process_stat stat;

	if (pid == 1 || !container_find(pid, &found, 1) || !process_stat(found, 0, &stat))
		return;
	recorder_note(&s->recorder, pid,
	              "process %" PRIu32 " of a container is another one: process %" PRIu32
	              " (%s) here",
	              pid, found, stat.comm);
}

static enum attach_mode choose_mode(struct supervisor *s, uint32_t pid)
{
	enum attach_mode asked = s->options->attach;

	if (asked == ATTACH_PLAIN || !process_is_32bit(pid))
		return asked;
	recorder_note(&s->recorder, pid,
	              "process %" PRIu32
	              " is a 32-bit program: going on with --attach plain: native "
	              "stacks only, and longer pauses",
	              pid);
	return ATTACH_PLAIN;
}

/* Without the agent gdb opens the file that has the path now. The agent opens the mapped file, and
 * reports what it cannot open. */
static void note_replaced_file(struct supervisor *s, uint32_t pid)
{
	struct process_stat stat;
	struct buf path = { 0 };

	if (process_stat(pid, 0, &stat) && stat.state != 'D' &&
	    container_has_replaced_library(pid, &path))
		recorder_note(&s->recorder, pid,
		              "%.*s was deleted or replaced while the program runs: with --attach "
		              "plain its functions may have no names, or those of another file",
		              SPAN_ARG(path));
	buf_deinit(&path);
}

static bool add_target(struct supervisor *s, uint32_t pid, struct error *err)
{
	enum attach_mode mode;

	for (size_t i = 0; i < s->count; i++)
		if (target_sampler_pid(s->samplers[i]) == pid)
			return true;
	if (!ptrace_access_check(pid, err))
		return false;
	if (s->count == TARGETS_MAX)
		return error_set(err, ERROR_FAILED, "more than %d processes: name some with -p",
		                 TARGETS_MAX);
	mode = choose_mode(s, pid);
	if (mode == ATTACH_PLAIN)
		note_replaced_file(s, pid);
	s->samplers = alloc_grow(s->samplers, &s->cap, s->count + 1, sizeof(*s->samplers));
	s->samplers[s->count++] = target_sampler_create(&s->context, pid, mode);
	free(s->polls);
	s->polls = alloc_zeroed(2 + s->count * ATTACH_WORKERS_MAX, sizeof(*s->polls));
	return true;
}

/* Descendants that pmp may not attach to are left out, with a note. */
static void add_descendants(struct supervisor *s, uint32_t pid)
{
	uint32_t *pids = NULL;
	size_t count = 0, cap = 0;

	process_descendants(pid, &pids, &count, &cap);
	for (size_t i = 0; i < count; i++) {
		struct error err = { 0 };

		if (!add_target(s, pids[i], &err) && err.code != ERROR_USAGE &&
		    err.code != ERROR_NO_PROCESS)
			recorder_note(&s->recorder, pids[i], "left out: %s", err.text);
	}
	free(pids);
}

static bool add_targets(struct supervisor *s, struct error *err)
{
	if (s->program.pid && !add_target(s, (uint32_t)s->program.pid, err))
		return false;
	for (size_t i = 0; i < s->options->pid_count; i++) {
		if (!add_target(s, s->options->pids[i], err))
			return false;
		note_pid_in_container(s, s->options->pids[i]);
		if (s->options->children)
			add_descendants(s, s->options->pids[i]);
	}
	return true;
}

/* Samples per target for the recording's run line; 0: no number. */
static uint64_t count_asked(const struct options *options)
{
	if (options->program)
		return 0; /* as many as its life lasts */
	if (options->samples)
		return options->samples;
	/* The ticks, from 0 on, before the end. */
	return (uint64_t)(options->seconds * options->rate_hz + 1 - 1e-9);
}

/* All samplers are ready: the schedule starts now. */
static void start_run(struct supervisor *s)
{
	const struct options *options = s->options;
	uint64_t now;

	recorder_open(&s->recorder, attach_mode_row(options->attach)->name, options->rate_hz,
	              count_asked(options));
	for (size_t i = 0; i < s->count; i++)
		recorder_target(&s->recorder, target_sampler_pid(s->samplers[i]));
	recorder_flush_pending(&s->recorder);
	now = clock_now_us();
	s->context.plan.schedule = (struct schedule){ now, options->rate_hz };
	s->context.plan.samples = options->samples ? options->samples : UINT64_MAX;
	s->context.plan.end_us =
	        options->seconds > 0 ? now + (uint64_t)(options->seconds * 1e6) : CLOCK_NEVER;
	s->context.plan.started = true;
	if (!s->program.pid)
		return;
	/* A sample of the first instruction is of no use: the first one is half a period later. */
	s->context.plan.schedule.start_us += (uint64_t)(0.5e6 / options->rate_hz);
	s->descendants.root = (uint32_t)s->program.pid;
	s->descendants_us = options->children ? now : CLOCK_NEVER;
	target_sampler_release(s->samplers[0]);
	child_program_release(&s->program);
}

static bool are_all(const struct supervisor *s, bool (*is)(const struct target_sampler *))
{
	for (size_t i = 0; i < s->count; i++)
		if (!is(s->samplers[i]))
			return false;
	return true;
}

static bool has_any_ended(const struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (target_sampler_ended(s->samplers[i]))
			return true;
	return false;
}

static void add_counter(struct sum *sum, const struct sample_counter *counter)
{
	sum->taken += counter->taken;
	sum->stopped_us += counter->stopped_us;
	if (counter->last_us > sum->last_us)
		sum->last_us = counter->last_us;
}

static struct sum sum_counters(const struct supervisor *s)
{
	struct sum ret = s->freed;

	for (size_t i = 0; i < s->count; i++)
		add_counter(&ret, target_sampler_counter(s->samplers[i]));
	return ret;
}

/* Until the last target has its samples; less than 0: the run has not begun. */
static double estimate_seconds_left(const struct supervisor *s, uint64_t now)
{
	const struct sample_plan *plan = &s->context.plan;
	double by_time = 1e9, by_samples = 0;

	if (!plan->started)
		return -1;
	if (plan->end_us != CLOCK_NEVER)
		by_time = plan->end_us > now ? (double)(plan->end_us - now) / 1e6 : 0;
	if (plan->samples == UINT64_MAX)
		return by_time;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample_counter *counter = target_sampler_counter(s->samplers[i]);
		double left = (double)(plan->samples + 1 - counter->sample) / s->options->rate_hz;

		if (!target_sampler_ended(s->samplers[i]) && left > by_samples)
			by_samples = left;
	}
	return by_time < by_samples ? by_time : by_samples;
}

static void report_seconds_left(struct supervisor *s, uint64_t now)
{
	if (!s->recorder.sink->progress || now < s->progress_us)
		return;
	s->recorder.sink->progress(s->recorder.sink->ctx, estimate_seconds_left(s, now));
	s->progress_us = now + PROGRESS_US;
}

static void stop_all(struct supervisor *s, bool at_once)
{
	for (size_t i = 0; i < s->count; i++)
		target_sampler_stop(s->samplers[i], at_once);
}

static void handle_signals(struct supervisor *s)
{
	for (int n; (n = signals_next(&s->signals));) {
		if (n == SIGCHLD)
			continue;
		if (s->program.pid &&
		    !child_program_forward_signal(&s->program, n, s->signals.from_kernel))
			continue;
		/* The second signal does not wait for a running sample; gdb detaches anyway. */
		stop_all(s, s->signal != 0);
		if (!s->signal)
			s->signal = n;
		s->ending = true;
	}
}

static void handle_input(struct supervisor *s)
{
	const struct recorder_sink *sink = s->recorder.sink;

	if (!sink->input || s->ended_by_input || !s->polls[1].revents || sink->input(sink->ctx))
		return;
	stop_all(s, false);
	s->ended_by_input = true;
	s->ending = true;
}

static void wait_for_event(struct supervisor *s)
{
	uint64_t deadline = clock_sooner(s->ending ? CLOCK_NEVER : s->descendants_us,
	                                 child_program_follow_stop(&s->program, clock_now_us()));
	uint64_t now = clock_now_us();
	struct timespec wait;
	size_t count = 0;

	s->polls[count++] = (struct pollfd){ .fd = s->signals.fd, .events = POLLIN };
	s->polls[count++] = (struct pollfd){
		.fd = s->recorder.sink->input && !s->ended_by_input ? s->recorder.sink->input_fd
		                                                    : -1,
		.events = POLLIN,
	};
	if (s->recorder.sink->input)
		deadline = clock_sooner(deadline, s->progress_us);
	for (size_t i = 0; i < s->count; i++) {
		deadline = clock_sooner(deadline, target_sampler_deadline(s->samplers[i]));
		count += target_sampler_poll(s->samplers[i], s->polls + count);
	}
	if (ppoll(s->polls, count, clock_wait(now, deadline, &wait), NULL) <= 0)
		s->polls[1].revents = 0;
}

/* Starts the run when all samplers are ready; ends it after an error. true: it did one of these,
 * and the samplers need a step before the next wait. */
static bool start_or_stop(struct supervisor *s)
{
	if (s->ending || are_all(s, target_sampler_ended))
		return false;
	/* A named target that cannot be sampled ends the run if it is known before the start. */
	if (s->recorder.err.code != ERROR_NONE ||
	    (!s->context.plan.started && has_any_ended(s) && !s->options->children)) {
		stop_all(s, false);
		s->ending = true;
		return true;
	}
	if (s->context.plan.started || !are_all(s, target_sampler_prepared))
		return false;
	start_run(s);
	return true;
}

/* Ends the sampling when the program has ended. true: it has, since the last call. */
static bool check_program_exit(struct supervisor *s)
{
	if (!s->program.pid || s->ending || !child_program_has_ended(&s->program))
		return false;
	stop_all(s, false);
	s->ending = true;
	if (s->context.plan.started && !sum_counters(s).taken)
		recorder_note(
		        &s->recorder, (uint32_t)s->program.pid,
		        "the program ended before the first sample: -r HZ takes more in a second");
	return true;
}

/* pmp waits for the program's end, even if the sampling ends before. */
static bool is_done(struct supervisor *s)
{
	bool waits = s->program.released && !s->signal && !child_program_has_ended(&s->program);

	return are_all(s, target_sampler_ended) && !waits;
}

/* Frees the samplers of descendants that have ended; an error becomes a note. The first sampler is
 * the program's and stays. */
static void free_ended(struct supervisor *s)
{
	size_t kept = 1;

	for (size_t i = 1; i < s->count; i++) {
		struct target_sampler *sampler = s->samplers[i];

		if (!target_sampler_ended(sampler)) {
			s->samplers[kept++] = sampler;
			continue;
		}
		if (target_sampler_error(sampler)->code != ERROR_NONE)
			recorder_note(&s->recorder, target_sampler_pid(sampler), "left out: %s",
			              target_sampler_error(sampler)->text);
		add_counter(&s->freed, target_sampler_counter(sampler));
		target_sampler_destroy(sampler);
	}
	s->count = kept;
}

static void add_new_descendants(struct supervisor *s, uint64_t now)
{
	uint32_t pid;

	if (s->ending || !s->context.plan.started || now < s->descendants_us)
		return;
	s->descendants_us = now + DESCENDANTS_US;
	free_ended(s);
	descendants_rescan(&s->descendants);
	while (descendants_next(&s->descendants, &pid)) {
		struct error err = { 0 };
		size_t before = s->count;

		if (!add_target(s, pid, &err) && err.code != ERROR_NO_PROCESS)
			recorder_note(&s->recorder, pid, "left out: %s", err.text);
		if (s->count > before)
			recorder_target(&s->recorder, pid);
	}
}

static void run_loop(struct supervisor *s)
{
	while (!is_done(s)) {
		for (size_t i = 0; i < s->count; i++)
			target_sampler_step(s->samplers[i], clock_now_us());
		report_seconds_left(s, clock_now_us());
		add_new_descendants(s, clock_now_us());
		if (check_program_exit(s) || start_or_stop(s) || is_done(s))
			continue;
		wait_for_event(s);
		handle_signals(s);
		handle_input(s);
	}
}

static void stop_recording(struct supervisor *s)
{
	uint64_t start_us = s->context.plan.schedule.start_us;
	struct sum sum = sum_counters(s);

	if (s->context.plan.started)
		recorder_stop(&s->recorder, sum.last_us > start_us ? sum.last_us - start_us : 0,
		              sum.stopped_us, s->signal != 0 || s->ended_by_input);
}

/* The result of supervisor_run. The first error counts, in this order: the sink's, a signal, the
 * first target's, the program's exit code. */
static bool run_result(const struct supervisor *s, struct error *err)
{
	uint64_t taken = sum_counters(s).taken;

	if (s->recorder.err.code != ERROR_NONE)
		return error_set(err, s->recorder.err.code, "%s", s->recorder.err.text);
	if (s->signal == SIGINT)
		error_set(err, ERROR_INTERRUPTED, "interrupted%s",
		          taken ? ": the results are those of the samples taken so far"
		                : " before the first sample");
	else if (s->signal)
		error_set(err, (enum error_code)(128 + s->signal), "ended by signal %d (%s)%s",
		          s->signal, strsignal(s->signal), taken ? "" : " before the first sample");
	for (size_t i = 0; i < s->count; i++)
		if (target_sampler_error(s->samplers[i])->code != ERROR_NONE &&
		    ((!taken && !s->program.pid) ||
		     target_sampler_error(s->samplers[i])->code != ERROR_NO_PROCESS))
			error_set(err, target_sampler_error(s->samplers[i])->code, "%s",
			          target_sampler_error(s->samplers[i])->text);
	if (s->program.ended && err->code == ERROR_NONE && child_program_exit_code(&s->program))
		error_set(err, (enum error_code)child_program_exit_code(&s->program), "%s", "");
	if (s->program.pid && s->context.plan.started)
		return true;
	return taken || error_set(err, ERROR_FAILED, "no sample was taken");
}

static bool start_and_run(struct supervisor *s, struct error *err)
{
	bool ok = false;

	if (!timeouts_parse(&s->timeouts, getenv("PMP_DEADLINES"), err))
		return false;
	s->context.gdb = gdb_process_find(s->options->gdb, err);
	if (!s->context.gdb || !signals_init(&s->signals, s->options->program, err))
		return false;
	if (watchdog_start(&s->watchdog, err) &&
	    (!s->options->program || child_program_start(&s->program, s->options->program,
	                                                 &s->signals, &s->watchdog, err)) &&
	    add_targets(s, err)) {
		run_loop(s);
		stop_recording(s);
		ok = run_result(s, err);
	}
	child_program_deinit(&s->program);
	signals_deinit(&s->signals);
	return ok;
}

bool supervisor_run(const struct options *options, const struct recorder_sink *sink,
                    struct error *err)
{
	struct supervisor s = {
		.options = options,
		.recorder = { .sink = sink },
		.watchdog = { .fd = -1 },
	};
	bool ok;

	s.context.timeouts = &s.timeouts;
	s.context.watchdog = &s.watchdog;
	s.context.plan.recorder = &s.recorder;
	s.context.instant = options->instant;
	s.context.glue = options->glue;
	s.context.locals = options->locals;
	s.context.started_by_pmp = options->program;
	s.descendants_us = CLOCK_NEVER;
	ok = start_and_run(&s, err);
	watchdog_end(&s.watchdog);
	for (size_t i = 0; i < s.count; i++)
		target_sampler_destroy(s.samplers[i]);
	descendants_deinit(&s.descendants);
	free(s.samplers);
	free(s.polls);
	free((char *)s.context.gdb);
	recorder_deinit(&s.recorder);
	return ok;
}
