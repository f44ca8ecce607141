"""Sleeping threads are sampled without being stopped (the kernel counts how often a thread is
scheduled), or stopped with all others (--instant)."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb, need_live_python  # noqa: E402
from tap import PYTHON, Target, check, equal, main, pmp, run, skip, temp_dir, test  # noqa: E402

PROGRAM = """
import os, threading
never = threading.Event()
def inner(): never.wait()
def outer(): inner()
threading.Thread(target=outer, daemon=True).start()
def burn():
    while True: pass
print("ready %d" % os.getpid(), flush=True)
burn()
"""

MANY = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *sleep_on(void *arg) { for (;;) pause(); return arg; }
int main(void)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < 2000; i++)
		if (pthread_create(&thread, &small, sleep_on, NULL)) return 1;
	printf("ready %d\\n", (int)getpid());
	fflush(stdout);
	for (;;) ;
}
"""


def times_scheduled(pid, tid):
    with open("/proc/%d/task/%d/schedstat" % (pid, tid), encoding="ascii") as file:
        return int(file.read().split()[2])


def sample(target, tid, count, *options):
    """(profile, how often the thread was scheduled meanwhile)."""
    before = times_scheduled(target.pid, tid)
    result = pmp("-p", target.pid, "-n", count, "-r", 50, "-q", "-f", "yaml", *options)
    equal(result.code, 0, result)
    return Profile(result.out), times_scheduled(target.pid, tid) - before


@test("a sleeping thread is not scheduled for its samples, and its stack is whole")
def _():
    need_live_python()
    with Target(PYTHON, "-c", PROGRAM) as target:
        tid, = [tid for tid in target.threads() if tid != target.pid]
        time.sleep(0.3)
        if times_scheduled(target.pid, tid) == 0:
            skip("a kernel that counts how often a thread is scheduled is missing")
        _, attached = sample(target, tid, 1)
        profile, sampled = sample(target, tid, 40)
        check(sampled <= attached + 3, "stopped for its samples", attached, sampled)
        equal(profile.total, 80)
        equal(profile.stacks["merged"], 80)
        check(profile.weight_below("outer", "inner"), "order")
        equal((profile.weight("inner"), profile.weight("burn")), (40, 40))
        _, at_once = sample(target, tid, 40, "--instant")
        check(at_once >= 40, "not stopped with all others", at_once)
        target.check_unharmed()


@test("two thousand threads stop one after the other, and no stack is lost")
def _():
    need_gdb()
    path = os.path.join(temp_dir(), "many")
    run("gcc", "-O1", "-x", "c", "-", "-o", path, "-lpthread", stdin=MANY)
    with Target(path) as target:
        profile = Profile(pmp("-p", target.pid, "-n", 1, "--instant", "-q", "-f", "yaml").out)
        equal((profile.total, profile.stacks["lost"]), (2001, 0))
        equal(profile.weight("sleep_on"), 2000)
        target.check_unharmed()


main()
