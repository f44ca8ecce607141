"""The built binary and the installed files."""

import gzip
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tap import (BUILD, PMP, ROOT, SANITIZED, check, equal, main, run, skip, temp_dir,  # noqa: E402
                 test)


@test("pmp is one static binary under 2 MiB")
def _():
    if SANITIZED:
        skip("a static binary (this is a sanitizer build)")
    headers = run("readelf", "-lW", PMP)
    equal(headers.code, 0, headers)
    check("INTERP" not in headers.out, "the binary needs a dynamic linker", headers.out)
    check(os.path.getsize(PMP) < 2 << 20, "%d bytes" % os.path.getsize(PMP))


@test("make install installs the program, man page and completion; make uninstall removes them")
def _():
    folder = temp_dir()
    # ROOT may contain blanks, which make cannot handle in names. So B is relative if it is in ROOT.
    build = os.path.relpath(BUILD, ROOT) if BUILD.startswith(ROOT + os.sep) else BUILD
    make = ["make", "-C", ROOT, "B=" + build, "DESTDIR=" + folder, "PREFIX=/opt/pmp"]
    installed = run(*make, "install", env={"MAKEFLAGS": "", "MFLAGS": ""})
    equal(installed.code, 0, installed)
    found = sorted(os.path.relpath(os.path.join(where, name), folder)
                   for where, _, names in os.walk(folder) for name in names)
    share = "opt/pmp/share/"
    printed = {share + "bash-completion/completions/pmp": ("completion", "bash"),
               share + "fish/vendor_completions.d/pmp.fish": ("completion", "fish"),
               share + "man/man1/pmp.1": ("man",),
               share + "zsh/site-functions/_pmp": ("completion", "zsh")}
    equal(found, ["opt/pmp/bin/pmp"] + sorted(printed))
    for name, words in printed.items():
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            equal(file.read(), run(PMP, *words).out, name)
    check(run(os.path.join(folder, "opt/pmp/bin/pmp"), "--help").code == 0, "pmp does not run")
    if shutil.which("man"):
        page = run("man", "--warnings", os.path.join(folder, share, "man/man1/pmp.1"))
        equal((page.code, page.err), (0, ""), "the man page")
    equal(run(*make, "uninstall", env={"MAKEFLAGS": "", "MFLAGS": ""}).code, 0)
    equal([names for _, _, names in os.walk(folder) if names], [])


@test("the binary contains the bundle of all scripts in gdbscripts")
def _():
    with open(os.path.join(BUILD, "gen", "agent.py"), encoding="utf-8") as file:
        bundle = file.read()
    scripts = sorted(name[:-3] for _, _, names in os.walk(os.path.join(ROOT, "gdbscripts"))
                     for name in names if name.endswith(".py"))
    scripts = [name for name in scripts if name not in ("loader", "agent")] + ["agent"]
    equal([line.split()[1] for line in bundle.splitlines() if line.startswith("#:PMP-MODULE ")],
          scripts)
    # The binary contains the bundle as `gzip -9 -n` compresses it.
    packed = subprocess.run(["gzip", "-9", "-n"], input=bundle.encode(), stdout=subprocess.PIPE,
                            check=True, timeout=60)
    equal(gzip.decompress(packed.stdout).decode(), bundle)
    with open(PMP, "rb") as file:
        check(packed.stdout in file.read(), "the binary contains another bundle")


main()
