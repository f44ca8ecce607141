"""Stops threads of the target, one moment each, and lets them go.

A thread is seized, interrupted, read and detached. No signal is sent for it, and nothing of it
stays: between two samples no thread is traced, and if this process ends, at any moment, the kernel
lets its threads go and they run on. A thread that was stopped before stays stopped. A signal that
comes in the moment of a stop is delivered by the detach. New threads, fork and exec cause no stop.

An exec kills the other threads, and waits until their tracer has noticed their end; meanwhile
PTRACE_SEIZE blocks (cred_guard_mutex: fs/exec.c, kernel/ptrace.c). So ends are noticed in each
wait, and by a helper thread while PTRACE_SEIZE blocks.

Sources: ptrace(2), sections "PTRACE_SEIZE", "Group-stop" and "execve(2) under ptrace".
"""
import os
import threading
import time

import pmp_procfs as procfs
import pmp_ptrace as ptrace
from pmp_priority import RealTime
from pmp_registers import from_bytes

SPINS = 8  # looks without a sleep in between: most threads have stopped after 10 us
SLEEP_S, SLEEP_MAX_S = 0.00005, 0.0004  # after these: longer and longer, so that others get time
# How long `each` waits for one thread before it interrupts the next one, too: on a busy machine a
# thread stops only when it gets a processor.
PATIENCE_S = 0.0002
SEIZE_TRIES, SEIZE_S = 4, 0.0005  # of a thread that another process traces
EXEC_SPINS = 50  # looks until an exec is thought of, and again: 1 ms, then 5 ms
HELP_S = 0.02  # how long PTRACE_SEIZE may block before the helper looks


class ThreadStops:
    """The threads of one process that this process traces now."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stopped = {}  # tid of a stopped thread -> the signal that its detach delivers, or 0
        self._since = {}  # tid of a stopped thread -> when it was last seen running
        self._waiting = set()  # tids of interrupted threads that have not stopped yet
        self._late = set()  # those that have not stopped in time
        self._real_time = RealTime()
        self._helper = None  # threading.Thread
        self._seizing = False  # PTRACE_SEIZE is called now
        self._looked = 0.0  # when the last round of looks began, or the last thread was interrupted
        self.longest_us = 0  # the longest stop of a thread; the caller resets it
        self.failure = ""  # why the last thread that could not be traced could not; as longest_us

    def stop(self, tids, limit_s: float) -> list:
        """Stops threads together, and waits for them, limit_s at most. Returns the tids of those
        that are stopped; the others have ended, do not stop in time, or cannot be traced."""
        self._real_time.begin()
        for tid in tids:
            self._seize(tid)
        deadline = time.monotonic() + limit_s
        while self._waiting and self._wait(deadline):
            pass
        self._give_up()
        return list(self._stopped)

    def release(self) -> None:
        """Lets the stopped threads go. Call it also after an exception in `each`."""
        for tid in list(self._stopped):
            self._detach(tid)
        self._give_up()
        self._real_time.end()

    def each(self, tids, limit_s: float):
        """Yields the tids of threads, each while it is stopped; each goes on before the next one is
        yielded. limit_s: how long the last ones are waited for."""
        self._real_time.begin()
        for tid in tids:
            self._seize(tid)
            yield from self._stopped_within(PATIENCE_S)
        yield from self._stopped_within(limit_s)
        self._give_up()
        self._real_time.end()

    def registers(self, tid: int):
        """The Registers of a stopped thread, None if it was killed."""
        data = ptrace.get_registers(tid)
        return from_bytes(data) if data is not None else None

    def settle(self) -> bool:
        """Lets those threads go that have stopped too late. False: some have not stopped yet: call
        it again soon."""
        for tid in self._late:
            ptrace.interrupt(tid)
        self._look(self._late)
        self.release()
        return not self._late

    # Parts of these.

    def _seize(self, tid: int) -> None:
        if tid in self._late:
            return
        if self._helper is None and (self._stopped or self._waiting or self._late):
            self._helper = threading.Thread(target=self._help_seize, daemon=True)
            self._helper.start()
        number = self._try_seize(tid)
        tries = 0 if self.failure else SEIZE_TRIES
        while number and tries and self._lives(tid):
            time.sleep(SEIZE_S)  # another pmp may trace it for a moment
            number, tries = self._try_seize(tid), tries - 1
        if not number:
            self._waiting.add(tid)
        elif self._lives(tid):
            self.failure = "ptrace: " + os.strerror(number)

    def _try_seize(self, tid: int) -> int:
        """As ptrace.seize."""
        self._looked = time.monotonic()
        self._seizing = True
        number = ptrace.seize(tid)
        self._seizing = False
        return number

    def _lives(self, tid: int) -> bool:
        """The kernel also says of an ended thread that it is not permitted."""
        return not procfs.has_ended(self._pid, tid)

    def _stopped_within(self, limit_s: float):
        """Yields threads as they stop, until there are none left, or the time is over."""
        deadline = time.monotonic() + limit_s
        while self._waiting and self._wait(deadline):
            for tid in list(self._stopped):
                yield tid
                self._detach(tid)

    def _wait(self, deadline: float) -> bool:
        """Waits until a thread has stopped or ended. False: the time is over."""
        spins = 0
        while not self._look(self._waiting):
            spins += 1
            if spins > SPINS:
                if time.monotonic() > deadline:
                    return False
                time.sleep(min(SLEEP_S * (spins - SPINS), SLEEP_MAX_S))
            if not spins % EXEC_SPINS:
                self._help_exec()
        return True

    def _help_exec(self) -> None:
        """Lets an exec go on, and its thread stop after it."""
        for tid in self._waiting:
            ptrace.interrupt(tid)
        for tid in list(self._stopped):
            if ptrace.reap(tid):
                del self._stopped[tid], self._since[tid]

    def _help_seize(self) -> None:
        """Lets an exec go on for which PTRACE_SEIZE waits."""
        while True:
            time.sleep(HELP_S)
            if self._seizing and time.monotonic() - self._looked > HELP_S:
                for tid in (*self._stopped, *self._waiting, *self._late):
                    ptrace.reap(tid)

    def _give_up(self) -> None:
        self._late |= self._waiting
        self._waiting.clear()

    def _look(self, tids: set) -> bool:
        """Removes threads from a set that have stopped or ended. True if there was one."""
        before, self._looked = self._looked, time.monotonic()
        found = False
        for tid in list(tids):
            state, number = ptrace.look(tid) if tid in tids else (ptrace.RUNS, 0)
            if state == ptrace.RUNS:
                continue
            found = True
            tids.discard(tid)
            if state == ptrace.STOPPED:
                self._add_stopped(tid, number, before)
            elif state == ptrace.LOST and tid != self._pid and self._pid not in self._stopped:
                self._look_for_leader(tids)
        return found

    def _look_for_leader(self, tids: set) -> None:
        """A thread that executes a program gets the pid as its id."""
        state, number = ptrace.look(self._pid)
        if state == ptrace.STOPPED:
            tids.discard(self._pid)
            self._add_stopped(self._pid, number, self._looked)
        elif state == ptrace.RUNS:
            tids.add(self._pid)

    def _add_stopped(self, tid: int, number: int, since: float) -> None:
        self._stopped[tid], self._since[tid] = number, since

    def _detach(self, tid: int) -> None:
        if not ptrace.detach(tid, self._stopped.pop(tid)):
            self._late.add(tid)  # it was killed
        stop_s = time.monotonic() - self._since.pop(tid)
        self.longest_us = max(self.longest_us, int(stop_s * 1e6))
