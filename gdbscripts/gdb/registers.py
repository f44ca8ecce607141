"""A stopped thread's registers: the one module that knows the machine's (x86-64).

Asked of the kernel, which takes some microseconds; through gdb's frames, where gdb's Python has no ctypes.
"""
import struct

import gdb

from pmp_ptrace import get_registers

# Of struct user_regs_struct (sys/user.h), which word.
RBP, RSI, RDI, ORIG_RAX, RIP, RSP, FS_BASE = 4, 13, 14, 15, 16, 19, 21
WORDS = struct.Struct("<27Q")
FUTEX = 202  # arch/x86/entry/syscalls/syscall_64.tbl
# linux/futex.h: FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2, without the flags PRIVATE and CLOCK_REALTIME.
FUTEX_COMMAND, FUTEX_WAITS = 127, (0, 6, 9, 11, 13)


class Registers:
    """What stacks begin with: pc, sp, fp (None: not known); thread_id: what pthread_self gives there (the base of fs; 0: not
    told by a gdb before 8); word: on which the thread sleeps in futex(2), 0: it does not."""
    __slots__ = ("pc", "sp", "fp", "thread_id", "futex_word")

    def __init__(self, pc: int, sp: int, fp, thread_id: int, futex_word: int) -> None:
        self.pc, self.sp, self.fp, self.thread_id, self.futex_word = pc, sp, fp, thread_id, futex_word


def read(thread):
    """The Registers of a gdb.InferiorThread that is stopped; None of one that has ended meanwhile."""
    data = get_registers(thread.ptid[1])
    if data is None:
        try:
            return _from_gdb(thread)
        except gdb.error:
            return None
    return from_words(data)


def from_words(data: bytes) -> Registers:
    """data: a struct user_regs_struct."""
    words = WORDS.unpack(data)
    return Registers(words[RIP], words[RSP], words[RBP], words[FS_BASE],
                     words[RDI] if words[ORIG_RAX] == FUTEX and words[RSI] & FUTEX_COMMAND in FUTEX_WAITS else 0)


def from_syscall(pc: int, sp: int, call: int, argument: int, ident: int) -> Registers:
    """Of a thread that was not stopped: what its system call tells (procfs.sleep_pc_sp), and its id."""
    return Registers(pc, sp, None, ident, argument if call == FUTEX else 0)


def _from_gdb(thread) -> Registers:
    thread.switch()
    frame = gdb.newest_frame()
    return Registers(frame.pc(), _register(frame, "rsp"), _register(frame, "rbp"), _register(frame, "fs_base"),
                     _register(frame, "rdi") if _register(frame, "orig_rax") == FUTEX else 0)


def _register(frame, name: str) -> int:
    """0 if this gdb does not have it."""
    try:
        return int(frame.read_register(name)) & (1 << 64) - 1
    except (gdb.error, ValueError):
        return 0
