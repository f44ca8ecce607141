"""Only a result that is longer than the screen goes to a pager."""

import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import PMP, check, equal, main, proc_status, run, skip, spin, temp_dir, test  # noqa: E402
from terminal import Terminal  # noqa: E402

BT = "".join("#0  0x1 in leaf%d () at a.c:3\n#1  0x2 in main () at a.c:14\n\n" % i
             for i in range(40))
MARK = "sed s/^/paged:/"
NO_PAGER = {"PMP_PAGER": None, "PAGER": None, "LESS": None}


def files():
    folder = temp_dir()
    with open(os.path.join(folder, "bt.txt"), "w", encoding="utf-8") as file:
        file.write(BT)
    equal(run(PMP, "fold", "-q", "bt.txt", "-o", "p.yaml", cwd=folder).code, 0)
    return folder


def shown(*args, env=None, rows=24):
    """(exit code, lines) of pmp on a terminal."""
    terminal = Terminal(PMP, *args, env={**NO_PAGER, **(env or {})}, rows=rows, cwd=FOLDER)
    code, seen = terminal.end()
    terminal.close()
    return code, seen.replace("\r\n", "\n").splitlines()


FOLDER = files()


@test("a result longer than the screen goes to $PMP_PAGER, with colours")
def _():
    wanted = run(PMP, "show", "p.yaml", "--color=always", cwd=FOLDER,
                 env={"LC_ALL": "C.UTF-8"}).out.splitlines()
    code, lines = shown("show", "p.yaml", env={"PMP_PAGER": MARK, "PAGER": "false"})
    equal((code, lines), (0, ["paged:" + line for line in wanted]))
    check(any("\x1b[" in line for line in lines), "no colours")
    for words in (("fold", "bt.txt"), ("dump", "bt.txt"), ("show", "p.yaml", "-f", "yaml")):
        code, lines = shown(*words, env={"PAGER": MARK})
        equal(code, 0)
        check(len(lines) > 24 and all(line.startswith("paged:") for line in lines), words, lines)


@test("a result that fits the screen exactly does not go to the pager")
def _():
    rows = len(shown("show", "p.yaml", env={"PMP_PAGER": "cat"})[1])
    for height, paged in ((rows, True), (rows + 1, False)):
        code, lines = shown("show", "p.yaml", env={"PMP_PAGER": MARK}, rows=height)
        equal((code, lines[0].startswith("paged:")), (0, paged), height)


@test("an empty PMP_PAGER, --no-pager, a dumb terminal, a file and a pipe get no pager")
def _():
    wanted = shown("show", "p.yaml", env={"PMP_PAGER": "cat"})
    for words, env in (((), {"PMP_PAGER": "", "PAGER": MARK}),
                       (("--no-pager",), {"PMP_PAGER": MARK}),
                       ((), {"PAGER": "cat"}), ((), {"PATH": "/nowhere"})):
        equal(shown("show", "p.yaml", *words, env=env), wanted, (words, env))
    code, lines = shown("show", "p.yaml", env={"PMP_PAGER": MARK, "TERM": "dumb"})
    check(code == 0 and not lines[0].startswith("paged:"), lines)
    code, lines = shown("show", "p.yaml", "-qo", "/dev/tty", "-f", "yaml", env={"PMP_PAGER": MARK})
    equal((code, lines[0]), (0, "pmp-profile: 1"))
    equal(shown("show", "p.yaml", "-qo", "again.yaml", env={"PMP_PAGER": MARK}), (0, []))
    check("paged:" not in run(PMP, "show", "p.yaml", cwd=FOLDER, env={"PMP_PAGER": MARK}).out,
          "in a pipe")


@test("a pager that ends early is no error; without a working pager all lines are printed")
def _():
    wanted = shown("show", "p.yaml", env={"PMP_PAGER": "cat"})[1]
    equal(shown("show", "p.yaml", env={"PMP_PAGER": "head -n 1"}), (0, wanted[:1]))
    equal(shown("show", "p.yaml", "-f", "yaml", env={"PMP_PAGER": "true"}), (0, []))
    equal(shown("show", "p.yaml", env={"PMP_PAGER": "exit 3"}), (0, []))
    code, lines = shown("show", "p.yaml", env={"PMP_PAGER": "/nowhere/less -R"})
    check("not found" in lines[0], lines)
    equal((code, lines[1:]), (0, wanted))


@test("less shows a screen with colours, handles Ctrl-C and q, and restores the terminal")
def _():
    if not shutil.which("less"):
        skip("no less")
    terminal = Terminal("sh", "-c",
                        'trap : INT; read line; "$0" show p.yaml; echo code $?; read line', PMP,
                        env=NO_PAGER,
                        cwd=FOLDER)
    before = terminal.settings()
    terminal.send("\n")
    screen = terminal.wait_for(r"\n\r?(\x1b\S*)?:")
    check("\x1b[" in screen and "leaf10" in screen and "samples:" not in screen, screen)
    check(before != terminal.settings(), "less has not started")
    terminal.send("\x03")
    terminal.wait_for("\x07")
    check("samples:" in terminal.send_until("G", r"\(END\)"), "the end")
    terminal.send("q")
    terminal.wait_for("code 0")
    equal(terminal.settings(), before)
    terminal.send("\n")
    equal(terminal.end()[0], 0)


@test("a signal that ends pmp ends its pager")
def _():
    terminal = Terminal(PMP, "show", "p.yaml", env={"PMP_PAGER": "echo $$ here; exec sleep 60"},
                        cwd=FOLDER)
    pager = int(terminal.wait_for(r"\d+ here").split()[0])
    os.kill(terminal.pid, signal.SIGTERM)
    equal(terminal.end()[0], -signal.SIGTERM)
    deadline = time.monotonic() + 10
    while proc_status(pager, "State")[:1] not in ("", "Z") and time.monotonic() < deadline:
        time.sleep(0.01)
    check(proc_status(pager, "State")[:1] in ("", "Z"), "the pager still runs")


@test("after Ctrl-C the tree goes to the pager, and the exit code is 130")
def _():
    with spin() as target:
        terminal = Terminal(PMP, "-p", str(target.pid), "-d", "60", env={"PMP_PAGER": MARK}, rows=6)
        terminal.wait_for(r"[1-9]\d* samples?\b")
        terminal.send("\x03")
        code, seen = terminal.end()
        equal(code, 130, seen)
        check("paged:samples:" in seen and "\npmp: " in seen, seen)
        target.check_unharmed()


main()
