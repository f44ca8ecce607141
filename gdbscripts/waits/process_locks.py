"""multiprocessing's locks, and which process holds one.

A SemLock (Modules/_multiprocessing/semaphore.c, the same from 3.2 to 3.14) points to a sem_t in
memory that processes share. It counts how often its own process holds it, and by which thread. A
process that was made by fork has its copy of the object at the same address: so the relatives of a
process tell whether they hold the lock. They are only read, not stopped.
"""
import os

import pmp_procfs as procfs
from pmp_fork_parent import is_copy
from pmp_memory import BadRead, Memory, int_at, pointer_at
from pmp_pthread import tid_of

# Offsets in a SemLock, and its `kind` of an RLock.
TYPE, LAST_THREAD, COUNT, LIMIT, KIND, SIZE = 8, 24, 32, 36, 40, 48
RECURSIVE = 0
RELATIVES_MAX = 64  # processes that are read


class ProcessLocks:
    """Finds the owners of such locks in one stop."""

    def __init__(self, memory, pid: int, idents: dict) -> None:
        """memory, pid: of the process, 0: it does not live; idents: {pthread_self: tid}."""
        self._memory, self._pid, self._idents = memory, pid, idents
        self._relatives = None  # [pid], once they are asked for

    def describe(self, wait) -> None:
        """Sets type, owner and owner_pid of the Wait for a SemLock. BadRead."""
        data = self._memory.read(wait.on, SIZE)
        limit = int_at(data, LIMIT)
        is_lock = int_at(data, KIND) == RECURSIVE or limit == 1
        wait.type = ("recursive" if int_at(data, KIND) == RECURSIVE else
                     "" if is_lock else "a semaphore")
        if not is_lock:
            return
        if int_at(data, COUNT) > 0:
            wait.owner = self._idents.get(pointer_at(data, LAST_THREAD), 0)
            return
        for pid in self._family() if self._pid else ():
            tid = self._owner_in(pid, wait.on, data)
            if tid:
                wait.owner, wait.owner_pid = tid, pid

    # Parts of this.

    def _owner_in(self, pid: int, addr: int, own: bytes) -> int:
        """The tid of the thread that holds the lock in a relative; 0: it does not hold it."""
        memory = Memory(pid)
        try:
            data = memory.read(addr, SIZE)
            if data[TYPE:LAST_THREAD] != own[TYPE:LAST_THREAD] or int_at(data, COUNT) <= 0:
                return 0
            tid = tid_of(memory, pointer_at(data, LAST_THREAD))
            return tid if os.path.exists("/proc/%d/task/%d" % (pid, tid)) else pid
        except (BadRead, OSError):
            return 0
        finally:
            memory.close()

    def _family(self) -> list:
        """[pid] of its children, its parent and their other children, if they are copies by
        fork."""
        if self._relatives is None:
            parent = procfs.parent_pid(self._pid)
            found = procfs.children(self._pid) + [parent] + procfs.children(parent)
            self._relatives = [pid for pid in dict.fromkeys(found)
                               if pid > 1 and pid != self._pid][:RELATIVES_MAX]
            self._relatives = [pid for pid in self._relatives if is_copy(self._pid, pid)]
        return self._relatives
