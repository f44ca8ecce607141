/* A worker without a gdb: its rules, the commands that it sends, the events and samples that it
 * makes of gdb's output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/gdb/worker_output.h"

static void test_rules(void **state)
{
	static const struct {
		enum worker_state from;
		enum worker_event event;
		enum worker_state to;
		enum worker_action action;
	} rows[] = {
		{ WORKER_STARTING, WORKER_SAYS_HELLO, WORKER_WARMING, WORKER_ACT_SEND },
		{ WORKER_STARTING, WORKER_SAYS_ERROR, WORKER_ENDING, WORKER_ACT_FAIL },
		{ WORKER_STARTING, WORKER_SAYS_END, WORKER_ENDING, WORKER_ACT_FAULT },
		{ WORKER_WARMING, WORKER_SAYS_WARM, WORKER_READY, WORKER_ACT_NONE },
		{ WORKER_WARMING, WORKER_SAYS_ERROR, WORKER_READY, WORKER_ACT_NONE },
		{ WORKER_WARMING, WORKER_TIMEOUT, WORKER_ENDING, WORKER_ACT_FAIL },
		{ WORKER_WARMING, WORKER_ASK_SAMPLE, WORKER_ENDING, WORKER_ACT_FAULT },
		{ WORKER_READY, WORKER_ASK_SAMPLE, WORKER_SAMPLING, WORKER_ACT_SEND },
		{ WORKER_READY, WORKER_SAYS_END, WORKER_ENDING, WORKER_ACT_FAULT },
		{ WORKER_SAMPLING, WORKER_ASK_SAMPLE, WORKER_ENDING, WORKER_ACT_FAULT },
		{ WORKER_SAMPLING, WORKER_SAYS_END, WORKER_READY, WORKER_ACT_KEEP },
		{ WORKER_SAMPLING, WORKER_SAYS_ERROR, WORKER_READY, WORKER_ACT_KEEP },
		{ WORKER_SAMPLING, WORKER_OUTPUT_LIMIT, WORKER_ENDING, WORKER_ACT_FAIL },
		{ WORKER_SAMPLING, WORKER_TIMEOUT, WORKER_ENDING, WORKER_ACT_FAIL },
		{ WORKER_SAMPLING, WORKER_EXITS, WORKER_FAILED, WORKER_ACT_NONE },
		{ WORKER_SAMPLING, WORKER_ASK_END, WORKER_ENDING, WORKER_ACT_CLOSE },
		{ WORKER_ENDING, WORKER_TIMEOUT, WORKER_ENDING, WORKER_ACT_ESCALATE },
		{ WORKER_SAMPLING, WORKER_ASK_KILL, WORKER_ENDING, WORKER_ACT_KILL },
		{ WORKER_ENDING, WORKER_ASK_KILL, WORKER_ENDING, WORKER_ACT_KILL },
		{ WORKER_DONE, WORKER_ASK_KILL, WORKER_DONE, WORKER_ACT_NONE },
		{ WORKER_ENDING, WORKER_EXITS, WORKER_DONE, WORKER_ACT_NONE },
		{ WORKER_DONE, WORKER_ASK_SAMPLE, WORKER_DONE, WORKER_ACT_NONE },
		{ WORKER_FAILED, WORKER_TIMEOUT, WORKER_FAILED, WORKER_ACT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct worker_rule rule = worker_rule(rows[i].from, rows[i].event);

		print_message("%zu: %s\n", i, worker_state_row(rows[i].from)->name);
		assert_int_equal(rule.next, rows[i].to);
		assert_int_equal(rule.action, rows[i].action);
	}
}

/* In every state a worker can be ended, and its exit is noticed. */
static void test_every_state(void **state)
{
	(void)state;
	for (enum worker_state s = 0; s < WORKER_STATE_COUNT; s++) {
		enum worker_state next = worker_rule(s, WORKER_ASK_END).next;
		enum worker_state gone = worker_rule(s, WORKER_EXITS).next;
		bool over = s == WORKER_DONE || s == WORKER_FAILED;

		assert_non_null(worker_state_row(s)->name);
		assert_true(over ? next == s : next == WORKER_ENDING);
		assert_true(gone == WORKER_DONE || gone == WORKER_FAILED);
		for (enum worker_event e = 0; e < WORKER_EVENT_COUNT; e++)
			assert_true(worker_rule(s, e).next < WORKER_STATE_COUNT);
	}
}

/* The events of an output, fed in pieces of several sizes. */
static void test_output(void **state)
{
	static const struct {
		bool agent, has_hello;
		const char *text;
		const char *events; /* h(ello) w(arm) e(nd) x(error) u(nfit) */
		const char *why;
		const char *sample;
	} rows[] = {
		{ true, false, "warning: x\n~pmp hello gdb=13.1 python=3.11.2\n", "h", "", "" },
		{ true, false, "~pmp hello gdb=7.12 python=2.7\n", "u",
		  "gdb 7 is too old: pmp needs gdb 8 or newer; name another one with --gdb", "" },
		{ true, false, "~pmp hello\n", "u", "it does not say which gdb it is", "" },
		{ true, false, "Python scripting is not supported in this copy of GDB.\n", "x",
		  "Python scripting is not supported in this copy of GDB.", "" },
		{ true, true, "Python Exception <class 'x'>: y\n~pmp warm pid=1\n", "w", "", "" },
		/* The answers of older versions are lines for the recording. */
		{ true, true, "~pmp attached pid=1 pause_us=5\n~pmp detached pid=1\n", "", "", "" },
		{ true, true, "~pmp error verb=sample why=ptrace:%20no%0A\n", "x", "ptrace: no\n",
		  "" },
		{ true, true,
		  "~pmp begin sample=1\nThread 1\n~pmp state code=R\n#0 x\n~pmp end sample=1 "
		  "pause_us=9\n",
		  "e", "",
		  "~pmp begin sample=1\nThread 1\n~pmp state code=R\n#0 x\n~pmp end sample=1 "
		  "pause_us=9\n" },
		{ true, true, "~pmp begin sample=1\n#0 x\n~pmp error verb=sample why=gone\n", "x",
		  "gone", NULL },
		{ true, true, "~pmp later thing=1\n", "", "", "" },
		{ false, false, "GNU gdb (Debian 13.1-3) 13.1\n\n~pmp-7 hello\n", "h", "", "" },
		{ false, false, "GNU gdb (GDB) Red Hat Enterprise Linux 8.2-20.el8\n~pmp-7 hello\n",
		  "h", "", "" },
		{ false, false, "GNU gdb (GDB) 7.6.1-120.el7\n~pmp-7 hello\n", "u",
		  "gdb 7 is too old: pmp needs gdb 8 or newer; name another one with --gdb", "" },
		{ false, false, "echo \\n~pmp-7 hello\\n\n", "", "", "" },
		{ false, true,
		  "~pmp-7 sample\nAttaching\nptrace: Operation not permitted.\n~pmp-7 walk\n"
		  "~pmp-7 walked\nThe program is not being run.\n~pmp-7 gone\n",
		  "x", "ptrace: Operation not permitted.", NULL },
		{ false, true, "~pmp-7 sample\n~pmp-7 walk\n~pmp-7 walked\n~pmp-7 gone\n", "x",
		  "gdb printed no stack", NULL },
		/* A thread's name may hold a newline and look like a marker. */
		{ false, true,
		  "~pmp-7 sample\n#0  0x1 in f ()\n~pmp-7 walk\nThread 1 (LWP 1 \"\n~pmp "
		  "end\"):\n"
		  "#0  0x1 in f ()\n~pmp-7 walked\n~pmp-7 gone\n",
		  "e", "", "\n\\x7epmp end\"):\n" },
		{ false, true,
		  "~pmp-7 sample\n~pmp-7 walk\n#0  0x1 in a;\n > ~pmp end ~pmp end () from x\n"
		  "#1  0x2 in pmp::~pmp (this=...) ~pmp \n~pmp-7 walked\n~pmp-7 gone\n",
		  "e", "",
		  "a;\n > \\x7epmp end \\x7epmp end () from x\n"
		  "#1  0x2 in pmp::~pmp (this=...) \\x7epmp \n" },
	};
	static const char letters[] = "hwexuf";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t step = 1; step < 80; step += 13) {
			struct worker_output output = { .agent = rows[i].agent,
				                        .has_hello = rows[i].has_hello };
			char got[16] = "";
			size_t len = strlen(rows[i].text);

			strcpy(output.line_prefix, rows[i].agent ? "~pmp " : "~pmp-7 ");
			worker_output_begin(&output, 1, 1, 0);
			for (size_t at = 0; at < len; at += step) {
				enum worker_event event;

				buf_add(&output.in, rows[i].text + at,
				        at + step < len ? step : len - at);
				while (worker_output_next(&output, &event))
					strncat(got, &letters[event], 1);
			}
			print_message("%zu by %zu: %s\n", i, step, rows[i].text);
			assert_string_equal(got, rows[i].events);
			assert_string_equal(output.why, rows[i].why);
			if (rows[i].sample && *rows[i].sample)
				assert_non_null(memmem(output.sample.ptr, output.sample.len,
				                       rows[i].sample, strlen(rows[i].sample)));
			worker_output_deinit(&output);
		}
	}
}

/* 65 characters. */
#define LONG_WORD "01234567890123456789012345678901234567890123456789012345678901234"

/* An agent that cannot seize threads says why, in hello. */
static void test_no_seize(void **state)
{
	static const struct {
		bool agent;
		const char *text, *no_seize;
	} rows[] = {
		{ true, "~pmp hello gdb=13.1 python=3.11.2\n", "" },
		{ true, "~pmp hello gdb=13.1 no_seize=its%20Python%20has%20no%20ctypes\n",
		  "its Python has no ctypes" },
		{ true, "~pmp hello gdb=13.1 no_seize=\n", "" },
		{ true, "~pmp hello gdb=13.1 no_seize=" LONG_WORD LONG_WORD "\n",
		  LONG_WORD "01234567890123456789012345678901234567890123456789012345678901" },
		{ true, "~pmp warm pid=1 no_seize=x\n", "" },
		{ false, "GNU gdb (GDB) 13.1\n~pmp-7 hello no_seize=x\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct worker_output output = { .agent = rows[i].agent };
		enum worker_event event = WORKER_EVENT_COUNT;

		print_message("%s", rows[i].text);
		strcpy(output.line_prefix, rows[i].agent ? "~pmp " : "~pmp-7 ");
		buf_add(&output.in, rows[i].text, strlen(rows[i].text));
		assert_true(worker_output_next(&output, &event));
		assert_string_equal(output.no_seize, rows[i].no_seize);
		/* It is said once, and holds from then on. */
		worker_output_begin(&output, 1, 1, 0);
		assert_string_equal(output.no_seize, rows[i].no_seize);
		worker_output_deinit(&output);
	}
}

/* Endless output does not use up the memory. */
static void test_output_limit(void **state)
{
	static char block[65536];
	struct worker_output output = { .agent = true, .line_prefix = "~pmp " };
	enum worker_event event = WORKER_EVENT_COUNT;
	size_t fed = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	while (fed < 2 * WORKER_OUTPUT_MAX && event != WORKER_OUTPUT_LIMIT) {
		buf_add(&output.in, block, sizeof(block));
		fed += sizeof(block);
		worker_output_next(&output, &event);
	}
	assert_int_equal(event, WORKER_OUTPUT_LIMIT);
	assert_int_equal(output.in.len, 0);
	worker_output_deinit(&output);
}

static void test_commands(void **state)
{
	struct attach_values values = {
		.pid = 4711, .sample = 17, .epoch_us = 99, .line_prefix = "~pmp-7 "
	};
	struct buf out = { 0 };

	(void)state;
	attach_mode_command(attach_mode_row(ATTACH_SEIZE), VERB_WARM, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"warm\", 4711, 0, 0, 0)\n")));
	attach_mode_command(attach_mode_row(ATTACH_SEIZE), VERB_SAMPLE, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"sample\", 4711, 17, 99, 0)\n")));
	values.instant = values.started_by_pmp = values.glue = values.early = true;
	attach_mode_command(attach_mode_row(ATTACH_SEIZE), VERB_SAMPLE, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"sample\", 4711, 17, 99, 1)\n")));
	attach_mode_command(attach_mode_row(ATTACH_SEIZE), VERB_WARM, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"warm\", 4711, 1, 1, 1)\n")));
	attach_mode_command(attach_mode_row(ATTACH_DUMP), VERB_SAMPLE, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"dump\", 4711, 17, 99, 0)\n")));
	values.locals = true;
	attach_mode_command(attach_mode_row(ATTACH_DUMP), VERB_SAMPLE, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("python pmp(\"dump\", 4711, 17, 99, 1)\n")));
	attach_mode_command(attach_mode_row(ATTACH_PLAIN), VERB_SAMPLE, &values, &out);
	assert_true(
	        span_starts(buf_span(&out), SPAN_LIT("echo \\n~pmp-7 sample\\n\nattach 4711\n")));
	attach_mode_command(attach_mode_row(ATTACH_PLAIN), VERB_WARM, &values, &out);
	assert_true(span_eq(buf_span(&out), SPAN_LIT("set sysroot target:\nfile /proc/4711/exe\n"
	                                             "echo \\n~pmp-7 warm\\n\n")));
	values.other_root = true;
	attach_mode_command(attach_mode_row(ATTACH_PLAIN), VERB_WARM, &values, &out);
	assert_true(span_starts(buf_span(&out), SPAN_LIT("set sysroot /proc/4711/root\nfile /")));
	values = (struct attach_values){ .pid = 4711, .line_prefix = "", .other_mounts = true };
	attach_mode_command(attach_mode_row(ATTACH_PLAIN), VERB_WARM, &values, &out);
	assert_true(span_starts(buf_span(&out), SPAN_LIT("set sysroot target:\nfile \necho")));
	buf_deinit(&out);
	for (enum attach_mode mode = ATTACH_SEIZE; mode <= ATTACH_DUMP; mode++) {
		const struct attach_mode_row *row = attach_mode_row(mode);

		assert_in_range(row->workers, 1, ATTACH_WORKERS_MAX);
		for (enum attach_verb verb = 0; verb < VERB_COUNT; verb++)
			assert_non_null(row->commands[verb]);
	}
}

static void test_timeouts(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t start, sample; /* 0: the default */
	} rows[] = {
		{ NULL, true, 0, 0 },
		{ "", true, 0, 0 },
		{ "start=2", true, 2000000, 0 },
		{ "sample=0.5,start=1", true, 1000000, 500000 },
		{ "start", false, 0, 0 },
		{ "start=", false, 0, 0 },
		{ "start=0", false, 0, 0 },
		{ "start=-1", false, 0, 0 },
		{ "start=nan", false, 0, 0 },
		{ "start=1x", false, 0, 0 },
		{ "what=1", false, 0, 0 },
		{ "=1", false, 0, 0 },
	};
	struct timeouts dflt;
	struct error none = { 0 };

	(void)state;
	assert_true(timeouts_parse(&dflt, NULL, &none));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct timeouts got;
		struct error err = { 0 };

		assert_int_equal(timeouts_parse(&got, rows[i].text, &err), rows[i].ok);
		assert_int_equal(err.code, rows[i].ok ? ERROR_NONE : ERROR_USAGE);
		if (!rows[i].ok)
			continue;
		assert_int_equal(got.us[TIMEOUT_START],
		                 rows[i].start ? rows[i].start : dflt.us[TIMEOUT_START]);
		assert_int_equal(got.us[TIMEOUT_SAMPLE],
		                 rows[i].sample ? rows[i].sample : dflt.us[TIMEOUT_SAMPLE]);
	}
	for (enum timeout i = TIMEOUT_NONE + 1; i < TIMEOUT_COUNT; i++)
		assert_true(dflt.us[i] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),    cmocka_unit_test(test_every_state),
		cmocka_unit_test(test_output),   cmocka_unit_test(test_output_limit),
		cmocka_unit_test(test_no_seize), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_timeouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
