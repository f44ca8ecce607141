"""The system calls that stop a thread and let it go: ptrace(2), waitid(2); and prctl(2). They are
called through ctypes, which some builds of gdb lack (`refusal`).

The numbers are those of linux/ptrace.h (PTRACE_SEIZE, PTRACE_INTERRUPT: Linux 3.4), linux/elf.h
(NT_PRSTATUS), linux/wait.h (__WALL and so on) and linux/prctl.h, the same on all machines. A thread
is traced by a thread: all calls must come from one.
"""
import errno
import os
import signal

try:
    import ctypes
except ImportError:
    ctypes = None

PTRACE_DETACH, PTRACE_GETREGSET, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4204, 0x4206, 0x4207
NT_PRSTATUS = 1
WALL, NOHANG, WSTOPPED, WEXITED, NOWAIT = 0x40000000, 1, 2, 4, 0x01000000
P_PID = 1
# Words of siginfo_t as waitid fills it (asm-generic/siginfo.h): si_code, si_pid, si_status.
INFO_WORDS, CODE, PID, STATUS = 32, 2, 4, 6
CLD_TRAPPED = 4  # smaller ones: the end of a thread (CLD_EXITED, CLD_KILLED, CLD_DUMPED)
PR_SET_PDEATHSIG = 1
REGISTERS_SIZE = 27 * 8  # bytes of struct user_regs_struct (sys/user.h, x86-64)
ENDED, RUNS, STOPPED, LOST = "ended", "runs", "stopped", "lost"  # results of `look`


class _Calls:
    """libc's functions, with their buffers."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.ptrace, self.prctl = libc.ptrace, libc.prctl
        self.waitid, self.waitpid = libc.waitid, libc.waitpid
        self.ptrace.restype = ctypes.c_long
        self.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.info = (ctypes.c_int * INFO_WORDS)()
        self.status = ctypes.c_int()
        self.status_at = ctypes.byref(self.status)
        self.registers = ctypes.create_string_buffer(REGISTERS_SIZE)
        # struct iovec (sys/uio.h): address, size
        self.vector = (ctypes.c_size_t * 2)(ctypes.addressof(self.registers))
        self.vector_at = ctypes.byref(self.vector)


def _load():
    """_Calls, None if they cannot be made."""
    try:
        return _Calls() if ctypes is not None else None
    except (OSError, AttributeError):
        return None


_calls = _load()


def refusal() -> str:
    """Why no thread can be seized here at all, "" if they can. It is tried with a child."""
    if _calls is None:
        return "its Python has no ctypes"
    child = os.fork()
    if not child:
        try:
            die_with_parent()
            signal.pause()
        finally:
            os._exit(0)
    number = seize(child)
    os.kill(child, signal.SIGKILL)
    while os.WIFSTOPPED(os.waitpid(child, WALL)[1]):
        pass
    return os.strerror(number) if number else ""


def die_with_parent(enabled: bool = True) -> None:
    """Lets the kernel kill this process when its parent ends (PR_SET_PDEATHSIG): a gdb that reads
    symbols does not notice that its input was closed."""
    if _calls is not None:
        _calls.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL if enabled else 0))


def seize(tid: int) -> int:
    """Traces a thread and interrupts it: it will stop, `look` tells when. If this process ends, the
    kernel lets the thread go. Returns 0, or errno if the thread cannot be traced."""
    if _calls.ptrace(PTRACE_SEIZE, tid, None, None) != 0:
        return ctypes.get_errno()
    interrupt(tid)
    return 0


def interrupt(tid: int) -> None:
    """Asks a seized thread to stop, as `seize` does: an exec may make the kernel forget that."""
    _calls.ptrace(PTRACE_INTERRUPT, tid, None, None)


def reap(tid: int) -> bool:
    """Has a seized thread ended? Then the kernel need not keep it. Any thread may call it."""
    try:
        # Such a wait reports stops, too, whatever its options.
        found = os.waitid(os.P_PID, tid, WEXITED | NOHANG | NOWAIT | WALL)
        if found is None or found.si_code >= CLD_TRAPPED:
            return False
        os.waitid(os.P_PID, tid, WEXITED | NOHANG | WALL)
    except OSError as err:
        return err.errno == errno.ECHILD  # EINVAL: as in _wait
    return True


def look(tid: int) -> tuple:
    """(state of a seized thread, signal that it is about to receive or 0). LOST: the kernel does
    not know it as traced: it has ended, or has executed a program and has the leader's id now.

    The kernel keeps the stop (WNOWAIT). Otherwise the signal would be lost if this process ended
    before the detach."""
    if _calls.waitid(P_PID, tid, _calls.info, WALL | NOHANG | WSTOPPED | WEXITED | NOWAIT) != 0:
        return _wait(tid) if ctypes.get_errno() == errno.EINVAL else (LOST, 0)
    if not _calls.info[PID]:
        return RUNS, 0
    return _wait(tid) if _calls.info[CODE] < CLD_TRAPPED else _stop(_calls.info[STATUS])


def _wait(tid: int) -> tuple:
    """As `look`, for the end of a thread, and for kernels whose waitid has no __WALL (before
    4.7)."""
    found = _calls.waitpid(tid, _calls.status_at, WALL | NOHANG)
    if found <= 0:
        return (LOST if found else RUNS), 0
    status = _calls.status.value
    return _stop(status >> 8) if status & 0xff == 0x7f else (ENDED, 0)


def _stop(status: int) -> tuple:
    """A stop by the interrupt, or one in a stopped process, has an event in the second byte."""
    return STOPPED, 0 if status >> 8 else status


def detach(tid: int, number: int) -> bool:
    """Lets a stopped thread go, and delivers signal `number` to it, 0: none. A thread of a stopped
    process stays stopped. False: it was killed while it was stopped; `look` will tell its end."""
    return _calls.ptrace(PTRACE_DETACH, tid, None, number) == 0


def get_registers(tid: int):
    """The bytes of a stopped thread's struct user_regs_struct; None if it was killed, or is one of
    another machine (a 32-bit program)."""
    _calls.vector[1] = REGISTERS_SIZE
    if _calls.ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, _calls.vector_at) != 0:
        return None
    return _calls.registers.raw if _calls.vector[1] == REGISTERS_SIZE else None
