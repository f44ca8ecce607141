"""System calls that gdb does not offer: ptrace options, registers, and the parent-death signal.

gdb asks the kernel for fork events. It then keeps every other thread of the target stopped as long
as a vfork lasts, and single-steps each child before it detaches from it. This module turns the fork
events off, so children are never traced. Events for new threads and exec stay on: gdb needs them.

Threads passed to these functions must be stopped by gdb. Source: ptrace(2), PTRACE_SETOPTIONS.
"""
import signal

try:
    import ctypes
except ImportError:  # some builds of gdb lack it: then gdb handles forks in its own way
    ctypes = None

PR_SET_PDEATHSIG = 1
PTRACE_GETREGS = 12
PTRACE_SETOPTIONS = 0x4200
USER_REGS_SIZE = 27 * 8  # bytes of struct user_regs_struct (sys/user.h, x86-64)
PTRACE_O_TRACESYSGOOD = 0x01
PTRACE_O_TRACECLONE = 0x08
PTRACE_O_TRACEEXEC = 0x10


def _libc_function(name: str):
    """A function of libc, None if it cannot be called."""
    if ctypes is None:
        return None
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None


def die_with_parent(enabled: bool) -> None:
    """Lets the kernel kill this gdb when pmp ends (prctl(2), PR_SET_PDEATHSIG): a gdb that reads
    symbols does not notice that its input was closed. Disabled while gdb is attached, because it
    then has to detach properly."""
    prctl = _libc_function("prctl")
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL if enabled else 0))


def disable_fork_events(tid: int) -> None:
    """Sets the ptrace options of a thread; threads that it creates inherit them."""
    if _ptrace is not None:
        options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC
        _ptrace(PTRACE_SETOPTIONS, tid, None, options)


def get_registers(tid: int):
    """The bytes of a thread's struct user_regs_struct; None without ctypes, or if ptrace fails."""
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
