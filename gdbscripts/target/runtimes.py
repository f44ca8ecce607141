"""Runtimes of other languages in the target, whose own frames pmp does not read: by the names of
the mapped files, and by what their programs contain.

Sources: file names of OpenJDK and OpenJ9 (libjvm.so), .NET (libcoreclr.so), Erlang/OTP (beam.smp),
PyPy (libpypy3.9-c.so), PHP (its executables and libphp8.2.so) and Node (node, libnode.so.115).
Go: the sections that its linker writes (cmd/link/internal/ld/data.go, buildinfo.go).
"""
import re
import struct

from pmp_elf import Elf
from pmp_memory import BadRead

# Base name of a mapped file -> the runtime's name in the `runtime` marker (merger/parse/marker.h).
FILES = tuple((re.compile(r"(?:%s)( \(deleted\))?\Z" % pattern), name) for pattern, name in (
    (r"libjvm\.so", "java"),
    (r"libcoreclr\.so", "dotnet"),
    (r"beam(\.[a-z]+)*", "beam"),
    (r"libpypy[\w.-]*\.so[\d.]*|pypy[\d.]*(-c)?", "pypy"),
    (r"libphp[\d.]*\.so|php(-fpm|-cgi|-cli)?[\d.]*|frankenphp", "php"),
    (r"libnode\.so[\d.]*|node|nodejs", "node"),
))
# Section of the program's own file -> name. A library in Go does not make a program one of Go.
SECTIONS = ((".go.buildinfo", "go"), (".note.go.buildid", "go"))
# Symbol of the program's own file -> name: a runtime that is linked into the program.
SYMBOLS = {"DotNetRuntimeInfo": "dotnet", "zend_version_info": "php"}
# How the program's generated code gets names (perf_map.py), for a profile.
JIT_HINTS = {
    "node": "start it as node --perf-basic-prof",
    "java": "start it with -XX:+PreserveFramePointer, and jcmd PID Compiler.perfmap (JDK 17) or "
            "perf-map-agent writes them",
    "dotnet": "start it with DOTNET_PerfMapEnabled=1",
    "beam": "start it as erl +JPperf true",
    "pypy": "PyPy is not supported",
}
# Variable with the number of all goroutines that were ever made (runtime/proc.go, allglen).
COUNTED = {"go": "runtime.allglen"}
COUNT_MAX = 1 << 24  # a higher number is no number of goroutines


def jit_note(runtime) -> str:
    """A note for pmp's user: a profile has unnamed generated code. runtime: a Runtime or None."""
    hint = JIT_HINTS.get(runtime.name if runtime is not None else "",
                         "a program may write them to /tmp/perf-PID.map")
    return "functions that the program has compiled itself (JIT) have no names: " + hint


class Runtime:
    """One runtime; count: address in the target of the number of its own threads, 0: unknown."""
    __slots__ = ("name", "count")

    def __init__(self, name: str, count: int = 0) -> None:
        self.name, self.count = name, count

    def pairs(self, memory) -> list:
        """[(key, value)] of its marker. memory: a MemoryReader."""
        try:
            number = memory.pointer(self.count) if self.count else 0
        except BadRead:
            number = 0
        counted = [("count", number)] if 0 < number <= COUNT_MAX else []
        return [("name", self.name)] + counted


def find_runtime(maps: list, program: str, open_file):
    """The Runtime of a process, None if it has none of them. maps: rows of procfs.mapped_code;
    program: the path of its executable as there; open_file(path, start, end): a target_files.File
    (OSError)."""
    for start, end, offset, path in maps:
        if path == program:
            found = _runtime_of_program(open_file(path, start, end), start, offset)
            if found is not None:
                return found
            break
    for _, _, _, path in maps:
        base = path.rpartition("/")[2]
        for pattern, name in FILES:
            if pattern.match(base):
                return Runtime(name)
    return None


def _runtime_of_program(file, start: int, offset: int):
    try:
        elf = Elf(file.local)
        bias = 0 if elf.fixed else elf.bias(start, offset)
        names = [name for section, name in SECTIONS if elf.has_section(section)]
        symbols = elf.symbols(tuple(SYMBOLS) + tuple(COUNTED.values()))
    except (OSError, BadRead, struct.error):
        return None
    finally:
        file.close()
    names += [SYMBOLS[symbol] for symbol in symbols if symbol in SYMBOLS]
    if not names:
        return None
    counter = symbols.get(COUNTED.get(names[0], ""), 0)
    return Runtime(names[0], counter + bias if counter else 0)
