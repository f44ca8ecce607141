/* A whole run of one target, from the first gdb's start until the target is what it was, with
 * gdbs that fail. Targets, gdbs and the clock are real; no row depends on how fast they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fake_gdb.h"

#include "cli/os/clock.h"
#include "cli/sampler/target_sampler.h"
#include "recording.h"

#define LIMIT_US 40000000 /* of a whole row */

struct run {
	struct subject subject;
	struct recording recording;
	struct timeouts timeouts;
	struct watchdog watchdog;
	struct target_sampler_context context;
	struct target_sampler *sampler;
	uint64_t until; /* the row has failed then */
};

static const struct {
	const char *what;
	enum subject_kind kind;
	enum attach_mode mode;
	const char *gdb;
	const char *timeouts;
	unsigned samples;
	enum error_code code;
	const char *text; /* of the error; NULL: there is none */
	unsigned taken, failed;
	const char *recorded; /* a part of the recording; NULL: any */
	enum then then;
} rows[] = {
	{ "all is well", SUBJECT_SPINS, ATTACH_SEIZE, "good", "", 6, .taken = 6 },
	{ "guarded: all is well", SUBJECT_SPINS, ATTACH_SEIZE, "guarded-good", "", 6, .taken = 6,
	  .recorded = "cannot%20seize%20threads%20(a%20reason)" },
	{ "plain: all is well", SUBJECT_SPINS, ATTACH_PLAIN, "no-python", "", 6, .taken = 6 },
	{ "a target that was stopped stays so", SUBJECT_STOPPED, ATTACH_SEIZE, "good", "", 6,
	  .taken = 6, .then = STOPPED },
	{ "guarded: a target that was stopped stays so", SUBJECT_STOPPED, ATTACH_SEIZE,
	  "guarded-good", "", 6, .taken = 6, .then = STOPPED },
	{ "its gdb has no Python: plain goes on", SUBJECT_SLEEPS, ATTACH_SEIZE, "no-python", "", 6,
	  .taken = 6, .recorded = "going%20on%20with%20--attach%20plain" },
	{ "it is no gdb", SUBJECT_SLEEPS, ATTACH_SEIZE, "no-gdb", "", 6, .code = ERROR_GDB,
	  .text = "is not usable as gdb" },
	{ "not permitted", SUBJECT_SLEEPS, ATTACH_SEIZE, "refuses", "", 6, .code = ERROR_PERMISSION,
	  .text = "not permitted: user ", .failed = 6 },
	{ "guarded: not permitted", SUBJECT_SLEEPS, ATTACH_SEIZE, "guarded-refuses", "", 6,
	  .code = ERROR_PERMISSION, .text = "not permitted: user ", .failed = 6 },
	{ "three samples fail", SUBJECT_SLEEPS, ATTACH_SEIZE, "odd", "", 6, .code = ERROR_FAILED,
	  .text = "odd", .failed = 6 },
	{ "some samples fail: the run goes on", SUBJECT_SLEEPS, ATTACH_SEIZE, "fails", "", 6,
	  .taken = 2, .failed = 4 },
	{ "guarded: some samples fail", SUBJECT_SLEEPS, ATTACH_SEIZE, "guarded-fails", "", 6,
	  .taken = 2, .failed = 4 },
	{ "ten in a row fail: that is the end", SUBJECT_SLEEPS, ATTACH_SEIZE, "fails", "", 20,
	  .code = ERROR_FAILED, .text = "odd", .taken = 2, .failed = 18 },
	{ "a gdb dies: another one goes on; a stop is somebody else's, and stays", SUBJECT_SPINS,
	  ATTACH_SEIZE, "dies", "", 6, .taken = 5, .failed = 1,
	  .recorded = "gdb%20was%20killed%20by%20signal%209%20", .then = STOPPED },
	{ "guarded: a gdb dies, and leaves the target stopped: that is undone", SUBJECT_SPINS,
	  ATTACH_SEIZE, "guarded-dies", "", 6, .taken = 5, .failed = 1,
	  .recorded = "gdb%20was%20killed%20by%20signal%209%20", .then = CONTINUED },
	{ "guarded: a gdb dies, and the target was stopped before", SUBJECT_STOPPED, ATTACH_SEIZE,
	  "guarded-dies", "", 6, .taken = 5, .failed = 1, .then = STOPPED },
	{ "a gdb dies at the end of the run: pmp sends the target no signal", SUBJECT_SPINS,
	  ATTACH_SEIZE, "dies-at-end", "", 3, .taken = 3, .then = STOPPED },
	{ "guarded: a gdb dies at the end, and leaves the target stopped: the run ends once it "
	  "runs",
	  SUBJECT_SPINS, ATTACH_SEIZE, "guarded-dies-at-end", "", 3, .taken = 3,
	  .then = CONTINUED },
	{ "every gdb dies", SUBJECT_SPINS, ATTACH_SEIZE, "always-dies", "", 6, .code = ERROR_FAILED,
	  .text = "gdb was killed by signal 9", .failed = 6 },
	{ "guarded: every gdb dies", SUBJECT_SPINS, ATTACH_SEIZE, "guarded-always-dies", "", 6,
	  .code = ERROR_FAILED, .text = "gdb was killed by signal 9", .failed = 6 },
	{ "a gdb does not answer", SUBJECT_SPINS, ATTACH_SEIZE, "hangs", "sample=0.05", 6,
	  .code = ERROR_TIMEOUT, .text = "sampling within 0.05 s", .failed = 6 },
	{ "guarded: a gdb does not answer", SUBJECT_SPINS, ATTACH_SEIZE, "guarded-hangs",
	  "sample=0.05", 6, .code = ERROR_TIMEOUT, .text = "sampling within 0.05 s", .failed = 6 },
	{ "a gdb traces a thread that has not stopped in time: the run goes on", SUBJECT_SPINS,
	  ATTACH_SEIZE, "holds", "close=0.5", 6, .taken = 6 },
	{ "guarded: a gdb holds on to the target: it is ended, the sample is good", SUBJECT_SPINS,
	  ATTACH_SEIZE, "guarded-holds", "detach=0.05,close=0.5", 2, .taken = 2 },
	{ "somebody stops the target in a sample: all samples are taken, and it stays stopped",
	  SUBJECT_SPINS, ATTACH_SEIZE, "stopped", "", 6, .taken = 6, .then = STOPPED },
	{ "the target is killed: what was taken counts, the rest has failed", SUBJECT_SPINS,
	  ATTACH_SEIZE, "kills", "", 6, .taken = 2, .failed = 4,
	  .recorded = "%20ended%20after%202%20samples\n", .then = ANY },
	{ "guarded: the target is killed", SUBJECT_SPINS, ATTACH_SEIZE, "guarded-kills", "", 6,
	  .taken = 2, .failed = 4, .recorded = "%20ended%20after%202%20samples\n", .then = ANY },
	{ "the target had ended", SUBJECT_ENDED, ATTACH_SEIZE, "good", "", 6,
	  .code = ERROR_NO_PROCESS, .text = " ended before the first sample", .then = ANY },
	{ "the target was a zombie", SUBJECT_ZOMBIE, ATTACH_SEIZE, "good", "", 6,
	  .code = ERROR_NO_PROCESS, .text = " ended before the first sample", .then = ANY },
	{ "another tracer has the target: the kernel says so", SUBJECT_TRACED, ATTACH_SEIZE, "good",
	  "", 6, .code = ERROR_TRACED, .text = "is traced already, by process ", .failed = 6 },
	{ "guarded: another tracer has the target: no gdb is asked", SUBJECT_TRACED, ATTACH_SEIZE,
	  "guarded-always-dies", "", 6, .code = ERROR_TRACED,
	  .text = "is traced already, by process ", .failed = 6 },
	{ "plain: another tracer has the target", SUBJECT_TRACED, ATTACH_PLAIN, "no-python", "", 6,
	  .code = ERROR_TRACED, .text = "is traced already, by process ", .failed = 6 },
	{ "a thread is in state D for ever: gdb takes the samples", SUBJECT_BLOCKED_THREAD,
	  ATTACH_SEIZE, "good", "blocked=0.02", 6, .taken = 6, .recorded = "\n#0  0x1 in f ()\n" },
	{ "guarded: a thread is in state D for ever: samples come from /proc, nothing attaches",
	  SUBJECT_BLOCKED_THREAD, ATTACH_SEIZE, "guarded-always-dies", "blocked=0.02", 6,
	  .taken = 6, .recorded = "%20is%20in%20uninterruptible%20sleep%20(D)" },
	{ "plain: a thread is in state D for ever", SUBJECT_BLOCKED_THREAD, ATTACH_PLAIN,
	  "no-python", "blocked=0.02", 6, .taken = 6, .recorded = "\n~pmp kernel tid=" },
};

static void check(const struct subject *subject, enum then then)
{
	struct process_status status = { 0 };

	if (then == ANY)
		return;
	subject_check(subject, then);
	assert_true(process_status((uint32_t)subject->pid, 0, &status));
	assert_int_equal(status.tracer, subject->tracer);
}

static void begin(struct run *run, enum attach_mode mode, const char *gdb, const char *timeouts)
{
	struct error err = { 0 };

	recording_init(&run->recording, true);
	assert_true(timeouts_parse(&run->timeouts, timeouts, &err));
	assert_true(watchdog_start(&run->watchdog, &err));
	run->context.timeouts = &run->timeouts;
	run->context.watchdog = &run->watchdog;
	run->context.gdb = fake_gdb_link(gdb);
	run->context.plan.schedule.rate_hz = 200;
	run->context.plan.recorder = &run->recording.recorder;
	run->sampler = target_sampler_create(&run->context, (uint32_t)run->subject.pid, mode);
	run->until = clock_now_us() + LIMIT_US;
}

static void end(struct run *run)
{
	target_sampler_destroy(run->sampler);
	watchdog_end(&run->watchdog);
	fake_gdb_unlink(run->context.gdb);
	recording_deinit(&run->recording);
}

/* Takes one step, and waits for what the sampler waits for. */
static void step(struct run *run)
{
	struct pollfd fds[ATTACH_WORKERS_MAX];
	uint64_t now = clock_now_us(), deadline;
	struct timespec wait;

	if (now >= run->until)
		fail_msg("no end after %d s", LIMIT_US / 1000000);
	target_sampler_step(run->sampler, now);
	deadline = clock_sooner(target_sampler_deadline(run->sampler), clock_now_us() + 20000);
	if (!target_sampler_ended(run->sampler))
		ppoll(fds, target_sampler_poll(run->sampler, fds),
		      clock_wait(clock_now_us(), deadline, &wait), NULL);
}

static void prepare(struct run *run)
{
	while (!target_sampler_prepared(run->sampler))
		step(run);
	if (target_sampler_ended(run->sampler))
		return;
	run->context.plan.schedule.start_us = clock_now_us();
	run->context.plan.started = true;
}

static void finish(struct run *run)
{
	while (!target_sampler_ended(run->sampler))
		step(run);
}

static void check_row(size_t i, struct run *run)
{
	const struct error *err = target_sampler_error(run->sampler);
	const struct sample_counter *counter = target_sampler_counter(run->sampler);

	print_message("%s\n%s", err->text, recording_text(&run->recording.notes));
	assert_int_equal(err->code, rows[i].code);
	if (rows[i].text)
		assert_non_null(strstr(err->text, rows[i].text));
	assert_int_equal(counter->taken, rows[i].taken);
	assert_int_equal(counter->failed, rows[i].failed);
	assert_int_equal(recording_count(&run->recording, "~pmp begin "), rows[i].taken);
	assert_int_equal(recording_count(&run->recording, "~pmp failed "), rows[i].failed);
	if (rows[i].recorded)
		assert_true(recording_has(&run->recording, rows[i].recorded));
	assert_int_equal(recording_count(&run->recording, "cannot%20seize"),
	                 !strncmp(rows[i].gdb, "guarded-", 8) && rows[i].taken &&
	                         strcmp(rows[i].gdb, "guarded-always-dies") != 0);
	check(&run->subject, rows[i].then);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run run = { .context.plan = { .samples = rows[i].samples,
			                             .end_us = CLOCK_NEVER } };

		print_message("%s\n", rows[i].what);
		if (subject_begin(&run.subject, rows[i].kind)) {
			begin(&run, rows[i].mode, rows[i].gdb, rows[i].timeouts);
			prepare(&run);
			finish(&run);
			check_row(i, &run);
			end(&run);
		}
		subject_end(&run.subject);
	}
}

/* -d alone: it ends by itself, and no sample counts as missing. */
static void test_duration(void **state)
{
	struct run run = { .context.plan = { .samples = UINT64_MAX, .end_us = CLOCK_NEVER } };

	(void)state;
	assert_true(subject_begin(&run.subject, SUBJECT_SPINS));
	begin(&run, ATTACH_SEIZE, "good", "");
	prepare(&run);
	run.context.plan.end_us = run.context.plan.schedule.start_us + 100000;
	finish(&run);
	assert_int_equal(target_sampler_error(run.sampler)->code, ERROR_NONE);
	assert_int_equal(target_sampler_counter(run.sampler)->failed, 0);
	check(&run.subject, RUNS);
	end(&run);
}

/* The target is killed between two samples: nothing asks gdb for a sample of what is dead. */
static void test_killed_between(void **state)
{
	static const char *const gdbs[] = { "good", "guarded-good" };

	(void)state;
	for (size_t i = 0; i < sizeof(gdbs) / sizeof(*gdbs); i++) {
		struct run run = { .context.plan = { .samples = 3, .end_us = CLOCK_NEVER } };

		print_message("%s\n", gdbs[i]);
		assert_true(subject_begin(&run.subject, SUBJECT_SPINS));
		begin(&run, ATTACH_SEIZE, gdbs[i], "");
		prepare(&run);
		kill(run.subject.pid, SIGKILL);
		AWAIT(process_life((uint32_t)run.subject.pid, 0) != PROCESS_ALIVE);
		finish(&run);
		assert_int_equal(target_sampler_error(run.sampler)->code, ERROR_NO_PROCESS);
		assert_int_equal(target_sampler_counter(run.sampler)->taken, 0);
		assert_int_equal(target_sampler_counter(run.sampler)->failed, 3);
		end(&run);
		subject_end(&run.subject);
	}
}

static bool is_traced(const struct run *run)
{
	struct process_status status;

	return process_status((uint32_t)run->subject.pid, 0, &status) && status.tracer;
}

static void step_until_traced(struct run *run)
{
	while (!is_traced(run))
		step(run);
}

static void step_until_taken(struct run *run, unsigned samples)
{
	while (target_sampler_counter(run->sampler)->taken < samples)
		step(run);
}

/* The run is ended from outside, and so are gdbs in whatever state. */
static void test_stop(void **state)
{
	static const struct {
		const char *what, *gdb;
		enum subject_kind kind;
		bool at_once, traced;
		unsigned taken;
		enum then then;
	} stops[] = {
		{ "before gdb is ready", "good", SUBJECT_SPINS, .then = RUNS },
		{ "after some samples", "good", SUBJECT_SPINS, .taken = 3, .then = RUNS },
		{ "after some samples of a stopped target", "good", SUBJECT_STOPPED, .taken = 3,
		  .then = STOPPED },
		{ "guarded: after some samples", "guarded-good", SUBJECT_SPINS, .taken = 3,
		  .then = RUNS },
		{ "guarded: after some samples of a stopped target", "guarded-good",
		  SUBJECT_STOPPED, .taken = 3, .then = STOPPED },
		{ "guarded: gdb dies as it ends", "guarded-dies-at-end", SUBJECT_SPINS, .taken = 3,
		  .then = CONTINUED },
		{ "in a sample that never ends", "hangs", SUBJECT_SPINS, .at_once = true,
		  .traced = true, .then = RUNS },
		{ "in a sample that never ends, of a stopped target", "hangs", SUBJECT_STOPPED,
		  .at_once = true, .traced = true, .then = STOPPED },
		{ "guarded: in a sample that never ends", "guarded-hangs", SUBJECT_SPINS,
		  .at_once = true, .traced = true, .then = RUNS },
		{ "guarded: in a sample that never ends, of a stopped target", "guarded-hangs",
		  SUBJECT_STOPPED, .at_once = true, .traced = true, .then = STOPPED },
		{ "gdb holds on to it", "holds", SUBJECT_SPINS, .traced = true, .then = RUNS },
		{ "guarded: gdb holds on to it", "guarded-holds", SUBJECT_SPINS, .traced = true,
		  .then = RUNS },
	};

	(void)state;
	if (!subject_may_be_traced())
		skip();
	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++) {
		struct run run = { .context.plan = { .samples = UINT64_MAX,
			                             .end_us = CLOCK_NEVER } };

		print_message("%s\n", stops[i].what);
		assert_true(subject_begin(&run.subject, stops[i].kind));
		begin(&run, ATTACH_SEIZE, stops[i].gdb, "close=0.5");
		step(&run);
		if (stops[i].traced || stops[i].taken)
			prepare(&run);
		if (stops[i].traced)
			step_until_traced(&run);
		step_until_taken(&run, stops[i].taken);
		target_sampler_stop(run.sampler, stops[i].at_once);
		finish(&run);
		assert_int_equal(target_sampler_error(run.sampler)->code, ERROR_NONE);
		check(&run.subject, stops[i].then);
		end(&run);
		subject_end(&run.subject);
	}
}

/* A sampler that is freed in the middle of a sample: its gdb is killed, and the target is free. */
static void test_destroy(void **state)
{
	struct run run = { .context.plan = { .samples = UINT64_MAX, .end_us = CLOCK_NEVER } };

	(void)state;
	if (!subject_may_be_traced())
		skip();
	assert_true(subject_begin(&run.subject, SUBJECT_SPINS));
	begin(&run, ATTACH_SEIZE, "hangs", "");
	prepare(&run);
	step_until_traced(&run);
	target_sampler_destroy(run.sampler);
	run.sampler = NULL;
	AWAIT(!is_traced(&run));
	assert_false(subject_is_stopped(&run.subject));
	end(&run);
}

/* A program that pmp runs: held until gdb is ready, then let run, and left running. */
static void test_started_by_pmp(void **state)
{
	static const char *const gdbs[] = { "good", "guarded-good" };

	(void)state;
	for (size_t i = 0; i < sizeof(gdbs) / sizeof(*gdbs); i++) {
		struct run run = { .context = { .started_by_pmp = true,
			                        .plan = { .samples = 4, .end_us = CLOCK_NEVER } } };

		print_message("%s\n", gdbs[i]);
		assert_true(subject_begin(&run.subject, SUBJECT_STOPPED));
		begin(&run, ATTACH_SEIZE, gdbs[i], "");
		prepare(&run);
		subject_check(&run.subject, STOPPED);
		target_sampler_release(run.sampler);
		kill(run.subject.pid, SIGCONT);
		finish(&run);
		assert_int_equal(target_sampler_counter(run.sampler)->taken, 4);
		check(&run.subject, CONTINUED);
		end(&run);
		subject_end(&run.subject);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, subjects_end),
		cmocka_unit_test_teardown(test_duration, subjects_end),
		cmocka_unit_test_teardown(test_killed_between, subjects_end),
		cmocka_unit_test_teardown(test_stop, subjects_end),
		cmocka_unit_test_teardown(test_destroy, subjects_end),
		cmocka_unit_test_teardown(test_started_by_pmp, subjects_end),
	};

	fake_gdb_main(argc, argv);
	signal(SIGPIPE, SIG_IGN); /* as pmp does: a gdb may die before it reads */
	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
