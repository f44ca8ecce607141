"""The parent of a process that was made by fork without exec. Such a process has a copy of its
parent's memory, but only one of its threads: a lock that another thread held is held for ever.

The parent is only read, through /proc: it is not stopped.
"""
import os

import pmp_procfs as procfs
from pmp_memory import BadRead, Memory
from pmp_pthread import tid_of

class ForkParent:
    """pid: of the parent, 0 if it is unknown or if this process has executed a program."""

    def __init__(self, pid: int) -> None:
        """pid: of the process. Raises nothing."""
        parent = procfs.parent_pid(pid)
        self.pid = parent if parent and is_copy(pid, parent) else 0
        self._memory = Memory(self.pid)

    def has_thread(self, tid: int) -> bool:
        """Is it a thread of the parent?"""
        return self.pid > 0 and tid > 0 and os.path.exists("/proc/%d/task/%d" % (self.pid, tid))

    def tid_of(self, ident: int) -> int:
        """The tid of the parent's thread with this pthread_self; 0: there is none."""
        tid = tid_of(self._memory, ident) if self.pid else 0
        return tid if self.has_thread(tid) else 0

    def has_same(self, addr: int, data: bytes) -> bool:
        """Has the parent's memory these bytes at this address?"""
        try:
            return self.pid > 0 and self._memory.read(addr, len(data)) == data
        except (BadRead, OSError):
            return False

    def close(self) -> None:
        """Closes the parent's memory."""
        self._memory.close()


def is_copy(pid: int, parent: int) -> bool:
    """Is one of two processes a copy of the other, or are both copies of a third one, by fork
    without exec? The kernel maps the vdso of each program that is executed at another address."""
    vdso = procfs.vdso_range(procfs.maps_text(pid))
    return vdso != (0, 0) and vdso == procfs.vdso_range(procfs.maps_text(parent))
