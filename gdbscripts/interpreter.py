"""Finds CPython in the target, and each thread's Python frames, from its own thread state.

    _PyRuntime -> interpreters -> thread states -> runs of the eval loop -> Python frames

Each run of the eval loop keeps a structure on the C stack (3.11: _PyCFrame). Its address tells which
native frame is that evaluator, whatever its name; so a `Run` carries it.
"""
from pmp_layouts import LAYOUTS
from pmp_memory import BadRead, Memory, pointer_at
from pmp_procfs import innermost_tid, same_namespace
from pmp_py_code import CodeCache
from pmp_symbols import Symbols

INTERPRETERS_MAX = 1000
THREADS_MAX = 100000
SYMBOLS = ("_PyRuntime", "Py_Version", "PyEval_EvalFrameEx")
FRAMES_MAX = 20000  # Python frames of one thread, leaf first; more are cut


class PyFrame:
    """One Python frame, its name and line looked up later (`code.line(instr)`), while the target runs."""
    __slots__ = ("code", "instr")

    def __init__(self, code, instr: int) -> None:
        self.code = code
        self.instr = instr


class Run:
    """One run of the eval loop: where its structure lies on the C stack, its frames leaf first."""
    __slots__ = ("addr", "frames")

    def __init__(self, addr: int, frames: list) -> None:
        self.addr = addr
        self.frames = frames


class Interpreter:
    """A CPython of a version that layouts.py has a row for."""

    def __init__(self, pid: int, version: str, layout: dict, runtime: int) -> None:
        self.version = version
        self._pid = pid
        self._layout = layout
        self._runtime = runtime
        self._codes = CodeCache(layout)
        self._other_namespace = not same_namespace(pid, "pid")
        self._own_tids = {}

    def thread_states(self, memory: Memory) -> dict:
        """OS thread id (as the target's own pid namespace has it) -> address of its thread state."""
        layout, found = self._layout, {}
        interp = memory.pointer(self._runtime + layout["runtime.interpreters_head"])
        for _ in range(INTERPRETERS_MAX):
            if not interp:
                break
            self._add_states(memory, memory.pointer(interp + layout["interp.threads_head"]), found)
            interp = memory.pointer(interp + layout["interp.next"])
        return found

    def _add_states(self, memory: Memory, state: int, found: dict) -> None:
        layout = self._layout
        size = layout["tstate.native_thread_id"] + 8
        while state and len(found) < THREADS_MAX:
            data = memory.read(state, size)
            tid = pointer_at(data, layout["tstate.native_thread_id"])
            if found.setdefault(tid, state) != state:
                # A thread has one state in each interpreter it runs: keep the one with frames.
                if self._first_run(memory, state)[1]:
                    found[tid] = state
            state = pointer_at(data, layout["tstate.next"])

    def own_tid(self, tid: int) -> int:
        """What the target itself calls this thread."""
        if not self._other_namespace:
            return tid
        if tid not in self._own_tids:
            self._own_tids[tid] = innermost_tid(self._pid, tid)
        return self._own_tids[tid]

    def _first_run(self, memory: Memory, state: int) -> tuple:
        """(address of the C-stack structure of the innermost run, its leaf frame)."""
        layout = self._layout
        cframe = memory.pointer(state + layout["tstate.cframe"])
        return cframe, memory.pointer(cframe + layout["cframe.current_frame"]) if cframe else 0

    def runs(self, memory: Memory, state: int) -> list:
        """The thread's runs of the eval loop, innermost first. What cannot be read ends the list."""
        runs, count = [], 0
        try:
            cframe, frame = self._first_run(memory, state)
            while frame and cframe and count < FRAMES_MAX:
                run = Run(cframe, [])
                runs.append(run)
                frame = self._entry_group(memory, frame, run.frames)
                count += len(run.frames)
                cframe = memory.pointer(cframe + self._layout["cframe.previous"])
        except BadRead:
            pass  # a state in the middle of a change: what was read so far is true
        return runs

    def _entry_group(self, memory: Memory, frame: int, frames: list) -> int:
        """Adds frames up to and including the entry frame; returns the frame below it."""
        layout = self._layout
        while frame and len(frames) < FRAMES_MAX:
            data = memory.read(frame, layout["frame.size"])
            code = self._codes.get(memory, pointer_at(data, layout["frame.code"]))
            frames.append(PyFrame(code, pointer_at(data, layout["frame.prev_instr"])))
            frame = pointer_at(data, layout["frame.previous"])
            if data[layout["frame.is_entry"]]:
                break
        return frame


def find(pid: int, memory: Memory, symbols: Symbols) -> tuple:
    """(Interpreter or None, what to tell the person or None). A thread must be selected and stopped."""
    runtime = symbols.address("_PyRuntime")
    if not runtime:
        if symbols.address("PyEval_EvalFrameEx"):
            return None, "a Python before 3.7 was found: its frames are not read, stacks are native only"
        return None, None
    version = symbols.address("Py_Version")  # 3.11+: PY_VERSION_HEX (Include/pylifecycle.h)
    if not version:
        return None, "a Python before 3.11 was found: its frames are not read, stacks are native only"
    try:
        number = memory.pointer(version)
    except BadRead as err:
        return None, "Python's version cannot be read (%s): stacks are native only" % err
    major, minor, micro = number >> 24 & 255, number >> 16 & 255, number >> 8 & 255
    text = "%d.%d.%d" % (major, minor, micro)
    layout = LAYOUTS.get((major, minor))
    if layout is None:
        return None, "Python %s is not known to this pmp: stacks are native only" % text
    return Interpreter(pid, text, layout, runtime), None
