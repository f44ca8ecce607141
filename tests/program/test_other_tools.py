"""Stacks that other tools print, and frames in another order than gdb's. A row: the text, and its
stacks in collapsed form, root first. Other texts are refused by the name of their tool, with what
would help, and text without stacks has none.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PMP, check, equal, main, run, temp_dir, test  # noqa: E402

READ = {}
READ["lldb: bt"] = ("""\
(lldb) bt
* thread #1, name = 'app', stop reason = signal SIGSTOP
  * frame #0: 0x00007ffff7e5d1dc libc.so.6`__futex_abstimed_wait_common + 204
    frame #1: 0x00007ffff7e5fe62 libc.so.6`pthread_cond_wait + 514
    frame #2: 0x0000555555555199 app`worker(arg=0x0000000000000000) at app.c:10:5
    frame #3: 0x00005555555551c9 app`main(argc=1, argv=0x00007fffffffe0a8) at app.c:21
""", (
    "app (tid 1);main (app.c);worker (app.c);pthread_cond_wait (libc.so.6);"
    "__futex_abstimed_wait_common (libc.so.6) 1\n"
))
READ["lldb: thread backtrace all"] = ("""\
(lldb) thread backtrace all
* thread #1, queue = 'com.apple.main-thread', stop reason = signal SIGSTOP
  * frame #0: 0x00007ff81a8b9a0e libsystem_kernel.dylib`__psynch_cvwait + 10
    frame #1: 0x0000000100003f2d app`std::__1::vector<int>::push(this=0x1) + 12 at v.h:3:1 [opt]
    frame #2: 0x00007ff8125ae3a6 dyld`start + 1942
  thread #2
    frame #0: 0x00007ff81a8b83ea libsystem_kernel.dylib`read + 10
    frame #1: 0x00007ff81a8b83eb
""", (
    "(tid 1);start (dyld);std::__1::vector<int>::push (v.h);"
    "__psynch_cvwait (libsystem_kernel.dylib) 1\n"
    "(tid 2);0x7ff81a8b83eb;read (libsystem_kernel.dylib) 1\n"
))
READ["lldb: old versions"] = ("""\
* thread #1: tid = 0x1f03, 0x7fff8c30a5d0 libsystem_kernel.dylib`read + 10, name = 'io'
  * frame #0: 0x00007fff8c30a5d0 libsystem_kernel.dylib`read + 10
    frame #1: 0x0000000100000f30 a.out`main + 32 at main.c:5
""", (
    "io (tid 7939);main (main.c);read (libsystem_kernel.dylib) 1\n"
))
READ["coredumpctl info"] = ("""\
           PID: 1234 (app)
        Signal: 6 (ABRT)
       Message: Process 1234 (app) of user 1000 dumped core.

                Stack trace of thread 1234:
                #0  0x00007f3e2c2b6d2f raise (libc.so.6 + 0x38d2f)
                #1  0x00007f3e2c2a1672 abort (/usr/lib64/libc.so.6 + 0x23672)
                #2  0x0000555d0a0c71a9 n/a (app + 0x11a9)
                #3  0x0000000000000000 n/a (n/a + 0x0)

                Stack trace of thread 1240:
                #0  0x00007f3e2c37ddf7 _ZNSt6thread4joinEv (libstdc++.so.6 + 0xfd)
                ELF object binary architecture: AMD x86-64
""", (
    "(tid 1234);0x0;0x555d0a0c71a9 (app);abort (libc.so.6);raise (libc.so.6) 1\n"
    "(tid 1240);_ZNSt6thread4joinEv (libstdc++.so.6) 1\n"
))
READ["eu-stack"] = ("""\
PID 4711 - process
TID 4711:
#0  0x00007f3e2c37ddf7 __poll
#1  0x0000555d0a0c71a9 main
#2  0x00007f3e2c2a3d0a __libc_start_main
TID 4712:
#0  0x00007f3e2c3a0f2b __futex_wait
#1  0x00007f3e2c3a0f2c start_thread
""", (
    "(tid 4711);__libc_start_main;main;__poll 1\n"
    "(tid 4712);start_thread;__futex_wait 1\n"
))
READ["eu-stack -m"] = ("""\
TID 4711:
#0  0x00007f3e2c37ddf7     __poll - /usr/lib64/libc.so.6
#1  0x0000555d0a0c71a9 - 1 main - /usr/bin/app
""", (
    "(tid 4711);main (app);__poll (libc.so.6) 1\n"
))
READ["eu-stack -s"] = ("""\
TID 4711:
#0  0x00007f3e2c37ddf7 __poll
    ../sysdeps/unix/sysv/linux/poll.c:29:10
#1  0x0000555d0a0c71a9 main
    /src/app.c:12:3
""", (
    "(tid 4711);main (app.c);__poll (poll.c) 1\n"
))
READ["pstack"] = ("""\
Thread 2 (Thread 0x7f12a1ffb700 (LWP 4712)):
#0  0x00007f12a5e0c9dd in poll () from /lib64/libc.so.6
#1  0x00007f12a5e0c9de in loop ()
Thread 1 (Thread 0x7f12a6f0a740 (LWP 4711)):
#0  0x00007f12a6ae6f47 in pthread_join () from /lib64/libpthread.so.0
#1  0x00007f12a5d2c505 in main ()
""", (
    "(tid 4711);main;pthread_join (libpthread.so.0) 1\n"
    "(tid 4712);loop;poll (libc.so.6) 1\n"
))
READ["Rust"] = ("""\
thread 'main' panicked at src/main.rs:4:5:
index out of bounds: the len is 3 but the index is 99
stack backtrace:
   0: rust_begin_unwind
             at /rustc/90b35a/library/std/src/panicking.rs:617:5
   1: core::panicking::panic_fmt
             at /rustc/90b35a/library/core/src/panicking.rs:67:14
   2: app::f
             at ./src/main.rs:4:5
   3: app::main
             at ./src/main.rs:9:5
   4: <F as core::ops::function::FnOnce<()>>::call_once{{vtable.shim}}
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
""", (
    "(unknown thread);<F as core::ops::function::FnOnce<()>>::call_once{{vtable.shim}};"
    "app::main (main.rs);app::f (main.rs);core::panicking::panic_fmt (panicking.rs);"
    "rust_begin_unwind (panicking.rs) 1\n"
))
READ["Rust, full"] = ("""\
stack backtrace:
   0:     0x55d0a0c71a90 - std::backtrace_rs::backtrace::libunwind::trace::h3b1c3a7f5d9e0b12
                               at /rustc/90b35a/library/std/src/backtrace_rs/libunwind.rs:93:5
   1:     0x55d0a0c71b20 - app::main::h0123456789abcdef
   2:     0x7f3e2c2a3d0a - __libc_start_main
   3:                0x0 - <unknown>
""", (
    "(unknown thread);0x0;__libc_start_main;app::main;"
    "std::backtrace_rs::backtrace::libunwind::trace (libunwind.rs) 1\n"
))
READ["Go"] = ("""\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive, 5 minutes]:
main.(*Pool[...]).wait(0xc000012345, {0x1, 0x2})
\t/src/app/main.go:12 +0x1d
main.main()
\t/src/app/main.go:20 +0x5f

goroutine 18 gp=0xc000102700 m=nil [select]:
runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)
\t/usr/local/go/src/runtime/proc.go:424 +0xce fp=0xc000 sp=0xc000 pc=0x43
main.worker.func1()
\t/src/app/main.go:33 +0x44
created by main.worker in goroutine 1
\t/src/app/main.go:30 +0x6a
exit status 2
""", (
    "goroutine 18: select (tid 18);main.worker (main.go);main.worker.func1 (main.go);"
    "runtime.gopark (proc.go) 1\n"
    "goroutine 1: chan receive, 5 minutes (tid 1);main.main (main.go);"
    "main.(*Pool[...]).wait (main.go) 1\n"
))
READ["Java"] = ("""\
2024-05-01 10:00:00
Full thread dump OpenJDK 64-Bit Server VM (17.0.1+12 mixed mode):

"main" #1 prio=5 os_prio=0 cpu=90.00ms tid=0x7f12 nid=0x1267 waiting on condition  [0x7f13]
   java.lang.Thread.State: WAITING (parking)
\tat jdk.internal.misc.Unsafe.park(java.base@17.0.1/Native Method)
\t- parking to wait for  <0x00000007156ef908> (a java.util.concurrent.FutureTask)
\tat java.util.concurrent.FutureTask.get(java.base@17.0.1/FutureTask.java:190)
\tat app.Main.lambda$main$0(Main.java:12)
\tat app.Main.main(Main.java:20)

   Locked ownable synchronizers:
\t- None

"pool-1-thread-1" #14 [4712] prio=5 tid=0x7f12a1 nid=4712 waiting for monitor entry
   java.lang.Thread.State: BLOCKED (on object monitor)
\tat app.Job.run(Job.java:30)
\t- waiting to lock <0x00000007156ef910> (a java.lang.Object)

"VM Thread" os_prio=0 cpu=1.00ms elapsed=5.00s tid=0x00007f12a2 nid=0x1269 runnable
""", (
    "main (tid 4711);app.Main.main (Main.java);app.Main.lambda$main$0 (Main.java);"
    "java.util.concurrent.FutureTask.get (FutureTask.java);"
    "jdk.internal.misc.Unsafe.park 1\n"
    "pool-1-thread-1 (tid 4712);app.Job.run (Job.java) 1\n"
))
READ["WinDbg"] = ("""\
0:000> ~*k

.  0  Id: 1b2c.2f40 Suspend: 1 Teb: 00000000`00292000 Unfrozen "main"
 # Child-SP          RetAddr               Call Site
00 000000a5`b1f2f5c8 00007ffb`1b2e4c3e     ntdll!NtWaitForSingleObject+0x14
01 000000a5`b1f2f5d0 00007ff6`1a2b1234     KERNELBASE!WaitForSingleObjectEx+0x8e
02 (Inline Function) --------`--------     app!wait+0x5 [d:\\src\\app.cpp @ 10]
03 000000a5`b1f2f670 00000000`00000000     app!main+0x34 [d:\\src\\app.cpp @ 20]

   1  Id: 1b2c.2f44 Suspend: 1 Teb: 00000000`00294000 Unfrozen
 # Child-SP          RetAddr               Call Site
00 000000a5`b202f5c8 00007ffb`1b2e4c3e     ntdll!NtReadFile+0x14
""", (
    "(tid 12100);NtReadFile (ntdll) 1\n"
    "main (tid 12096);main (d:\\src\\app.cpp);wait (d:\\src\\app.cpp);"
    "WaitForSingleObjectEx (KERNELBASE);NtWaitForSingleObject (ntdll) 1\n"
))
READ["frames that a filter has elided"] = ("""\
#0  f () at a.c:1
#1  0x0000000000000001 in g () at a.c:2
#4  0x0000000000000004 in h () at a.c:5
    #2  0x0000000000000002 in hidden () at a.c:3
    #3  0x0000000000000003 in hidden_too () at a.c:4
#5  0x0000000000000005 in main () at a.c:6
""", (
    "(unknown thread);main (a.c);h (a.c);hidden_too (a.c);hidden (a.c);g (a.c);f (a.c) 1\n"
))
READ["the first frames are elided"] = ("""\
Thread 1 (LWP 7):
#2  0x0000000000000004 in h () at a.c:5
    #0  0x0000000000000002 in hidden () at a.c:3
    #1  0x0000000000000003 in hidden_too () at a.c:4
#3  0x0000000000000005 in main () at a.c:6
""", (
    "(tid 7);main (a.c);h (a.c);hidden_too (a.c);hidden (a.c) 1\n"
))
READ["elided frames of an indented text"] = ("""\
    #0  f () at a.c:1
    #4  0x0000000000000004 in h () at a.c:5
        #2  0x0000000000000002 in hidden () at a.c:3
    #5  0x0000000000000005 in main () at a.c:6
    #0  g () at a.c:1
    #1  0x0000000000000005 in main () at a.c:6
""", (
    "(unknown thread);main (a.c);g (a.c) 1\n"
    "(unknown thread);main (a.c);h (a.c);hidden (a.c);f (a.c) 1\n"
))
READ["root first"] = ("""\
Thread 2 (LWP 8):
#2  0x0000000000000003 in main () at a.c:3
#1  0x0000000000000002 in g () at a.c:2
#0  0x0000000000000001 in f () at a.c:1
Thread 1 (LWP 7):
#1  0x0000000000000003 in main () at a.c:3
#0  0x0000000000000001 in k () at a.c:1
""", (
    "(tid 7);main (a.c);k (a.c) 1\n"
    "(tid 8);main (a.c);g (a.c);f (a.c) 1\n"
))
READ["root first, twice, in a log"] = ("""\
12:00:01 #2  0x0000000000000003 in main () at a.c:3
12:00:01 #1  0x0000000000000002 in g () at a.c:2
12:00:01 #0  0x0000000000000001 in f () at a.c:1
12:00:02 #2  0x0000000000000003 in main () at a.c:3
12:00:02 #1  0x0000000000000002 in g () at a.c:2
12:00:02 #0  0x0000000000000001 in f () at a.c:1
""", (
    "(unknown thread);main (a.c);g (a.c);f (a.c) 2\n"
))
READ["frames that were left out"] = ("""\
#0  f () at a.c:1
#1  .....
#2  ...
#3  [...]
#4  <snip>
#5  \u2026
#6  0x0000000000000005 in main () at a.c:6
""", (
    "(unknown thread);main (a.c);f (a.c) 1\n"
))

REFUSED = {
    "faulthandler": ("""\
Fatal Python error: Aborted

Current thread 0x00007f12a6f0a740 (most recent call first):
  File "/srv/a.py", line 3 in f
  File "/srv/a.py", line 9 in <module>
""", "faulthandler", "pmp dump -p PID"),
    "py-spy": ("""\
Process 4711: python3 a.py
Python v3.11.2 (/usr/bin/python3.11)

Thread 4711 (idle): "MainThread"
    f (a.py:3)
    <module> (a.py:9)
""", "py-spy", "pmp dump -p PID"),
    "a Python exception": ("""\
Traceback (most recent call last):
  File "a.py", line 3, in f
ValueError: x
""", "Python exception", "pmp dump -p PID"),
    "macOS sample": ("""\
Analysis of sampling app (pid 4711) every 1 millisecond
Call graph:
    842 Thread_1234   DispatchQueue_1: com.apple.main-thread  (serial)
      842 start  (in libdyld.dylib) + 1  [0x7fff]
""", "macOS sample", "bt all"),
    "valgrind": ("""\
==4711== Invalid read of size 4
==4711==    at 0x109135: f (a.c:3)
==4711==    by 0x109150: main (a.c:9)
""", "valgrind", "core file"),
    "the kernel": ("""\
INFO: task app:4711 blocked for more than 120 seconds.
Call Trace:
 __schedule+0x2d1/0x830
 schedule+0x35/0xa0
""", "kernel", "pmp dump -p PID"),
    "perf script": ("""\
app  4711 12.345:     250000 cycles:
        ffffffff8104f45a native_write_msr+0xa ([kernel.kallsyms])
        55d0a0c71a90 main+0x10 (/usr/bin/app)
""", "perf script", "stackcollapse-perf.pl"),
    "minidump_stackwalk": ("""\
Thread 0 (crashed)
 0  libc.so.6!raise [raise.c : 51 + 0x0]
    Found by: given as instruction pointer in context
""", "minidump_stackwalk", "minidump-2-core"),
    ".NET": ("""\
Unhandled exception. System.Exception: x
   at System.Threading.Monitor.Wait(Object obj)
   at App.Main() in /src/App.cs:line 3
""", ".NET", "dotnet-stack"),
    "JavaScript": ("""\
Error: x
    at f (/src/a.js:3:9)
    at Object.<anonymous> (/src/a.js:9:1)
""", "JavaScript", "pmp dump -p PID"),
    "a Java exception": ("""\
java.lang.IllegalStateException: x
\tat app.Main.f(Main.java:3)
\tat app.Main.main(Main.java:9)
""", "Java exception", "jstack"),
    "Android": ("""\
pid: 4711, tid: 4711, name: app  >>> app <<<
backtrace:
      #00 pc 0000000000012345  /system/lib64/libc.so (abort+104)
""", "Android", "ndk-stack"),
}
NO_STACKS = {
    "prose": "Fixes #12 from foo\nSee #13 in bar (again)\n",
    "a list": "- #1 buy milk\n- #2 eat (a lot)\n- #3 sleep\n",
    "issues": "{\"title\":\"Fix #12 in f ()\", \"n\": 3}\n{\"title\":\"#13: x\", \"n\": 3}\n",
    "jobs": "10:00:00 [INFO] job #12 (nightly) at host:80\n"
            "10:00:01 [INFO] job #13 (nightly) at host:80\n",
    "jobs with names": "ERROR: #12 job (nightly) at host.c:80\n"
                       "ERROR: #13 job (nightly) at host.c:80\n",
    "threads": "INFO: Thread 3 (pool): done\nINFO: Thread 4 (pool): done\n",
    "numbers": "0: zero\n1: one\n2: two\n",
    "a program in Go": "func main() {\n\tmain.f(1)\n}\n",
}


def read_text(text, *words):
    path = os.path.join(temp_dir(), "text")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return run(PMP, *words, path)


def check_stacks(text, stacks):
    result = read_text(text, "fold", "-q", "-t", "-f", "collapsed")
    equal((result.code, result.out), (0, stacks), text)


def check_refusal(text, what, cure):
    for command in ("fold", "dump"):
        result = read_text(text, command)
        equal((result.code, result.out), (8, ""), text)
        check(result.err.count("\n") == 1 and what in result.err and cure in result.err, text,
              result.err)


def check_no_stack(text):
    result = read_text(text, "fold", "-q", "-f", "collapsed")
    equal((result.code, result.out, result.err), (0, "", ""), text)


for name, (given, wanted) in READ.items():
    test("read: " + name)(lambda given=given, wanted=wanted: check_stacks(given, wanted))
for name, row in REFUSED.items():
    test("refused: " + name)(lambda row=row: check_refusal(*row))
for name, given in NO_STACKS.items():
    test("no stack: " + name)(lambda given=given: check_no_stack(given))
main()
