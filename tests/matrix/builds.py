"""Finds the Pythons for `make matrix`, and makes the builds of each: as it is, stripped, embedded.

A Python is an executable in PATH, in ~/.pyenv/versions, or in a root folder (made by debootstrap).
In a root folder it runs under chroot, in a mount namespace of its own: /mnt is tests/matrix/cases,
/srv the folder for results, /opt the folder of stripped copies.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import zlib

from tap import BUILD, ROOT

PROGRAMS = os.path.join(ROOT, "tests", "matrix", "cases")
COPIES = os.path.join(BUILD, "matrix")
EMBED = os.path.join(BUILD, "tests", "harness", "programs", "embed")
NAME = re.compile(r"python(2\.7|3\.\d+t?|3\.\d+-nogil)")
EXPECTED = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

PROBE = """
import json, os, sys, sysconfig
value = sysconfig.get_config_var
print(json.dumps({
    "version": list(sys.version_info[:3]), "executable": os.path.realpath(sys.executable),
    "prefix": getattr(sys, "base_prefix", sys.prefix),
    "exec_prefix": getattr(sys, "base_exec_prefix", sys.exec_prefix),
    "folders": [value("LIBDIR") or "",
                os.path.join(value("LIBDIR") or "", value("MULTIARCH") or ""),
                value("LIBPL") or ""],
    "library": value("INSTSONAME") or value("LDLIBRARY") or "",
    "include": sysconfig.get_path("include"),
    "free_threaded": bool(value("Py_GIL_DISABLED"))}))
"""

# $1 root, $2 programs, $3 results, $4 copies; then the command.
IN_ROOT = """
mount -t proc proc "$1/proc" && mount --bind "$2" "$1/mnt" && mount --bind "$3" "$1/srv" &&
mount --bind "$4" "$1/opt" && root=$1 && shift 4 && exec chroot "$root" "$@"
"""


class Python:
    """One interpreter. root: "", or the root folder that its paths are relative to."""

    def __init__(self, path, root, found):
        self.path, self.root = path, root
        self.version = tuple(found["version"])
        self.executable = found["executable"]
        self.home = found["prefix"]
        if found["exec_prefix"] != found["prefix"]:
            self.home += ":" + found["exec_prefix"]
        self.free_threaded, self.include = found["free_threaded"], found["include"]
        self.linked = linked_library(self.host_path(self.executable), root)
        self.library = self.linked or next(
            (path
             for path in (os.path.join(folder, found["library"]) for folder in found["folders"])
             if ".so" in path and os.path.exists(self.host_path(path))), None)

    def host_path(self, path):
        """A path of this Python, as the test finds it outside of the root folder."""
        return self.root + path if self.root else path

    def folder(self):
        """A folder name that is unique to this Python."""
        return "%s-%08x" % (self, zlib.crc32((self.root + self.executable).encode()))

    def __str__(self):
        return "%d.%d.%d%s" % (self.version + ("t" if self.free_threaded else "",))


class Build:
    """One way to run one Python."""

    def __init__(self, python, how, words, env=None, engine=None):
        """words: the command before the program; engine: the host path of the evaluator's file."""
        self.python, self.how, self.words, self.env = python, how, words, dict(env or {})
        self.symbols = symbols_of(engine, python.root)
        self.debug_folder = None  # where gdb looks for debug symbols
        self.version = python.version[:2]

    def command(self, folder, *args):
        """The argv that runs target.py; args: a file's name in `folder`, then target.py's own."""
        env = dict(self.env, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1",
                   MATRIX_MODULES=modules(self.python))
        argv = ["env"] + ["%s=%s" % item for item in sorted(env.items())] + self.words
        if not self.python.root:
            return argv + [os.path.join(PROGRAMS, "target.py"),
                           os.path.join(folder, args[0])] + list(args[1:])
        os.makedirs(COPIES, exist_ok=True)
        return ["unshare", "-m", "sh", "-c", IN_ROOT, "sh", self.python.root, PROGRAMS, folder,
                COPIES] \
            + argv + ["/mnt/target.py", "/srv/" + args[0]] + list(args[1:])

    def __str__(self):
        where = " in %s" % os.path.basename(self.python.root) if self.python.root else ""
        return "%s %s%s" % (self.python, self.how, where)


def output(*argv):
    try:
        return subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=30).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""


def linked_library(executable, root):
    """The libpython that it is linked with; None if the executable contains the interpreter."""
    needed = re.search(r"\(NEEDED\).*\[(libpython[^]]*)\]", output("readelf", "-d", executable))
    if not needed:
        return None
    argv = ["chroot", root] if root else []
    found = re.search(re.escape(needed.group(1)) + r" => (\S+)",
                      output(*argv + ["ldd", executable[len(root):] if root else executable]))
    return os.path.realpath(found.group(1)) if found and not root else found and found.group(1)


def symbols_of(path, root=""):
    """One of debug, names (a symbol table only) and exported (dynamic symbols only)."""
    sections = output("readelf", "-SW", path)
    build_id = re.search(r"Build ID: ([0-9a-f]{2})([0-9a-f]+)", output("readelf", "-n", path))
    if " .debug_info " in sections:
        return "debug"
    if build_id and any(os.path.exists(folder + "/.build-id/%s/%s.debug" % build_id.groups())
                        for folder in (root + "/usr/lib/debug", "/usr/lib/debug")):
        return "debug"
    return "names" if " .symtab " in sections else "exported"


# Find the Pythons.


def probe_python(path, root, errors):
    argv = (["chroot", root] if root else []) + [path, "-c", PROBE]
    try:
        return Python(path, root, json.loads(output(*argv)))
    except ValueError:
        errors.append("%s does not run" % (root + path))
        return None


def candidates(roots):
    """(path, root) of each file that is named like a Python."""
    for folder in os.environ.get("PATH", "").split(":"):
        for path in sorted(glob.glob(folder + "/python*")):
            if NAME.fullmatch(os.path.basename(path)) and "/shims/" not in path:
                yield path, ""
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python*"))):
        if NAME.fullmatch(os.path.basename(path)):
            yield path, ""
    for root in sorted(glob.glob(os.path.join(roots, "*", ""))) if roots else ():
        for path in sorted(glob.glob(root + "usr/bin/python*")
                           + glob.glob(root + "usr/local/bin/python*")):
            if NAME.fullmatch(os.path.basename(path)):
                yield path[len(root) - 1:], root.rstrip("/")


def pythons(roots=None):
    """([Python, oldest first], [why a file that was found cannot be used])."""
    found, errors = {}, []
    may_chroot = os.geteuid() == 0 and shutil.which("unshare")
    for path, root in candidates(roots):
        if root and not may_chroot:
            errors.append("%s: only root can run programs of a root folder" % (root + path))
            continue
        real = (root, os.path.realpath(root + path))
        if real not in found:
            found[real] = probe_python(path, root, errors)
    return sorted((p for p in found.values() if p),
                  key=lambda p: (p.version, p.free_threaded, p.root)), errors


def missing(found):
    """Versions and builds that the matrix expects and `found` lacks."""
    names = {"%d.%d" % python.version[:2] for python in found}
    gone = [name for name in EXPECTED if name not in names]
    if not any(python.free_threaded for python in found):
        gone.append("free-threaded (3.13t or later)")
    return gone + ["a C library as new as that of `embed`, in " + root
                   for root in sorted({python.root for python in found if not runs_embed(python)})]


# Build.


def stripped_copy(python, path):
    """Makes a copy of path (the Python's executable or library) without symbols. Returns its paths:
    as the Python finds it, and as the test does."""
    name = os.path.join(python.folder(), os.path.basename(path))
    copy = os.path.join(COPIES, name)
    if not os.path.exists(copy):
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        new = "%s.%d" % (copy, os.getpid())  # another run may create it at the same time
        subprocess.run(["strip", "-o", new, python.host_path(path)], check=True, timeout=120)
        os.rename(new, copy)
    return ("/opt/" + name if python.root else copy), copy


def modules(python):
    """Builds extension.c for this Python. Returns its folder, as the Python finds it; "" if the
    build is not possible."""
    name = python.folder()
    built = os.path.join(COPIES, name, "calling.so")
    include = python.host_path(python.include)
    if not os.path.exists(built):
        if not os.path.exists(os.path.join(include, "Python.h")):
            return ""
        os.makedirs(os.path.dirname(built), exist_ok=True)
        # Debian keeps pyconfig.h in a folder per architecture.
        argv = [os.environ.get("CC", "cc"), "-w", "-O2", "-g", "-fPIC", "-shared", "-I" + include]
        if python.root:
            for folder in ("/usr/include", "/usr/include/x86_64-linux-gnu"):
                argv += ["-idirafter", python.host_path(folder)]
        if subprocess.run(argv + ["-o", built, os.path.join(PROGRAMS, "extension.c")], check=False,
                          timeout=60, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode:
            return ""
    return "/opt/" + name if python.root else os.path.dirname(built)


def as_it_is(python):
    return Build(python, "as it is", [python.executable],
                 engine=python.host_path(python.linked or python.executable))


def stripped(python):
    inside, outside = stripped_copy(python, python.executable)
    env = {"PYTHONHOME": python.home}
    if python.linked:
        # The dynamic loader uses a preloaded library of the needed name, whatever the RPATH.
        env["LD_PRELOAD"], outside = stripped_copy(python, python.linked)
    return Build(python, "stripped", [inside], env, outside)


def runs_embed(python):
    """True if the root folder's C library has each symbol version that the program needs."""
    libraries = glob.glob(os.path.join(python.root, "lib", "x86_64-linux-gnu",
                                       "libc.so.6")) if python.root else ()
    wanted = set(re.findall(rb"GLIBC_[0-9.]+", read(EMBED)))
    return all(wanted <= set(re.findall(rb"GLIBC_[0-9.]+", read(path))) for path in libraries)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def embedded(python, strip):
    """A C program that loads libpython; None without such a library, or if it cannot run there."""
    if not python.library or not os.path.exists(EMBED) or not runs_embed(python):
        return None
    inside, outside = python.library, python.host_path(python.library)
    if strip:
        inside, outside = stripped_copy(python, python.library)
    words = [EMBED]
    if python.root:
        shutil.copy(EMBED, COPIES)
        words = ["/opt/embed"]
    return Build(python, "embedded" + (", stripped" if strip else ""), words + [inside],
                 {"PYTHONHOME": python.home}, outside)


def with_symbols(folder):
    """Debian's Python with debug symbols, unpacked by .ci/deps; None if they are missing."""
    for path in glob.glob(os.path.join(folder, "usr", "bin", "python3.*")):
        found = probe_python(path, "", []) if NAME.fullmatch(os.path.basename(path)) else None
        if found:
            build = Build(found, "with its symbols", [path], {"PYTHONHOME": "/usr"}, path)
            build.symbols, build.debug_folder = "debug", os.path.join(folder, "usr", "lib", "debug")
            return build
    return None


def builds(python):
    """All builds of one Python."""
    found = [as_it_is(python), stripped(python), embedded(python, False), embedded(python, True)]
    return [build for build in found if build]
