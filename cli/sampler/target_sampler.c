#include "cli/sampler/target_sampler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "cli/sampler/attachment.h"
#include "cli/proc/kernel_stacks.h"
#include "cli/sampler/failure_policy.h"

#define RETRY_US 100000 /* between attaches that failed */
#define ASIDE_US 50000  /* between looks at a thread in state D that keeps us from attaching */
#define PART_US 50000   /* between looks at workers that are to end */

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
	struct custody custody;
	struct buf notes;
	bool at_once;
	uint64_t wake; /* a step is due then, whatever the workers do */
	struct tally tally;
	struct patience patience;
	uint64_t asked_us; /* when the worker was told to sample or to attach */
	bool aside;        /* a thread in state D is in the way: samples are glimpses */
	bool told_blocked; /* the person knows */
};

static void wake_at(struct pool *pool, uint64_t when)
{
	pool->wake = clock_sooner(pool->wake, when);
}

/* Goes on only if it may. */
static bool endure(struct pool *pool, bool may)
{
	if (!may)
		pool->phase = PHASE_END;
	return may;
}

static bool alive(struct pool *pool)
{
	return endure(pool, custody_life(&pool->custody) == TARGET_ALIVE ||
	                            patience_target_ended(&pool->patience));
}

/* true: the target is as it was before any of us attached. */
static bool settled(struct pool *pool, uint64_t now)
{
	bool ret = custody_settled(&pool->custody, &pool->crew, now);

	if (!ret)
		wake_at(pool, pool->custody.again_us);
	return ret;
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
		custody_released(&pool->custody, true, now);
	if (trouble == WORKER_TROUBLE_NO_PYTHON && pool->crew.plan.mode->agent &&
	    pool->phase != PHASE_END) {
		fall_back(pool, why);
		return;
	}
	worker_destroy(worker);
	pool->crew.workers[i] = NULL;
	if (trouble != WORKER_TROUBLE_NONE && pool->phase != PHASE_END)
		endure(pool, patience_worker(&pool->patience, trouble, pool->crew.plan.gdb, why));
}

/* The next sample, if there may be one after one that failed. */
static void go_on(struct pool *pool, bool may, uint64_t now)
{
	pool->phase = PHASE_IDLE;
	wake_at(pool, now);
	endure(pool, may);
}

/* May a gdb attach now? WAIT: not yet. ENDED: the phase has changed. */
static enum clearance_result clearance(struct pool *pool, uint64_t now)
{
	enum clearance_result ret = custody_ask(&pool->custody, &pool->crew, now);

	if (ret == CLEARANCE_WAIT)
		wake_at(pool, pool->custody.again_us);
	else if (ret == CLEARANCE_ENDED)
		endure(pool, patience_target_ended(&pool->patience));
	return ret;
}

/* An attach or a look was refused by gdb or by us. */
static void refused(struct pool *pool, const char *why)
{
	bool attaching = pool->phase == PHASE_ATTACH;
	uint64_t now = clock_now_us();

	if (pool->phase == PHASE_END || !alive(pool))
		return;
	if (!attaching) {
		go_on(pool, patience_look(&pool->patience, why, now), now);
	} else if (endure(pool, patience_attach(&pool->patience, why))) {
		pool->phase = PHASE_PREPARE;
		wake_at(pool, now + RETRY_US);
	}
}

static void refused_traced(struct pool *pool)
{
	char why[64];

	snprintf(why, sizeof(why), "process %" PRIu32 " traces it", pool->custody.clearance.tid);
	refused(pool, why);
}

/* A sample without an attach, while a thread in state D makes that impossible. */
static void take_glimpse(struct pool *pool, uint64_t now)
{
	const struct tally_plan *plan = &pool->context->plan;
	uint32_t pid = pool->crew.plan.pid, tid = pool->custody.clearance.tid;
	struct buf text = { 0 };

	if (!pool->told_blocked)
		journal_note(plan->journal, pid,
		             "thread %" PRIu32 " of process %" PRIu32 " is in uninterruptible "
		             "sleep (D), and no debugger can attach: until that ends samples "
		             "have kernel stacks only",
		             tid, pid);
	pool->told_blocked = true;
	glimpse_sample(pid, &pool->custody.threads, tid, pool->tally.sample,
	               now - plan->schedule.start_us, &text);
	tally_taken(&pool->tally, buf_span(&text), 0, now);
	buf_deinit(&text);
	wake_at(pool, now);
}

static void do_prepare(struct pool *pool, uint64_t now)
{
	struct crew *crew = &pool->crew;
	struct error err = { 0 };

	if (!alive(pool))
		return;
	/* A worker that is new in the middle of a run may be ready only after its end. */
	if (pool->context->plan.started && tally_due(&pool->tally, now) == CLOCK_NEVER) {
		pool->phase = PHASE_END;
		return;
	}
	if (!crew_fill(crew, &err)) {
		endure(pool, patience_error(&pool->patience, &err));
		return;
	}
	if (!(pool->context->plan.started ? crew_take_turn(crew) : crew_all_ready(crew)))
		return;
	if (!pool->crew.plan.mode->keeps) {
		if (settled(pool, now))
			pool->phase = PHASE_IDLE;
		return;
	}
	switch (clearance(pool, now)) {
	case CLEARANCE_GRANTED:
		pool->phase = PHASE_ATTACH;
		pool->asked_us = now;
		worker_ask(crew_current(&pool->crew), WORKER_ASK_ATTACH, 0, 0);
		break;
	case CLEARANCE_TRACED:
		pool->phase = PHASE_ATTACH;
		refused_traced(pool);
		break;
	case CLEARANCE_BLOCKED:
		pool->phase = PHASE_IDLE;
		pool->aside = true;
		break;
	case CLEARANCE_WAIT:
	case CLEARANCE_ENDED:
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
		custody_released(&pool->custody, false, now);
		refused(pool, worker_why(worker));
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
	switch (clearance(pool, now)) {
	case CLEARANCE_GRANTED:
		ask_sample(pool, now);
		break;
	case CLEARANCE_TRACED:
		refused_traced(pool);
		break;
	case CLEARANCE_BLOCKED:
		take_glimpse(pool, now);
		break;
	case CLEARANCE_WAIT:
	case CLEARANCE_ENDED:
		break;
	}
}

/* Not attached, though the mode keeps its target: until the thread in the way is out of state D. */
static void do_aside(struct pool *pool, uint64_t now)
{
	enum clearance_result may = clearance(pool, now);
	uint64_t due;

	pool->aside = may == CLEARANCE_BLOCKED;
	if (!pool->aside) {
		if (may != CLEARANCE_ENDED)
			pool->phase = PHASE_PREPARE;
		return;
	}
	wake_at(pool, now + ASIDE_US);
	if (!pool->context->plan.started)
		return;
	due = tally_due(&pool->tally, now);
	if (due == CLOCK_NEVER)
		pool->phase = PHASE_END;
	else if (due <= now)
		take_glimpse(pool, now);
	else
		wake_at(pool, due);
}

static void do_idle(struct pool *pool, uint64_t now)
{
	uint64_t due;

	if (pool->aside) {
		do_aside(pool, now);
		return;
	}
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
			go_on(pool,
			      patience_sample(&pool->patience, worker_trouble(worker), why, now),
			      now);
		return;
	}
	if (state != (keeps ? WORKER_ATTACHED : WORKER_READY))
		return;
	if (!keeps)
		custody_released(&pool->custody, false, now);
	if (worker_answer(worker)->ok) {
		const struct worker_answer *answer = worker_answer(worker);

		pool->custody.settle.in_order = pool->crew.plan.mode->agent;
		tally_taken(&pool->tally, answer->text, answer->pause_us, now);
		pool->phase = PHASE_IDLE;
		return;
	}
	pool->tally.stopped_us += now - pool->asked_us;
	refused(pool, worker_why(worker));
}

static void do_end(struct pool *pool, uint64_t now)
{
	target_threads(pool->crew.plan.pid, &pool->custody.threads);
	if (!crew_part(&pool->crew, pool->at_once, target_blocked(&pool->custody.threads), now))
		wake_at(pool, now + PART_US);
	else if (settled(pool, now))
		pool->phase = PHASE_OVER;
}

/* Somebody has stopped the target, and the worker has let go of it: it is to stay stopped, and is sampled so. */
static void heed_stop(struct pool *pool, uint64_t now)
{
	struct worker *worker = crew_current(&pool->crew);
	char signal[16];

	if (!worker || !worker_take_stop(worker, signal))
		return;
	if (!pool->context->own)
		journal_note(pool->context->plan.journal, pool->crew.plan.pid,
		             "somebody sent process %" PRIu32
		             " a %s: it was let go for that, and is left as that leaves it",
		             pool->crew.plan.pid, signal);
	custody_stopped(&pool->custody, signal, now);
	if (pool->phase != PHASE_END)
		pool->phase = PHASE_PREPARE;
}

struct pool *pool_create(const struct pool_context *context, uint32_t pid, enum attach_mode attach)
{
	struct pool *pool = alloc_zeroed(1, sizeof(*pool));

	pool->context = context;
	pool->crew.plan = (struct worker_plan){
		.gdb = context->gdb,
		.mode = attach_mode_row(attach),
		.deadlines = context->deadlines,
		.pid = pid,
		.instant = context->instant,
		.locals = context->locals,
		.own = context->own,
	};
	pool->tally = (struct tally){ .plan = &context->plan, .pid = pid, .sample = 1 };
	if (context->plan.started)
		pool->tally.tick = schedule_tick(&context->plan.schedule, 0, clock_now_us());
	pool->patience = (struct patience){
		.tally = &pool->tally,
		.threads = &pool->custody.threads,
		.own = context->own,
	};
	custody_init(&pool->custody, pid, context->guard, context->deadlines);
	pool->custody.own = context->own;
	pool->custody.held = context->own && !context->plan.started;
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	crew_dismiss(&pool->crew);
	buf_deinit(&pool->notes);
	custody_deinit(&pool->custody);
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
	heed_stop(pool, now);
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

void pool_release(struct pool *pool)
{
	custody_release(&pool->custody);
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
	       (pool->phase == PHASE_IDLE && !pool->custody.unsettled && crew_current(&pool->crew));
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
	return &pool->patience.err;
}
