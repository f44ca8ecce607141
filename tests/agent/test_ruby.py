"""The agent reads Ruby's memory: frames, lines, the GVL, in the layout of each version; and corrupt
memory."""

import os
import random
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import ruby_image as image  # noqa: E402
from agent_modules import load  # noqa: E402
from tap import check, equal, main, note, test  # noqa: E402

ruby_code = load("ruby_code")
ruby_files = load("ruby_files")
ruby_text = load("ruby_text")
ruby_vm = load("ruby_vm")
py_frames = load("py_frames")

LAYOUTS = image.layouts.LAYOUTS
ROUNDS = 300  # of corruption, for each layout


def ruby_of(layout, root, symbols):
    return ruby_vm.Ruby("3.x", layout, root, symbols)


def shown(runs):
    return [[(frame.code.name, frame.code.file, frame.code.line(frame.offset))
             for frame in run.frames] for run in runs]


@test("frames of each layout, in runs of the loop, with files and lines")
def _():
    file = "/srv/a_longer_name.rb"
    for version, layout in LAYOUTS.items():
        fake, root, symbols, threads = image.make_process(layout)
        ruby = ruby_of(layout, root, symbols)
        equal(ruby.thread_states(fake), {0x100: [threads[0]], 0x200: [threads[1]]}, version)
        check(ruby.belongs_to(fake, threads[0], 0x100), version)
        check(not ruby.belongs_to(fake, threads[0], 0x200), version)
        runs, = ruby.runs(fake, [threads[0]])
        equal(shown(runs), [[("work", file, 5), ("block in <main>", file, 31)],
                            [("each", "<cfunc>", 0), ("<main>", file, 30)]], version)
        locks = ruby.locks(fake)
        equal(ruby.activities(fake, [([threads[0]], 0, locks), ([threads[1]], 0, locks),
                                     ((), 0, locks)]),
              ["holds the GVL", "waits for the GVL", ""], version)
        native = layout.get("thread.native")
        word = (fake.pointer(threads[0] + native) if native else threads[0]) + 60
        equal(ruby.activities(fake, [([threads[0]], word, locks)]), ["waits for the GVL"],
              "it was given the GVL, and has not woken up yet")


@test("without the table of symbols, methods in C have no frames")
def _():
    layout = LAYOUTS[3, 1]
    fake, root, symbols, threads = image.make_process(layout)
    ruby = ruby_of(layout, root, 0)
    ruby.thread_states(fake)
    runs, = ruby.runs(fake, [threads[0]])
    equal([[row[0] for row in run] for run in shown(runs)],
          [["work", "block in <main>"], ["<main>"]])
    equal(ruby_text.find_symbols(fake, layout, [root, symbols]), symbols)
    equal(ruby_text.find_symbols(fake, layout, [root, 0, 8]), 0)


@test("a stripped file has few variables that may be the table of symbols")
def _():
    data = (b"\0" * 8 + (241).to_bytes(4, "little") + b"\0" * 28 + b"\1" * 40 +
            (5).to_bytes(4, "little") + b"\0" * 28)
    elf = SimpleNamespace(
        symbols=lambda names: {"ruby_current_vm_ptr": 0x10, "ruby_version": 0x20},
        text=lambda *_: b"3.1.2", variables=lambda: [(0x1000, data)])
    found = ruby_files.ruby_file(elf, "/usr/lib/libruby-3.1.so.3.1.2", 0x100)
    equal((found.minor, found.root, found.symbols), ((3, 1), 0x110, [0x1108]))
    elf.symbols = lambda names: {"ruby_version": 0x20}
    equal(ruby_files.ruby_file(elf, "/usr/bin/other", 0), None)


@test("the index of a line table gives the entry of each position")
def _():
    drawn = random.Random(7)
    for size in (2, 53, 54, 55, 565, 566, 567, 2000):
        positions = sorted({0} | {drawn.randrange(size) for _ in range(drawn.randrange(100))})
        lines = [10 + i for i in range(len(positions))]
        index = image.make_index(positions, size)
        code = ruby_code.RubyCode("f", "a.rb", 1, lines, index, 0, 0)
        for position in range(size):
            wanted = lines[sum(1 for at in positions if at <= position) - 1]
            equal(code.line(position), wanted, (size, position))
        equal(code.line(-1), 1)
        check(code.line(10 ** 9) >= 1)


@test("each run belongs to the native frame of the loop that executes it")
def _():
    functions = {4: SimpleNamespace(start=0x4000), 9: SimpleNamespace(start=0x9000)}

    def place(pages, count, stop_reason=""):
        """[stack pointer of each run] for native frames, by the page of their code: 4: the loop,
        9: another function, 7: no function; and a number of runs."""
        code = ruby_code.RubyCode("f", "a.rb", 1, handler=0x4100)
        runs = [py_frames.Run(0, [py_frames.PyFrame(code, 0, 1)]) for _ in range(count)]
        frames = [SimpleNamespace(pc=page * 0x1000 + (i > 0), sp=10 * (i + 1))
                  for i, page in enumerate(pages)]
        stack = SimpleNamespace(frames=frames, stop_reason=stop_reason)
        ruby_of(LAYOUTS[3, 1], 0, 0).place_runs(stack, runs,
                                                lambda pc: (functions.get(pc >> 12), 0))
        return [run.addr for run in runs]
    for pages, count, stop_reason, wanted in (
            ((9, 4, 9, 4, 9), 2, "", [20, 40]),
            ((9, 4, 9, 4, 9), 1, "", [40]),  # the innermost has no frame yet
            ((9, 4, 9, 4, 9), 3, "", [20, 20, 40]),
            ((9, 4, 9, 4, 9), 3, "Backtrace stopped", [20, 40, 40]),
            ((9, 9, 9), 1, "", [0]),
            ((4, 9, 7, 7, 9, 4, 9), 3, "", [10, 40, 60]),  # YJIT, called by vm_exec
            ((9, 7, 4, 9), 1, "", [30]),  # YJIT, called by the loop
            ((7, 7, 9), 1, "", [20])):
        equal(place(pages, count, stop_reason), wanted, (pages, count))


@test("with corrupt words: no hang, no exception but BadRead")
def _():
    rounds = 0
    for number, layout in enumerate(LAYOUTS.values()):
        fake, root, symbols, _ = image.make_process(layout)
        good, drawn = bytes(fake.data), random.Random(number)
        for _ in range(ROUNDS):
            for _ in range(drawn.randrange(1, 6)):
                at = drawn.randrange(0, fake.top, 8)
                value = drawn.choice((0, drawn.getrandbits(64), fake.BASE + drawn.randrange(
                    0, fake.top, 8), drawn.getrandbits(8)))
                fake.word(fake.BASE + at, value)
            ruby = ruby_of(layout, root, symbols)
            try:
                states = ruby.thread_states(fake)
                locks = ruby.locks(fake)
                ruby.activities(fake, [(threads, 0, locks) for threads in states.values()])
            except image.BadRead:
                states = {}
            for runs in ruby.runs(fake, sum(states.values(), [])):
                check(all(len(row) == 3 for run in shown(runs) for row in run))
            fake.data[:] = good
            rounds += 1
    note("%d rounds" % rounds)


main()
