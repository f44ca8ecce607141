"""Runs inside a gdb that is attached: times the parts of one sample, and prints them as a line of JSON.

    native    the stack walked without what pairing needs
    python    what Python frames add: stack pointers, thread states, frames. Names are cached
    first     the same the first time, with every name read

In milliseconds, the medians of ROUNDS; of python, that of the differences. Before each round gdb's own caches are emptied, as they are when a
target has run on.
"""

import importlib.util
import json
import os
import sys
import time
import types

import gdb

ROUNDS = 300
SCRIPTS = os.path.join(os.environ["PMP_ROOT"], "gdbscripts")
FLUSH = (("maintenance flush register-cache", "flushregs"), ("maintenance flush dcache",))


class Finder:
    """import pmp_NAME finds gdbscripts/NAME.py."""

    @staticmethod
    def find_spec(fullname, _path=None, _target=None):
        if not fullname.startswith("pmp_"):
            return None
        return importlib.util.spec_from_file_location(fullname, os.path.join(SCRIPTS, fullname[4:] + ".py"))


def flush():
    for names in FLUSH:
        for name in names:
            try:
                gdb.execute(name, False, True)
                break
            except gdb.error:
                pass


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def timed(function):
    flush()
    gdb.newest_frame()  # its registers are read for either kind of walk
    begin = time.perf_counter()
    result = function()
    return 1000 * (time.perf_counter() - begin), result


def main(pid):
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, Finder)
    import pmp_interpreter as interpreter
    import pmp_memory
    import pmp_native as native
    from pmp_python_files import PythonFiles

    memory = pmp_memory.Memory(gdb.selected_inferior())
    walker = native.Walker(lambda _pc: "", types.SimpleNamespace(find=lambda _pc: None))
    walker.walk(True)  # names are not what is timed
    thread = native.thread_id()
    files = PythonFiles(pid).look()
    python, note = interpreter.find(memory, files, {thread})
    if python is None:
        raise gdb.GdbError("no Python: %s" % note)

    def look(reader):
        stack = walker.walk(reader.by_address)
        return stack, reader.runs(memory, reader.thread_states(memory).get(thread, []))

    fresh = interpreter.find(memory, files, {thread})[0]
    fresh._frames = type(fresh._frames)(fresh._layout)  # it has read names to find out that they make sense
    first, _ = timed(lambda: look(fresh))
    # In turns: what else the machine does falls on both alike.
    native_ms, added = [], []
    for _ in range(ROUNDS):
        native_ms.append(timed(lambda: walker.walk(False))[0])
        both, (stack, runs) = timed(lambda: look(python))
        added.append(both - native_ms[-1])
    print("BENCH " + json.dumps({
        "native": median(native_ms), "python": median(added), "first": first - median(native_ms),
        "native_frames": len(stack.frames),
        "python_frames": sum(len(run.frames) for own in runs for run in own)}))


main(int(os.environ["PMP_PID"]))
