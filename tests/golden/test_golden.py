#!/usr/bin/env python3
"""Golden cases: each folder tests/golden/cases/CASE/ holds

    cmd             the words after `pmp`, split as by a shell (no shell runs); `<FILE` is stdin
    *               the files that cmd names
    expected        stdout
    expected.err    stderr, if it is not empty
    expected.code   the exit code, if it is not 0

`tests/golden/test_golden.py --update [NAME...]` writes the expected files anew. Review the
difference before you commit it.
"""

import os
import shlex
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import ROOT, check, main, pmp, test  # noqa: E402

CASES = os.path.join(ROOT, "tests", "golden", "cases")
EXPECTED = ("expected", "expected.err", "expected.code")
# The result must not depend on the user's environment.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": ""}


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def run_case(folder):
    """Runs the case's command. Returns its output as {name of the expected file: content}."""
    words, stdin = [], None
    for word in shlex.split(read(os.path.join(folder, "cmd")).decode()):
        if word.startswith("<"):
            stdin = read(os.path.join(folder, word[1:]))
            check(stdin is not None, "no input " + word[1:])
        else:
            words.append(word)
    result = pmp(*words, cwd=folder, stdin=stdin, env=ENVIRONMENT, binary=True, limit=20)
    code = b"%d\n" % result.code if result.code else None
    return {"expected": result.out, "expected.err": result.err or None, "expected.code": code}


def show_difference(name, got, wanted):
    """The first line that differs."""
    if got is None or wanted is None:
        return "%s: got %r, wanted %r" % (name, got, wanted)
    left, right = got.split(b"\n"), wanted.split(b"\n")
    for number, (one, other) in enumerate(zip(left, right), 1):
        if one != other:
            return "%s:%d\n   got: %r\nwanted: %r" % (name, number, one, other)
    return "%s: got %d lines, wanted %d" % (name, len(left), len(right))


def compare(folder):
    got = run_case(folder)
    differences = []
    for name in EXPECTED:
        wanted = read(os.path.join(folder, name))
        if got[name] != wanted:
            differences.append(show_difference(name, got[name], wanted))
    check(not differences, "pmp " + read(os.path.join(folder, "cmd")).decode().strip(),
          *differences)


def update(folder):
    for name, text in run_case(folder).items():
        path = os.path.join(folder, name)
        if text == read(path):
            continue
        print("%s: %s" % (os.path.basename(folder), name))
        if text is None:
            os.unlink(path)
            continue
        with open(path, "wb") as file:
            file.write(text)


def cases():
    return sorted(name for name in os.listdir(CASES) if os.path.isdir(os.path.join(CASES, name)))


if __name__ == "__main__":
    if "--update" in sys.argv:
        chosen = [word for word in sys.argv[1:] if word != "--update"]
        for case in cases():
            if not chosen or any(word in case for word in chosen):
                update(os.path.join(CASES, case))
    else:
        for case in cases():
            test(case)(lambda folder=os.path.join(CASES, case): compare(folder))
        main()
