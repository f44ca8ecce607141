"""Runs inside gdb: times the parts of one sample of a process, and prints them as a line of JSON.

    native    unwinding the native stack
    python    the additional time for Python: thread states and frames; names are cached
    first     the same for the first sample, which reads every name

All are milliseconds, medians of ROUNDS samples; `python` is the median of the differences.
"""

import json
import os
import sys
import time

import gdb

sys.path.insert(0, os.path.join(os.environ["PMP_ROOT"], "tests", "harness"))
from gdb_modules import Attached, registers_of  # noqa: E402

ROUNDS = 300


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def timed(function):
    begin = time.perf_counter()
    result = function()
    return 1000 * (time.perf_counter() - begin), result


def main(pid):
    import pmp_interpreter as interpreter
    import pmp_native_stack as native_stack
    from pmp_python_files import PythonFiles

    target = Attached(pid)
    thread = gdb.selected_thread()
    ident = registers_of(thread).thread_id
    files = PythonFiles(pid).scan()
    python, note = interpreter.find_live(target.memory, files, {ident}.__contains__)
    if python is None:
        raise gdb.GdbError("no Python: %s" % note)

    def walk():
        found = target.unwinder.unwind(target.memory, registers_of(thread))
        return native_stack.Stack(*found)

    def take_sample(reader):
        stack = walk()
        return stack, reader.runs(target.memory, reader.thread_states(target.memory).get(ident, []))

    walk()
    fresh = interpreter.find_live(target.memory, files, {ident}.__contains__)[0]
    # find_live() has read names to check them, so the cache is replaced by an empty one.
    fresh.frames = type(fresh.frames)(fresh.layout)
    first, _ = timed(lambda: take_sample(fresh))
    # Alternate, so that other load on the machine affects both in the same way.
    native_ms, added = [], []
    for _ in range(ROUNDS):
        native_ms.append(timed(walk)[0])
        both, (stack, runs) = timed(lambda: take_sample(python))
        added.append(both - native_ms[-1])
    print("BENCH " + json.dumps({
        "native": median(native_ms), "python": median(added), "first": first - median(native_ms),
        "native_frames": len(stack.frames),
        "python_frames": sum(len(run.frames) for own in runs for run in own)}))


main(int(os.environ["PMP_PID"]))
