/* Thread headers: a row is gdb's line and the parsed header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/gdb_thread.h"

static const struct {
	const char *text;
	uint32_t number, tid, pid;
	const char *name;
} rows[] = {
	/* Linux, from new to old */
	{ "Thread 3 (Thread 0x7f12345678 (LWP 123) \"worker\"):", 3, 123, 0, "worker" },
	{ "Thread 3 (Thread 0x7f12345678 (LWP 123) \"w\" (Exiting)):", 3, 123, 0, "w" },
	{ "Thread 3 (Thread 0x7f12345678 (LWP 123) (Exiting)):", 3, 123, 0, "" },
	{ "Thread 3 (Thread 0x7f12345678 (LWP 123)):", 3, 123, 0, "" },
	{ "Thread 3 (LWP 123 \"worker\"):", 3, 123, 0, "worker" },
	{ "Thread 3 (LWP 123):", 3, 123, 0, "" },
	{ "Thread 3 (LWP    123):", 3, 123, 0, "" },
	{ "Thread 3 (Thread 3756):", 3, 3756, 0, "" },
	{ "Thread 3 (Thread -1210868832 (LWP 26975)):", 3, 26975, 0, "" },
	{ "Thread -1210868832 (LWP 26975)", 1210868832, 26975, 0, "" },
	{ "Thread 1.2 (Thread 0x7f12 (LWP 124)):", 2, 124, 0, "" },
	{ "Thread 3 (Thread 0x7f12345678):", 3, 0, 0, "" },
	{ "Thread 3 (Thread 0x7f12 (LWP 123)): trailing words", 3, 123, 0, "" },
	{ "  Thread 3 (LWP 123):  ", 3, 123, 0, "" },
	/* other systems */
	{ "Thread 2 (process 3229 thread 0x1503):", 2, 0x1503, 3229, "" },
	{ "Thread 1 (process 3229):", 1, 3229, 3229, "" },
	{ "Thread 2 (process 3229):", 2, 0, 3229, "" },
	{ "Thread 1 (LWP 100 of process 99):", 1, 100, 99, "" },
	{ "Thread 1 (LWP 100 of process 99 \"x\"):", 1, 100, 99, "x" },
	{ "Thread 1 (thread 1048.0x454):", 1, 0x454, 1048, "" },
	{ "Thread 1 (Thread 1048.0x454):", 1, 0x454, 1048, "" },
	{ "thread 1048.0x454", 1048, 0x454, 1048, "" },
	/* other tools */
	{ "TID 123:", 0, 123, 0, "" },
	{ "TID 123 worker 1:", 0, 123, 0, "worker 1" },
	{ "Stack trace of thread 123:", 0, 123, 0, "" },
	/* names with any bytes */
	{ "Thread 3 (LWP 123 \"a) R (b\"):", 3, 123, 0, "a) R (b" },
	{ "Thread 3 (LWP 123 \"x\"):\"):", 3, 123, 0, "x\"):" },
	{ "Thread 3 (Thread 0x7f12 (LWP 123) \"x\"):\"):", 3, 123, 0, "x\"):" },
	{ "Thread 3 (LWP 123 \"LWP 9\"):", 3, 123, 0, "LWP 9" },
	{ "Thread 3 (LWP 123 \"\"):", 3, 123, 0, "" },
	{ "Thread 3 (LWP 123 \"\xff\x01\"):", 3, 123, 0, "\xff\x01" },
	/* numbers that overflow */
	{ "Thread 99999999999 (LWP 99999999999):", 0, 0, 0, "" },
	{ "Thread 4294967295 (LWP 4294967295):", UINT32_MAX, UINT32_MAX, 0, "" },
};

static void reads_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i].text);
		struct gdb_thread thread;

		if (!gdb_thread_parse(&text, &thread))
			fail_msg("no header: %s", rows[i].text);
		if (thread.number != rows[i].number || thread.tid != rows[i].tid ||
		    thread.pid != rows[i].pid || !span_eq(thread.name, span_of(rows[i].name)) ||
		    thread.is_switch || text.len)
			fail_msg("%s: %u tid %u pid %u '%.*s'", rows[i].text, thread.number,
			         thread.tid, thread.pid, SPAN_ARG(thread.name));
		assert_true(gdb_thread_starts(span_trim(span_of(rows[i].text))));
	}
}

static void reads_switches(void **state)
{
	static const struct {
		const char *text;
		uint32_t number, tid;
		const char *name;
	} switches[] = {
		{ "[Switching to thread 3 (Thread 0x7f12 (LWP 123))]", 3, 123, "" },
		{ "[Switching to thread 3 (Thread 0x7f12 (LWP 123))]#0  0x1 in f (a=1) from x", 3,
		  123, "" },
		{ "[Switching to thread 3 (LWP 123 \"x)]\")]", 3, 123, "x)]" },
		{ "[Switching to thread 1048.0x454]", 1048, 0x454, "" },
		{ "[Switching to thread 1 (process 12)]", 1, 12, "" },
		{ "[Switching to thread 2 (process 12)]", 2, 0, "" },
		{ "[Switching to thread 2 (process 12), \"com.apple.main-thread\"]", 2, 0, "" },
		{ "[Switching to thread 3 (core thread 2)]", 3, 0, "" },
		{ "[Current thread is 3 (Thread 0x7f12 (LWP 123))]", 3, 123, "" },
		{ "[Current thread is 1 (LWP 123)]", 1, 123, "" },
		{ "[Current thread is 1 (process 123)]", 1, 123, "" },
		{ "[Switching to Thread 0x7f12 (LWP 123)]", 0, 123, "" },
		{ "[Switching to Thread 16384 (LWP 123)]", 0, 123, "" },
		{ "[Switching to Thread 0x7f12 (LWP 123) \"x]\"]", 0, 123, "x]" },
		{ "[Switching to Thread 5316.0xda0]", 0, 0xda0, "" },
		{ "[Switching to LWP 123]", 0, 123, "" },
		{ "[Switching to process 99 thread 0x1503]", 0, 0x1503, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		struct span text = span_of(switches[i].text);
		struct gdb_thread thread;

		if (!gdb_thread_parse(&text, &thread))
			fail_msg("no switch: %s", switches[i].text);
		assert_true(thread.is_switch);
		assert_int_equal(thread.number, switches[i].number);
		assert_int_equal(thread.tid, switches[i].tid);
		assert_true(span_eq(thread.name, span_of(switches[i].name)));
	}
}

static void refuses_other_lines(void **state)
{
	static const char *const others[] = {
		"",
		"Thread",
		"Thread ",
		"Thread 3",
		"Thread 3 (",
		"Thread 3 ():",
		"Thread 3 (LWP):",
		"Thread 3 (LWP 123",
		"Thread 5 \"python\" hit Breakpoint 1, f (a=1) at a.c:3",
		"Thread 5 \"python\" received signal SIGSEGV, Segmentation fault.",
		"Thread 0x7f12 (LWP 12) \"x\" f ()",
		"[New Thread 0x7f12 (LWP 12)]",
		"[Thread 0x7f12 (LWP 12) exited]",
		"[Switching to Thread 0x7f12]",
		"[Switching to Thread 0x7f12 (LWP 12)",
		"[Switching to thread 3 (Thread",
		"[Switching to inferior 2 [process 12] (/bin/a)]",
		"[Current thread is 3]",
		"[Current inferior is 1 [process 12] (/bin/a)]",
		"TID 12",
		"TID 12 worker",
		"TIDs 12:",
		"Stack trace of thread 12",
		"Stack trace of threads:",
		"thread apply all bt",
		"threads 3 (LWP 12):",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct span text = span_of(others[i]);
		struct gdb_thread thread;

		if (gdb_thread_parse(&text, &thread))
			fail_msg("a header: %s", others[i]);
		assert_int_equal(text.len, strlen(others[i]));
	}
}

static void survives_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t len = 1; len < strlen(rows[i].text); len++) {
			struct buf copy = { 0 };
			struct gdb_thread thread;
			struct span text;

			buf_add(&copy, rows[i].text, len);
			text = buf_span(&copy);
			gdb_thread_parse(&text, &thread);
			buf_deinit(&copy);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_headers),
		cmocka_unit_test(reads_switches),
		cmocka_unit_test(refuses_other_lines),
		cmocka_unit_test(survives_cuts),
	};

	return cmocka_run_group_tests_name("gdb_thread", tests, NULL, NULL);
}
