"""Hostile texts and profiles of some megabytes. pmp ends, its time and memory are linear in the
size of the input, and it prints no control characters.

Each row is a form of input that took quadratic time once, or might. The unit tests and golden cases
test the results.
"""

import os
import re
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PMP, ROOT, SANITIZED, check, equal, main, run, temp_dir, test  # noqa: E402

MB = 1 << 20
# A sanitizer makes it ten times slower.
SIZE = MB // 4 if SANITIZED else 4 * MB
# Seconds. With these sizes, quadratic work takes minutes, linear work less than a second.
LIMIT = 20
# Bytes: the memory that a text may take is MEMORY_FIXED + MEMORY_FACTOR * its size.
MEMORY_FIXED, MEMORY_FACTOR = 16 * MB, 192

HEAD = b"pmp-profile: 1\nstacks: {total: 0}\n"
EMPTY = b"tree: []\n"


def times(size, piece):
    return piece * (size // len(piece))


def numbered(size, form):
    """form % i for i = 1, 2 ... until the result is size bytes long."""
    parts, length, i = [], 0, 0
    while length < size:
        i += 1
        parts.append(form.replace(b"%d", b"%d" % i))
        length += len(parts[-1])
    return b"".join(parts)


# name: (pmp's words, input of about n bytes)
ROWS = {
    # one line
    "a line of one word": ("fold", lambda n: b"#0 " + b"x" * n),
    "a line of (": ("fold", lambda n: b"#0 f " + b"(" * n),
    "a line of ()": ("fold", lambda n: b"#0 f " + times(n, b"() ")),
    "a line of <": ("fold", lambda n: b"#0 " + b"<" * n),
    "a line of {": ("fold", lambda n: b"#0 " + b"{" * n),
    "a line of [": ("fold", lambda n: b"#0 " + b"[" * n),
    "a line of <(": ("fold", lambda n: b"#0 " + times(n, b"<(")),
    "a line of a<b>": ("fold", lambda n: b"#0 " + times(n, b"a<b>") + b" () at a.c:1\n"),
    "deep templates": ("fold",
                       lambda n: b"#0 " + b"a<" * (n // 3) + b">" * (n // 3) + b" () at a.c:1\n"),
    "a line of )at": ("fold", lambda n: b"#0 f (\"" + times(n, b")at") + b"1\n"),
    "a line of ()atx": ("fold", lambda n: b"#0 f " + times(n, b"()atx") + b"1\n"),
    "a line of [clone": ("fold", lambda n: b"#0 f " + times(n, b"() [clone ")),
    "a line of operator<": ("fold", lambda n: b"#0 f " + times(n, b"operator<")),
    "a line of quotes": ("fold", lambda n: b"#0 f (a=" + times(n, b"\"'")),
    "a line of :1": ("fold", lambda n: b"#0 f () at a" + times(n, b":1") + b"x\n"),
    "a line number of megabytes": ("fold", lambda n: b"#0 f () at a:" + b"1" * n),
    "a line of annotations": ("fold",
                              lambda n: b"#0 f (" + times(n, b"f=Frame 0x1, for file a, line x")),
    "a File line without end": ("fold", lambda n: b"  File \"a" + times(n, b"\", line x")),
    "a header's name of megabytes": ("fold", lambda n: b"Thread 1 (LWP 1 \"" + times(n, b"\"):") +
                                     b"\n#0 f ()\n"),
    "quoted without end": ("fold", lambda n: times(n, b"> ")),
    "a log's prefixes": ("fold", lambda n: (b"1: #0 f (" * 20 + b"x" * 1000 + b"\n") * (n // 1180)),
    "escapes": ("fold", lambda n: times(n, b"\x1b[")),
    "escapes' numbers": ("fold", lambda n: times(n, b"\x1b[1111")),
    "entities": ("fold", lambda n: times(n, b"&;")),
    "a screen": ("fold", lambda n: b"\xe2" * n),
    "pagers": ("fold", lambda n: times(n, b"---Type <return> to continue")),
    "pagers of another version": ("fold", lambda n: times(n, b"--Type <return> to continue")),
    "pagers that are none": ("fold", lambda n: times(n, b"--Type <")),
    "tags": ("fold", lambda n: times(n, b"<b>")),
    "tags with attributes": ("fold", lambda n: times(n, b"<a x")),
    "ends of tags": ("fold", lambda n: times(n, b"</b>")),
    "carriage returns": ("fold", lambda n: b"x\n" + times(n, b"x\r")),
    "quotes": ("fold", lambda n: times(n, b"\"x\" ")),
    "escaped quotes": ("fold", lambda n: times(n, b"\"\\\"")),
    "strings of frames": ("fold", lambda n: times(n, b"\"#0  0x1 in f ()\" ")),
    "strings in strings": ("fold", lambda n: times(n, b"\"a\": \"\\\"\\n")),
    "newlines in a line": ("fold", lambda n: b"Thread 1 (LWP 1):" + times(n, b"\\n#0  0x1 in f")),
    "records that never end": ("fold", lambda n: times(n, b"~\"x\"\n")),
    "records": ("fold", lambda n: times(n, b"~\"x\\n\"\n")),
    "lines that may have a prefix": ("fold", lambda n: numbered(n, b"%d ab: #0  0x1 in f ()\nx\n")),
    "lines with many prefixes": ("fold", lambda n: b"".join(
        b"%s: #0  0x1 in f ()\n" % bytes([97 + i % 26, 97 + i // 26 % 26])
        for i in range(n // 24))),
    "long lines that may have a prefix": ("fold", lambda n: times(
        n, b"ab: #0  0x1 in f ()\n" + b"x" * 60000 + b"\n")),
    "frames of Go without a file": ("fold", lambda n: b"goroutine 1 [x]:\n" + times(n, b"a.f()\n")),
    "frames, root first": ("fold", lambda n: b"".join(
        b"#%d  0x1 in f ()\n" % i for i in range(n // 20, 0, -1))),
    "elided frames": ("fold", lambda n: b"#9  0x1 in f ()\n" + times(n, b"  #2  0x1 in f ()\n")),
    "NULs": ("fold", lambda n: b"x" * 4096 + b"\0" * n),
    # wrapped lines
    "arguments that open and close": ("fold", lambda n: times(n, b"#0 f (\n" + b"x(,\n" * 1990)),
    "arguments that are plain": ("fold", lambda n: times(n, b"#0 f (\n" + b"x,\n" * 1990)),
    "arguments of long lines": ("fold",
                                lambda n: times(n, b"#0 f (\n" + (b"x" * 500 + b"(,\n") * 1990)),
    "names that go on": ("fold", lambda n: times(n, b"#0 0x1 in f<\n" + b"a<b>,\n" * 1990)),
    "parentheses that go on": ("fold", lambda n: times(n, b"#0 f\n" + b"()\n" * 1990)),
    "blank lines that go on": ("fold", lambda n: b"#0 f (\n" + b"\n" * n),
    "Python frames that go on": ("fold", lambda n: times(
        n, b"#0 Frame 0x1, for file a, line 1, in f (\n" + b"a(\n" * 1990)),
    "headers that go on": ("fold", lambda n: times(n, b"Thread 1 (LWP 3 \n" + b"a):\n" * 1990)),
    # many
    "threads": ("fold -t", lambda n: numbered(n, b"Thread %d (LWP %d):\n#0 f () at a.c:1\n")),
    "frames": ("fold", lambda n: numbered(n, b"#%d 0x1 in f%d () at a.c:1\n")),
    "short frames": ("fold", lambda n: numbered(n, b"#0 f%d ()\n")),
    "frames of one number": ("fold",
                             lambda n: times(n, b"#1 f ()\n") + times(n, b"(gdb) f\n#1 g ()\n")),
    "a million Python frames": ("fold",
                                lambda n: b"Traceback (most recent call first):\n" + numbered(
        n, b"  File \"a\", line 1, in f%d\n")),
    "Python frames by number": ("fold", lambda n: numbered(n // 2, b"#%d 0x1 in f ()\n") + numbered(
        n // 2, b"#%d Frame 0x1, for file a, line 1, in f ()\n")),
    "one Python frame for many": ("fold", lambda n: (
        b"#0 g (f=Frame 0x1, for file a, line 1, in f ())\n" +
        times(n // 2, b"  File \"a\", line 1, in f\n")
        + numbered(n // 2, b"#%d g (f=Frame 0x1, for file a, line 1, in f ())\n"))),
    "frames printed again": ("fold", lambda n: numbered(n // 2, b"#%d 0x1 in f ()\n") + times(
        n // 2, b"(gdb) f\n#9999999 0x1 in f ()\n")),
    # markers
    "notes": ("fold", lambda n: numbered(n, b"~pmp note text=%d\n")),
    "targets": ("fold", lambda n: numbered(n, b"~pmp target pid=%d\n")),
    "processes": ("fold", lambda n: numbered(n, b"~pmp begin pid=%d\n#0 f ()\n~pmp end\n")),
    "mappings, each asked for": ("fold", lambda n: b"~pmp begin pid=1\n" + numbered(
        n, b"~pmp map pid=1 start=%d0 end=%d9 path=a\n#0 0x1 in f ()\n")),
    "mappings that fall": ("fold", lambda n: b"~pmp begin pid=1\n" + b"".join(
        b"~pmp map pid=1 start=%d end=99999999999 path=a\n#0 0x1 in f ()\n" % (n - i)
        for i in range(n // 70))),
    "mappings forgotten": ("fold",
                           lambda n: numbered(n // 2, b"~pmp map pid=%d start=0 end=9 path=a\n") +
                           times(n // 2, b"~pmp map pid=5 start=0 end=9\n~pmp maps pid=5\n")),
    "mappings forgotten, of many": ("fold",
                                    lambda n: times(n // 2, b"~pmp map pid=6 end=9\n") + times(
        n // 2, b"~pmp map pid=5 end=9\n" * 300 + b"~pmp maps pid=5\n")),
    "a failed sample of all threads": ("fold", lambda n: (
        b"~pmp failed why=" + b"x" * (min(n, MB) // 2) + times(min(n, MB) // 2 - 99, b" tid=1"))),
    "arguments": ("fold", lambda n: b"~pmp target pid=1" + times(min(n, MB) - 99, b" arg=1")),
    # collapsed
    "a stack without end": ("show", lambda n: times(n, b"a;") + b"b 1\n"),
    "a stack without end, collapsed": ("show -f collapsed", lambda n: times(n, b"a;") + b"b 1\n"),
    "stacks": ("show", lambda n: numbered(n, b"a%d;b 1\n")),
    "a label without end": ("show", lambda n: b"a" * n + b" 1\n"),
    # YAML: aliases, nesting, and forms that are slow in libyaml
    "[[[": ("show", lambda n: HEAD + b"tree: " + b"[" * n),
    "- - -": ("show", lambda n: HEAD + b"x:\n " + times(n, b"- ")),
    "? ? ?": ("show", lambda n: HEAD + b"x:\n " + times(n, b"? ")),
    "deep, and wide": ("show", lambda n: HEAD + b"x: " + b"[" * 240 + times(n, b"a,") + b"]" * 240 +
                       b"\n" + EMPTY),
    "aliases": ("show", lambda n: HEAD + b"a: &a [x]\n" + numbered(n, b"k%d: *a\n") + EMPTY),
    "anchors": ("show", lambda n: HEAD + numbered(n, b"k%d: &a%d x\n") + EMPTY),
    "keys": ("show", lambda n: HEAD + numbered(n, b"k%d: 1\n") + EMPTY),
    "a scalar of megabytes": ("show",
                              lambda n: HEAD + b"x: \"" + times(n, b"a\\x41") + b"\"\n" + EMPTY),
    "a folded scalar": ("show", lambda n: HEAD + b"x: >\n" + times(n, b" a\n") + EMPTY),
    "a plain scalar of lines": ("show", lambda n: HEAD + b"x: a\n" + times(n, b"  a\n") + EMPTY),
    "comments": ("show", lambda n: HEAD + times(n, b"#\n") + EMPTY),
    "directives": ("show", lambda n: HEAD + numbered(n, b"%TAG !a%d! b\n")),
    "notes in YAML": ("show", lambda n: HEAD + b"notes: [" + numbered(n, b"n%d,") + b"]\n" + EMPTY),
    "targets in YAML": ("show", lambda n: HEAD + b"targets: [" + numbered(n, b"{pid: %d},") +
                        b"]\n" + EMPTY),
    "threads in YAML": ("show", lambda n: HEAD + b"threads: [" + numbered(n, b"{tid: %d},") +
                        b"]\n" + EMPTY),
    "nodes": ("show -f yaml", lambda n: HEAD + b"tree:\n" +
              numbered(n, b"- {frame: f%d, kind: native, total: 0}\n")),
    "pieces": ("show", lambda n: HEAD + EMPTY + b"continued:\n" +
               numbered(n, b"- {piece: %d, calls: []}\n")),
}

FOLDER = temp_dir()


def run_limited(words, data, limit=LIMIT):
    """Runs pmp on data as a file, with the memory limited to the bound above."""
    path = os.path.join(FOLDER, "input")
    with open(path, "wb") as file:
        file.write(data)
    argv = [PMP] + words.split() + [path]
    if not SANITIZED:
        # AddressSanitizer reserves terabytes of address space
        kilobytes = (MEMORY_FIXED + MEMORY_FACTOR * len(data)) >> 10
        argv = ["sh", "-c", "ulimit -v %d && exec \"$@\"" % kilobytes, "sh"] + argv
    result = run(*argv, limit=limit, binary=True)
    os.unlink(path)
    return result


def check_shown(data, what):
    """data is UTF-8 without control characters and characters that change the text's direction."""
    text = data.decode("utf-8")
    for char in set(text):
        check(char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"), what,
              repr(char))
        check(unicodedata.bidirectional(char) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI",
                                                      "RLI", "FSI", "PDI"),
              what, repr(char))


def check_result(result, what):
    check(result.code in (0, 8), "exit code %s" % result.code, what, result.err[-500:])
    check(len(result.err) < 2000, "too long on stderr", result.err[:500])
    check_shown(result.err, "stderr")
    if result.code == 8:
        check(re.match(rb"pmp: \S*input:\d+: .|pmp: cannot read ", result.err), "where and why",
              result.err)
    # labels may be long, so the lines of a tree may be long as well
    check(len(result.out) < 200 * SIZE + MB, "%d bytes printed" % len(result.out))
    check_shown(result.out[:MB].rpartition(b"\n")[0], "stdout")


def add(name, words, make):
    @test(name)
    def _():
        check_result(run_limited(words, make(SIZE)), name)


for row, (arguments, function) in ROWS.items():
    add(row, arguments, function)


NAMES = [b"\xff\xfe\xc0\xaf\xed\xa0\x80", b"\x1b]0;owned\x07\x1b[31mred\x1b[2J", b"a;b;c 12",
         b"- {frame: x, kind: native}",
         b"*alias &anchor !tag | > %TAG", b"<script>alert(1)</script>&amp;",
         b"$(reboot) `reboot` ' \" \\ \n x",
         b"\xe2\x80\xaegpj.exe", b"\xc2\x9b31m", b"Thread 9 (LWP 9):", b"#9 0xbad in fake ()",
         b"~pmp end", b"\0", b"\r",
         b"n" * (10 * MB) if not SANITIZED else b"n" * MB]


@test("hostile names in every place of the input are printed safely, in each format")
def _():
    for name in NAMES:
        text = b"".join((
            b"~pmp run version=1 host=%s\n~pmp target pid=1 executable=%s arg=%s\n" % ((name,) * 3),
            b"~pmp python pid=1 version=%s\n~pmp note text=%s\n~pmp begin pid=1\n" % (name, name),
            b"Thread 1 (Thread 0x7f01 (LWP 1) \"%s\"):\n" % name,
            b"#0  0x0000000000401000 in %s (a=\"%s\") at %s:3\n#1  0x1 in f () from %s\n" % (
                (name,) * 4),
            b"  File \"%s\", line 3, in %s\n~pmp lost tid=2 name=%s why=%s\n~pmp end\n" % (
                (name,) * 4)))
        for form in ("tree", "yaml", "collapsed"):
            result = run_limited("fold -t --full-paths -f " + form, text)
            if b"\0" in name:
                equal(result.code, 8, "binary")
                continue
            equal(result.code, 0, result.err)
            check_result(result, name[:40])
            if form != "tree":
                again = run_limited("show --full-paths -f " + form, result.out)
                check((again.code, again.out) == (0, result.out), name[:40], form, again.err[:400])


@test("a truncated YAML profile is an error with a line number")
def _():
    with open(os.path.join(ROOT, "tests", "golden", "cases", "show-yaml-yaml", "profile.yaml"),
              "rb") as file:
        whole = file.read()
    end = whole.rindex(b"\n")
    step = 41 if SANITIZED else 7
    for cut in list(range(1, end, step)) + list(range(end - 40, end)):
        result = run_limited("show -q", whole[:cut])
        check(result.code == 8 and result.err.startswith(b"pmp: "), "cut at %d" % cut, result)
        check(re.search(rb"input:\d+: ", result.err), "cut at %d" % cut, result.err)


@test("weights whose sum overflows are an error; the largest weight is not")
def _():
    most = b"18446744073709551615"
    node = b"{frame: %s, kind: native, total: " + most + b"}"
    head = b"pmp-profile: 1\nstacks: {total: " + most + b", merged: " + most + b"}\n"
    for data in (b"a " + most + b"0\n", b"a " + most + b"\nb 1\n", b"a 1\nb " + most + b"\n",
                 head + b"tree: [" + node % b"a" + b"," + node % b"b" + b"]\n",
                 b"pmp-profile: 1\nstacks: {total: 0, merged: 1, lost: " + most + b"}\ntree: []\n",
                 head.replace(most, most + b"1") + EMPTY):
        result = run_limited("show", data)
        check(result.code == 8 and re.search(rb"input:\d+: ", result.err), data, result)
    for data in (b"a;b " + most + b"\n", head + b"tree: [" + node % b"a" + b"]\n"):
        for form in ("tree", "yaml", "collapsed"):
            result = run_limited("show -f " + form, data)
            check(result.code == 0 and most in result.out, data, result)


main()
