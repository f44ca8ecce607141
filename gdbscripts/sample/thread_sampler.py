"""One look at the threads of a process: what a sample is made of.

A thread that sleeps is not stopped for it: it's read as it is, and if the kernel has let it run meanwhile, that counts for
nothing. Those that run, and those of which something is missing that only a stop tells (the frame pointer, the thread's
id), are read while they are stopped.
"""
import pmp_procfs as procfs
import pmp_registers as registers
from pmp_memory import BadRead
from pmp_native_stack import Stack, read_stack
from pmp_frame_pairing import assign_by_address, assign_by_search

KEPT_MIN = 1000  # threads; of fewer it does not matter whether they have ended


class ThreadSample:
    """What one look found out of one thread."""
    __slots__ = ("number", "tid", "name", "state", "cpu", "stack", "states", "runs", "futex_word", "activity", "kernel")

    def __init__(self, thread, seen) -> None:
        self.number = thread.num
        self.tid = thread.ptid[1]
        self.name = seen.name if seen else ""
        self.state = seen.state if seen else "?"
        self.cpu = {"cpu_us": seen.cpu_us} if seen and seen.cpu_us is not None else {}
        self.stack = None
        self.states = ()  # its thread states
        self.runs = []
        self.futex_word = 0  # that it sleeps on in futex(2)
        self.activity = ""  # what its interpreter does
        self.kernel = None  # where it sleeps instead of having stopped: pairs of a marker


class Target:
    """What is known of a process from one look to the next."""

    def __init__(self, pid: int, memory, unwinder, symbols, is_live: bool = True) -> None:
        """is_live: it is a process, no core."""
        self.is_live = is_live
        self.pid, self.memory, self.unwinder, self.symbols = pid, memory, unwinder, symbols
        self.python = None
        self.exec_count = 1  # that it has executed, as far as is known
        self.stack_pointers = {}  # tid -> its stack pointer when it was last seen
        self.idents = {}  # (tid, when it began) -> pthread_self there

    def reset(self) -> None:
        """It has executed another program."""
        self.python = None
        self.exec_count += 1
        self.stack_pointers, self.idents = {}, {}

    def drop_ended(self, seen: dict) -> None:
        """seen: procfs.thread_stats of it."""
        if len(self.idents) > 2 * len(seen) + KEPT_MIN:
            self.idents = {key: ident for key, ident in self.idents.items()
                           if key[0] in seen and seen[key[0]].began == key[1]}
            self.stack_pointers = {tid: pointer for tid, pointer in self.stack_pointers.items() if tid in seen}


class ThreadSampler:
    def __init__(self, target: Target, seen: dict, read=registers.read) -> None:
        """seen: procfs.thread_stats of it, just now, with the CPU times; read(thread): its registers, None if it has ended."""
        self._read = read
        self._target = target
        self._seen = seen
        target.drop_ended(seen)
        self._found = {}  # tid -> ThreadSample
        self._states = self._thread_states()  # of all threads, as they are while those run
        self._used = set()  # ids of the threads whose states were read
        self._states_reread = False  # read once more

    def read_sleepers(self, threads: list) -> None:
        """Before any thread is stopped. threads: gdb's."""
        for thread in threads:
            tid = thread.ptid[1]
            seen = self._seen.get(tid)
            if seen is not None and seen.state == "S":
                ran = procfs.schedstat(self._target.pid, tid)
                sample = self._read_sleeper(thread, seen) if ran else None
                if sample is not None and procfs.not_run_since(self._target.pid, tid, ran):
                    self._found[tid] = sample

    def tids_read(self) -> frozenset:
        """The ids of those that have been read."""
        return frozenset(self._found)

    def read_stopped(self, threads: list) -> None:
        """Those that are stopped, and have not been read."""
        for thread in threads:
            tid = thread.ptid[1]
            if tid in self._found or not thread.is_stopped():
                continue
            regs = self._read(thread)
            if regs is None:
                continue
            seen = self._seen.get(tid)
            if seen is not None:
                self._target.idents[tid, seen.began] = regs.thread_id
            sample = ThreadSample(thread, seen)
            self._refresh_states(regs.thread_id)
            self._read_python(sample, regs)
            sample.stack = read_stack(self._target.unwinder, self._target.memory, thread, regs, self._target.symbols.in_target)
            self._found[tid] = sample

    def needs_symbols(self) -> bool:
        """Is there a stack that gdb has to unwind, and has no symbols for yet? Then it's given them, and one looks once
        more."""
        return not self._target.symbols.in_target and any(not sample.stack.frames for sample in self._found.values())

    def finish(self, threads: list, asleep: dict) -> list:
        """The ThreadSamples of all threads, while those that had to be are still stopped. asleep: of those in state D."""
        if self._target.python is not None:
            read = list(self._found.values())
            self._assign_runs(read)
            does = self._target.python.activities(self._target.memory, [(sample.states, sample.futex_word) for sample in read])
            for sample, sample.activity in zip(read, does):
                pass
        found = []
        for thread in threads:
            tid = thread.ptid[1]
            sample = self._found.get(tid)
            if sample is None:
                sample = ThreadSample(thread, self._seen.get(tid))
                sample.kernel = asleep.get(tid) or procfs.kernel_stack(self._target.pid, tid)
            found.append(sample)
        return found

    def _read_sleeper(self, thread, seen):
        """None if it cannot be read so."""
        target = self._target
        ident = target.idents.get((thread.ptid[1], seen.began), 0)
        where = procfs.sleep_pc_sp(target.pid, thread.ptid[1])
        if where is None or target.python is not None and not ident:
            return None
        regs = registers.from_syscall(*where, ident)
        frames = target.unwinder.unwind(target.memory, regs)
        if not frames:
            return None
        sample = ThreadSample(thread, seen)
        self._read_python(sample, regs)
        sample.stack = Stack(frames)
        return sample

    def _thread_states(self) -> dict:
        target = self._target
        if target.python is None:
            return {}
        try:
            return target.python.thread_states(target.memory)
        except BadRead:
            return {}  # shutting down, or not yet started

    def _refresh_states(self, ident: int) -> None:
        """Where threads begin and end, a stopped one may have others than a moment ago."""
        target, states = self._target, self._states.get(ident)
        if target.python is None or self._states_reread:
            return
        if not states or not all(target.python.belongs_to(target.memory, state, ident) for state in states):
            self._states = self._thread_states()
            self._states_reread = True

    def _read_python(self, sample: ThreadSample, regs) -> None:
        target = self._target
        target.stack_pointers[sample.tid] = regs.sp
        sample.futex_word = regs.futex_word
        states = self._states.get(regs.thread_id)
        if states:
            self._used.add(regs.thread_id)
            sample.states = states
            sample.runs = target.python.runs(target.memory, states)

    def _assign_runs(self, read: list) -> None:
        """Makes each sample's runs one list. What is left of the states is none of the read threads'."""
        left = [state for ident, own in self._states.items() if ident not in self._used for state in own]
        target = self._target
        stacks = [sample.stack for sample in read]
        states = [sample.runs for sample in read]
        if not target.python.by_address and any(len(own) > 1 for own in states):
            assign_by_search(stacks, states, target.memory)
        runs = [sum(own, []) for own in states]
        if target.python.by_address:
            assign_by_address(stacks, runs, sum(target.python.runs(target.memory, left), []))
        for sample, own in zip(read, runs):
            sample.runs = own
