"""Targets in another root directory, as in a container."""

import os
import re
import shutil

from tap import PYTHON, Target, children, run

# root as in a container that may trace: without /proc/PID/map_files, so files are opened by path.
DROPPED = "-sys_admin,-checkpoint_restore"
PATHS_ONLY = ("setpriv", "--bounding-set", DROPPED, "--inh-caps", DROPPED)
# Like the start of a container: a mount namespace whose root is the given folder.
PIVOT = """
import ctypes, os, sys
libc, folder = ctypes.CDLL(None, use_errno=True), os.fsencode(sys.argv[1])
def must(result):
    if result: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
must(libc.unshare(0x20000000 | 0x20000))
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
    os._exit(0)
must(libc.mount(b"none", b"/", None, 0x44000, None))
must(libc.mount(folder, folder, None, 0x5000, None))
os.chdir(folder)
os.mkdir("old")
must(libc.syscall(155, b".", b"old"))
os.chdir("/")
must(libc.umount2(b"/old", 2))
os.execv(sys.argv[2], sys.argv[2:])
"""


def add_libc(root):
    """Copies the C library and its loader into a root directory."""
    for path in re.findall(r"/\S+", run("ldd", "/bin/true").out):
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.realpath(path), root + path)


def in_chroot(root, program):
    """A Target that has changed its root directory."""
    return Target("chroot", root, program)


def in_container(root, program):
    """A Target whose child has its own mount namespace and, by pivot_root, its own root."""
    return Target(PYTHON, "-c", PIVOT, root, program)


def pid_inside(target):
    """The pid of the program of in_chroot or in_container."""
    found = children(target.pid)
    return found[0] if found else target.pid


def may_pivot():
    """True if this user may create the namespaces of in_container."""
    return run("unshare", "--mount", "--pid", "--fork", "true").code == 0
