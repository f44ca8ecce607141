"""One sample of the threads of a process.

A sleeping thread is not stopped: its stack is read while it sleeps, and the result is discarded if
the kernel has let it run meanwhile. Threads that run are read while they are stopped, and so are
sleeping ones for which a register is needed that only a stop gives (frame pointer, pthread_self).
"""
import pmp_procfs as procfs
import pmp_registers as registers
from pmp_memory import BadRead
from pmp_native_stack import Stack
from pmp_frame_pairing import assign_by_address, assign_by_search
from pmp_restarted_call import may_be_futex

KEPT_MIN = 1000  # data of this many ended threads may be kept


class ThreadSample:
    """The data of one thread in one sample."""
    __slots__ = ("number", "tid", "name", "state", "cpu", "stack", "states", "runs", "futex_word",
                 "activity", "kernel")

    def __init__(self, thread, stat) -> None:
        """thread: gdb.InferiorThread or CoreThread; stat: procfs.ThreadStat, None if unknown."""
        self.number = thread.num
        self.tid = thread.ptid[1]
        self.name = stat.name if stat else ""
        self.state = stat.state if stat else "?"
        self.cpu = {"cpu_us": stat.cpu_us} if stat and stat.cpu_us is not None else {}
        self.stack = None  # native_stack.Stack
        self.states = ()  # addresses of its Python thread states
        self.runs = []  # [py_frames.Run], innermost first
        self.futex_word = 0  # address that it sleeps on in futex(2)
        self.activity = ""  # of the interpreter in this thread (gil.py)
        self.kernel = None  # for a thread in state D: procfs.kernel_stack


class Target:
    """The data of a process that is kept from one sample to the next."""

    def __init__(self, pid: int, memory, unwinder, is_live: bool = True) -> None:
        """memory: a MemoryReader; is_live: False for a core file."""
        self.is_live = is_live
        self.pid, self.memory, self.unwinder = pid, memory, unwinder
        self.python = None  # interpreter.Interpreter
        self.ruby = None  # ruby_vm.Ruby, if there is no Python
        self.runtime = None  # runtimes.Runtime of a program in another language; set by a dump
        self.exec_count = 1  # programs that the process has executed, as far as known
        self.stack_pointers = {}  # tid -> stack pointer in the last sample
        self.idents = {}  # (tid, start time of the thread) -> pthread_self

    @property
    def interpreter(self):
        """The Interpreter or Ruby, None if there is none."""
        return self.python or self.ruby

    def reset(self) -> None:
        """The process has executed another program."""
        self.python = self.ruby = self.runtime = None
        self.exec_count += 1
        self.stack_pointers, self.idents = {}, {}

    def drop_ended(self, stats: dict) -> None:
        """Drops the data of threads that have ended, if there is much. stats:
        procfs.thread_stats."""
        if len(self.idents) > 2 * len(stats) + KEPT_MIN:
            self.idents = {key: ident for key, ident in self.idents.items()
                           if key[0] in stats and stats[key[0]].began == key[1]}
            self.stack_pointers = {tid: pointer for tid, pointer in self.stack_pointers.items()
                                   if tid in stats}


class ThreadSampler:
    """Takes one sample: read_sleepers, then read_stopped and finish while the others are
    stopped."""

    def __init__(self, target: Target, stats: dict, read=registers.read) -> None:
        """stats: procfs.thread_stats of the target, just read, with CPU times; read(thread): its
        Registers, None if it has ended."""
        self._read = read
        self._target = target
        self._stats = stats
        target.drop_ended(stats)
        self._found = {}  # tid -> ThreadSample
        self._states = self._thread_states()  # of all threads, while they run
        self._used = set()  # pthread_self of the threads whose states were read
        self._states_reread = False  # _states was read again during the stop

    def read_sleepers(self, threads: list) -> None:
        """Reads the sleeping threads, before any thread is stopped. threads:
        [gdb.InferiorThread]."""
        for thread in threads:
            tid = thread.ptid[1]
            stat = self._stats.get(tid)
            if stat is not None and stat.state == "S":
                ran = procfs.schedstat(self._target.pid, tid)
                sample = self._read_sleeper(thread, stat) if ran else None
                if sample is not None and procfs.not_run_since(self._target.pid, tid, ran):
                    self._found[tid] = sample

    def tids_read(self) -> frozenset:
        """The tids of the threads that have been read."""
        return frozenset(self._found)

    def read_stopped(self, threads: list) -> None:
        """Reads the threads that are stopped and have not been read."""
        for thread in threads:
            tid = thread.ptid[1]
            if tid in self._found or not thread.is_stopped():
                continue
            regs = self._read(thread)
            if regs is None:
                continue
            stat = self._stats.get(tid)
            if stat is not None:
                self._target.idents[tid, stat.began] = regs.thread_id
            sample = ThreadSample(thread, stat)
            self._refresh_states(regs.thread_id)
            self._read_python(sample, regs)
            sample.stack = Stack(*self._target.unwinder.unwind(self._target.memory, regs))
            self._found[tid] = sample

    def finish(self, threads: list, kernel_stacks: dict) -> list:
        """[ThreadSample] of all threads. Call it before the stopped threads are resumed.
        kernel_stacks: {tid: procfs.kernel_stack} of the threads in state D."""
        if self._target.interpreter is not None:
            read = list(self._found.values())
            self._assign_runs(read)
            waits = [(sample.states, sample.futex_word) for sample in read]
            activities = self._target.interpreter.activities(self._target.memory, waits)
            for sample, activity in zip(read, activities):
                sample.activity = activity
        samples = []
        for thread in threads:
            tid = thread.ptid[1]
            sample = self._found.get(tid)
            if sample is None:
                sample = ThreadSample(thread, self._stats.get(tid))
                sample.kernel = (kernel_stacks.get(tid)
                                 or procfs.kernel_stack(self._target.pid, tid))
            samples.append(sample)
        return samples

    # Parts of these.

    def _read_sleeper(self, thread, stat):
        """The ThreadSample of a sleeping thread, None if it has to be stopped."""
        target = self._target
        ident = target.idents.get((thread.ptid[1], stat.began), 0)
        where = procfs.sleep_pc_sp(target.pid, thread.ptid[1])
        if where is None or target.interpreter is not None and not ident:
            return None
        regs = registers.from_syscall(*where, ident)
        found = target.unwinder.unwind(target.memory, regs)
        if found is None:
            return None
        sample = ThreadSample(thread, stat)
        self._read_python(sample, regs)
        sample.stack = Stack(*found)
        return sample

    def _thread_states(self) -> dict:
        """Interpreter.thread_states, {} if there is no interpreter or it cannot be read."""
        target = self._target
        if target.interpreter is None:
            return {}
        try:
            return target.interpreter.thread_states(target.memory)
        except BadRead:
            return {}  # it has not started yet, or is shutting down

    def _refresh_states(self, ident: int) -> None:
        """Reads the thread states again, once, if those of a stopped thread have changed since."""
        target, states = self._target, self._states.get(ident)
        if target.interpreter is None or self._states_reread:
            return
        belongs_to = target.interpreter.belongs_to
        if not states or not all(belongs_to(target.memory, state, ident) for state in states):
            self._states = self._thread_states()
            self._states_reread = True

    def _read_python(self, sample: ThreadSample, regs) -> None:
        """Sets the runs of the thread's states; _assign_runs makes one list of them."""
        target = self._target
        target.stack_pointers[sample.tid] = regs.sp
        timeout = regs.restart_timeout
        if regs.futex_word and (not timeout or may_be_futex(target.memory, regs.pc, timeout)):
            sample.futex_word = regs.futex_word
        states = self._states.get(regs.thread_id)
        if states:
            self._used.add(regs.thread_id)
            sample.states = states
            sample.runs = target.interpreter.runs(target.memory, states)

    def _assign_runs(self, read: list) -> None:
        """Makes one list of each sample's runs, after moving runs to the thread that executes them.
        The thread states that are left belong to none of the threads that were read."""
        left = [state for ident, states in self._states.items()
                if ident not in self._used for state in states]
        target = self._target
        stacks = [sample.stack for sample in read]
        by_state = [sample.runs for sample in read]  # for each thread the runs of each state
        if target.python is None:
            for stack, states in zip(stacks, by_state):
                for runs in states:
                    target.ruby.place_runs(stack, runs, target.unwinder.function_at)
        elif not target.python.by_address and any(len(states) > 1 for states in by_state):
            assign_by_search(stacks, by_state, target.memory)
        by_thread = [sum(states, []) for states in by_state]
        if target.python is not None and target.python.by_address:
            assign_by_address(stacks, by_thread, sum(target.python.runs(target.memory, left), []))
        for sample, runs in zip(read, by_thread):
            sample.runs = runs
