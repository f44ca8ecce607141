"""The agent's reader of CPython, outside gdb, with every Python of the machine: layouts, line
tables, text, frames."""

import ast
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
from python_image import ROWS, FakeMemory, Image, put_text  # noqa: E402
from tap import ROOT, check, equal, main, note, run, skip, temp_dir, test  # noqa: E402

memory = load("memory")
elf = load("elf")
debug_offsets = load("debug_offsets")
layouts = load("layouts")
line_tables = load("line_tables")
frame_pairing = load("frame_pairing")
py_frames = load("py_frames")
py_text = load("py_text")
python_files = load("python_files")
value_layouts = load("value_layouts")
interpreter = load("interpreter")

PYTHONS = pythons.found()
HELPERS = os.path.join(ROOT, "tests", "harness", "programs")
BROKEN_TABLES = (b"", b"\xff", b"\x80", b"\xf0\xff\xff", bytes(range(256)), b"\xee" * 50,
                 b"\x7f" * 9, b"\xe8" + b"\x7f" * 100000)


def layout_of(python):
    """The layout of a pythons.Python, None if it is unsupported."""
    found = python_file(python.file)
    if found is None or not found.offsets:
        return layouts.LAYOUTS.get(python.version)
    return debug_offsets.layout(found.offsets)


def python_file(path):
    return python_files.python_file(elf.Elf(path), path, 0)


def known_pythons():
    found = [python for python in PYTHONS if python.version >= (3, 6) or python.version == (2, 7)]
    if not found:
        skip("no Python of 2.7 or from 3.6 on")
    return found


# Layouts.


def headers():
    """Yields each pythons.Python that has headers, with the internal ones if they are needed."""
    for python in PYTHONS:
        internal = "internal/pycore_pystate.h" if python.version > (3, 7) else "pystate.h"
        if os.path.exists(os.path.join(python.include, internal)):
            yield python


def value_row(program, python):
    """The row that the probe prints for value_layouts.py, after comparing it."""
    row = ast.literal_eval("{%s}" % run(program, "values").out)[python.version]
    wanted = dict(value_layouts.VALUES.get(python.version, row))
    if "interp.modules" in layout_of(python):
        wanted["interp.modules"] = row["interp.modules"]  # from the interpreter's own description
    equal(wanted, row, python)
    return row


@test("layouts are those of the headers that are installed")
def _():
    folder, checked = temp_dir(), []
    for python in headers():
        if layout_of(python) is None:
            continue
        program = os.path.join(folder, "probe")
        source = os.path.join(ROOT, "gdbscripts", "python", "layout_probe.c")
        subprocess.run([os.environ.get("CC", "cc"), "-w", "-I" + python.include, "-o", program,
                        source], check=True, timeout=60)
        row = ast.literal_eval("{%s}" % run(program).out)[python.version]
        row.update(value_row(program, python))
        equal({key: row.get(key) for key in layout_of(python)}, layout_of(python), python)
        checked.append(python.release)
    note("compared: %s" % " ".join(checked))
    if not checked:
        skip("no Python headers (python3-dev)")


DWARF = {
    "tstate.thread_id": "PyThreadState thread_id", "tstate.next": "PyThreadState next",
    "tstate.frame": "PyThreadState frame", "tstate.cframe": "PyThreadState cframe",
    "tstate.current_frame": "PyThreadState current_frame",
    "interp.next": "PyInterpreterState next",
    "code.filename": "PyCodeObject co_filename", "code.firstlineno": "PyCodeObject co_firstlineno",
}
SHOW_DWARF = """python
for name in %r:
    kind, field = name.split()
    try:
        print(name, int(gdb.parse_and_eval("(long)&((%%s*)0)->%%s" %% (kind, field))))
    except gdb.error:
        pass
"""


@test("layouts are those of the debug symbols that are installed")
def _():
    checked = []
    for python in known_pythons():
        if not elf.Elf(python.file).has_section(".debug_info"):
            continue
        script = os.path.join(temp_dir(), "script.gdb")
        with open(script, "w", encoding="ascii") as file:
            file.write(SHOW_DWARF % sorted(DWARF.values()))
        out = run("gdb", "-nx", "-batch", "-iex", "set auto-load off",
                  "-iex", "set debuginfod enabled off", python.file, "-x", script).out
        rows = [line.rpartition(" ") for line in out.splitlines()]
        offsets = {name: int(number) for name, _, number in rows}
        layout, count = layout_of(python), 0
        for key, name in DWARF.items():
            if key in layout and name in offsets:
                equal(offsets[name], layout[key], "%s %s" % (python, key))
                count += 1
        if count:
            checked.append("%s (%d)" % (python.release, count))
    note("compared: %s" % " ".join(checked))
    if not checked:
        skip("no Python with debug symbols in its own file")


@test("the version and the root variable are found in a Python's file, also in a stripped one")
def _():
    folder = temp_dir()
    for python in known_pythons():
        whole = python_file(python.file)
        equal((whole.version, whole.minor), (python.release, python.version), python)
        copy = os.path.join(folder, "stripped")
        shutil.copy(python.file, copy)
        os.chmod(copy, 0o755)
        subprocess.run(["strip", copy], check=True, timeout=60)
        stripped = python_file(copy)
        check(stripped.root and stripped.root == whole.root,
              "%s: %x %x" % (python, whole.root, stripped.root))
        equal((stripped.version, stripped.offsets), (whole.version, whole.offsets), python)
    equal(python_file(shutil.which("true")), None, "a program that is no Python")


# Line tables.


@test("lines of instructions are those that each Python reports")
def _():
    for python in known_pythons():
        word = layout_of(python)["lines"]
        out = run(python.path, os.path.join(HELPERS, "line_tables.py"), "8").out
        count = 0
        for row in out.splitlines():
            first, table, *pairs = row.split(" ")
            table = bytes.fromhex(table.replace("-", ""))
            for pair in pairs[::len(pairs) // 200 + 1] + pairs[-2:]:
                if pair:
                    offset, line = (int(number) for number in pair.split(":"))
                    equal(line_tables.DECODERS[word](table, int(first), offset), line,
                          "%s first line %s offset %d" % (python, first, offset))
                count += 1
        check(count > 400, "%s: %d lines only" % (python, count))


@test("each decoder returns a number for a corrupt line table")
def _():
    for name, decoder in line_tables.DECODERS.items():
        for table in BROKEN_TABLES:
            for offset in (0, 2, 1 << 40):
                check(isinstance(decoder(table, 1, offset), int), name)


# Text and frames.


@test("names and paths in every kind of string are read, for every version")
def _():
    texts = ["", "plain", "naïve_λ", "Latin ÿ", "関数", "emoji 🐍", "x" * 1024, "a\ud800b"]
    for version, layout in ROWS.items():
        for text in texts:
            for compact in (True, False):
                fake = FakeMemory()
                if layout["text"] == "bytes" and "\ud800" in text:
                    continue
                addr = put_text(fake, layout, text, compact)
                got, (at, raw) = py_text.read_text(fake, layout, addr)
                equal(got, text, version)
                equal(fake.read(at, len(raw)), raw)
        fake = FakeMemory()
        long_text = put_text(fake, layout, "y" * 5000)
        equal(py_text.read_text(fake, layout, long_text)[0], "y" * 1024 + "...")
    fake = FakeMemory()
    equal(py_text.read_text(fake, ROWS[2, 7], put_text(fake, ROWS[2, 7], b"a\xff"))[0], "a\\xff")


@test("an object that is no string is refused")
def _():
    fake = FakeMemory()
    for layout in [row for row in ROWS.values() if row["text"] == "unicode"]:
        for state in (0, 3, 5, 7, 2 | 1 << 3 | 1 << 4):
            addr = put_text(fake, layout, "text")
            fake.word(addr + layout["str.state"], state << layout.get("str.kind_bit", 2), 4)
            try:
                py_text.read_text(fake, layout, addr)
            except memory.BadRead:
                continue
            check(False, "state %d was taken for a string" % state)


# Entry frame yes, no, no, yes, no, no.
GROUPS = (("a", "b", "c"), ("d", "e", "f"))


def wanted_runs(image, groups):
    if image.layout["runs"] in ("frames", "cframes"):
        groups = [(name,) for group in groups for name in group]
    return list(zip(image.addrs, [list(reversed(group)) for group in reversed(groups)]))


@test("runs with different numbers of frames, for every version")
def _():
    for version, layout in ROWS.items():
        for groups in (GROUPS, (("a",),), (("a",), ("b", "c"), ("d",)),
                       (("a", "a", "a"), ("a",)), ()):
            image = Image(layout, groups)
            equal(image.read(), wanted_runs(image, groups), version)


@test("3.11, 3.12: a run whose structure is not filled in yet is left out")
def _():
    for version in ((3, 11), (3, 12)):
        layout = layouts.LAYOUTS[version]
        for old in (0, 0x1234, "the innermost frame"):
            image = Image(layout, GROUPS)
            fake = image.memory
            cframe = fake.pointer(image.state + layout["tstate.cframe"])
            new = fake.put(bytes(64))
            fake.word(new + layout["cframe.previous"], cframe)
            frame = image.innermost if isinstance(old, str) else old
            fake.word(new + layout["cframe.current_frame"], frame)
            fake.word(image.state + layout["tstate.cframe"], new)
            equal(image.read(), wanted_runs(image, GROUPS), "%s, %s" % (version, old))


@test("3.10: a frame that has already been left, a CFrame without a frame yet")
def _():
    layout = layouts.LAYOUTS[3, 10]
    image = Image(layout, GROUPS)
    fake = image.memory
    cframe = fake.pointer(image.state + layout["tstate.cframe"])
    new = fake.put(bytes(64))
    fake.word(new + layout["cframe.previous"], cframe)
    fake.word(image.state + layout["tstate.cframe"], new)
    equal(image.read(), wanted_runs(image, GROUPS), "no frame yet")
    previous = fake.pointer(cframe + layout["cframe.previous"])
    fake.word(image.state + layout["tstate.cframe"], previous)
    equal(image.read(), wanted_runs(image, GROUPS)[1:], "left")


@test("a circular chain of frames ends; a frame with an invalid code object is kept")
def _():
    for version, layout in ROWS.items():
        image = Image(layout, (("a", "b", "c"),))
        image.memory.word(image.innermost + layout["frame.previous"], image.innermost)
        check(len(image.read()) <= 1, version)
        image = Image(layout, (("a", "b"),))
        image.memory.word(image.codes["b"] + layout["object.type"], image.root)
        equal(image.read()[0][1][0], "(a frame that cannot be read)", version)


@test("a code object at the address of an older one is read again")
def _():
    for version, layout in ROWS.items():
        if layout["runs"] == "shim":
            continue  # these have a unique number, co_version
        image = Image(layout, (("old",),))
        python = interpreter.Interpreter("3.0.0", layout, image.root)

        def name():
            states = python.thread_states(image.memory)
            return python.runs(image.memory, states[77])[0][0].frames[0].code.name
        equal(name(), "old")
        data = image.memory.data
        for old in (b"old.py", b"old"):
            at = data.find(old + b"\0")
            data[at:at + 3] = b"new"
        equal(name(), "new", version)


@test("the live one of two Pythons is found; invalid ones are refused with a note")
def _():
    layout = layouts.LAYOUTS[3, 11]
    layouts.LAYOUTS["made up"] = layout
    try:
        image = Image(layout, GROUPS)
        dead = image.file()
        dead.root = image.memory.put(bytes(512))
        python, text = interpreter.find_live(image.memory, [dead, image.file()], (77).__eq__)
        equal((python and python.version, text), ("3.0.0", None))
        equal(interpreter.find_live(image.memory, [dead], (77).__eq__), (None, None),
              "not started yet")
        image.memory.word(image.code_type + layout["type.name"], image.root)
        python, text = interpreter.find_live(image.memory, [image.file()], (77).__eq__)
        check(python is None and "not where this pmp looks" in text, text)
        unknown = image.file()
        unknown.minor = (3, 4)
        check("does not know" in interpreter.find_live(image.memory, [unknown], (77).__eq__)[1])
        unknown.root = 0
        check("without the symbol"
              in interpreter.find_live(image.memory, [unknown], (77).__eq__)[1])
    finally:
        del layouts.LAYOUTS["made up"]


@test("reading corrupt memory ends, without an exception")
def _():
    # PMP_FUZZ: number of rounds.
    rounds, chance = int(os.environ.get("PMP_FUZZ", "4000")), random.Random(20261122)
    for version, layout in ROWS.items():
        image = Image(layout, GROUPS + (("g",), ("h", "i")))
        fresh, top = bytes(image.memory.data), image.memory.top
        words = [struct.pack("<Q", n) for n in (
            0, 1, 0xffff, 1 << 31, 1 << 40, (1 << 64) - 1, image.state, image.innermost,
            image.stack, image.root)]
        for _ in range(rounds // len(ROWS)):
            image.memory.data[:] = fresh
            for _ in range(chance.choice((1, 1, 2, 8, 100))):
                at = chance.randrange(8, top, chance.choice((1, 8))) % top
                address = struct.pack("<Q", FakeMemory.BASE + chance.randrange(top))
                image.memory.data[at:at + 8] = chance.choice(words + [address, os.urandom(8)])
            python = interpreter.Interpreter("3.0.0", layout, image.root)
            try:
                states = python.thread_states(image.memory)
            except memory.BadRead:
                continue
            for addrs in states.values():
                runs = sum(python.runs(image.memory, addrs), [])
                for frame in [frame for run in runs for frame in run.frames]:
                    check(isinstance(frame.code.name, str))
                    check(isinstance(frame.code.line(frame.offset), int))
                pointers = [image.stack + at for at in range(0, 4096, 64)]
                pairs, loose = frame_pairing.pair(pointers, runs)
                equal(sum(len(some) for some in pairs.values()) + len(loose), len(runs), version)


@test("each Python's own stacks are those that it reports itself")
def _():
    for python in known_pythons():
        if python.version >= (3, 6):
            result = run(python.path, os.path.join(HELPERS, "own_stack.py"), limit=30)
            check(re.match(r"\d\d cases right", result.out), python, result)


# Pairing.


def stack(*pointers):
    frame = load("unwinder").Frame
    return load("native_stack").Stack([frame(0, pointer, False, False) for pointer in pointers])


@test("a run belongs to the native frame that contains its structure")
def _():
    runs = [py_frames.Run(addr, ["f"]) for addr in (0x118, 0x130, 0x200, 0x90, 0x400, 0)]
    pairs, loose = frame_pairing.pair([0x100, 0x100, 0x120, 0x200, 0x300], runs)
    equal({i: [run.addr for run in some] for i, some in pairs.items()},
          {1: [0x118], 2: [0x130], 3: [0x200]})
    equal([run.addr for run in loose], [0x90, 0x400, 0])


@test("assign_by_address: a run on another thread's stack is moved to that thread")
def _():
    here, there, unclaimed, nowhere = (py_frames.Run(addr, ["f"])
                                       for addr in (0x110, 0x510, 0x520, 0x900))
    runs = [[here, there, nowhere], []]
    frame_pairing.assign_by_address([stack(0x100, 0x200), stack(0x500, 0x600)], runs, [unclaimed])
    equal(runs, [[here, nowhere], [there, unclaimed]])


@test("assign_by_search: a thread state belongs to the stack with its frames' addresses")
def _():
    fake = FakeMemory()
    here, there, end = (fake.BASE + page * 4096 for page in (1, 3, 4))

    def state(*objects):
        return [py_frames.Run(0, ["f"], at) for at in objects]
    outer, inner, foreign = state(0x1010, 0x1020), state(0x2010), state(0x3010, 0x3020)
    for at, number in ((here + 96, 0x2010), (here + 200, 0x1010), (here + 400, 0x1020),
                       (there + 8, 0x3010), (there + 80, 0x3020)):
        fake.word(at, number)
    stacks = [stack(here), stack(there)]
    states = [[outer, foreign, inner], []]
    frame_pairing.assign_by_search(stacks, states, Below(fake, there, end))
    equal(states, [[inner, outer], [foreign]])


class Below(memory.MemoryReader):
    """Two stacks, with an unreadable page between them."""

    def __init__(self, fake, second, end):
        self.fake, self.second, self.end = fake, second, end

    def read(self, addr, size):
        if addr + size > self.end or addr < self.second and addr + size > self.second - 4096:
            raise memory.BadRead("beyond")
        return self.fake.read(addr, size)


main()
