"""The Ruby in the target: each thread's Ruby frames, and who has the GVL.

    ruby_current_vm_ptr -> ractors -> threads -> execution context -> control frames

It has the methods of interpreter.Interpreter, so that a sample is taken in the same way; a "thread
state" is a rb_thread_t. A thread is matched to a native thread by pthread_self. Each ractor has a
GVL of its own.

Sources (3.0 to 3.4): vm_core.h, ractor_core.h, vm.c (vm_exec), thread_pthread.h, thread_pthread.c;
ccan/list/list.h.
"""
from pmp_memory import BadRead, Memory
from pmp_ruby_frames import FRAMES_MAX, RubyFrameReader
from pmp_ruby_layouts import LAYOUTS
from pmp_ruby_text import find_symbols

THREADS_MAX = 100000  # threads, and ractors
CONDITION_MAX = 512  # a thread's pthread_cond_t is in this many bytes of its struct
WAITS, HOLDS = "waits for the GVL", "holds the GVL"


class Ruby:
    """A Ruby whose layout is known. All addresses are addresses in the target."""
    language = "ruby"

    def __init__(self, version: str, layout: dict, root: int, symbols: int) -> None:
        """version: "3.1.2"; root: ruby_current_vm_ptr; symbols: as find_symbols."""
        self.version, self.layout, self._root = version, layout, root
        self.frames = RubyFrameReader(layout, symbols)
        self._ractors = []  # found by the last thread_states

    def thread_states(self, memory: Memory) -> dict:
        """{pthread_self: [rb_thread_t]}. Begins a new stop. BadRead."""
        layout, found = self.layout, {}
        self.frames.new_stop()
        vm = memory.pointer(self._root)
        head = vm + layout["vm.ractors"] if vm else 0
        self._ractors = _list(memory, head, layout["ractor.node"])
        for ractor in self._ractors:
            for thread in _list(memory, ractor + layout["ractor.threads"], layout["thread.node"]):
                try:
                    found.setdefault(self._ident(memory, thread), []).append(thread)
                except BadRead:
                    continue  # it begins or ends
        return found

    def belongs_to(self, memory: Memory, state: int, ident: int) -> bool:
        """Is `state` still the rb_thread_t of the thread with this pthread_self?"""
        try:
            return self._ident(memory, state) == ident
        except BadRead:
            return False

    def runs(self, memory: Memory, states: list) -> list:
        """[[py_frames.Run]]: for each of the thread's states that has frames its runs, innermost
        first."""
        found = []
        for state in states:
            try:
                found.append(self.frames.runs(memory, self.context(memory, state)))
            except BadRead:
                continue
        return [runs for runs in found if runs]

    def context(self, memory: Memory, state: int) -> int:
        """The rb_execution_context_t that the thread executes: that of its current fiber.
        BadRead."""
        return memory.pointer(state + self.layout["thread.context"])

    def place_runs(self, stack, runs: list, function_at) -> None:
        """Sets the address of each run to the stack pointer of the native frame that executes it:
        one of the function that contains the code of instructions, or of the code that YJIT has
        made. They are paired from the root. If there are more runs, the innermost frame gets all
        that are left; if there is one more frame, its run has just begun or ended.

        stack: native_stack.Stack; function_at: as CodeMap.function_at."""
        handler = next((frame.code.handler for run in runs for frame in run.frames
                        if frame.code.handler), 0)
        loops = find_loops(stack.frames, handler, function_at) if handler else []
        if not loops:
            return
        if stack.stop_reason:  # the root is missing
            for i, run in enumerate(runs):
                run.addr = loops[min(i, len(loops) - 1)]
        else:
            for i, run in enumerate(reversed(runs)):
                run.addr = loops[max(len(loops) - 1 - i, 0)]

    def locks(self, memory: Memory) -> tuple:
        """(threads that wait for a GVL, threads that others wait for) as of now."""
        waiting, owners = set(), set()
        for ractor in self._ractors:
            try:
                queue = self._waiting(memory, ractor)
                waiting.update(queue)
                if queue:
                    owners.add(memory.pointer(ractor + self.layout["gvl.owner"]))
            except BadRead:
                continue
        return waiting, owners

    def activities(self, memory: Memory, threads: list) -> list:
        """[text] for each thread: WAITS, HOLDS or "". threads: [(its states, the address that it
        sleeps on in futex(2) or 0, `locks` at the time at which the thread was read)]."""
        return [self._activity(memory, states, word, *locks) for states, word, locks in threads]

    def has_valid_frames(self, memory: Memory, states: dict):
        """Does any frame have real code? None if there are no frames now."""
        runs = self.runs(memory, sum(states.values(), []))
        return self.frames.read_any if runs else None

    def warning(self) -> str:
        """A note for pmp's user about the frames that were read, "" if there is none."""
        if self.frames.was_cut:
            return "a stack of more than %d Ruby frames is cut at the root" % FRAMES_MAX
        return ""

    def _activity(self, memory: Memory, states: list, word: int, waiting: set, owners: set) -> str:
        if waiting.intersection(states):
            return WAITS
        if not owners.intersection(states):
            return ""
        # The last owner has given it the GVL, and it has not woken up yet.
        sleeps = any(at <= word < at + CONDITION_MAX for at in self._natives(memory, states))
        return WAITS if sleeps else HOLDS

    def _natives(self, memory: Memory, threads: list) -> list:
        """The structs that contain the conditions on which the threads sleep."""
        if "thread.native" not in self.layout:
            return threads
        try:
            return [memory.pointer(at + self.layout["thread.native"]) for at in threads]
        except BadRead:
            return []

    def _ident(self, memory: Memory, thread: int) -> int:
        layout = self.layout
        if "thread.native" in layout:
            thread = memory.pointer(thread + layout["thread.native"])
        return memory.pointer(thread + layout["thread.ident"])

    def _waiting(self, memory: Memory, ractor: int) -> list:
        """The threads in the ractor's queue for its GVL."""
        return _list(memory, ractor + self.layout["gvl.queue"], self.layout["thread.queue_node"])


def find_loops(frames: list, handler: int, function_at) -> list:
    """[stack pointer] of the native frames that execute runs, innermost first. frames:
    [unwinder.Frame]; handler: an address in the loop. Code of YJIT is in no function; the loop
    itself calls it within a run, vm_exec calls it for a new run."""
    loop, bias = function_at(handler)
    kinds = []
    for i, frame in enumerate(frames):
        function, its_bias = function_at(frame.pc - (i > 0))
        is_loop = loop is not None and function is not None and (
            (function.start, its_bias) == (loop.start, bias))
        kinds.append("loop" if is_loop else "jit" if function is None else "")
    ends = zip(kinds, kinds[1:])
    return [frames[i].sp for i, (kind, outer) in enumerate(ends)
            if kind == "loop" or kind == "jit" and not outer]


def _list(memory: Memory, head: int, node: int) -> list:
    """The structs in a struct ccan_list_head, whose list_node is at offset `node`. BadRead."""
    found, at = [], memory.pointer(head)
    seen = {head}
    while at not in seen and len(found) < THREADS_MAX:
        seen.add(at)
        found.append(at - node)
        at = memory.pointer(at)
    return found


def find_live_ruby(memory: Memory, files: list, is_thread) -> tuple:
    """(Ruby or None, note for pmp's user or None), as interpreter.find_live. files:
    [ruby_files.RubyFile]."""
    note = None
    for file in files:
        layout = LAYOUTS.get(file.minor)
        if layout is None:
            note = "Ruby %s was found, which this pmp does not know" % (file.version or "?")
            continue
        symbols = find_symbols(memory, layout, file.symbols)
        ruby = Ruby(file.version, layout, file.root, symbols)
        try:
            states = ruby.thread_states(memory)
        except BadRead:
            continue  # it has not started yet
        if not any(map(is_thread, states)):
            continue
        good = ruby.has_valid_frames(memory, states)
        if good:
            return ruby, None
        if good is not None:
            note = ("Ruby %s was found, and its frames are not where this pmp looks for them: "
                    "stacks are native only" % ruby.version)
    return None, note
