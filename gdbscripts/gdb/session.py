"""gdb and the target: settings, attach, stop, resume, detach. Nothing else here touches the target.

The order is safe at each moment: gdb is told never to write memory or registers and never to plant a
breakpoint before it attaches, so that a gdb that dies leaves nothing behind in the target. Threads are
stopped in non-stop mode, where gdb stops each with a SIGSTOP of its own (all-stop mode would send a
SIGINT, which a target can block, or take for its user's Ctrl-C).
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
    # Names are the target's bytes: with this each of them is text to gdb (gdb_text.py).
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
    # gdb's own notice of each stop goes to /dev/null: let it cost as little as possible.
    "set print frame-arguments none",
    "set print frame-arguments presence",
    "set print frame-info short-location",
    "set suppress-cli-notifications on",
    # How much of the target's stack gdb reads at once: a page.
    "set dcache line-size 4096",
    "set print entry-values no",
    "set print symbol-loading off",
    # gdb has symbols by symbols.py alone. It makes a list of libraries of its own, of names in the target's memory,
    # and opens each, and the program: below here there is none.
    "set auto-solib-add off",
    "set sysroot /dev/null",
    "set solib-search-path",
    # The kernel tells gdb of threads; what libthread_db adds (pthread_self, thread-local storage) costs at each stop.
    "set libthread-db-search-path /dev/null",
    "set source open off",
    # Of the inferior that has the symbols, too: it has no program to tell.
    "set architecture i386:x86-64",
    "set language c",
    "set backtrace past-main on",
    "set backtrace past-entry off",
    "set breakpoint pending off",
    "set unwindonsignal off",
    "handle all nostop noprint pass",
    "handle SIGINT nostop noprint pass",
    # gdb steps the child of a fork once before it lets it go, and would hand it that step's SIGTRAP.
    "handle SIGTRAP nostop noprint nopass",
    # They stop a target that does not handle them: _on_target_stopped.
    "handle SIGTSTP SIGTTIN SIGTTOU stop print pass",
)
# gdb 10 has the other threads' stops when it has attached, and looks at them when they go on only.
SLEEPY = int(gdb.VERSION.split(".")[0]) < 12
LET_GO_TRIES = 10
# Where threads are born while others stop, a detach right behind an attach left a signal in one of them in 29 of 100 runs of
# torture's storm of threads, and after such a rest in 2 of 17: the kernel's news of them are on their way.
LET_GO_REST_S = 0.015
AT_IT_MAX_US = 10000000  # so long a stop may take as long as gdb hears of one thread after the other
JOB_SIGNALS = ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")


def now_us() -> int:
    return int(time.monotonic() * 1e6)


def apply_settings() -> None:
    for setting in SETTINGS:
        try:
            execute(setting)
        except gdb.error:
            pass  # a setting that this gdb does not have yet: what it would forbid is not there either


def warm_up_ptrace() -> None:
    """The first attach of a gdb costs more: it starts two processes of its own to see what ptrace can do, each a copy of all
    its memory. So it attaches to a child of its own first, before it has read any symbols."""
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
        pass  # then it costs what it costs
    try:
        os.kill(child, signals.SIGKILL)
        os.waitpid(child, 0)
    except OSError:
        pass  # gdb has heard of its end first


class Session:
    """One attachment. `attach` and `stop` call `then` back once every thread has stopped."""

    def __init__(self, let_go) -> None:
        """let_go(pid, signal) is called when somebody has stopped the target, and it has been let go."""
        self._tell_let_go = let_go
        self.pid = 0
        self.frozen = False  # it was stopped (T) when we came: it is never resumed
        self.held = False  # it was, and is to run on when it's attached: that stop is no news
        self.began_us = 0  # when the first thread was told to stop, by now_us
        self._then = None
        self._pending = set()
        self._spared = frozenset()
        self._hurried = False
        self._has_heard = False  # of a thread that has stopped, since it was last told to hurry
        self._told_us = 0  # when this stop's threads had been told to, by now_us
        self._known = set()  # threads that were stopped once
        self._executed = None
        gdb.events.stop.connect(self._on_stop)
        gdb.events.exited.connect(self._on_exit)
        die_with_parent(True)

    def threads(self) -> list:
        return list(gdb.selected_inferior().threads())

    def attach(self, pid: int, then) -> None:
        # gdb stops threads with SIGSTOP, and when it has to end in the middle of that, it would hand the
        # signal on to the target as it detaches. A target that was stopped before is to stay so.
        execute("handle SIGSTOP %s" % ("nostop noprint pass" if self.frozen else "stop print nopass"))
        self.pid = pid
        self._expect(then, frozenset())
        self._known = set()
        die_with_parent(False)
        self.began_us = now_us()
        try:
            execute("attach %d" % pid)
        except gdb.error:
            self.pid = 0
            self._then = None
            raise
        if SLEEPY and not self.frozen:
            execute("continue -a &")
        self._await_rest()

    def hold_at_exec(self, executed) -> None:
        """From now on `executed` is called when the target has executed another program, and is stopped at its first
        instruction. The kernel tells of that: nothing is planted."""
        if self._executed is None:
            try:
                execute("catch exec")
            except gdb.error:
                return  # then it's followed when it's next looked at
        self._executed = executed

    def stop(self, spared: frozenset, then) -> None:
        """Stops every thread but those of `spared` (in a state in which they cannot be stopped)."""
        self._expect(then, spared)
        self.began_us = 0
        self._await_rest()

    def resume(self) -> None:
        if not self.frozen and self.has_stopped:
            execute("continue -a &")

    def detach(self) -> None:
        self._then = None
        if self.pid:
            self.pid = 0
            execute("detach")
            die_with_parent(True)

    def let_go(self, then, tries: int = LET_GO_TRIES) -> None:
        """Detaches once no thread has a stop to come, and calls `then`. All threads must be stopped. Where threads begin as
        others are told to stop, one can have stopped for another reason first: the signal is still to come, and gdb would
        send it a SIGCONT as it detaches, which stays pending where that is blocked."""
        if tries and self.pid and not self.frozen and procfs.stop_is_pending(self.pid):
            self.resume()
            began_us = self.began_us
            self.stop(frozenset(), lambda: self._let_go_again(then, tries - 1, began_us))
        else:
            if len(self.threads()) > 1:
                time.sleep(LET_GO_REST_S)
            self.detach()
            then()

    def _let_go_again(self, then, tries: int, began_us: int) -> None:
        self.began_us = began_us
        self.let_go(then, tries)

    @property
    def has_stopped(self) -> bool:
        return any(thread.is_stopped() for thread in self.threads())

    def holds_late(self) -> bool:
        """Is there a thread that does not stop? gdb would hold the others until it does, before it detaches."""
        return any(not t.is_stopped() for t in self.threads())

    def skip_unstoppable(self, sent_us: int) -> None:
        """Waits no longer for threads that cannot stop; told again in the same stop, for none. What was sent before
        it, while gdb read symbols, does not count: there may be several. Nor does the second while one after the other
        stops: gdb needs a second for two thousand threads."""
        if self._then is None or sent_us < self._told_us:
            return
        is_at_it = self._has_heard and now_us() - self._told_us < AT_IT_MAX_US
        self._has_heard = False
        late = {tid for tid in self._pending
                if self._hurried and not is_at_it or not procfs.can_stop(self.pid, tid)}
        self._spare(late)
        if not self._pending:
            self.give_up_waiting()
        elif not is_at_it:
            self._hurried = True
            self._interrupt(self._running())  # of one that has executed another program gdb has forgotten it

    def forget_exited(self) -> None:
        """Waits no longer for threads that have ended: gdb tells nobody of that."""
        ended = {tid for tid in self._pending if procfs.has_ended(self.pid, tid)}
        self._spare(ended)
        if ended and not self._pending:
            self._all_stopped()

    def _spare(self, tids: set) -> None:
        self._pending -= tids
        self._spared |= tids

    def give_up_waiting(self) -> None:
        """Goes on with the threads that have stopped so far."""
        then, self._then = self._then, None
        if self.held:
            self.held = False
            os.kill(self.pid, signals.SIGCONT)  # a SIGSTOP that its attach has left is gone then
        if then is not None:
            self._disable_fork_events()
            then()

    def _disable_fork_events(self) -> None:
        for thread in self.threads():
            if thread.ptid[1] not in self._known and thread.is_stopped():
                self._known.add(thread.ptid[1])
                disable_fork_events(thread.ptid[1])

    def _expect(self, then, spared: frozenset) -> None:
        self._then, self._spared, self._hurried, self._has_heard, self._told_us = then, spared, False, False, 0

    def _await_rest(self) -> None:
        """Tells the threads that have not stopped yet to do so, and waits for them. An attach needs it, too:
        gdb 10 stops the first thread only."""
        running = self._running()
        self._interrupt(running)
        self._told_us = self._told_us or now_us()  # to tell thousands takes a while
        self._pending = {t.ptid[1] for t in running}
        if not running:
            self.began_us = self.began_us or now_us()
            self.give_up_waiting()

    def _running(self) -> list:
        return [t for t in self.threads() if not t.is_stopped() and t.ptid[1] not in self._spared]

    def _interrupt(self, threads: list) -> None:
        for thread in threads:
            thread.switch()
            self.began_us = self.began_us or now_us()
            execute("interrupt")

    def _on_stop(self, event) -> None:
        thread = getattr(event, "inferior_thread", None)
        if thread is not None:
            self._pending.discard(thread.ptid[1])
            self._has_heard = True
        signal = getattr(event, "stop_signal", "")
        if isinstance(event, gdb.BreakpointEvent):
            gdb.post_event(self._go_on_with_program)
        elif signal in JOB_SIGNALS and not self.frozen and not self.held and procfs.is_stopped_by(self.pid, signal):
            gdb.post_event(lambda: self._on_target_stopped(signal))
        elif self._then is None:
            gdb.post_event(self._stray)
        elif not self._pending:
            gdb.post_event(self._all_stopped)

    def _on_target_stopped(self, signal: str) -> None:
        """Somebody has sent the target a signal that stops it. gdb keeps that back; it is sent again when nobody
        traces the target, so that the kernel does with it what it would have done."""
        pid = self.pid
        if pid:
            execute("handle %s nostop noprint nopass" % signal)
            self.detach()
            os.kill(pid, getattr(signals, signal))
            execute("handle %s stop print %s" % (signal, "nopass" if signal == "SIGSTOP" else "pass"))
            self._tell_let_go(pid, signal)

    def _go_on_with_program(self) -> None:
        """Of its threads the one is left that has executed it."""
        if not self.pid:
            return
        try:
            self._executed()
        finally:
            if self._then is not None:
                self.began_us, self._told_us = now_us(), 0
                self._await_rest()
            else:
                self.resume()

    def _all_stopped(self) -> None:
        if self._then is not None:
            # A thread that began after the others were told to stop has to be told, too.
            self._await_rest()

    def _stray(self) -> None:
        """A stop that nobody waits for any more, or that we did not ask for: let it go on."""
        if self._then is None and self.pid:
            self.resume()

    def _on_exit(self, _event) -> None:
        self.pid = 0
        if self._then is not None:
            gdb.post_event(self.give_up_waiting)
