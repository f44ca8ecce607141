"""This process's priority while threads of the target are stopped.

On a machine without a free processor the scheduler would let others run first, for milliseconds,
and the stopped threads would wait as long. So the time of a stop is real-time (sched(7)), if that
is permitted (CAP_SYS_NICE, RLIMIT_RTPRIO). It is the lowest such priority.
"""
import os


class RealTime:
    """The calling thread's priority: real-time between `begin` and `end`."""

    def __init__(self) -> None:
        self._parameter = os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO))
        self._before = None  # (policy, parameter), None: it is not permitted

    def begin(self) -> None:
        """Has no effect if it is not permitted."""
        try:
            before = os.sched_getscheduler(0), os.sched_getparam(0)
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, self._parameter)
            self._before = before
        except OSError:
            pass

    def end(self) -> None:
        """Restores what was before, if `begin` was called."""
        before, self._before = self._before, None
        if before is None:
            return
        try:
            os.sched_setscheduler(0, *before)
        except PermissionError:  # only CAP_SYS_NICE may clear the flag
            os.sched_setscheduler(0, before[0] | os.SCHED_RESET_ON_FORK, before[1])
