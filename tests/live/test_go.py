"""Programs of Go: each stack is whole and has names, with symbols and stripped."""

import functools
import os
import re
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import (PYTHON, Target, check, equal, main, note, pmp, run, skip,  # noqa: E402
                 temp_dir, test)

DEPTH = 3000
PURE = """
package main

import ("os"; "os/signal"; "runtime"; "sync"; "syscall"; "time")

type list struct{ items []int }

var sink int
var kept [][]byte

//go:noinline
func (l *list) sum() (n int) {
	for i := 0; i < 3000; i++ {
		n += twice(l.items[i%%len(l.items)])
	}
	return
}

func twice(n int) int { return n*n + n }

//go:noinline
func recurse(depth int, l *list) int {
	for i := 0; depth == 0 && i < 500; i++ {
		sink += l.sum()
	}
	if depth == 0 {
		return 0
	}
	return recurse(depth-1, l) + depth
}

//go:noinline
func garbage() {
	for i := 0; i < 50; i++ {
		kept = append(kept, make([]byte, 20000))
	}
	if len(kept) > 500 {
		kept = nil
		runtime.GC()
	}
}

func busy() {
	l := &list{make([]int, 10)}
	for {
		sink += l.sum() + recurse(%d, l)
		sink += int(time.Now().UnixNano() & 1)
		garbage()
	}
}

func main() {
	var lock sync.Mutex
	lock.Lock()
	go lock.Lock()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for range signals {
			sink++
		}
	}()
	go busy()
	time.Sleep(100 * time.Millisecond)
	os.Stdout.WriteString("ready " + number(os.Getpid()) + "\\n")
	input, output, _ := os.Pipe()
	for one := make([]byte, 1); ; {
		syscall.Read(int(input.Fd()), one)
		runtime.KeepAlive(output)
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return number(n/10) + string(rune('0'+n%%10))
}
""" % DEPTH
MIXED = """
package main

/*
#cgo CFLAGS: -O1
int burn_in_c(int n);
int call_go(int n);
void sleep_in_c(void);
*/
import "C"
import ("os"; "strconv")

//export goBack
func goBack(n C.int) C.int { return C.int(work(int(n))) }

//go:noinline
func work(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += i*i ^ sum
	}
	return
}

func busy() {
	for {
		C.burn_in_c(200000)
		C.call_go(200000)
		work(200000)
	}
}

func main() {
	go busy()
	os.Stdout.WriteString("ready " + strconv.Itoa(os.Getpid()) + "\\n")
	C.sleep_in_c()
}
"""
C_PART = """
#include <unistd.h>
extern int goBack(int);
__attribute__((noinline)) static int burn(int n)
{ volatile int sum = 0; for (int i = 0; i < n; i++) sum += i; return sum; }
int burn_in_c(int n) { return burn(n) + 1; }
int call_go(int n) { return goBack(n) + 1; }
void sleep_in_c(void) { sleep(1000); }
"""
LIBRARY = """
package main

// typedef int (*function)(int);
// static inline int call_python(function called, int n) { return called(n); }
import "C"
import "time"

//export Work
func Work(n C.int) C.int { return C.int(work(int(n))) }

//go:noinline
func work(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += i*i ^ sum
	}
	return
}

//export Back
func Back(called C.function, n C.int) C.int { return C.call_python(called, n) + 1 }

//export Wait
func Wait(n C.int) C.int { time.Sleep(time.Duration(n) * time.Millisecond); return n }

func main() {}
"""
PYTHON_PART = """
import ctypes, os, sys
lib = ctypes.CDLL(sys.argv[1])
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
def called(n):
    return sum(range(n)) % 7
def work(): lib.Work(50000000)
def back(): lib.Back(called, 2000000)
def wait(): lib.Wait(50)
print("ready", os.getpid(), flush=True)
while True:
    work(), back(), wait()
"""
# Where a thread's stack may begin: a goroutine, a thread of Go, its scheduler, a thread of C.
ROOTS = ("runtime.goexit", "runtime.clone", "runtime.mcall", "runtime.morestack", "runtime.rt0_go",
         "clone3", "clone", "__clone3", "__clone")
FRAME = re.compile(r"#\d+ +0x[0-9a-f]+ in (.*?) \(\)(?: (?:at|from) (\S+))?$|"
                   r"#\d+ +0x[0-9a-f]+ in (<signal handler called>)$")


@functools.lru_cache(None)
def build_cache():
    return temp_dir()


def build(name, files, *options, cgo="0"):
    """The path of a program of Go."""
    need_gdb()
    for tool in ("go", "strip") + (("gcc",) if cgo == "1" else ()):
        if shutil.which(tool) is None:
            skip(tool + " is missing")
    folder = temp_dir()
    for file, text in files.items():
        with open(os.path.join(folder, file), "w") as stream:
            stream.write(text)
    env = {"GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": cgo,
           "GOCACHE": build_cache(), "HOME": folder}
    path = os.path.join(folder, name)
    result = run("go", "build", *options, "-o", path, ".", env=env, cwd=folder, limit=300)
    equal(result.code, 0, result)
    return path


def stripped(path):
    """A copy without symbols."""
    run("strip", "-s", "-o", path + ".stripped", path)
    return path + ".stripped"


def stacks_of(path, count=40, signals=False):
    """[[(function, file)]] of all threads in some samples, leaf first."""
    raw = os.path.join(temp_dir(), "raw")
    with Target(path) as target:
        time.sleep(0.2)
        ended = threading.Event()

        def send():
            while not ended.wait(0.002):
                os.kill(target.pid, signal.SIGUSR1)
        sender = threading.Thread(target=send)
        if signals:
            sender.start()
        try:
            result = pmp("-p", target.pid, "-n", count, "-r", 40, "--save-raw", raw, "-o",
                         os.path.join(temp_dir(), "p.txt"))
        finally:
            ended.set()
            if signals:
                sender.join()
        equal(result.code, 0, result)
        target.check_unharmed()
    with open(raw, errors="replace") as file:
        threads = re.split(r"^Thread .*\n", file.read(), flags=re.M)[1:]
    found = []
    for thread in threads:
        frames = [FRAME.match(line) for line in thread.splitlines() if line.startswith("#")]
        check(None not in frames, "a frame in another form", thread)
        found.append([(frame.group(1) or frame.group(3), frame.group(2)) for frame in frames])
    return found


def check_whole(stacks, nameless=()):
    """Each stack has names and begins where a stack of Go may begin. nameless: functions that may
    have none."""
    whole = 0
    for stack in stacks:
        names = [name for name, _ in stack]
        check(names, "no frames")
        check(names[-1] in ROOTS or names[-1].startswith("?? ") or names == names[:1],
              "another root", names)
        for name in names:
            check(not name.startswith(("??", "fn 0x")) or name in nameless, "no name", names)
        for at, name in enumerate(names):
            closure = re.match(r"(.*)\.func\d+$", names[at - 1]) if at else None
            if name == "runtime.systemstack" and closure:
                callers = [caller for caller, _ in stack[at + 1:at + 4]]
                check(closure.group(1) in callers, "another caller of systemstack", names)
        whole += len(names) > 1
    check(whole > 0.9 * len(stacks), "short stacks", whole, len(stacks))


def find(stacks, *chain):
    """How many stacks have these functions right after each other, leaf first."""
    rows = [[name for name, _ in stack] for stack in stacks]
    size = len(chain)
    return sum(any(tuple(row[at:at + size]) == chain for at in range(len(row))) for row in rows)


def check_pure(stacks):
    check_whole(stacks)
    check(find(stacks, "main.(*list).sum", "main.recurse", "main.recurse"), "no recursion")
    deep = [stack for stack in stacks if find([stack], "main.(*list).sum", "main.recurse")]
    for stack in deep:
        equal([name for name, _ in stack[-DEPTH - 3:]],
              ["main.recurse"] * (DEPTH + 1) + ["main.busy", "runtime.goexit"])
    check(find(stacks, "main.twice", "main.(*list).sum"), "no inlined function")
    check(find(stacks, "syscall.Read", "main.main", "runtime.main", "runtime.goexit"),
          "no system call")
    check(find(stacks, "runtime.park_m", "runtime.mcall"), "no thread that waits for work")
    collects = sum(find([stack], "main.garbage", "main.busy") for stack in stacks)
    check(collects, "no garbage collection")
    files = {file for stack in stacks for name, file in stack if name == "main.busy"}
    check(len(files) > 1 and all(re.search(r"/main\.go:\d+$", file) for file in files), "lines",
          files)
    handlers = [stack for stack in stacks if ("<signal handler called>", None) in stack]
    note("%d stacks, %d deep, %d in a signal handler" % (len(stacks), len(deep), len(handlers)))


@test("a static program: with symbols and stripped, whole stacks with names and lines")
def _():
    path = build("pure", {"main.go": PURE})
    for name in (path, stripped(path)):
        check_pure(stacks_of(name))


@test("position-independent, without symbols from the start; with many signals")
def _():
    path = build("pure", {"main.go": PURE}, "-buildmode=pie", "-ldflags=-s -w")
    check_pure(stacks_of(stripped(path), signals=True))


@test("with C: from Go to C, from C to Go, threads of C")
def _():
    path = build("mixed", {"main.go": MIXED, "part.c": C_PART}, cgo="1")
    for name in (path, stripped(path)):
        stacks = stacks_of(name)
        names = {frame for stack in stacks for frame, _ in stack}
        check_whole(stacks, [frame for frame in names if frame.startswith(("fn 0x", "??"))])
        for chain in (("runtime.asmcgocall", "runtime.cgocall", "main._Cfunc_burn_in_c",
                       "main.busy", "runtime.goexit"),
                      ("runtime.asmcgocall", "runtime.cgocall", "main._Cfunc_sleep_in_c",
                       "main.main", "runtime.main", "runtime.goexit"),
                      ("main.work", "main.busy", "runtime.goexit"),
                      ("runtime.mstart1", "runtime.mstart0", "runtime.mstart")):
            check(find(stacks, *chain), "no stack has", chain)
        back = [stack for stack in stacks if find([stack], "main.goBack")]
        check(back and all(
            find([stack], "runtime.cgocallback", "crosscall2", "goBack")
            and (name != path or find([stack], "goBack", "call_go"))
            and find([stack], "runtime.asmcgocall", "runtime.cgocall", "main._Cfunc_call_go",
                     "main.busy", "runtime.goexit") for stack in back), "calls back", back[:1])
        check(any(stack[-1][0] in ("clone3", "__clone3", "clone", "__clone") for stack in stacks),
              "no thread of C")


@test("a library in Go, used by Python: one stack from Python to Go and back to Python")
def _():
    need_live_python()
    path = build("library.so", {"main.go": LIBRARY}, "-buildmode=c-shared", cgo="1")
    yaml = os.path.join(temp_dir(), "p.yaml")
    with Target(PYTHON, "-c", PYTHON_PART, stripped(path)) as target:
        result = pmp("-p", target.pid, "-n", 100, "-r", 50, "--sleepers", "--thread", target.pid,
                     "-o", yaml)
        equal(result.code, 0, result)
        target.check_unharmed()
    profile = Profile.load(yaml)
    note("%s" % profile.stacks)
    check(not profile.stacks.get("unpaired"), "not merged", profile.stacks)
    for chain in (("work", "crosscall2", "runtime.cgocallback", "main.Work", "main.work"),
                  ("back", "crosscall2", "main.Back", "runtime.asmcgocall", "called"),
                  ("wait", "crosscall2", "main.Wait", "time.Sleep", "runtime.stoplockedm")):
        check(profile.weight_below(*chain), "no stack has", chain)


main()
