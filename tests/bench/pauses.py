"""Rows of the cost of sampling for the target and the machine. The targets measure their own
pauses.
"""

import os
import re
import resource
import signal
import statistics
import subprocess
import time

import pythons
from profiles import Profile
from rows import BUILD, Row, Unable
from tap import PMP, PYTHON, Target, run, temp_dir

HERE = os.path.dirname(os.path.abspath(__file__))
GAPS = os.path.join(BUILD, "tests", "bench", "gaps")
LIBRARIES = 300
ASKED_HZ = 1000
CALM = 0.3  # seconds between two measurements

# A program that counts its work in a shared file: FILE THREADS.
WORK = """
import mmap, os, struct, sys, threading
with open(sys.argv[1], "wb") as file: file.write(bytes(8 * int(sys.argv[2])))
with open(sys.argv[1], "r+b") as file: shared = mmap.mmap(file.fileno(), 0)
def step(n):
    return sum(range(n))
go = threading.Event()
def work(at):
    go.wait()
    done = 0
    while True:
        done += 1
        step(50)
        if not done % 100: struct.pack_into("<Q", shared, at, done)
for i in range(1, int(sys.argv[2])):
    threading.Thread(target=work, args=(8 * i,), daemon=True).start()
print("ready %d" % os.getpid(), flush=True)
go.set()
work(0)
"""

# One of THREADS works.
SLEEPERS = """
import os, sys, threading, time
for _ in range(1, int(sys.argv[1])):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("ready %d" % os.getpid(), flush=True)
while True: pass
"""


def python_311():
    """The path of a Python 3.11; one built from source, with its DWARF, is preferred."""
    found = [python for python in pythons.found() if python.version == (3, 11)]
    if not found:
        raise Unable("no Python 3.11")
    return sorted(found, key=lambda python: python.path.startswith("/usr/bin"))[0].path


class Watched:
    """A target that records its gaps."""

    def __init__(self, *argv, threads=None, libraries=()):
        self.path = os.path.join(temp_dir(), "gaps")
        more = () if threads is None else (threads, *libraries)
        self.target = Target(*argv, 600, self.path, *more, limit=60)
        time.sleep(CALM)

    def sample(self, *options):
        """Runs pmp. Returns the Profile, and pmp's begin and end in us."""
        begin = time.monotonic()
        result = run(PMP, "-p", str(self.target.pid), "-q", "-f", "yaml",
                     *(str(option) for option in options), limit=300)
        if result.code:
            raise AssertionError(str(result))
        return Profile(result.out), begin * 1e6, time.monotonic() * 1e6

    def end(self):
        """Ends the target. Returns (thread, begin, length) of each gap, in us."""
        self.target.process.send_signal(signal.SIGTERM)
        self.target.process.wait(timeout=60)
        self.target.stop()
        with open(self.path, encoding="ascii") as file:
            return [tuple(int(word) for word in line.split()) for line in file]


def longest(gaps, begin, end):
    return max([length for _, at, length in gaps if begin <= at < end], default=0) / 1000


class Shared:
    """One measurement with several figures, each of which is taken by a different row."""

    def __init__(self, measure):
        self._measure, self._left = measure, {}

    def taker(self, name):
        def take():
            if not self._left.get(name):
                for key, figure in self._measure().items():
                    self._left.setdefault(key, []).append(figure)
            return self._left[name].pop(0)
        return take


def steady(samples):
    """The median, 99th percentile and largest gap of a run, in ms, and the median pause that pmp
    reports."""
    def measure():
        watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
        calm = time.monotonic() * 1e6
        profile, begin, end = watched.sample("-n", samples, "-r", 50)
        pid, loop = watched.target.pid, []
        for _ in range(2):
            at = time.monotonic() * 1e6
            run("gdb", "-nx", "-iex", "set debuginfod enabled off", "-p", str(pid), "-ex", "bt",
                "-batch", limit=60)
            loop.append((at, time.monotonic() * 1e6))
        gaps = watched.end()
        own = sorted(length for _, at, length in gaps if begin <= at < end)
        median = statistics.median(own) / 1000
        reported = profile.sampling["pause_ms"]["median"]
        classic = statistics.median(longest(gaps, *when) for when in loop)
        return {"median": median, "reported": {"pmp": reported, "seen by the target": median},
                "differ": 100 * abs(reported - median) / median,
                "p99": own[int(len(own) * 0.99)] / 1000,
                "largest": own[-1] / 1000, "calm": calm,
                "classic": {"pmp": classic / median, "the loop's pause, ms": classic},
                "classic_reported": classic / reported}
    return Shared(measure)


def first_sample(argv, **how):
    def measure():
        options = {key: value() if callable(value) else value for key, value in how.items()}
        watched = Watched(*argv(), **options)
        _, begin, end = watched.sample("-n", 1)
        return longest(watched.end(), begin, end)
    return measure


def libraries():
    """Builds LIBRARIES shared libraries; returns their paths."""
    folder = temp_dir()
    with open(folder + "/x.c", "w", encoding="ascii") as file:
        file.write("int f(int x) { return x + N; }\n")
    for first in range(0, LIBRARIES, 50):
        processes = [subprocess.Popen(["cc", "-g", "-shared", "-fPIC", "-DN=%d" % i, "-o",
                                       "%s/lib%d.so" % (folder, i), folder + "/x.c"])
                     for i in range(first, first + 50)]
        for process in processes:
            process.wait()
    return ["%s/lib%d.so" % (folder, i) for i in range(LIBRARIES)]


def cold_start():
    """Seconds from pmp's start to the pause of the only sample, and to pmp's end."""
    watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
    _, begin, end = watched.sample("-n", 1)
    pause = max((gap for gap in watched.end() if begin <= gap[1] < end), key=lambda gap: gap[2])
    return {"pmp": (pause[1] - begin) / 1e6, "to pmp's end": (end - begin) / 1e6}


def dump_seconds(threads):
    def measure():
        with Target(python_311(), "-c", SLEEPERS, threads) as target:
            time.sleep(CALM)
            return run(PMP, "dump", "-p", str(target.pid)).seconds
    return measure


def slow_samples():
    watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
    profile, begin, end = watched.sample("-n", 30)
    gaps = [length for _, at, length in watched.end() if begin <= at < end]
    return {"pmp": statistics.median(sorted(gaps)[-30:]) / 1000,
            "as pmp reports it": profile.sampling["pause_ms"]["median"]}


def slowdown(threads, seconds=4, rounds=3):
    """The percentage of a program's work that is lost while it is sampled at 10 Hz."""
    def measure():
        path = os.path.join(temp_dir(), "count")
        with Target(PYTHON, "-c", WORK, path, threads) as target:
            def work():
                with open(path, "rb") as file:
                    data = file.read()
                return sum(int.from_bytes(data[at:at + 8], "little")
                           for at in range(0, len(data), 8))

            def rate():
                begin, at = work(), time.monotonic()
                time.sleep(seconds)
                return (work() - begin) / (time.monotonic() - at)
            alone, sampled = [], []
            time.sleep(CALM)
            for _ in range(rounds):
                alone.append(rate())
                pmp = subprocess.Popen([PMP, "-p", str(target.pid), "-d", str(seconds + 4), "-n",
                                        "1000", "-q", "-o", path + ".yaml"])
                time.sleep(2)  # pmp reads symbols
                sampled.append(rate())
                pmp.wait(timeout=60)
                time.sleep(CALM)
        return max(0.0, 100 * (1 - statistics.median(sampled) / statistics.median(alone)))
    return measure


def rate(samples):
    def measure():
        watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
        profile, _, _ = watched.sample("-n", samples, "-r", ASKED_HZ)
        watched.end()
        found = profile.sampling
        return {"hz": found["achieved_hz"], "late": 100.0 * found["late"] / found["taken"]}
    return Shared(measure)


def many_threads(threads):
    def measure():
        figures = {}
        for who, count in (("alone", 0), ("pmp", 1)):
            watched = Watched(GAPS, threads=threads)
            if count:
                _, begin, end = watched.sample("-n", 1)
                _, more_begin, more_end = watched.sample("-n", 6, "-r", 1000)
                figures["wall"] = max(0.0, (more_end - more_begin) - (end - begin)) / 5e6
            else:
                time.sleep(2)
            lengths = [length for thread, _, length in watched.end() if thread]
            figures[who] = statistics.median(lengths) / 1000
        return {"gap": {"pmp": figures["pmp"], "not sampled": figures["alone"]},
                "wall": figures["wall"]}
    return Shared(measure)


def cpu():
    """The percentage of a core that pmp and its gdb use after the start."""
    def used(samples):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _, begin, end = watched.sample("-n", samples, "-r", 10)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return cpu_s, (end - begin) / 1e6
    watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
    short, long = used(10), used(60)
    watched.end()
    return 100 * (long[0] - short[0]) / (long[1] - short[1])


def memory():
    """Peak resident sizes, in MB."""
    def peak(pid):
        try:
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                return int(re.search(r"VmHWM:\s*(\d+)", file.read()).group(1)) / 1024
        except (OSError, AttributeError):
            return 0

    def children(pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def watch(*argv):
        process, most = subprocess.Popen(argv, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL), {}
        while process.poll() is None:
            for pid in [process.pid] + children(process.pid):
                most[pid] = max(most.get(pid, 0), peak(pid))
            time.sleep(0.02)
        own = most.pop(process.pid)
        return own, max(most.values(), default=0)
    watched = Watched(python_311(), os.path.join(HERE, "gaps.py"))
    pid = str(watched.target.pid)
    own, its_gdb = watch(PMP, "-p", pid, "-n", "200", "-r", "50", "-q", "-o",
                         os.path.join(temp_dir(), "p.yaml"))
    loop, _ = watch("gdb", "-nx", "-iex", "set debuginfod enabled off", "-p", pid, "-ex", "bt",
                    "-batch")
    watched.end()
    return {"own": own,
            "gdb": {"pmp": its_gdb / loop, "the classic loop's, MB": loop,
                    "pmp's gdb, MB": its_gdb}}


def rows(quick):
    run_of = steady(60 if quick else 200)
    python = (lambda: (python_311(), os.path.join(HERE, "gaps.py")))
    debian = (lambda: (PYTHON, os.path.join(HERE, "gaps.py")))
    fast, crowd, sizes = rate(5000), many_threads(1000), Shared(memory)
    return [
        Row("pause: median, seen by the target", "ms", 0.25, run_of.taker("median"), quick=True),
        Row("pause: median, reported by pmp", "ms", 0.25, run_of.taker("reported"), quick=True),
        Row("pause: difference of seen and reported", "%", 20, run_of.taker("differ")),
        Row("pause: 99th percentile, seen", "ms", 1, run_of.taker("p99")),
        Row("pause: the classic loop's, times pmp's", "times", 1000, run_of.taker("classic"),
            more=True),
        # The target's gaps include other load on the machine; this ratio is valid on a busy
        # machine.
        Row("pause: the classic loop's, times pmp's report", "times", 1000,
            run_of.taker("classic_reported"), more=True, quick=True),
        Row("pause: largest, 200 samples", "ms", 10, run_of.taker("largest")),
        Row("pause of the first sample: Python with its DWARF", "ms", 40, first_sample(python),
            quick=True),
        Row("pause of the first sample: the system's Python", "ms", 10, first_sample(debian),
            quick=True),
        Row("pause of the first sample: 300 shared libraries", "ms", 40,
            first_sample(lambda: (GAPS,), threads=1, libraries=libraries)),
        Row("from a cold start to the first sample", "s", 0.5, cold_start, quick=True),
        Row("pmp dump of 20 threads", "s", 1, dump_seconds(20)),
        Row("pause at 10 Hz: median, seen by the target", "ms", 2, slow_samples),
        Row("slowdown at 10 Hz, 1 thread", "%", 1, slowdown(1)),
        Row("slowdown at 10 Hz, 100 threads", "%", 1, slowdown(100)),
        Row("samples a second, of %d" % ASKED_HZ, "Hz", 990, fast.taker("hz"), more=True),
        Row("late, of %d a second" % ASKED_HZ, "%", 1, fast.taker("late")),
        Row("1,000 threads: gap of the median thread", "ms", 1, crowd.taker("gap"), rounds=2),
        Row("1,000 threads: a sample", "s", 0.4, crowd.taker("wall"), rounds=2),
        Row("CPU time at 10 Hz, pmp and gdb", "% of a core", 3, cpu),
        Row("memory of pmp, 200 samples", "MB", 8, sizes.taker("own")),
        Row("memory of its gdb, times the classic loop's", "times", 1, sizes.taker("gdb")),
    ]
