"""Rows of the call tree, and of writers and readers for profiles of a million nodes (trees.c)."""

import os
import subprocess

from rows import BUILD, Row

NODES, QUICK_NODES = 1000000, 100000


class Times:
    """The figures of trees.c. Each is given once; then the program runs again."""

    def __init__(self, nodes):
        self._nodes, self._left = nodes, {}

    def taker(self, name):
        def take():
            if not self._left.get(name):
                out = subprocess.run([os.path.join(BUILD, "tests", "bench", "trees"),
                                      str(self._nodes)], check=True,
                                     stdout=subprocess.PIPE).stdout.decode()
                for line in out.splitlines():
                    key, figure = line.split()
                    self._left.setdefault(key, []).append(float(figure))
            return self._left[name].pop(0)
        return take


def rows(quick):
    times = Times(QUICK_NODES if quick else NODES)
    return [
        Row("tree: stacks of 30 frames added", "a second", 3e6, times.taker("stacks_per_s"),
            more=True, quick=True),
        Row("tree: memory", "bytes a node", 64, times.taker("bytes_a_node"), quick=True),
        Row("collapsed stacks: written", "MB/s", 500, times.taker("collapsed_write"), more=True,
            quick=True),
        Row("collapsed stacks: read", "MB/s", 500, times.taker("collapsed_read"), more=True,
            quick=True),
        Row("YAML: written, times libyaml's own time", "times", 1.5,
            times.taker("yaml_write_ratio"), quick=True),
        Row("YAML: read, times libyaml's own time", "times", 1.5, times.taker("yaml_read_ratio"),
            quick=True),
    ]
