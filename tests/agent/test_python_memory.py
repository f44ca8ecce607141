"""The agent reads memory with wrong words in it: some thousand rounds of `make fuzz T=python-memory`."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from python_memory import BLOCK, make_scenes, run_rounds  # noqa: E402
from tap import check, main, note, test  # noqa: E402

SEED = "check"
BLOCKS_EACH = 1  # of each scene


class Scenes:
    made = None

    @classmethod
    def get(cls):
        cls.made = cls.made or make_scenes()
        return cls.made


@test("unharmed, every memory is read whole")
def _():
    for scene in Scenes.get():
        check(scene.frames >= 12, scene.name, scene.frames)


@test("with wrong words in it: no hang, nothing escapes, pmp understands each line")
def _():
    scenes = Scenes.get()
    longest, rounds = run_rounds(SEED, range(BLOCKS_EACH * len(scenes)), scenes, 1, note)
    note("seed %s, %d rounds, the longest %.1f ms" % (SEED, rounds, 1000 * longest))
    check(rounds == BLOCK * BLOCKS_EACH * len(scenes))


main()
