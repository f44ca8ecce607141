"""Where the functions of a file begin: by its symbols, else by its code (x86-64).

By the code: what is called or whose address is loaded or, by the relocations, in data, if the bytes
before can be the end of another function; and what begins with endbr64 (compilers put it where
indirect calls lead).
"""
import bisect
import re

from pmp_instructions import find
from pmp_memory import BadRead

CODE_MAX = RELOCATIONS_MAX = 1 << 25  # bytes that are searched
RELATIVE = 8  # R_X86_64_RELATIVE of Elf64_Rela (elf.h): offset, type, address in the file
# call, or lea relative to rip (Intel SDM, volume 2), with the distance to its target.
REFERENCE = re.compile(rb"(?:\xe8|\x48\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d])", re.S)
ENDBR64 = re.compile(rb"\xf3\x0f\x1e\xfa")
# ret, nop, int3, the end of a longer nop, hlt; a jump; a call of a function that does not return.
END = re.compile(rb"[\xc3\x90\xcc\0\xf4]\Z|\xeb.\Z|[\xe8\xe9]....\Z", re.S)


class FunctionStarts:
    """The functions of one file. Addresses are those of the file. They are searched for when they
    are first needed."""

    def __init__(self, elf) -> None:
        self._elf = elf
        self._symbols = self._ends = self._starts = None

    def start(self, address: int) -> int:
        """Where the function at an address begins, 0: unknown."""
        if self._ends is None:
            try:
                self._ends = self._elf.function_ranges()
            except OSError:
                self._ends = {}
            self._symbols = sorted(self._ends)
        start = _last_before(self._symbols, address)
        end = self._ends.get(start, 0)
        if start and (address < end or end == start):
            return start
        if self._starts is None:
            self._starts = self._search()
        return _last_before(self._starts, address)

    def _search(self) -> list:
        try:
            data = memoryview(self._elf.section_bytes(".rela.dyn", RELOCATIONS_MAX))
            words = data[:len(data) // 24 * 24].cast("Q")
            pointers = [place for kind, place in zip(words[1::3], words[2::3]) if kind == RELATIVE]
            return sorted(start for segment in self._elf.code(CODE_MAX)
                          for start in _begins(pointers, *segment))
        except (BadRead, OSError):
            return []


def _last_before(starts: list, address: int) -> int:
    at = bisect.bisect_right(starts, address)
    return starts[at - 1] if at else 0


def _begins(pointers: list, base: int, code: bytes) -> set:
    """The addresses in a segment at which functions seem to begin."""
    found = {base + match.start() for match in ENDBR64.finditer(code)}
    places = [place - base for place in pointers]
    places += find(REFERENCE, code)[1]
    found.update(base + at for at in places if 5 <= at < len(code) and END.search(code, at - 5, at))
    return found
