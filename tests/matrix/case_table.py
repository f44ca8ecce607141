"""The table of cases of `make matrix`. Each case is a module in tests/matrix/cases/.

A row has the case's name, what it shows, and its options:
    since, until   first and last version that can run it
    alone          runs in a process of its own, because it needs the main thread or the end of the
                   interpreter, or has many threads; all other cases run in one process, each in a
                   thread of its own
    all_blocked    False: threads run while pmp samples, so a stack caught in a call may be unmerged
    check          runs in `make check` as well (cases that are not alone always do)
    writes_truth   the case writes its truth itself, because no thread is left to do it
    marker         pmp must report this marker for at least one thread, from 3.7 on (earlier
                   versions need symbols for it)
"""


class Case:
    def __init__(self, name, shows, since=(2, 7), until=(4, 0), alone=False, all_blocked=True,
                 check=False, writes_truth=False, marker=None):
        self.name, self.shows, self.since, self.until = name, shows, since, until
        self.alone, self.all_blocked = alone, all_blocked
        self.check, self.writes_truth, self.marker = check, writes_truth, marker

    def fits(self, version):
        return self.since <= version <= self.until


CASES = (
    Case("evaluator_entries",
         "six frames that share evaluators unevenly: yes, no, no, yes, no, no"),
    Case("native_between", "a, b, list(map(a, ...)): native frames between Python frames"),
    Case("callbacks",
         "max, reduce, re, str, dict, attribute, iterator, class and partial call Python"),
    Case("names", "non-ASCII names, one, two and four bytes wide", since=(3, 6)),
    Case("byte_names", "file names as bytes, in Latin-1 and UTF-8", until=(2, 7)),
    Case("generators", "generators that run generators: loops, next(), sum()"),
    Case("coroutines", "yield from, async def, async for, async with", since=(3, 6)),
    Case("event_loop", "asyncio's event loop", since=(3, 6)),
    Case("exec_text", "exec and eval of text"),
    Case("from_c", "C functions called through ctypes call back"),
    Case("extension", "a C extension calls back"),
    Case("c_thread", "a thread created by C runs Python"),
    Case("line_table", "long and negative line table entries"),
    Case("code_kinds", "decorator, class body, lambda, comprehension, nested function"),
    Case("exceptions_in_flight", "exceptions in flight: except, finally, __exit__, throw"),
    Case("profiled", "in a profile function (sys.setprofile)"),
    Case("deep", "recursion 2,000 deep", alone=True, check=True),
    Case("fifty_threads", "50 threads, one in C without the GIL, one spinning with it", alone=True,
         all_blocked=False, check=True),
    Case("gil_contention", "four threads compete for the GIL", alone=True, all_blocked=False,
         check=True, marker="waits for the GIL"),
    Case("signal_handler", "in a Python signal handler", alone=True),
    Case("gc_finalizer", "in a finalizer run by the garbage collector", alone=True),
    Case("importing", "during an import", alone=True, check=True),
    Case("atexit_function", "in an atexit function", alone=True, check=True),
    Case("finalizing", "in a __del__ at the end of the interpreter", since=(3, 6), alone=True,
         writes_truth=True),
    Case("interpreters", "a thread with frames in a subinterpreter", since=(3, 8), alone=True),
)


def groups(version, check_only=False):
    """Lists of cases, one for each process: the cases that this version can run."""
    fitting = [case for case in CASES if case.fits(version)]
    found = [[case for case in fitting if not case.alone]]
    return found + [[case] for case in fitting if case.alone and (case.check or not check_only)]
