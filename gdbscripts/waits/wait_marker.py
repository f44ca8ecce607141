"""The wait of one thread: the lock it waits for and the lock's owner, as a `waits` marker."""
from pmp_markers import marker, one_line


class Wait:
    """kind: one of merger/parse/marker.h; on: address of the lock, word: address that the thread
    sleeps on, both 0 if unknown; type_: words about it; owner: the tid that the lock records, 0:
    none; owner_pid: its process, if it is another one; gone: the same as owner if it is no thread
    of this process, 0: its tid is unknown, None: there is no such owner; gone_pid: the parent that
    it is a thread of, 0: unknown; candidates: tids that may own the lock, `why`: the reason, both
    set later; ends: the wait will end by itself, so nobody else has to act."""
    __slots__ = ("kind", "on", "word", "type", "owner", "owner_pid", "gone", "gone_pid",
                 "candidates", "why", "ends")

    def __init__(self, kind: str, on: int = 0, word: int = 0, type_: str = "",
                 owner: int = 0) -> None:
        self.kind, self.on, self.word, self.type, self.owner = kind, on, word, type_, owner
        self.owner_pid, self.gone, self.gone_pid = 0, None, 0
        self.candidates, self.why, self.ends = [], "", False

    def line(self) -> str:
        """The marker line. Empty values are left out."""
        addresses = (("on", self.on), ("word", self.word))
        pairs = [(key, "0x%x" % value) for key, value in addresses if value]
        texts = (("type", one_line(self.type)), ("owner", self.owner),
                 ("owner_pid", self.owner_pid), ("gone_pid", self.gone_pid))
        pairs += [(key, value) for key, value in texts if value]
        pairs += [("gone", self.gone)] if self.gone is not None else []
        pairs += [("candidate", tid) for tid in self.candidates]
        if self.candidates:
            pairs.append(("why", self.why))
        return marker("waits", ("kind", self.kind), *pairs)
