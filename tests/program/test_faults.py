#!/usr/bin/env python3
"""Every system call of fold, show and --version fails once: allocation, read, write, open, pipe,
fork, poll, link and stat. In a second pass, all calls from the N-th on fail.

In each run, pmp either succeeds completely, or ends with a documented exit code and one line on
stderr. An output file is unchanged or complete, and no other file is left. With a sanitizer, which
is slow, only every seventh call after the sixtieth fails. tests/live tests record in this way.
"""

import gzip
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(sys.path[0], "faults"))
from faulty import OLD, PMP, Run, faults  # noqa: E402
from tap import ROOT, SANITIZED, check, equal, main, note, temp_dir, test  # noqa: E402

# An upper limit: no command here makes so many calls of one kind.
CALLS_MAX = 3000
# (kind, its error if not the default)
KINDS = (
    ("alloc", None), ("read", None), ("read", "SHORT"), ("write", None), ("write", "SHORT"),
    ("open", None), ("open", "EOPNOTSUPP"), ("pipe", None), ("fork", None), ("poll", None),
    ("link", None), ("stat", None),
)
FAKE_GDB = "#!/bin/sh\necho GNU gdb 13.1\necho '~python 3.11.2'\n"


def golden(*path):
    with open(os.path.join(ROOT, "tests", "golden", "cases", *path), "rb") as file:
        return file.read()


TEXT = golden("fold-python311", "bt.txt")
PROFILE = golden("show-yaml-yaml", "expected")
OUT = ("out", OLD)


def fake_gdb():
    path = os.path.join(temp_dir(), "gdb")
    with open(path, "w", encoding="ascii") as file:
        file.write(FAKE_GDB)
    os.chmod(path, stat.S_IRWXU)
    return path


def check_run(run, wanted):
    run.check_code()
    for name, content in run.files.items():
        check(name in wanted.files, "an extra file: %s" % name, run)
        check(content == wanted.files[name] or (run.code and content == OLD),
              "%s is incomplete" % name, run)
    if run.code == 0:
        equal(run.result.out, wanted.result.out, str(run))
        equal(run.result.err, wanted.result.err, str(run))
        equal(run.files, wanted.files, str(run))


def sweep(*args, **more):
    """Lets each call of every kind fail; prints the number of calls for each exit code."""
    wanted = Run(None, *args, **more)
    equal(wanted.code, 0, wanted)
    check(not wanted.hit, "no fault", wanted)
    for kind, error in KINDS:
        for later in (False, True):
            codes = {}
            for fault in faults(kind, error, later, dense=60 if SANITIZED else CALLS_MAX):
                run = Run(fault, *args, **more)
                check_run(run, wanted)
                if not run.hit:
                    break
                codes[run.code] = codes.get(run.code, 0) + 1
                check(sum(codes.values()) < CALLS_MAX, "too many calls", run)
            note("%s%s%s: %s" % (kind, ":" + error if error else "", "+" if later else "", " ".join(
                "%d times code %d" % (n, code) for code, n in sorted(codes.items())) or "none"))


def version_sweep(*args):
    """--version reports what it could not find out; then its exit code may still be 0."""
    wanted = Run(None, *args)
    check("GNU gdb 13.1" in wanted.result.out and "Python: 3.11.2" in wanted.result.out, "found",
          wanted)
    for kind, error in KINDS:
        if error == "SHORT" and kind == "read":
            continue
        for fault in faults(kind, error):
            run = Run(fault, *args)
            run.check_code()
            check(run.code or run.result.out.startswith("pmp "), "its version", run)
            check(run.code or "\ngdb: " in run.result.out, "the line about gdb is missing", run)
            check("\nGNU gdb" not in run.result.out, "gdb's output reached stdout", run)
            if not run.hit:
                break


@test("fold FILE -o NEW survives the failure of each system call")
def _():
    sweep("fold", "-o", "new.yaml", "bt.txt", files=[("bt.txt", TEXT)])


@test("fold of a gzip file over an old file survives the failure of each system call")
def _():
    sweep("fold", "-q", "-f", "collapsed", "-o", "out", "bt.gz",
          files=[("bt.gz", gzip.compress(TEXT, mtime=0)), OUT])


@test("fold of stdin to stdout survives the failure of each system call")
def _():
    sweep("fold", "--threads", "--lines", stdin=TEXT)


@test("show PROFILE over an old file survives the failure of each system call")
def _():
    sweep("show", "-f", "yaml", "-o", "out", "profile.yaml", files=[("profile.yaml", PROFILE), OUT])


@test("show of collapsed stacks to stdout survives the failure of each system call")
def _():
    sweep("show", "-f", "yaml", "in.folded",
          files=[("in.folded", b"main (a.py);f (a.py) 3\nmain (a.py);g 1\n")])


@test("--version survives the failure of each system call")
def _():
    version_sweep("--version", "--gdb", fake_gdb())


if __name__ == "__main__":
    if not os.path.exists(PMP):
        print("1..0 # SKIP no %s: make check builds it" % PMP)
        sys.exit(0)
    main()
