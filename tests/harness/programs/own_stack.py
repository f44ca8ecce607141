# -*- coding: utf-8 -*-
"""A Python (3.6 or later) reads its own stacks with the agent's modules, and compares them with
sys._current_frames.

    python3 own_stack.py        prints "N cases right, Python 3.11.2", or the first difference
"""
import os
import sys
import threading
import types

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from agent_scripts import path_of  # noqa: E402


def load(name):
    """Loads the module pmp_NAME; those that it imports must be loaded already."""
    with open(path_of(name), encoding="utf-8") as file:
        module = types.ModuleType("pmp_" + name)
        sys.modules["pmp_" + name] = module
        exec(compile(file.read(), name + ".py", "exec"), module.__dict__)
    return module


sys.modules["gdb"] = types.ModuleType("gdb")
memory = load("memory")
for needed in ("procfs", "target_files", "elf", "debug_offsets", "layouts", "line_tables",
               "py_text", "py_code", "py_frames"):
    load(needed)
python_files = load("python_files")
load("gil")
interpreter = load("interpreter")


class OwnMemory(memory.MemoryReader):
    """The agent's Memory of this process."""

    def __init__(self):
        self._file = os.open("/proc/self/mem", os.O_RDONLY)
        self.reads = 0

    def read(self, addr, size):
        self.reads += 1
        if addr <= 0 or addr >> 63 or not 0 <= size <= memory.READ_MAX:
            raise memory.BadRead("%x" % addr)
        try:
            data = os.pread(self._file, size, addr)
        except OSError as err:
            raise memory.BadRead(str(err))
        if len(data) < size:
            raise memory.BadRead("short")
        return data

    def pointer(self, addr):
        return int.from_bytes(self.read(addr, 8), "little")


OWN = OwnMemory()
RIGHT = []


def known_frames(thread):
    """[(file, line, name)] of a thread's stack as Python itself reports it, leaf first."""
    frame, found = sys._current_frames()[thread], []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return found


class Reader(threading.Thread):
    """Reads the stack of a thread that waits for the answer: a running stack cannot be read."""

    def __init__(self):
        super().__init__(daemon=True)
        self.asked, self.answered = threading.Lock(), threading.Lock()
        self.asked.acquire()
        self.answered.acquire()
        self.thread_id, self.answer, self.python = 0, None, None

    def run(self):
        while True:
            self.asked.acquire()
            self.answer = self.read(self.thread_id)
            self.answered.release()

    def read(self, thread):
        """The difference, "" if the stacks are equal."""
        if self.python is None:
            files = python_files.PythonFiles(os.getpid()).scan()
            self.python, note = interpreter.find_live(OWN, files, thread.__eq__)
            if self.python is None:
                rows = [(file.path, file.version, hex(file.root)) for file in files]
                return "not found: %s %s" % (note, rows)
        states = self.python.thread_states(OWN).get(thread, [])
        read = [(frame.code.file, frame.code.line(frame.offset), frame.code.name.rpartition(".")[2])
                for runs in self.python.runs(OWN, states) for run in runs for frame in run.frames]
        known = known_frames(thread)
        return "" if read == known else "\n  read  %s\n  known %s" % (read[:12], known[:12])


READER = Reader()
READER.start()


def compare(what):
    """Compares the current thread's stack. what: name of the case."""
    READER.thread_id = threading.get_ident()
    READER.asked.release()
    READER.answered.acquire()
    if READER.answer:
        print("%s: %s" % (what, READER.answer))
        sys.stdout.flush()
        os._exit(1)
    RIGHT.append(what)


def deep(n):
    return deep(n - 1) if n else compare("recursion")


def naïve_λ():
    compare("Greek")


def 関数():
    compare("CJK")


def generator():
    yield 1
    compare("generator")
    yield 2


async def inner():
    compare("coroutine")


async def outer():
    await inner()


def callback(_x):
    return compare("callback") or 0


class Body:
    compare("class body")

    def __init__(self):
        compare("constructor")

    def __call__(self):
        compare("call of an object")

    @property
    def attribute(self):
        return compare("property")

    @staticmethod
    def static(
            a, *more,
            **pairs):
        compare(
            "lines of one call")

    def __del__(self):
        compare("finalizer")


def main():
    compare("function")
    deep(300)
    naïve_λ()
    関数()
    list(generator())
    try:
        outer().send(None)
    except StopIteration:
        pass
    sorted([2, 1], key=callback)
    list(map(callback, [1]))
    thing = Body()
    thing()
    thing.attribute
    Body.static(1, 2, x=3)
    del thing
    (lambda: compare("lambda"))()
    [compare("comprehension") for _ in (1,)]
    exec("def f():\n\n\n compare('exec')\nf()", {"compare": compare})
    far = "\n" * 5000 + "(lambda:\n" + "\n" * 300 + "compare('far line'))()"
    exec(compile(far, "<text λ>", "exec"), {"compare": compare})
    try:
        try:
            raise ValueError
        finally:
            compare("exception in flight")
    except ValueError:
        compare("handler")
    here = threading.Thread(target=compare, args=("thread",))
    here.start()
    here.join()
    print("%d cases right, Python %s" % (len(RIGHT), READER.python.version))


main()
