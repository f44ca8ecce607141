"""A stripped program whose symbols are in a debug file: here, and inside another root. Each place
of tests/agent/test_debug_files.py, with real gdbs; files that must not be used give no name."""

import concurrent.futures
import lzma
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from debug_builds import NAMES, Build, scramble, tool, xz_bomb, xz_with_index  # noqa: E402
from other_roots import add_libc, in_chroot, in_container, may_pivot, pid_inside  # noqa: E402
from profiles import Profile  # noqa: E402
from targets import await_samples, gdb_with, need_gdb, start_pmp  # noqa: E402
from tap import Target, check, equal, main, pmp, skip, temp_dir, test  # noqa: E402

DEBUG = "/usr/lib/debug/"


PARALLEL = 3  # rows at the same time


class Place:
    """A program in a folder: here (root ""), or below a root directory."""

    def __init__(self, root):
        self.root = root
        self.build = Build(temp_dir())
        self.folder = root + "/app" if root else temp_dir()
        # Only the tests' own debug files: none of this machine's.
        self.debug = root + DEBUG if root else temp_dir() + "/"
        self.program = self.folder + "/program"
        os.makedirs(self.folder, exist_ok=True)

    def add(self, path, source=None):
        """Copies the debug file, or another file, to a path."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        tool("cp", source or self.build.debug, path)


def stripped_only(place):
    place.add(place.program, place.build.stripped)


def mini(place):
    place.build.mini(place.program)


def padded_mini(place):
    """As mini, with padding of xz's format, which gdb does not accept: as for a gdb without lzma,
    the scripts have to unpack it."""
    place.build.mini(place.program, lzma.compress(place.build.symbols()) + b"\0" * 8)


def link_beside(place):
    place.build.linked(place.program)
    place.add(place.folder + "/program.debug")


def link_in_debug(place):
    place.build.linked(place.program)
    place.add(place.folder + "/.debug/program.debug")


def link_in_usr(place):
    place.build.linked(place.program)
    folder = place.folder[len(place.root):]
    place.add(place.debug + folder + "/program.debug")


def build_id(place):
    stripped_only(place)
    place.add(place.debug + place.build.build_id_path)


def build_id_link(place):
    """As Fedora does: the name of the build ID is a symbolic link."""
    stripped_only(place)
    place.add(place.debug + "app/program-1.2.x86_64.debug")
    path = place.debug + place.build.build_id_path
    os.makedirs(os.path.dirname(path))
    os.symlink("../../app/program-1.2.x86_64.debug", path)


def mini_and_build_id(place):
    mini(place)
    place.add(place.debug + place.build.build_id_path)


def broken_dwarf(place):
    """Debug information that refers to a file that is missing; its symbol table is good."""
    stripped_only(place)
    more = place.build.folder + "/more"
    with open(more, "wb") as file:
        file.write(b"none.dwz\0" + b"\1" * 20)
    path = place.debug + place.build.build_id_path
    place.add(path)
    tool("objcopy", "--add-section", ".gnu_debugaltlink=" + more, path)


# (what, how to lay it out, are there lines)
SOURCES = (("MiniDebugInfo", mini, False), ("padded MiniDebugInfo", padded_mini, False),
           ("a link to a file beside it", link_beside, True),
           ("a link to a file in .debug", link_in_debug, True),
           ("a link to a file in /usr/lib/debug", link_in_usr, True),
           ("a build ID", build_id, True), ("a build ID that is a link", build_id_link, True),
           ("MiniDebugInfo and a build ID", mini_and_build_id, True),
           ("DWARF that needs a missing file", broken_dwarf, False))


def other_build(place):
    stripped_only(place)
    place.add(place.debug + place.build.build_id_path, Build(temp_dir(), "other").debug)


def wrong_crc(place):
    link_beside(place)
    with open(place.folder + "/program.debug", "ab") as file:
        file.write(b"\0")


def broken_link(place):
    stripped_only(place)
    path = place.debug + place.build.build_id_path
    os.makedirs(os.path.dirname(path))
    os.symlink(os.path.basename(path), path)


def pipe(place):
    broken_link(place)
    path = place.debug + place.build.build_id_path
    os.unlink(path)
    if place.root:  # gdb itself would wait for a writer here
        os.mkfifo(path)


def no_xz(place):
    place.build.mini(place.program, b"no xz data" * 100)


def cut_xz(place):
    place.build.mini(place.program, lzma.compress(place.build.symbols())[:-20])


def random_dwarf(place):
    build_id(place)
    scramble(place.debug + place.build.build_id_path, ".debug_info", 12)


def random_names(place):
    build_id(place)
    scramble(place.debug + place.build.build_id_path, ".debug_str")


REFUSED = (("random DWARF", random_dwarf), ("random bytes as names", random_names),
           ("no debug file", stripped_only), ("another build", other_build),
           ("another CRC", wrong_crc), ("a link to itself", broken_link), ("a pipe", pipe),
           ("no xz data", no_xz), ("cut xz data", cut_xz))


def sample(pid, debug, *more):
    """(The frames of one stack from main on, the profile). debug: gdb's folder of debug files."""
    path = os.path.join(temp_dir(), "p.yaml")
    result = pmp("-p", pid, "-n", 1, "-q", "-o", path, "--gdb",
                 gdb_with("set debug-file-directory " + debug), *more)
    equal(result.code, 0, result)
    profile = Profile.load(path)
    equal(profile.total, 1)
    longest = max(profile.paths(), key=len)
    return longest[-len(NAMES):], profile


def check_named(frames, has_lines, what):
    equal([frame["frame"] for frame in frames], NAMES, what)
    for frame in frames:
        equal(os.path.basename(frame.get("file") or ""), "program.c" if has_lines else "", what)
        equal(os.path.basename(frame["module"]), "program", what)


def check_nameless(frames, what):
    for frame in frames:
        check(frame["frame"] not in NAMES, what, frame)
        equal(os.path.basename(frame["module"]), "program", what)


def check_row(place, start, row, check_frames, modes):
    # gdb's own folder: of the tests here; elsewhere none, so that pmp has to find the file.
    debug = "/nonexistent" if place.root else place.debug
    what, lay_out, *more = row
    lay_out(place)
    with start(place) as target:
        for mode in modes:
            frames, profile = sample(pid_inside(target), debug, "--attach", mode)
            check_frames(frames, *more, "%s, %s" % (what, mode))
            equal(profile.data.get("notes"), None, what)
        if pid_inside(target) == target.pid:
            target.check_unharmed()


def check_places(make_root, start, rows, check_frames, modes=("seize",)):
    """Samples the program of each row. make_root(): a new root for it, "": here; start(place): its
    Target."""
    need_gdb()
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        for done in [pool.submit(check_row, Place(make_root()), start, row, check_frames, modes)
                     for row in rows]:
            done.result()


def start_here(place):
    return Target(place.program)


def start_in(start):
    return lambda place: start(place.root, "/app/program")


def this_root():
    return ""


def other_root():
    if os.geteuid() != 0:
        skip("root is missing")
    root = temp_dir()
    add_libc(root)
    return root


@test("here: each kind of debug file gives the names")
def _():
    check_places(this_root, start_here, SOURCES, check_named)


@test("here: a debug file that must not be used gives none")
def _():
    check_places(this_root, start_here, REFUSED, check_nameless)


@test("in a chroot: each kind of debug file gives the names")
def _():
    check_places(other_root, start_in(in_chroot), SOURCES, check_named)


@test("in a chroot: a debug file that must not be used gives none")
def _():
    check_places(other_root, start_in(in_chroot), REFUSED, check_nameless)


@test("in a container: each kind of debug file gives the names")
def _():
    if os.geteuid() == 0 and not may_pivot():
        skip("namespaces (unshare) are not permitted here")
    check_places(other_root, start_in(in_container), SOURCES, check_named)


@test("in a chroot: no link leads out of the root")
def _():
    secret = temp_dir() + "/secret.debug"

    def link_out(place):
        stripped_only(place)
        place.add(secret)
        path = place.debug + place.build.build_id_path
        os.makedirs(os.path.dirname(path))
        os.symlink("../" * 30 + secret[1:], path)
    check_places(other_root, start_in(in_chroot), (("a link out of the root", link_out),),
                 check_nameless)


@test("debuginfod's cache: of pmp's user here, of the target's user in its root; no network")
def _():
    need_gdb()
    place, cache = Place(""), temp_dir()
    stripped_only(place)
    place.add("%s/%s/debuginfo" % (cache, place.build.build_id))
    with Target(place.program) as target:
        os.environ["DEBUGINFOD_CACHE_PATH"] = cache
        os.environ["DEBUGINFOD_URLS"] = "http://127.0.0.1:9/"
        try:
            check_named(sample(target.pid, "/nonexistent")[0], True, "here")
        finally:
            del os.environ["DEBUGINFOD_CACHE_PATH"]
        check_nameless(sample(target.pid, "/nonexistent")[0], "without the variable")
        del os.environ["DEBUGINFOD_URLS"]
        target.check_unharmed()
    place = Place(other_root())
    stripped_only(place)
    place.add("%s/cache/%s/debuginfo" % (place.root, place.build.build_id))
    with Target("chroot", place.root, "/app/program",
                env={"DEBUGINFOD_CACHE_PATH": "/cache"}) as target:
        check_named(sample(target.pid, "/nonexistent")[0], True, "in a chroot")
        target.check_unharmed()


@test("a bomb in .gnu_debugdata: a note, no names of that file, and gdb lives")
def _():
    need_gdb()
    build = Build(temp_dir())
    os.chmod(build.folder, 0o777)  # a folder in which others may write
    symbols = build.symbols()
    for what, packed in (("a bomb", xz_bomb(symbols, 136 << 20)),
                         ("an index that lies", xz_with_index(symbols, [1 << 62])),
                         ("2^58 blocks", xz_with_index(symbols, [len(symbols)], 1 << 58))):
        program = build.folder + "/program"
        build.mini(program, packed)
        with Target(program) as target:
            frames, profile = sample(target.pid, "/nonexistent")
            check_nameless(frames, what)
            notes = profile.data.get("notes") or ()
            check(any(".gnu_debugdata" in note for note in notes), what, notes)
            target.check_unharmed()


SWAPPER = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
/* Calls burn_NAME of one library after the other: each is unloaded before the next is loaded. */
int main(int argc, char **argv)
{
	printf("ready 1\n");
	fflush(stdout);
	for (int i = 1; i + 1 < argc; i += 2) {
		void *library = dlopen(argv[i], RTLD_NOW);
		void (*burn)(void) = (void (*)(void))dlsym(library, argv[i + 1]);

		printf("%p\n", (void *)burn);
		fflush(stdout);
		burn();
		dlclose(library);
	}
	return 0;
}
"""
BURNER = r"""
#include <unistd.h>
/* Until the file exists. */
static __attribute__((noinline)) void in_%(name)s(const char *file)
{
	while (access(file, F_OK) != 0)
		;
}
void burn_%(name)s(void) { in_%(name)s("%(folder)s/end_%(name)s"); }
"""


@test("a library in the place of another one, which had a debug file, has none of its names")
def _():
    need_gdb()
    folder = temp_dir()

    def compile(name, text, *options):
        with open(folder + "/x.c", "w", encoding="ascii") as file:
            file.write(text)
        tool("gcc", "-g", "-O1", "-o", folder + "/" + name, folder + "/x.c", *options)
    compile("swapper", SWAPPER, "-ldl")
    for name in ("first", "second"):
        compile(name + ".so", BURNER % {"name": name, "folder": folder}, "-shared", "-fPIC")
    library = folder + "/first.so"
    tool("objcopy", "--only-keep-debug", library, folder + "/first.debug")
    tool("strip", library)
    tool("objcopy", "--add-gnu-debuglink=" + folder + "/first.debug", library)
    tool("strip", folder + "/second.so")
    with Target(folder + "/swapper", library, "burn_first", folder + "/second.so", "burn_second",
                ready="0x") as target:
        path, raw = (os.path.join(temp_dir(), name) for name in ("p.yaml", "raw"))
        process = start_pmp("-p", target.pid, "-n", 20, "-r", 5, "-q", "-o", path,
                            "--save-raw", raw)
        await_samples(process, raw)
        with open(folder + "/end_first", "w", encoding="ascii"):
            pass
        err = process.communicate(timeout=60)[1]
        equal(process.returncode, 0, err)
        said = target.said + (target.process.stdout.read() or b"")
    equal(len(set(re.findall(rb"0x\w+", said))), 1, "the libraries are at one address")
    profile = Profile.load(path)
    names = {(os.path.basename(frame.get("module") or ""), frame["frame"])
             for part in profile.paths() for frame in part}
    check(("first.so", "in_first") in names, "the first library's debug file", names)
    check(("second.so", "burn_second") in names, "the second library", names)
    check(not any(module == "second.so" and "first" in name for module, name in names),
          "a wrong name", names)


@test("a gdb whose own folder of debug files is missing uses /usr/lib/debug")
def _():
    need_gdb()
    build = Build(temp_dir())
    if os.geteuid() != 0 or os.path.exists("/usr/local/lib/debug"):
        skip("root is missing, or /usr/local/lib/debug is there")
    path = DEBUG + build.build_id_path
    with Target(build.stripped) as target:
        made = not os.path.exists(os.path.dirname(path))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            shutil.copy(build.debug, path)
            equal([frame["frame"] for frame in sample(target.pid, "/usr/local/lib/debug")[0]],
                  NAMES)
        finally:
            os.unlink(path)
            if made:
                os.rmdir(os.path.dirname(path))


main()
