"""The cases of `make matrix`, as data: each is a module in tests/matrix/ whose answer is known.

A row: its name, what it shows, and where it differs from the rule
    since, until   versions that have what it shows (both included)
    alone          a process of its own: it needs the main thread, the interpreter's end, or has many threads;
                   all others run together, each in a thread of one process
    steady         False: threads go on while pmp looks, so that a stack caught in a call need not be merged
    check          in `make check`, too (those that are not alone are)
    by_hand        it writes its truth itself, as no thread is left to ask
    marker         what pmp has to say of one of the threads at least, from 3.7 on (before, only symbols tell)
"""


class Case:
    def __init__(self, name, shows, since=(2, 7), until=(4, 0), alone=False, steady=True, check=False,
                 by_hand=False, marker=None):
        self.name, self.shows, self.since, self.until = name, shows, since, until
        self.alone, self.steady, self.check, self.by_hand = alone, steady, check, by_hand
        self.marker = marker

    def fits(self, version):
        return self.since <= version <= self.until


CASES = (
    Case("entries", "six frames that share evaluators unevenly: yes, no, no, yes, no, no"),
    Case("between", "a, b, list(map(a, ...)): native frames between groups of Python frames"),
    Case("callbacks", "max, reduce, re, str, dict, attribute, iterator, class and partial call Python"),
    Case("names", "names outside ASCII, one, two and four bytes wide", since=(3, 6)),
    Case("latin", "file names that are bytes, in Latin-1 and UTF-8", until=(2, 7)),
    Case("generators", "generators that run generators: loops, next(), sum()"),
    Case("coroutines", "yield from, async def, async for, async with", since=(3, 6)),
    Case("loop", "asyncio's event loop", since=(3, 6)),
    Case("text", "exec and eval of text"),
    Case("from_c", "C functions that ctypes calls call back"),
    Case("extension", "a C extension calls back"),
    Case("foreign", "a thread that C has started runs Python"),
    Case("lines", "line table entries that are long, and negative ones"),
    Case("shapes", "decorator, class body, lambda, comprehension, nested function"),
    Case("in_flight", "exceptions in flight: except, finally, __exit__, throw"),
    Case("profiled", "in a profile function"),
    Case("deep", "recursion 2,000 deep", alone=True, check=True),
    Case("fifty", "50 threads, one in C without the GIL, one that spins with it", alone=True, steady=False,
         check=True),
    Case("contend", "four threads that want the GIL", alone=True, steady=False, check=True,
         marker="waits for the GIL"),
    Case("handler", "in a signal's Python handler", alone=True),
    Case("collecting", "in a finalizer that the garbage collector runs", alone=True),
    Case("importing", "while a module is imported", alone=True, check=True),
    Case("leaving", "in a function that atexit calls", alone=True, check=True),
    Case("finalizing", "in a __del__ at the very end", since=(3, 6), alone=True, by_hand=True),
    Case("interpreters", "a thread with frames in a subinterpreter", since=(3, 8), alone=True),
)


def groups(version, check_only=False):
    """Lists of cases that one process runs, as far as this version has what they show."""
    fitting = [case for case in CASES if case.fits(version)]
    found = [[case for case in fitting if not case.alone]]
    return found + [[case] for case in fitting if case.alone and (case.check or not check_only)]
