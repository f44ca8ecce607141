"""What a thread waits for, and who holds it: a `waits` marker."""
from pmp_markers import marker


class Wait:
    """kind: as in merger/parse/marker.h; on, word: addresses, 0: not known; owner: the thread id that the lock itself records, 0:
    none; candidates: thread ids of those that may hold it, as `why` says."""
    __slots__ = ("kind", "on", "word", "type", "owner", "candidates", "why")

    def __init__(self, kind: str, on: int = 0, word: int = 0, type_: str = "", owner: int = 0) -> None:
        self.kind, self.on, self.word, self.type, self.owner = kind, on, word, type_, owner
        self.candidates, self.why = [], ""

    def line(self) -> str:
        pairs = [(key, "0x%x" % value) for key, value in (("on", self.on), ("word", self.word)) if value]
        pairs += [(key, value) for key, value in (("type", self.type), ("owner", self.owner)) if value]
        pairs += [("candidate", tid) for tid in self.candidates]
        if self.candidates:
            pairs.append(("why", self.why))
        return marker("waits", ("kind", self.kind), *pairs)
