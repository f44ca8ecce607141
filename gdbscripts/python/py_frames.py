"""The Python frames of one thread state, grouped in runs: one run per active call of the eval loop.

How frames form runs depends on the version (the word "runs" of layouts.py):

    frames    to 3.9: each frame is a run; no structure on the C stack links it to a native frame
    cframes   3.10: each frame is a run and has a CFrame on the C stack
    is_entry  3.11: a run has a _PyCFrame on the C stack and ends with a frame with is_entry set
    shim      3.12 and later: a run ends with a frame of the interpreter itself, on the C stack

The native frame whose part of the C stack contains a run's structure executes that run
(frame_pairing.py).
"""
from pmp_memory import BadRead, Memory, int_at, pointer_at
from pmp_py_code import UNREADABLE, CodeCache

FRAMES_MAX = 20000  # of one thread: the half nearest to the leaf and the half nearest to the root
WALK_MAX = 500000  # frames that are visited; the root of a longer stack is not reached
# 3.12+: this and higher values of `owner` mean a shim (Include/internal/pycore_frame.h).
OWNED_BY_INTERPRETER = 3
TAG_BITS = 3  # of a _PyStackRef (3.14+); the address of an object ends in 000
TLBC_MAX = 1 << 16  # threads that have their own copy of the bytecode


class PyFrame:
    """One Python frame at address `addr`, at the instruction at byte `offset` of `code`. Its line
    is looked up later, while the target runs: code.line(offset)."""
    __slots__ = ("code", "offset", "addr")

    def __init__(self, code, offset: int, addr: int) -> None:
        self.code = code
        self.offset = offset
        self.addr = addr


class Gap(PyFrame):
    """Stands for `count` frames in the middle of a stack, which are left out."""
    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        super().__init__(UNREADABLE, 0, 0)
        self.count = count


class Run:
    """One run of the eval loop. addr: of its structure on the C stack, 0: none; frames: [PyFrame],
    leaf first; object: the address of the frame object with "frames", otherwise 0."""
    __slots__ = ("addr", "frames", "object")

    def __init__(self, addr: int, frames: list, frame_object: int = 0) -> None:
        self.addr = addr
        self.frames = frames
        self.object = frame_object


class FrameReader:
    """Reads the frames of thread states. was_cut: a stack had more than WALK_MAX frames;
    read_any: a code object was read, so the layout is right."""

    def __init__(self, layout: dict) -> None:
        self._layout = layout
        self._codes = CodeCache(layout)
        self._read_runs = getattr(self, "_" + layout["runs"])
        self._frame_size = layout["frame.size"]
        self._code_at = layout["frame.code"]
        self._previous_at = layout["frame.previous"]
        self._seen = set()  # frames of the chain that is being followed
        self.was_cut = False
        self.read_any = False

    def new_stop(self) -> None:
        """The target has run since the last read."""
        self._codes.new_stop()

    def runs(self, memory: Memory, state: int) -> list:
        """[Run] of a thread state, only those with frames, innermost first. The list ends where the
        memory cannot be read."""
        runs = []
        self._seen.clear()
        try:
            self._read_runs(memory, state, runs)
        except BadRead:
            pass  # the thread is changing the chain: the runs read so far are valid
        leave_out_middle(runs)
        return [run for run in runs if run.frames]

    def frame_at(self, memory: Memory, addr: int) -> PyFrame:
        """The frame at an address, such as that of a suspended coroutine. BadRead."""
        return self._frame(memory, memory.read(addr, self._frame_size), addr)

    def outer_frames(self, memory: Memory, addr: int) -> list:
        """[PyFrame] of a frame and the frames that have called it, such as those of a suspended
        greenlet; up to one that cannot be read. Frames of the interpreter itself are left out."""
        found, owner_at = [], self._layout.get("frame.owner", 0)
        self._seen.clear()
        try:
            while self._should_follow(addr):
                data = memory.read(addr, self._frame_size)
                read = self._frame(memory, data, addr)
                is_shim = owner_at and data[owner_at] >= OWNED_BY_INTERPRETER
                if read.code is UNREADABLE and not is_shim:
                    break
                if not is_shim and not read.code.trampoline:
                    found.append(read)
                addr = pointer_at(data, self._previous_at)
        except BadRead:
            pass
        return found

    # One method per word "runs". Each appends runs, so that those before a BadRead are kept.

    def _frames(self, memory: Memory, state: int, runs: list) -> None:
        frame = memory.pointer(state + self._layout["tstate.frame"])
        while self._should_follow(frame):
            data = memory.read(frame, self._frame_size)
            runs.append(Run(0, [self._frame(memory, data, frame)], frame))
            frame = pointer_at(data, self._previous_at)

    def _cframes(self, memory: Memory, state: int, runs: list) -> None:
        root = state + self._layout["tstate.root_cframe"]  # its `previous` is uninitialised
        cframe, addrs = memory.pointer(state + self._layout["tstate.cframe"]), []
        while cframe and cframe != root and len(addrs) < WALK_MAX:
            addrs.append(cframe)
            cframe = memory.pointer(cframe + self._layout["cframe.previous"])
        self._frames(memory, state, runs)
        # Matched from the root. An extra frame at the leaf has already been left; an extra CFrame
        # has no frame yet.
        if len(runs) == len(addrs) + 1:
            del runs[0]
        for run, addr in zip(reversed(runs), reversed(addrs)):
            run.addr = addr

    def _is_entry(self, memory: Memory, state: int, runs: list) -> None:
        layout = self._layout
        cframe = memory.pointer(state + layout["tstate.cframe"])
        frame, outer, next_cframe = self._cframe(memory, cframe)
        below = self._add_innermost(memory, frame, outer, cframe, runs)
        while below and next_cframe:
            run = Run(next_cframe, [])
            runs.append(run)
            below = self._add_frames(memory, below, run)
            next_cframe = memory.pointer(next_cframe + layout["cframe.previous"])

    def _shim(self, memory: Memory, state: int, runs: list) -> None:
        layout = self._layout
        if "tstate.current_frame" in layout:
            below = memory.pointer(state + layout["tstate.current_frame"])
        else:
            cframe = memory.pointer(state + layout["tstate.cframe"])
            frame, outer, _ = self._cframe(memory, cframe)
            below = self._add_innermost(memory, frame, outer, 0, runs)
        while below:
            run = Run(0, [])
            runs.append(run)
            below = self._add_frames(memory, below, run)

    # Parts of these.

    def _should_follow(self, frame: int) -> bool:
        """False at the end of the chain, for a frame that was read before, and after WALK_MAX."""
        if not frame or frame in self._seen:
            return False
        if len(self._seen) >= WALK_MAX:
            self.was_cut = True
            return False
        self._seen.add(frame)
        return True

    def _cframe(self, memory: Memory, cframe: int) -> tuple:
        """(current frame of a _PyCFrame, current frame of the next outer one, the next outer
        one)."""
        current, previous = self._layout["cframe.current_frame"], self._layout["cframe.previous"]
        data = memory.read(cframe, max(current, previous) + 8)
        outer = pointer_at(data, previous)
        return pointer_at(data, current), memory.pointer(outer + current) if outer else 0, outer

    def _add_innermost(self, memory: Memory, frame: int, outer: int, addr: int, runs: list) -> int:
        """Adds the innermost run of a chain of _PyCFrames (3.11, 3.12) and returns the frame below
        it. A new call of the eval loop links its _PyCFrame first and fills it in afterwards. Until
        then it contains old data, which does not lead to the frame below, and the run is left
        out."""
        run = Run(addr, [])
        try:
            below = self._add_frames(memory, frame, run)
        except BadRead:
            below = -1
        if below == outer or memory.is_late:
            runs.append(run)
        else:
            self._seen.clear()
        return outer

    def _add_frames(self, memory: Memory, frame: int, run: Run) -> int:
        """Adds a run's frames, leaf first; returns the frame below the run, 0 if there is none."""
        layout, frames = self._layout, run.frames
        owner_at, is_entry_at = layout["frame.owner"], layout.get("frame.is_entry", 0)
        while self._should_follow(frame):
            data = memory.read(frame, self._frame_size)
            frame, addr = pointer_at(data, self._previous_at), frame
            if is_entry_at:
                frames.append(self._frame(memory, data, addr))
                if data[is_entry_at]:
                    return frame
            elif data[owner_at] >= OWNED_BY_INTERPRETER:
                run.addr = addr
                return frame
            else:
                read = self._frame(memory, data, addr)
                if not read.code.trampoline:
                    frames.append(read)
        return 0

    def _frame(self, memory: Memory, data: bytes, place: int) -> PyFrame:
        """The PyFrame in `data`; if its code object cannot be read, it is kept as UNREADABLE."""
        addr = pointer_at(data, self._code_at) & ~TAG_BITS
        try:
            code = self._codes.get(memory, addr)
            offset = self._instruction_offset(memory, data, addr)
        except BadRead:
            return PyFrame(UNREADABLE, 0, place)
        self.read_any = True
        return PyFrame(code, offset, place)

    def _instruction_offset(self, memory: Memory, data: bytes, code: int) -> int:
        """The offset of the current instruction in bytes; negative before the first one."""
        layout = self._layout
        if "frame.lasti" in layout:
            return int_at(data, layout["frame.lasti"]) * layout["lasti.unit"]
        start = code + layout["code.code_adaptive"]
        if layout.get("code.tlbc"):
            index = int_at(data, layout["frame.tlbc_index"])
            if not 0 <= index < TLBC_MAX:
                raise BadRead("thread-local bytecode %d" % index)
            if index:  # _PyCodeArray: a size, then the pointers
                start = memory.pointer(memory.pointer(code + layout["code.tlbc"]) + 8 + 8 * index)
        return pointer_at(data, layout["frame.instr"]) - start


def leave_out_middle(runs: list) -> None:
    """Replaces the frames in the middle of more than FRAMES_MAX by a Gap in each of their runs;
    runs without an address have one Gap in all."""
    left = sum(len(run.frames) for run in runs) - FRAMES_MAX
    if left <= 0:
        return
    at = 0  # frames before the run
    first = FRAMES_MAX // 2  # of those that are left out
    gap = None
    for run in runs:
        count = len(run.frames)
        begin, end = max(0, first - at), min(count, first + left - at)
        at += count
        if begin >= end:
            continue
        if gap is None or run.addr:
            gap = Gap(0)
            run.frames[begin:end] = [gap]
        else:
            del run.frames[begin:end]
        gap.count += end - begin
