"""pmp dump of programs in Ruby, whose frames are read, and in languages whose frames are not; and a
profile of Ruby."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from hangs import check_rows, start_hang  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import BUILD, ROOT, check, equal, main, pmp, skip, test  # noqa: E402


def sample(name):
    """The path of samples/hang/NAME."""
    return os.path.join(ROOT, "samples", "hang", name)


RUBY = ("ruby", sample("ruby.rb"))
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", sample("java.java"))
NODE = ("node", sample("node.js"))
PHP = ("php", sample("php.php"))
GO = (os.path.join(BUILD, "samples", "hang-go"),)
JSTACK = r"pmp does not see Java's frames and locks; jstack \d+ prints them"
GOROUTINES = r"pmp does not see the 20\d\d goroutines: they are not threads; kill -QUIT \d+ prints"
UNSEEN = r"none of the threads of %s \(\d+\) runs; what its code waits for is not seen"

# As in tests/harness/hangs.py.
RUBY_ROWS = (
    (RUBY, "deadlock", "deadlock", "certain",
     (r"waits for mutex 0x[0-9a-f]+ \(Ruby\), held by thread \d+ \(ruby\S*\) in block in "
      r"first_second at ruby.rb:\d+",
      r"in block in second_first at ruby.rb:\d+")),
    (RUBY, "mutex", "lock", "certain",
     (r"holds mutex 0x[0-9a-f]+ \(Ruby\) and sleeps, \d+\.\d s are left in nap at ruby.rb:\d+",
      r"waits for mutex .* in take at ruby.rb:\d+")),
    (RUBY, "queue", "wait", "likely",
     (r"waits for Thread::Queue 0x[0-9a-f]+ \(empty\) in fetch at ruby.rb:\d+",)),
    (RUBY, "sleep", "sleep", "likely", (r"sleeps, \d+\.\d s are left in nap at ruby.rb:\d+",)),
    (RUBY, "join", "sleep", "certain",
     (r"waits for the end of thread \d+ \(ruby.rb:\d+\) in ended at ruby.rb:\d+",)),
    (RUBY, "condition", "wait", "likely", (r"waits for condition variable 0x[0-9a-f]+ in block",)),
    (RUBY, "recv", "io", "certain", (r"127.0.0.1:\d+.* in receive at ruby.rb:\d+",)),
)
OTHER_ROWS = (
    (JAVA, "locks", "lock", "likely", (r"waits for mutex", JSTACK)),
    (NODE, "spin", "busy", "certain", (r"pmp does not see JavaScript's frames",)),
    (PHP, "sleep", "sleep", "likely", (r"pmp does not see PHP's frames; phpspy -p \d+",)),
    # Go chooses which of its threads polls; the main thread's wait is named.
    (GO, "channel", "idle", "guess",
     ("%s|is blocked in epoll_pwait.* on fd" % UNSEEN % "Go", GOROUTINES)),
)


def build_go():
    """Builds the program in Go. False without Go."""
    if not shutil.which("go"):
        return False
    if not os.path.exists(GO[0]) or os.path.getmtime(GO[0]) < os.path.getmtime(sample("go.go")):
        subprocess.run(["go", "build", "-o", GO[0], sample("go.go")], check=True,
                       env=dict(os.environ, GOCACHE=os.path.join(BUILD, "go-cache")))
    return True


@test("Ruby: frames, owners of locks and waits")
def _():
    need_gdb()
    if not shutil.which("ruby"):
        skip("no ruby")
    check_rows(RUBY_ROWS)


@test("Java, Node, PHP, Go: what is known, and what is not seen")
def _():
    need_gdb()
    found = {program[0] for program in (JAVA, NODE, PHP) if shutil.which(program[0])}
    if build_go():
        found.add(GO[0])
    rows = [row for row in OTHER_ROWS if row[0][0] in found]
    if not rows:
        skip("no java, node, php or go")
    check_rows(rows)


@test("Ruby frames have their share of a profile, with lines and the C below")
def _():
    need_gdb()
    if not shutil.which("ruby"):
        skip("no ruby")
    target, pid = start_hang(RUBY, "busy")
    with target:
        result = pmp("-p", pid, "-n", 20, "-r", 50, "-f", "yaml", "-q")
        equal(result.code, 0, result)
        total = int(re.search(r"\n +total: (\d+)", result.out).group(1))
        for name in ("spin", "step"):
            node = re.search(r"frame: %s\n +kind: ruby\n(?: +\w+: .*\n)*? +file: \S*ruby.rb\n"
                             r"(?: +\w+: .*\n)*? +total: (\d+)" % name, result.out)
            check(node and int(node.group(1)) > total // 2, "no share of %s" % name, result.out)
        target.check_unharmed()


main()
