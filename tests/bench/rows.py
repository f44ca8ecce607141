"""The rows of `make bench`: a measurement, its target, and its figures."""

import json
import os
import statistics
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
# Units of figures that do not depend on the machine: only these can fail in `make bench-quick`.
RATIOS = ("times", "bytes a node")
AGAIN = 3  # more rounds of a row that is about to fail
LINE = "%-46s %14s %12s %7s  %s"


class Row:
    """One figure with its target.

    measure: returns a figure, or a dict of it ("pmp") and the figures of other tools. target: the
    most that the figure may be; with more, the least. quick: the row is also in `make bench-quick`,
    which fails if a ratio is more than twice its target. reached: replaces the target there, if
    README.md says that the target is missed."""

    def __init__(self, name, unit, target, measure, more=False, quick=False, rounds=3,
                 reached=None):
        self.name, self.unit, self.target, self.measure = name, unit, target, measure
        self.more, self.quick, self.rounds, self.reached = more, quick, rounds, reached or target
        self.found = {}  # tool -> figures

    def run_once(self):
        found = self.measure()
        if not isinstance(found, dict):
            found = {"pmp": found}
        for who, figure in found.items():
            self.found.setdefault(who, []).append(figure)

    def ratio(self, to=None, best=False):
        """The figure's ratio to the target; more than 1: missed. to: replaces the target. best:
        uses the best figure instead of the median."""
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
                **{who: {"median": statistics.median(figures), "least": min(figures),
                         "most": max(figures)}
                   for who, figures in self.found.items()}}

    def line(self):
        own = self.found["pmp"]
        peers = ["%s %.3g (%.3g times)" % (who, statistics.median(figures),
                                           statistics.median(figures) / (
                                               statistics.median(own) or float("nan")))
                 for who, figures in self.found.items() if who != "pmp"]
        return LINE % (self.name, "%.3g (%.3g-%.3g)" % (statistics.median(own), min(own), max(own)),
                       "%s %.3g %s" % (">=" if self.more else "<=", self.target, self.unit),
                       "%.2f" % self.ratio(), "; ".join(peers))


def run(rows, out, rounds=None):
    """Measures the rows, prints a line for each, and writes all figures to the file `out`."""
    print(LINE % ("row", "figure", "target", "ratio", "for comparison"))
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
    """A row cannot be measured; its text names what is missing."""


def is_off(row):
    """The ratio is more than twice the target. Uses the best figure, because other load on the
    machine makes figures only worse."""
    return bool(row.found) and row.unit in RATIOS and row.ratio(row.reached, best=True) > 2


def fail(rows):
    """Ends the program, with 1 if a ratio is more than twice its target after AGAIN more rounds."""
    off = [row for row in rows if is_off(row)]
    for row in off:
        for _ in range(AGAIN):
            if is_off(row):
                row.run_once()
        if is_off(row):
            print("more than twice the target: %s" % row.line())
    sys.exit(1 if any(is_off(row) for row in off) else 0)
