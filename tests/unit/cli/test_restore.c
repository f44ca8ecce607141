/* After a detach: is the target as it was? Each row is a real process; the time is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>

#include "subject.h"

#include "cli/os/clock.h"
#include "cli/safety/restore.h"

#define SINCE 7000000 /* when it was let go */
#define STEPS_MAX 6

struct step {
	uint64_t age;
	enum restore_result wanted;
	enum then then;
	bool stop_first; /* somebody stops it before this step */
};

static const struct {
	const char *what;
	enum subject_kind kind;
	bool was_stopped, after_death, ours;
	struct step steps[STEPS_MAX];
	size_t count;
} rows[] = {
	{ "it runs, as it did before", SUBJECT_SLEEPS,
	  .steps = { { 0, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "it was stopped before, and is", SUBJECT_STOPPED, .was_stopped = true,
	  .steps = { { 0, RESTORE_DONE, STOPPED, false } }, .count = 1 },
	{ "it was stopped before, and gdb died: it is stopped still", SUBJECT_STOPPED,
	  .was_stopped = true, .after_death = true,
	  .steps = { { 0, RESTORE_DONE, STOPPED, false } }, .count = 1 },
	{ "it was stopped before, and gdb's end let it run: it is stopped again after 50 ms",
	  SUBJECT_SLEEPS, .was_stopped = true,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false },
	             { 49999, RESTORE_WAIT, RUNS, false },
	             { 50000, RESTORE_DONE, STOPPED, false } },
	  .count = 3 },
	{ "it was stopped before, and stops again by itself", SUBJECT_SLEEPS, .was_stopped = true,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false }, { 10000, RESTORE_DONE, STOPPED, true } },
	  .count = 2 },
	{ "a stop that gdb left: 20 ms later, when gdb has had time to undo it, it is undone",
	  SUBJECT_STOPPED,
	  .steps = { { 0, RESTORE_WAIT, STOPPED, false },
	             { 19999, RESTORE_WAIT, STOPPED, false },
	             { 20000, RESTORE_WAIT, CONTINUED, false },
	             { 22000, RESTORE_DONE, CONTINUED, false } },
	  .count = 4 },
	{ "a stop that a dead gdb left is undone at once; another one may come in 20 ms",
	  SUBJECT_STOPPED, .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, CONTINUED, false },
	             { 2000, RESTORE_WAIT, CONTINUED, false },
	             { 19999, RESTORE_WAIT, CONTINUED, false },
	             { 20000, RESTORE_DONE, CONTINUED, false } },
	  .count = 4 },
	{ "a dead gdb's stop comes to light late", SUBJECT_SLEEPS, .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false },
	             { 19998, RESTORE_WAIT, CONTINUED, true },
	             { 20000, RESTORE_DONE, CONTINUED, false } },
	  .count = 3 },
	{ "gdb died, and left nothing: not before 20 ms is that sure", SUBJECT_SLEEPS,
	  .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false },
	             { 19999, RESTORE_WAIT, RUNS, false },
	             { 20000, RESTORE_DONE, RUNS, false } },
	  .count = 3 },
	{ "somebody stops it again and again: after a second he may", SUBJECT_STOPPED,
	  .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, CONTINUED, false },
	             { 500000, RESTORE_WAIT, CONTINUED, true },
	             { 999999, RESTORE_WAIT, CONTINUED, true },
	             { 1000000, RESTORE_DONE, CONTINUED, true } },
	  .count = 4 },
	{ "the second counts from the first stop that was undone, not from the detach",
	  SUBJECT_SLEEPS, .after_death = true,
	  .steps = { { 19999, RESTORE_WAIT, RUNS, false },
	             { 5000000, RESTORE_WAIT, CONTINUED, true },
	             { 5999999, RESTORE_WAIT, CONTINUED, true },
	             { 6000000, RESTORE_DONE, CONTINUED, true } },
	  .count = 4 },
	{ "a SIGSTOP that waits for the end of a sleep in state D is taken back",
	  SUBJECT_STOP_PENDING,
	  .steps = { { 0, RESTORE_WAIT, STOPPED, false },
	             { 19999, RESTORE_WAIT, STOPPED, false },
	             { 20000, RESTORE_WAIT, CONTINUED, false },
	             { 22000, RESTORE_DONE, CONTINUED, false } },
	  .count = 4 },
	{ "so it is of a gdb that died, at once", SUBJECT_STOP_PENDING, .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, CONTINUED, false } }, .count = 1 },
	{ "a thread in state D holds nobody up", SUBJECT_BLOCKED,
	  .steps = { { 0, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "nor does it when gdb died", SUBJECT_BLOCKED_THREAD, .after_death = true,
	  .steps = { { 20000, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "one of ours holds it still", SUBJECT_TRACED, .ours = true,
	  .steps = { { 0, RESTORE_HELD, RUNS, false }, { 60000000, RESTORE_HELD, RUNS, false } },
	  .count = 2 },
	{ "one of ours holds it still, in a stop: the target is not sent a signal",
	  SUBJECT_TRACED_STOPPED, .after_death = true, .ours = true,
	  .steps = { { 30000, RESTORE_HELD, RUNS, false } }, .count = 1 },
	{ "another tracer has it: it is his now", SUBJECT_TRACED,
	  .steps = { { 0, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "another tracer has it, though it was stopped before: no signal", SUBJECT_TRACED,
	  .was_stopped = true, .after_death = true,
	  .steps = { { 60000, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "another tracer has it in a stop, though it was stopped before: no signal",
	  SUBJECT_TRACED_STOPPED, .was_stopped = true,
	  .steps = { { 60000, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "a thread is in a tracing stop still, though the main one is free: it has 10 s",
	  SUBJECT_TRACED_THREAD,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false },
	             { 9999999, RESTORE_WAIT, RUNS, false },
	             { 10000000, RESTORE_DONE, RUNS, false } },
	  .count = 3 },
	{ "the main thread has ended, the others run", SUBJECT_HEADLESS,
	  .steps = { { 0, RESTORE_DONE, RUNS, false } }, .count = 1 },
	{ "the main thread has ended, and the others are stopped", SUBJECT_HEADLESS,
	  .after_death = true,
	  .steps = { { 0, RESTORE_WAIT, RUNS, false },
	             { 20000, RESTORE_WAIT, CONTINUED, true },
	             { 22000, RESTORE_DONE, CONTINUED, false } },
	  .count = 3 },
	{ "it has ended, and its parent has not waited for it", SUBJECT_ZOMBIE, .was_stopped = true,
	  .after_death = true, .steps = { { 0, RESTORE_DONE, ANY, false } }, .count = 1 },
	{ "it has ended", SUBJECT_ENDED, .was_stopped = true, .after_death = true,
	  .steps = { { 0, RESTORE_DONE, ANY, false } }, .count = 1 },
	{ "its pid is another process's now: that is not touched", SUBJECT_REUSED,
	  .after_death = true,
	  .steps = { { 0, RESTORE_DONE, STOPPED, false }, { 60000, RESTORE_DONE, STOPPED, false } },
	  .count = 2 },
};

static void take_steps(size_t i, const struct subject *subject)
{
	const uint32_t others[] = { 1, (uint32_t)getpid() };
	const uint32_t ours[] = { 1, (uint32_t)subject->tracer };
	struct process_threads threads = { 0 };
	struct restore restore = {
		.pid = (uint32_t)subject->pid,
		.starttime = subject->starttime,
		.was_stopped = rows[i].was_stopped,
	};

	restore_begin(&restore, rows[i].after_death, SINCE);
	for (size_t j = 0; j < rows[i].count; j++) {
		const struct step *step = &rows[i].steps[j];

		print_message("%s: after %d us\n", rows[i].what, (int)step->age);
		if (step->stop_first) {
			subject_stop(subject);
		}
		assert_int_equal(restore_step(&restore, rows[i].ours ? ours : others, 2, &threads,
		                              SINCE + step->age),
		                 step->wanted);
		subject_check(subject, step->then);
		if (step->wanted == RESTORE_HELD)
			assert_int_equal(restore.holder, subject->tracer);
		/* Soon, and not at once: it is a poll. */
		if (step->wanted != RESTORE_DONE)
			assert_in_range(restore.again_us, SINCE + step->age + 1,
			                SINCE + step->age + 5000);
	}
	restore_deinit(&restore);
	process_threads_deinit(&threads);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		subject_run_row(i, rows[i].what, rows[i].kind, take_steps);
}

/* A worker detaches a second time: nothing of the first time counts. */
static void test_again(void **state)
{
	struct process_threads threads = { 0 };
	struct restore restore = { 0 };
	struct subject subject;

	(void)state;
	assert_true(subject_begin(&subject, SUBJECT_STOPPED));
	restore.pid = (uint32_t)subject.pid;
	restore.starttime = subject.starttime;
	restore_begin(&restore, false, SINCE);
	assert_int_equal(restore_step(&restore, NULL, 0, &threads, SINCE), RESTORE_WAIT);
	subject_check(&subject, STOPPED);

	print_message("the first time gdb had time to undo its stop, this time it has died\n");
	restore_begin(&restore, true, SINCE + 100);
	assert_int_equal(restore_step(&restore, NULL, 0, &threads, SINCE + 100), RESTORE_WAIT);
	subject_check(&subject, CONTINUED);

	print_message("the second in which stops are undone begins with the first of this time\n");
	subject_stop(&subject);
	restore_begin(&restore, true, SINCE + 9000000);
	assert_int_equal(restore_step(&restore, NULL, 0, &threads, SINCE + 9000000), RESTORE_WAIT);
	subject_check(&subject, CONTINUED);

	print_message("what it was before the attach is still known\n");
	AWAIT(subject_state(&subject, 0) == 'S');
	restore.was_stopped = true;
	restore_begin(&restore, true, SINCE + 9100000);
	assert_int_equal(restore_step(&restore, NULL, 0, &threads, SINCE + 9150000), RESTORE_DONE);
	subject_check(&subject, STOPPED);
	restore_deinit(&restore);
	process_threads_deinit(&threads);
}

/* Called until it is done, as pmp does. The clock is real here, and so is the kernel's part. */
static void restore_all(struct restore *restore)
{
	struct process_threads threads = { 0 };

	restore_begin(restore, true, clock_now_us());
	AWAIT(restore_step(restore, NULL, 0, &threads, clock_now_us()) == RESTORE_DONE);
	restore_deinit(restore);
	process_threads_deinit(&threads);
}

/* gdb is killed as it attaches: the SIGSTOP of its attach is delivered after its death. */
static void test_dead_tracer(void **state)
{
	static const struct {
		const char *what;
		bool was_stopped;
	} tracers[] = {
		{ "it ran before: it runs", false },
		{ "it was stopped before: it is stopped", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tracers) / sizeof(*tracers); i++) {
		struct restore restore = { .was_stopped = tracers[i].was_stopped };
		struct subject subject;

		print_message("%s\n", tracers[i].what);
		if (!subject_begin(&subject, SUBJECT_TRACED_STOPPED)) {
			subject_end(&subject);
			skip();
		}
		restore.pid = (uint32_t)subject.pid;
		restore.starttime = subject.starttime;
		subject_kill(subject.tracer);
		subject.tracer = 0;
		restore_all(&restore);
		if (tracers[i].was_stopped)
			AWAIT(subject_state(&subject, 0) == 'T');
		assert_int_equal(subject_is_stopped(&subject), tracers[i].was_stopped);
		assert_int_equal(subject_was_continued(&subject), !tracers[i].was_stopped);
		subject_end(&subject);
	}
}

/* It shares the test's processor, and runs only while the test does not. */
static bool share_processor(pid_t pid)
{
	struct sched_param param = { 0 };
	cpu_set_t own, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(own), &own))
		return false;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &own)) {
			CPU_SET(cpu, &one);
			break;
		}
	return !sched_setaffinity(0, sizeof(one), &one) &&
	       !sched_setaffinity(pid, sizeof(one), &one) &&
	       !sched_setscheduler(pid, SCHED_IDLE, &param);
}

/* A busy machine: a runnable thread has had no processor since gdb died. gdb may have left it a
 * stop, which takes effect only when the thread runs: until then the state is unknown. */
static void test_not_run_since(void **state)
{
	struct process_threads threads = { 0 };
	enum restore_result early = RESTORE_DONE, late = RESTORE_DONE;
	uint64_t before = 0, after = 1;
	struct subject subject;
	cpu_set_t own;

	(void)state;
	sched_getaffinity(0, sizeof(own), &own);
	assert_true(subject_begin(&subject, SUBJECT_SPINS));
	if (!share_processor(subject.pid) ||
	    !process_cpu_ns((uint32_t)subject.pid, (uint32_t)subject.pid, &before)) {
		subject_end(&subject);
		skip();
	}
	/* The thread may still run in between: a try counts only if its CPU time is unchanged. */
	for (int i = 0; before != after; i++) {
		struct restore restore = { .pid = (uint32_t)subject.pid,
			                   .starttime = subject.starttime,
			                   .after_death = true,
			                   .since_us = SINCE };

		assert_true(i < 10000);
		process_cpu_ns((uint32_t)subject.pid, (uint32_t)subject.pid, &before);
		early = restore_step(&restore, NULL, 0, &threads, SINCE + 20000);
		/* As if it had run for 10 us: it may still be in the kernel, before its stop. */
		if (restore.waiting_count)
			restore.waiting[0].cpu_ns -= 10000;
		late = restore_step(&restore, NULL, 0, &threads, SINCE + 9999999);
		process_cpu_ns((uint32_t)subject.pid, (uint32_t)subject.pid, &after);
		if (before == after) {
			assert_int_equal(early, RESTORE_WAIT);
			assert_int_equal(late, RESTORE_WAIT);
			print_message("after 10 s it is not waited for any more\n");
			assert_int_equal(
			        restore_step(&restore, NULL, 0, &threads, SINCE + 10000000),
			        RESTORE_DONE);
			print_message("once it has run it is done\n");
			restore.since_us = SINCE + 10000000;
			AWAIT(restore_step(&restore, NULL, 0, &threads, SINCE + 10000000 + 20000) ==
			      RESTORE_DONE);
		}
		restore_deinit(&restore);
	}
	process_threads_deinit(&threads);
	subject_end(&subject);
	sched_setaffinity(0, sizeof(own), &own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, subjects_end),
		cmocka_unit_test_teardown(test_again, subjects_end),
		cmocka_unit_test_teardown(test_dead_tracer, subjects_end),
		cmocka_unit_test_teardown(test_not_run_since, subjects_end),
	};

	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
