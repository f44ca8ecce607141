"""Targets whose files were replaced or deleted, or are in another root. Functions are named from
the target's own files, never from another file at the same path. Only regular files are opened."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from other_roots import (PATHS_ONLY, add_libc, in_chroot, in_container, may_pivot,  # noqa: E402
                         pid_inside)
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import PMP, Target, check, equal, main, run, skip, temp_dir, test  # noqa: E402

PROGRAM = r"""
#include <stdio.h>
void in_library(volatile long *counter);
static void %(name)s(void)
{
	static volatile long counter;
	in_library(&counter);
}
int main(void)
{
	printf("ready 1\n");
	fflush(stdout);
	%(name)s();
	return 0;
}
"""
LIBRARY = r"""
static void %(name)s(volatile long *counter) { for (;;) (*counter)++; }
void in_library(volatile long *counter) { %(name)s(counter); }
"""


def build(folder, program, library, root=""):
    """Builds folder/prog and folder/liba.so below root. program, library: names of their static
    functions."""
    origin, folder = folder, root + folder
    os.makedirs(folder, exist_ok=True)
    for text, name, out, more in ((LIBRARY, library, "liba.so", ("-shared", "-fPIC")),
                                  (PROGRAM, program, "prog", ("liba.so", "-Wl,-rpath," + origin))):
        with open(folder + "/x.c", "w", encoding="ascii") as file:
            file.write(text % {"name": name})
        subprocess.run(["gcc", "-O0", "-o", out + ".new", "x.c", *more], cwd=folder, check=True)
        os.rename(folder + "/%s.new" % out, folder + "/" + out)
    os.unlink(folder + "/x.c")


def may_open_mapped():
    """True if /proc/PID/map_files can be opened: it gives access to deleted and replaced files."""
    folder = "/proc/self/map_files/"
    try:
        os.stat(folder + os.listdir(folder)[0])
    except OSError:
        return False
    return True


def sample(pid, mode, command=(PMP,)):
    """The profile of one sample."""
    path = os.path.join(temp_dir(), "p.yaml")
    os.chmod(os.path.dirname(path), 0o777)
    result = run(*command, "-p", str(pid), "-n", "1", "-q", "--full-paths", "--attach", mode, "-o",
                 path, cwd="/", limit=30)
    equal(result.code, 0, result)
    return Profile.load(path)


def check_names(profile, folder, what):
    """Each function has its right name and file."""
    chain = [part[-1] for part in profile.paths()]
    names = [node["frame"] for node in chain]
    equal(names[names.index("main"):], ["main", "own", "in_library", "own_library"], what)
    for node, file in (("own", "prog"), ("own_library", "liba.so")):
        module = chain[names.index(node)]["module"]
        equal(module.replace(" (deleted)", ""), "%s/%s" % (folder, file), what)


@test("names are right after the executable and a library were replaced, as by an upgrade")
def _():
    need_gdb()
    folder = temp_dir()
    build(folder, "own", "own_library")
    with Target(folder + "/prog") as target:
        build(folder, "wrong_name", "wrong_name")
        if may_open_mapped():
            check_names(sample(target.pid, "seize"), folder, "seize")
        profile = sample(target.pid, "plain")
        check(any("replaced" in note for note in profile.data.get("notes") or ()), "plain: no note",
              profile.data)
        target.check_unharmed()


@test("a deleted library that cannot be read: a note, no wrong name; a pipe there is not opened")
def _():
    need_gdb()
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip("root and setpriv are missing")
    as_nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    folder = temp_dir()
    os.chmod(folder, 0o755)
    build(folder, "own", "own_library")
    copy = shutil.copy(PMP, folder + "/pmp")
    with Target(*as_nobody, folder + "/prog") as target:
        os.unlink(folder + "/liba.so")
        os.mkfifo(folder + "/liba.so")
        profile = sample(target.pid, "seize", as_nobody + (copy,))
        notes = profile.data.get("notes") or ()
        check(any("%s/liba.so was deleted or replaced" % folder in note for note in notes),
              "no note", notes)
        equal(profile.weight("own"), 1, "a name of the program, whose file exists")
        names = {part[-1]["frame"] for part in profile.paths()}
        check("wrong_name" not in names and any(name.startswith("0x") for name in names), names)
        target.check_unharmed()


def check_in_root(what, modes, start):
    """Samples a target in its own root, whose paths are different files on the host."""
    need_gdb()
    if os.geteuid() != 0:
        skip("root is missing")
    folder, root = temp_dir(), temp_dir()
    build(folder, "wrong_name", "wrong_name")
    build(folder, "own", "own_library", root)
    add_libc(root)
    # Links out of the root, at places where a debugger searches for files.
    os.makedirs(root + "/usr/lib")
    os.symlink("/usr/lib/debug", root + "/usr/lib/debug")
    os.symlink(os.path.realpath("/tmp"), root + "/var")
    with start(root, folder + "/prog") as outer:
        pid = pid_inside(outer)
        for mode in modes:
            paths_only = mode == "seize" and shutil.which("setpriv")
            profile = sample(pid, mode, PATHS_ONLY + (PMP,) if paths_only else (PMP,))
            check_names(profile, folder, "%s, %s" % (what, mode))
            equal(profile.data["target"]["executable"], folder + "/prog", what)
            text = str(profile.data)
            check("/proc/" not in text and root not in text and "target:" not in text,
                  "a path of the host", text)
            check("notes" not in profile.data, "a note", profile.data.get("notes"))
        if pid == outer.pid:
            outer.check_unharmed()


@test("names and paths are right for a target in a chroot")
def _():
    check_in_root("chroot", ("seize", "plain"), in_chroot)


@test("names and paths are right for a target after pivot_root, as in a container")
def _():
    if not may_pivot():
        skip("namespaces (unshare) are not permitted here")
    check_in_root("pivot_root", ("seize", "plain"), in_container)


main()
