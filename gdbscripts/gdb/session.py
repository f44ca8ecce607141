"""gdb and the target: settings, attach, stop, resume, detach. No other module changes the target.

The order is safe at each moment. Before gdb attaches, its settings forbid it to write memory or
registers and to insert breakpoints, so a gdb that is killed leaves no change in the target. Threads
are stopped in non-stop mode, where gdb sends each thread its own SIGSTOP. All-stop mode would send
a SIGINT, which a target can block, or take for its user's Ctrl-C.

A stop is asynchronous: gdb reports each stopped thread by an event, and _on_stop counts them. All
times are in us, of CLOCK_MONOTONIC.
"""
import os
import signal as signals
import time

import gdb

import pmp_procfs as procfs
from pmp_gdb_text import execute
from pmp_ptrace import die_with_parent, disable_fork_events

SETTINGS = (
    "set confirm off",
    "set pagination off",
    "set width 0",
    "set height 0",
    # Names are bytes of the target: in this charset gdb accepts each byte (gdb_text.py).
    "set host-charset ISO-8859-1",
    "set auto-load off",
    "set may-insert-breakpoints off",
    "set may-write-memory off",
    "set may-write-registers off",
    "set may-call-functions off",
    "set non-stop on",
    "set schedule-multiple off",
    "set detach-on-fork on",
    "set follow-fork-mode parent",
    "set exec-file-mismatch off",
    "set print thread-events off",
    "set print inferior-events off",
    # gdb's message about each stop goes to /dev/null: it should cost as little as possible.
    "set print frame-arguments none",
    "set print frame-arguments presence",
    "set print frame-info short-location",
    "set suppress-cli-notifications on",
    # gdb reads one page of the target's stack at once.
    "set dcache line-size 4096",
    "set print entry-values no",
    "set print symbol-loading off",
    # Only symbols.py loads symbols. gdb also builds its own list of libraries, from names in the
    # target's memory, and opens each of them and the program: below /dev/null it finds none.
    "set auto-solib-add off",
    "set sysroot /dev/null",
    "set solib-search-path",
    # gdb learns of threads from the kernel. libthread_db would add pthread_self and thread-local
    # storage, at a cost in each stop.
    "set libthread-db-search-path /dev/null",
    "set source open off",
    # Needed for the inferior with the symbols, which has no program file to take them from.
    "set architecture i386:x86-64",
    "set language c",
    "set backtrace past-main on",
    "set backtrace past-entry off",
    "set breakpoint pending off",
    "set unwindonsignal off",
    "handle all nostop noprint pass",
    "handle SIGINT nostop noprint pass",
    # gdb single-steps the child of a fork once before it detaches from it, and would pass the
    # SIGTRAP of that step on to the child.
    "handle SIGTRAP nostop noprint nopass",
    # These stop a target that does not handle them: _on_target_stopped.
    "handle SIGTSTP SIGTTIN SIGTTOU stop print pass",
)
# gdb 10 and 11 know that the other threads have stopped after an attach only once these continue.
NEEDS_CONTINUE = int(gdb.VERSION.split(".")[0]) < 12
DETACH_TRIES = 10
# With threads that begin while others stop, a detach right after an attach left a signal in a
# thread in 29 of 100 runs of the torture test with a storm of threads, and in 2 of 17 after this
# delay: the kernel's events about the new threads are still under way.
DETACH_DELAY_S = 0.015
PROGRESS_MAX_US = 10000000  # the longest stop that may go on while one thread after the other stops
JOB_SIGNALS = ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")


def now_us() -> int:
    """CLOCK_MONOTONIC in us, as in pmp itself."""
    return int(time.monotonic() * 1e6)


def apply_settings() -> None:
    """Executes SETTINGS, as far as this gdb has them."""
    for setting in SETTINGS:
        try:
            execute(setting)
        except gdb.error:
            pass  # this gdb is too old for the setting, and for the feature that it turns off
    folder = str(gdb.parameter("debug-file-directory"))
    if folder.endswith("/lib/debug") and not os.path.exists(folder):
        # This gdb has a prefix of its own; the debug files are those of the system.
        execute("set debug-file-directory %s:/usr/lib/debug" % folder)


def warm_up_ptrace() -> None:
    """Attaches to a child of this gdb. The first attach of a gdb is slow: gdb forks two processes
    to find out which ptrace features work, each a copy of all its memory. Before any symbols are
    read those copies are small."""
    parent = os.getpid()
    child = os.fork()
    if not child:
        try:
            die_with_parent(True)
            if os.getppid() == parent:
                signals.pause()
        finally:
            os._exit(0)
    try:
        execute("attach %d" % child)
        execute("detach")
    except gdb.error:
        pass  # then the first real attach is slower
    try:
        os.kill(child, signals.SIGKILL)
        os.waitpid(child, 0)
    except OSError:
        pass  # gdb has already waited for it


class Session:
    """One attachment. `attach` and `stop` call `callback` once every thread has stopped: before
    they return, or later from an event of gdb."""

    def __init__(self, report_stop) -> None:
        """report_stop(pid, signal) is called when a job-control signal stops the target, after gdb
        has detached from it and sent the signal again."""
        self._report_stop = report_stop
        self.pid = 0  # of the target; 0: not attached, or it has ended
        self.keep_stopped = False  # it was stopped (T) before the attach: it is never resumed
        self.resume_stopped = False  # it was stopped before the attach, and is to run after it
        self.began_us = 0  # when the first thread was interrupted in this stop
        self._callback = None
        self._pending = set()  # tids that have not stopped yet
        self._excluded = frozenset()  # tids that are not waited for
        self._interrupted_again = False
        self._progressed = False  # a thread has stopped since the last skip_unstoppable
        self._interrupted_us = 0  # when all threads of this stop had been interrupted
        self._prepared = set()  # tids whose ptrace options are set
        self._on_exec = None
        gdb.events.stop.connect(self._on_stop)
        gdb.events.exited.connect(self._on_exit)
        die_with_parent(True)

    def threads(self) -> list:
        """gdb.InferiorThread of all of the target's threads."""
        return list(gdb.selected_inferior().threads())

    def attach(self, pid: int, callback) -> None:
        """Attaches and stops every thread. gdb.error."""
        # gdb stops threads with SIGSTOP. If it is ended in the middle of that, it would pass the
        # signal on to the target when it detaches. A target that was stopped before stays stopped.
        execute("handle SIGSTOP %s" % ("nostop noprint pass" if self.keep_stopped
                                       else "stop print nopass"))
        self.pid = pid
        self._begin_stop(callback, frozenset())
        self._prepared = set()
        die_with_parent(False)
        self.began_us = now_us()
        try:
            execute("attach %d" % pid)
        except gdb.error:
            self.pid = 0
            self._callback = None
            raise
        if NEEDS_CONTINUE and not self.keep_stopped:
            execute("continue -a &")
        self._interrupt_rest()

    def watch_exec(self, on_exec) -> None:
        """From now on calls on_exec() when the target has executed another program, while it is
        stopped at the first instruction. The kernel reports this; no breakpoint is inserted."""
        if self._on_exec is None:
            try:
                execute("catch exec")
            except gdb.error:
                return  # then the next sample finds the new mappings
        self._on_exec = on_exec

    def stop(self, excluded: frozenset, callback) -> None:
        """Stops every thread but those with the tids in `excluded`, which need not or cannot
        stop."""
        self._begin_stop(callback, excluded)
        self.began_us = 0
        self._interrupt_rest()

    def resume(self) -> None:
        """Resumes all threads, unless the target was stopped before the attach."""
        if not self.keep_stopped and self.has_stopped:
            execute("continue -a &")

    def detach(self) -> None:
        """Detaches at once, if attached. The callback of a stop is no longer called. gdb.error."""
        self._callback = None
        if self.pid:
            self.pid = 0
            execute("detach")
            die_with_parent(True)

    def detach_cleanly(self, callback, tries: int = DETACH_TRIES) -> None:
        """Detaches once no thread has a pending SIGSTOP, then calls `callback`. All threads must be
        stopped. If threads begin while others are interrupted, a thread can stop for another reason
        first: its SIGSTOP is still pending, and gdb would send it a SIGCONT when it detaches, which
        stays pending in a thread that blocks it."""
        if tries and self.pid and not self.keep_stopped and procfs.stop_is_pending(self.pid):
            self.resume()
            began_us = self.began_us
            self.stop(frozenset(), lambda: self._retry_detach(callback, tries - 1, began_us))
        else:
            if len(self.threads()) > 1:
                time.sleep(DETACH_DELAY_S)
            self.detach()
            callback()

    def _retry_detach(self, callback, tries: int, began_us: int) -> None:
        self.began_us = began_us
        self.detach_cleanly(callback, tries)

    @property
    def has_stopped(self) -> bool:
        """Is any thread stopped?"""
        return any(thread.is_stopped() for thread in self.threads())

    def has_running_threads(self) -> bool:
        """Is there a thread that did not stop? gdb would wait for it before it detaches, and keep
        the others stopped for as long."""
        return any(not thread.is_stopped() for thread in self.threads())

    def skip_unstoppable(self, sent_us: int) -> None:
        """Stops waiting for threads that cannot stop; when it is called again in the same stop, for
        all threads. A call that was sent before this stop began, while gdb read symbols, has no
        effect: several may have been queued. Nor has a second call while one thread after the other
        stops: gdb needs a second for two thousand threads."""
        if self._callback is None or sent_us < self._interrupted_us:
            return
        makes_progress = self._progressed and now_us() - self._interrupted_us < PROGRESS_MAX_US
        self._progressed = False
        unstoppable = {tid for tid in self._pending
                       if self._interrupted_again and not makes_progress
                       or not procfs.can_stop(self.pid, tid)}
        self._exclude(unstoppable)
        if not self._pending:
            self.finish_stop()
        elif not makes_progress:
            self._interrupted_again = True
            # gdb forgets the first interrupt of a thread that has executed another program.
            self._interrupt(self._running_threads())

    def forget_exited(self) -> None:
        """Stops waiting for threads that have ended: gdb gives no event for them."""
        ended = {tid for tid in self._pending if procfs.has_ended(self.pid, tid)}
        self._exclude(ended)
        if ended and not self._pending:
            self._on_all_stopped()

    def finish_stop(self) -> None:
        """Calls the callback, with the threads that have stopped so far."""
        callback, self._callback = self._callback, None
        if self.resume_stopped:
            self.resume_stopped = False
            os.kill(self.pid, signals.SIGCONT)  # also removes a pending SIGSTOP of the attach
        if callback is not None:
            self._disable_fork_events()
            callback()

    # Parts of a stop.

    def _exclude(self, tids: set) -> None:
        self._pending -= tids
        self._excluded |= tids

    def _disable_fork_events(self) -> None:
        for thread in self.threads():
            if thread.ptid[1] not in self._prepared and thread.is_stopped():
                self._prepared.add(thread.ptid[1])
                disable_fork_events(thread.ptid[1])

    def _begin_stop(self, callback, excluded: frozenset) -> None:
        self._callback, self._excluded = callback, excluded
        self._interrupted_again, self._progressed, self._interrupted_us = False, False, 0

    def _interrupt_rest(self) -> None:
        """Interrupts the threads that have not stopped yet, and waits for them. An attach needs
        this too: gdb 10 stops only the first thread."""
        running = self._running_threads()
        self._interrupt(running)
        self._interrupted_us = self._interrupted_us or now_us()  # thousands of threads take a while
        self._pending = {thread.ptid[1] for thread in running}
        if not running:
            self.began_us = self.began_us or now_us()
            self.finish_stop()

    def _running_threads(self) -> list:
        return [thread for thread in self.threads()
                if not thread.is_stopped() and thread.ptid[1] not in self._excluded]

    def _interrupt(self, threads: list) -> None:
        for thread in threads:
            thread.switch()
            self.began_us = self.began_us or now_us()
            execute("interrupt")

    # Handlers of gdb's events. They must not resume threads, so they post functions.

    def _on_stop(self, event) -> None:
        thread = getattr(event, "inferior_thread", None)
        if thread is not None:
            self._pending.discard(thread.ptid[1])
            self._progressed = True
        signal = getattr(event, "stop_signal", "")
        if isinstance(event, gdb.BreakpointEvent):
            gdb.post_event(self._on_exec_stop)
        elif self._is_job_stop(signal):
            gdb.post_event(lambda: self._on_target_stopped(signal))
        elif self._callback is None:
            gdb.post_event(self._on_unexpected_stop)
        elif not self._pending:
            gdb.post_event(self._on_all_stopped)

    def _is_job_stop(self, signal: str) -> bool:
        """Did another process stop the target by this signal?"""
        return (signal in JOB_SIGNALS and not self.keep_stopped and not self.resume_stopped
                and procfs.is_stopped_by(self.pid, signal))

    def _on_target_stopped(self, signal: str) -> None:
        """Another process has sent the target a signal that stops it, and gdb has intercepted it.
        The signal is sent again after the detach, so that the kernel acts as without gdb."""
        pid = self.pid
        if pid:
            execute("handle %s nostop noprint nopass" % signal)
            self.detach()
            os.kill(pid, getattr(signals, signal))
            passed = "nopass" if signal == "SIGSTOP" else "pass"
            execute("handle %s stop print %s" % (signal, passed))
            self._report_stop(pid, signal)

    def _on_exec_stop(self) -> None:
        """The target has executed another program; only the thread that did so is left."""
        if not self.pid:
            return
        try:
            self._on_exec()
        finally:
            if self._callback is not None:
                self.began_us, self._interrupted_us = now_us(), 0
                self._interrupt_rest()
            else:
                self.resume()

    def _on_all_stopped(self) -> None:
        if self._callback is not None:
            # A thread that began after the others were interrupted has to be interrupted as well.
            self._interrupt_rest()

    def _on_unexpected_stop(self) -> None:
        """A late stop that is no longer waited for, or one that was not asked for: resume it."""
        if self._callback is None and self.pid:
            self.resume()

    def _on_exit(self, _event) -> None:
        self.pid = 0
        if self._callback is not None:
            gdb.post_event(self.finish_stop)
