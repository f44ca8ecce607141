#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../merger/alloc.h"
#include "refusal.h"
#include "settle.h"

#define FAILURES_MAX 10 /* samples in a row */
#define ATTACHES_MAX 3  /* in a row, before a sample was taken */
#define RETRY_US 100000 /* between attaches that failed */
#define AGAIN_US 5000   /* between looks at a thread in state D */

enum phase {
	PHASE_PREPARE, /* starts workers, waits until they are warm */
	PHASE_ATTACH,  /* modes that keep the target */
	PHASE_IDLE,    /* waits for a sample's time */
	PHASE_SAMPLE,
	PHASE_END, /* lets go */
	PHASE_OVER,
	PHASE_COUNT
};

struct pool {
	const struct pool_context *context;
	struct crew crew;
	enum phase phase;
	struct target_threads threads; /* as last seen */
	struct settle settle;
	struct buf notes;
	bool unsettled;
	bool at_once;
	uint64_t wake; /* a step is due then, whatever the workers do */
	struct tally tally;
	uint64_t asked_us;   /* when the worker was told to sample or to attach */
	uint64_t blocked_us; /* since when a thread in state D is in the way, 0: none is */
	struct error err;
};

static void wake_at(struct pool *pool, uint64_t when)
{
	pool->wake = clock_sooner(pool->wake, when);
}

static void fail_rest(struct pool *pool, const char *why)
{
	tally_fail_rest(&pool->tally, why, &pool->threads);
}

static void target_ended(struct pool *pool)
{
	pool->threads.count = 0; /* nobody is there to lose a stack */
	pool->phase = PHASE_END;
	if (!pool->tally.taken)
		error_set(&pool->err, ERROR_NO_PROCESS,
		          "process %" PRIu32 " ended before the first sample", pool->crew.plan.pid);
	else
		journal_note(pool->context->plan.journal, pool->crew.plan.pid,
		             "process %" PRIu32 " ended after %" PRIu64 " samples",
		             pool->crew.plan.pid, pool->tally.taken);
	fail_rest(pool, "the target ended");
}

static bool alive(struct pool *pool)
{
	uint32_t pid = pool->crew.plan.pid;
	uint64_t starttime = pool->settle.starttime;
	enum target_life life = target_life(pid, starttime);

	/* The main thread may have ended before the others. */
	if (life == TARGET_ZOMBIE)
		life = target_look(pid, starttime, &pool->threads).life;
	if (life == TARGET_ALIVE)
		return true;
	target_ended(pool);
	return false;
}

static void give_up(struct pool *pool, enum error_code code, const char *why)
{
	error_set(&pool->err, code, "process %" PRIu32 ": %s", pool->crew.plan.pid, why);
	fail_rest(pool, why);
	pool->phase = PHASE_END;
}

static enum error_code code_of(enum worker_trouble trouble)
{
	static const enum error_code codes[] = {
		[WORKER_TROUBLE_NONE] = ERROR_FAILED,  [WORKER_TROUBLE_NO_PYTHON] = ERROR_GDB,
		[WORKER_TROUBLE_NOT_GDB] = ERROR_GDB,  [WORKER_TROUBLE_STALLED] = ERROR_DEADLINE,
		[WORKER_TROUBLE_OTHER] = ERROR_FAILED,
	};

	return codes[trouble];
}

static void unsettle(struct pool *pool, bool after_death, uint64_t now)
{
	pool->unsettled = true;
	pool->settle.after_death = after_death;
	pool->settle.since_us = now;
}

/* Sees to it that the target is as it was. true: it is. */
static bool settled(struct pool *pool, uint64_t now)
{
	uint32_t ours[ATTACH_WORKERS_MAX];
	size_t count;

	if (!pool->unsettled)
		return true;
	count = crew_pids(&pool->crew, ours);
	switch (settle_step(&pool->settle, ours, count, &pool->threads, now)) {
	case SETTLE_DONE:
		pool->unsettled = false;
		return true;
	case SETTLE_WAIT:
		break;
	case SETTLE_HELD:
		/* It said that it had let go, and has not. */
		if (now - pool->settle.since_us >= pool->context->deadlines->us[DEADLINE_DETACH])
			crew_end(&pool->crew, pool->settle.holder);
		break;
	}
	wake_at(pool, pool->settle.again_us);
	return false;
}

/* Without Python in gdb: goes on with what needs none. */
static void fall_back(struct pool *pool, const char *why)
{
	crew_dismiss(&pool->crew);
	pool->crew.plan.mode = attach_mode_row(ATTACH_PLAIN);
	journal_note(pool->context->plan.journal, pool->crew.plan.pid,
	             "%s cannot run pmp's scripts (%s): going on with --attach plain: no Python "
	             "frames, and longer pauses; a gdb with Python can be named with --gdb",
	             pool->crew.plan.gdb, why);
}

/* Takes a worker that has ended out of its place. */
static void bury(struct pool *pool, unsigned i, uint64_t now)
{
	struct worker *worker = pool->crew.workers[i];
	enum worker_trouble trouble = worker_trouble(worker);
	char why[600];

	snprintf(why, sizeof(why), "%s", worker_why(worker));
	if (worker_has_held(worker))
		unsettle(pool, true, now);
	if (trouble == WORKER_TROUBLE_NO_PYTHON && pool->crew.plan.mode->agent &&
	    pool->phase != PHASE_END) {
		fall_back(pool, why);
		return;
	}
	worker_destroy(worker);
	pool->crew.workers[i] = NULL;
	if (trouble == WORKER_TROUBLE_NONE || pool->phase == PHASE_END)
		return;
	if (trouble == WORKER_TROUBLE_NOT_GDB) {
		char text[1200];

		snprintf(text, sizeof(text), "%s is not usable as gdb: %s", pool->crew.plan.gdb,
		         why);
		give_up(pool, ERROR_GDB, text);
	} else if (++pool->tally.in_row >= (pool->tally.taken ? FAILURES_MAX : ATTACHES_MAX)) {
		give_up(pool, code_of(trouble), why);
	}
}

static void finish_failed(struct pool *pool, const char *why, enum error_code code, uint64_t now)
{
	struct tally *tally = &pool->tally;

	target_threads(pool->crew.plan.pid, &pool->threads);
	tally_failed(tally, why, &pool->threads, now);
	pool->phase = PHASE_IDLE;
	wake_at(pool, now);
	if (tally->in_row >= (tally->taken ? FAILURES_MAX : ATTACHES_MAX))
		give_up(pool, code, why);
}

enum clearance { CLEAR, NOT_YET, REFUSED };

/* May a gdb attach now? REFUSED: *why says why not, or the phase has changed. */
static enum clearance clearance(struct pool *pool, uint64_t now, char *why, size_t len)
{
	struct target_look look;

	if (!settled(pool, now))
		return NOT_YET;
	look = target_look(pool->crew.plan.pid, pool->settle.starttime, &pool->threads);
	if (look.life != TARGET_ALIVE) {
		target_ended(pool);
		return REFUSED;
	}
	if (look.blocked_tid) {
		if (!pool->blocked_us)
			pool->blocked_us = now;
		if (now - pool->blocked_us < pool->context->deadlines->us[DEADLINE_BLOCKED]) {
			wake_at(pool, now + AGAIN_US);
			return NOT_YET;
		}
		snprintf(why, len,
		         "thread %" PRIu32 " is in uninterruptible sleep (D): nothing can stop it",
		         look.blocked_tid);
		return REFUSED;
	}
	pool->blocked_us = 0;
	if (look.tracer) {
		snprintf(why, len, "process %" PRIu32 " traces it", look.tracer);
		return REFUSED;
	}
	pool->settle.was_stopped = look.stopped;
	guard_watch(pool->context->guard, pool->settle.pid, pool->settle.starttime, look.stopped);
	return CLEAR;
}

/* An attach or a look was refused by gdb or by us. */
static void refused(struct pool *pool, const char *why, enum error_code code, uint64_t now)
{
	struct error err = { 0 };

	if (pool->phase == PHASE_END || !alive(pool))
		return;
	refusal_attach(pool->crew.plan.pid, why, &err);
	/* These will not get better by waiting. */
	if (!pool->tally.taken && (err.code == ERROR_PERMISSION || err.code == ERROR_TRACED)) {
		pool->err = err;
		fail_rest(pool, err.text);
		pool->phase = PHASE_END;
		return;
	}
	if (code == ERROR_NONE)
		code = err.code;
	if (pool->phase != PHASE_ATTACH) {
		finish_failed(pool, why, code, now);
	} else if (++pool->tally.in_row >= ATTACHES_MAX) {
		give_up(pool, code, code == err.code ? err.text : why);
	} else {
		pool->phase = PHASE_PREPARE;
		pool->blocked_us = 0;
		wake_at(pool, now + RETRY_US);
	}
}

static void do_prepare(struct pool *pool, uint64_t now)
{
	struct crew *crew = &pool->crew;
	char why[128] = "";

	if (!alive(pool))
		return;
	if (!crew_fill(crew, &pool->err)) {
		fail_rest(pool, pool->err.text);
		pool->phase = PHASE_END;
		return;
	}
	if (!(pool->context->plan.started ? crew_take_turn(crew) : crew_all_ready(crew)))
		return;
	if (!pool->crew.plan.mode->keeps) {
		if (settled(pool, now))
			pool->phase = PHASE_IDLE;
		return;
	}
	switch (clearance(pool, now, why, sizeof(why))) {
	case CLEAR:
		pool->phase = PHASE_ATTACH;
		pool->asked_us = now;
		worker_ask(crew_current(&pool->crew), WORKER_ASK_ATTACH, 0, 0);
		break;
	case REFUSED:
		if (pool->phase != PHASE_PREPARE)
			return;
		pool->phase = PHASE_ATTACH;
		refused(pool, why, pool->blocked_us ? ERROR_DEADLINE : ERROR_NONE, now);
		break;
	case NOT_YET:
		break;
	}
}

static void do_attach(struct pool *pool, uint64_t now)
{
	struct worker *worker = crew_current(&pool->crew);

	if (!worker) {
		pool->phase = PHASE_PREPARE;
		return;
	}
	switch (worker_state(worker)) {
	case WORKER_ATTACHED:
		pool->tally.stopped_us += worker_answer(worker)->pause_us;
		pool->phase = PHASE_IDLE;
		break;
	case WORKER_READY:
		unsettle(pool, false, now);
		refused(pool, worker_why(worker), ERROR_NONE, now);
		break;
	default:
		break;
	}
}

static void ask_sample(struct pool *pool, uint64_t now)
{
	bool keeps = pool->crew.plan.mode->keeps;

	pool->asked_us = now;
	pool->phase = PHASE_SAMPLE;
	worker_ask(crew_current(&pool->crew), keeps ? WORKER_ASK_SAMPLE : WORKER_ASK_LOOK,
	           pool->tally.sample, pool->context->plan.schedule.start_us);
}

static void do_look(struct pool *pool, uint64_t now)
{
	char why[128] = "";

	switch (clearance(pool, now, why, sizeof(why))) {
	case CLEAR:
		ask_sample(pool, now);
		break;
	case REFUSED:
		if (pool->phase == PHASE_IDLE)
			refused(pool, why, pool->blocked_us ? ERROR_DEADLINE : ERROR_NONE, now);
		pool->blocked_us = 0;
		break;
	case NOT_YET:
		break;
	}
}

static void do_idle(struct pool *pool, uint64_t now)
{
	uint64_t due;

	if (!(pool->crew.plan.mode->keeps ? crew_current_is(&pool->crew, WORKER_ATTACHED)
	                                  : crew_take_turn(&pool->crew))) {
		pool->phase = PHASE_PREPARE;
		wake_at(pool, now);
		return;
	}
	if (!settled(pool, now) || !pool->context->plan.started)
		return;
	due = tally_due(&pool->tally, now);
	if (due == CLOCK_NEVER)
		pool->phase = PHASE_END;
	else if (due > now)
		wake_at(pool, due);
	else if (!pool->crew.plan.mode->keeps)
		do_look(pool, now);
	else if (alive(pool))
		ask_sample(pool, now);
}

static void do_sample(struct pool *pool, uint64_t now)
{
	struct worker *worker = crew_current(&pool->crew);
	enum worker_state state = worker_state(worker);
	bool keeps = pool->crew.plan.mode->keeps;
	char why[600];

	if (worker_over(worker)) {
		snprintf(why, sizeof(why), "%s", worker_why(worker));
		pool->tally.stopped_us += now - pool->asked_us;
		if (alive(pool))
			finish_failed(pool, why, code_of(worker_trouble(worker)), now);
		return;
	}
	if (state != (keeps ? WORKER_ATTACHED : WORKER_READY))
		return;
	if (!keeps)
		unsettle(pool, false, now);
	if (worker_answer(worker)->ok) {
		const struct worker_answer *answer = worker_answer(worker);

		tally_taken(&pool->tally, answer->text, answer->pause_us, now);
		pool->phase = PHASE_IDLE;
		return;
	}
	pool->tally.stopped_us += now - pool->asked_us;
	refused(pool, worker_why(worker), ERROR_NONE, now);
}

static void do_end(struct pool *pool, uint64_t now)
{
	bool left = false;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		struct worker *worker = pool->crew.workers[i];

		if (!worker)
			continue;
		if (!worker_has_held(worker)) {
			worker_destroy(worker); /* it has nothing to let go of */
			pool->crew.workers[i] = NULL;
			continue;
		}
		left = true;
		if (pool->at_once || worker_state(worker) == WORKER_READY)
			worker_ask(worker, WORKER_ASK_END, 0, 0);
		else if (worker_state(worker) == WORKER_ATTACHED)
			worker_ask(worker, WORKER_ASK_DETACH, 0, 0);
	}
	if (!left && settled(pool, now))
		pool->phase = PHASE_OVER;
}

struct pool *pool_create(const struct pool_context *context, uint32_t pid)
{
	struct pool *pool = alloc_zeroed(1, sizeof(*pool));
	struct target_stat stat;

	pool->context = context;
	pool->crew.plan = (struct worker_plan){
		.gdb = context->gdb,
		.mode = attach_mode_row(context->attach),
		.deadlines = context->deadlines,
		.pid = pid,
	};
	pool->tally = (struct tally){ .plan = &context->plan, .pid = pid, .sample = 1 };
	pool->settle.pid = pid;
	if (target_stat(pid, 0, &stat))
		pool->settle.starttime = stat.starttime;
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	crew_dismiss(&pool->crew);
	buf_deinit(&pool->notes);
	target_threads_deinit(&pool->threads);
	free(pool);
}

void pool_step(struct pool *pool, uint64_t now)
{
	static void (*const handlers[PHASE_COUNT])(struct pool *, uint64_t) = {
		[PHASE_PREPARE] = do_prepare, [PHASE_ATTACH] = do_attach, [PHASE_IDLE] = do_idle,
		[PHASE_SAMPLE] = do_sample,   [PHASE_END] = do_end,
	};
	enum phase before;

	pool->wake = CLOCK_NEVER;
	crew_pump(&pool->crew, now, &pool->notes);
	journal_text(pool->context->plan.journal, buf_span(&pool->notes));
	buf_clear(&pool->notes);
	do {
		before = pool->phase;
		if (before == PHASE_OVER)
			return;
		handlers[before](pool, now);
		/* Not before its handler has seen what became of a worker. */
		for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
			if (pool->crew.workers[i] && worker_over(pool->crew.workers[i])) {
				bury(pool, i, now);
				wake_at(pool, now);
			}
	} while (pool->phase != before);
}

uint64_t pool_deadline(const struct pool *pool)
{
	return clock_sooner(pool->wake, crew_deadline(&pool->crew));
}

size_t pool_poll(const struct pool *pool, struct pollfd *ret)
{
	return crew_poll(&pool->crew, ret);
}

void pool_stop(struct pool *pool, bool at_once)
{
	pool->at_once |= at_once;
	if (pool->phase != PHASE_OVER)
		pool->phase = PHASE_END;
}

bool pool_prepared(const struct pool *pool)
{
	return pool->phase == PHASE_OVER ||
	       (pool->phase == PHASE_IDLE && !pool->unsettled && crew_current(&pool->crew));
}

bool pool_over(const struct pool *pool)
{
	return pool->phase == PHASE_OVER;
}

uint32_t pool_pid(const struct pool *pool)
{
	return pool->crew.plan.pid;
}

const struct tally *pool_tally(const struct pool *pool)
{
	return &pool->tally;
}

const struct error *pool_error(const struct pool *pool)
{
	return &pool->err;
}
