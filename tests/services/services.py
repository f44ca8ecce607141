#!/usr/bin/env python3
"""pmp dump of real services of Debian: idle, busy, and stuck.

    tests/services/services.py [--alarms N] [WORD...]

    WORD: only the situations whose name has one of the words
    --alarms N: dumps each service N times while it is idle or busy; no verdict may be an alarm

Installs the packages that are missing (as root, with apt-get; PMP_DEPS=no: it does not), starts
each service in a temporary folder on loopback, makes it idle, busy or stuck, dumps it twice, and
ends it. Prints a table; exits with 1 if a verdict is wrong. A service that cannot be installed is
skipped with the reason.
"""

import os
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
sys.path.insert(0, HERE)
from databases import DATABASES  # noqa: E402
from machine import Machine  # noqa: E402
from runtimes import RUNTIMES  # noqa: E402
from web_servers import WEB_SERVERS  # noqa: E402
from tap import pmp  # noqa: E402

SERVICES = DATABASES + WEB_SERVERS + RUNTIMES
DUMPS = 2
ALARMS = ("deadlock", "pool_deadlock", "fork_lock", "crash")


def is_installed(service):
    return all(shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
               for command in service.commands)


def install(services):
    packages = sorted({package for service in services if not is_installed(service)
                       for package in service.packages})
    if not packages or os.environ.get("PMP_DEPS") == "no" or not shutil.which("apt-get"):
        return
    print("installs: " + " ".join(packages), flush=True)
    # Debian's packages must not start their services (invoke-rc.d(8)).
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    for words in (["update", "-q"], ["install", "-yq", "--no-install-recommends"] + packages):
        subprocess.run(["apt-get"] + words, env=env, check=False, stdout=subprocess.DEVNULL)


def judge(out, situation, alarms):
    """"" or what is wrong with the verdict. alarms: only alarms are wrong."""
    kind, verdict = re.match(r"\w*", out).group(), out.split("\n\n", 1)[0]
    if alarms:
        return "an alarm: " + kind if kind in ALARMS + ("",) else ""
    if kind not in situation.kinds:
        return "kind is %s, not %s" % (kind or "missing", " or ".join(situation.kinds))
    for pattern in situation.patterns:
        if not re.search(pattern, verdict):
            return "no %r" % pattern
    return ""


def check(service, situation, alarms):
    """(mark, first line of the verdict) of one situation; alarms: 0, or the number of dumps."""
    with Machine() as machine:
        try:
            pid = situation.start(machine)
        except (OSError, AssertionError, subprocess.SubprocessError) as err:
            return "not started", str(err).strip().split("\n")[0]
        for _ in range(alarms or DUMPS):
            result = pmp("dump", "-p", pid, *service.options)
            wrong = judge(result.out, situation, alarms)
            if wrong:
                return "WRONG (%s)" % wrong, result.out.split("\n\n", 1)[0] or result.err
        return "ok", result.out.split("\n", 1)[0]


def main(words):
    alarms = int(words[1]) if words[:1] == ["--alarms"] else 0
    words = words[2:] if alarms else words
    chosen = [(service, situation) for service in SERVICES for situation in service.situations
              if not words or any(word in "%s %s" % (service.name, situation.name)
                                  for word in words)]
    if alarms:
        chosen = [row for row in chosen if row[1].name in ("idle", "busy", "loaded")]
    install({service.name: service for service, _ in chosen}.values())
    counts = {"ok": 0, "wrong": 0, "skipped": 0}
    for service, situation in chosen:
        if is_installed(service):
            mark, line = check(service, situation, alarms)
        else:
            mark, line = "skipped", "%s is missing" % " or ".join(service.commands)
        counts[mark if mark in counts else "wrong"] += 1
        print("%-10s %-12s %s\n    %s" % (service.name, situation.name, mark,
                                          line.replace("\n", "\n    ")[:1200]), flush=True)
    print("%(ok)d as expected, %(wrong)d wrong, %(skipped)d skipped" % counts)
    return counts["wrong"] > 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the services, too
    sys.exit(main(sys.argv[1:]))
