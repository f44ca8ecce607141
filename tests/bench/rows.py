"""The rows of `make bench`: what is measured, what it is to be, and what came out."""

import json
import os
import statistics
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
RATIOS = ("times", "bytes a node")  # units of what does not depend on the machine: in `make bench-quick` these alone fail
AGAIN = 3
LINE = "%-46s %14s %12s %7s  %s"


class Row:
    """One figure. `measure` gives it, or a dict of it ("pmp") and what else was measured beside it (peers), each time that it's
    called. target: at most (or, `more`: at least) that. quick: also in `make bench-quick`, where a ratio that misses its
    target by more than double fails; or what is reached, where README says that the target is not."""

    def __init__(self, name, unit, target, measure, more=False, quick=False, rounds=3, reached=None):
        self.name, self.unit, self.target, self.measure = name, unit, target, measure
        self.more, self.quick, self.rounds, self.reached = more, quick, rounds, reached or target
        self.found = {}  # who -> figures

    def run_once(self):
        found = self.measure()
        if not isinstance(found, dict):
            found = {"pmp": found}
        for who, figure in found.items():
            self.found.setdefault(who, []).append(figure)

    def ratio(self, to=None, best=False):
        """1: the target; more: missed. to: in place of the target; best: of the best figure, not of the median."""
        figures, target = self.found["pmp"], to or self.target
        figure = statistics.median(figures)
        if best:
            figure = max(figures) if self.more else min(figures)
        if self.more:
            return target / figure if figure else float("inf")
        return figure / target

    def result(self):
        return {"name": self.name, "unit": self.unit, "target": self.target, "at_least": self.more,
                "ratio": round(self.ratio(), 3),
                **{who: {"median": statistics.median(figures), "least": min(figures), "most": max(figures)}
                   for who, figures in self.found.items()}}

    def line(self):
        own = self.found["pmp"]
        peers = ["%s %.3g (%.3g times)" % (who, statistics.median(figures),
                                           statistics.median(figures) / (statistics.median(own) or float("nan")))
                 for who, figures in self.found.items() if who != "pmp"]
        return LINE % (self.name, "%.3g (%.3g-%.3g)" % (statistics.median(own), min(own), max(own)),
                       "%s %.3g %s" % (">=" if self.more else "<=", self.target, self.unit),
                       "%.2f" % self.ratio(), "; ".join(peers))


def run(rows, out, rounds=None):
    """Measures them in turns, prints a line of each, and writes all to the file `out`."""
    print(LINE % ("row", "figure", "target", "ratio", "beside it"))
    for row in rows:
        try:
            for _ in range(rounds or row.rounds):
                row.run_once()
            print(row.line(), flush=True)
        except Unable as why:
            print("%-46s not measured: %s" % (row.name, why), flush=True)
    with open(out, "w", encoding="ascii") as file:
        json.dump([row.result() for row in rows if row.found], file, indent=1)
        file.write("\n")


class Unable(Exception):
    """What a row needs is not here."""


def is_off(row):
    """By more than double; of its figures the best, as what else the machine does makes them worse only."""
    return bool(row.found) and row.unit in RATIOS and row.ratio(row.reached, best=True) > 2


def fail(rows):
    """Ends the program: 1 if a ratio is off by more than double, in each of AGAIN rounds more, too."""
    off = [row for row in rows if is_off(row)]
    for row in off:
        for _ in range(AGAIN):
            if is_off(row):
                row.run_once()
        if is_off(row):
            print("off by more than double: %s" % row.line())
    sys.exit(1 if any(is_off(row) for row in off) else 0)
