"""All objects that CPython's garbage collector knows: its lists, one for each generation.

struct _gc_runtime_state (3.8: Include/internal/pycore_pymem.h; 3.9 to 3.13: pycore_gc.h): three
`struct gc_generation` (a PyGC_Head, two numbers), then a pointer, then the permanent one
(gc.freeze). PyGC_Head: two links, whose lowest bits are flags; the object follows it.
"""
import struct

from pmp_memory import BadRead, cpu_time

BEFORE_COLLECTING = 176  # `generations` is this many bytes before `collecting`
GENERATIONS = (0, 24, 48, 80)  # offsets of their lists, the youngest objects first
HEAD = 16
SECONDS_MAX = 2.0  # of CPU time, for one walk: some 1.5 million objects
STEPS = 1000  # objects between two looks at the time
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
        known, found, end = {}, [], cpu_time() + SECONDS_MAX
        for offset in GENERATIONS:
            try:
                self._walk(collecting - BEFORE_COLLECTING + offset, known, found, is_wanted, end)
            except BadRead:
                self.is_complete = False
        return found

    # Parts of this.

    def _walk(self, head: int, known: dict, found: list, is_wanted, end: float) -> None:
        """Walks a list from its end: the oldest objects, which are modules, come first there."""
        blocks, unpack, last = self._blocks, struct.Struct("<QQQ").unpack_from, BLOCK - 32
        node, steps = self._memory.pointer(head + 8) & ~3, 0
        while node != head:
            block, at = blocks.get(node // BLOCK), node % BLOCK
            if block is None or at > last or at + 32 > len(block):
                block, at = self._block(node), (0 if at > last else at)
            previous, _, kind = unpack(block, at + 8)
            wanted = known.get(kind)
            if wanted is None:
                wanted = known[kind] = is_wanted(kind)
            if wanted:
                found.append(node + HEAD)
            node = previous & ~3
            steps += 1
            if not steps % STEPS and cpu_time() > end:
                self.is_complete = False
                return

    def _block(self, node: int) -> bytes:
        """The block that has a node; the bytes from the node on if they are in two blocks, or if
        the block begins before its mapping."""
        number, at = divmod(node, BLOCK)
        if at <= BLOCK - 32:
            try:
                block = self._memory.read_some(number * BLOCK, BLOCK)
            except BadRead:
                block = b""
            if at + 32 <= len(block):
                self._blocks[number] = block
                return block
            return b"\0" * at + self._memory.read(node, 32)
        return self._memory.read(node, 32)
