"""The rows of `make bench`: what is measured, what it is to be, and what came out."""

import json
import os
import statistics
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
LINE = "%-46s %14s %12s %7s  %s"


class Row:
    """One figure. `measure` gives it, or a dict of it ("pmp") and what else was measured beside it (peers), each time that it's
    called. target: at most (or, `more`: at least) that. quick: also in `make bench-quick`, where a figure that misses its
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

    def ratio(self, to=None):
        """1: the target; more: missed. to: in place of the target."""
        figure, target = statistics.median(self.found["pmp"]), to or self.target
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


def off(rows):
    """Those that are off by more than double."""
    return [row for row in rows if row.found and row.ratio(row.reached) > 2]


def fail(rows):
    for row in off(rows):
        print("off by more than double: %s" % row.line())
    sys.exit(1 if off(rows) else 0)
