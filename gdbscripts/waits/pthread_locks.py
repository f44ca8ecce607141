"""Locks of the C library, found by the futex word that a thread sleeps on and its innermost
functions.

glibc, x86-64: struct __pthread_mutex_s (sysdeps/x86/nptl/bits/struct_mutex.h) and struct
__pthread_rwlock_arch_t (sysdeps/x86/nptl/bits/struct_rwlock.h). They are part of the ABI and have
not changed since 2.25 (mutex: 2.3). musl (src/internal/pthread_impl.h): a mutex has the words type,
lock, waiters; unless it is of type normal, the lock word contains the owner's tid.
"""
import re
import struct

from pmp_memory import BadRead, pointer_at
from pmp_wait_marker import Wait

FRAMES_MAX = 10  # innermost functions whose names are compared
BEFORE, AFTER = 48, 48  # bytes around the futex word that are read
TID = (1 << 30) - 1  # FUTEX_TID_MASK (linux/futex.h)
OWNER, KIND = 8, 16  # offsets in a mutex, whose futex word is at 0
TYPES = {0: "normal", 1: "recursive", 2: "errorcheck", 3: "adaptive"}
ROBUST, INHERITS, SHARED = 16, 32, 128  # bits of __kind (nptl/pthreadP.h)
MUSL_TYPE = -4  # offset from the futex word
# Offsets in an rwlock: the words that readers and writers sleep on, and the tid of its writer.
RWLOCK_WORDS, RWLOCK_WRITER = (8, 12), 24

# Function name, without libc's prefixes -> kind of the wait; the first match is used.
KINDS = tuple((re.compile(pattern + r"\Z"), kind) for pattern, kind in (
    (r"pthread_(timed|clock|try)?join(_np|_ex|64)?|pthread_clockjoin_ex", "join"),
    (r"pthread_mutex_(timed|clock|cond_)?lock(_full|_slow|64|_common)?|pthread_mutex_\w*lock",
     "mutex"),
    (r"pthread_rwlock_\w+", "rwlock"),
    (r"pthread_cond_\w*wait\w*", "condition"),
    (r"(new_)?sem_(timed|clock)?wait\w*", "semaphore"),
    (r"pthread_barrier_wait", "barrier"),
))
# From 3.13 on a waiting thread sleeps on a semaphore of its own (Python/parking_lot.c).
PYMUTEX = re.compile(r"_?PyMutex_Lock")
PREFIX = re.compile(r"_*(GI_)?_*")


class FutexMemory:
    """The bytes around the word that a thread sleeps on, read while the thread is stopped."""
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
        """The signed 32-bit number at an offset from the word; 0 if it could not be read."""
        at = BEFORE + offset
        return struct.unpack_from("<i", self.data, at)[0] if at + 4 <= len(self.data) else 0


def find_wait(futex: FutexMemory, names: list, tids: dict, idents: dict) -> Wait:
    """The Wait of a thread that sleeps in futex(2). names: of its functions, innermost first; tids:
    {tid in the target's pid namespace: tid here}; idents: {pthread_self: tid}."""
    kind = kind_of(names)
    if kind == "semaphore" and any(PYMUTEX.match(name) for name in names[:FRAMES_MAX]):
        return Wait("pymutex", 0, futex.word)
    if kind == "rwlock":
        return _rwlock(futex, tids)
    if kind == "join":
        return Wait("join", futex.word, futex.word, owner=tids.get(futex.number(0), 0))
    if kind in ("", "mutex") and _is_musl_mutex(futex, tids):
        type_ = TYPES[futex.number(MUSL_TYPE) & 3]
        owner = tids[futex.number(0) & TID]
        return Wait("mutex", futex.word + MUSL_TYPE, futex.word, type_, owner)
    of_file = _file_lock(futex, idents) if not kind else None
    if of_file is not None:
        return of_file
    if kind == "mutex" or not kind and _looks_like_mutex(futex, tids):
        return _mutex(futex, tids, bool(kind))
    on = futex.word if kind in ("semaphore", "barrier") else 0
    return Wait(kind or "futex", on, futex.word)


def kind_of(names: list) -> str:
    """The kind of a wait by the names of functions, innermost first; "" if none matches."""
    for name in names[:FRAMES_MAX]:
        bare = PREFIX.sub("", name, count=1)
        for pattern, kind in KINDS:
            if pattern.match(bare):
                return kind
    return ""


def _looks_like_mutex(futex: FutexMemory, tids: dict) -> bool:
    """If there are no names: is it a locked mutex, with an existing owner and a valid type?"""
    is_locked = futex.number(0) in (1, 2)
    return is_locked and futex.number(OWNER) in tids and 0 <= futex.number(KIND) < 256


def _is_musl_mutex(futex: FutexMemory, tids: dict) -> bool:
    """Is it a mutex of musl with an owner: recursive, or with error checks? A mutex of glibc would
    have its owner at OWNER as well."""
    has_owner = futex.number(0) & TID in tids and futex.number(OWNER) not in tids
    return has_owner and futex.number(MUSL_TYPE) & 15 in (1, 2)


def _mutex(futex: FutexMemory, tids: dict, named: bool) -> Wait:
    """named: its functions say that it is a mutex, so the owner may be a thread that has ended."""
    kind = futex.number(KIND)
    name = TYPES.get(kind & 3, "") if 0 <= kind < 256 else ""
    if 0 <= kind < 256 and kind & ROBUST:
        name += ", robust"
    if 0 <= kind < 256 and kind & INHERITS:
        name += ", priority-inheriting"
    if 0 <= kind < 256 and kind & SHARED:
        name += ", process-shared"
    # The futex word of robust and priority-inheriting mutexes, and of musl's, is the owner's tid.
    owner = tids.get(futex.number(OWNER), 0) or tids.get(futex.number(0) & TID, 0)
    wait = Wait("mutex", futex.word, futex.word, name, owner)
    recorded = futex.number(OWNER)
    is_shared = kind & SHARED  # its owner may be any process
    if named and not owner and name and not is_shared and 0 < recorded <= TID and futex.number(0):
        wait.gone = recorded
    return wait


def _file_lock(futex: FutexMemory, idents: dict):
    """The Wait for the lock of a FILE (_IO_lock_t, sysdeps/nptl/stdio-lock.h): the word, a count,
    the owner's pthread_self. None if it is none."""
    if futex.number(0) not in (1, 2) or futex.number(4) < 1 or len(futex.data) < BEFORE + 16:
        return None
    owner = idents.get(pointer_at(futex.data, BEFORE + 8), 0)
    return Wait("mutex", futex.word, futex.word, "of a FILE", owner) if owner else None


def _rwlock(futex: FutexMemory, tids: dict) -> Wait:
    """It is unknown which word of the lock the thread sleeps on: both are tried for a writer's
    tid."""
    found = [(futex.word - at, futex.number(RWLOCK_WRITER - at)) for at in RWLOCK_WORDS]
    for start, writer in found:
        if writer in tids:
            return Wait("rwlock", start, futex.word, owner=tids[writer])
    return Wait("rwlock", 0, futex.word)
