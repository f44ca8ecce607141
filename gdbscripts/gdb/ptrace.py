"""What the kernel is asked for besides what gdb asks: not to tell of forks, to end this gdb with pmp, and a thread's
registers.

gdb asks to be told of forks, and then holds every other thread of the target for as long as a vfork lasts, and
single-steps each child before it lets that go. Unasked, children are never traced at all. New threads and exec
are still told: gdb has to follow those.

The thread that is given must be stopped by gdb: ptrace(2), PTRACE_SETOPTIONS.
"""
import signal

try:
    import ctypes
except ImportError:  # gdb's Python may be without: then children are followed gdb's way
    ctypes = None

PR_SET_PDEATHSIG = 1
PTRACE_GETREGS = 12
PTRACE_SETOPTIONS = 0x4200
USER_REGS_SIZE = 27 * 8  # of struct user_regs_struct (sys/user.h, x86-64)
PTRACE_O_TRACESYSGOOD = 0x01
PTRACE_O_TRACECLONE = 0x08
PTRACE_O_TRACEEXEC = 0x10


def _libc_function(name: str):
    """A function of libc's, None where it cannot be called."""
    if ctypes is None:
        return None
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None


def die_with_parent(yes: bool) -> None:
    """A gdb that reads symbols is deaf to its input: while it has no target, it may be killed as soon as pmp ends
    (prctl(2), PR_SET_PDEATHSIG). With one it must let go of that in good order."""
    prctl = _libc_function("prctl")
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL if yes else 0))


def disable_fork_events(tid: int) -> None:
    """Threads that this one begins inherit it."""
    if _ptrace is not None:
        _ptrace(PTRACE_SETOPTIONS, tid, None, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)


def get_registers(tid: int):
    """A thread's struct user_regs_struct; None where it cannot be had so."""
    if _ptrace is None or _ptrace(PTRACE_GETREGS, tid, None, _registers) != 0:
        return None
    return _registers.raw


def _find_ptrace():
    function = _libc_function("ptrace")
    if function is not None:
        function.restype = ctypes.c_long
        function.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    return function


_ptrace = _find_ptrace()
_registers = ctypes.create_string_buffer(USER_REGS_SIZE) if ctypes else None
