"""The wait of one thread: the lock it waits for and the lock's owner, as a `waits` marker."""
from pmp_markers import marker


class Wait:
    """kind: one of merger/parse/marker.h; on: address of the lock, word: address that the thread
    sleeps on, both 0 if unknown; type_: of a mutex; owner: the tid that the lock records, 0: none;
    candidates: tids that may own the lock, `why`: the reason, both set later."""
    __slots__ = ("kind", "on", "word", "type", "owner", "candidates", "why")

    def __init__(self, kind: str, on: int = 0, word: int = 0, type_: str = "",
                 owner: int = 0) -> None:
        self.kind, self.on, self.word, self.type, self.owner = kind, on, word, type_, owner
        self.candidates, self.why = [], ""

    def line(self) -> str:
        """The marker line. Empty values are left out."""
        addresses = (("on", self.on), ("word", self.word))
        pairs = [(key, "0x%x" % value) for key, value in addresses if value]
        texts = (("type", self.type), ("owner", self.owner))
        pairs += [(key, value) for key, value in texts if value]
        pairs += [("candidate", tid) for tid in self.candidates]
        if self.candidates:
            pairs.append(("why", self.why))
        return marker("waits", ("kind", self.kind), *pairs)
