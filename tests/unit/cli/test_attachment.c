/* May a gdb attach now, and is the target what it was before? Real processes and a real
 * watchdog; the time is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fake_gdb.h"

#include "cli/os/clock.h"
#include "cli/sampler/attachment.h"

#define START 7000000
#define LIMIT 1000000 /* how long a thread in state D is waited for: TIMEOUT_BLOCKED */
#define EVENTS_MAX 8

enum event {
	END_OF_ROW,
	MAY_ATTACH, /* wanted: GRANTED and so on */
	DETACHED,   /* by a worker */
	DIED,       /* the worker that had attached */
	RESTORED,   /* wanted: is it? */
	LET_RUN,    /* pmp lets its program run, for the first time */
	STOP,
	CONT, /* the target itself is stopped, continued */
	WAKE, /* a sleep in state D ends, and the next one begins */
	LIFE  /* wanted: its life */
};

struct event_row {
	enum event event;
	uint64_t at;
	int wanted;
};

static const struct {
	const char *what;
	enum subject_kind kind;
	bool started_by_pmp, held;
	struct event_row events[EVENTS_MAX];
	enum then then;   /* afterwards */
	enum then killed; /* and when pmp is killed then */
} rows[] = {
	{ "it runs", .kind = SUBJECT_SLEEPS,
	  .events = { { LIFE, 0, PROCESS_ALIVE }, { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED } },
	  .then = RUNS, .killed = RUNS },
	{ "gdb has left it stopped, and has died", .kind = SUBJECT_SLEEPS,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { STOP, 0, 0 },
	              { DIED, 10, 0 },
	              { RESTORED, 10, false },
	              { RESTORED, 20010, true } },
	  .then = CONTINUED, .killed = CONTINUED },
	{ "gdb and pmp die, and it is stopped by that", .kind = SUBJECT_SLEEPS,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED }, { STOP, 0, 0 } }, .then = STOPPED,
	  .killed = CONTINUED },
	{ "no gdb ever attached: who stops it is somebody else", .kind = SUBJECT_SLEEPS,
	  .events = { { STOP, 0, 0 }, { RESTORED, 0, true } }, .then = STOPPED, .killed = STOPPED },
	{ "a target that was stopped before the attach is stopped again after it",
	  .kind = SUBJECT_STOPPED,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { CONT, 0, 0 },
	              { DETACHED, 10, 0 },
	              { RESTORED, 10, false },
	              { RESTORED, 50009, false },
	              { RESTORED, 50010, true } },
	  .then = STOPPED, .killed = STOPPED },
	{ "a target that was stopped before the attach: pmp is killed while it runs",
	  .kind = SUBJECT_STOPPED,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED }, { CONT, 0, 0 } }, .then = CONTINUED,
	  .killed = STOPPED },
	{ "stopped before one attach, and not before the next: the last one counts",
	  .kind = SUBJECT_STOPPED,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { DETACHED, 10, 0 },
	              { CONT, 20, 0 },
	              { RESTORED, 10, false },
	              { STOP, 30, 0 },
	              { RESTORED, 40, true },
	              { CONT, 50, 0 },
	              { MAY_ATTACH, 60, ATTACH_CHECK_GRANTED } },
	  .then = CONTINUED, .killed = CONTINUED },
	{ "no attach before it is as it was", .kind = SUBJECT_SLEEPS,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { DIED, 10, 0 },
	              { MAY_ATTACH, 10, ATTACH_CHECK_WAIT },
	              { MAY_ATTACH, 20009, ATTACH_CHECK_WAIT },
	              { MAY_ATTACH, 20010, ATTACH_CHECK_GRANTED } },
	  .then = RUNS, .killed = RUNS },
	{ "a second detach begins anew", .kind = SUBJECT_SLEEPS,
	  .events = { { DIED, 10, 0 },
	              { RESTORED, 20009, false },
	              { DIED, 20010, 0 },
	              { RESTORED, 20011, false },
	              { RESTORED, 40009, false },
	              { RESTORED, 40010, true } },
	  .then = RUNS, .killed = RUNS },
	{ "a worker has detached, and then one died: its stop is undone at once",
	  .kind = SUBJECT_SLEEPS,
	  .events = { { DETACHED, 10, 0 },
	              { RESTORED, 10, true },
	              { STOP, 20, 0 },
	              { DIED, 30, 0 },
	              { RESTORED, 30, false },
	              { RESTORED, 20030, true } },
	  .then = CONTINUED, .killed = CONTINUED },
	{ "somebody stops it after it was found to be as it was: it stays stopped",
	  .kind = SUBJECT_SLEEPS,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { DETACHED, 10, 0 },
	              { RESTORED, 20, true },
	              { STOP, 20, 0 },
	              { RESTORED, 90000, true } },
	  .then = STOPPED, .killed = ANY },
	{ "pmp's program, held at its first instruction: gdb may attach", .kind = SUBJECT_STOPPED,
	  .started_by_pmp = true, .held = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED } }, .then = STOPPED,
	  .killed = CONTINUED },
	{ "pmp's program, held, and its gdb dies: it is held still", .kind = SUBJECT_STOPPED,
	  .started_by_pmp = true, .held = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { DIED, 10, 0 },
	              { RESTORED, 20010, true } },
	  .then = STOPPED, .killed = CONTINUED },
	{ "pmp's program, held, and let run: from then on it is to run", .kind = SUBJECT_STOPPED,
	  .started_by_pmp = true, .held = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { LET_RUN, 10, 0 },
	              { DIED, 20, 0 },
	              { RESTORED, 20, false },
	              { RESTORED, 20020, true } },
	  .then = CONTINUED, .killed = CONTINUED },
	{ "pmp's program, let run, is stopped by somebody: it is left alone",
	  .kind = SUBJECT_STOPPED, .started_by_pmp = true, .held = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED },
	              { LET_RUN, 10, 0 },
	              { CONT, 10, 0 },
	              { STOP, 20, 0 },
	              { MAY_ATTACH, 30, ATTACH_CHECK_STOPPED } },
	  .then = STOPPED, .killed = ANY },
	{ "pmp's program, which somebody has stopped: it is left alone until it runs",
	  .kind = SUBJECT_STOPPED, .started_by_pmp = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_STOPPED },
	              { MAY_ATTACH, 90000000, ATTACH_CHECK_STOPPED },
	              { CONT, 90000000, 0 },
	              { MAY_ATTACH, 90000010, ATTACH_CHECK_GRANTED } },
	  .then = CONTINUED, .killed = CONTINUED },
	{ "pmp's program, which somebody has stopped: pmp's death changes nothing",
	  .kind = SUBJECT_STOPPED, .started_by_pmp = true,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_STOPPED } }, .then = STOPPED,
	  .killed = STOPPED },
	{ "a thread in state D is waited for, up to the limit", .kind = SUBJECT_BLOCKED_THREAD,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_WAIT },
	              { MAY_ATTACH, LIMIT - 1, ATTACH_CHECK_WAIT },
	              { MAY_ATTACH, LIMIT, ATTACH_CHECK_BLOCKED },
	              { WAKE, LIMIT, 0 },
	              { MAY_ATTACH, LIMIT, ATTACH_CHECK_WAIT } },
	  .then = RUNS, .killed = RUNS },
	{ "a target that is in state D again and again, each time for a moment",
	  .kind = SUBJECT_BLOCKED,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_WAIT },
	              { WAKE, 0, 0 },
	              { MAY_ATTACH, LIMIT, ATTACH_CHECK_WAIT },
	              { WAKE, 0, 0 },
	              { MAY_ATTACH, 2 * LIMIT - 1, ATTACH_CHECK_WAIT },
	              { MAY_ATTACH, 2 * LIMIT, ATTACH_CHECK_GRANTED } },
	  .then = RUNS, .killed = RUNS },
	{ "another tracer has it", .kind = SUBJECT_TRACED,
	  .events = { { MAY_ATTACH, 0, ATTACH_CHECK_TRACED } }, .then = RUNS, .killed = ANY },
	{ "its main thread has ended, the others live", .kind = SUBJECT_HEADLESS,
	  .events = { { LIFE, 0, PROCESS_ALIVE }, { MAY_ATTACH, 0, ATTACH_CHECK_GRANTED } },
	  .then = RUNS, .killed = RUNS },
	{ "it is a zombie", .kind = SUBJECT_ZOMBIE,
	  .events = { { LIFE, 0, PROCESS_ZOMBIE },
	              { MAY_ATTACH, 0, ATTACH_CHECK_ENDED },
	              { DIED, 0, 0 },
	              { RESTORED, 0, true } } },
	{ "it has ended", .kind = SUBJECT_ENDED,
	  .events = { { LIFE, 0, PROCESS_GONE },
	              { MAY_ATTACH, 0, ATTACH_CHECK_ENDED },
	              { DIED, 0, 0 },
	              { RESTORED, 0, true } } },
	{ "its pid is another process's now, which is stopped", .kind = SUBJECT_REUSED,
	  .events = { { LIFE, 0, PROCESS_GONE },
	              { MAY_ATTACH, 0, ATTACH_CHECK_ENDED },
	              { DIED, 0, 0 },
	              { RESTORED, 60000, true } },
	  .then = STOPPED, .killed = STOPPED },
};

static void may_attach(struct attachment *attachment, struct worker_pool *pool,
                       const struct subject *subject, uint64_t now, int wanted)
{
	assert_int_equal(attachment_may_attach(attachment, pool, now), wanted);
	if (wanted == ATTACH_CHECK_WAIT || wanted == ATTACH_CHECK_STOPPED)
		assert_in_range(attachment->again_us, now + 1, now + 50000);
	if (wanted == ATTACH_CHECK_TRACED)
		assert_int_equal(attachment->check.tid, subject->tracer);
	if (wanted == ATTACH_CHECK_BLOCKED)
		assert_int_equal(attachment->check.tid, subject->tid);
}

static void take_event(struct attachment *attachment, struct worker_pool *pool,
                       const struct subject *subject, const struct event_row *row)
{
	uint64_t now = START + row->at;

	switch (row->event) {
	case MAY_ATTACH:
		may_attach(attachment, pool, subject, now, row->wanted);
		break;
	case DETACHED:
		attachment_detached(attachment, false, now);
		break;
	case DIED:
		attachment_detached(attachment, true, now);
		break;
	case RESTORED:
		assert_int_equal(attachment_restored(attachment, pool, now), row->wanted);
		break;
	case LET_RUN:
		attachment_continue(attachment);
		break;
	case STOP:
		subject_stop(subject);
		break;
	case CONT:
		kill(subject->pid, SIGCONT);
		AWAIT(subject_state(subject, 0) == 'S');
		break;
	case WAKE:
		subject_wake(subject);
		break;
	case LIFE:
		assert_int_equal(attachment_life(attachment), row->wanted);
		break;
	case END_OF_ROW:
		break;
	}
}

/* As when pmp is killed. */
static void die(struct watchdog *watchdog)
{
	close(watchdog->fd);
	while (waitpid(watchdog->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void take_row(size_t i, const struct subject *subject)
{
	struct worker_pool pool = { .plan.mode = attach_mode_row(ATTACH_PLAIN) };
	struct attachment attachment;
	struct watchdog watchdog;
	struct timeouts timeouts;
	struct error err = { 0 };

	assert_true(timeouts_parse(&timeouts, NULL, &err));
	assert_true(watchdog_start(&watchdog, &err));
	pool.plan.timeouts = &timeouts;
	attachment_init(&attachment, (uint32_t)subject->pid, &watchdog, &timeouts);
	attachment.restore.starttime = subject->starttime;
	attachment.started_by_pmp = rows[i].started_by_pmp;
	attachment.held = rows[i].held;
	for (size_t j = 0; j < EVENTS_MAX && rows[i].events[j].event; j++) {
		print_message("%s: %zu\n", rows[i].what, j);
		take_event(&attachment, &pool, subject, &rows[i].events[j]);
	}
	subject_check(subject, rows[i].then);
	die(&watchdog);
	print_message("%s: pmp is killed\n", rows[i].what);
	subject_check(subject, rows[i].killed);
	attachment_deinit(&attachment);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		subject_run_row(i, rows[i].what, rows[i].kind, take_row);
}

/* The starttime, which tells a reused pid, is read at once. */
static void test_init(void **state)
{
	struct attachment attachment;
	struct timeouts timeouts;
	struct subject subject;
	struct error err = { 0 };

	(void)state;
	assert_true(timeouts_parse(&timeouts, "blocked=2", &err));
	assert_true(subject_begin(&subject, SUBJECT_SLEEPS));
	attachment_init(&attachment, (uint32_t)subject.pid, NULL, &timeouts);
	assert_int_equal(attachment.restore.starttime, subject.starttime);
	assert_int_equal(attachment.check.limit_us, 2000000);
	assert_false(attachment.unrestored);
	attachment_deinit(&attachment);
}

static bool pump_until(struct worker_pool *pool, enum worker_state state)
{
	struct buf notes = { 0 };

	worker_pool_poll_events(pool, clock_now_us(), &notes);
	buf_deinit(&notes);
	return worker_state(pool->workers[0]) == state;
}

/* A gdb reports a detach, and still traces the target: it is ended, by a signal if it has to be,
 * and the target is free. */
static void test_holder(void **state)
{
	static const struct {
		const char *what;
		enum subject_kind kind;
		uint64_t limit;
		bool at_once; /* by SIGKILL */
	} holders[] = {
		{ "it has as long as for a detach", SUBJECT_SLEEPS, 5000000, false },
		{ "a thread is in state D: it could not detach, and is killed soon",
		  SUBJECT_BLOCKED_THREAD, 250000, true },
	};
	const char *gdb;

	(void)state;
	if (!subject_may_be_traced())
		skip();
	gdb = fake_gdb_link("guarded-holds");
	for (size_t i = 0; i < sizeof(holders) / sizeof(*holders); i++) {
		struct worker_pool pool = { .plan = { .gdb = gdb,
			                              .mode = attach_mode_row(ATTACH_SEIZE) } };
		struct watchdog none = { .fd = -1 };
		struct attachment attachment;
		struct timeouts timeouts;
		struct subject subject;
		struct error err = { 0 };
		uint64_t now = START;

		print_message("%s\n", holders[i].what);
		assert_true(timeouts_parse(&timeouts, "close=0.5", &err));
		assert_true(subject_begin(&subject, holders[i].kind));
		pool.plan.pid = (uint32_t)subject.pid;
		pool.plan.timeouts = &timeouts;
		attachment_init(&attachment, pool.plan.pid, &none, &timeouts);
		pool.workers[0] = worker_create(&pool.plan, &err);
		assert_non_null(pool.workers[0]);
		AWAIT(pump_until(&pool, WORKER_READY));
		worker_ask(pool.workers[0], WORKER_ASK_SAMPLE, 1, 0);
		AWAIT(pump_until(&pool, WORKER_READY));
		assert_true(worker_answer(pool.workers[0])->ok);

		attachment_detached(&attachment, false, now);
		assert_false(attachment_restored(&attachment, &pool, now));
		assert_false(attachment_restored(&attachment, &pool, now + holders[i].limit - 1));
		assert_int_equal(worker_state(pool.workers[0]), WORKER_READY);
		assert_false(attachment_restored(&attachment, &pool, now + holders[i].limit));
		assert_int_equal(worker_state(pool.workers[0]), WORKER_ENDING);
		if (holders[i].at_once)
			AWAIT(process_life((uint32_t)worker_pid(pool.workers[0]), 0) !=
			      PROCESS_ALIVE);
		AWAIT(pump_until(&pool, WORKER_DONE));
		AWAIT(attachment_restored(&attachment, &pool, now + 6000000));
		assert_false(subject_is_stopped(&subject));
		worker_pool_destroy(&pool);
		attachment_deinit(&attachment);
		subject_end(&subject);
	}
	fake_gdb_unlink(gdb);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, subjects_end),
		cmocka_unit_test_teardown(test_init, subjects_end),
		cmocka_unit_test_teardown(test_holder, subjects_end),
	};

	fake_gdb_main(argc, argv);
	signal(SIGPIPE, SIG_IGN); /* as pmp does: a gdb may die before it reads */
	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
