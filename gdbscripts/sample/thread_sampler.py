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
from pmp_pthread import tid_of
from pmp_restarted_call import may_be_futex
from pmp_stack_copy import FIRST_BYTES, NotCopied, StackCopy

KEPT_MIN = 1000  # data of this many ended threads may be kept


class ThreadSample:
    """The data of one thread in one sample."""
    __slots__ = ("number", "tid", "name", "state", "cpu", "stack", "states", "runs", "locks",
                 "futex_word", "activity", "kernel")

    def __init__(self, number: int, tid: int, stat) -> None:
        """number: as gdb counts threads, from 1; stat: procfs.ThreadStat."""
        self.number = number
        self.tid = tid
        self.name = stat.name
        self.state = stat.state
        self.set_cpu(stat)
        self.stack = None  # native_stack.Stack
        self.states = ()  # addresses of its Python thread states
        self.runs = []  # [py_frames.Run], innermost first
        self.locks = None  # Interpreter.locks at the time at which it was read
        self.futex_word = 0  # address that it sleeps on in futex(2)
        self.activity = ""  # of the interpreter in this thread (gil.py)
        self.kernel = None  # for a thread in state D: procfs.kernel_stack

    def set_cpu(self, stat) -> None:
        """Sets `cpu`, pairs of a marker. stat: procfs.ThreadStat."""
        self.cpu = {"cpu_us": stat.cpu_us} if stat.cpu_us is not None else {}


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
        # tid -> bytes of its stack to copy in a stop, if that are not FIRST_BYTES; 0: its stack is
        # unwound in the stop.
        self.copy_bytes = {}

    @property
    def interpreter(self):
        """The Interpreter or Ruby, None if there is none."""
        return self.python or self.ruby

    def reset(self) -> None:
        """The process has executed another program."""
        self.python = self.ruby = self.runtime = None
        self.exec_count += 1
        self.stack_pointers, self.idents, self.copy_bytes = {}, {}, {}

    def drop_ended(self, stats: dict) -> None:
        """Drops the data of threads that have ended, if there is much. stats:
        procfs.thread_stats."""
        if len(self.idents) > 2 * len(stats) + KEPT_MIN:
            self.idents = {key: ident for key, ident in self.idents.items()
                           if key[0] in stats and stats[key[0]].began == key[1]}
            for data in self.stack_pointers, self.copy_bytes:
                for tid in [tid for tid in data if tid not in stats]:
                    del data[tid]


class ThreadSampler:
    """Takes one sample: read_sleepers, then read_stopped for each thread while it is stopped, then
    finish."""

    def __init__(self, target: Target, stats: dict, read, at_once: bool = False) -> None:
        """stats: procfs.thread_stats of the target, just read, with CPU times; read(tid): the
        Registers of a stopped thread, None if it has ended; at_once: all threads are read at one
        moment, while they are stopped together."""
        self._read = read
        self._target = target
        self._stats = stats
        target.drop_ended(stats)
        self._numbers = {tid: number for number, tid in enumerate(stats, 1)}
        self._found = {}  # tid -> ThreadSample
        self._copies = {}  # tid -> (Registers, StackCopy) of a stack that is not unwound yet
        self._states = self._thread_states()  # of all threads, while they run
        self._used = set()  # pthread_self of the threads whose states were read
        self._states_reread = False  # _states was read again during a stop
        self._strangers = self._match_states()
        self.at_once = at_once or self._may_run_foreign_states()
        self._locks = None  # Interpreter.locks of that moment, or of the sleepers

    def read_sleepers(self, tids) -> None:
        """Reads those of the threads that sleep, before any thread is stopped."""
        pid, found = self._target.pid, []
        for tid in tids:
            stat = self._stats[tid]
            ran = procfs.schedstat(pid, tid) if stat.state == "S" else ""
            sample = self._read_sleeper(tid, stat) if ran else None
            if sample is not None and procfs.not_run_since(pid, tid, ran):
                found.append(sample)
        locks = self._read_locks()
        self._locks = None  # the others are read later
        for sample in found:
            sample.locks = locks
            self._found[sample.tid] = sample

    def unread(self) -> list:
        """The tids of the threads that have not been read."""
        return [tid for tid in self._stats if tid not in self._found]

    def read_ahead(self, tids: list):
        """Yields the tids. Before each, reads the Python frames of the thread, which runs: so their
        code objects need not be read again in the stop."""
        for tid in tids:
            ident = self._target.idents.get((tid, self._stats[tid].began), 0)
            if ident in self._states:
                self._target.interpreter.runs(self._target.memory, self._states[ident])
            yield tid

    def read_stopped(self, tid: int) -> None:
        """Reads a thread that is stopped."""
        regs, stat = self._read(tid), self._stats.get(tid)
        if regs is None or stat is None or tid in self._found:
            return
        self._target.idents[tid, stat.began] = regs.thread_id
        sample = self._new_sample(tid, stat)
        if sample.state == "S" and regs.in_user_code:
            sample.state = "R"  # it has woken up since `stats` was read
        self._refresh_states(regs.thread_id)
        self._read_python(sample, regs)
        sample.locks = self._read_locks()
        self._found[tid] = sample
        size = 0 if self.at_once else self._target.copy_bytes.get(tid, FIRST_BYTES)
        if size:
            copy = StackCopy(self._target.memory, regs.sp, size, self._target.unwinder.is_code)
            self._copies[tid] = regs, copy
        else:
            sample.stack = Stack(*self._target.unwinder.unwind(self._target.memory, regs))

    def unwind_copies(self) -> None:
        """Unwinds the stacks of threads that were read. A thread of whose stack too little was
        copied counts as unread."""
        copies, self._copies = self._copies, {}
        for tid, (regs, copy) in copies.items():
            try:
                self._found[tid].stack = Stack(*self._target.unwinder.unwind(copy, regs))
            except NotCopied as err:
                self._target.copy_bytes[tid] = err.size
                del self._found[tid]

    def finish(self, kernel_stacks: dict) -> list:
        """[ThreadSample] of all threads but those that have ended meanwhile. If they are read
        at_once, they must still be stopped. kernel_stacks: {tid: procfs.kernel_stack} of the
        threads in state D."""
        if self._target.interpreter is not None:
            read = list(self._found.values())
            self._assign_runs(read)
            threads = [(sample.states, sample.futex_word, sample.locks) for sample in read]
            activities = self._target.interpreter.activities(self._target.memory, threads)
            for sample, activity in zip(read, activities):
                sample.activity = activity
        samples = []
        for tid, stat in self._stats.items():
            sample = self._found.get(tid)
            if sample is None and procfs.has_ended(self._target.pid, tid):
                continue
            if sample is None:
                sample = self._new_sample(tid, stat)
                sample.kernel = (kernel_stacks.get(tid)
                                 or procfs.kernel_stack(self._target.pid, tid))
            samples.append(sample)
        return samples

    # Parts of these.

    def _new_sample(self, tid: int, stat) -> ThreadSample:
        return ThreadSample(self._numbers[tid], tid, stat)

    def _read_sleeper(self, tid: int, stat):
        """The ThreadSample of a sleeping thread, None if it has to be stopped."""
        target = self._target
        ident = target.idents.get((tid, stat.began), 0)
        where = procfs.sleep_pc_sp(target.pid, tid)
        if where is None or self._strangers and not ident:
            return None
        regs = registers.from_syscall(*where, ident)
        found = target.unwinder.unwind(target.memory, regs)
        if found is None:
            return None
        sample = self._new_sample(tid, stat)
        self._read_python(sample, regs)
        sample.stack = Stack(*found)
        return sample

    def _match_states(self) -> list:
        """Finds the threads of the thread states by their pthread_self. Returns [pthread_self] of
        those whose thread was not found."""
        target, found = self._target, []
        idents = {ident for (tid, began), ident in target.idents.items()
                  if tid in self._stats and self._stats[tid].began == began}
        new = [ident for ident in self._states if ident not in idents]
        tids = procfs.inner_tids(target.pid, self._stats) if new and target.is_live else {}
        for ident in new:
            tid = tids.get(tid_of(target.memory, ident))
            if tid is None:
                found.append(ident)
            else:
                target.idents[tid, self._stats[tid].began] = ident
        return found

    def _may_run_foreign_states(self) -> bool:
        """May a thread run a thread state that another one has created? Several interpreters, and
        programs that embed one, do so."""
        states = sum((self._states[ident] for ident in self._strangers), [])
        return (any(len(states) > 1 for states in self._states.values())
                or bool(states and self._target.interpreter.runs(self._target.memory, states)))

    def _read_locks(self):
        interpreter = self._target.interpreter
        if interpreter is None:
            return None
        if self._locks is None or not self.at_once:
            self._locks = interpreter.locks(self._target.memory)
        return self._locks

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
                if self.at_once and ident not in self._used for state in states]
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
