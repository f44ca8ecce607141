#!/usr/bin/env python3
"""Fuzzes the agent's reader of Python with corrupt memory: `make fuzz T=python-memory`, a million
rounds.

    tests/agent/python_memory.py [--rounds N] [--seed S] [--block B]

Scenes: one artificial memory for each layout (python_image.py), and a snapshot of a stopped process
of this machine's own Python. In each round some of the words that the agent reads are replaced: by
numbers of all sizes, by other addresses in the scene, by noise. Reading must end and raise nothing
but BadRead, and pmp must parse each printed line. Rounds are grouped in blocks; a block depends
only on the seed and its number, so `--seed S --block B` repeats it.
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

from agent_modules import load, load_agent  # noqa: E402
from python_image import ROWS, Image  # noqa: E402
import tap  # noqa: E402

PAGE = 4096
BLOCK = 250  # rounds
LIMIT = 20  # seconds for one round, which normally takes microseconds
FRESH = 0.3  # probability that a round starts with empty caches
FOLDED = 10  # rounds of a block whose text is passed to pmp fold
GROUPS = (("<module>", "main", "run"), ("one", "two", "three"), ("four", "five", "six"),
          ("naïve_λ",), ("関数", "𠀀"))
NUMBERS = (0, 1, 2, 3, 8, 255, 0x7fff, 0xffff, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
           1 << 40, 1 << 47, (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)
LINE = re.compile(r'Thread \d+ \(LWP \d+ ".*"\):|~pmp [a-z]+( [a-z_]+=\S*)*|'
                  r'#\d+ +0x[0-9a-f]{16} in .+|'
                  r'  File ".*", line \d+, in .*|Traceback \(most recent call first\):')

memory = load("memory")
interpreter = load("interpreter")
native = load("native_stack")
unwinder = load("unwinder")
thread_sampler = load("thread_sampler")


class Pages:
    """The agent's Memory, of stored pages."""
    is_late = False

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
        """Overwrites bytes, up to the end of the page."""
        page = self.pages[addr & -PAGE]
        page[addr % PAGE:addr % PAGE + len(data)] = data[:PAGE - addr % PAGE]


class Reading:
    """A Memory that records the reads (`spans`) of another one."""

    def __init__(self, under):
        self._under, self.spans = under, {}

    def read(self, addr, size):
        data = self._under.read(addr, size)
        self.spans[addr, size] = True
        return data

    def pointer(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]


class Scene:
    """A memory, the data that is needed to read it, and the addresses of the words that are
    read."""

    def __init__(self, name, pages, layout, root, stacks):
        """stacks: {pthread_self: stack pointers of its native frames}."""
        self.name, self.pages, self.layout = name, pages, layout
        self.root, self.stacks = root, stacks
        reading = Reading(pages)
        self.frames = sum(line.startswith("  File") for line in self.text(self.python(), reading))
        self.words = sorted({at for addr, size in reading.spans
                             for at in range(addr, addr + size, 8)})

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
                number=number, tid=number, name="fuzz", state="S", cpu={}, activity="", states=own,
                futex_word=0, runs=python.runs(where, own), stack=stack_of(pointers)))
        target = thread_sampler.Target(0, where, None)
        target.python = python
        one = thread_sampler.ThreadSampler(target, {}, None)
        one._states = states
        one._assign_runs(samples)
        locks = python.locks(where)
        waits = [(sample.states, sample.futex_word, locks) for sample in samples]
        for sample, activity in zip(samples, python.activities(where, waits)):
            sample.activity = activity
        lines = []
        for sample in samples:
            AGENT.add_stack(lines, sample, names_of)
        return lines


def stack_of(pointers):
    return native.Stack([unwinder.Frame(0x1000 + i, pointer, not i, False)
                         for i, pointer in enumerate(pointers)])


def names_of(frame):
    return ("f%d ()" % (frame.pc - 0x1000),)


# The scenes.


def artificial_scenes():
    for version, layout in ROWS.items():
        image, pages = Image(layout, GROUPS), Pages()
        data = bytes(image.memory.data)
        pages.keep(image.memory.BASE, data + bytes(-len(data) % PAGE))
        pointers = list(range(image.stack, image.stack + 4096, 64))
        yield Scene(str(version), pages, layout, image.root, {77: pointers})


class Process:
    """The agent's Memory of a stopped process; it stores the pages that are read."""

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
    """The Scene of this machine's own Python, with threads in several cases of `make matrix`; None
    if it cannot be read."""
    from builds import as_it_is, probe_python
    from sample import start_program
    build = as_it_is(probe_python(tap.PYTHON, "", []))
    cases = ["evaluator_entries", "native_between", "callbacks", "exec_text", "line_table"]
    program, _ = start_program(build, folder, cases)
    with program:
        program.await_blocked()
        os.kill(program.pid, signal.SIGSTOP)
        pages = Pages()
        process = Process(program.pid, pages)
        files = load("python_files").PythonFiles(program.pid).scan()
        python, _ = interpreter.find_live(process, files, bool)
        if python is None:
            return None
        states = python.thread_states(process)
        stacks = {}
        for ident, addrs in states.items():
            runs = [run.addr for own in python.runs(process, addrs) for run in own if run.addr]
            stacks[ident] = sorted(runs) + [max(runs) + 4096] if runs else [PAGE]
        name = "this machine's %s" % build.python
        return Scene(name, pages, python.layout, python._root, stacks)


# The rounds.


def wrong_words(chance, scene):
    """[(address, bytes)]: the replacements of one round."""
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
            old = struct.unpack("<Q", scene.pages.read(addr & ~7, 8))[0]
            value = old ^ (1 << chance.randrange(64))
        found.append((addr, struct.pack("<Q", value & (1 << 64) - 1)[:chance.choice((8, 8, 4, 1))]))
    return found


def too_long(_number, _frame):
    raise AssertionError("no end after %d s" % LIMIT)


def run_block(seed, block, scenes):
    """(longest round in seconds, lines for pmp fold, number of stacks in them). AssertionError: its
    text has the options that repeat the block."""
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
        except Exception as error:  # no exception is allowed
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
    """AssertionError unless pmp fold parses each line and counts all stacks."""
    text = "\n".join(lines) + "\n"
    result = tap.pmp("fold", "-q", "-f", "yaml", "-",
                     stdin=text.encode("utf-8", "backslashreplace"))
    found = re.search(r"^stacks: \{total: (\d+)", result.out, re.M)
    complete = found and int(found.group(1)) == stacks
    if result.code or "unknown_lines: 0}" not in result.out or not complete:
        raise AssertionError("pmp fold: %d stacks wanted\n%s" % (stacks, str(result)[:2000]))


def make_scenes():
    with tempfile.TemporaryDirectory(prefix="pmp-test-") as folder:
        own = own_python(folder)
    return list(artificial_scenes()) + ([own] if own else [])


def run_rounds(seed, blocks, scenes, jobs, report):
    """(longest round in seconds, number of rounds). report(text): for progress."""
    longest = done = 0
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        results = [pool.apply_async(run_block, (seed, block, scenes)) for block in blocks]
        for number, result in enumerate(results):
            seconds, lines, stacks = result.get()
            longest, done = max(longest, seconds), done + BLOCK
            if number % 10 < 1 or number < len(scenes):
                fold(lines, stacks)
            if number % 400 == 399:
                report("%d rounds" % done)
    return longest, done


AGENT = load_agent()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1000000)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--block", type=int, help="run only this block")
    options = parser.parse_args()
    scenes = make_scenes()
    print("seed %s; %s" % (options.seed, ", ".join("%s: %d frames in %d words" % (
        scene.name, scene.frames, len(scene.words)) for scene in scenes)), flush=True)
    blocks = range(-(-options.rounds // BLOCK))
    if options.block is not None:
        blocks = [options.block]
    begin = time.monotonic()
    try:
        longest, done = run_rounds(options.seed, blocks, scenes, os.cpu_count(),
                                   lambda text: print(text, flush=True))
    except AssertionError as error:
        print("FAILED %s" % error)
        return 1
    finally:
        tap.clean_up()
    print("%d rounds in %.0f s, the longest %.1f ms: no hang, no exception" % (
        done, time.monotonic() - begin, 1000 * longest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
