"""A target in its own mount, pid and user namespaces, sampled from outside."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_live_python  # noqa: E402
from tap import (PYTHON, Target, check, children, equal, main, pmp, run, skip,  # noqa: E402
                 temp_dir, test)

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--user", "--map-root-user", "--mount-proc")
BUSY = "import threading, time\n" \
       "def burn():\n    end = time.time() + 60\n    while time.time() < end: pass\n" \
       "threading.Thread(target=burn, daemon=True).start()\nprint('ready 1', flush=True)\nburn()\n"


@test("the profile has Python frames, the host's thread ids, and the target's paths")
def _():
    need_live_python()
    if run(*UNSHARE, "true").code:
        skip("namespaces (unshare) are not permitted here")
    with Target(*UNSHARE, PYTHON, "-c", BUSY) as outer:
        pid = children(outer.pid)[0]
        path = os.path.join(temp_dir(), "p.yaml")
        result = pmp("-p", pid, "-n", 10, "--threads", "-o", path)
        equal(result.code, 0, result)
        tids = sorted(int(t) for t in os.listdir("/proc/%d/task" % pid))
        with open(path, encoding="utf-8") as file:
            text = file.read()
    profile = Profile(text)
    equal(profile.weight("burn", "python"), 20)
    for tid in tids:
        check("(tid %d)" % tid in text, "thread %d" % tid, result.out)
    check("/proc/%d/root" % pid not in text, "a path through /proc", text)


main()
