/* Threads in state D: which of them are waited for, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/safety/uninterruptible.h"
#include "cli/proc/kernel_stacks.h"

#define LIMIT 100
#define LOOKS_MAX 8

/* A look is "tid:switches" of each thread in state D. */
static const struct {
	const char *what;
	struct {
		uint64_t at;
		const char *threads;
		enum uninterruptible_state wanted;
		uint32_t tid;
	} looks[LOOKS_MAX];
} rows[] = {
	{ "nobody", { { 5, "", UNINTERRUPTIBLE_NONE, 0 }, { 500, "", UNINTERRUPTIBLE_NONE, 0 } } },
	{ "one long sleep",
	  { { 5, "7:1", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 104, "7:1", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 105, "7:1", UNINTERRUPTIBLE_STUCK, 7 },
	    { 900, "7:1", UNINTERRUPTIBLE_STUCK, 7 },
	    { 901, "", UNINTERRUPTIBLE_NONE, 0 },
	    { 902, "7:1", UNINTERRUPTIBLE_BRIEF, 7 } } },
	{ "one that wakes up and sleeps again",
	  { { 5, "7:1", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 104, "7:2", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 105, "7:2", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 203, "7:3", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 205, "7:3", UNINTERRUPTIBLE_NONE, 7 } } },
	{ "a long one behind short ones, and before them",
	  { { 5, "1:1 7:1 9:4", UNINTERRUPTIBLE_BRIEF, 1 },
	    { 50, "2:1 7:1", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 90, "7:1 8:1 9:5", UNINTERRUPTIBLE_BRIEF, 7 },
	    { 105, "1:2 2:2 7:1", UNINTERRUPTIBLE_STUCK, 7 } } },
	{ "always another one",
	  { { 5, "1:1 2:1", UNINTERRUPTIBLE_BRIEF, 1 },
	    { 90, "2:2 3:1", UNINTERRUPTIBLE_BRIEF, 2 },
	    { 180, "3:2 1:2", UNINTERRUPTIBLE_BRIEF, 3 },
	    { 205, "4:1", UNINTERRUPTIBLE_NONE, 4 } } },
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

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct uninterruptible uninterruptible = { 0 };

		for (size_t j = 0; j < LOOKS_MAX && rows[i].looks[j].threads; j++) {
			struct process_thread storage[8];
			struct process_threads threads;

			fill(&threads, storage, rows[i].looks[j].threads);
			print_message("%s, at %d\n", rows[i].what, (int)rows[i].looks[j].at);
			assert_int_equal(uninterruptible_check(&uninterruptible, &threads, LIMIT,
			                                       rows[i].looks[j].at),
			                 rows[i].looks[j].wanted);
			assert_int_equal(uninterruptible.tid, rows[i].looks[j].tid);
		}
		uninterruptible_deinit(&uninterruptible);
	}
}

/* Whatever /proc tells of it (here: of a thread that runs, or of none), the sample is whole. */
static void test_glimpse(void **state)
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_looks),
		                            cmocka_unit_test(test_glimpse) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
