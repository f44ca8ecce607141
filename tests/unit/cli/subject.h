/* subject: a child process in a known state, for tests of modules that read /proc and send signals.
 *
 * A subject blocks SIGCONT. A SIGCONT that it is sent stays pending until its next stop, so a test
 * sees at once whether one was sent. No test has to wait for something that does not happen.
 *
 * subject_begin makes the test program the reaper of its descendants; all of them are killed when
 * it dies. subjects_end ends and reaps them: each test needs it as its teardown. */
#ifndef PMP_SUBJECT_H
#define PMP_SUBJECT_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/proc/process.h"

#define SUBJECT_BIT(number) (UINT64_C(1) << ((number)-1))

enum subject_kind {
	SUBJECT_SLEEPS, /* one thread, state S */
	SUBJECT_SPINS,  /* one thread, state R */
	SUBJECT_STOPPED,
	SUBJECT_HEADLESS,       /* the main thread has ended, another one sleeps */
	SUBJECT_BLOCKED,        /* one thread, in state D until subject_wake; then again */
	SUBJECT_BLOCKED_THREAD, /* the main thread sleeps, subject.tid is in state D */
	SUBJECT_STOP_PENDING,   /* in state D, with a SIGSTOP that waits for its end */
	SUBJECT_TRACED,         /* by subject.tracer, which lets it run */
	/* subject.tracer has just attached: state t; when it dies the subject is left stopped */
	SUBJECT_TRACED_STOPPED,
	SUBJECT_TRACED_THREAD, /* subject.tracer holds subject.tid, and not the main thread */
	SUBJECT_ZOMBIE,
	SUBJECT_ENDED,  /* and was waited for */
	SUBJECT_REUSED, /* stopped; subject.starttime is that of an earlier process */
	SUBJECT_KIND_COUNT
};

struct subject {
	pid_t pid;
	uint64_t starttime;
	pid_t tracer, tid; /* 0: none */
	int wake;          /* see SUBJECT_BLOCKED; -1: none */
};

/* Waits for a condition that has to come true, and fails the test if it does not. */
#define AWAIT(condition)                                                                           \
	do {                                                                                       \
		bool is_true = condition;                                                          \
                                                                                                   \
		for (int ms = 0; !is_true && ms < 20000; ms++) {                                   \
			usleep(1000);                                                              \
			is_true = condition;                                                       \
		}                                                                                  \
		if (!is_true)                                                                      \
			fail_msg("in 20 s it did not come true: %s", #condition);                  \
	} while (0)

static inline void subject_ready(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(3);
	close(fd);
}

/* true: a byte came. false: the other end is closed. */
static inline bool subject_read(int fd)
{
	ssize_t got;
	char byte;

	do
		got = read(fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

static inline void subject_sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* A thread that waits for its vfork child is in state D. */
static inline void *subject_block(void *wake)
{
	int fd = *(int *)wake;

	for (;;) {
		pid_t child = vfork();

		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			subject_read(fd);
			_exit(0);
		}
		if (child < 0)
			_exit(3);
	}
	return NULL;
}

static inline void *subject_other_thread(void *arg)
{
	subject_sleep_for_ever();
	return arg;
}

static inline void subject_live(enum subject_kind kind, int ready, int wake)
{
	pthread_t thread;
	sigset_t cont;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	sigprocmask(SIG_BLOCK, &cont, NULL);
	if (kind == SUBJECT_HEADLESS || kind == SUBJECT_TRACED_THREAD)
		pthread_create(&thread, NULL, subject_other_thread, NULL);
	if (kind == SUBJECT_BLOCKED_THREAD)
		pthread_create(&thread, NULL, subject_block, &wake);
	subject_ready(ready);
	if (kind == SUBJECT_ZOMBIE || kind == SUBJECT_ENDED)
		_exit(0);
	if (kind == SUBJECT_HEADLESS)
		syscall(SYS_exit, 0);
	if (kind == SUBJECT_BLOCKED || kind == SUBJECT_STOP_PENDING)
		subject_block(&wake);
	for (volatile unsigned long spins = 0; kind == SUBJECT_SPINS;)
		spins++;
	subject_sleep_for_ever();
}

/* state: of a thread, 0: that is gone; tid 0: of the main thread. */
static inline char subject_state(const struct subject *subject, pid_t tid)
{
	struct process_stat stat;

	if (!process_stat((uint32_t)subject->pid, (uint32_t)tid, &stat))
		return 0;
	return stat.state;
}

static inline uint64_t subject_pending(const struct subject *subject)
{
	struct process_status status;

	return process_status((uint32_t)subject->pid, 0, &status) ? status.pending : 0;
}

static inline uint64_t subject_switches(const struct subject *subject, pid_t tid)
{
	struct process_status status;

	return process_status((uint32_t)subject->pid, (uint32_t)tid, &status) ? status.switches : 0;
}

/* Is any thread stopped, or about to stop? */
static inline bool subject_is_stopped(const struct subject *subject)
{
	struct process_threads threads = { 0 };
	struct process_attach_state state =
	        process_attach_state((uint32_t)subject->pid, 0, &threads);

	process_threads_deinit(&threads);
	return state.stopped || state.stop_pending;
}

/* Was it sent a SIGCONT since it was stopped last? */
static inline bool subject_was_continued(const struct subject *subject)
{
	return subject_pending(subject) & SUBJECT_BIT(SIGCONT);
}

/* Between the moment when a SIGSTOP is no longer pending and state T, /proc shows neither. A
 * thread in state D keeps it pending. */
static inline void subject_await_stop(const struct subject *subject)
{
	AWAIT(subject_state(subject, subject->tid) == 'T' ||
	      (subject_state(subject, 0) == 'D' &&
	       subject_pending(subject) & SUBJECT_BIT(SIGSTOP)));
}

static inline void subject_stop(const struct subject *subject)
{
	kill(subject->pid, SIGSTOP);
	subject_await_stop(subject);
}

/* What became of a subject. */
enum then {
	RUNS,      /* it is not stopped, and was sent no SIGCONT */
	CONTINUED, /* it is not stopped, and was sent a SIGCONT */
	STOPPED,
	ANY
};

static inline void subject_check(const struct subject *subject, enum then then)
{
	if (then == ANY)
		return;
	if (then == STOPPED)
		subject_await_stop(subject);
	else
		assert_false(subject_is_stopped(subject));
	assert_int_equal(subject_was_continued(subject), then == CONTINUED);
}

/* Ends this sleep in state D; the next one begins at once. */
static inline void subject_wake(const struct subject *subject)
{
	pid_t tid = subject->tid ? subject->tid : subject->pid;
	uint64_t before = subject_switches(subject, tid);

	assert_int_equal(write(subject->wake, "", 1), 1);
	AWAIT(subject_switches(subject, tid) != before && subject_state(subject, tid) == 'D');
}

static inline pid_t subject_second_thread(const struct subject *subject)
{
	struct process_threads threads = { 0 };
	pid_t ret = 0;

	process_threads((uint32_t)subject->pid, &threads);
	for (size_t i = 0; i < threads.count; i++)
		if (threads.rows[i].tid != (uint32_t)subject->pid)
			ret = (pid_t)threads.rows[i].tid;
	process_threads_deinit(&threads);
	return ret;
}

/* A tracer that dies with the test. Its exit code is 4 if it may not trace. */
static inline void subject_trace(const struct subject *subject, enum subject_kind kind, int ready)
{
	pid_t tid = subject->tid ? subject->tid : subject->pid;
	bool stops = kind == SUBJECT_TRACED_STOPPED;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ptrace(stops ? PTRACE_ATTACH : PTRACE_SEIZE, tid, NULL, NULL))
		_exit(4);
	if (kind == SUBJECT_TRACED_THREAD)
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	/* The kernel drops a stop that was waited for when the tracer dies, no other one. */
	if (kind == SUBJECT_TRACED_THREAD)
		while (waitpid(tid, &status, __WALL) < 0 && errno == EINTR)
			;
	subject_ready(ready);
	subject_sleep_for_ever();
}

/* false: ptrace is not permitted on this system. */
static inline bool subject_start_tracer(struct subject *subject, enum subject_kind kind)
{
	int ready[2], status = 0;

	assert_int_equal(pipe(ready), 0);
	subject->tracer = fork();
	if (subject->tracer == 0)
		subject_trace(subject, kind, ready[1]);
	close(ready[1]);
	if (subject_read(ready[0])) {
		close(ready[0]);
		if (kind != SUBJECT_TRACED)
			AWAIT(subject_state(subject, subject->tid) == 't');
		return true;
	}
	close(ready[0]);
	waitpid(subject->tracer, &status, 0);
	subject->tracer = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 4);
	print_message("skipped: ptrace is not permitted here\n");
	return false;
}

static inline void subject_await(struct subject *subject, enum subject_kind kind)
{
	switch (kind) {
	case SUBJECT_SLEEPS:
	case SUBJECT_TRACED:
		AWAIT(subject_state(subject, 0) == 'S');
		break;
	case SUBJECT_SPINS:
		AWAIT(subject_state(subject, 0) == 'R');
		break;
	case SUBJECT_STOPPED:
	case SUBJECT_REUSED:
		subject_stop(subject);
		break;
	case SUBJECT_HEADLESS:
		AWAIT(subject_state(subject, 0) == 'Z');
		subject->tid = subject_second_thread(subject);
		AWAIT(subject_state(subject, subject->tid) == 'S');
		break;
	case SUBJECT_BLOCKED:
	case SUBJECT_STOP_PENDING:
		AWAIT(subject_state(subject, 0) == 'D');
		break;
	case SUBJECT_BLOCKED_THREAD:
		subject->tid = subject_second_thread(subject);
		AWAIT(subject_state(subject, subject->tid) == 'D' &&
		      subject_state(subject, 0) == 'S');
		break;
	case SUBJECT_TRACED_STOPPED:
		AWAIT(subject_state(subject, 0) == 'S');
		break;
	case SUBJECT_TRACED_THREAD:
		AWAIT(subject_state(subject, 0) == 'S');
		subject->tid = subject_second_thread(subject);
		AWAIT(subject_state(subject, subject->tid) == 'S');
		break;
	case SUBJECT_ZOMBIE:
	case SUBJECT_ENDED:
		AWAIT(subject_state(subject, 0) == 'Z');
		break;
	case SUBJECT_KIND_COUNT:
		break;
	}
}

static inline uint64_t subject_starttime(pid_t pid)
{
	struct process_stat stat;

	return process_stat((uint32_t)pid, 0, &stat) ? stat.starttime : 0;
}

/* false: not on this system. */
static inline bool subject_begin(struct subject *subject, enum subject_kind kind)
{
	int ready[2], wake[2];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(wake), 0);
	*subject = (struct subject){ .wake = wake[1] };
	subject->pid = fork();
	if (subject->pid == 0)
		subject_live(kind, ready[1], wake[0]);
	assert_true(subject->pid > 0);
	close(ready[1]);
	close(wake[0]);
	assert_true(subject_read(ready[0]));
	close(ready[0]);
	subject->starttime = subject_starttime(subject->pid);
	subject_await(subject, kind);
	if (kind == SUBJECT_STOP_PENDING)
		kill(subject->pid, SIGSTOP);
	if (kind == SUBJECT_ENDED)
		waitpid(subject->pid, NULL, 0);
	if (kind == SUBJECT_REUSED)
		subject->starttime--;
	return (kind != SUBJECT_TRACED && kind != SUBJECT_TRACED_STOPPED &&
	        kind != SUBJECT_TRACED_THREAD) ||
	       subject_start_tracer(subject, kind);
}

/* Ends and reaps any child of the test program. */
static inline void subject_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static inline void subject_end(struct subject *subject)
{
	subject_kill(subject->tracer);
	subject_kill(subject->pid);
	if (subject->wake >= 0)
		close(subject->wake);
	*subject = (struct subject){ .wake = -1 };
}

/* Row i of a table: prints what it is about, and calls check with a subject of its kind, unless
 * such a subject cannot be had here. */
static inline void subject_run_row(size_t i, const char *what, enum subject_kind kind,
                                   void (*check)(size_t i, const struct subject *subject))
{
	struct subject subject;

	print_message("%s\n", what);
	if (subject_begin(&subject, kind))
		check(i, &subject);
	subject_end(&subject);
}

static inline bool subject_may_be_traced(void)
{
	struct subject subject;
	bool ret = subject_begin(&subject, SUBJECT_TRACED);

	subject_end(&subject);
	return ret;
}

/* Under valgrind a process's threads, their states and its pending signals are valgrind's. true:
 * the program has nothing to test. A sanitizer checks its memory. */
static inline bool subject_is_emulated(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (!preload || !strstr(preload, "vgpreload"))
		return false;
	print_message("1..0 # skip: not under valgrind\n");
	return true;
}

/* A teardown: ends and reaps all descendants. */
static inline int subjects_end(void **state)
{
	uint32_t *pids = NULL;
	size_t count = 0, cap = 0;

	(void)state;
	process_descendants((uint32_t)getpid(), &pids, &count, &cap);
	for (size_t i = 0; i < count; i++)
		kill((pid_t)pids[i], SIGKILL);
	free(pids);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

#endif
