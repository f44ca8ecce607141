"""All objects that CPython's garbage collector knows: its lists, one for each generation.

struct _gc_runtime_state (3.8: Include/internal/pycore_pymem.h; 3.9 to 3.13: pycore_gc.h): three
`struct gc_generation` (a PyGC_Head, two numbers), then a pointer, then the permanent one
(gc.freeze). PyGC_Head: two links, whose lowest bits are flags; the object follows it.
"""
import struct
import time

from pmp_memory import BadRead

BEFORE_COLLECTING = 176  # `generations` is this many bytes before `collecting`
GENERATIONS = (48, 24, 0, 80)  # offsets of their lists: the oldest, with the most objects, first
HEAD = 16
SECONDS_MAX = 1.0  # for one walk
BLOCK = 1 << 14  # bytes that are read at once: neighbours in a list are often close in memory


class GcObjects:
    """The objects of one interpreter, in one stop. is_complete: the time was enough for all."""

    def __init__(self, memory) -> None:
        self._memory = memory
        self._blocks = {}
        self.is_complete = True

    def find(self, collecting: int, is_wanted) -> list:
        """[address] of objects whose type is wanted. collecting: address of `gc.collecting`;
        is_wanted(type): called once for each type."""
        known, found, end = {}, [], time.monotonic() + SECONDS_MAX
        for offset in GENERATIONS:
            head = collecting - BEFORE_COLLECTING + offset
            try:
                self._walk(head, known, found, is_wanted, end)
            except BadRead:
                self.is_complete = False
        return found

    # Parts of this.

    def _walk(self, head: int, known: dict, found: list, is_wanted, end: float) -> None:
        node, steps = self._memory.pointer(head) & ~3, 0
        while node and node != head:
            following, _, _, kind = self._words(node)
            wanted = known.get(kind)
            if wanted is None:
                wanted = known[kind] = is_wanted(kind)
            if wanted:
                found.append(node + HEAD)
            node = following & ~3
            steps += 1
            if not steps % 1000 and time.monotonic() > end:
                self.is_complete = False
                return

    def _words(self, node: int) -> tuple:
        """Two links, the reference count and the type."""
        number, at = divmod(node, BLOCK)
        if at > BLOCK - 32:
            return struct.unpack("<4Q", self._memory.read(node, 32))
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = self._read_block(number * BLOCK)
        if at + 32 > len(block):
            return struct.unpack("<4Q", self._memory.read(node, 32))
        return struct.unpack_from("<4Q", block, at)

    def _read_block(self, start: int) -> bytes:
        try:
            return self._memory.read_some(start, BLOCK)
        except BadRead:
            return b""  # it begins before its mapping
