"""Native stacks: walked while the target is stopped, written out afterwards as gdb's `bt` writes them."""
import gdb

from pmp_gdb_text import name_text

FRAMES_MAX = 20000  # of one stack, leaf first
FUTEX = 202  # arch/x86/entry/syscalls/syscall_64.tbl
SIGNAL_TRAMPOLINE = gdb.SIGTRAMP_FRAME
GOOD_ENDS = (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST)


class Place:
    """What gdb knows of one frame's pc: the rest of its `bt` line, behind the address."""
    __slots__ = ("text", "inlined", "nameless")

    def __init__(self, text: str, inlined: bool, nameless: bool = False) -> None:
        self.text = text
        self.inlined = inlined
        self.nameless = nameless  # gdb has no name for it


def _made_place(pc: int, perf_map) -> "Place":
    """Of code that no file's symbols name: the target may have made it as it ran."""
    code = perf_map.find(pc)
    if code is None:
        return None
    return Place("%s () from %s" % (code.name, perf_map.path), False, True)


def _place(frame: "gdb.Frame", module, perf_map) -> Place:
    if frame.type() == SIGNAL_TRAMPOLINE:
        return Place("<signal handler called>", False)
    inlined = frame.type() == gdb.INLINE_FRAME
    name = frame.name()
    made = _made_place(frame.pc(), perf_map) if name is None else None
    if made:
        return made
    line = frame.find_sal()
    if line.symtab is not None and line.line:
        where = " at %s:%d" % (name_text(line.symtab.filename), line.line)
    else:
        library = module(frame.pc())
        where = " from " + library if library else ""
    return Place("%s ()%s" % (name_text(name or "??"), where), inlined, name is None)


class Stack:
    """One thread's native frames, leaf first: (pc, Place); stack pointers where they were asked for."""
    __slots__ = ("frames", "pointers", "pointer", "stopped_by")

    def __init__(self) -> None:
        self.frames = []
        self.pointers = []
        self.pointer = 0  # of the leaf
        self.stopped_by = ""

    def covers(self, addr: int) -> bool:
        """Is it on this stack, as far as that is known? Only if the frames' pointers were asked for."""
        return bool(self.pointers) and self.pointers[0] <= addr < self.pointers[-1]


def thread_id() -> int:
    """What pthread_self gives in the selected thread: on x86-64 the base of its fs segment. 0 if gdb (before 8)
    does not tell."""
    try:
        return int(gdb.newest_frame().read_register("fs_base")) & (1 << 64) - 1
    except (gdb.error, ValueError):
        return 0


def sleeps_on() -> int:
    """The word on which the selected thread sleeps in futex(2), 0: it does not."""
    try:
        frame = gdb.newest_frame()
        # Linux, x86-64: the number of the system call, and its first argument.
        return int(frame.read_register("rdi")) if int(frame.read_register("orig_rax")) == FUTEX else 0
    except (gdb.error, ValueError):
        return 0


class Walker:
    """Walks stacks. Naming a pc is far dearer than finding it, so each is named once."""

    LIMIT = 200000  # places kept; a program has no more distinct pcs than that on its stacks

    def __init__(self, module, perf_map) -> None:
        """module(pc): the path of the file that is mapped there, or ""."""
        self._module = module
        self._perf_map = perf_map
        self._places = {}

    def forget(self) -> None:
        """Libraries came or went: addresses may mean something else now."""
        self._places.clear()

    def forget_nameless(self) -> None:
        """The target's own names of its code are others now."""
        for key in [key for key, place in self._places.items() if place.nameless]:
            del self._places[key]

    def walk(self, pointers: bool) -> Stack:
        """The selected thread's stack, as far as gdb can unwind it."""
        stack = Stack()
        try:
            frame = gdb.newest_frame()
            stack.pointer = int(frame.read_register("rsp"))
            self._walk(stack, frame, pointers)
        except gdb.error as err:
            stack.stopped_by = str(err)
        return stack

    def _walk(self, stack: Stack, frame, pointers: bool) -> None:
        places, depth, exact, last_pc = self._places, 0, True, -1
        while frame is not None and len(stack.frames) < FRAMES_MAX:
            pc = frame.pc()
            # Inlined frames share their pc with the frame that they are inlined in.
            depth = depth + 1 if pc == last_pc and place.inlined else 0
            key = (pc, depth, exact)
            place = places.get(key)
            if place is None:
                if len(places) >= self.LIMIT:
                    places.clear()
                place = places[key] = _place(frame, self._module, self._perf_map)
            stack.frames.append((pc, place))
            if pointers:
                stack.pointers.append(int(frame.read_register("rsp")))
            if not place.inlined:
                exact = place.text == "<signal handler called>"
            last_pc, last = pc, frame
            frame = frame.older()
        if frame is not None:
            stack.stopped_by = "(More stack frames follow...)"
        elif stack.frames and last.unwind_stop_reason() not in GOOD_ENDS:
            stack.stopped_by = "Backtrace stopped: " + gdb.frame_stop_reason_string(
                last.unwind_stop_reason())
