/* Waits, owners and their certainty from gdb's text alone: arguments, printed locks, source lines,
 * py-bt's notes, names of functions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/verdict_rows.h"

#define THREAD(n, tid) "\nThread " n " (Thread 0x7f0000000" n "00 (LWP " tid ") \"t" tid "\"):\n"
/* A thread that waits for the mutex at `on`, as glibc 2.35 shows it. */
#define WAITS(on, place)                                                                           \
	"#0  futex_wait (private=0, expected=2, futex_word=" on ") at ../sysdeps/nptl/futex-"      \
	"internal.h:146\n"                                                                         \
	"#1  __GI___lll_lock_wait (futex=futex@entry=" on ", private=0) at ./nptl/lowlevellock.c:" \
	"49\n"                                                                                     \
	"#2  0x00007ffff7b08c74 in lll_mutex_lock_optimized (mutex=" on ") at "                    \
	"./nptl/pthread_mutex_lock.c:48\n"                                                         \
	"#3  ___pthread_mutex_lock (mutex=" on ") at ./nptl/pthread_mutex_lock.c:93\n"             \
	"#4  0x0000555500001111 in " place "\n"
/* The same without libc's debug information. */
#define WAITS_PLAIN(place)                                                                         \
	"#0  0x00007ffff7b08c74 in __lll_lock_wait () from /lib64/libpthread.so.0\n"               \
	"#1  0x00007ffff7b05843 in _L_lock_883 () from /lib64/libpthread.so.0\n"                   \
	"#2  0x00007ffff7b05742 in pthread_mutex_lock () from /lib64/libpthread.so.0\n"            \
	"#3  0x0000555500001111 in " place "\n"
#define READS(place)                                                                               \
	"#0  0x00007ffff7b06000 in read () from /lib64/libc.so.6\n#1  0x0000555500003333 "         \
	"in " place "\n"
#define VALUE(owner)                                                                               \
	"{__data = {__lock = 2, __count = 0, __owner = " owner ", __nusers = 1, __kind = 0, "      \
	"__spins = 0, __elision = 0, __list = {__prev = 0x0, __next = 0x0}}, __size = "            \
	"\"\\002\\000\\000\\000={\\000\", '\\000' <repeats 30 times>, __align = 2}\n"

#define TWO(on)                                                                                    \
	THREAD("2", "12")                                                                          \
	WAITS(on, "worker () at w.c:10") THREAD("1", "11") READS("io () at w.c:30")

static const struct verdict_row owners[] = {
	{ "p SYMBOL, and the symbol in the arguments",
	  TWO("0x5555000040c0 <mu>") "(gdb) p mu\n$1 = " VALUE("11"), "lock (certain)",
	  .says = { "thread 11 (t11) holds mutex mu", "in io at w.c:30", "thread 12 (t12) waits",
	            "in worker at w.c:10" },
	  .not_said = "futex_wait" },
	{ "p *(TYPE *) ADDRESS",
	  TWO("0x5555000040c0") "(gdb) print *(pthread_mutex_t *) 0x5555000040c0\n$3 = " VALUE(
	          "11"),
	  "lock (certain)",
	  .says = { "thread 11 (t11) holds mutex 0x5555000040c0 and is blocked in read" } },
	{ "p *ARGUMENT of the frame that was selected",
	  TWO("0x5555000040c0") "(gdb) thread 2\n[Switching to thread 2 (Thread 0x7f000000020 (LWP "
	                        "12))]\n(gdb) frame 3\n#3  ___pthread_mutex_lock "
	                        "(mutex=0x5555000040c0) at ./nptl/pthread_mutex_lock.c:93\n(gdb) p "
	                        "*mutex\n$1 = " VALUE("11"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex 0x5555000040c0" } },
	{ "p SYMBOL.__data.__owner",
	  TWO("0x5555000040c0 <mu>") "(gdb) p mu.__data.__owner\n$1 = 11\n", "lock (certain)",
	  .says = { "thread 11 (t11) holds mutex mu" } },
	{ "p ((TYPE *) ADDRESS)->__data.__owner",
	  TWO("0x5555000040c0") "(gdb) p ((pthread_mutex_t*)0x5555000040c0)->__data.__owner\n$1 = "
	                        "11\n",
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex 0x5555000040c0" } },
	{ "in hexadecimal, printed before the stacks",
	  "(gdb) p/x mu\n$1 = {__data = {__lock = 0x2, __count = 0x0, __owner = 0xb, __nusers = "
	  "0x1}}"
	  "\n(gdb) thread apply all bt\n" TWO("0x5555000040c0 <mu>"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex mu" } },
	{ "p -pretty",
	  TWO("0x5555000040c0 <mu>") "(gdb) p -pretty -- mu\n$1 = {\n  __data = {\n    __lock = "
	                             "2,\n "
	                             "   __count = 0,\n    __owner = 11,\n    __nusers = 1\n  },\n "
	                             " "
	                             "__align = 2\n}\n",
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex mu" } },
	{ "p &SYMBOL gives the address",
	  TWO("0x5555000040c0") "(gdb) p &mu\n$1 = (pthread_mutex_t *) 0x5555000040c0 <mu>\n(gdb) "
	                        "p mu\n$2 = " VALUE("11"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex mu" } },
	{ "std::mutex",
	  THREAD("2", "12") "#0  futex_wait (private=0, expected=2, futex_word=0x7ffd1000) at "
	                    "../sysdeps/nptl/futex-internal.h:146\n#1  0x00007ffff7b08c74 in "
	                    "lll_mutex_lock_optimized (mutex=0x7ffd1000) at "
	                    "./nptl/pthread_mutex_lock.c:48\n#2  0x0000555500002222 in "
	                    "__gthread_mutex_lock (__mutex=0x7ffd1000) at gthr-default.h:749\n#3  "
	                    "std::mutex::lock (this=0x7ffd1000) at std_mutex.h:100\n#4  "
	                    "std::lock_guard<std::mutex>::lock_guard (__m=..., this=<synthetic "
	                    "pointer>) at std_mutex.h:229\n#5  Cache::get (this=0x7ffd0ff0) at "
	                    "cache.cpp:40\n" THREAD("1", "11")
	                            READS("io () at w.c:30") "(gdb) p *(std::mutex*)0x7ffd1000\n$1 "
	                                                     "= {<std::__mutex_base> = {_M_mutex = "
	                                                     "{__data = {__lock = 2, __count = 0, "
	                                                     "__owner = 11}}}, <No data fields>}\n",
	  "lock (certain)",
	  .says = { "thread 11 (t11) holds mutex 0x7ffd1000", "in Cache::get at cache.cpp:40" } },
	{ "a source line below the caller's frame",
	  THREAD("2", "12") WAITS_PLAIN(
	          "worker () at w.c:10") "10\t  pthread_mutex_lock(&mu);\n" THREAD("1", "11")
	          READS("io () at w.c:30") "(gdb) p mu\n$1 = " VALUE("11"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex mu", "in worker at w.c:10" } },
	{ "a source line that the command frame prints later",
	  THREAD("2", "12") WAITS_PLAIN("worker () at w.c:10") THREAD("1", "11")
	          READS("io () at w.c:30") "(gdb) thread 2\n[Switching to thread 2 (Thread "
	                                   "0x7f000000020 (LWP 12))]\n(gdb) f 3\n#3  "
	                                   "0x0000555500001111 in worker () at w.c:10\n10\t  "
	                                   "self->mu.lock();\n(gdb) p self->mu\n$1 = " VALUE("11"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex self->mu" } },
	{ "the same member, perhaps of another object",
	  THREAD("2", "12")
	          WAITS_PLAIN("worker () at w.c:10") "10\t  std::lock_guard<std::mutex> "
	                                             "guard(a->mu);\n" THREAD("1", "11") READS(
	                                                     "io () at w.c:30") "(gdb) p b->mu\n$1 "
	                                                                        "= " VALUE("11"),
	  "lock (likely)", .says = { "thread 11 (t11) may hold mutex a->mu" } },
	{ "the pointer of another thread may be another one",
	  THREAD("2", "12") WAITS_PLAIN(
	          "worker () at w.c:10") "10\t  pthread_mutex_lock(&p->mu);\n" THREAD("1", "11")
	          READS("io () at w.c:30") "(gdb) p p->mu\n$1 = " VALUE("11"),
	  "lock (likely)", .says = { "thread 11 (t11) may hold mutex p->mu" } },
	{ "a member of the printed structure",
	  "[Switching to thread 2 (Thread 0x7f0000000200 (LWP 12))]\n(gdb) bt\n" WAITS_PLAIN(
	          "worker () at w.c:10") "(gdb) up 3\n#3  0x0000555500001111 in worker () at "
	                                 "w.c:10\n10\t  pthread_mutex_lock(&p->mu);\n(gdb) p "
	                                 "*p\n$1 = {id = 3, mu = {__data = {__lock = 2, __count = "
	                                 "0, "
	                                 "__owner = 11}}, next = 0x0}\n(gdb) thread 1\n[Switching "
	                                 "to "
	                                 "thread 1 (Thread 0x7f0000000100 (LWP 11))]\n(gdb) "
	                                 "bt\n" READS("io () at w.c:30"),
	  "lock (certain)", .says = { "thread 11 holds mutex p->mu" } },
	{ "another lock, by its name",
	  TWO("0x5555000040c0 <mu>") "(gdb) p other\n$1 = " VALUE("11"), "lock (likely)",
	  .says = { "thread 12 (t12) waits for mutex mu" }, .not_said = "held by" },
	{ "another lock, by its address",
	  TWO("0x5555000040c0") "(gdb) p *(pthread_mutex_t*)0x5555000050c0\n$1 = " VALUE("11"),
	  "lock (likely)", .says = { "thread 12 (t12) waits for mutex 0x5555000040c0" },
	  .not_said = "held by" },
	{ "only one lock was printed, without a command",
	  THREAD("2", "12") WAITS_PLAIN("worker () at w.c:10") THREAD("1", "11")
	          READS("io () at w.c:30") "$1 = " VALUE("11"),
	  "lock (likely)",
	  .says = { "thread 11 (t11) may hold mutex", "the owner of a printed lock" } },
	{ "ABBA",
	  THREAD("2", "12") WAITS("0x1000 <a>", "f () at w.c:10") THREAD("1", "11")
	          WAITS("0x2000 <b>", "g () at w.c:20") "(gdb) p a\n$1 = " VALUE(
	                  "11") "(gdb) p b\n$2 = " VALUE("12"),
	  "deadlock (certain)",
	  .says = { "thread 12 (t12) waits for mutex a, held by thread 11 (t11) in f at w.c:10",
	            "thread 11 (t11) waits for mutex b, held by thread 12 (t12) in g at w.c:20" } },
	{ "ABBA, nothing but owners",
	  THREAD("2", "12") WAITS_PLAIN("f () at w.c:10") THREAD("1", "11")
	          WAITS_PLAIN("g () at w.c:20") "$1 = " VALUE("11") "$2 = " VALUE("12"),
	  "deadlock (likely)", .says = { "2 wait for each other" } },
	{ "held by itself",
	  THREAD("1", "11") WAITS("0x1000 <a>", "f () at w.c:10") "(gdb) p a\n$1 = " VALUE("11"),
	  "deadlock (certain)",
	  .says = { "thread 11 (t11) waits for mutex a, which it holds itself" } },
	{ "a variable of bt full",
	  THREAD("2", "12") WAITS("0x1000 <a>", "f () at w.c:10") "        a = " VALUE(
	          "11") "No locals.\n" THREAD("1", "11") READS("io () at w.c:30"),
	  "lock (certain)", .says = { "thread 11 (t11) holds mutex a" } },
	{ "the writer of a rwlock",
	  THREAD("2",
	         "12") "#0  __futex_abstimed_wait_common64 (private=0, futex_word=0x1008 "
	               "<table+8>, expected=3) at ./nptl/futex-internal.c:57\n#1  "
	               "__pthread_rwlock_rdlock_full64 (abstime=0x0, clockid=0, rwlock=0x1000 "
	               "<table>) at ./nptl/pthread_rwlock_common.c:460\n#2  "
	               "___pthread_rwlock_rdlock (rwlock=0x1000 <table>) at "
	               "./nptl/pthread_rwlock_rdlock.c:26\n#3  0x0000555500001111 in get () at "
	               "w.c:10\n" THREAD("1", "11")
	                       READS("io () at w.c:30") "(gdb) p table\n$1 = {__data = {__readers "
	                                                "= 11, __writers = 0, "
	                                                "__wrphase_futex = 2, __writers_futex = 1, "
	                                                "__cur_writer = 11, __shared = "
	                                                "0}}\n",
	  "lock (certain)", .says = { "thread 11 (t11) holds rwlock table", "in get at w.c:10" } },
	{ "the owner is no thread of the text",
	  TWO("0x5555000040c0 <mu>") "(gdb) p mu\n$1 = " VALUE("99"), "lock (likely)",
	  .says = { "held by thread 99, which is not in this text" }, .not_said = "ended" },
	{ "nobody holds it", TWO("0x5555000040c0 <mu>") "(gdb) p mu\n$1 = " VALUE("0"),
	  "lock (likely)", .says = { "thread 12 (t12) waits for mutex mu" },
	  .not_said = "held by" },
	{ "pthread_join's handle is in a header",
	  THREAD("2",
	         "12") "#0  0x00007ffff7b06000 in clock_nanosleep () from /lib64/libc.so.6\n#1  "
	               "0x0000555500003333 in nap () at w.c:30\n" THREAD(
	                       "1", "11") "#0  0x00007ffff7b06000 in __pthread_clockjoin_ex "
	                                  "(threadid=139637976728064, "
	                                  "thread_return=0x0) at pthread_join_common.c:105\n#1  "
	                                  "0x0000555500003333 in "
	                                  "main () at w.c:50\n",
	  "sleep (likely)",
	  .says = { "thread 12 (t12) sleeps in nap at w.c:30, and thread 11 (t11) waits for it" } },
};

/* Leaf first, one thread. */
#define STACK(frames) "Thread 1 (LWP 11):\n" frames
#define F(n, name, place) "#" n "  0x00005555000011" n "0 in " name " " place "\n"

static const struct verdict_row names[] = {
	{ "a mutex's function as the leaf runs",
	  STACK(F("0", "pthread_mutex_lock ()", "from /lib64/libpthread.so.0")
	                F("1", "worker ()", "at w.c:10")),
	  "unknown (guess)", .says = { "in worker at w.c:10" }, .not_said = "waits" },
	{ "a nameless function of a stripped libc below it sleeps",
	  STACK(F("0", "?? ()", "from /lib64/libc.so.6")
	                F("1", "pthread_mutex_lock ()", "from /lib64/libc.so.6")
	                        F("2", "worker ()", "at w.c:10")),
	  "lock (likely)", .says = { "thread 11 waits for mutex in worker at w.c:10" } },
	{ "a condition variable's function of an old glibc has the system call inside",
	  STACK(F("0", "pthread_cond_wait@@GLIBC_2.3.2 ()", "from /lib64/libpthread.so.0")
	                F("1", "worker ()", "at w.c:10")),
	  "wait (likely)", .says = { "waits for condition variable in worker at w.c:10" } },
	{ "a condition variable's function that takes its mutex again",
	  STACK(F("0", "__lll_lock_wait (futex=0x1000 <mu>)", "at lowlevellock.c:52")
	                F("1", "__pthread_mutex_cond_lock (mutex=0x1000 <mu>)", "at x.c:80")
	                        F("2", "__pthread_cond_wait (cond=0x2000 <c>, mutex=0x1000 <mu>)",
	                          "at y.c:655") F("3", "worker ()", "at w.c:10")),
	  "lock (likely)", .says = { "waits for mutex", "in worker at w.c:10" },
	  .not_said = "condition" },
	{ "unlock does not wait",
	  STACK(F("0", "__lll_unlock_wake ()", "from /lib64/libpthread.so.0")
	                F("1", "pthread_mutex_unlock ()", "from /lib64/libpthread.so.0")
	                        F("2", "worker ()", "at w.c:10")),
	  "unknown (guess)", .says = { "in worker at w.c:10" }, .not_said = "waits" },
	{ "the program's own leaf runs",
	  STACK(F("0", "spin ()", "at w.c:3") F("1", "main ()", "at w.c:10")), "busy (likely)",
	  .says = { "thread 11 runs in spin at w.c:3" } },
	{ "a handler of a harmless signal runs, whatever it has interrupted",
	  STACK(F("0", "on_usr1 (sig=10)", "at w.c:3") "#1  <signal handler called>\n" F(
	          "2", "read ()", "from /lib64/libc.so.6") F("3", "main ()", "at w.c:10")),
	  "busy (likely)", .says = { "runs in on_usr1 at w.c:3" }, .not_said = "blocked" },
	{ "read of glibc 2.40",
	  STACK("#0  __internal_syscall_cancel (a1=3, nr=0) at ./nptl/cancellation.c:64\n#1  "
	        "__syscall_cancel (a1=3, nr=0) at ./nptl/cancellation.c:75\n#2  0x1 in "
	        "__GI___libc_read "
	        "(nbytes=1, fd=3) at ../sysdeps/unix/sysv/linux/read.c:26\n#3  0x2 in loop () at "
	        "w.c:10"
	        "\n"),
	  "io (likely)", .says = { "blocked in read in loop at w.c:10" } },
	{ "sem_wait of glibc 2.40",
	  STACK("#0  __syscall_cancel_arch () at x.S:56\n#1  0x1 in __internal_syscall_cancel () "
	        "at "
	        "./nptl/cancellation.c:49\n#2  0x2 in do_futex_wait (sem=0x3000 <items>) at "
	        "./nptl/sem_waitcommon.c:111\n#3  0x3 in __new_sem_wait_slow64 (sem=0x3000 "
	        "<items>) at "
	        "./nptl/sem_waitcommon.c:183\n#4  0x4 in take () at w.c:10\n"),
	  "wait (likely)", .says = { "waits for semaphore items in take at w.c:10" } },
	{ "a future",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6") F(
	          "1", "std::__atomic_futex_unsigned_base::_M_futex_wait_until(unsigned int*)",
	          "from /lib64/libstdc++.so.6")
	                F("2", "std::__future_base::_State_baseV2::wait (this=0x9000)",
	                  "at future:328") F("3", "std::future<int>::get (this=0x9100)",
	                                     "at future:711") F("4", "main ()", "at w.cc:9")),
	  "wait (likely)", .says = { "waits for future", "in main at w.cc:9" } },
	{ "absl::Mutex",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6") F(
	          "1", "absl::lts_2023::synchronization_internal::FutexWaiter::Wait ()",
	          "at futex_waiter.cc:90") F("2", "AbslInternalPerThreadSemWait_lts_2023 ()",
	                                     "at per_thread_sem.cc:90")
	                F("3", "absl::lts_2023::Mutex::LockSlow ()", "at mutex.cc:1800")
	                        F("4", "absl::lts_2023::Mutex::Lock ()", "at mutex.cc:1500")
	                                F("5", "Table::Put ()", "at table.cc:7")),
	  "lock (likely)", .says = { "waits for mutex in Table::Put at table.cc:7" } },
	{ "Rust's std::sync::Mutex",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6") F(
	          "1", "std::sys::pal::unix::futex::futex_wait ()", "at futex.rs:62")
	                F("2", "std::sys::sync::mutex::futex::Mutex::lock_contended ()",
	                  "at futex.rs:68") F("3", "std::sync::poison::mutex::Mutex<u32>::lock ()",
	                                      "at mutex.rs:317")
	                        F("4", "app::work ()", "at main.rs:9")),
	  "lock (likely)", .says = { "waits for mutex in app::work at main.rs:9" } },
	{ "parking_lot's Mutex",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6") F(
	          "1", "parking_lot_core::thread_parker::imp::ThreadParker::futex_wait ()",
	          "at linux.rs:112") F("2", "parking_lot::raw_mutex::RawMutex::lock_slow ()",
	                               "at raw_mutex.rs:262")
	                F("3", "lock_api::mutex::Mutex<R,T>::lock ()", "at mutex.rs:214")
	                        F("4", "app::work ()", "at main.rs:9")),
	  "lock (likely)", .says = { "waits for mutex in app::work at main.rs:9" } },
	{ "Rust's channel",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6")
	                F("1", "std::thread::park ()", "at mod.rs:990")
	                        F("2", "std::sync::mpsc::Receiver<T>::recv ()", "at mpsc.rs:1100")
	                                F("3", "app::work ()", "at main.rs:9")),
	  "wait (likely)", .says = { "waits for channel in app::work at main.rs:9" } },
	{ "Go's channel",
	  STACK(F("0", "runtime.gopark (lock=0x0, reason=14 '\\016', traceskip=2)",
	          "at proc.go:363")
	                F("1", "runtime.chanrecv (c=0xc000100060, block=true)", "at chan.go:583")
	                        F("2", "runtime.chanrecv1 (c=0xc000100060)", "at chan.go:442")
	                                F("3", "main.worker ()", "at main.go:9")),
	  "wait (likely)",
	  .says = { "waits for channel 0xc000100060 in main.worker at main.go:9" } },
	{ "Go's sync.Mutex",
	  STACK(F("0", "runtime.gopark ()", "at proc.go:363") F(
	          "1", "runtime.semacquire1 (addr=0xc000012345)",
	          "at sema.go:150") F("2", "sync.runtime_SemacquireMutex ()", "at sema.go:77")
	                F("3", "sync.(*Mutex).lockSlow (m=0xc000012340)", "at mutex.go:171")
	                        F("4", "sync.(*Mutex).Lock (m=0xc000012340)", "at mutex.go:90")
	                                F("5", "main.f ()", "at main.go:9")),
	  "lock (likely)", .says = { "waits for mutex 0xc000012340 in main.f at main.go:9" } },
	{ "HotSpot's monitor",
	  STACK(F("0", "pthread_cond_wait@@GLIBC_2.3.2 ()", "from /lib64/libpthread.so.0")
	                F("1", "os::PlatformEvent::park ()", "from /opt/jdk/libjvm.so")
	                        F("2", "ObjectMonitor::EnterI ()", "from /opt/jdk/libjvm.so") F(
	                                "3", "ObjectMonitor::enter ()", "from /opt/jdk/libjvm.so")),
	  "lock (likely)", .says = { "waits for mutex" } },
	{ "a lazy initialisation in C++",
	  STACK(F("0", "syscall ()", "from /lib64/libc.so.6")
	                F("1", "__cxa_guard_acquire ()", "from /lib64/libstdc++.so.6")
	                        F("2", "instance ()", "at w.cc:9")),
	  "lock (likely)",
	  .says = { "waits for the end of an initialisation in instance at w.cc:9" } },
	{ "the GIL, by the leaf",
	  STACK(F("0", "take_gil (tstate=0x1)", "at Python/ceval_gil.c:331")
	                F("1", "PyEval_RestoreThread (tstate=0x1)", "at Python/ceval_gil.c:730")
	                        F("2", "my_ext ()", "at ext.c:10")),
	  "gil (likely)", .says = { "waits for the GIL in my_ext at ext.c:10" },
	  .not_said = "busy" },
	{ "the only thread that runs may hold the GIL",
	  "Thread 2 (LWP 12):\n" F("0", "crunch ()", "at ext.c:3") "Thread 1 (LWP 11):\n" F(
	          "0", "pthread_cond_timedwait@@GLIBC_2.3.2 ()", "from /lib64/libpthread.so.0")
	          F("1", "take_gil ()", "from /usr/bin/python3") F("2", "my_ext ()", "at ext.c:10"),
	  "gil (likely)", .says = { "thread 12 may hold the GIL and runs in crunch at ext.c:3" } },
	{ "a stop-the-world pause is not the GIL",
	  STACK(F("0", "futex_abstimed_wait_common ()", "at futex-internal.c:87")
	                F("1", "_PySemaphore_Wait ()", "at Python/parking_lot.c:120") F(
	                        "2", "_PyParkingLot_Park ()", "at Python/parking_lot.c:200")
	                        F("3", "tstate_wait_attach (tstate=0x1)",
	                          "at Python/pystate.c:2200") F("4", "my_ext ()", "at ext.c:10")),
	  "wait (likely)",
	  .says = { "waits for the end of a stop-the-world pause in my_ext at ext.c:10" },
	  .not_said = "GIL" },
	{ "py-bt: the GIL",
	  "Traceback (most recent call first):\n  Waiting for the GIL\n  File \"/srv/a.py\", line "
	  "4, in "
	  "f\n    x()\n",
	  "gil (likely)", .says = { "waits for the GIL in f at a.py:4" } },
	{ "py-bt: a lock",
	  "Traceback (most recent call first):\n  <built-in method acquire of _thread.lock object "
	  "at "
	  "remote 0x7f1234>\n  File \"/srv/a.py\", line 4, in f\n    lock.acquire()\n",
	  "lock (likely)", .says = { "waits for threading.Lock 0x7f1234 in f at a.py:4" } },
	{ "py-bt-full: a lock",
	  "#3 <built-in method acquire of _thread.RLock object at remote 0x7f1234>\n#5 Frame "
	  "0x7f1, for "
	  "file /srv/a.py, line 4, in f ()\n    lock.acquire()\n",
	  "lock (likely)", .says = { "waits for threading.RLock 0x7f1234 in f at a.py:4" } },
	{ "py-bt: a sleep",
	  "Traceback (most recent call first):\n  <built-in method sleep of module object at "
	  "remote "
	  "0x7f1>\n  File \"/srv/a.py\", line 4, in f\n    time.sleep(9)\n",
	  "sleep (likely)", .says = { "sleeps in f at a.py:4" } },
};

static void test_owners(void **state)
{
	(void)state;
	check_verdicts(owners, sizeof(owners) / sizeof(owners[0]));
}

static void test_names(void **state)
{
	(void)state;
	check_verdicts(names, sizeof(names) / sizeof(names[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
