/* May a gdb attach? Which threads in state D are waited for, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/safety/attach_check.h"
#include "cli/proc/kernel_stacks.h"

#define LIMIT 100
#define CALLS_MAX 8

/* threads: "tid:switches" of each thread in state D, at this call. */
static const struct {
	const char *what;
	struct {
		uint64_t at;
		const char *threads;
		enum attach_check_result wanted;
		uint32_t tid;
	} calls[CALLS_MAX];
} rows[] = {
	{ "no thread",
	  { { 5, "", ATTACH_CHECK_GRANTED, 0 }, { 500, "", ATTACH_CHECK_GRANTED, 0 } } },
	{ "one long sleep",
	  { { 5, "7:1", ATTACH_CHECK_WAIT, 7 },
	    { 104, "7:1", ATTACH_CHECK_WAIT, 7 },
	    { 105, "7:1", ATTACH_CHECK_BLOCKED, 7 },
	    { 900, "7:1", ATTACH_CHECK_BLOCKED, 7 },
	    { 901, "", ATTACH_CHECK_GRANTED, 0 },
	    { 902, "7:1", ATTACH_CHECK_WAIT, 7 } } },
	{ "one that wakes up and sleeps again",
	  { { 5, "7:1", ATTACH_CHECK_WAIT, 7 },
	    { 104, "7:2", ATTACH_CHECK_WAIT, 7 },
	    { 105, "7:2", ATTACH_CHECK_WAIT, 7 },
	    { 203, "7:3", ATTACH_CHECK_WAIT, 7 },
	    { 205, "7:3", ATTACH_CHECK_GRANTED, 7 } } },
	{ "a long sleep after short ones, and before them",
	  { { 5, "1:1 7:1 9:4", ATTACH_CHECK_WAIT, 1 },
	    { 50, "2:1 7:1", ATTACH_CHECK_WAIT, 7 },
	    { 90, "7:1 8:1 9:5", ATTACH_CHECK_WAIT, 7 },
	    { 105, "1:2 2:2 7:1", ATTACH_CHECK_BLOCKED, 7 } } },
	{ "always another one",
	  { { 5, "1:1 2:1", ATTACH_CHECK_WAIT, 1 },
	    { 90, "2:2 3:1", ATTACH_CHECK_WAIT, 2 },
	    { 180, "3:2 1:2", ATTACH_CHECK_WAIT, 3 },
	    { 205, "4:1", ATTACH_CHECK_GRANTED, 4 } } },
};

static void fill(struct process_threads *threads, struct process_thread *storage, const char *text)
{
	unsigned tid, switches;
	int len;

	*threads = (struct process_threads){ .rows = storage };
	storage[threads->count++] = (struct process_thread){ .tid = 99, .stat.state = 'R' };
	while (sscanf(text, "%u:%u%n", &tid, &switches, &len) == 2) {
		storage[threads->count++] = (struct process_thread){ .tid = tid,
			                                             .stat.state = 'D',
			                                             .switches = switches };
		text += len;
	}
}

static void test_sleeps(void **state)
{
	const struct process_attach_state alive = { .life = PROCESS_ALIVE };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct attach_check check = { .limit_us = LIMIT };

		for (size_t j = 0; j < CALLS_MAX && rows[i].calls[j].threads; j++) {
			struct process_thread storage[8];
			struct process_threads threads;

			fill(&threads, storage, rows[i].calls[j].threads);
			print_message("%s, at %d\n", rows[i].what, (int)rows[i].calls[j].at);
			assert_int_equal(
			        attach_check_now(&check, &alive, &threads, rows[i].calls[j].at),
			        rows[i].calls[j].wanted);
			assert_int_equal(check.tid, rows[i].calls[j].tid);
		}
		attach_check_deinit(&check);
	}
}

/* What the process's state means, and which reason to wait comes first. */
static void test_state(void **state)
{
	static const struct {
		const char *what;
		struct process_attach_state state;
		bool skip_stopped;
		const char *threads;
		enum attach_check_result wanted;
		uint32_t tid;
		uint64_t again_us; /* 0: not set */
	} states[] = {
		{ "runs", { .life = PROCESS_ALIVE }, true, "", ATTACH_CHECK_GRANTED, 0, 0 },
		{ "ended", { .life = PROCESS_GONE }, false, "", ATTACH_CHECK_ENDED, 0, 0 },
		{ "a zombie", { .life = PROCESS_ZOMBIE }, false, "", ATTACH_CHECK_ENDED, 0, 0 },
		{ "traced", { .tracer = 12 }, false, "", ATTACH_CHECK_TRACED, 12, 0 },
		{ "stopped", { .stopped = true }, false, "", ATTACH_CHECK_GRANTED, 0, 0 },
		{ "a stopped child",
		  { .stopped = true },
		  true,
		  "",
		  ATTACH_CHECK_STOPPED,
		  0,
		  21000 },
		{ "traced and stopped",
		  { .stopped = true, .tracer = 12 },
		  true,
		  "",
		  ATTACH_CHECK_TRACED,
		  12,
		  0 },
		{ "in state D, traced and stopped",
		  { .stopped = true, .tracer = 12 },
		  true,
		  "7:1",
		  ATTACH_CHECK_WAIT,
		  7,
		  6000 },
		{ "ended, and a thread in state D",
		  { .life = PROCESS_ZOMBIE },
		  false,
		  "7:1",
		  ATTACH_CHECK_ENDED,
		  0,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct attach_check check = { .limit_us = LIMIT,
			                      .skip_stopped = states[i].skip_stopped };
		struct process_thread storage[8];
		struct process_threads threads;

		fill(&threads, storage, states[i].threads);
		print_message("%s\n", states[i].what);
		assert_int_equal(attach_check_now(&check, &states[i].state, &threads, 1000),
		                 states[i].wanted);
		assert_int_equal(check.tid, states[i].tid);
		assert_int_equal(check.again_us, states[i].again_us);
		attach_check_deinit(&check);
	}
}

/* The sample is complete, whatever /proc contains: here the thread runs, or there is none. */
static void test_kernel_stacks(void **state)
{
	uint32_t pid = (uint32_t)getpid();
	struct process_thread storage[] = {
		{ .tid = pid, .stat = { .state = 'D', .comm = "a b\n" } },
		{ .tid = UINT32_MAX, .stat = { .state = 'D', .comm = "gone" } },
		{ .tid = 7, .stat = { .state = 'S', .comm = "other" } },
		{ .tid = 8, .stat = { .state = 'Z', .comm = "dead" } },
	};
	const struct process_threads threads = { storage, 4, 4 };
	static const char *const parts[] = {
		"~pmp begin sample=3 pid=",
		" time_us=99\n~pmp kernel tid=",
		" name=a%20b%0A state=D",
		"\n~pmp kernel tid=4294967295 name=gone state=D\n~pmp lost tid=7 name=other "
		"why=not%20attached:%20thread%207%20is%20in%20uninterruptible%20sleep\n~pmp end "
		"sample=3 pid=",
	};
	struct buf text = { 0 };
	const char *at;

	(void)state;
	kernel_stacks_sample(pid, &threads, 7, 3, 99, &text);
	buf_add(&text, "", 1);
	at = text.ptr;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		at = strstr(at, parts[i]);
		print_message("%zu\n", i);
		assert_non_null(at);
	}
	assert_null(strstr(text.ptr, "dead"));
	assert_null(strstr(text.ptr, "pause_us"));
	buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sleeps),
		                            cmocka_unit_test(test_state),
		                            cmocka_unit_test(test_kernel_stacks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
