"""The CPython in the target: which of its files has the live one, and each thread's Python frames.

    root variable -> interpreters -> thread states -> runs of the eval loop -> Python frames

A thread state is matched to a thread by pthread_self (on x86-64 the fs base), never by the owner of
the GIL. A thread that runs several interpreters has a thread state in each.
"""
import pmp_gil as gil
from pmp_debug_offsets import layout as offsets_layout
from pmp_layouts import LAYOUTS
from pmp_memory import BadRead, Memory, pointer_at
from pmp_py_frames import WALK_MAX, FrameReader

STATES_MAX = 100000  # interpreters and thread states
STATES_TRIED = 100  # thread states whose frames are read to check the layout


class Interpreter:
    """A CPython whose layout is known. All addresses are addresses in the target."""
    language = "python"

    def __init__(self, version: str, layout: dict, root: int) -> None:
        """version: "3.11.2"; layout: with the keys of layouts.py; root: the root variable."""
        self.version = version
        self.layout = layout
        self._root = root
        self.frames = FrameReader(layout)
        self._interpreters = []  # PyInterpreterStates, found by the last thread_states
        self.by_address = layout["runs"] != "frames"  # runs have an address on the C stack

    def thread_states(self, memory: Memory) -> dict:
        """{pthread_self: [PyThreadState]}, those of the newest interpreter first. Begins a new
        stop: the code objects are compared again. BadRead."""
        layout, found, seen = self.layout, {}, set()
        self._interpreters = []
        self.frames.new_stop()
        interp = memory.pointer(self._root + layout["runtime.interpreters_head"])
        while interp and interp not in seen and len(seen) < STATES_MAX:
            seen.add(interp)
            self._interpreters.append(interp)
            head = memory.pointer(interp + layout["interp.threads_head"])
            self._add_states(memory, head, found, seen)
            interp = memory.pointer(interp + layout["interp.next"])
        return found

    def _add_states(self, memory: Memory, state: int, found: dict, seen: set) -> None:
        next_at, id_at = self.layout["tstate.next"], self.layout["tstate.thread_id"]
        size = max(next_at, id_at) + 8
        while state and state not in seen and len(seen) < STATES_MAX:
            seen.add(state)
            data = memory.read(state, size)
            found.setdefault(pointer_at(data, id_at), []).append(state)
            state = pointer_at(data, next_at)

    def belongs_to(self, memory: Memory, state: int, ident: int) -> bool:
        """Is `state` still the thread state of the thread with this pthread_self?"""
        try:
            return memory.pointer(state + self.layout["tstate.thread_id"]) == ident
        except BadRead:
            return False

    def runs(self, memory: Memory, states: list) -> list:
        """[[py_frames.Run]]: for each of a thread's states that has frames its runs, innermost
        first."""
        found = [self.frames.runs(memory, state) for state in states]
        return [runs for runs in found if runs]

    def locks(self, memory: Memory) -> list:
        """[gil.Gil] as of now."""
        return gil.read_all(memory, self.layout, self._root, self._interpreters)

    @staticmethod
    def activities(_memory: Memory, threads: list) -> list:
        """The activity of each thread, as gil.activities."""
        return gil.activities(threads)

    def has_valid_frames(self, memory: Memory, states: dict):
        """Does any frame have a real code object? None if there are no frames now."""
        runs = self.runs(memory, sum(states.values(), [])[:STATES_TRIED])
        return self.frames.read_any if runs else None

    def minor(self) -> tuple:
        """The version without its last part: (3, 11)."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    def with_own_offsets(self, values: dict) -> dict:
        """A row of value_layouts.py, with the offsets of the interpreter's own description."""
        if "interp.modules" not in self.layout:
            return values
        return dict(values, **{"interp.modules": self.layout["interp.modules"]})

    def modules(self, memory: Memory, values: dict) -> list:
        """[sys.modules object] of each interpreter that the last thread_states found. BadRead."""
        return [memory.pointer(interp + values["interp.modules"]) for interp in self._interpreters]

    def gc_states(self) -> list:
        """[address of gc.collecting] of each interpreter that the last thread_states found; before
        3.9 they share one."""
        if "runtime.collecting" in self.layout:
            return [self._root + self.layout["runtime.collecting"]]
        return [interp + self.layout["interp.collecting"] for interp in self._interpreters]

    def warning(self) -> str:
        """A note for pmp's user about the frames that were read, "" if there is none."""
        if self.frames.was_cut:
            return "a stack of more than %d Python frames is cut at the root" % WALK_MAX
        return ""


def find_live(memory: Memory, files: list, is_thread) -> tuple:
    """(Interpreter or None, note for pmp's user or None). (None, None): no interpreter has started
    yet.

    files: [python_files.PythonFile] that are mapped; is_thread(pthread_self): does a thread have
    it? Of several copies of CPython the live one is that whose thread states belong to threads."""
    live, note = [], None
    for file in files:
        try:
            layout = _layout(file)
            python = Interpreter(file.version, layout, file.root)
            states = python.thread_states(memory)
        except UnknownPython as err:
            note = "%s: its frames are not read, stacks are native only" % err
            continue
        except BadRead:
            continue  # it has not started yet
        if states:
            live.append((not any(map(is_thread, states)), len(live), python, states))
    for _, _, python, states in sorted(live, key=lambda entry: entry[:2]):
        good = python.has_valid_frames(memory, states)
        if good:
            return python, None
        if good is not None:
            note = ("Python %s was found, and its frames are not where this pmp looks for them "
                    "(a debug build, or an unknown release?): stacks are native only"
                    % python.version)
    return None, note


def _layout(file) -> dict:
    if not file.version:
        raise UnknownPython("a Python was found that does not tell its version (%s)" % file.path)
    if not file.root:
        raise UnknownPython("Python %s was found without the symbol of its thread states (an "
                            "unstripped copy of %s has it)" % (file.version, file.path))
    try:
        return offsets_layout(file.offsets) if file.offsets else LAYOUTS[file.minor]
    except (BadRead, KeyError):
        raise UnknownPython("Python %s was found, which this pmp does not know" % file.version)


class UnknownPython(Exception):
    """A CPython whose frames cannot be read."""
