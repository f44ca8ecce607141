"""Rows of `pmp fold` on text, compared with other programs that fold or just read it."""

import os
import re
import shutil
import subprocess
import time

import gdb_text
from rows import Row, Unable
from tap import PMP, temp_dir

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
# mawk is the fastest awk.
AWK = (shutil.which("mawk") or "awk", "-f", os.path.join(PEERS, "fold.awk"))
SIZE = 69 << 20
STACKS = 40000  # that all differ: 92 MB, 1.2 million nodes


class Texts:
    """Two texts, made on first use: with equal stacks, and varied."""

    def __init__(self, size):
        self.size, self._paths = size, {}

    def path(self, varied):
        if varied not in self._paths:
            self._paths[varied] = os.path.join(temp_dir(), "text")
            with open(self._paths[varied], "wb") as out:
                gdb_text.write(out, self.size, varied)
        return self._paths[varied]

    def jit(self, stacks):
        """The path of a text whose stacks all differ, and the number of its frames."""
        if stacks not in self._paths:
            path = os.path.join(temp_dir(), "text")
            with open(path, "wb") as out:
                self._paths[stacks] = path, gdb_text.write_jit(out, stacks)
        return self._paths[stacks]


def seconds(*argv):
    begin = time.monotonic()
    # The output is a pipe: with /dev/null, grep stops at its first match.
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Unable(done.stderr.decode().strip() or argv[0])
    return time.monotonic() - begin


def fold(path):
    return seconds(PMP, "fold", "-q", "-f", "collapsed", path)


def speed(texts, varied):
    """MB/s of pmp and of the other programs."""
    def measure():
        path = texts.path(varied)
        size = os.path.getsize(path) / 1e6
        return {"pmp": size / fold(path), "grep -c": size / seconds("grep", "-c", "^#", path),
                "awk": size / seconds(*AWK, path),
                "perl": size / seconds("perl", os.path.join(PEERS, "fold.pl"), path)}
    return measure


def times(texts, peer, pmp_over_peer):
    """pmp's speed divided by the peer's; with pmp_over_peer, pmp's time divided by the peer's."""
    def measure():
        path = texts.path(False)
        own, other = fold(path), seconds(*peer, path)
        return own / other if pmp_over_peer else other / own
    return measure


def times_jit(texts, stacks):
    """pmp's speed divided by the awk's, for stacks that all differ."""
    def measure():
        path = texts.jit(stacks)[0]
        return seconds(*AWK, path) / fold(path)
    return measure


def wait_peak(pmp):
    """Waits for a process; returns its peak memory in MB. wait4 tells that of bench.py, if that is
    more."""
    peak = 0
    while pmp.poll() is None:
        with open("/proc/%d/status" % pmp.pid, encoding="ascii") as file:
            found = re.search(r"VmHWM:\s*(\d+)", file.read())
            peak = max(peak, int(found.group(1)) / 1024 if found else 0)
        time.sleep(0.02)
    return peak


def bytes_a_frame(texts, stacks):
    """pmp's peak memory divided by the number of frames, each of which is a node."""
    def measure():
        path, frames = texts.jit(stacks)
        return wait_peak(subprocess.Popen([PMP, "fold", "-q", "-f", "collapsed", path],
                                          stdout=subprocess.DEVNULL)) * (1 << 20) / frames
    return measure


def growth(small, large):
    """Time per byte of a large text, divided by that of a small text: 1 is linear. The small one is
    read 20 times, so that its time can be measured."""
    def measure():
        begin = time.monotonic()
        for _ in range(20):
            fold(small.path(False))
        of_small = (time.monotonic() - begin) / 20 / os.path.getsize(small.path(False))
        return fed(large)[0] / large / of_small
    return measure


def fed(size):
    """(seconds, peak MB) for `size` bytes from a pipe."""
    folder = temp_dir()
    with open(folder + "/text", "wb") as out:
        gdb_text.write(out, SIZE, False)
    count = -(-size // os.path.getsize(folder + "/text"))
    feed = subprocess.Popen(["cat"] + [folder + "/text"] * count, stdout=subprocess.PIPE)
    begin = time.monotonic()
    pmp = subprocess.Popen([PMP, "fold", "-q", "-f", "collapsed"], stdin=feed.stdout,
                           stdout=subprocess.DEVNULL)
    feed.stdout.close()
    peak = wait_peak(pmp)
    feed.wait()
    return time.monotonic() - begin, peak


def rows(quick):
    texts, small = Texts(SIZE >> 2 if quick else SIZE), Texts(1 << 20)
    stacks = STACKS // 4 if quick else STACKS
    return [
        Row("fold: equal stacks", "MB/s", 1000, speed(texts, False), more=True, rounds=5),
        Row("fold: no two lines alike", "MB/s", 1000, speed(texts, True), more=True, rounds=5),
        Row("fold: times as fast as a Perl", "times", 10,
            times(texts, ("perl", os.path.join(PEERS, "fold.pl")), False), more=True,
            quick=True),
        Row("fold: times as fast as an awk", "times", 6, times(texts, AWK, False), more=True,
            quick=True, reached=3),
        Row("fold: distinct stacks, times as fast as an awk", "times", 2,
            times_jit(texts, stacks), more=True, quick=True, rounds=5),
        Row("fold: distinct stacks, memory", "bytes a node", 64,
            bytes_a_frame(texts, stacks), quick=True),
        Row("fold: times as long as grep -c", "times", 3, times(texts, ("grep", "-c", "^#"), True),
            quick=True),
        Row("fold: a byte of 4 GB, times one of 1 MB", "times", 1.1, growth(small, 4 << 30),
            rounds=1),
        Row("fold: memory for 4 GB, times that for 69 MB", "times", 1.1,
            lambda: fed(4 << 30)[1] / fed(SIZE)[1], rounds=1),
    ]
