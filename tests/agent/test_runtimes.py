"""The runtimes of other languages that the agent knows by mapped files."""

import os
import subprocess
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent_modules import load  # noqa: E402
from tap import check, equal, main, temp_dir, test  # noqa: E402

runtimes = load("runtimes")
elf = load("elf")

# Path of a mapped file -> the runtime.
PATHS = (
    ("/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", "java"),
    ("/opt/jdk/lib/server/libjvm.so (deleted)", "java"),
    ("/usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/libcoreclr.so", "dotnet"),
    ("/usr/lib/erlang/erts-13.1.5/bin/beam.smp", "beam"),
    ("/usr/lib/erlang/erts-13.1.5/bin/beam.debug.smp", "beam"),
    ("/usr/lib/libpypy3.9-c.so", "pypy"),
    ("/opt/pypy3.10/bin/libpypy3.10-c.so", "pypy"),
    ("/usr/bin/php8.2", "php"),
    ("/usr/sbin/php-fpm8.2", "php"),
    ("/usr/lib/apache2/modules/libphp8.2.so", "php"),
    ("/usr/bin/node", "node"),
    ("/usr/lib/x86_64-linux-gnu/libnode.so.108", "node"),
    ("/usr/lib/libjvmti_helper.so", None),
    ("/usr/bin/phpize-helper", None),
    ("/usr/bin/nodemon", None),
    ("/usr/lib/libjvm.so.conf", None),
)


def find(path, local="/dev/null", program=""):
    """The runtime of a process with this file mapped, whose content is that of `local`."""
    opened = []

    def open_file(*_):
        file = SimpleNamespace(local=local, close=lambda: opened.remove(path))
        opened.append(path)
        return file
    found = runtimes.find_runtime([(0x1000, 0x2000, 0, path)], program, open_file)
    equal(opened, [], "a file is still open")
    return found


@test("a runtime is known by the name of a mapped file")
def _():
    for path, name in PATHS:
        found = find(path)
        equal(found.name if found else None, name, path)


@test("Go is known by a section of the program, its goroutines are counted")
def _():
    folder = temp_dir()
    source, program = os.path.join(folder, "a.c"), os.path.join(folder, "a")
    with open(source, "w", encoding="ascii") as file:
        file.write('char info[8] __attribute__((section(".go.buildinfo"))) = {1};\n'
                   'long len __asm__("runtime.allglen") = 2014; int main(void) { return 0; }')
    subprocess.run([os.environ.get("CC", "cc"), "-no-pie", "-o", program, source], check=True)
    equal(find("/srv/app", program), None, "a library in Go is no program of Go")
    found = find("/srv/app", program, "/srv/app")
    address = elf.Elf(program).symbols(("runtime.allglen",))["runtime.allglen"]
    equal((found.name, found.count), ("go", address))


@test("a number that cannot be one of goroutines is left out")
def _():
    for number, wanted in ((5, [("name", "go"), ("count", 5)]), (0, [("name", "go")]),
                           (1 << 40, [("name", "go")])):
        memory = SimpleNamespace(pointer=lambda _, number=number: number)
        equal(runtimes.Runtime("go", 0x1000).pairs(memory), wanted)

    def fail(_):
        raise load("memory").BadRead("gone")
    equal(runtimes.Runtime("go", 0x1000).pairs(SimpleNamespace(pointer=fail)), [("name", "go")])


@test("a file that is no ELF file has no runtime")
def _():
    check(find("/srv/app", "/etc/passwd", "/srv/app") is None)


main()
