"""Names of functions without symbols, outside gdb, with every Python of the machine."""

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import pythons  # noqa: E402
from agent_modules import load  # noqa: E402
from method_names import GLUE, is_right, told  # noqa: E402
from targets import function_addresses  # noqa: E402
from tap import ROOT, check, equal, main, note, run, skip, temp_dir, test  # noqa: E402

code_map = load("code_map")
elf = load("elf")
function_label = load("function_label").function_label
cold_parent = load("cold_parts").cold_parent
interpreter = load("interpreter")
memory = load("memory")
native_names = load("native_names")
python_files = load("python_files")

PROGRAM = os.path.join(ROOT, "tests", "matrix", "cases", "method_addresses.py")
OLDEST = (3, 6)
COLD = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((cold, noinline)) void complain(int n) { fprintf(stderr, "%d\\n", n); }
__attribute__((noinline)) int work(int *data, int n)
{
	int local[8] = { n }, sum = 0;
	for (int i = 0; i < n; i++) {
		if (__builtin_expect(data[i] < 0, 0)) {
			complain(data[i]);
			complain(i + local[i & 7]);
			sum += 7;
		}
		sum += data[i] * local[i & 7];
	}
	return sum;
}
int main(int argc, char **argv) { int data[4] = { argc, 2, 3, 4 }; return work(data, argc); }
"""


class Names:
    """The names that a running interpreter gets."""

    def __init__(self, path):
        self.process = subprocess.Popen([path, PROGRAM], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        self.rows = json.loads(self.process.stdout.readline().decode())
        pid = self.process.pid
        self.memory, self.code = memory.Memory(pid), code_map.CodeMap(pid)
        self.code.update()
        self.names = native_names.NativeNames(self.code, self.memory)
        files = python_files.PythonFiles(pid).scan()
        self.python = interpreter.find_live(self.memory, files, bool)[0]
        self.names.set_python(self.python)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.memory.close()
        for file in self.code.files():
            file.file.close()


def judge(names):
    """(named, wrong): of the functions that the interpreter tells, those with a label, and those
    whose label is none of theirs."""
    named, wrong = [], []
    for address, truth in told(names.rows).items():
        label = names.names.name(address)
        if label and not label.startswith("fn 0x"):
            named.append(address)
            if not is_right(label, truth):
                wrong.append("%s is %s" % (label, sorted(truth)[:3]))
    return named, wrong


ENDING = re.compile(r"(\.(cold|part|constprop|isra|lto_priv|localalias)(\.\d+)?)+$")


def glue_labels(names, file):
    """{address: label} of the functions that have the C name of glue. file: CodeFile of CPython."""
    functions = names.names.functions(file)
    return {address - file.bias: label for address, label in functions.items()
            if label in GLUE or "_vectorcall_" in label or label.startswith("slot_tp_")}


def interpreter_file(names):
    """The CodeFile that has most of the functions."""
    found = [names.code.file_at(address) for address, _, _ in names.rows]
    return max(set(found), key=found.count)


def wrong_glue(names):
    """Glue whose symbol has another name; [] if the file has no symbols. Exported names are not
    asked for: they win."""
    symbols, file = {}, interpreter_file(names)
    for row in run("nm", file.path).out.split("\n"):
        words = row.split()
        if len(words) == 3 and words[1] == "t":
            name = re.sub("^_Py_(?=slot_)", "", ENDING.sub("", words[2]))  # since 3.12
            symbols.setdefault(int(words[0], 16), set()).add(name)
    labels = glue_labels(names, file)
    check(len(labels) > 5, "glue is not found", file.path, labels)
    if not symbols:
        return []
    return ["%s is %s" % (label, symbols.get(start)) for start, label in labels.items()
            if start in symbols and label not in symbols[start]]


def check_names(path, name):
    with Names(path) as names:
        check(names.python is not None, name)
        functions = {address for address in told(names.rows)
                     if names.code.function_range(address) is not None
                     and names.code.function_range(address)[0] == address}
        named, wrong = judge(names)
        wrong += wrong_glue(names)
    note("%s: %d functions, %d named, %d wrong" % (name, len(functions), len(named), len(wrong)))
    equal(wrong, [])
    check(len(named) > 0.9 * len(functions), name, len(named), len(functions))


@test("every Python: each name is one that the interpreter itself has for the function")
def _():
    found = [python for python in pythons.found()
             if python.version >= OLDEST or python.version == (2, 7)]
    if not found:
        skip("no Python of 2.7 or from 3.6 on")
    for python in found:
        check_names(python.path, str(python))


class DamagedMemory(memory.MemoryReader):
    """A process's memory in which some words are other ones."""

    def __init__(self, real, seed):
        self._real, self._random = real, random.Random(seed)

    def read_some(self, address, size):
        data = bytearray(self._real.read_some(address, size))
        for _ in range(len(data) // 200):
            at = 8 * self._random.randrange(max(1, len(data) // 8))
            word = struct.unpack_from("<Q", data, 8 * self._random.randrange(len(data) // 8 or 1)
                                      )[0] if len(data) > 16 else 0
            if at + 8 <= len(data):
                choice = self._random.choice((word, word + 8, address + at, 2 ** 64 - 1, 0, 7))
                struct.pack_into("<Q", data, at, choice % 2 ** 64)
        return bytes(data)


@test("tables with damaged words: no exception, and an end")
def _():
    with Names(pythons.found()[-1].path) as names:
        addresses = sorted(told(names.rows))
        for seed in range(5):
            damaged = native_names.NativeNames(names.code, DamagedMemory(names.memory, seed))
            damaged.set_python(names.python)
            for address in addresses[::50]:
                damaged.name(address)


@test("a part of a function that was moved away has its function's name")
def _():
    if not shutil.which("gcc") or not shutil.which("objcopy"):
        skip("gcc and objcopy")
    folder = temp_dir()
    path = os.path.join(folder, "cold")
    run("gcc", "-O2", "-o", path, "-x", "c", "-", stdin=COLD)
    places = function_addresses(path)
    part = next((name for name in places if name.startswith("work.cold")), None)
    if part is None:
        skip("a gcc that makes .cold parts")
    file = elf.Elf(path)
    frames = load("cfi").FrameTable(file.read, *file.frame_header)
    parent = cold_parent(frames.function(places[part]), frames.function, file.read)
    equal(parent.start, places["work"])
    other = frames.function(places["main"])
    equal(cold_parent(other, frames.function, file.read), other)


@test("one label for several names")
def _():
    rows = (({("list", "sort")}, False, "list.sort"),
            ({("", "sort")}, False, "sort"),
            ({("", "sort"), ("list", "sort")}, False, "list.sort"),
            ({("set", "__or__"), ("frozenset", "__or__")}, False, "frozenset|set.__or__"),
            ({("_thread.lock", "acquire"), ("_thread.lock", "acquire_lock")}, False,
             "_thread.lock.acquire|acquire_lock"),
            ({("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")}, False, ""),
            ({("a", "x"), ("b", "y")}, False, ""),
            ({("list", "tp_vectorcall")}, False, "list.__new__"),
            ({("builtins", "len")}, True, "len"),
            ({("type", "__call__")}, True, "type_call"),
            ({("coroutine", "send")}, False, "coroutine.send"))
    for names, is_interpreter, wanted in rows:
        equal(function_label(names, is_interpreter), wanted)


main()
