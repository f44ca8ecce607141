"""Runs of pmp in which a system call fails (faults.c), and the checks that hold for any failure."""

import os
import shutil

from tap import BUILD, check, equal, run, temp_dir

PMP = os.path.join(BUILD, "pmp-faulty")
# The exit codes that the man page lists, except those for signals.
CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
OLD = b"what was there before\n"


class Run:
    """pmp ARGS in an empty folder with `fault` (None: no fault). hit: the call was made, and
    failed."""

    def __init__(self, fault, *args, files=(), stdin=None, limit=60, env=None):
        self.fault = fault
        self.folder, log = temp_dir(), temp_dir()
        for name, content in files:
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(content)
        env = dict(env or {}, PMP_FAULT_LOG=os.path.join(log, "hit"))
        if fault:
            env["PMP_FAULT"] = fault
        self.result = run(PMP, *[str(a) for a in args], env=env, cwd=self.folder, stdin=stdin,
                          binary=True,
                          limit=limit)
        self.result.out = self.result.out.decode(errors="replace")
        self.result.err = self.result.err.decode(errors="replace")
        self.code = self.result.code
        self.hit = os.path.exists(os.path.join(log, "hit"))
        self.files = {}
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), "rb") as file:
                self.files[name] = file.read()
        shutil.rmtree(self.folder)
        shutil.rmtree(log)

    def __str__(self):
        return "PMP_FAULT=%s %s\nfiles: %s" % (self.fault, self.result, sorted(self.files))

    def notes(self):
        return [l for l in self.result.err.splitlines() if l.startswith("pmp: note: ")]

    def check_code(self):
        """The exit code is documented, and one line on stderr describes the failure."""
        check(self.code in CODES, "exit code", self)
        lines = [l for l in self.result.err.splitlines() if not l.startswith("pmp: note: ")]
        if self.code == 0:
            return
        if not lines and self.fault.startswith("write:") and "+" in self.fault:
            return  # stderr cannot be written either
        equal(len(lines), 1, "one line on stderr\n%s" % self)
        check(lines[0].startswith("pmp: ") and len(lines[0]) > 10, "what happened", self)
        # Code 8 means a bad input. If memory is short, the input may be good.
        check(self.code != 8 or not self.fault.startswith("alloc:"), "a file is to blame", self)


def faults(kind, error=None, later=False, dense=10**6):
    """KIND:1, KIND:2 ...; after `dense` of them only every seventh."""
    number = 1
    while True:
        yield fault(kind, number, error, later)
        number += 1 if number < dense else 7


def fault(kind, number, error=None, later=False):
    return "%s:%d%s%s" % (kind, number, "+" if later else "", ":" + error if error else "")
