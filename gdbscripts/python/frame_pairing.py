"""Which native frame runs which Python frames: by the addresses of the structures that runs of the eval loop
have on the C stack (py_frames.py)."""
import struct
from bisect import bisect_left

from pmp_memory import BadRead

STACK_MAX = 1 << 20  # bytes of a stack that are searched
PIECE = 1 << 16
PAGE = 1 << 12


def assign_by_address(stacks: list, runs: list, spare: list) -> None:
    """Gives runs to the thread on whose C stack they are, where that isn't the one whose thread state they are
    of: a subinterpreter's state may have been made by another thread than the one that runs it.

    stacks: native.Stack of each thread; runs: each one's list of runs, changed in place; spare: runs of
    thread states that are no stopped thread's."""
    for i, own in enumerate(runs):
        strays = [run for run in own if run.addr and not stacks[i].contains(run.addr)]
        for run in strays:
            if _give(stacks, runs, run, i):
                own.remove(run)
    for run in spare:
        if run.addr:
            _give(stacks, runs, run, -1)


def _give(stacks: list, runs: list, run, not_to: int) -> bool:
    for i, stack in enumerate(stacks):
        if i != not_to and stack.contains(run.addr):
            runs[i].append(run)
            return True
    return False


def assign_by_search(stacks: list, states: list, memory) -> None:
    """The same for versions that have no such structures, where a thread has several states with frames. An eval
    loop has its frame object's address somewhere on its stack: a state is that thread's who has those of
    its innermost and outermost frame, and of two on one stack that is the inner one whose are lower.

    states: for each thread the runs of each of its states, changed in place."""
    texts = [_stack_bytes(memory, stack.leaf_sp) for stack in stacks]
    found = [[] for _ in stacks]
    for i, own in enumerate(states):
        for runs in own:
            words = {struct.pack("<Q", run.object) for run in (runs[0], runs[-1])}
            hits = [[text.find(word) for word in words if word in text] for text in texts]
            best = max(range(len(stacks)), key=lambda at: (len(hits[at]), at == i))
            found[best].append((min(hits[best], default=0), runs))
    for i, entries in enumerate(found):
        states[i] = [runs for _, runs in sorted(entries, key=lambda entry: entry[0])]


def _stack_bytes(memory, pointer: int) -> bytes:
    """From the stack pointer up, as far as there is memory."""
    data = b""
    for size in (PIECE, PAGE):
        try:
            while pointer and len(data) < STACK_MAX:
                at = pointer + len(data)
                data += memory.read(at, size - at % size)
        except BadRead:
            pass
    return data


def pair(pointers: list, runs: list) -> tuple:
    """(index of a native frame -> its runs, innermost first; the runs that are in none).

    pointers: the stack pointer of each native frame, leaf first. A frame's part of the stack ends where
    its caller's begins; what the outermost one calls its own is not known, and nothing is in it."""
    order = sorted((run.addr, i) for i, run in enumerate(runs))
    addrs, taken, pairs = [addr for addr, _ in order], set(), {}
    for i in range(len(pointers) - 1):
        first, last = bisect_left(addrs, pointers[i]), bisect_left(addrs, pointers[i + 1])
        for addr, at in order[first:last]:
            if addr and at not in taken:
                taken.add(at)
                pairs.setdefault(i, []).append(runs[at])
    return pairs, [run for i, run in enumerate(runs) if i not in taken]
