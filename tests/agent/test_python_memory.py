"""The agent reads corrupt memory: some thousand rounds of `make fuzz T=python-memory`."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from python_memory import BLOCK, make_scenes, run_rounds  # noqa: E402
from tap import check, main, note, test  # noqa: E402

SEED = "check"
BLOCKS_EACH = 1  # blocks of rounds for each scene


class Scenes:
    """The scenes, created once."""
    made = None

    @classmethod
    def get(cls):
        cls.made = cls.made or make_scenes()
        return cls.made


@test("without corruption, every memory is read completely")
def _():
    for scene in Scenes.get():
        check(scene.frames >= 12, scene.name, scene.frames)


@test("with corrupt words: no hang, no exception, pmp parses each line")
def _():
    scenes = Scenes.get()
    longest, rounds = run_rounds(SEED, range(BLOCKS_EACH * len(scenes)), scenes, 1, note)
    note("seed %s, %d rounds, the longest %.1f ms" % (SEED, rounds, 1000 * longest))
    check(rounds == BLOCK * BLOCKS_EACH * len(scenes))


main()
