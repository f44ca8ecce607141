"""What the kernel tells gdb of the target's doings: without forks. gdb asks for them, and then holds every other
thread of the target for as long as a vfork lasts, and single-steps each child before it lets that go.
Unasked, children are never traced at all. New threads and exec are still told: gdb has to follow those.

The thread that is given must be stopped by gdb: ptrace(2), PTRACE_SETOPTIONS.
"""
try:
    import ctypes
except ImportError:  # gdb's Python may be without: then children are followed gdb's way
    ctypes = None

PTRACE_SETOPTIONS = 0x4200
PTRACE_O_TRACESYSGOOD = 0x01
PTRACE_O_TRACECLONE = 0x08
PTRACE_O_TRACEEXEC = 0x10


def leave_children_alone(tid: int) -> None:
    """Threads that this one begins inherit it."""
    if ctypes is None:
        return
    try:
        ptrace = ctypes.CDLL(None).ptrace
    except (OSError, AttributeError):
        return
    ptrace.restype = ctypes.c_long
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace(PTRACE_SETOPTIONS, tid, None,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)
