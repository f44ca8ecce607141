"""Rows of `pmp merge`: a thousand profiles of one program, with 10,000 nodes each."""

import os
import random
import subprocess
import time

from rows import Row, Unable
from tap import PMP, temp_dir

PROFILES, NODES = 1000, 10000
DIFFERENT = 40  # so many of the thousand profiles are different
FUNCTIONS = 2000


class Runs:
    """Profiles of runs of one program that take different paths through the same call graph. They
    are made on first use."""

    def __init__(self):
        self.folder = None
        graph = random.Random(7)
        self.names = ["function_%d (module_%d.py)" % (i, i % 60) for i in range(FUNCTIONS)]
        self.calls = [[graph.randrange(FUNCTIONS) for _ in range(graph.choice((1, 2, 3, 4)))]
                      for _ in range(FUNCTIONS)]

    def stacks(self, seed):
        chance, seen, weights = random.Random(seed), set(), {}
        while len(seen) < NODES:
            at, path = 0, ()
            for _ in range(chance.randrange(5, 40)):
                path += (at,)
                seen.add(path)
                at = self.calls[at][min(int(chance.expovariate(1.5)), len(self.calls[at]) - 1)]
            weights[path] = weights.get(path, 0) + 1
        return weights

    def paths(self, suffix, count):
        if not self.folder:
            self.folder = temp_dir()
            for seed in range(DIFFERENT):
                with open(os.path.join(self.folder, "%d.folded" % seed), "w",
                          encoding="ascii") as file:
                    for path, weight in sorted(self.stacks(seed).items()):
                        file.write("%s %d\n" % (";".join(self.names[i] for i in path), weight))
        for seed in range(DIFFERENT):
            path = os.path.join(self.folder, "%d%s" % (seed, suffix))
            if not os.path.exists(path):
                subprocess.run([PMP, "show", "-q", path[:-len(suffix)] + ".folded", "-o", path],
                               check=True)
        return [os.path.join(self.folder, "%d%s" % (i % DIFFERENT, suffix)) for i in range(count)]


def merge(paths):
    """(seconds, peak MB) of a merge of these files."""
    begin = time.monotonic()
    pid = os.posix_spawn(PMP, [PMP, "merge", "-q", "-f", "collapsed", "-o", "/dev/null", *paths],
                         os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise Unable("pmp merge: code %d" % os.waitstatus_to_exitcode(status))
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def rows(_):
    runs = Runs()
    return [
        Row("merge: 1,000 profiles of 10,000 nodes, collapsed", "s", 5,
            lambda: merge(runs.paths(".folded", PROFILES))[0]),
        Row("merge: the same in YAML", "s", 5, lambda: merge(runs.paths(".yaml", PROFILES))[0],
            rounds=1),
        # Each processor has its own sum.
        Row("merge: memory for 1,000, times that for 40", "times", 2,
            lambda: merge(runs.paths(".folded",
                                     PROFILES))[1] / merge(runs.paths(".folded", DIFFERENT))[1]),
    ]
