"""The activity of the interpreter in each thread: waits for the GIL, holds it, collects garbage.

A thread waits for the GIL if it sleeps in futex(2) on a word inside the lock itself (struct
_gil_runtime_state, Include/internal/pycore_gil.h); no symbols are needed. "Holds the GIL" is
reported only if another thread waits for it: every thread that runs Python code holds the GIL.
"""
from pmp_memory import BadRead, int_at, pointer_at

WAITS, HOLDS, COLLECTS = "waits for the GIL", "holds the GIL", "collects garbage"
# Bytes after the lock's fields: 2 pthread_cond_t, 2 pthread_mutex_t (glibc, x86-64), padding.
CONDITIONS = 2 * 48 + 2 * 40 + 16


class Gil:
    """One lock at one moment: its address range in the target, locked, the thread state that last
    held it, and whether garbage is collected in an interpreter that uses it."""
    __slots__ = ("addr", "end", "locked", "holder", "collecting")


def read(memory, layout: dict, root: int, interp: int):
    """The Gil of an interpreter; None if the layout has no offsets for it: before 3.7 it is made of
    static variables, which only symbols name. root: the root variable; interp: PyInterpreterState.
    BadRead."""
    if "gil.locked" not in layout:
        return None
    gil = Gil()
    gil.addr = (memory.pointer(interp + layout["interp.gil"]) if "interp.gil" in layout
                else root + layout["runtime.gil"])
    locked, holder = layout["gil.locked"], layout["gil.holder"]
    size = max(locked, holder) + 8
    data = memory.read(gil.addr, size)
    gil.end = gil.addr + size + CONDITIONS
    gil.locked = int_at(data, locked) == 1
    gil.holder = pointer_at(data, holder)
    at = (interp + layout["interp.collecting"] if "interp.collecting" in layout
          else root + layout["runtime.collecting"])
    gil.collecting = int_at(memory.read(at, 4), 0) == 1
    return gil


def activities(threads: list) -> list:
    """[text] for each thread: WAITS, HOLDS, COLLECTS or "".

    threads: [(addresses of its thread states, the address that it sleeps on in futex(2) or 0,
    [Gil] at the time at which the thread was read)]."""
    waited = {gil.addr for _, word, gils in threads for gil in gils if gil.addr <= word < gil.end}
    return [_activity(states, word, gils, waited) for states, word, gils in threads]


def _activity(states: list, word: int, gils: list, waited: set) -> str:
    """waited: the addresses of the locks that some thread waits for."""
    held = next((gil for gil in gils if gil.locked and gil.holder in states), None)
    if held is not None and held.collecting:
        return COLLECTS
    if any(gil.addr <= word < gil.end for gil in gils):
        return WAITS
    return HOLDS if held is not None and held.addr in waited else ""


def read_all(memory, layout: dict, root: int, interpreters: list) -> list:
    """[Gil] of all interpreters, each lock once: interpreters may share one. Unreadable ones are
    left out."""
    found = {}
    for interp in interpreters:
        try:
            gil = read(memory, layout, root, interp)
        except BadRead:
            continue
        if gil is not None:
            known = found.setdefault(gil.addr, gil)
            known.collecting = known.collecting or gil.collecting
    return list(found.values())
