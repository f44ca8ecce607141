"""The cost of a timeline: an hour at 10 Hz of 100 threads, read by `pmp fold`.

    tests/bench/timeline.py [--minutes 60] [--threads 100]

There are three cases: all threads sleep; one thread is busy (another stack and another CPU time in
each sample); all threads are busy. For each case it prints the timeline's bytes per sample in the
YAML profile, the size of the profile, and the time and memory with and without a timeline.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PMP = os.path.join(ROOT, os.environ.get("B", "build"), "pmp")
RATE = 10
# The stack of a busy thread: one of so many functions, on one of so many lines, below three
# callers.
FUNCTIONS, LINES = 40, 20


def text(samples, threads, busy):
    """The run's text, sample by sample."""
    dice = random.Random(7)
    yield "~pmp run rate=%d samples=%d\n~pmp target pid=1 arg=x\n" % (RATE, samples)
    cpu = [0] * threads
    for number in range(samples):
        lines = ["~pmp begin sample=%d pid=1 time_us=%d" % (number, number * 1000000 // RATE)]
        for i in range(threads):
            is_busy = i < busy
            cpu[i] += dice.randrange(90000, 100000) if is_busy else 30
            lines.append('Thread %d (LWP %d "w"):\n~pmp state code=%s cpu_us=%d' % (
                i + 1, i + 1, "R" if is_busy else "S", cpu[i]))
            leaf = "nanosleep () at n.c:1"
            if is_busy:
                place = dice.randrange(FUNCTIONS), dice.randrange(LINES) + 1
                leaf = "f%d () at f.c:%d" % place
            lines.append("#0  0x1 in %s\n#1  0x2 in inner () at w.c:3\n"
                         "#2  0x3 in outer () at w.c:2\n#3  0x4 in main () at w.c:1" % leaf)
        pause = dice.randrange(1000, 5000)
        lines.append("~pmp end sample=%d pid=1 pause_us=%d\n" % (number, pause))
        yield "\n".join(lines)


def fold(samples, threads, busy, *options):
    """(bytes of the profile, whether its timeline is complete, seconds, peak MB). The peak is at
    least that of this program."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen([PMP, "fold", "-f", "yaml", *options], stdin=subprocess.PIPE,
                                 stdout=out)
        for piece in text(samples, threads, busy):
            child.stdin.write(piece.encode())
        child.stdin.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        if status:
            sys.exit("timeline.py: pmp fold failed")
        seconds = time.monotonic() - start
        size = out.tell() or os.fstat(out.fileno()).st_size
        out.seek(0)
        whole = b"the timeline ends" not in out.read(1 << 16)
        return size, whole, seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=100)
    options = parser.parse_args()
    samples = int(options.minutes * 60 * RATE)
    print("%d samples of %d threads" % (samples, options.threads))
    print("%-12s %14s %10s %9s %12s %12s" % (
        "busy threads", "bytes a sample", "YAML MB", "more s", "memory MB", "without MB"))
    for busy in (0, 1, options.threads):
        with_it, whole, seconds, memory = fold(samples, options.threads, busy)
        without, _, less, bare = fold(samples, options.threads, busy, "--no-timeline")
        print("%-12d %14.1f %10.2f %9.1f %12.1f %12.1f" % (
            busy, (with_it - without) / samples, with_it / 1e6, seconds - less, memory, bare))
        if not whole:
            print("    the timeline is not complete")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
