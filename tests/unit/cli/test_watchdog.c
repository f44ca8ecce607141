/* What the watchdog does to targets when pmp's end of the pipe closes; it does nothing when pmp
 * ends in good order. Everything is real, and no row depends on time: each waits for the
 * watchdog's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "subject.h"

#include <fcntl.h>
#include <poll.h>

#include "cli/safety/watchdog.h"

static bool has_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

static void await_end(pid_t pid)
{
	int status = -1;

	AWAIT(has_ended(pid, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The pipe closes without a farewell, as when pmp dies. Waits for the watchdog's end. */
static void die(struct watchdog *watchdog)
{
	close(watchdog->fd);
	await_end(watchdog->pid);
}

static void start(struct watchdog *watchdog)
{
	struct error err = { 0 };

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_true(watchdog_start(watchdog, &err));
}

static void watch(const struct watchdog *watchdog, const struct subject *subject, bool was_stopped)
{
	watchdog_watch(watchdog, (uint32_t)subject->pid, subject->starttime, was_stopped, 0);
}

static void test_table(void **state)
{
	static const struct {
		const char *what;
		enum subject_kind kind;
		bool was_stopped;
		bool in_order; /* pmp ends in good order */
		enum then then;
	} rows[] = {
		{ "it runs", SUBJECT_SLEEPS, false, false, RUNS },
		{ "it runs, and wants a processor", SUBJECT_SPINS, false, false, RUNS },
		{ "gdb has left it stopped", SUBJECT_STOPPED, false, false, CONTINUED },
		{ "it was stopped before, and is", SUBJECT_STOPPED, true, false, STOPPED },
		{ "it was stopped before, and runs", SUBJECT_SLEEPS, true, false, STOPPED },
		{ "gdb has left it a stop that waits for a sleep's end", SUBJECT_STOP_PENDING,
		  false, false, CONTINUED },
		{ "a thread is in state D", SUBJECT_BLOCKED_THREAD, false, false, RUNS },
		{ "its main thread has ended", SUBJECT_HEADLESS, false, false, RUNS },
		{ "it has ended", SUBJECT_ENDED, false, false, ANY },
		{ "it is a zombie", SUBJECT_ZOMBIE, true, false, ANY },
		{ "its pid is another process's, which is stopped", SUBJECT_REUSED, false, false,
		  STOPPED },
		{ "pmp ends in good order: a stop is none of the watchdog's business",
		  SUBJECT_STOPPED, false, true, STOPPED },
		{ "pmp ends in good order: nor is it that it runs", SUBJECT_SLEEPS, true, true,
		  RUNS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct watchdog watchdog;
		struct subject subject;

		print_message("%s\n", rows[i].what);
		assert_true(subject_begin(&subject, rows[i].kind));
		start(&watchdog);
		watch(&watchdog, &subject, rows[i].was_stopped);
		if (rows[i].in_order)
			watchdog_end(&watchdog);
		else
			die(&watchdog);
		subject_check(&subject, rows[i].then);
		assert_true(kill(watchdog.pid, 0) && errno == ESRCH);
		subject_end(&subject);
	}
}

/* Several targets, some of them with a second note, and one process without any. */
static void test_many(void **state)
{
	static const struct {
		const char *what;
		enum subject_kind kind;
		int first, second; /* was_stopped; -1: no note */
		enum then then;
	} rows[] = {
		{ "one note", SUBJECT_STOPPED, false, -1, CONTINUED },
		{ "one note, of another target", SUBJECT_STOPPED, false, -1, CONTINUED },
		{ "was stopped once, and not before the last attach", SUBJECT_STOPPED, true, false,
		  CONTINUED },
		{ "was stopped before the last attach", SUBJECT_STOPPED, false, true, STOPPED },
		{ "was stopped before the last attach, and runs", SUBJECT_SLEEPS, false, true,
		  STOPPED },
		{ "no note", SUBJECT_STOPPED, -1, -1, STOPPED },
	};
	struct subject subjects[sizeof(rows) / sizeof(*rows)];
	struct watchdog watchdog;

	(void)state;
	/* Before the watchdog: a fork of this program has all of its descriptors. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(subject_begin(&subjects[i], rows[i].kind));
	start(&watchdog);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].first >= 0)
			watch(&watchdog, &subjects[i], rows[i].first);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].second >= 0)
			watch(&watchdog, &subjects[i], rows[i].second);
	die(&watchdog);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		print_message("%s\n", rows[i].what);
		subject_check(&subjects[i], rows[i].then);
	}
}

/* gdb outlives pmp for a while and holds the target: the watchdog waits for it. After gdb's
 * death the SIGSTOP of its attach takes effect. */
static void test_gdb_outlives_pmp(void **state)
{
	struct watchdog watchdog;
	struct subject subject;
	int status;

	(void)state;
	if (!subject_begin(&subject, SUBJECT_TRACED_STOPPED))
		skip();
	start(&watchdog);
	watchdog_watch(&watchdog, (uint32_t)subject.pid, subject.starttime, false, subject.tracer);
	close(watchdog.fd);
	/* Much longer than it takes without a tracer: it would have ended. */
	for (int i = 0; i < 300; i++) {
		assert_false(has_ended(watchdog.pid, &status));
		usleep(1000);
	}
	assert_false(subject_was_continued(&subject));
	subject_kill(subject.tracer);
	subject.tracer = 0;
	await_end(watchdog.pid);
	assert_false(subject_is_stopped(&subject));
}

/* A process that stands for pmp, and gdb, are killed during an attach. */
static void test_both_killed(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		bool was_stopped = i % 2;
		struct subject subject;
		struct watchdog watchdog;
		int report[2];
		pid_t pmp;

		print_message("was_stopped %d\n", was_stopped);
		if (!subject_begin(&subject, SUBJECT_TRACED_STOPPED))
			skip();
		assert_int_equal(pipe(report), 0);
		pmp = fork();
		if (pmp == 0) {
			struct error err = { 0 };

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (!watchdog_start(&watchdog, &err))
				_exit(3);
			watchdog_watch(&watchdog, (uint32_t)subject.pid, subject.starttime,
			               was_stopped, subject.tracer);
			if (write(report[1], &watchdog.pid, sizeof(watchdog.pid)) < 0)
				_exit(3);
			subject_sleep_for_ever();
		}
		assert_int_equal(read(report[0], &watchdog.pid, sizeof(watchdog.pid)),
		                 sizeof(watchdog.pid));
		close(report[0]);
		close(report[1]);
		kill(i < 3 ? pmp : subject.tracer, SIGKILL);
		kill(i < 3 ? subject.tracer : pmp, SIGKILL);
		subject_kill(pmp);
		subject_kill(subject.tracer);
		subject.tracer = 0;
		await_end(watchdog.pid); /* ours now: the test is the reaper */
		subject_check(&subject, was_stopped ? STOPPED : CONTINUED);
		subject_end(&subject);
	}
}

/* A process group like gdb's: gdb forks children to find out what ptrace can do. */
static pid_t start_group(pid_t *child, bool leader_dies)
{
	int report[2];
	pid_t leader;

	assert_int_equal(pipe(report), 0);
	leader = fork();
	if (leader == 0) {
		pid_t pid;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		pid = fork();
		if (pid == 0)
			subject_sleep_for_ever();
		if (write(report[1], &pid, sizeof(pid)) < 0)
			_exit(3);
		if (leader_dies)
			_exit(0);
		subject_sleep_for_ever();
	}
	assert_int_equal(read(report[0], child, sizeof(*child)), sizeof(*child));
	close(report[0]);
	close(report[1]);
	return leader;
}

static void test_leftovers(void **state)
{
	static const struct {
		const char *what;
		bool dies, waited_for, killed;
	} rows[] = {
		{ "gdb has died, and nobody has waited for it", true, false, true },
		{ "gdb has died", true, true, true },
		{ "gdb lives: nobody touches what it has started", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct watchdog watchdog;
		struct subject subject;
		pid_t child, leader;
		int status = 0;

		print_message("%s\n", rows[i].what);
		assert_true(subject_begin(&subject, SUBJECT_SLEEPS));
		leader = start_group(&child, rows[i].dies);
		if (rows[i].dies)
			AWAIT(process_life((uint32_t)leader, 0) == PROCESS_ZOMBIE);
		if (rows[i].waited_for)
			await_end(leader);
		start(&watchdog);
		watchdog_watch(&watchdog, (uint32_t)subject.pid, subject.starttime, false, leader);
		die(&watchdog);
		if (rows[i].killed) {
			AWAIT(has_ended(child, &status));
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		} else {
			assert_int_equal(process_life((uint32_t)child, 0), PROCESS_ALIVE);
			assert_int_equal(process_life((uint32_t)leader, 0), PROCESS_ALIVE);
			subject_kill(leader);
			kill(child, SIGKILL);
		}
		assert_int_equal(subject_state(&subject, 0), 'S');
		subject_end(&subject);
	}
}

/* No signal but SIGKILL ends it, and it has none of pmp's descriptors, and neither pmp's session
 * nor folder. */
static void test_apart(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1 };
	struct watchdog watchdog;
	struct subject subject;
	struct buf name = { 0 };
	char folder[4096];
	int ends[2];

	(void)state;
	assert_true(subject_begin(&subject, SUBJECT_STOPPED));
	assert_int_equal(pipe(ends), 0); /* not close-on-exec: a fork has it, too */
	start(&watchdog);
	watch(&watchdog, &subject, false);
	AWAIT(process_read((uint32_t)watchdog.pid, "comm", 64, &name) &&
	      span_eq(buf_span(&name), SPAN_LIT("pmp-guard\n")));
	buf_deinit(&name);
	AWAIT((process_link((uint32_t)watchdog.pid, "cwd", folder, sizeof(folder)),
	       !strcmp(folder, "/")));
	assert_int_equal(getsid(watchdog.pid), watchdog.pid);

	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	AWAIT(read(ends[0], folder, 1) == 0); /* nobody else has its writing end */
	close(ends[0]);

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		kill(watchdog.pid, signals[i]);
	die(&watchdog);
	subject_check(&subject, CONTINUED);
}

/* A note that is too short is neither a target nor the farewell. */
static void test_odd_note(void **state)
{
	struct watchdog watchdog;
	struct subject subject;
	struct pollfd fd;

	(void)state;
	assert_true(subject_begin(&subject, SUBJECT_STOPPED));
	start(&watchdog);
	watch(&watchdog, &subject, false);
	fd = (struct pollfd){ .fd = watchdog.fd, .events = POLLOUT };
	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_int_equal(write(watchdog.fd, "\0\0\0\0\0\0\0", 7), 7);
	die(&watchdog);
	subject_check(&subject, CONTINUED);
}

/* Its functions without a watchdog: harmless. */
static void test_none(void **state)
{
	struct watchdog watchdog = { .fd = -1 };

	(void)state;
	watchdog_watch(&watchdog, 1, 1, false, 0);
	watchdog_end(&watchdog);
	start(&watchdog);
	watchdog_end(&watchdog);
	assert_int_equal(watchdog.fd, -1);
	watchdog_end(&watchdog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, subjects_end),
		cmocka_unit_test_teardown(test_many, subjects_end),
		cmocka_unit_test_teardown(test_gdb_outlives_pmp, subjects_end),
		cmocka_unit_test_teardown(test_both_killed, subjects_end),
		cmocka_unit_test_teardown(test_leftovers, subjects_end),
		cmocka_unit_test_teardown(test_apart, subjects_end),
		cmocka_unit_test_teardown(test_odd_note, subjects_end),
		cmocka_unit_test_teardown(test_none, subjects_end),
	};

	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
