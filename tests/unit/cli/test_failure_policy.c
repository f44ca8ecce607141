/* How many failures of which kind end the sampling of a target, with which message and exit
 * code. Each row is a real process and a string of events, a letter each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "subject.h"

#include "cli/os/clock.h"
#include "cli/sampler/failure_policy.h"
#include "recording.h"

#define ODD "gdb does something odd"
#define EPERM_TEXT "ptrace: Operation not permitted."
#define SAMPLES 40

/* + a sample is taken        o, p: a sample is refused, as something is odd, as it is not permitted
 * l  a sample is lost with its worker
 * d  a worker died    D  of a timeout    y  as its gdb has no Python    g  it is no gdb
 * e  the target ended                    f  an error for good */
static const struct {
	const char *what;
	enum subject_kind kind;
	bool started_by_pmp;
	bool not_begun; /* the schedule has no start yet */
	const char *events;
	bool goes_on; /* after the last event; after each of the others it does */
	enum error_code code;
	const char *text;     /* of the error; NULL: there is none */
	uint64_t failed;      /* samples, with those that will not come */
	const char *recorded; /* a part of the recording; NULL: any */
} rows[] = {
	{ "a sample that fails costs nothing but itself", .kind = SUBJECT_SLEEPS, .events = "+o+",
	  .goes_on = true, .failed = 1, .recorded = "~pmp failed sample=2 pid=" },
	{ "at first three in a row are the end", .kind = SUBJECT_SLEEPS, .events = "ooo",
	  .code = ERROR_FAILED, .text = ODD, .failed = SAMPLES },
	{ "at first two are not", .kind = SUBJECT_SLEEPS, .events = "oo+oo", .goes_on = true,
	  .failed = 4 },
	{ "once one was taken ten in a row are the end", .kind = SUBJECT_SLEEPS,
	  .events = "+oooooooooo", .code = ERROR_FAILED, .text = ODD, .failed = SAMPLES - 1 },
	{ "nine are not, and one that is taken ends the row", .kind = SUBJECT_SLEEPS,
	  .events = "+ooooooooo+ooooooooo", .goes_on = true, .failed = 18 },
	{ "not permitted: at first that is the end at once", .kind = SUBJECT_SLEEPS, .events = "p",
	  .code = ERROR_PERMISSION, .text = "not permitted: user ", .failed = SAMPLES },
	{ "not permitted, once one was taken: it may pass", .kind = SUBJECT_SLEEPS, .events = "+p+",
	  .goes_on = true, .failed = 1 },
	{ "not permitted, ten times in a row", .kind = SUBJECT_SLEEPS, .events = "+pppppppppp",
	  .code = ERROR_PERMISSION, .text = EPERM_TEXT, .failed = SAMPLES - 1 },
	{ "traced by another: at first that is the end at once", .kind = SUBJECT_TRACED,
	  .events = "o", .code = ERROR_TRACED, .text = "is traced already, by process ",
	  .failed = SAMPLES },
	{ "traced by another, once one was taken: he may let go", .kind = SUBJECT_TRACED,
	  .events = "+oo+", .goes_on = true, .failed = 2 },
	{ "traced by another, ten times in a row", .kind = SUBJECT_TRACED, .events = "+oooooooooo",
	  .code = ERROR_TRACED, .text = ODD, .failed = SAMPLES - 1 },
	{ "the process is not there: it is looked for three times", .kind = SUBJECT_ENDED,
	  .events = "ooo", .code = ERROR_NO_PROCESS, .text = ODD, .failed = SAMPLES },
	{ "the main thread has ended: no gdb can attach to the others", .kind = SUBJECT_HEADLESS,
	  .events = "ooo", .code = ERROR_FAILED, .text = ODD, .failed = SAMPLES },
	{ "before the run has begun no sample can fail", .kind = SUBJECT_SLEEPS, .not_begun = true,
	  .events = "p", .code = ERROR_PERMISSION, .text = "not permitted: user " },
	{ "three workers died before the first sample", .kind = SUBJECT_SLEEPS, .events = "ddd",
	  .code = ERROR_FAILED, .text = "it died", .failed = SAMPLES },
	{ "a worker that died, and a sample: another one is tried", .kind = SUBJECT_SLEEPS,
	  .events = "dd+ddddddddd", .goes_on = true },
	{ "ten workers died in a row", .kind = SUBJECT_SLEEPS, .events = "+dddddddddd",
	  .code = ERROR_FAILED, .text = "it died", .failed = SAMPLES - 1 },
	{ "the third one was too slow", .kind = SUBJECT_SLEEPS, .events = "ddD",
	  .code = ERROR_TIMEOUT, .text = "it died", .failed = SAMPLES },
	{ "the third one has no Python", .kind = SUBJECT_SLEEPS, .events = "ddy", .code = ERROR_GDB,
	  .text = "it died", .failed = SAMPLES },
	{ "it is no gdb: no other try makes it one", .kind = SUBJECT_SLEEPS, .events = "g",
	  .code = ERROR_GDB, .text = "/no/gdb is not usable as gdb: it died", .failed = SAMPLES },
	{ "it is no gdb, in the middle of a run", .kind = SUBJECT_SLEEPS, .events = "+g",
	  .code = ERROR_GDB, .text = "/no/gdb is not usable as gdb: it died",
	  .failed = SAMPLES - 1 },
	{ "a worker that dies in a sample fails it, and its death counts too",
	  .kind = SUBJECT_SLEEPS, .events = "+ldldldldld", .code = ERROR_FAILED, .text = "it died",
	  .failed = SAMPLES - 1 },
	{ "the fourth time it is no more", .kind = SUBJECT_SLEEPS, .events = "+ldldldld",
	  .goes_on = true, .failed = 4 },
	{ "samples and workers are counted as one row", .kind = SUBJECT_SLEEPS, .events = "ddo",
	  .code = ERROR_FAILED, .text = ODD, .failed = SAMPLES },
	{ "the target ends before the first sample", .kind = SUBJECT_ZOMBIE, .events = "e",
	  .code = ERROR_NO_PROCESS, .text = " ended before the first sample", .failed = SAMPLES,
	  .recorded = "why=the%20target%20ended\n" /* and no thread */ },
	{ "the target ends before the first sample, and before the run has begun",
	  .kind = SUBJECT_ENDED, .not_begun = true, .events = "e", .code = ERROR_NO_PROCESS,
	  .text = " ended before the first sample" },
	{ "the target ends after some: that is a note, no error; the others have failed",
	  .kind = SUBJECT_ENDED, .events = "++e", .failed = SAMPLES - 2,
	  .recorded = "%20ended%20after%202%20samples\n~pmp failed sample=3 " },
	{ "a program that pmp runs ends: that is what was waited for", .kind = SUBJECT_ENDED,
	  .started_by_pmp = true, .events = "++e" },
	{ "a program that pmp runs ends without a sample: that is for the run to say",
	  .kind = SUBJECT_ENDED, .started_by_pmp = true, .events = "e" },
	{ "a program that pmp runs ends before its run has begun", .kind = SUBJECT_ENDED,
	  .started_by_pmp = true, .not_begun = true, .events = "e", .code = ERROR_NO_PROCESS,
	  .text = " ended before the first sample" },
	{ "an error for good, as no process can be started", .kind = SUBJECT_SLEEPS, .events = "+f",
	  .code = ERROR_OUTPUT, .text = "for good", .failed = SAMPLES - 1,
	  .recorded = "why=for%20good " },
	{ "the first cause is the one that is told", .kind = SUBJECT_SLEEPS, .events = "op",
	  .code = ERROR_PERMISSION, .text = "not permitted: user ", .failed = SAMPLES },
};

static bool take_event(struct failure_policy *policy, char event)
{
	static const struct error for_good = { ERROR_OUTPUT, "for good" };

	switch (event) {
	case '+':
		sample_counter_taken(policy->counter, SPAN_LIT("text\n"), 0, 1);
		return true;
	case 'o':
		return failure_policy_on_refused_sample(policy, ODD, 1);
	case 'p':
		return failure_policy_on_refused_sample(policy, EPERM_TEXT, 1);
	case 'l':
		return failure_policy_on_lost_sample(policy, WORKER_TROUBLE_OTHER, "it died", 1);
	case 'd':
		return failure_policy_on_dead_worker(policy, WORKER_TROUBLE_OTHER, "/no/gdb",
		                                     "it died");
	case 'D':
		return failure_policy_on_dead_worker(policy, WORKER_TROUBLE_TIMEOUT, "/no/gdb",
		                                     "it died");
	case 'y':
		return failure_policy_on_dead_worker(policy, WORKER_TROUBLE_NO_PYTHON, "/no/gdb",
		                                     "it died");
	case 'g':
		return failure_policy_on_dead_worker(policy, WORKER_TROUBLE_NOT_GDB, "/no/gdb",
		                                     "it died");
	case 'e':
		return failure_policy_on_target_end(policy);
	case 'f':
		return failure_policy_on_fatal_error(policy, &for_good);
	}
	fail();
	return false;
}

static void check_row(size_t i, const struct subject *subject)
{
	struct recording recording;
	struct process_threads threads = { 0 };
	struct sample_plan plan = { .schedule = { 1, 10 },
		                    .started = !rows[i].not_begun,
		                    .samples = SAMPLES,
		                    .end_us = CLOCK_NEVER,
		                    .recorder = &recording.recorder };
	struct sample_counter counter = { .plan = &plan,
		                          .pid = (uint32_t)subject->pid,
		                          .sample = 1 };
	struct failure_policy policy = { .counter = &counter,
		                         .threads = &threads,
		                         .started_by_pmp = rows[i].started_by_pmp };

	recording_init(&recording, true);
	process_threads(counter.pid, &threads);
	for (const char *event = rows[i].events; *event; event++) {
		print_message("%s: %s\n", rows[i].what, event);
		assert_int_equal(take_event(&policy, *event), event[1] || rows[i].goes_on);
	}
	assert_int_equal(policy.err.code, rows[i].code);
	print_message("%s\n", policy.err.text);
	if (rows[i].text)
		assert_non_null(strstr(policy.err.text, rows[i].text));
	else
		assert_string_equal(policy.err.text, "");
	assert_int_equal(counter.failed, rows[i].failed);
	assert_int_equal(recording_count(&recording, "~pmp failed "), rows[i].failed);
	if (rows[i].recorded)
		assert_true(recording_has(&recording, rows[i].recorded));
	process_threads_deinit(&threads);
	recording_deinit(&recording);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		subject_run_row(i, rows[i].what, rows[i].kind, check_row);
}

/* The threads whose stacks are lost are those that are there when the sample fails. */
static void test_lost_threads(void **state)
{
	struct recording recording;
	struct process_threads threads = { 0 };
	struct sample_plan plan = { .schedule = { 1, 10 },
		                    .started = true,
		                    .samples = SAMPLES,
		                    .end_us = CLOCK_NEVER,
		                    .recorder = &recording.recorder };
	struct sample_counter counter = { .plan = &plan, .sample = 1 };
	struct failure_policy policy = { .counter = &counter, .threads = &threads };
	struct subject subject;
	char wanted[200];

	(void)state;
	assert_true(subject_begin(&subject, SUBJECT_BLOCKED_THREAD));
	recording_init(&recording, true);
	counter.pid = (uint32_t)subject.pid;
	assert_true(failure_policy_on_refused_sample(&policy, "odd", 1));
	snprintf(wanted, sizeof(wanted),
	         "~pmp failed sample=1 pid=%d time_us=0 why=odd tid=%d tid=%d\n", subject.pid,
	         subject.pid, subject.tid);
	assert_string_equal(recording_text(&recording.text), wanted);
	process_threads_deinit(&threads);
	recording_deinit(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, subjects_end),
		cmocka_unit_test_teardown(test_lost_threads, subjects_end),
	};

	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
