/* Verdicts on programs of runtimes whose own frames are not read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/verdict_rows.h"

#define PROCESS "~pmp process pid=10 ppid=1 name=app state=S\n"
#define RUNTIME(pairs) "~pmp runtime pid=10 name=" pairs "\n"
#define CALL(tid, rest) "~pmp thread pid=10 tid=" tid " name=t" tid " state=S " rest "\n"
#define BEGIN "~pmp begin sample=1 pid=10 time_us=0\n"
#define END "~pmp end sample=1 pid=10 pause_us=900\n"
#define STACK(n, tid, state)                                                                       \
	"Thread " n " (LWP " tid " \"t" tid "\"):\n~pmp state code=" state " cpu_us=5\n"           \
	"#0  0x1 in f () from /usr/lib/jvm/lib/server/libjvm.so\n"
#define JOIN "~pmp waits kind=join owner=11\n"
#define MUTEX(on, owner) "~pmp waits kind=mutex on=" on " owner=" owner "\n"
#define PIPE "~pmp fd pid=10 fd=0 kind=pipe peer=20\n"

/* A thread that waits for another one's end, which sleeps: the launcher's. */
#define LAUNCHER PROCESS BEGIN "Thread 1 (LWP 10 \"t10\"):\n" JOIN "#0  0x1 in pthread_join ()\n"

static const struct verdict_row rows[] = {
	{ "the launcher waits for the first thread of Java",
	  LAUNCHER STACK("2", "11", "S") RUNTIME("java") END, "idle (guess)",
	  .says = { "none of the threads of Java (2) runs", "jstack 10 prints them" } },
	{ "Java is known by its library, too", LAUNCHER STACK("2", "11", "S") END, "idle (guess)",
	  .says = { "none of the threads of Java (2) runs", "jstack 10 prints them" } },
	{ "a thread of Java runs", LAUNCHER STACK("2", "11", "R") RUNTIME("java") END,
	  "busy (certain)",
	  .says = { "thread 11 (t11) is on CPU", "does not see Java's frames and locks" } },
	{ "a deadlock of C's locks is one in every language",
	  PROCESS BEGIN "Thread 1 (LWP 10 \"a\"):\n" MUTEX(
	          "0x1", "11") "#0  0x1 in f ()\n"
	                       "Thread 2 (LWP 11 \"b\"):\n" MUTEX(
	                               "0x2", "10") "#0  0x1 in f ()\n" RUNTIME("dotnet") END,
	  "deadlock (certain)",
	  .says = { "2 wait for each other", "dotnet-stack report -p 10 prints them" } },
	{ "goroutines are counted",
	  PROCESS CALL("10", "class=futex") BEGIN STACK("1", "10", "S") RUNTIME("go count=2014")
	          END,
	  "idle (guess)",
	  .says = { "none of the threads of Go (1) runs",
	            "the 2014 goroutines: they are not threads; kill -QUIT 10 prints them" } },
	{ "a read by a thread of Go",
	  PROCESS CALL("10", "class=read fd=0") PIPE BEGIN STACK("1", "10", "S") RUNTIME("go") END,
	  "io (likely)", .says = { "is blocked in read", "does not see goroutines" } },
	{ "a read by a thread of Erlang's own",
	  PROCESS CALL("10", "class=read fd=0") PIPE BEGIN STACK("1", "10", "S") RUNTIME("beam")
	          END,
	  "idle (guess)", .says = { "threads of Erlang", "observer" } },
	{ "PHP waits in its thread",
	  PROCESS CALL("10", "class=read fd=0") PIPE BEGIN STACK("1", "10", "S") RUNTIME("php") END,
	  "io (certain)", .says = { "is blocked in read", "phpspy -p 10" } },
	{ "an unknown name",
	  PROCESS CALL("10", "class=futex") BEGIN
	  "Thread 1 (LWP 10 \"a\"):\n#0  0x1 in f ()\n" RUNTIME("cobol") END,
	  "wait (likely)", .says = { "thread 10 (a)", "thread 10 (a)" } },
	{ "stopped is stopped",
	  "~pmp process pid=10 ppid=1 name=app state=T signal=19\n" BEGIN STACK("1", "10", "T")
	          RUNTIME("java") END,
	  "stopped (certain)", .says = { "SIGSTOP", "-CONT 10" } },
};

static void test_rows(void **state)
{
	(void)state;
	check_verdicts(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
