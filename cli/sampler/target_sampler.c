#include "cli/sampler/target_sampler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "cli/os/clock.h"
#include "cli/proc/kernel_stacks.h"
#include "cli/sampler/attachment.h"
#include "cli/sampler/failure_policy.h"

/* Threads may be stopped for a quarter of the time, and for GRACE_US / 4 more. */
#define STOPPED_SHARE 4
#define GRACE_US 50000
#define SHUT_DOWN_US 50000 /* between two checks of workers that were asked to end */

enum phase {
	PHASE_PREPARE, /* starts workers, waits until they are warm */
	PHASE_IDLE,    /* waits until a sample is due */
	PHASE_SAMPLE,  /* waits for a sample */
	PHASE_END,     /* ends the workers, restores the target */
	PHASE_OVER,
	PHASE_COUNT
};

struct target_sampler {
	const struct target_sampler_context *context;
	struct worker_pool pool;
	enum phase phase;
	struct attachment attachment;
	struct buf notes;
	bool at_once;
	uint64_t wake; /* when a step is due, whatever the workers do */
	struct sample_counter counter;
	struct failure_policy policy;
	uint64_t asked_us; /* when the worker was asked for a sample */
	/* the user has been informed */
	bool blocked_noted; /* that a thread in state D prevents an attach */
	bool guarded_noted; /* that gdb cannot seize threads */
	bool rest_noted;    /* that samples are delayed */
};

static void wake_at(struct target_sampler *sampler, uint64_t when)
{
	sampler->wake = clock_sooner(sampler->wake, when);
}

/* Ends the sampling if !ok; returns ok. */
static bool end_unless(struct target_sampler *sampler, bool ok)
{
	if (!ok)
		sampler->phase = PHASE_END;
	return ok;
}

static bool check_target_alive(struct target_sampler *sampler)
{
	return end_unless(sampler, attachment_life(&sampler->attachment) == PROCESS_ALIVE ||
	                                   failure_policy_on_target_end(&sampler->policy));
}

/* Restores the target. true: it is what it was before the attach. */
static bool target_restored(struct target_sampler *sampler, uint64_t now)
{
	bool ret = attachment_restored(&sampler->attachment, &sampler->pool, now);

	if (!ret)
		wake_at(sampler, sampler->attachment.again_us);
	return ret;
}

/* gdb has no Python: goes on in the mode that needs none. */
static void fall_back_to_plain(struct target_sampler *sampler, const char *why)
{
	worker_pool_destroy(&sampler->pool);
	sampler->pool.plan.mode = attach_mode_row(ATTACH_PLAIN);
	recorder_note(sampler->context->plan.recorder, sampler->pool.plan.pid,
	              "%s cannot run pmp's scripts (%s): going on with --attach plain: no Python "
	              "frames, and longer pauses (a gdb with Python can be named with --gdb)",
	              sampler->pool.plan.gdb, why);
}

/* Frees a worker that has ended. */
static void reap_worker(struct target_sampler *sampler, unsigned i, uint64_t now)
{
	struct worker *worker = sampler->pool.workers[i];
	enum worker_trouble trouble = worker_trouble(worker);
	char why[600];

	snprintf(why, sizeof(why), "%s", worker_why(worker));
	if (worker_ever_sampled(worker) && worker_pool_is_guarded(&sampler->pool))
		attachment_detached(&sampler->attachment, true, now);
	if (trouble == WORKER_TROUBLE_NO_PYTHON && sampler->pool.plan.mode->agent &&
	    sampler->phase != PHASE_END) {
		fall_back_to_plain(sampler, why);
		return;
	}
	worker_destroy(worker);
	sampler->pool.workers[i] = NULL;
	if (trouble != WORKER_TROUBLE_NONE && sampler->phase != PHASE_END)
		end_unless(sampler, failure_policy_on_dead_worker(&sampler->policy, trouble,
		                                                  sampler->pool.plan.gdb, why));
}

/* After a sample that failed. */
static void next_sample_or_end(struct target_sampler *sampler, bool ok, uint64_t now)
{
	sampler->phase = PHASE_IDLE;
	wake_at(sampler, now);
	end_unless(sampler, ok);
}

/* May a gdb attach now? ENDED: the phase has changed. */
static enum attach_check_result ask_may_attach(struct target_sampler *sampler, uint64_t now)
{
	enum attach_check_result ret =
	        attachment_may_attach(&sampler->attachment, &sampler->pool, now);

	if (ret == ATTACH_CHECK_WAIT || ret == ATTACH_CHECK_STOPPED)
		wake_at(sampler, sampler->attachment.again_us);
	else if (ret == ATTACH_CHECK_ENDED)
		end_unless(sampler, failure_policy_on_target_end(&sampler->policy));
	return ret;
}

/* The kernel, gdb or pmp itself refused a sample. */
static void on_sample_refused(struct target_sampler *sampler, const char *why)
{
	uint64_t now = clock_now_us();

	if (sampler->phase != PHASE_END && check_target_alive(sampler))
		next_sample_or_end(
		        sampler, failure_policy_on_refused_sample(&sampler->policy, why, now), now);
}

/* Another process traces the target. */
static void refuse_traced(struct target_sampler *sampler)
{
	char why[64];

	snprintf(why, sizeof(why), "process %" PRIu32 " traces it", sampler->attachment.check.tid);
	on_sample_refused(sampler, why);
}

/* A sample without an attach, which a thread in state D prevents. */
static void sample_from_proc(struct target_sampler *sampler, uint64_t now)
{
	const struct sample_plan *plan = &sampler->context->plan;
	uint32_t pid = sampler->pool.plan.pid, tid = sampler->attachment.check.tid;
	struct buf text = { 0 };

	if (!sampler->blocked_noted)
		recorder_note(plan->recorder, pid,
		              "thread %" PRIu32 " of process %" PRIu32 " is in uninterruptible "
		              "sleep (D), and no debugger can attach: until that ends samples "
		              "have kernel stacks only",
		              tid, pid);
	sampler->blocked_noted = true;
	kernel_stacks_sample(pid, &sampler->attachment.threads, tid, sampler->counter.sample,
	                     now - plan->schedule.start_us, &text);
	sample_counter_taken(&sampler->counter, buf_span(&text), 0, now);
	buf_deinit(&text);
	wake_at(sampler, now);
}

static void do_prepare(struct target_sampler *sampler, uint64_t now)
{
	struct worker_pool *pool = &sampler->pool;
	struct error err = { 0 };

	if (!check_target_alive(sampler))
		return;
	/* A worker that replaces another during the run may be ready only after the run's end. */
	if (sampler->context->plan.started &&
	    sample_counter_due(&sampler->counter, now) == CLOCK_NEVER) {
		sampler->phase = PHASE_END;
		return;
	}
	pool->plan.early = pool->plan.mode == attach_mode_row(ATTACH_SEIZE) &&
	                   !sampler->context->plan.started && !sampler->context->instant &&
	                   !sampler->context->started_by_pmp;
	if (!worker_pool_start_missing(pool, &err)) {
		end_unless(sampler, failure_policy_on_fatal_error(&sampler->policy, &err));
		return;
	}
	if (!(sampler->context->plan.started ? worker_pool_take_turn(pool)
	                                     : worker_pool_all_ready(pool)))
		return;
	if (target_restored(sampler, now))
		sampler->phase = PHASE_IDLE;
}

static void ask_sample(struct target_sampler *sampler, uint64_t now)
{
	sampler->asked_us = now;
	sampler->phase = PHASE_SAMPLE;
	worker_ask(worker_pool_current(&sampler->pool), WORKER_ASK_SAMPLE, sampler->counter.sample,
	           sampler->context->plan.schedule.start_us);
}

/* A sample for which gdb attaches by itself. */
static void ask_guarded_sample(struct target_sampler *sampler, uint64_t now)
{
	switch (ask_may_attach(sampler, now)) {
	case ATTACH_CHECK_GRANTED:
		ask_sample(sampler, now);
		break;
	case ATTACH_CHECK_TRACED:
		refuse_traced(sampler);
		break;
	case ATTACH_CHECK_BLOCKED:
		sample_from_proc(sampler, now);
		break;
	case ATTACH_CHECK_WAIT:
	case ATTACH_CHECK_STOPPED:
	case ATTACH_CHECK_ENDED:
		break;
	}
}

/* A sample is due. Must it wait, so that threads are not stopped for too much of the time?
 * --attach plain takes what it needs. */
static bool must_rest(struct target_sampler *sampler, uint64_t now)
{
	uint64_t rest = sampler->context->plan.schedule.start_us +
	                STOPPED_SHARE * sampler->counter.stopped_us;

	if (now + GRACE_US >= rest || !sampler->pool.plan.mode->agent)
		return false;
	if (!sampler->rest_noted)
		recorder_note(sampler->context->plan.recorder, sampler->pool.plan.pid,
		              "a sample stops a thread for long: samples are delayed, so that "
		              "threads are stopped for a quarter of the time at most");
	sampler->rest_noted = true;
	wake_at(sampler, rest - GRACE_US);
	return true;
}

static void do_idle(struct target_sampler *sampler, uint64_t now)
{
	uint64_t due;

	if (!worker_pool_take_turn(&sampler->pool)) {
		sampler->phase = PHASE_PREPARE;
		wake_at(sampler, now);
		return;
	}
	if (!target_restored(sampler, now) || !sampler->context->plan.started)
		return;
	due = sample_counter_due(&sampler->counter, now);
	if (due == CLOCK_NEVER)
		sampler->phase = PHASE_END;
	else if (due > now)
		wake_at(sampler, due);
	else if (must_rest(sampler, now))
		return;
	else if (worker_pool_is_guarded(&sampler->pool))
		ask_guarded_sample(sampler, now);
	else if (check_target_alive(sampler))
		ask_sample(sampler, now);
}

static void note_guarded(struct target_sampler *sampler)
{
	const char *why = worker_pool_no_seize(&sampler->pool);

	if (!why || sampler->guarded_noted)
		return;
	sampler->guarded_noted = true;
	recorder_note(
	        sampler->context->plan.recorder, sampler->pool.plan.pid,
	        "%s cannot seize threads (%s): it attaches for each sample, which takes longer "
	        "and stops all threads (another gdb can be named with --gdb)",
	        sampler->pool.plan.gdb, why);
}

static void do_sample(struct target_sampler *sampler, uint64_t now)
{
	struct worker *worker = worker_pool_current(&sampler->pool);
	enum worker_state state = worker_state(worker);
	char why[600];

	if (worker_ended(worker)) {
		snprintf(why, sizeof(why), "%s", worker_why(worker));
		sampler->counter.stopped_us += now - sampler->asked_us;
		if (check_target_alive(sampler))
			next_sample_or_end(sampler,
			                   failure_policy_on_lost_sample(&sampler->policy,
			                                                 worker_trouble(worker),
			                                                 why, now),
			                   now);
		return;
	}
	if (state != WORKER_READY)
		return;
	if (worker_pool_is_guarded(&sampler->pool))
		attachment_detached(&sampler->attachment, false, now);
	if (worker_answer(worker)->ok) {
		const struct worker_answer *answer = worker_answer(worker);

		note_guarded(sampler);
		sample_counter_taken(&sampler->counter, answer->text, answer->pause_us, now);
		sampler->phase = PHASE_IDLE;
		return;
	}
	sampler->counter.stopped_us += now - sampler->asked_us;
	on_sample_refused(sampler, worker_why(worker));
}

static void do_end(struct target_sampler *sampler, uint64_t now)
{
	process_threads(sampler->pool.plan.pid, &sampler->attachment.threads);
	if (!worker_pool_shut_down(&sampler->pool, sampler->at_once,
	                           process_has_blocked_thread(&sampler->attachment.threads), now))
		wake_at(sampler, now + SHUT_DOWN_US);
	else if (target_restored(sampler, now))
		sampler->phase = PHASE_OVER;
}

struct target_sampler *target_sampler_create(const struct target_sampler_context *context,
                                             uint32_t pid, enum attach_mode attach)
{
	struct target_sampler *sampler = alloc_zeroed(1, sizeof(*sampler));

	sampler->context = context;
	sampler->pool.plan = (struct worker_plan){
		.gdb = context->gdb,
		.mode = attach_mode_row(attach),
		.timeouts = context->timeouts,
		.pid = pid,
		.instant = context->instant,
		.glue = context->glue,
		.locals = context->locals,
		.started_by_pmp = context->started_by_pmp,
	};
	sampler->counter =
	        (struct sample_counter){ .plan = &context->plan, .pid = pid, .sample = 1 };
	if (context->plan.started)
		sampler->counter.tick = schedule_tick(&context->plan.schedule, 0, clock_now_us());
	sampler->policy = (struct failure_policy){
		.counter = &sampler->counter,
		.threads = &sampler->attachment.threads,
		.started_by_pmp = context->started_by_pmp,
	};
	attachment_init(&sampler->attachment, pid, context->watchdog, context->timeouts);
	sampler->attachment.started_by_pmp = context->started_by_pmp;
	sampler->attachment.held = context->started_by_pmp && !context->plan.started;
	return sampler;
}

void target_sampler_destroy(struct target_sampler *sampler)
{
	if (!sampler)
		return;
	worker_pool_destroy(&sampler->pool);
	buf_deinit(&sampler->notes);
	attachment_deinit(&sampler->attachment);
	free(sampler);
}

void target_sampler_step(struct target_sampler *sampler, uint64_t now)
{
	static void (*const handlers[PHASE_COUNT])(struct target_sampler *, uint64_t) = {
		[PHASE_PREPARE] = do_prepare,
		[PHASE_IDLE] = do_idle,
		[PHASE_SAMPLE] = do_sample,
		[PHASE_END] = do_end,
	};
	enum phase before;

	sampler->wake = CLOCK_NEVER;
	worker_pool_poll_events(&sampler->pool, now, &sampler->notes);
	recorder_text(sampler->context->plan.recorder, buf_span(&sampler->notes));
	buf_clear(&sampler->notes);
	do {
		before = sampler->phase;
		if (before == PHASE_OVER)
			return;
		handlers[before](sampler, now);
		/* Only after the handler, which needs the state of a worker that has ended. */
		for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
			if (sampler->pool.workers[i] && worker_ended(sampler->pool.workers[i])) {
				reap_worker(sampler, i, now);
				wake_at(sampler, now);
			}
	} while (sampler->phase != before);
}

uint64_t target_sampler_deadline(const struct target_sampler *sampler)
{
	return clock_sooner(sampler->wake, worker_pool_deadline(&sampler->pool));
}

size_t target_sampler_poll(const struct target_sampler *sampler, struct pollfd *ret)
{
	return worker_pool_add_pollfds(&sampler->pool, ret);
}

void target_sampler_release(struct target_sampler *sampler)
{
	attachment_continue(&sampler->attachment);
}

void target_sampler_stop(struct target_sampler *sampler, bool at_once)
{
	sampler->at_once |= at_once;
	if (sampler->phase != PHASE_OVER)
		sampler->phase = PHASE_END;
}

bool target_sampler_prepared(const struct target_sampler *sampler)
{
	return sampler->phase == PHASE_OVER ||
	       (sampler->phase == PHASE_IDLE && !sampler->attachment.unrestored &&
	        worker_pool_current(&sampler->pool));
}

bool target_sampler_ended(const struct target_sampler *sampler)
{
	return sampler->phase == PHASE_OVER;
}

uint32_t target_sampler_pid(const struct target_sampler *sampler)
{
	return sampler->pool.plan.pid;
}

const struct sample_counter *target_sampler_counter(const struct target_sampler *sampler)
{
	return &sampler->counter;
}

const struct error *target_sampler_error(const struct target_sampler *sampler)
{
	return &sampler->policy.err;
}
