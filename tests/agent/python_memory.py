#!/usr/bin/env python3
"""The agent reads memory in which random words are wrong: `make fuzz T=python-memory`, a million times.

    tests/agent/python_memory.py [--rounds N] [--seed S] [--block B]

Memories: made up, one for each layout that a version has (python_image.py), and what the agent reads of this
machine's own Python (a snapshot of a stopped process). In each round some of the words that are read are
replaced: by numbers of all sizes, by addresses of other things there, by noise. Reading must end, raise
nothing but BadRead, and what is printed must be text that pmp understands line by line. Rounds come in
blocks; a block is drawn from the seed and its number alone, so `--seed S --block B` is that one again.
"""

import argparse
import multiprocessing
import os
import random
import re
import signal
import struct
import sys
import tempfile
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))

from agent_modules import load  # noqa: E402
from python_image import ROWS, Image  # noqa: E402
import tap  # noqa: E402

PAGE = 4096
BLOCK = 250  # rounds
LIMIT = 20  # seconds for one round: it is microseconds
FRESH = 0.3  # how often the agent knows nothing yet; else it remembers what it read in the round before
FOLDED = 10  # rounds of a block whose text goes through pmp fold
GROUPS = (("<module>", "main", "run"), ("one", "two", "three"), ("four", "five", "six"), ("naïve_λ",),
          ("関数", "𠀀"))
NUMBERS = (0, 1, 2, 3, 8, 255, 0x7fff, 0xffff, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 47,
           (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)
LINE = re.compile(r'Thread \d+ \(LWP \d+ ".*"\):|~pmp [a-z]+( [a-z_]+=\S*)*|#\d+ +0x[0-9a-f]{16} in .+|'
                  r'  File ".*", line \d+, in .*|Traceback \(most recent call first\):')

memory = load("memory")
interpreter = load("interpreter")
native = load("native_stack")
unwinder = load("unwinder")
thread_sampler = load("thread_sampler")


def load_agent():
    """The module that does something when it is loaded: gdb's part in that does nothing here."""
    ignore = types.SimpleNamespace(connect=lambda _function: None)
    fake, markers = sys.modules["gdb"], load("markers")
    fake.VERSION, fake.events = "13.1", types.SimpleNamespace(stop=ignore, exited=ignore)
    fake.execute = lambda *_: ""
    write, markers.write_lines = markers.write_lines, lambda _lines: None
    try:
        return load("agent")
    finally:
        markers.write_lines = write


class Pages:
    """The agent's Memory of what was kept of a process: whole pages."""

    def __init__(self):
        self.pages = {}

    def keep(self, addr, data):
        for at in range(0, len(data), PAGE):
            self.pages[addr + at] = bytearray(data[at:at + PAGE])

    def read(self, addr, size):
        if addr <= 0 or addr >> 64 or not 0 <= size <= memory.READ_MAX:
            raise memory.BadRead("0x%x, %d bytes" % (addr, size))
        page = addr & -PAGE
        data, begin = b"", addr - page
        while size > 0:
            if page not in self.pages:
                raise memory.BadRead("0x%x" % page)
            piece = bytes(self.pages[page][begin:begin + size])
            data, size, begin, page = data + piece, size - len(piece), 0, page + PAGE
        return data

    def pointer(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]

    def put(self, addr, data):
        """Bytes that cross the end of a page are cut."""
        page = self.pages[addr & -PAGE]
        page[addr % PAGE:addr % PAGE + len(data)] = data[:PAGE - addr % PAGE]


class Reading:
    """A Memory that notes what is read of another one."""

    def __init__(self, under):
        self._under, self.spans = under, {}

    def read(self, addr, size):
        data = self._under.read(addr, size)
        self.spans[addr, size] = True
        return data

    def pointer(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]


class Scene:
    """A memory, how it is read, and the words that are."""

    def __init__(self, name, pages, layout, root, stacks):
        """stacks: the C stack of each thread by its id, as pointers of native frames."""
        self.name, self.pages, self.layout, self.root, self.stacks = name, pages, layout, root, stacks
        reading = Reading(pages)
        self.frames = sum(line.startswith("  File") for line in self.text(self.python(), reading))
        self.words = sorted({at for addr, size in reading.spans for at in range(addr, addr + size, 8)})

    def python(self):
        return interpreter.Interpreter("3.0.0", self.layout, self.root)

    def text(self, python, where):
        """The lines of one sample, as the agent makes and writes them."""
        try:
            states = python.thread_states(where)
        except memory.BadRead:
            states = {}
        samples = []
        for number, (ident, pointers) in enumerate(self.stacks.items(), 1):
            own = states.pop(ident, [])
            samples.append(types.SimpleNamespace(
                number=number, tid=number, name="fuzz", state="S", cpu={}, activity="", states=own, futex_word=0,
                runs=python.runs(where, own), stack=stack_of(pointers)))
        target = thread_sampler.Target(0, where, None, None)
        target.python = python
        one = thread_sampler.ThreadSampler(target, {})
        one._states = states
        one._assign_runs(samples)
        for sample, sample.activity in zip(samples, python.activities(where, [(s.states, s.futex_word) for s in samples])):
            pass
        lines = []
        for sample in samples:
            AGENT.add_stack(lines, sample, names_of)
        return lines


def stack_of(pointers):
    return native.Stack([unwinder.Frame(0x1000 + i, pointer, not i, False) for i, pointer in enumerate(pointers)])


def names_of(frame):
    return ("f%d ()" % (frame.pc - 0x1000),)


# The scenes.


def made_up():
    for version, layout in ROWS.items():
        image, pages = Image(layout, GROUPS), Pages()
        data = bytes(image.memory.data)
        pages.keep(image.memory.BASE, data + bytes(-len(data) % PAGE))
        yield Scene(str(version), pages, layout, image.root, {77: list(range(image.stack, image.stack + 4096, 64))})


class Process:
    """The agent's Memory of a stopped process, which keeps the pages that are read."""

    def __init__(self, pid, pages):
        self._file, self._pages = os.open("/proc/%d/mem" % pid, os.O_RDONLY), pages

    def read(self, addr, size):
        if addr <= 0 or addr >> 63 or not 0 <= size <= memory.READ_MAX:
            raise memory.BadRead("0x%x" % addr)
        for page in range(addr & -PAGE, addr + size, PAGE):
            if page not in self._pages.pages:
                try:
                    self._pages.keep(page, os.pread(self._file, PAGE, page))
                except OSError as error:
                    raise memory.BadRead(str(error))
        return self._pages.read(addr, size)

    def pointer(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]


def own_python(folder):
    """This machine's own Python with threads in most of `make matrix`'s cases, None if it cannot be read."""
    from builds import ask, as_it_is
    from sample import start
    build = as_it_is(ask(tap.PYTHON, "", []))
    program, _ = start(build, folder, ["entries", "between", "callbacks", "text", "lines"])
    with program:
        program.await_rest()
        os.kill(program.pid, signal.SIGSTOP)
        pages = Pages()
        process = Process(program.pid, pages)
        python, _ = interpreter.find_live(process, load("python_files").PythonFiles(program.pid).scan(), set())
        if python is None:
            return None
        states = python.thread_states(process)
        stacks = {}
        for ident, addrs in states.items():
            runs = [run.addr for own in python.runs(process, addrs) for run in own if run.addr]
            stacks[ident] = sorted(runs) + [max(runs) + 4096] if runs else [PAGE]
        return Scene("this machine's %s" % build.python, pages, python.layout, python._root, stacks)


# The rounds.


def wrong_words(chance, scene):
    """[(address, bytes)]: what stands there instead."""
    found = []
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        addr = chance.choice(scene.words) + chance.choice((0, 0, 0, 0, chance.randrange(8)))
        kind = chance.randrange(4)
        if kind == 0:
            value = chance.choice(NUMBERS)
        elif kind == 1:
            value = chance.choice(scene.words) + chance.choice((0, 0, 0, 8, 1, -8))
        elif kind == 2:
            value = chance.getrandbits(64)
        else:
            value = struct.unpack("<Q", scene.pages.read(addr & ~7, 8))[0] ^ (1 << chance.randrange(64))
        found.append((addr, struct.pack("<Q", value & (1 << 64) - 1)[:chance.choice((8, 8, 4, 1))]))
    return found


def too_long(_number, _frame):
    raise AssertionError("no end after %d s" % LIMIT)


def run_block(seed, block, scenes):
    """The longest round in seconds; AssertionError with how to see it again."""
    chance = random.Random("%s/%d" % (seed, block))
    scene = scenes[block % len(scenes)]
    python, longest, kept = scene.python(), 0, []
    signal.signal(signal.SIGALRM, too_long)
    for round_number in range(BLOCK):
        words = wrong_words(chance, scene)
        if chance.random() < FRESH:
            python = scene.python()
        before = [(addr, scene.pages.read(addr & -PAGE, PAGE)) for addr, _ in words]
        for addr, data in words:
            scene.pages.put(addr, data)
        begin = time.perf_counter()
        signal.alarm(LIMIT)
        try:
            lines = scene.text(python, scene.pages)
            bad = [line for line in lines if not LINE.fullmatch(line)]
            if bad:
                raise AssertionError("no line of ours: %r" % bad[0])
        except Exception as error:  # whatever it is: nothing may escape
            raise AssertionError("--seed %s --block %d, round %d, %s: %s: %s" % (
                seed, block, round_number, scene.name, type(error).__name__, error)) from error
        finally:
            signal.alarm(0)
            for addr, data in reversed(before):
                scene.pages.put(addr & -PAGE, data)
        longest = max(longest, time.perf_counter() - begin)
        if round_number < FOLDED:
            kept += ["~pmp begin sample=%d pid=1 time_us=0" % (round_number + 1)] + lines + [
                "~pmp end sample=%d pid=1 pause_us=1" % (round_number + 1)]
    return longest, kept, FOLDED * len(scene.stacks)


def fold(lines, stacks):
    """pmp has to understand each line, and to lose no stack."""
    text = "\n".join(lines) + "\n"
    result = tap.pmp("fold", "-q", "-f", "yaml", "-", stdin=text.encode("utf-8", "backslashreplace"))
    found = re.search(r"^stacks: \{total: (\d+)", result.out, re.M)
    if result.code or "unknown_lines: 0}" not in result.out or not found or int(found.group(1)) != stacks:
        raise AssertionError("pmp fold: %d stacks wanted\n%s" % (stacks, str(result)[:2000]))


def make_scenes():
    with tempfile.TemporaryDirectory(prefix="pmp-test-") as folder:
        own = own_python(folder)
    return list(made_up()) + ([own] if own else [])


def run_rounds(seed, blocks, scenes, jobs, tell):
    """(the longest round in seconds, how many there were)."""
    longest = done = 0
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        results = [pool.apply_async(run_block, (seed, block, scenes)) for block in blocks]
        for number, result in enumerate(results):
            seconds, lines, stacks = result.get()
            longest, done = max(longest, seconds), done + BLOCK
            if number % 10 < 1 or number < len(scenes):
                fold(lines, stacks)
            if number % 400 == 399:
                tell("%d rounds" % done)
    return longest, done


AGENT = load_agent()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1000000)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--block", type=int, help="this one alone")
    options = parser.parse_args()
    scenes = make_scenes()
    print("seed %s; %s" % (options.seed, ", ".join("%s: %d frames in %d words" % (
        scene.name, scene.frames, len(scene.words)) for scene in scenes)), flush=True)
    blocks = [options.block] if options.block is not None else range(-(-options.rounds // BLOCK))
    begin = time.monotonic()
    try:
        longest, done = run_rounds(options.seed, blocks, scenes, os.cpu_count(), lambda text: print(text, flush=True))
    except AssertionError as error:
        print("FAILED %s" % error)
        return 1
    finally:
        tap.clean_up()
    print("%d rounds in %.0f s, the longest %.1f ms: no hang, nothing escaped" % (
        done, time.monotonic() - begin, 1000 * longest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
