"""The Ruby frames of one thread, in runs: one run per active call of the interpreter's loop.

Sources (3.0 to 3.4): vm_core.h (rb_execution_context_struct, rb_control_frame_struct,
VM_FRAME_MAGIC_*, VM_FRAME_FLAG_FINISH), method.h (rb_callable_method_entry_struct).

The control frames of a thread are an array that ends at the end of its VM stack, innermost first. A
frame with the flag FINISH was pushed by a new call of the loop (vm_exec). Methods in C have a frame
as well, but no code: they are in the run that called them.
"""
import collections
import struct

from pmp_memory import READ_MAX, BadRead, Memory, pointer_at
from pmp_py_frames import FRAMES_MAX, PyFrame, Run
from pmp_ruby_code import UNREADABLE, RubyCode, RubyCodeCache
from pmp_ruby_text import symbol_name

FINISH, MAGIC = 0x20, 0x7fff0001
C_METHOD = 0x55550001
WITHOUT_CODE = (0x66660001, 0x79990001)  # VM_FRAME_MAGIC_IFUNC, VM_FRAME_MAGIC_DUMMY
METHOD_ENTRY = -16  # offset of the method entry of a C method from its frame's `ep`
STACK_MAX = 1 << 26  # bytes of a VM stack
C_FILE = "<cfunc>"


# A rb_control_frame_t at `addr`: the words that are used.
ControlFrame = collections.namedtuple("ControlFrame", "addr pc iseq ep")


class RubyFrameReader:
    """Reads the frames of threads. was_cut: a stack had more frames than are read; read_any: the
    code of a frame was read, so the layout is right."""

    def __init__(self, layout: dict, symbols: int) -> None:
        """symbols: address of the rb_symbols_t, 0: unknown; then methods in C have no frames."""
        self._layout = layout
        self._symbols = symbols
        self._codes = RubyCodeCache(layout)
        self._c_methods = {}  # ID -> RubyCode
        self.was_cut = False
        self.read_any = False

    def new_stop(self) -> None:
        """The target has run since the last read."""
        self._codes.new_stop()

    def runs(self, memory: Memory, context: int) -> list:
        """[Run] of an execution context, innermost first. The list ends where the memory cannot be
        read."""
        runs, run = [], Run(0, [])
        try:
            frames, stack = self._control_frames(memory, context)
            flags = _FlagWords(memory, stack, [frame.ep for frame in frames])
            for frame in frames:
                word = flags.get(frame.ep)
                self._add_frame(memory, run, word & MAGIC, frame)
                if word & FINISH:
                    runs.append(run)
                    run = Run(0, [])
        except BadRead:
            pass  # the thread is changing its stack: the runs read so far are valid
        return [run for run in runs if run.frames]

    def self_of(self, memory: Memory, frame: PyFrame) -> int:
        """The object whose method the frame executes. BadRead."""
        return memory.pointer(frame.addr + self._layout["frame.self"])

    # Parts of these.

    def _control_frames(self, memory: Memory, context: int) -> tuple:
        """([ControlFrame], innermost first; (start, end) of the part of the VM stack below
        them)."""
        layout = self._layout
        stack, words, at = struct.unpack("<QQQ", memory.read(context, 24))
        size, end = layout["frame.size"], stack + words * 8
        if not 0 < words * 8 <= STACK_MAX or not stack < at < end or (end - at) % size:
            raise BadRead("odd stack")
        count = min((end - at) // size, FRAMES_MAX, READ_MAX // size)
        self.was_cut = self.was_cut or count < (end - at) // size
        data = memory.read(at, count * size)
        words = [ControlFrame._make([at + i] + [
            pointer_at(data, i + layout["frame." + name]) for name in ControlFrame._fields[1:]])
            for i in range(0, count * size, size)]
        return words, (stack, at)

    def _add_frame(self, memory: Memory, run: Run, kind: int, frame: ControlFrame) -> None:
        if kind == C_METHOD:
            code = self._c_method(memory, frame.ep)
            if code is not None:
                run.frames.append(PyFrame(code, -1, frame.addr))
        elif frame.iseq and kind not in WITHOUT_CODE:
            run.frames.append(self._frame(memory, frame))

    def _frame(self, memory: Memory, frame: ControlFrame) -> PyFrame:
        """The frame; if its code cannot be read, it is kept as UNREADABLE."""
        try:
            code = self._codes.get(memory, frame.iseq)
        except BadRead:
            return PyFrame(UNREADABLE, 0, frame.addr)
        self.read_any = True
        # The pc is that of the next instruction (vm_backtrace.c, calc_pos); 0: none has run.
        offset = max((frame.pc - code.start) // 8, 1) - 1 if frame.pc else -1
        return PyFrame(code, offset, frame.addr)

    def _c_method(self, memory: Memory, ep: int):
        """The RubyCode of a method in C, None if its name cannot be read."""
        if not self._symbols:
            return None
        try:
            entry = memory.pointer(ep + METHOD_ENTRY)
            number = memory.pointer(entry + self._layout["method.called_id"])
            if number not in self._c_methods:
                name = symbol_name(memory, self._layout, self._symbols, number)
                self._c_methods[number] = RubyCode(name, C_FILE, 0)
            return self._c_methods[number]
        except BadRead:
            return None


class _FlagWords:
    """The flags of frames, at their `ep`: most are on the VM stack, which is read at once."""

    def __init__(self, memory: Memory, stack: tuple, eps: list) -> None:
        self._memory, self._data, self._start = memory, b"", 0
        inside = [ep for ep in eps if stack[0] <= ep < stack[1]]
        if inside and max(inside) - min(inside) < READ_MAX:
            self._start = min(inside)
            self._data = memory.read(self._start, max(inside) - self._start + 8)

    def get(self, ep: int) -> int:
        """BadRead."""
        if 0 <= ep - self._start <= len(self._data) - 8:
            return pointer_at(self._data, ep - self._start)
        return self._memory.pointer(ep)
