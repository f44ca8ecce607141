"""Facts about the targets of live tests and about this machine."""

import os
import re
import stat
import subprocess
import time

from tap import (BUILD, PMP, PYTHON, check, children, cleanup, note, proc_status, run, skip,
                 temp_dir)

# Percent of the time in each function of samples/spin.py (samples/README.md).
SPLIT = {"in_python": 40, "in_extension": 30, "with_callback": 20, "in_library": 10}
# .ci/deps unpacks a Python and its debug symbols here.
UNPACKED = os.path.join(BUILD, "python-dbg")


def need_gdb():
    found = run("sh", "-c", "gdb -nx -batch -ex 'python print(6 * 7)'")
    if found.out.strip() != "42":
        skip("a gdb with Python is missing")


def need_live_python():
    """The version of PYTHON, which pmp must be able to read; a skip if it is too old."""
    need_gdb()
    version = run(PYTHON, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])").out.strip()
    if tuple(int(part) for part in version.split(".")) < (3, 6):
        skip("CPython of 3.6 or later is missing (%s is %s)" % (PYTHON, version))
    return version


def check_split(profile, within):
    """Each part of spin.py has its share of the time, to within so many percentage points."""
    shares = {name: round(profile.share(name, "python"), 1) for name in SPLIT}
    note("split %s" % shares)
    for name, wanted in SPLIT.items():
        check(abs(shares[name] - wanted) <= within, "%s: %s %%, known to be %s %%" % (
            name, shares[name], wanted), shares)


def gdb_with(*settings):
    """The path of a script that starts gdb with these settings."""
    path = os.path.join(temp_dir(), "gdb")
    words = " ".join("-iex '%s'" % setting for setting in settings)
    with open(path, "w", encoding="ascii") as file:
        file.write('#!/bin/sh\nexec gdb %s "$@"\n' % words)
    os.chmod(path, stat.S_IRWXU)
    return path


def debug_file(executable, folder="/usr/lib/debug"):
    """The path of the debug symbols of executable, or None."""
    notes = subprocess.run(["readelf", "-n", os.path.realpath(executable)], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    match = re.search(r"Build ID: ([0-9a-f]{2})([0-9a-f]+)", notes)
    path = match and os.path.join(folder, ".build-id", match.group(1), match.group(2) + ".debug")
    return path if path and os.path.exists(path) else None


def python_with_symbols():
    """(python, environment, folder of debug files), or a skip."""
    if debug_file(PYTHON):
        return PYTHON, {}, "/usr/lib/debug"
    # gdb's commands take no path with a blank in it.
    root = os.path.join(temp_dir(), "python")
    os.symlink(UNPACKED, root)
    folder, debug = os.path.join(root, "usr", "bin"), os.path.join(root, "usr", "lib", "debug")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if re.fullmatch(r"python3\.\d+", name) and debug_file(path, debug):
            return path, {"PYTHONHOME": "/usr"}, debug
    return skip("debug symbols of Python (python3-dbg) are missing")


def function_addresses(path):
    """{name: address} of the functions in a file's symbol table."""
    rows = [row.split() for row in run("nm", path).out.split("\n") if " t " in row.lower()]
    return {row[-1]: int(row[0], 16) for row in rows}


def start_pmp(*args):
    """Starts pmp in a session of its own; the test's end is its end, too."""
    process = subprocess.Popen([PMP, *map(str, args)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)

    def end():
        if process.poll() is None:
            process.kill()
            process.communicate()

    cleanup(end)
    return process


def gdbs_of(process):
    """[pid] of the gdbs that a running pmp has started."""
    return [pid for pid in children(process.pid) if proc_status(pid, "Name") == "gdb"]


def samples_of(process, raw):
    """The number of samples that a running pmp with --save-raw=raw has written. The file has no
    name until pmp ends."""
    folder, most = "/proc/%d/fd" % process.pid, 0
    for name in os.listdir(folder):
        try:
            if os.readlink(os.path.join(folder, name)).startswith(os.path.dirname(raw) + "/"):
                with open(os.path.join(folder, name), "rb") as file:
                    most = max(most, file.read().count(b"~pmp end"))
        except OSError:
            pass
    return most


def await_samples(process, raw, wanted=2, limit=40):
    """Waits until pmp has taken so many samples."""
    deadline = time.monotonic() + limit
    while samples_of(process, raw) < wanted:
        check(process.poll() is None, "pmp has ended", process.returncode)
        check(time.monotonic() < deadline, "no %d samples" % wanted)
        time.sleep(0.01)
