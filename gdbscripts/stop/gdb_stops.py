"""Stops the target by gdb's own attach, where threads cannot be seized (ptrace.refusal), with the
interface of thread_stops.ThreadStops. gdb stops all threads by SIGSTOP, and a gdb that is killed
leaves them stopped: so pmp checks the target before and after (cli/safety).
"""
import time

import gdb

import pmp_ptrace as ptrace
from pmp_gdb_text import execute
from pmp_registers import NAMES, WORDS, from_words


class GdbStops:
    """The attach of gdb to one process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._threads = {}  # tid -> gdb.InferiorThread, while gdb is attached
        self._began = 0.0
        self.longest_us = 0  # as in ThreadStops
        self.failure = ""

    def stop(self, _tids, _limit_s: float) -> list:
        """Stops all threads; pmp ends a gdb that cannot. Returns their tids."""
        ptrace.die_with_parent(False)  # gdb has to detach when pmp ends
        self._began = time.monotonic()
        try:
            execute("attach %d" % self._pid)
        except gdb.error as err:
            self.failure = "%s" % err
            ptrace.die_with_parent()
            return []
        self._threads = {thread.ptid[1]: thread for thread in gdb.selected_inferior().threads()}
        return list(self._threads)

    def release(self) -> None:
        """Detaches."""
        if not self._threads:
            return
        self._threads = {}
        try:
            execute("detach")
        except gdb.error:
            pass  # the target has ended
        ptrace.die_with_parent()
        stop_s = time.monotonic() - self._began
        self.longest_us = max(self.longest_us, int(stop_s * 1e6))

    def each(self, tids, limit_s: float):
        """Yields those threads that are stopped: here all are stopped together."""
        wanted = frozenset(tids)
        if not wanted:
            return
        try:
            yield from (tid for tid in self.stop(tids, limit_s) if tid in wanted)
        finally:
            self.release()

    def registers(self, tid: int):
        """The Registers of a stopped thread, None if gdb cannot read them."""
        try:
            self._threads[tid].switch()
            frame = gdb.newest_frame()
            words = [0] * (WORDS.size // 8)
            for index, name in NAMES.items():
                words[index] = int(frame.read_register(name)) & (1 << 64) - 1
            return from_words(words)
        except (gdb.error, ValueError):
            return None

    def settle(self) -> bool:
        """Nothing to do: gdb has detached."""
        return True
