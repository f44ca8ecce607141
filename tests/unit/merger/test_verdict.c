/* Verdicts of texts with the markers of `pmp dump`, and without them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/verdict_rows.h"

#define BEGIN "~pmp begin sample=1 pid=10 time_us=0\n"
#define END "~pmp end sample=1 pid=10 pause_us=900\n"
#define PROCESS "~pmp process pid=10 ppid=1 name=app state=S\n"
#define FACT(tid, rest) "~pmp thread pid=10 tid=" tid " name=t" tid " state=S " rest "\n"
#define LOAD(tid, recent, ready)                                                                   \
	"~pmp thread pid=10 tid=" tid " recent_us=" recent " ready_us=" ready " window_us="        \
	"400000\n"
#define CHILD(pid, state, name) "~pmp child pid=" pid " ppid=10 state=" state " name=" name "\n"
#define PROCESS_OF(pid, state, name, keys, call)                                                   \
	"~pmp process pid=" pid " ppid=10 name=" name " state=" state keys                         \
	"\n~pmp thread pid=" pid " tid=" pid " name=" name " state=" state " " call "\n"
#define WORKER(pid, state, call) PROCESS_OF(pid, state, "app", "", call)
#define MAIN(pid, call) WORKER(pid, "S", call)
#define TITLED(pid, title) PROCESS_OF(pid, "S", "app", " title=" title, "class=poll")
#define HOP(pid, state, call) PROCESS_OF(pid, state, "other", " hop=1", call)
#define PEER(pid, fd, peer, state)                                                                 \
	"~pmp fd pid=" pid " fd=" fd " kind=pipe end=read peer=" peer                              \
	" peer_name=other peer_state=" state "\n"
#define THREAD(n, tid) "Thread " n " (LWP " tid " \"t" tid "\"):\n~pmp state code=S cpu_us=5\n"
#define RUNNING(n, tid) "Thread " n " (LWP " tid " \"t" tid "\"):\n~pmp state code=R cpu_us=5\n"
#define MUTEX(on, owner) "~pmp waits kind=mutex on=" on " type=normal owner=" owner "\n"
#define AT(name) "#0  0x0000000000001000 in " name " () from /usr/lib/libapp.so\n"
#define PYTHON(name, line) "  File \"/srv/app.py\", line " line ", in " name "\n"
#define EVAL "#1  0x0000000000002000 in _PyEval_EvalFrameDefault () from /usr/bin/python3\n"

#define POOL(on) "~pmp waits kind=future on=" on " candidate=11 candidate=12\n"
#define POOL3(on) "~pmp waits kind=future on=" on " candidate=11 candidate=12 candidate=13\n"

static const struct verdict_row rows[] = {
	{ "ABBA, owners told",
	  PROCESS BEGIN THREAD("1", "11") MUTEX("0x100", "12") AT("one") THREAD("2", "12")
	          MUTEX("0x200", "11") AT("two") END,
	  "deadlock (certain)",
	  .says = { "2 wait for each other",
	            "thread 11 (t11) waits for mutex 0x100 (normal), held by thread 12 (t12) in "
	            "one",
	            "thread 12 (t12) waits for mutex 0x200 (normal), held by thread 11 (t11) in "
	            "two" },
	  .threads = 2 },
	{ "a thread that takes what it holds",
	  PROCESS BEGIN THREAD("1", "11") MUTEX("0x100", "11") AT("one") END, "deadlock (certain)",
	  .says = { "thread 11 (t11) waits for mutex 0x100 (normal), which it holds itself, in "
	            "one" },
	  .threads = 1 },
	{ "three in a circle, others behind them",
	  PROCESS BEGIN THREAD("1", "10") MUTEX("0x300", "11") AT("f") THREAD("2", "11")
	          MUTEX("0x100", "12") AT("f") THREAD("3", "12") MUTEX("0x200", "13") AT("f")
	                  THREAD("4", "13") MUTEX("0x300", "11") AT("f") END,
	  "deadlock (certain)", .says = { "3 wait for each other" }, .threads = 3 },
	{ "locks that tell no owner, one candidate each",
	  PROCESS BEGIN THREAD(
	          "1", "11") "~pmp waits kind=lock on=0x100 candidate=12 "
	                     "why=inside%20a%20with%20on%20it\n" EVAL PYTHON("take", "8") THREAD(
	                             "2", "12") "~pmp waits kind=lock on=0x200 candidate=11\n" EVAL
	                             PYTHON("give", "9") END,
	  "deadlock (likely)",
	  .says = { "threading.Lock 0x100, perhaps held by thread 12 (t12)", "in take at app.py:8",
	            "in give at app.py:9" },
	  .threads = 2 },
	{ "two candidates are no circle",
	  PROCESS BEGIN THREAD(
	          "1", "11") "~pmp waits kind=lock on=0x100 candidate=12 candidate=13\n" AT("f")
	          THREAD("2", "12") "~pmp waits kind=lock on=0x200 candidate=11 candidate=13\n" AT(
	                  "f") THREAD("3", "13") AT("f") END,
	  "lock (likely)", .says = { "perhaps held by thread 12 (t12), thread 13 (t13)" },
	  .threads = 1 },
	{ "a lock that another process holds",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=process_lock on=0x100 owner=20 "
	                                  "owner_pid=20\n" AT("f") END,
	  "lock (likely)",
	  .says = { "thread 10 (t10) waits for multiprocessing.Lock 0x100, held by process 20 in "
	            "f" },
	  .threads = 1 },
	{ "a futex of std::future",
	  PROCESS FACT("10", "class=futex") BEGIN THREAD(
	          "1", "10") "~pmp waits kind=futex word=0x90\n"
	                     "#0  0x0000000000001000 in syscall () from /lib/libc.so.6\n"
	                     "#1  0x0000000000001000 in std::__future_base::_State_baseV2::wait () "
	                     "from a.so\n"
	                     "#2  0x0000000000001000 in main () at a.cc:9\n" END,
	  "wait (likely)", .says = { "waits for future 0x90 in main at a.cc:9" }, .threads = 1 },
	{ "a condition variable of Rust's channel",
	  PROCESS FACT("10", "class=futex") BEGIN THREAD(
	          "1", "10") "~pmp waits kind=condition\n"
	                     "#0  0x0000000000001000 in syscall () from /lib/libc.so.6\n"
	                     "#1  0x0000000000001000 in std::sync::mpsc::Receiver<T>::recv () at "
	                     "mod.rs:9\n"
	                     "#2  0x0000000000001000 in app::main () at main.rs:9\n" END,
	  "wait (likely)", .says = { "waits for channel in app::main at main.rs:9" },
	  .threads = 1 },
	{ "a mutex inherited over fork",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=mutex on=0x100 type=normal gone=7 "
	                                  "gone_pid=5\n" AT("f") END,
	  "fork_lock (certain)",
	  .says = { "thread 10 (t10) waits for mutex 0x100 (normal), held by thread 7 of the "
	            "parent 5 in f",
	            "inherited over fork" },
	  .threads = 1 },
	{ "an owner that is older than the process",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=mutex on=0x100 gone=7\n" AT("f") END,
	  "fork_lock (likely)",
	  .says = { "waits for mutex 0x100, held by thread 7 that does not exist in f" },
	  .threads = 1 },
	{ "an owner that has ended",
	  PROCESS BEGIN THREAD("1", "10") AT("f")
	          THREAD("2", "11") "~pmp waits kind=mutex on=0x100 gone=12\n" AT("f") END,
	  "lock (certain)",
	  .says = { "thread 11 (t11) waits for mutex 0x100, held by thread 12 that does not exist "
	            "in f",
	            "that thread has ended and has not released the lock" },
	  .threads = 1 },
	{ "an unknown thread of the parent, two that wait",
	  PROCESS BEGIN THREAD("1",
	                       "11") "~pmp waits kind=lock on=0x100 gone=0 gone_pid=5\n" AT("f")
	          THREAD("2", "10") "~pmp waits kind=lock on=0x100 gone=0 gone_pid=5\n" AT("f") END,
	  "fork_lock (likely)",
	  .says = { "thread 10 (t10) waits for threading.Lock 0x100, held by a thread of the "
	            "parent 5 in f",
	            "and 1 more wait so" },
	  .threads = 1 },
	{ "all workers of a pool wait for items of the same pool",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=future on=0x90 owner=11\n" AT("f")
	          THREAD("2", "11") POOL("0x100") AT("f") THREAD("3", "12") POOL("0x200") AT("g")
	                  END,
	  "pool_deadlock (certain)",
	  .says = { "all 2 workers of a pool wait for work of the same pool",
	            "thread 11 (t11) waits for future 0x100 in f",
	            "thread 12 (t12) waits for future 0x200 in g",
	            "thread 10 (t10) waits for future 0x90 in f" },
	  .threads = 3 },
	{ "one worker of the pool runs",
	  PROCESS BEGIN THREAD("1", "11") POOL3("0x100") AT("f") RUNNING("2", "12") AT("g")
	          THREAD("3", "13") POOL3("0x200") AT("h") END,
	  "busy (likely)",
	  .says = { "thread 12 (t12) is on CPU in g (libapp.so), and 2 threads wait for it",
	            "waits for future 0x100, for one of thread 11 (t11), thread 12 (t12), thread "
	            "13 "
	            "(t13)" },
	  .threads = 2 },
	{ "a worker of the pool will wake up",
	  PROCESS FACT("12", "class=futex left_us=500") BEGIN THREAD("1", "11") POOL3("0x100")
	          AT("f") THREAD("2", "12") POOL3("0x200") AT("g") THREAD("3", "13") POOL3("0x300")
	                  AT("h") END,
	  "wait (likely)",
	  .says = { "00, for one of thread 11 (t11), thread 12 (t12), thread 13 (t13)" },
	  .threads = 1 },
	{ "a worker of the pool waits for a lock of a worker",
	  PROCESS BEGIN THREAD("1", "11") POOL("0x100") AT("f") THREAD("2", "12") MUTEX("0x5", "11")
	          AT("g") END,
	  "pool_deadlock (likely)",
	  .says = { "all 2 workers of a pool",
	            "thread 12 (t12) waits for mutex 0x5 (normal) in g" },
	  .threads = 2 },
	{ "two pools of one worker",
	  PROCESS BEGIN THREAD("1", "11") "~pmp waits kind=future on=0x100 candidate=12\n" AT("f")
	          THREAD("2", "12") "~pmp waits kind=future on=0x200 candidate=11\n" AT("g") END,
	  "pool_deadlock (certain)",
	  .says = { "the workers of pools wait for work of each other's pools" }, .threads = 2 },
	{ "those that wait for the same lock do not hold it",
	  PROCESS BEGIN THREAD("1", "11") "~pmp waits kind=lock on=0x100 candidate=12\n" AT("f")
	          THREAD("2", "12") "~pmp waits kind=lock on=0x100 candidate=11\n" AT("f") END,
	  "lock (likely)", .says = { "waits for threading.Lock 0x100" }, .threads = 1 },
	{ "a holder that does something else",
	  PROCESS FACT(
	          "12",
	          "class=read call=recv(7) fd=7") "~pmp fd pid=10 fd=7 kind=tcp local=127.0.0.1:4 "
	                                          "remote=127.0.0.1:5 state=ESTABLISHED "
	                                          "recv_queue=0 send_queue=0\n" BEGIN THREAD(
	                                                  "1", "10") MUTEX("0x100", "12") AT("f")
	                                                  THREAD("2", "12") AT("fetch") THREAD("3",
	                                                                                       "13")
	                                                          MUTEX("0x100", "12") AT("f") END,
	  "lock (certain)",
	  .says = { "thread 12 (t12) holds mutex 0x100 (normal) and is blocked in recv(7) on fd 7 "
	            "(tcp "
	            "127.0.0.1:4 to 127.0.0.1:5, ESTABLISHED",
	            "in fetch (libapp.so), and 2 threads wait for it\nthread 10 (t10) waits for "
	            "mutex "
	            "0x100" },
	  .threads = 2 },
	{ "the GIL, its holder in a C call",
	  PROCESS "~pmp gil pid=10 tid=12\n" BEGIN THREAD("1", "10") "~pmp waits kind=gil\n" AT(
	          "take_gil") RUNNING("2", "12") AT("crunch") EVAL PYTHON("work", "3") END,
	  "gil (certain)",
	  .says = { "thread 12 (t12) holds the GIL and is on CPU in work at app.py:3, and thread "
	            "10 (t10) "
	            "waits for it" },
	  .threads = 2 },
	{ "joins a thread that sleeps",
	  PROCESS FACT("12", "class=sleep left_us=2500000")
	          BEGIN THREAD("1", "10") "~pmp waits kind=join owner=12\n" AT("f")
	                  THREAD("2", "12") AT("nap") END,
	  "sleep (certain)",
	  .says = { "thread 12 (t12) sleeps, 2.5 s are left in nap (libapp.so), and thread 10 "
	            "(t10) waits "
	            "for it\nthread 10 (t10) waits for the end of thread 12 (t12)" },
	  .threads = 2 },
	{ "a pipe with a named other end",
	  PROCESS FACT(
	          "10",
	          "class=read call=read(3) fd=3") "~pmp fd pid=10 fd=3 kind=pipe end=read peer=77 "
	                                          "peer_name=feeder\n" BEGIN THREAD("1", "10")
	                                                  AT("f") END,
	  "io (certain)",
	  .says = { "is blocked in read(3) on fd 3 (pipe; the other end: 77 feeder)" },
	  .threads = 1 },
	{ "a lock on a file",
	  PROCESS FACT(
	          "10",
	          "class=file_lock call=flock(3) fd=3") "~pmp fd pid=10 fd=3 kind=file path=/tmp/x "
	                                                "holder=78 holder_name=keeper\n" BEGIN
	                                                        THREAD("1", "10") AT("f") END,
	  "file_lock (certain)", .says = { "fd 3 (file /tmp/x; locked by 78 keeper)" },
	  .threads = 1 },
	{ "a child",
	  PROCESS FACT(
	          "10",
	          "class=child wait_pid=20") "~pmp child pid=20 ppid=10 state=S name=sh\n" BEGIN
	          THREAD("1", "10") AT("f") END,
	  "child (certain)", .says = { "waits for child 20 (sh, state S)" }, .threads = 1 },
	{ "a sleep", PROCESS FACT("10", "class=sleep") BEGIN THREAD("1", "10") AT("f") END,
	  "sleep (likely)", .says = { "thread 10 (t10) sleeps in f" }, .threads = 1 },
	{ "a server without work",
	  PROCESS FACT("10", "class=poll fd=3") FACT(
	          "11",
	          "class=futex") "~pmp fd pid=10 fd=3 kind=tcp state=LISTEN\n" BEGIN THREAD("1",
	                                                                                    "10")
	          AT("f") THREAD("2", "11") "~pmp waits kind=condition on=0x5\n" AT("g") END,
	  "idle (likely)", .says = { "nothing says that it hangs" }, .threads = 1 },
	{ "a server without work, but one of its threads is in a call",
	  PROCESS FACT("10", "class=poll fd=3")
	          FACT("11", "class=connect") "~pmp fd pid=10 fd=3 kind=tcp state=LISTEN\n" BEGIN
	                  THREAD("1", "10") AT("f") THREAD("2", "11") AT("g") END,
	  "io (certain)", .says = { "thread 11 (t11) is blocked in connect in g" }, .threads = 1 },
	{ "in state D",
	  "~pmp process pid=10 state=D\n~pmp thread pid=10 tid=10 state=D wchan=nfs_wait "
	  "class=other\n",
	  "uninterruptible (certain)", .says = { "in the kernel's nfs_wait" }, .threads = 1 },
	{ "stopped", "~pmp process pid=10 state=T name=app signal=19\n", "stopped (certain)",
	  .says = { "process 10 (app) was stopped by SIGSTOP (19)" }, .threads = 0 },
	{ "held by a debugger", "~pmp process pid=10 state=t tracer=5 tracer_name=gdb\n",
	  "traced (certain)", .says = { "5 (gdb)" }, .threads = 0 },
	{ "a zombie", "~pmp process pid=10 state=Z ppid=4 ppid_name=init name=app\n",
	  "zombie (certain)", .says = { "its parent 4 (init) has not waited for it" },
	  .threads = 0 },
	{ "on a CPU", PROCESS BEGIN RUNNING("1", "10") AT("spin") END, "busy (certain)",
	  .says = { "is on CPU in spin" }, .threads = 1 },
	{ "spins: two looks",
	  PROCESS BEGIN RUNNING("1", "10") AT("spin") END
	  "~pmp begin sample=2 pid=10 time_us=2000000\nThread 1 (LWP 10 \"t10\"):\n~pmp state "
	  "code=R cpu_us=1980005\n" AT("spin") "~pmp end sample=2 pid=10 pause_us=3\n",
	  "busy (certain)",
	  .says = { "the same 1 frames in 2 looks over 2.0 s; its CPU time grew by 1.98 s: it "
	            "spins" },
	  .threads = 1 },
	{ "looks at two processes, the second one's earlier",
	  PROCESS "~pmp process pid=20 name=other state=R\n"
	          "~pmp begin sample=1 pid=10 time_us=300\n" THREAD("1", "10") AT("f") END
	  "~pmp begin sample=1 pid=20 time_us=100\n"
	  "Thread 2 (LWP 20 \"t20\"):\n~pmp state code=R cpu_us=5\n" AT(
	          "spin") "~pmp end sample=1 pid=20 pause_us=900\n"
	                  "~pmp begin sample=2 pid=10 time_us=1000300\n" THREAD("1", "10") AT("f")
	                          END
	  "~pmp begin sample=2 pid=20 time_us=2000100\n"
	  "Thread 2 (LWP 20 \"t20\"):\n~pmp state code=R cpu_us=1500005\n" AT(
	          "spin") "~pmp end sample=2 pid=20 pause_us=900\n",
	  "busy (certain)",
	  .says = { "the same 1 frames in 2 looks over 2.0 s; its CPU time grew by 1.50 s: it "
	            "spins" },
	  .threads = 1 },
	{ "a server that is caught between two requests",
	  PROCESS FACT("10",
	               "class=poll call=epoll_wait(4) fd=4 fd=5") "~pmp fd pid=10 fd=5 kind=tcp "
	                                                          "state=LISTEN\n" LOAD(
	                                                                  "10", "312000", "8000")
	                                                                  BEGIN THREAD("1", "10")
	                                                                          AT("serve") END,
	  "busy (certain)",
	  .says = { "thread 10 (t10) used 78 % of a CPU in the 0.4 s before the stop",
	            "at the stop it is blocked in epoll_wait(4)", "pmp -p 10 shows where" },
	  .threads = 1 },
	{ "a server with little work",
	  PROCESS FACT("10", "class=poll fd=5") "~pmp fd pid=10 fd=5 kind=tcp state=LISTEN\n" LOAD(
	          "10", "40000", "0") BEGIN THREAD("1", "10") AT("serve") END,
	  "idle (likely)",
	  .says = { "nothing says that it hangs", "; 10 % of a CPU in the 0.4 s before the stop" },
	  .threads = 1 },
	{ "a busy server on a machine that is busier",
	  PROCESS FACT("10", "class=read call=recv(5)") LOAD("10", "120000", "200000")
	          BEGIN THREAD("1", "10") AT("serve") END,
	  "busy (certain)",
	  .says = { "used 30 % of a CPU in the 0.4 s before the stop, and waited for a CPU for 50 "
	            "%" },
	  .threads = 1 },
	{ "another thread than the main one uses a CPU",
	  PROCESS FACT("10", "class=futex") FACT("11", "class=sleep") LOAD("10", "0", "0")
	          LOAD("11", "400000", "0") BEGIN THREAD("1", "10") AT("f") THREAD("2", "11")
	                  AT("pace") END,
	  "busy (certain)", .says = { "thread 11 (t11) used 100 % of a CPU" }, .threads = 1 },
	{ "its stack is its own answer: it reads from a peer, and another thread uses a CPU",
	  PROCESS FACT("10", "class=read call=recv(5)") FACT("11", "class=sleep")
	          LOAD("11", "400000", "0") BEGIN THREAD("1", "10") AT("f") THREAD("2", "11")
	                  AT("pace") END,
	  "io (certain)", .says = { "thread 10 (t10) is blocked in recv(5)" }, .threads = 1 },
	{ "on a CPU at the stop, but hardly before",
	  PROCESS LOAD("10", "12000", "0") BEGIN RUNNING("1", "10") AT("wake") END, "busy (likely)",
	  .says = { "is on CPU in wake", "; 3 % of a CPU in the 0.4 s before the stop" },
	  .threads = 1 },
	{ "it slept when its call was read, and ran when its state was read",
	  PROCESS LOAD("10", "100000", "240000") FACT("10", "class=poll call=epoll_wait(4)")
	          BEGIN RUNNING("1", "10") AT("burn") END,
	  "busy (certain)", .says = { "is on CPU in burn" }, .threads = 1 },
	{ "it waited for its peer when its call was read, and ran when its state was read",
	  PROCESS LOAD("10", "100000", "240000") FACT("10", "class=read call=recv(3) fd=3")
	          PEER("10", "3", "20", "S") HOP("20", "S", "class=read call=recv(4) fd=4")
	                  PEER("20", "4", "10", "R") BEGIN RUNNING("1", "10") AT("burn") END,
	  "busy (certain)", .says = { "process 10 (app) is on CPU in burn" },
	  .not_said = "deadlock" },
	{ "on a CPU at the stop, but it slept before, and its stack still sleeps",
	  PROCESS LOAD("10", "4000", "0") BEGIN RUNNING("1", "10") AT("nanosleep") END,
	  "sleep (likely)", .says = { "thread 10 (t10) sleeps" }, .threads = 1 },
	{ "a program that begins",
	  "~pmp process pid=10 ppid=1 name=app state=R cpu_us=20000 age_us=20000\n"
	  "~pmp thread pid=10 tid=10 state=R recent_us=98000 ready_us=0 window_us=100000\n" BEGIN
	          RUNNING("1", "10") AT("start") END,
	  "busy (likely)",
	  .says = { "is on CPU in start", "98 % of a CPU", "; its process began 0.1 s before" },
	  .threads = 1 },
	{ "a window that is too short says nothing",
	  PROCESS FACT(
	          "10",
	          "class=sleep") "~pmp thread pid=10 tid=10 recent_us=900 window_us=900\n" BEGIN
	          THREAD("1", "10") AT("f") END,
	  "sleep (likely)", .says = { "thread 10 (t10) sleeps in f" }, .threads = 1 },
	{ "a zombie child, and a parent that waits for a peer",
	  PROCESS FACT("10", "class=read call=recv(5)") CHILD("20", "Z", "short")
	          WORKER("20", "Z", "") BEGIN THREAD("1", "10") AT("f") END,
	  "io (certain)", .says = { "process 10 (app) is blocked in recv(5)" }, .threads = 1 },
	{ "a process whose main thread has ended, but not the others",
	  "~pmp process pid=10 ppid=1 name=app state=Z\n~pmp thread pid=10 tid=10 state=Z\n" FACT(
	          "11", "class=read call=recv(5)") BEGIN THREAD("2", "11") AT("f") END,
	  "io (certain)", .says = { "thread 11 (t11) is blocked in recv(5)" }, .threads = 1 },
	{ "one of four workers waits for a peer; the master waits for any child",
	  PROCESS FACT("10", "class=child") MAIN("20", "class=accept") MAIN("21", "class=accept")
	          MAIN("22", "class=read call=recv(5)") MAIN("23", "class=accept"),
	  "io (certain)",
	  .says = { "process 22 (app) is blocked in recv(5)",
	            "3 other children of process 10 do all the same: 20, 21, 23" },
	  .threads = 1 },
	{ "all workers wait for the same peer",
	  PROCESS FACT("10", "class=poll") MAIN("20", "class=read call=recv(5)")
	          MAIN("21", "class=read call=recv(5)") MAIN("22", "class=read call=recv(5)"),
	  "io (certain)",
	  .says = { "process 20 (app) is blocked in recv(5)",
	            "2 more processes do the same: 21, 22" },
	  .threads = 1 },
	{ "a worker that does not wait as the others",
	  PROCESS FACT("10", "class=poll") MAIN("20", "class=read call=recv(5)")
	          MAIN("21", "class=read call=recv(5)") MAIN("22", "class=connect call=connect(6)"),
	  "io (certain)",
	  .says = { "process 22 (app) is blocked in connect(6)",
	            "2 other children of process 10 do all the same: 20, 21" },
	  .threads = 1 },
	{ "a resource tracker reads its pipe; the program waits for work",
	  PROCESS FACT("10", "class=accept") WORKER("20", "S", "class=read call=read(3)")
	          BEGIN THREAD("1", "10") AT("f") END
	  "~pmp begin sample=1 pid=20 time_us=0\nThread 1 (LWP 20 \"python3\"):\n" EVAL
	  "  File \"/usr/lib/python3.11/multiprocessing/resource_tracker.py\", line 3, in "
	  "main\n~pmp end sample=1 pid=20 pause_us=1\n",
	  "idle (likely)", .says = { "process 10 (app) is blocked in accept" }, .threads = 1 },
	{ "titles of a database's processes",
	  PROCESS FACT("10", "class=poll") TITLED("20", "postgres:%20app%20db%20idle")
	          TITLED("21", "postgres:%20app%20db%20idle%20in%20transaction")
	                  TITLED("22", "postgres:%20app%20db%20UPDATE%20waiting")
	                          TITLED("23", "postgres:%20app%20db%20UPDATE%20waiting"),
	  "lock (likely)",
	  .says = { "process 22 (postgres: app db UPDATE waiting) waits for a lock, as its title "
	            "says, and "
	            "1 more do",
	            "process 21 (postgres: app db idle in transaction) may hold it" },
	  .threads = 1 },
	{ "a title that waits for work",
	  PROCESS FACT("10", "class=poll") TITLED("20", "app:%20waiting%20for%20requests"),
	  "idle (likely)", .says = { "nothing says that it hangs" }, .threads = 1 },
	{ "the other end of a pipe is stopped",
	  PROCESS FACT("10", "class=read call=read(3) fd=3") PEER("10", "3", "20", "T")
	          HOP("20", "T", ""),
	  "stopped (certain)",
	  .says = { "process 20 (other) was stopped by a signal, and process 10 (app) waits for "
	            "it; kill "
	            "-CONT 20",
	            "(pipe; the other end: 20 other, stopped by a signal)" },
	  .threads = 1 },
	{ "one of two other ends is stopped",
	  PROCESS FACT("10",
	               "class=read call=read(3) fd=3") "~pmp fd pid=10 fd=3 kind=pipe end=read "
	                                               "peer=20 peer_name=other peer_state=T "
	                                               "peer=21 peer_name=more peer_state=S\n" HOP(
	                                                       "20", "T", ""),
	  "io (certain)", .says = { "the other end: 20 other, stopped by a signal, 21 more)" },
	  .threads = 1 },
	{ "the other end waits for work",
	  PROCESS FACT("10", "class=read call=recv(3) fd=3") PEER("10", "3", "20", "S")
	          HOP("20", "S", "class=accept call=accept(4)"),
	  "io (certain)",
	  .says = { "process 10 (app) is blocked in recv(3)",
	            "the other end, process 20 (other), is blocked in accept(4)" },
	  .threads = 2 },
	{ "the other end is not sampled, and waits for its own peer",
	  PROCESS FACT("10", "class=poll call=poll(1) fd=3") PEER("10", "3", "20", "S")
	          HOP("20", "S", "class=read call=recv(4)"),
	  "io (likely)",
	  .says = { "process 20 (other) is blocked in recv(4), and process 10 (app) waits for it",
	            "pmp dump -p 20 shows its stack" },
	  .threads = 2 },
	{ "the other end was on a CPU by chance",
	  PROCESS FACT("10", "class=read call=read(3) fd=3") PEER("10", "3", "20", "R")
	          HOP("20", "R", "class=running") "~pmp thread pid=20 tid=20 recent_us=900 "
	                                          "ready_us=0 window_us=400000\n",
	  "io (certain)", .says = { "process 10 (app) is blocked in read(3)" }, .threads = 2 },
	{ "it waits for a child, which waits for work",
	  PROCESS FACT("10", "class=child wait_pid=20") CHILD("20", "S", "other")
	          HOP("20", "S", "class=accept call=accept(4)"),
	  "child (certain)",
	  .says = { "process 10 (app) waits for child 20 (other, state S)",
	            "the child, process 20 (other), is blocked in accept(4)" },
	  .threads = 2 },
	{ "it waits for any child, and has one",
	  PROCESS FACT("10", "class=child") CHILD("19", "Z", "short") CHILD("20", "S", "other")
	          HOP("20", "S", "class=read call=recv(4)"),
	  "io (certain)",
	  .says = { "process 20 (other) is blocked in recv(4), and process 10 (app) waits for it" },
	  .threads = 2 },
	{ "a sample has Python's name of a thread, and facts of /proc come after it",
	  PROCESS BEGIN
	  "Thread 1 (LWP 11 \"Thread-1 (work)\"):\n~pmp state code=S cpu_us=5\n" AT("f") END
	  "~pmp thread pid=10 tid=11 name=python3 state=S class=read call=recv(5)\n",
	  "io (certain)", .says = { "thread 11 (Thread-1 (work)) is blocked in recv(5)" },
	  .threads = 1 },
	{ "tasks in a circle",
	  PROCESS FACT("10", "class=poll") BEGIN THREAD("1", "10")
	          AT("epoll_wait") "~pmp task id=0x1 name=Task-1 tid=10 waits=0x2 waits=0x3\n~pmp "
	                           "await name=a file=/srv/a.py line=4\n"
	                           "~pmp task id=0x2 name=Task-2 tid=10 waits=0x1\n~pmp await "
	                           "name=b file=/srv/a.py line=9\n"
	                           "~pmp task id=0x3 name=Task-3 tid=10 on=sleep\n" END,
	  "deadlock (certain)",
	  .says = { "2 tasks of asyncio's await each other",
	            "task Task-1 in a at a.py:4 awaits task Task-2",
	            "task Task-2 in b at a.py:9 awaits task Task-1" },
	  .threads = 0 },
	{ "two processes and two pipes",
	  PROCESS FACT("10",
	               "class=read fd=3") "~pmp fd pid=10 fd=3 kind=pipe peer=20\n"
	                                  "~pmp process pid=20 name=other state=S\n~pmp thread "
	                                  "pid=20 tid=20 name=other state=S class=read fd=4\n"
	                                  "~pmp fd pid=20 fd=4 kind=pipe peer=10 peer=20\n",
	  "deadlock (likely)",
	  .says = { "process 10 (app) is blocked in read", "waits for process 20 (other)" },
	  .threads = 2 },
	{ "text of another's gdb: a mutex, its holder not known",
	  "Thread 2 (Thread 0x7f0 (LWP 12)):\n#0  __lll_lock_wait () at lowlevellock.S:135\n"
	  "#1  0x1 in pthread_mutex_lock () from /lib64/libpthread.so.0\n#2  0x2 in take () at "
	  "app.c:7\n"
	  "Thread 1 (Thread 0x7f1 (LWP 11)):\n#0  0x1 in pthread_join () from "
	  "/lib64/libpthread.so.0\n#1  0x2 in main () at app.c:9\n",
	  "lock (likely)", .says = { "thread 12 waits for mutex in take at app.c:7" },
	  .threads = 1 },
	{ "a thread that ended before the look",
	  PROCESS FACT("10",
	               "class=sleep") "~pmp thread pid=10 tid=11 state=R class=running\n" BEGIN
	          THREAD("1", "10") AT("f") END,
	  "sleep (likely)", .says = { "thread 10 (t10) sleeps" }, .threads = 1 },
	{ "one that waited before the look, and runs",
	  PROCESS FACT("10", "class=futex") BEGIN RUNNING("1", "10") AT("f") END, "busy (certain)",
	  .says = { "is on CPU in f" }, .threads = 1 },
	{ "a chain: the last one waits for an event",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=join owner=11\n" EVAL PYTHON("main", "2")
	          THREAD("2", "11") "~pmp waits kind=lock on=0x100 candidate=12\n" EVAL PYTHON(
	                  "take", "4")
	                  THREAD("3", "12") "~pmp waits kind=event on=0x200\n" EVAL PYTHON("give",
	                                                                                   "6") END,
	  "wait (likely)",
	  .says = { "thread 12 (t12) may hold threading.Lock 0x100 and waits for threading.Event "
	            "0x200 in "
	            "give at app.py:6, and 2 threads wait for it\n"
	            "thread 10 (t10) waits for the end of thread 11 (t11) in main at app.py:2\n"
	            "thread 11 (t11) waits for threading.Lock 0x100, perhaps held by thread 12 "
	            "(t12) in "
	            "take at app.py:4" },
	  .threads = 3 },
	{ "a chain: the last one runs",
	  PROCESS BEGIN THREAD("1", "10") "~pmp waits kind=join owner=11\n" AT("main")
	          RUNNING("2", "11") AT("crunch") END,
	  "busy (certain)",
	  .says = { "thread 11 (t11) is on CPU in crunch (libapp.so), and thread 10 (t10) waits "
	            "for it" },
	  .threads = 2 },
	{ "several locks of one holder",
	  PROCESS BEGIN THREAD("1", "10") AT("f") THREAD("2", "11") MUTEX("0x100", "10") AT("g")
	          THREAD("3", "12") MUTEX("0x200", "10") AT("h") END,
	  "lock (certain)",
	  .says = { "thread 10 (t10) holds 2 locks and is in state S in f (libapp.so), and 2 "
	            "threads wait "
	            "for "
	            "it" },
	  .threads = 2 },
	{ "a lock that its thread holds, by a with",
	  PROCESS BEGIN THREAD(
	          "1", "10") "~pmp waits kind=lock on=0x100 candidate=10\n" EVAL PYTHON("again",
	                                                                                "2") END,
	  "deadlock (likely)",
	  .says = { "thread 10 (t10) waits for threading.Lock 0x100, perhaps held by itself in "
	            "again" },
	  .threads = 1 },
	{ "own frames: not those of libraries",
	  PROCESS FACT("10", "class=read call=recv(7)") BEGIN THREAD("1", "10") AT("recv") EVAL
	  "  File \"/usr/lib/python3.11/socket.py\", line 7, in SocketIO.readinto\n"
	  "  File \"/usr/lib/python3/dist-packages/urllib3/response.py\", line 8, in read\n"
	  "  File \"/srv/app/site-packages/shop/cart.py\", line 9, in checkout\n" END,
	  "io (certain)", .says = { "in checkout at cart.py:9, through read" }, .threads = 1 },
	{ "a pool of accept mutexes: the holder waits for clients",
	  PROCESS FACT("10", "class=poll fd=3") FACT(
	          "11",
	          "class=futex") "~pmp fd pid=10 fd=3 kind=tcp state=LISTEN\n" BEGIN THREAD("1",
	                                                                                    "10")
	          AT("f") THREAD("2", "11") MUTEX("0x100", "10") AT("g") END,
	  "idle (likely)", .says = { "nothing says that it hangs" }, .threads = 2 },
	{ "an event loop with a wakeup and a connection",
	  PROCESS FACT("10",
	               "class=poll fd=3 fd=4") "~pmp fd pid=10 fd=3 kind=eventfd\n"
	                                       "~pmp fd pid=10 fd=4 kind=tcp remote=10.0.0.1:5 "
	                                       "state=ESTABLISHED\n" BEGIN THREAD("1", "10") AT("f")
	                                               END,
	  "idle (likely)", .says = { "nothing says that it hangs" }, .threads = 1 },
	{ "a client that polls its only connection",
	  PROCESS FACT("10", "class=poll fd=4") "~pmp fd pid=10 fd=4 kind=tcp remote=10.0.0.1:5 "
	                                        "state=ESTABLISHED\n" BEGIN THREAD("1", "10")
	                                                AT("f") END,
	  "io (likely)", .says = { "is blocked in poll on fd 4 (tcp" }, .threads = 1 },
	{ "a server that waits for its client",
	  PROCESS FACT("10",
	               "class=poll fd=4") "~pmp fd pid=10 fd=4 kind=tcp accepted=1 "
	                                  "remote=10.0.0.1:5 state=ESTABLISHED\n" BEGIN THREAD(
	                                          "1", "10") AT("f") END,
	  "idle (likely)", .says = { "nothing says that it hangs" }, .threads = 1 },
	{ "a process of another user",
	  PROCESS "~pmp thread pid=10 tid=10 name=t10 state=S\n"
	          "~pmp unread what=stacks why=not%20permitted\n",
	  "unknown (guess)",
	  .says = { "is in state S\nits stack could not be read: not permitted" }, .threads = 1 },
	{ "a path on a server, in uninterruptible sleep",
	  PROCESS
	  "~pmp thread pid=10 tid=10 name=t10 state=D class=file call=stat(x) wchan=rpc_wait "
	  "object=on%20nfs4%20box:/srv%20at%20/mnt\n",
	  "uninterruptible (certain)",
	  .says = { "in the kernel's rpc_wait, stat(x), on nfs4 box:/srv at /mnt" }, .threads = 1 },
	{ "a System V semaphore",
	  PROCESS FACT("10", "class=ipc call=semop(3) object=whose%20value%20is%200")
	          BEGIN THREAD("1", "10") AT("f") END,
	  "wait (likely)", .says = { "is blocked in semop(3), whose value is 0 in f" },
	  .threads = 1 },
	{ "a sleep that a stop has interrupted",
	  PROCESS FACT("10", "class=sleep left_us=2500000 left_is_most=1") BEGIN THREAD("1", "10")
	          AT("f") END,
	  "sleep (likely)", .says = { "sleeps, at most 2.5 s are left in f" }, .threads = 1 },
	{ "a lock of a database server",
	  PROCESS FACT("10", "class=poll fd=3") FACT(
	          "11",
	          "class=futex left_us=900000") "~pmp fd pid=10 fd=3 kind=tcp state=LISTEN\n" BEGIN
	          THREAD("1", "10") AT("serve") THREAD(
	                  "2", "11") "~pmp waits kind=condition on=0x5\n"
	                             "#0  0x1 in pthread_cond_clockwait () from /lib/libc.so.6\n"
	                             "#1  0x2 in MDL_wait::timed_wait () from /usr/sbin/mariadbd\n"
	                             "#2  0x3 in open_tables () from /usr/sbin/mariadbd\n" END,
	  "lock (likely)",
	  .says = { "thread 11 (t11) waits for lock of the server 0x5 (a metadata lock) in "
	            "MDL_wait::timed_wait (mariadbd)" },
	  .threads = 1 },
	{ "nothing", "", "unknown (guess)", .says = { "no thread" }, .threads = 0 },
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
