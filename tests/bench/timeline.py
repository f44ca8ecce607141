"""What a timeline costs: an hour at 10 Hz of 100 threads, as `pmp fold` reads it. Threads that sleep, threads that burn
(another stack and another CPU time in each sample), and one that burns among sleepers.

    tests/bench/timeline.py [--minutes 60] [--threads 100]

For each: bytes a sample in the YAML profile that are the timeline's, its size, and the seconds and the memory that
folding takes with a timeline and without.
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
# Of a busy thread: so many functions, each on so many lines, below three callers.
FUNCTIONS, LINES = 40, 20


def text(samples, threads, busy):
    """The run's text, sample by sample."""
    dice = random.Random(7)
    yield "~pmp run rate=%d samples=%d\n~pmp target pid=1 arg=x\n" % (RATE, samples)
    cpu = [0] * threads
    for number in range(samples):
        lines = ["~pmp begin sample=%d pid=1 time_us=%d" % (number, number * 1000000 // RATE)]
        for i in range(threads):
            burns = i < busy
            cpu[i] += dice.randrange(90000, 100000) if burns else 30
            lines.append('Thread %d (LWP %d "w"):\n~pmp state code=%s cpu_us=%d' % (
                i + 1, i + 1, "R" if burns else "S", cpu[i]))
            leaf = "f%d () at f.c:%d" % (dice.randrange(FUNCTIONS), dice.randrange(LINES) + 1) if burns \
                else "nanosleep () at n.c:1"
            lines.append("#0  0x1 in %s\n#1  0x2 in inner () at w.c:3\n#2  0x3 in outer () at w.c:2\n"
                         "#3  0x4 in main () at w.c:1" % leaf)
        lines.append("~pmp end sample=%d pid=1 pause_us=%d\n" % (number, dice.randrange(1000, 5000)))
        yield "\n".join(lines)


def fold(samples, threads, busy, *options):
    """The profile's length and whether its timeline is whole, seconds, and MB at most (no less than this program has)."""
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen([PMP, "fold", "-f", "yaml", *options], stdin=subprocess.PIPE, stdout=out)
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
            print("    the timeline is not whole")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
