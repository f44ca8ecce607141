"""The test runner: which tests count as passed, failed and skipped."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PYTHON, ROOT, check, equal, main, run, skip, temp_dir, test  # noqa: E402

# (what the program does, its text, the runner's last line, the runner's exit code)
PROGRAMS = (
    ("passes", "print('1..2\\nok 1 - a\\nok 2 - b')", "2 passed, 0 failed, 0 skipped", 0),
    ("fails", "print('1..2\\nok 1 - a\\nnot ok 2 - b'); raise SystemExit(1)",
     "1 passed, 1 failed, 0 skipped", 1),
    ("skips", "print('1..1\\nok 1 - a # SKIP no gdb')", "0 passed, 0 failed, 1 skipped", 0),
    ("skips as cmocka does", "print('1..1\\n# no gdb\\nnot ok 1 # SKIP a')",
     "0 passed, 0 failed, 1 skipped", 0),
    ("skips all of it", "print('1..0 # SKIP no gdb')", "0 passed, 0 failed, 1 skipped", 0),
    ("prints nothing", "pass", "0 passed, 1 failed, 0 skipped", 1),
    ("has no test", "print('1..0')", "0 passed, 1 failed, 0 skipped", 1),
    ("stops before its plan is done", "print('1..2\\nok 1 - a')", "1 passed, 1 failed, 0 skipped",
     1),
    ("has no plan", "print('ok 1 - a')", "1 passed, 1 failed, 0 skipped", 1),
    ("exits with 1 and no failed test", "print('1..1\\nok 1 - a'); raise SystemExit(1)",
     "1 passed, 1 failed, 0 skipped", 1),
    ("dies", "import os; print('1..1\\nok 1 - a', flush=True); os.abort()",
     "1 passed, 1 failed, 0 skipped", 1),
    ("leaves a process behind", "import subprocess as s; print('1..1\\nok 1 - a'); "
     "s.Popen(['sleep', '50'], stdout=s.DEVNULL, stderr=s.DEVNULL, start_new_session=True)",
     "1 passed, 1 failed, 0 skipped", 1),
    ("leaves a file behind", "import tempfile; print('1..1\\nok 1 - a'); tempfile.mkdtemp()",
     "1 passed, 1 failed, 0 skipped", 1),
)


def run_runner(programs, *words):
    folder = temp_dir()
    for name in ("program", "live", "harness"):
        os.makedirs(os.path.join(folder, "tests", name))
    for name in ("run", os.path.join("harness", "tap.py")):
        shutil.copy(os.path.join(ROOT, "tests", name), os.path.join(folder, "tests", name))
    for name, text in programs.items():
        with open(os.path.join(folder, "tests", name + ".py"), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    result = run(PYTHON, os.path.join(folder, "tests", "run"), *words)
    return result, result.out.splitlines()[-1] if result.out else ""


def case(what, program, last, code):
    @test("a program that " + what)
    def _():
        result, line = run_runner({"program/test_one": program})
        equal((line, result.code), (last, code), result)


for row in PROGRAMS:
    case(*row)


@test("the runner lists skipped tests with their reasons")
def _():
    program = "print('1..2\\nok 1 - a # SKIP no gdb\\n# no xz\\nnot ok 2 # SKIP b')"
    result, _ = run_runner({"program/test_one": program})
    check("skipped: program/test_one: a: no gdb" in result.out, result)
    check("skipped: program/test_one: b: no xz" in result.out, result)


TAP = "from tap import test, main\ntest('%s')(lambda: None)\ntest('%s')(lambda: None)\nmain()"


@test("a filter selects programs and tests; a filter without a match is a failure")
def _():
    programs = {"program/test_one": TAP % ("red", "blue"),
                "program/test_two": TAP % ("green", "blue")}
    equal(run_runner(programs)[1], "4 passed, 0 failed, 0 skipped")
    equal(run_runner(programs, "one")[1], "2 passed, 0 failed, 0 skipped")
    equal(run_runner(programs, "blue")[1], "2 passed, 0 failed, 0 skipped")
    equal(run_runner(programs, "green")[1], "1 passed, 0 failed, 0 skipped")
    result, line = run_runner(programs, "yellow")
    equal((line, result.code), ("0 passed, 1 failed, 0 skipped", 1), result)


BESIDE = """import os, time
from tap import test, check, main
@test("waits for %s")
def _():
    open(os.path.join("tests", "%s"), "w").close()
    for _ in range(1000):
        if os.path.exists(os.path.join("tests", "%s")): return
        time.sleep(0.01)
    check(False, "the other program has not started")
main()"""


@test("programs without a live process run at the same time as live tests")
def _():
    if len(os.sched_getaffinity(0)) < 2:
        skip("a second core is missing")
    result, line = run_runner({"program/test_one": BESIDE % ("b", "a", "b"),
                               "live/test_two": BESIDE % ("a", "b", "a")})
    equal((line, result.code), ("2 passed, 0 failed, 0 skipped", 0), result)


main()
