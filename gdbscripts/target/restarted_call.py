"""The system call behind restart_syscall(2).

After a stop the kernel continues a sleep with a timeout as restart_syscall: nanosleep,
clock_nanosleep, poll, or futex. The registers still have the arguments, but not the number, which
may be in the code: `mov $NUMBER,%eax; ...; syscall`.
"""
import re
import struct

from pmp_memory import BadRead

FUTEX = 202  # arch/x86/entry/syscalls/syscall_64.tbl; poll 7, nanosleep 35, clock_nanosleep 230
CODE_MAX = 64  # bytes before the pc that are searched
SYSCALL = b"\x0f\x05"
# To %eax, or 64 bits wide to %rax.
MOVE = re.compile(b"(?:\xb8|\x48\xc7\xc0)([\x07\x23\xca\xe6])\0\0\0", re.DOTALL)


def may_be_futex(memory, pc: int, timeout: int) -> bool:
    """May the restarted call before the pc be futex? False if the code has another number, or if
    there is no timeout at its address. The code has no number in wrappers that take it as an
    argument, as syscall(2) and the cancellation points of musl and of glibc since 2.41 do."""
    try:
        seconds, nanoseconds = struct.unpack("<qq", memory.read(timeout, 16))
        code = memory.read(pc - CODE_MAX, CODE_MAX)
    except BadRead:
        return False
    if seconds < 0 or not 0 <= nanoseconds < 10 ** 9:
        return False
    if not code.endswith(SYSCALL):
        return True
    numbers = MOVE.findall(code[:-len(SYSCALL)].rpartition(SYSCALL)[2])
    return not numbers or numbers[-1][0] == FUTEX
