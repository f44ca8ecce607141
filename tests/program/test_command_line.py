#!/usr/bin/env python3
"""The command line without a live target: options, versions, files, exit codes.

$PMP is the path of another pmp to test.
"""

import gzip
import json
import os
import re
import shlex
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import tap  # noqa: E402
from pprof import Pprof  # noqa: E402
from tap import ROOT, check, equal, main, skip, temp_dir, test  # noqa: E402

PMP = os.path.abspath(os.environ.get("PMP") or tap.PMP)
USAGE, BAD_INPUT, NO_OUTPUT = 2, 8, 9

BT = """\
#0  0x0000000000401136 in leaf () at a.c:3
#1  0x0000000000401150 in work () at a.c:9
#2  0x0000000000401166 in main () at a.c:14
"""
STACK = "main (a.c);work (a.c);leaf (a.c) 1\n"
FOLDED = "main (app.py);load (app.py) 3\nmain (app.py);rest (libc.so.6) 1\n"


def pmp(*args, **options):
    return tap.run(PMP, *args, **options)


def shell(command, **options):
    """Runs the command in bash, with PMP as `pmp`."""
    text = "pmp() { %s \"$@\"; }\n%s" % (shlex.quote(PMP), command)
    return tap.run("bash", "-c", text, **options)


def put(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def get(path):
    with open(path, "rb") as file:
        return file.read().decode()


def is_error(result, code, *parts):
    """One line on stderr with all parts in it, nothing on stdout, this exit code."""
    equal(result.code, code, result)
    check(result.err.startswith("pmp: ") and result.err.count("\n") == 1, "not one line", result)
    for part in parts:
        check(part in result.err, "no %r in it" % part, result)
    equal(result.out, "", "nothing on stdout")


def is_done(result):
    equal(result.code, 0, result)
    equal(result.err, "", "nothing on stderr")
    return result.out


# Versions. test_help.py tests --help.


@test("-V prints the versions of pmp, gdb and gdb's Python")
def _():
    lines = is_done(pmp("-V")).splitlines()
    check(re.fullmatch(r"pmp \d+\.\d+\.\d+", lines[0]), lines)
    equal(is_done(pmp("fold", "--version")).splitlines()[0], lines[0])
    if subprocess.call(["sh", "-c", "command -v gdb >/dev/null"]):
        skip("no gdb")
    check(lines[1].startswith("gdb: GNU gdb"), lines)
    check(lines[2].startswith("gdb's Python: "), lines)


def fake_gdb(text):
    path = put(temp_dir(), "gdb", "#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


@test("-V reports a gdb that is missing, is no gdb, or has no Python")
def _():
    rows = (
        ("/nowhere/gdb", ("gdb: cannot run /nowhere/gdb: No such file", "--gdb PATH")),
        (fake_gdb("exit 3\n"), ("does not say that it is gdb",)),
        (fake_gdb("echo 'GNU gdb (X) 8.2'; "
                  "echo 'Python scripting is not supported in this copy of gdb.' >&2"),
         ("gdb: GNU gdb (X) 8.2", "gdb's Python: none")),
        (fake_gdb("echo 'GNU gdb 9'; printf '~python 3.8.1\\033[31m\\n'"),
         ("Python: 3.8.1\\x1b[31m",)),
    )
    for path, parts in rows:
        out = is_done(pmp("-V", "--gdb", path))
        for part in parts:
            check(part in out, part, out)


@test("-V ends although gdb hangs")
def _():
    result = pmp("-V", "--gdb", fake_gdb("exec sleep 100\n"), limit=30)
    check("gave no answer within 10 s" in is_done(result), result)


@test("-V finds gdb on PATH")
def _():
    path = fake_gdb("echo GNU gdb of this test\n")
    out = is_done(pmp("-V", env={"PATH": os.path.dirname(path) + ":/usr/bin:/bin"}))
    check("GNU gdb of this test" in out, out)
    out = is_done(pmp("-V", env={"PATH": "/nowhere"}))
    check("cannot run gdb: No such file" in out, out)


# Usage. The unit tests of cli/options have the other cases.


@test("a usage error prints one line and exits with 2")
def _():
    text = os.path.join(temp_dir(), "p.yaml")
    open(text, "w", encoding="ascii").close()
    rows = (
        ((), "pmp -p PID", "pmp fold", "pmp show"),
        (("record",), "which process?"),
        (("flod",), "'flod' is no command (did you mean fold?)",
         "there are record, run, top, dump, fold"),
        (("4711",), "pmp -p 4711"),
        (("dump", "4711"), "'4711' is no file; to dump that process: pmp dump -p 4711"),
        ((text,), "pmp show %s prints a profile, pmp fold %s reads gdb's text" % (text, text)),
        ((tap.PMP,), "is no command; to sample that program: pmp run " + tap.PMP),
        (("",), "'' is no command"),
        (("fo\nld\x1b[31m",), "'fo\\x0ald\\x1b[31m' is no command"),
        (("-p", "1", "--thraeds"), "did you mean --threads?", "see pmp help record"),
        (("fold", "--children"), "an option of record"),
        (("-p", "x" * 3000), "is no process id"),
        (("show",), "pmp show PROFILE"),
        (("show", "a", "b"), "'b' is too much"),
        (("fold", "-o", "x.xyz"), "-o x.xyz", ".yaml",
         "-f tree|flat|yaml|json|collapsed|svg|trace|speedscope|pprof|callgrind|timeline"),
        (("fold", "-o", "x.yaml.gz"), "names no format"),
        (("merge", "-f", "timeline", text),
         "a sum has no timeline, and cannot be written as timeline"),
        (("merge", "-o", "x.trace.json", text), "cannot be written as trace"),
    )
    for row in rows:
        is_error(pmp(*row[0]), USAGE, *row[1:])


# Input of fold and show.


@test("fold reads files, stdin, and - as one of several files")
def _():
    folder = temp_dir()
    path = put(folder, "bt.txt", BT)
    equal(is_done(pmp("fold", "-f", "collapsed", path)), STACK)
    equal(is_done(pmp("fold", "-f", "collapsed", stdin=BT)), STACK)
    equal(is_done(pmp("fold", "-f", "collapsed", "-", stdin=BT)), STACK)
    equal(is_done(pmp("fold", "-f", "collapsed", path, "-", path, stdin=BT)),
          STACK.replace(" 1", " 3"))
    equal(is_done(pmp("fold", "-f", "collapsed", "--", "-bt",
                      cwd=os.path.dirname(put(folder, "-bt", BT)))),
          STACK)
    equal(is_done(shell("pmp fold -f collapsed <(cat %s)" % path)), STACK)


@test("fold and show read gzip files")
def _():
    folder = temp_dir()
    packed = gzip.compress(BT.encode())
    path = put(folder, "bt.gz", packed)
    equal(is_done(pmp("fold", "-f", "collapsed", path)), STACK)
    equal(is_done(pmp("fold", "-f", "collapsed", stdin=packed)), STACK)
    equal(is_done(pmp("fold", "-f", "collapsed", put(folder, "two", packed + packed))),
          STACK.replace(" 1", " 2"))
    equal(is_done(pmp("fold", "-f", "collapsed",
                      stdin=gzip.compress(b"") + packed + gzip.compress(b""))), STACK)
    path = put(folder, "p.gz", gzip.compress(FOLDED.encode()))
    equal(is_done(pmp("show", "-f", "collapsed", path)), FOLDED)


@test("fold reads text that arrives slowly and in pieces")
def _():
    process = subprocess.Popen([PMP, "fold", "-f", "collapsed"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    for i in range(0, len(BT), 50):
        process.stdin.write(BT[i:i + 50].encode())
        process.stdin.flush()
        time.sleep(0.01)
    equal(process.communicate(timeout=20)[0].decode(), STACK)
    equal(process.returncode, 0)


@test("an input that cannot be used exits with 8, and the error has its name and the reason")
def _():
    folder = temp_dir()
    rows = (
        (("fold", os.path.join(folder, "none")), "none: No such file"),
        (("show", os.path.join(folder, "none")), "none: No such file"),
        (("fold", folder), "Is a directory"),
        (("fold", PMP), "an executable or a core file", "thread apply all bt"),
        (("show", PMP), "an executable or a core file"),
        (("fold", put(folder, "zeros", bytes(100))), "zeros: it is binary"),
        (("fold", put(folder, "x.xz", b"\xfd7zXZ\0\0")), "xz -dc"),
        (("fold", put(folder, "cut.gz", gzip.compress(os.urandom(2000).hex().encode())[:-300])),
         "cut.gz", "end too early"),
        (("fold", put(folder, "more.gz", gzip.compress(BT.encode()) + BT.encode())), "more.gz",
         "what is not packed"),
        (("fold", put(folder, "bad.gz", damaged(gzip.compress(os.urandom(2000).hex().encode())))),
         "bad.gz: "),
        (("fold", put(folder, "p.yaml", "pmp-profile: 1\n")), "is a profile", "pmp show"),
        (("fold", put(folder, "good.txt", BT), os.path.join(folder, "none")), "none: No such file"),
        (("show", put(folder, "text", "hello\n")), "text:1: no profile that can be read",
         "pmp fold"),
        (("show", put(folder, "e\x1bvil", "a three\n")), "e\\x1bvil:1: "),
    )
    for row in rows:
        is_error(pmp(*row[0]), BAD_INPUT, *row[1:])


def damaged(packed):
    middle = len(packed) // 2
    flipped = bytes(byte ^ 0x55 for byte in packed[middle:middle + 40])
    return packed[:middle] + flipped + packed[middle + 40:]


@test("for a missing file, the error suggests a file with a similar name")
def _():
    folder = temp_dir()
    put(folder, "work.yaml", "")
    put(folder, "bt\x1b.txt", "")
    path = os.path.join(folder, "wrok.yaml")
    is_error(pmp("show", path), BAD_INPUT,
             "cannot read %s: No such file or directory (did you mean work.yaml?)\n" % path)
    is_error(pmp("fold", "work", cwd=folder), BAD_INPUT, "(did you mean work.yaml?)\n")
    is_error(pmp("fold", "bt.txt", cwd=folder), BAD_INPUT, "(did you mean bt?.txt?)\n")
    is_error(pmp("show", "other", cwd=folder), BAD_INPUT,
             "cannot read other: No such file or directory\n")


@test("an unreadable file exits with 8")
def _():
    path = put(temp_dir(), "secret", BT)
    os.chmod(path, 0)
    if os.access(path, os.R_OK):
        skip("root may read everything")
    is_error(pmp("fold", path), BAD_INPUT, "secret: Permission denied")


@test("a closed stdin exits with 8, or counts as empty")
def _():
    result = shell("pmp fold -f collapsed <&-")
    check(result.code in (0, BAD_INPUT), result)


@test("a text without a stack exits with 0 and prints a note")
def _():
    for text in ("", "\n", "nothing here\n", "No stack.\n"):
        result = pmp("fold", "-f", "collapsed", stdin=text)
        equal((result.code, result.out), (0, ""), result)
        check(result.err.startswith("pmp: no stack in "), result)
        equal(is_done(pmp("fold", "-q", "-f", "collapsed", stdin=text)), "")
    profile = is_done(pmp("fold", "-q", "-f", "yaml", stdin=""))
    equal(is_done(pmp("show", "-f", "yaml", "-", stdin=profile)), profile)


@test("fold accepts binary bytes in the text, and escapes them")
def _():
    text = b"\x00".join([b"x" * 5000, os.urandom(20000)]) + b"\n"
    text += BT.encode().replace(b"leaf", b"le\x1b\xffaf")
    result = pmp("fold", "-f", "collapsed", stdin=text)
    equal(result.code, 0, result)
    check("work (a.c);le\\x1b\\xffaf (a.c) 1\n" in result.out, result)
    check(not re.search(r"[^\x20-\x7e\n]", result.out.replace("\ufffd", "?")), result)


# Output of fold and show.


@test("-o FILE writes the format of the suffix, and stdout gets the tree")
def _():
    folder = temp_dir()
    tree = is_done(pmp("fold", stdin=BT))
    check("leaf (a.c" in tree, tree)
    for name, begin in (("x.yaml", "pmp-profile: 1\n"), ("x.yml", "pmp-profile: 1\n"),
                        ("x.folded", STACK),
                        ("x.collapsed", STACK), ("x.txt", STACK)):
        path = os.path.join(folder, name)
        equal(is_done(pmp("fold", "-o", path, stdin=BT)), tree)
        check(get(path).startswith(begin), name, get(path))
        equal(is_done(pmp("fold", "-q", "-o", path, stdin=BT)), "")
    path = os.path.join(folder, "odd.name")
    equal(is_done(pmp("fold", "-f", "collapsed", "-o", path, stdin=BT)), tree)
    equal(get(path), STACK)
    path = os.path.join(folder, "not.yaml")
    equal(is_done(pmp("fold", "-f", "collapsed", "-qo", path, stdin=BT)), "")
    equal(get(path), STACK)


@test("-o - is stdout, and -f sets its format")
def _():
    tree = is_done(pmp("fold", stdin=BT))
    equal(is_done(pmp("fold", "-o", "-", stdin=BT)), tree)
    equal(is_done(pmp("fold", "-f", "tree", stdin=BT)), tree)
    equal(is_done(pmp("fold", "-o", "-", "-f", "collapsed", stdin=BT)), STACK)
    equal(is_done(pmp("fold", "-q", "-f", "collapsed", stdin=BT)), STACK)
    equal(is_done(pmp("fold", "-q", "-o", "/dev/stdout", "-f", "collapsed", stdin=BT)), STACK)


@test("show of a profile prints the same as the fold that wrote it")
def _():
    folder = temp_dir()
    text = BT + "\n" + BT.replace("leaf", "other")
    for options in ((), ("--lines",), ("-t",)):
        path = os.path.join(folder, "p.yaml")
        tree = is_done(pmp("fold", *options, "-o", path, stdin=text))
        equal(is_done(pmp("show", path)), tree)
        equal(is_done(pmp("show", "-f", "yaml", path)), get(path))
        equal(is_done(pmp("show", "-f", "collapsed", path)),
              is_done(pmp("fold", *options, "-f", "collapsed", stdin=text)))


@test("a speedscope file has a profile for each thread, and their weights add up to the tree's")
def _():
    golden = os.path.join(ROOT, "tests", "golden", "cases")
    for case, words, threads, total in (
        ("show-timeline-trace", (), 3, 13),
        ("show-weight-cpu", ("--weight", "cpu"), 2, 695000),
        ("show-timeline-window", ("--from", "+0.05"), 3, None),
        ("show-yaml-tree", (), 1, 200),
    ):
        folder = os.path.join(golden, case)
        name = next(n for n in os.listdir(folder) if n.endswith(".yaml"))
        run = pmp("show", os.path.join(folder, name), "-f", "speedscope", *words)
        equal(run.code, 0)
        file = json.loads(run.out)
        equal(len(file["profiles"]), threads)
        for profile in file["profiles"]:
            equal(len(profile["samples"]), len(profile["weights"]))
            equal(sum(profile["weights"]), profile["endValue"])
            equal(profile["unit"], "microseconds" if "cpu" in words else "none")
            for stack in profile["samples"]:
                check(all(0 <= frame < len(file["shared"]["frames"]) for frame in stack), stack)
        if total is None:
            total = collapsed_total(os.path.join(folder, name), *words)
        equal(sum(profile["endValue"] for profile in file["profiles"]), total)


@test("other readers find the same data in JSON and YAML, and pmp reads its JSON")
def _():
    golden, folder = os.path.join(ROOT, "tests", "golden", "cases"), temp_dir()
    deep = ";".join("f%d" % i for i in range(1000)) + " 3\n"
    paths = [put(folder, "deep.folded", deep)]
    odd = 'a"b\\c\t\u00e9\U0001f600\ufffe\uffff\ufeff </script> # ' + "x" * 3000 + ": {[ 3\n"
    paths.append(put(folder, "odd.folded", odd))
    for case in ("show-timeline-trace", "show-weight-cpu", "show-yaml-tree", "show-full-paths"):
        names = os.listdir(os.path.join(golden, case))
        paths.append(os.path.join(golden, case,
                                  next(name for name in names if name.endswith(".yaml"))))
    for path in paths:
        text = is_done(pmp("show", path, "-f", "json"))
        again = put(folder, "again.json", text)
        yaml = is_done(pmp("show", path, "-f", "yaml"))
        equal(is_done(pmp("show", again, "-f", "yaml")), yaml)
        equal(is_done(pmp("show", again, "-f", "json")), text)
        equal(json.loads(text), as_json(yaml), path)


def as_json(text):
    """YAML text as JSON would hold it: keys and times are strings."""
    try:
        import yaml
    except ImportError:
        skip("no PyYAML (python3-yaml)")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return json.loads(json.dumps(yaml.load(text, Loader=loader), default=str))


def pprof(*args):
    run = subprocess.run([PMP, "show", *args, "-f", "pprof"], stdout=subprocess.PIPE,
                         timeout=tap.LIMIT, check=True)
    return Pprof(run.stdout)


def collapsed_total(*args):
    lines = is_done(pmp("show", *args, "-f", "collapsed")).splitlines()
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines)


@test("the values in a pprof file add up to the weight of the tree")
def _():
    golden = os.path.join(ROOT, "tests", "golden", "cases")
    for case, words, value, factor in (
        ("show-timeline-trace", (), "samples", 1),
        ("show-weight-cpu", ("--weight", "cpu"), "cpu", 1000),
        ("show-timeline-window", ("--from", "+0.05"), "samples", 1),
        ("show-running", ("--running",), "samples", 1),
        ("show-yaml-tree", (), "samples", 1),
        ("show-collapsed", (), "samples", 1),
        ("show-full-paths", (), "samples", 1),
    ):
        folder = os.path.join(golden, case)
        path = os.path.join(folder,
                            next(n for n in os.listdir(folder) if n not in ("cmd", "expected")))
        profile = pprof(path, *words)
        equal(profile.total(value), factor * collapsed_total(path, *words), case)
        equal(profile.strings[profile.raw["default_sample_type"]], value)
        equal("wall" in dict(profile.types), profile.raw["period"] > 0)


@test("a pprof file has lines, modules and labels, with a timeline and without")
def _():
    golden = os.path.join(ROOT, "tests", "golden", "cases")
    profile = pprof(os.path.join(golden, "show-speedscope-timeline", "p.yaml"))
    equal(profile.types, [("samples", "count"), ("wall", "nanoseconds"), ("cpu", "nanoseconds")])
    found = {(stack, labels["tid"]): (values[0], values[2])
             for stack, values, labels in profile.samples}
    main, sleep = ("<module>", "/srv/a.py", 30, ""), ("clock_nanosleep", "", 0, "/lib/libc.so.6")
    equal(found[(main, ("alpha", "/srv/a.py", 12, "")), 700], (1, 0))
    equal(found[(main, ("alpha", "/srv/a.py", 13, "")), 700], (1, 98000000))
    equal(found[(sleep,), 701], (4, 0))
    labels = [labels for _, _, labels in profile.samples if labels["tid"] == 701][0]
    equal(labels, {"thread": 'rest "1"', "tid": 701, "process": "python3.11", "pid": 700})
    equal(profile.raw["time_nanos"], 1772439311 * 10**9)

    profile = Pprof(subprocess.run(
        [PMP, "fold", "-f", "pprof", os.path.join(golden, "fold-modules", "raw.txt")],
        stdout=subprocess.PIPE, timeout=tap.LIMIT,
        check=True).stdout)
    equal([(profile.strings[m["filename"]], profile.strings[m["build_id"]])
           for m in profile.raw["mapping"]],
          [("/usr/bin/work", "571d98e01096d5c1"), ("/opt/lib/fast math.so", "0123456789"),
           ("/opt/lib/twice.so", "")])

    profile = pprof(os.path.join(golden, "show-stripped-yaml", "stripped.yaml"))
    functions = {function["id"]: profile.strings[function["name"]]
                 for function in profile.raw["function"]}
    places = [(functions[location["line"][0]["function_id"]], location["line"][0]["line"],
               location["address"]) for location in profile.raw["location"]]
    for place in (("fn 0x2100", 0, 0x2130), ("fn 0x2100", 0, 0x2144), ("list.sort", 0, 0),
                  ("<module>", 14, 0)):
        check(place in places, place, places)

    text = put(temp_dir(), "p.folded", "a (x.py);b (x.py) 3\n")
    profile = pprof(text)
    equal(profile.types, [("samples", "count")])
    equal(profile.samples, [((("a (x.py)", "", 0, ""), ("b (x.py)", "", 0, "")), [3], {})])
    yaml = ("pmp-profile: 1\nstacks: {total: 9, merged: 9}\ntree:\n"
            "- {frame: f, kind: python, file: f.py, total: 9, self: 9, lines: {4: 5, 7: 3}}\n")
    profile = pprof(put(temp_dir(), "p.yaml", yaml))
    equal([(stack[0][2], values) for stack, values, _ in profile.samples],
          [(4, [5]), (7, [3]), (0, [1])])


@test("an output that cannot be created exits with 9, before any input is read")
def _():
    folder = temp_dir()
    rows = (
        (os.path.join(folder, "none", "x.yaml"), "directory", "No such file"),
        (os.path.join(put(folder, "file", ""), "x.yaml"), "Not a directory"),
        (os.path.join(folder, "d.yaml"), "Is a directory"),
    )
    os.mkdir(rows[2][0])
    for path, *parts in rows:
        is_error(pmp("fold", "-o", path, "/nowhere"), NO_OUTPUT, path, *parts)
        is_error(pmp("-p", "1", "-o", path), NO_OUTPUT, path, *parts)
    equal(sorted(os.listdir(folder)), ["d.yaml", "file"])


@test("a full disk exits with 9")
def _():
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
    for command in ("pmp fold > /dev/full", "pmp --help > /dev/full", "pmp -V > /dev/full",
                    "pmp fold -f yaml > /dev/full", "pmp fold -q -f yaml -o /dev/full",
                    "pmp fold -f collapsed -o - > /dev/full"):
        is_error(shell(command, stdin=BT), NO_OUTPUT, "No space left on device")
    # The file could not be written, but the tree is still printed.
    result = shell("pmp fold -f yaml -o /dev/full", stdin=BT)
    equal(result.code, NO_OUTPUT)
    equal(result.out, is_done(pmp("fold", stdin=BT)))


@test("a closed stdout exits with 9, and the output file does not take its place")
def _():
    path = os.path.join(temp_dir(), "x.folded")
    is_error(shell("pmp fold -o %s >&-" % path, stdin=BT), NO_OUTPUT, "standard output")
    equal(get(path), STACK)
    equal(shell("pmp fold -q -o %s >&- 2>&-" % path, stdin=BT).code, 0)
    equal(get(path), STACK)


@test("a pipe closed by its reader exits with 9, without a message")
def _():
    text = "".join(BT.replace("leaf", "leaf%d" % i) for i in range(5000))
    result = shell("pmp fold -f collapsed | head -1; exit ${PIPESTATUS[0]}", stdin=text)
    equal((result.code, result.err), (NO_OUTPUT, ""), result)
    # The file is written nevertheless.
    path = os.path.join(temp_dir(), "x.folded")
    result = shell("{ pmp fold -o %s; echo $? >&2; } | true" % path, stdin=text)
    check(get(path).count("\n") == 5000, "the file is incomplete")


@test("an existing file is replaced as a whole or not at all")
def _():
    folder = temp_dir()
    path = put(folder, "x.folded", "old\n")
    os.chmod(path, 0o640)
    is_error(pmp("fold", "-o", path, "/nowhere"), BAD_INPUT)
    equal(get(path), "old\n")
    with open(path, encoding="utf-8") as old:
        is_done(pmp("fold", "-o", path, stdin=BT))
        equal(old.read(), "old\n", "a reader of the old file still reads the old text")
    equal(get(path), STACK)
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o640)
    os.symlink("x.folded", os.path.join(folder, "link.folded"))
    is_done(pmp("fold", "-o", "link.folded", cwd=folder, stdin=BT + "\n" + BT))
    check(os.path.islink(os.path.join(folder, "link.folded")), "still a link")
    equal(get(path), STACK.replace(" 1", " 2"))
    equal(sorted(os.listdir(folder)), ["link.folded", "x.folded"])


@test("a limit on the file size exits with 9, keeps the old file, and leaves no other file")
def _():
    folder = temp_dir()
    path = put(folder, "x.folded", "old\n")
    text = "".join(BT.replace("leaf", "leaf%d" % i) for i in range(3000))
    is_error(shell("ulimit -f 4; pmp fold -q -o %s" % path, stdin=text), NO_OUTPUT,
             "File too large")
    equal(get(path), "old\n")
    equal(os.listdir(folder), ["x.folded"])


# Terminals.


def in_terminal(*args, env=None, columns=100):
    """(exit code, output) of pmp on a terminal with so many columns."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    full_env = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
    full_env = {key: value for key, value in full_env.items() if value is not None}
    process = subprocess.Popen([PMP, *args], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                               env=full_env, start_new_session=True)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return process.wait(timeout=20), seen.decode()


@test("colour is used on a terminal only; --color and the environment change this")
def _():
    path = put(temp_dir(), "p.folded", FOLDED)
    check("\x1b" not in is_done(pmp("show", path, env={"TERM": "xterm", "NO_COLOR": ""})),
          "no terminal")
    rows = (({"NO_COLOR": None}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False),
            ({"NO_COLOR": None, "TERM": "dumb"}, False), ({"NO_COLOR": None, "TERM": None}, False))
    for env, wanted in rows:
        code, seen = in_terminal("show", path, env=env)
        equal(code, 0)
        equal("\x1b" in seen, wanted, "%s: %r" % (env, seen))
    for words, env, wanted in (((), {"CLICOLOR_FORCE": "1"}, True),
                               ((), {"CLICOLOR_FORCE": "0"}, False),
                               ((), {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
                               (("--color=always",), {"NO_COLOR": "1", "TERM": "dumb"}, True),
                               (("--color", "never"), {"CLICOLOR_FORCE": "1"}, False),
                               (("--color=auto",), {"TERM": "xterm"}, False)):
        equal("\x1b" in is_done(pmp("show", path, *words, env=env)), wanted, (words, env))
    equal("\x1b" in in_terminal("show", path, "--color=never")[1], False)
    code, seen = in_terminal("show", "-f", "collapsed", path, env={"NO_COLOR": None})
    equal(seen.replace("\r", ""), FOLDED)
    code, seen = in_terminal("show", "-f", "pprof", path, env={})
    equal((code, "no text for a terminal" in seen), (USAGE, True), seen)


@test("the tree fits the terminal's width")
def _():
    path = put(temp_dir(), "p.folded", "main;%s 1\n" % ("long_" * 60))
    for columns in (80, 120):
        code, seen = in_terminal("show", path, env={"NO_COLOR": "1"}, columns=columns)
        equal(code, 0)
        tree = [line for line in seen.split("\r\n") if "long_" in line]
        check(tree and all(len(line) <= columns for line in tree), tree)
    check("long_" * 60 in is_done(pmp("show", path)), "without a terminal a name is not shortened")


@test("the locale's name alone decides whether output is UTF-8")
def _():
    path = put(temp_dir(), "p.folded", FOLDED)
    rows = (({"LC_ALL": "C"}, True), ({"LC_ALL": "en_US.UTF-8"}, False),
            ({"LC_ALL": "de_DE.utf8"}, False),
            ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.UTF-8"}, False),
            ({"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "C.UTF-8"}, True),
            ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, True))
    for env, wanted in rows:
        equal(is_done(pmp("show", path, env=env)).isascii(), wanted, env)


@test("collapsed stacks read in several parts are one run; an error has the line of the file")
def _():
    path = put(temp_dir(), "big.folded",
               "".join("main;a%d;%s 1\n" % (i, "b" * 90) for i in range(90000)))
    result = pmp("merge", path, path, "-f", "yaml", limit=60)
    equal(result.code, 0, result)
    check("\nruns: 2\n" in result.out, "not two runs", result.out[:300])
    with open(path, "a", encoding="utf-8") as file:
        file.write("no weight\n")
    result = pmp("merge", path, "-q", limit=60)
    equal(result.code, BAD_INPUT, result)
    start, line = (int(number)
                   for number in re.search(r"\(from line (\d+)\):(\d+): ", result.err).groups())
    equal(start + line - 1, 90001, result.err)


if __name__ == "__main__":
    main()
