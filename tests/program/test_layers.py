"""tests/layers: it finds no problem in this project, and reports a violation of each rule."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import ROOT, check, equal, main, run, skip, temp_dir, test  # noqa: E402

FORMATTER = 14  # of Debian 12
LAYERS = os.path.join(ROOT, "tests", "layers")

# (rule, path, text, the lines that name the violation). A text of None removes the file.
VIOLATIONS = (
    ("an include that no arrow allows", "merger/text/x.c", '#include "merger/parse/p.h"\n',
     ["merger/text/x.c: merger/text may not use merger/parse (merger/parse/p.h)"]),
    ("an import that no arrow allows", "gdbscripts/target/x.py", "import pmp_y\n",
     ["gdbscripts/target/x.py: gdbscripts/target may not use gdbscripts/sample "
      "(gdbscripts/sample/y.py)"]),
    ("a circle of folders", "merger/base/x.c", '#include "merger/parse/p.h"\n',
     ["merger/base/x.c: merger/base may not use merger/parse (merger/parse/p.h)",
      "a circle of folders: merger/base, merger/parse"]),
    ("a circle of modules", "merger/base/y.h", '#include "merger/base/z.h"\n',
     ["a circle of modules: merger/base/y, merger/base/z"]),
    ("an include that is not relative to the root", "merger/base/x.c", '#include "../parse/p.h"\n',
     ['merger/base/x.c: "../parse/p.h" is not relative to the root of the project']),
    ("an import of a missing module", "gdbscripts/target/x.py", "import pmp_missing\n",
     ["gdbscripts/target/x.py: imports a module that does not exist"]),
    ("two modules of one name", "merger/base/tree.h", "",
     ["merger/profile/tree.h: merger/base/tree has the same name"]),
    ("a unit test without a module", "tests/unit/merger/test_missing.c", "",
     ["tests/unit/merger/test_missing.c: merger/ has no module of that name"]),
    ("a test program without test_ in its name", "tests/program/plain.py", "main()\n",
     ["tests/program/plain.py: the names of test programs, and only these, begin with test_"]),
    ("a missing README.md", "merger/base/README.md", None, ["merger/base: README.md is missing"]),
    ("a README.md that is too long", "merger/base/README.md", "line\n" * 26,
     ["merger/base/README.md: 26 lines; the limit is 25"]),
    ("a line that is too long", "samples/x.c", "short\n\t" + "x" * 93 + "\n",
     ["samples/x.c:2: 101 columns; the limit is 100"]),
)

# Sources that follow all rules, to which one violation is added.
SOURCES = {
    "merger/base/y.h": "",
    "merger/base/z.h": '#include "merger/base/y.h"\n',
    "merger/parse/p.h": '#include "merger/base/y.h"\n',
    "merger/profile/tree.h": "",
    "gdbscripts/sample/y.py": "",
    "tests/unit/merger/test_tree.c": "",
    "tests/program/test_x.py": "main()\n",
    "samples/x.c": "\t" + "x" * 92 + "\n",
}
# The sources use few arrows of the table. So tests/layers reports the others as unused.
UNUSED = ": no source uses this arrow"


def write(folder, path, text):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    if text is None:
        os.unlink(full)
        return
    with open(full, "w", encoding="ascii") as file:
        file.write(text)


def problems(folder):
    result = run(sys.executable, os.path.join(folder, "tests", "layers"))
    equal((result.err, result.code), ("", 1 if result.out else 0), result)
    return result.out.splitlines()


def copy():
    """A small project that has tests/layers and breaks no rule but that of unused arrows."""
    folder = temp_dir()
    for path, text in SOURCES.items():
        write(folder, path, text)
    shutil.copy(LAYERS, os.path.join(folder, "tests", "layers"))
    for line in problems(folder):
        if line.endswith(": README.md is missing"):
            write(folder, line.partition(":")[0] + "/README.md", "line\n")
    return folder


def is_reported(rule, path, text, wanted):
    @test("tests/layers reports " + rule)
    def _():
        folder = copy()
        before = problems(folder)
        broken = [line for line in before if not line.endswith(UNUSED)]
        check(not broken, "the copy breaks a rule", *broken)
        write(folder, path, text)
        found = [line for line in problems(folder) if not line.endswith(UNUSED)]
        equal(found, wanted, "%s in %s" % (rule, path))


@test("tests/layers finds no problem in this project")
def _():
    result = run(sys.executable, LAYERS)
    lines = result.out.splitlines()
    check(not lines, "%d problems" % len(lines), *lines[:20])
    equal((result.code, result.err), (0, ""))


@test("tests/layers reports an arrow that no source uses")
def _():
    wanted = "tests/layers: merger/formats -> merger/text" + UNUSED
    check(wanted in problems(copy()), "not reported")


@test("the C files are formatted as clang-format %d does it" % FORMATTER)
def _():
    formatter = shutil.which("clang-format")
    version = run(formatter, "--version").out if formatter else ""
    if " version %d." % FORMATTER not in version:
        skip("clang-format %d is missing: other versions format otherwise" % FORMATTER)
    files = [os.path.join(folder, name) for top in ("cli", "merger", "samples", "tests")
             for folder, _, names in os.walk(os.path.join(ROOT, top))
             for name in names if name.endswith((".c", ".h"))]
    result = run(formatter, "--dry-run", "-Werror", *files)
    equal(result.code, 0, result)


for row in VIOLATIONS:
    is_reported(*row)

main()
