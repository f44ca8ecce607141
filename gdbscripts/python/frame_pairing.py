"""Which native frame runs which Python frames: by the addresses of the structures that runs of the
eval loop have on the C stack (py_frames.py)."""
import struct
from bisect import bisect_left

from pmp_memory import BadRead

STACK_MAX = 1 << 20  # bytes of a stack that are searched
PIECE = 1 << 16
PAGE = 1 << 12


def assign_by_address(stacks: list, runs: list, unclaimed: list) -> None:
    """Moves each run to the thread on whose C stack its structure is. That may be another thread
    than the one of its thread state: the state of a subinterpreter may have been created by another
    thread than the one that runs it.

    stacks: native_stack.Stack of each thread; runs: for each thread its list of runs, changed in
    place; unclaimed: runs of thread states that belong to no stopped thread."""
    for i, thread_runs in enumerate(runs):
        foreign = [run for run in thread_runs if run.addr and not stacks[i].contains(run.addr)]
        for run in foreign:
            if _assign(stacks, runs, run, i):
                thread_runs.remove(run)
    for run in unclaimed:
        if run.addr:
            _assign(stacks, runs, run, -1)


def _assign(stacks: list, runs: list, run, except_for: int) -> bool:
    """Appends the run to the runs of the thread whose stack contains it; False if there is none."""
    for i, stack in enumerate(stacks):
        if i != except_for and stack.contains(run.addr):
            runs[i].append(run)
            return True
    return False


def assign_by_search(stacks: list, states: list, memory) -> None:
    """As assign_by_address, for versions without such structures, if a thread has several thread
    states with frames. An eval loop has the address of its frame object somewhere on its stack. So
    a thread state belongs to the thread whose stack has the addresses of its innermost and
    outermost frame; of two on one stack, the inner one is the one with the lower position.

    stacks: native_stack.Stack of each thread; states: for each thread a list with the runs of each
    of its thread states, changed in place."""
    texts = [_stack_bytes(memory, stack.leaf_sp) for stack in stacks]
    found = [[] for _ in stacks]
    for i, thread_states in enumerate(states):
        for runs in thread_states:
            words = {struct.pack("<Q", run.object) for run in (runs[0], runs[-1])}
            hits = [[text.find(word) for word in words if word in text] for text in texts]
            best = max(range(len(stacks)), key=lambda at: (len(hits[at]), at == i))
            found[best].append((min(hits[best], default=0), runs))
    for i, entries in enumerate(found):
        states[i] = [runs for _, runs in sorted(entries, key=lambda entry: entry[0])]


def _stack_bytes(memory, pointer: int) -> bytes:
    """The stack from its stack pointer on, as far as it is readable, STACK_MAX bytes at most."""
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
    """({index of a native frame: its runs, innermost first}, [the runs that are in no frame]).

    pointers: the stack pointer of each native frame, leaf first. A frame's part of the stack ends
    where that of its caller begins; the end of the outermost frame is unknown, so it has no
    runs."""
    order = sorted((run.addr, i) for i, run in enumerate(runs))
    addrs, used, pairs = [addr for addr, _ in order], set(), {}
    for i in range(len(pointers) - 1):
        first, last = bisect_left(addrs, pointers[i]), bisect_left(addrs, pointers[i + 1])
        for addr, at in order[first:last]:
            if addr and at not in used:
                used.add(at)
                pairs.setdefault(i, []).append(runs[at])
    return pairs, [run for i, run in enumerate(runs) if i not in used]
