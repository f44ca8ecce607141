"""A thread that sleeps is looked at without being stopped: the kernel counts how often it came on a CPU."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import PYTHON, Target, check, equal, main, pmp, skip, test  # noqa: E402

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


def came_on_cpu(pid, tid):
    with open("/proc/%d/task/%d/schedstat" % (pid, tid), encoding="ascii") as file:
        return int(file.read().split()[2])


def sample(target, tid, count, *options):
    """(its profile, how often the thread came on a CPU meanwhile)."""
    before = came_on_cpu(target.pid, tid)
    result = pmp("-p", target.pid, "-n", count, "-r", 50, "-q", "-f", "yaml", *options)
    equal(result.code, 0, result)
    return Profile(result.out), came_on_cpu(target.pid, tid) - before


@test("it comes on no CPU for it, and its stack is whole")
def _():
    need_live_python()
    with Target(PYTHON, "-c", PROGRAM) as target:
        tid, = [tid for tid in target.threads() if tid != target.pid]
        time.sleep(0.3)
        if came_on_cpu(target.pid, tid) == 0:
            skip("the kernel does not count how often a thread comes on a CPU")
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


main()
