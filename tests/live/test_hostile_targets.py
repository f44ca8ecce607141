"""A target whose names contain control characters, with files beside it that a gdb could run: in
each mode the names are escaped, and none of the files is run."""

import os
import re
import subprocess
import sys
import time
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from profiles import Profile  # noqa: E402
from targets import need_gdb  # noqa: E402
from tap import PMP, Target, check, children, equal, main, run, temp_dir, test  # noqa: E402

PLACE = temp_dir()
RAN = os.path.join(PLACE, "ran-")
ODD = b" \n~pmp end\n'\"\\;:\x1b[31m\xff\xc3\xa9$(id)|x"
FOLDER = os.path.join(os.fsencode(PLACE), b"d" + ODD)
PROGRAM, LIBRARY = os.path.join(FOLDER, b"p" + ODD), os.path.join(FOLDER, b"lib" + ODD + b".so")
THREAD = b"#0 a ();\n\x1b\xff\xc3"
SOURCE = r"""
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
__asm__(".pushsection \".debug_gdb_scripts\", \"MS\",@progbits,1\n"
        ".byte 4\n.ascii \"gdb.inlined\\nopen('%(ran)sinlined', 'w')\\n\"\n.byte 0\n"
        ".byte 1\n.asciz \"%(place)s/section.py\"\n.popsection");
void in_library(volatile long *counter);
#line 7 "/src/odd\033[2J \"~pmp end\n;\377.c"
void *odd_file(void *counter)
{
	prctl(PR_SET_NAME, "#0 a ();\n\033\377\303");
	in_library(counter);
	return counter;
}
int main(void)
{
	static volatile long counter;
	pthread_t thread;
	pthread_create(&thread, NULL, odd_file, (void *)&counter);
	printf("ready 1\n");
	fflush(stdout);
	pthread_join(thread, NULL);
	return 0;
}
"""
LIBRARY_SOURCE = r"""
void odd_name(volatile long *counter) { for (;;) (*counter)++; }
void in_library(volatile long *counter) { for (;;) odd_name(counter); }
"""
ODD_NAME = b"odd_name;\n~pmp end\x1b[31m\xff"
# Files of a program that a gdb may run by itself: {name: text}.
PYTHON = "open('%s', 'w')\n"
SCRIPTS = {
    b".gdbinit": "python open('%s', 'w')\n", b"sitecustomize.py": PYTHON, b"startup.py": PYTHON,
    b"p" + ODD + b"-gdb.py": PYTHON, b"lib" + ODD + b".so-gdb.py": PYTHON, b"gdb.py": PYTHON,
    b".config/gdb/gdbinit": "python open('%s', 'w')\n",
}


def compile_c(text, out, *args):
    source = os.path.join(PLACE, "x.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(text)
    subprocess.run(["gcc", "-O0", "-o", out, source, *args], check=True)


def build():
    os.makedirs(os.path.join(FOLDER, b".config/gdb"))
    for name, text in SCRIPTS.items():
        with open(os.path.join(FOLDER, name), "w", encoding="ascii") as file:
            file.write(text % (RAN + re.sub(r"\W", "_",
                                            os.fsdecode(name).encode("ascii", "replace").decode())))
    with open(PLACE + "/section.py", "w", encoding="ascii") as file:
        file.write(PYTHON % (RAN + "section"))
    compile_c(LIBRARY_SOURCE, LIBRARY, "-shared", "-fPIC", "-Wl,-Bsymbolic")
    subprocess.run([b"objcopy", b"--redefine-sym", b"odd_name=" + ODD_NAME, LIBRARY], check=True)
    compile_c(SOURCE % {"ran": RAN, "place": PLACE}, PROGRAM, LIBRARY, "-g", "-pthread",
              "-Wl,-rpath,$ORIGIN")


def scripts_that_ran():
    return sorted(name for name in os.listdir(PLACE) if name.startswith("ran-"))


def start():
    need_gdb()
    if not os.path.exists(FOLDER):
        build()
    return Target(PROGRAM, b"a\n~pmp end\x1b\xff", cwd=FOLDER)


def check_printable(data, what):
    """The output is UTF-8 without control characters."""
    for char in set(data.decode("utf-8")):
        check(char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"), what,
              repr(char), data)


def check_profile(path, mode):
    for form in ("yaml", "collapsed", "tree"):
        result = run(PMP, "show", "-q", "--full-paths", "-f", form, path, binary=True)
        equal((result.code, result.err), (0, b""), mode)
        check_printable(result.out, "%s, %s" % (mode, form))
        if form == "collapsed":
            check(all(re.search(rb" \d+$", line) for line in result.out.splitlines()), mode,
                  result.out)
    with open(path, encoding="utf-8") as file:
        profile = Profile(file.read())
    profile.check_whole()
    equal(profile.total, 4, "stacks, in mode %s" % mode)
    for name in ("main", "odd_file", "in_library"):
        equal(profile.weight(name), 2, "%s in mode %s" % (name, mode))
    check(profile.weight_below("odd_file", "in_library"), "order", mode)
    names = {part[-1]["frame"] for part in profile.paths()}
    check(any(name.startswith("odd_name") for name in names),
          "%s: the function with an odd name" % mode, names)
    check(all(name.isprintable() for name in names), names)
    threads = {row["name"] for row in profile.data["threads"]}
    check(any(name.startswith("#0 a ()") for name in threads) and len(threads) == 2, "threads",
          threads)


def gdb_of(process):
    """(environment, working directory) of the gdb that this pmp has started."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in children(process.pid):
            try:
                with open("/proc/%d/environ" % pid, "rb") as file:
                    found = file.read()
                with open("/proc/%d/comm" % pid, encoding="ascii") as file:
                    if file.read() == "gdb\n" and found:
                        return found, os.readlink("/proc/%d/cwd" % pid)
            except (FileNotFoundError, ProcessLookupError):
                pass
        time.sleep(0.002)
    raise AssertionError("pmp has no gdb")


@test("in each mode names are escaped, no file of the target is run, gdb's environment is clean")
def _():
    odd = {"HOME": FOLDER, "SHELL": os.path.join(FOLDER, b"gdb.py"), "PYTHONPATH": FOLDER,
           "PYTHONHOME": "/nonexistent", "PYTHONSTARTUP": os.path.join(FOLDER, b"startup.py"),
           "LD_LIBRARY_PATH": FOLDER, "LD_BIND_NOW": "1", "DEBUGINFOD_URLS": "http://127.0.0.1:9/",
           "GDBHISTFILE": os.path.join(FOLDER, b"history"),
           "XDG_CONFIG_HOME": os.path.join(FOLDER, b".config"), "TMPDIR": FOLDER}
    with start() as target:
        before = sorted(os.listdir(FOLDER))
        for mode in ("seize", "plain"):
            path = os.path.join(PLACE, mode + ".yaml")
            process = subprocess.Popen([PMP, "-p", str(target.pid), "-n", "2", "-r", "2", "-q",
                                        "--attach", mode, "-o", path],
                                       cwd=FOLDER, env=dict(os.environ, LC_ALL="C.UTF-8", **odd))
            environ, folder = gdb_of(process)
            equal(process.wait(timeout=60), 0, mode)
            names = {line.partition(b"=")[0] for line in environ.split(b"\0") if line}
            equal(names, {b"PATH", b"HOME", b"SHELL", b"TERM", b"LC_ALL"}, "gdb's environment")
            check(os.fsencode(PLACE) not in environ.replace(os.environ["PATH"].encode(), b""),
                  "its values", environ)
            equal(folder, "/", "gdb's working directory")
            check_profile(path, mode)
            target.check_unharmed()
        equal(scripts_that_ran(), [], "files of the target that were run")
        equal(sorted(os.listdir(FOLDER)), before, "files in its folder")


@test("a gdb that trusts the target does run these files, so the test above is meaningful")
def _():
    with start():
        run("gdb", "-q", "-batch", "-iex", "set auto-load safe-path /", "-iex",
            "set auto-load local-gdbinit on", "-ex", "file ./p" + os.fsdecode(ODD), cwd=FOLDER,
            env={"HOME": FOLDER})
        plain = os.path.join(PLACE, "plain-name")
        os.symlink(PROGRAM, plain)
        run("gdb", "-q", "-batch", "-iex", "set auto-load safe-path /", plain, cwd=FOLDER,
            env={"HOME": FOLDER, "PYTHONPATH": FOLDER})
    ran = scripts_that_ran()
    for name in ("ran-_gdbinit", "ran-_config_gdb_gdbinit", "ran-inlined", "ran-section"):
        check(name in ran, "%s was not run: this test proves nothing" % name, ran)


main()
