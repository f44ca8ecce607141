"""Locks of the C library, by the futex word that a thread sleeps on and the functions that it's in.

glibc, x86-64: struct __pthread_mutex_s (sysdeps/x86/nptl/bits/struct_mutex.h), struct __pthread_rwlock_arch_t
(sysdeps/x86/nptl/bits/struct_rwlock.h); they are the ABI, and have not changed since 2.25 (mutex: since 2.3). musl
(src/internal/pthread_impl.h): a mutex's words are type, lock, waiters; the lock of one that is not normal has its owner's tid.
"""
import re
import struct

from pmp_memory import BadRead
from pmp_wait_marker import Wait

FRAMES_MAX = 10  # innermost ones whose names are looked at
BEFORE, AFTER = 48, 48  # bytes around the word that are read
TID = (1 << 30) - 1  # FUTEX_TID_MASK (linux/futex.h)
OWNER, KIND = 8, 16  # of a mutex; its word is the first
TYPES = {0: "normal", 1: "recursive", 2: "errorcheck", 3: "adaptive"}
ROBUST, INHERITS = 16, 32  # of __kind (nptl/pthreadP.h)
MUSL_TYPE = -4  # from the word
# Where readers and writers sleep in an rwlock, and where it has its writer's tid.
RWLOCK_WORDS, RWLOCK_WRITER = (8, 12), 24

# The functions that say what it is, the first that fits; libc's prefixes are off.
KINDS = tuple((re.compile(pattern + r"\Z"), kind) for pattern, kind in (
    (r"pthread_(timed|clock|try)?join(_np|_ex|64)?|pthread_clockjoin_ex", "join"),
    (r"pthread_mutex_(timed|clock|cond_)?lock(_full|_slow|64|_common)?|pthread_mutex_\w*lock", "mutex"),
    (r"pthread_rwlock_\w+", "rwlock"),
    (r"pthread_cond_\w*wait\w*", "condition"),
    (r"(new_)?sem_(timed|clock)?wait\w*", "semaphore"),
    (r"pthread_barrier_wait", "barrier"),
))
PYMUTEX = re.compile(r"_?PyMutex_Lock")  # 3.13 on: whoever waits sleeps on a semaphore of its own (Python/parking_lot.c)
PREFIX = re.compile(r"_*(GI_)?_*")


class FutexMemory:
    """The bytes around the word that a thread sleeps on, read while it's stopped."""
    __slots__ = ("word", "data")

    def __init__(self, memory, word: int) -> None:
        self.word, self.data = word, b""
        for before, after in ((BEFORE, AFTER), (0, AFTER), (0, 4)):
            try:
                self.data = b"\0" * (BEFORE - before) + memory.read(word - before, before + after)
                break
            except BadRead:
                continue

    def number(self, offset: int) -> int:
        """The 32-bit number so far from the word; 0 where it could not be read."""
        at = BEFORE + offset
        return struct.unpack_from("<i", self.data, at)[0] if at + 4 <= len(self.data) else 0


def find(near: FutexMemory, names: list, tids: dict) -> Wait:
    """near: around the word; names: of the functions that it is in, innermost first; tids: the process's own thread ids ->
    ours."""
    kind = kind_of(names)
    if kind == "semaphore" and any(PYMUTEX.match(name) for name in names[:FRAMES_MAX]):
        return Wait("pymutex", 0, near.word)
    if kind == "rwlock":
        return _rwlock(near, tids)
    if kind == "join":
        return Wait("join", near.word, near.word, owner=tids.get(near.number(0), 0))
    if kind in ("", "mutex") and _is_musl_mutex(near, tids):
        return Wait("mutex", near.word + MUSL_TYPE, near.word, TYPES[near.number(MUSL_TYPE) & 3], tids[near.number(0) & TID])
    if kind == "mutex" or not kind and _looks_like_mutex(near, tids):
        return _mutex(near, tids)
    return Wait(kind or "futex", near.word if kind in ("semaphore", "barrier") else 0, near.word)


def kind_of(names: list) -> str:
    """"" where they do not tell."""
    for name in names[:FRAMES_MAX]:
        bare = PREFIX.sub("", name, count=1)
        for pattern, kind in KINDS:
            if pattern.match(bare):
                return kind
    return ""


def _looks_like_mutex(near: FutexMemory, tids: dict) -> bool:
    """Without names: taken, by a thread that there is, and of a type that there is."""
    return near.number(0) in (1, 2) and near.number(OWNER) in tids and 0 <= near.number(KIND) < 256


def _is_musl_mutex(near: FutexMemory, tids: dict) -> bool:
    """One that has an owner: recursive, or with errors checked. glibc's would have the owner after the word, too."""
    return near.number(0) & TID in tids and near.number(OWNER) not in tids and near.number(MUSL_TYPE) & 15 in (1, 2)


def _mutex(near: FutexMemory, tids: dict) -> Wait:
    kind = near.number(KIND)
    name = TYPES.get(kind & 3, "") if 0 <= kind < 256 else ""
    if 0 <= kind < 256 and kind & ROBUST:
        name += ", robust"
    if 0 <= kind < 256 and kind & INHERITS:
        name += ", priority-inheriting"
    # The word of robust and priority-inheriting ones is the owner's tid, and musl's always is.
    owner = tids.get(near.number(OWNER), 0) or tids.get(near.number(0) & TID, 0)
    return Wait("mutex", near.word, near.word, name, owner)


def _rwlock(near: FutexMemory, tids: dict) -> Wait:
    """Which of its words it sleeps on is not known: there is a writer after the one, or the other, or none."""
    found = [(near.word - at, near.number(RWLOCK_WRITER - at)) for at in RWLOCK_WORDS]
    for start, writer in found:
        if writer in tids:
            return Wait("rwlock", start, near.word, owner=tids[writer])
    return Wait("rwlock", 0, near.word)
