"""Which functions of a file call a function, by the file's code.

What only functions of one owner reach works for it: what `list.sort` alone calls is a part of
list.sort, though no table has it.
"""
import bisect
import collections
import re
import struct
from itertools import compress

from pmp_instructions import CALL, CONDITIONAL_JUMP, JUMP, LOAD_ADDRESS, find

# What only looks like a call gives a function a caller too many, and so rather no name.
CALLS, CALL_BYTES = (CALL, JUMP, CONDITIONAL_JUMP), (b"\xe8", b"\xe9", b"\x0f")
SHORT = 0xeb  # jmp with a distance of 8 bits
# The distances of jumps with their target in the middle, by where the distance is.
SHORT_DISTANCES = int.from_bytes(bytes(127 - at & 255 for at in range(256)), "little")
NUMBER = struct.Struct("<I")
CALLS_MAX = 1 << 20  # in a file, with what looks like one
BETWEEN_MAX = 64  # functions without a name on all ways to one


class Callers:
    """The callers of the functions without a name. Addresses are those of the file."""

    def __init__(self, code: list, fixed: bool, starts: list, named, pointers, parent) -> None:
        """code: [(address, bytes)]; fixed: it is mapped at these addresses; starts: addresses at
        which functions begin, in order; named: those of functions with a name; pointers: addresses
        that the file's data has; parent(start): the start of the function to which a part belongs.
        """
        self._starts, self._named, self._parent = starts, frozenset(named), parent
        nameless = frozenset(starts).difference(self._named)
        self._callers = collections.defaultdict(set)  # start -> {start of one that calls it}
        self._taken = nameless.intersection(pointers)  # others may call these, too
        calls = sum(data.count(byte) for _, data in code for byte in CALL_BYTES)
        for base, data in code if calls <= CALLS_MAX else ():
            self._find_calls(base, data, nameless)
            self._find_short_jumps(base, data, nameless)
            self._find_addresses(base, data, nameless)
            if fixed:
                self._find_numbers(data, nameless)

    def named(self, function: int) -> set:
        """{start} of the functions with a name from which functions without one lead to a function;
        empty if there may be more."""
        found, seen, todo = set(), {function}, [function]
        while todo:
            at = todo.pop()
            callers = {self._parent(caller) for caller in self._callers.get(at, ())} - {at}
            if not callers or at in self._taken or len(seen) > BETWEEN_MAX:
                return set()
            new = callers - seen
            seen |= new
            found |= new & self._named
            todo += new - self._named
        return found

    def _find_calls(self, base: int, data: bytes, nameless) -> None:
        wanted = {start - base for start in nameless}
        for pattern in CALLS:
            places, targets = find(pattern, data)
            called = map(wanted.__contains__, targets)
            for at, target in compress(zip(places, targets), called):
                self._add(base + target, base + at)

    def _find_short_jumps(self, base: int, data: bytes, nameless) -> None:
        for start in nameless:
            first = start - base - 128
            if not 0 < first < len(data) - 256:
                continue
            near = int.from_bytes(data[first:first + 256], "little") ^ SHORT_DISTANCES
            right = near.to_bytes(256, "little")  # 0: it is the distance to `start`
            at = right.find(0)
            while at >= 0:
                if data[first + at - 1] == SHORT:
                    self._add(start, base + first + at)
                at = right.find(0, at + 1)

    def _add(self, start: int, place: int) -> None:
        """A function is called at a place in the code."""
        caller = self._starts[bisect.bisect_right(self._starts, place) - 1]
        self._callers[start].add(caller)

    def _find_addresses(self, base: int, data: bytes, nameless) -> None:
        self._taken |= nameless.intersection(base + at for at in find(LOAD_ADDRESS, data)[1])

    def _find_numbers(self, data: bytes, nameless) -> None:
        """The code of a file that is mapped at its own addresses has them as numbers."""
        first, last = self._starts[0] >> 16, self._starts[-1] >> 16
        low = (first, last) if last < 256 else (0, 255)
        ranges = [bytes([at]) for at in low + (first >> 8, last >> 8)]
        pattern = re.compile(b"[%s-%s](?=[%s-%s])" % tuple(map(re.escape, ranges)))
        places = (match.start() - 2 for match in pattern.finditer(data, 2))
        self._taken |= nameless.intersection(NUMBER.unpack_from(data, at)[0] for at in places)
