/* Verdicts on event loops of asyncio and hubs of gevent. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/verdict_rows.h"

#define PROCESS "~pmp process pid=10 ppid=1 name=app state=S\n"
#define CALL(tid, rest) "~pmp thread pid=10 tid=" tid " name=t" tid " state=S " rest "\n"
#define BEGIN "~pmp begin sample=1 pid=10 time_us=0\n"
#define END "~pmp end sample=1 pid=10 pause_us=900\n"
#define STACK(n, tid, state, waits)                                                                \
	"Thread " n " (LWP " tid " \"t" tid "\"):\n~pmp state code=" state " cpu_us=5\n" waits     \
	"#0  0x1 in f () from /usr/lib/libapp.so\n"
#define LOCK(candidate) "~pmp waits kind=lock on=0x7 candidate=" candidate " why=inside\n"
#define TASK(id, rest) "~pmp task id=0x" id " name=T" id " tid=10 " rest "\n"
#define IN(name, line) "~pmp await name=" name " file=/srv/app.py line=" line "\n"
#define IN_LIBRARY "~pmp await name=get file=/usr/lib/python3.11/asyncio/queues.py line=9\n"
#define SLEEPS CALL("10", "class=sleep left_us=4000000")
#define POLLS CALL("10", "class=poll fd=3")
#define LISTENS "~pmp fd pid=10 fd=3 kind=tcp state=LISTEN\n"
#define GREENLET(id, rest) TASK(id, "kind=greenlet " rest)

static const struct verdict_row rows[] = {
	{ "a task sleeps in its thread",
	  PROCESS SLEEPS BEGIN STACK("1", "10", "S", "") TASK("1", "state=running busy_us=4200000")
	          IN("work", "6") TASK("2", "on=sleep") TASK("3", "on=future") END,
	  "sleep (certain)",
	  .says = { "the event loop is blocked by T1, which sleeps, 4.0 s are left",
	            "; 2 tasks wait\nthe event loop has handled no event for 4.2 s" } },
	{ "a callback",
	  PROCESS SLEEPS BEGIN STACK("1", "10", "S", "") TASK("1", "kind=callback state=running")
	          IN("work", "6") TASK("2", "on=sleep") END,
	  "sleep (certain)",
	  .says = { "the event loop is blocked by a callback, which sleeps", "; 1 task waits" } },
	{ "a lock of another thread",
	  PROCESS CALL("10", "class=futex") CALL("11", "class=sleep")
	          BEGIN STACK("1", "10", "S", LOCK("11")) STACK("2", "11", "S", "")
	                  TASK("1", "state=running") IN("work", "6") END,
	  "lock (likely)",
	  .says = { "blocked by T1, which waits for threading.Lock 0x7",
	            "\nthread 11 (t11) sleeps" } },
	{ "a task that has run for a moment does not block its loop",
	  PROCESS BEGIN STACK("1", "10", "R", "") TASK("1", "state=running busy_us=900")
	          IN("work", "6") END,
	  "busy (certain)", .says = { "the event loop runs T1, which is on CPU", "f" } },
	{ "a task that has run for long",
	  PROCESS BEGIN STACK("1", "10", "R", "") TASK("1", "state=running busy_us=900000")
	          IN("work", "6") END,
	  "busy (certain)",
	  .says = { "the event loop is blocked by T1, which is on CPU", "0.9 s" } },
	{ "a loop in a side thread does not matter beside a main thread that is stuck",
	  PROCESS CALL("10", "class=read fd=9") BEGIN STACK("1", "10", "S", "")
	          STACK("2", "11", "S", "") "~pmp task id=0x1 name=T1 tid=11 state=running\n" END,
	  "io (certain)", .says = { "thread 10 (t10) is blocked in read", "read" } },
	{ "a task that nothing can wake",
	  PROCESS POLLS LISTENS BEGIN STACK("1", "10", "S", "") TASK("1", "on=lock setter=gone")
	          IN("work", "6") TASK("2", "on=sleep") END,
	  "asyncio (likely)",
	  .says = { "task T1 in work at app.py:6 awaits a lock, and nothing that is alive",
	            "; 2 tasks wait" } },
	{ "a task that waits for a thread",
	  PROCESS POLLS CALL("11", "class=read") BEGIN STACK("1", "10", "S", "")
	          STACK("2", "11", "S", "") TASK("1", "on=thread thread=11") IN("work", "6") END,
	  "io (likely)",
	  .says = { "task T1 in work at app.py:6 awaits thread 11 (t11), which is blocked in read",
	            "f" } },
	{ "a server",
	  PROCESS POLLS LISTENS BEGIN STACK("1", "10", "S", "") TASK("1", "on=client")
	          IN("work", "6") TASK("2", "on=sleep") END,
	  "idle (likely)", .says = { "; 2 tasks wait", "nothing says that it hangs" } },
	{ "a task in a library's function is named by the one that waits for it",
	  PROCESS POLLS BEGIN STACK("1", "10", "S", "") TASK("1", "on=task waits=0x2")
	          IN("main", "4") TASK("2", "on=queue left_us=500000") IN_LIBRARY END,
	  "asyncio (likely)",
	  .says = { "task T1 in main at app.py:4 awaits a queue, 0.5 s are left",
	            "; 2 tasks wait" } },
	{ "greenlets that wait for each other",
	  PROCESS POLLS BEGIN STACK("1", "10", "S", "") GREENLET("1", "on=semaphore waits=0x2")
	          IN("one", "3") GREENLET("2", "on=greenlet waits=0x1") IN("two", "5") END,
	  "deadlock (likely)",
	  .says = { "2 greenlets wait for each other",
	            "greenlet T2 in two at app.py:5 waits for the end of greenlet T1" } },
	{ "a greenlet whose owner is stored",
	  PROCESS POLLS BEGIN STACK("1", "10", "S", "") GREENLET("1", "on=rlock waits=0x1") END,
	  "deadlock (certain)",
	  .says = { "a greenlet waits for itself", "an RLock, held by greenlet T1" } },
	{ "a greenlet that blocks the hub",
	  PROCESS SLEEPS BEGIN STACK("1", "10", "S", "") GREENLET("1", "state=running")
	          GREENLET("2", "on=sleep") END,
	  "sleep (certain)",
	  .says = { "the hub is blocked by greenlet T1, which sleeps", "; 1 greenlet waits" } },
	{ "greenlets that wait",
	  PROCESS POLLS BEGIN STACK("1", "10", "S", "") GREENLET("1", "on=queue") IN("one", "3")
	          END,
	  "greenlet (likely)",
	  .says = { "greenlet T1 in one at app.py:3 waits for a queue", "queue" } },
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
