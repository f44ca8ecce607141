"""Registers of a thread. Only this module knows the register layout of the machine (x86-64)."""
import struct

# Indexes of words in struct user_regs_struct (sys/user.h), and gdb's names of them.
RBP, R10, RSI, RDI, ORIG_RAX, RIP, RSP, FS_BASE = 4, 7, 13, 14, 15, 16, 19, 21
NAMES = dict(enumerate("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip"
                       .split()))
NAMES.update({RSP: "rsp", FS_BASE: "fs_base"})
WORDS = struct.Struct("<27Q")
# Those that DWARF numbers, in its order (System V ABI for x86-64, figure 3.36): rax, rdx, rcx, rbx,
# rsi, rdi, rbp, rsp, r8 to r15, and the column of the return address, here rip.
BY_NUMBER = (10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16)
FUTEX, RESTARTED = 202, 219  # arch/x86/entry/syscalls/syscall_64.tbl: futex, restart_syscall
# Waits that fail with EINTR after a stop (signal(7)): epoll_wait, epoll_pwait, epoll_pwait2, semop,
# semtimedop, rt_sigtimedwait, io_getevents, io_pgetevents.
NOT_RESTARTED = frozenset((232, 281, 441, 65, 220, 128, 208, 333))
# linux/futex.h: FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2, without the flags
# FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME.
FUTEX_COMMAND, FUTEX_WAITS = 127, (0, 6, 9, 11, 13)
# Waits with a timeout that the kernel restarts after a stop (kernel/futex/waitwake.c), and the
# highest value of their operation with its flags.
FUTEX_RESTARTS, FUTEX_FLAGS_MAX, POINTER_MIN = (0, 9), 511, 4096


class Registers:
    """The registers from which a stack is unwound: pc, sp, fp (None: unknown). thread_id: the value
    of pthread_self (the fs base; 0: unknown). futex_word: the
    address that the thread sleeps on in futex(2), 0: it does not. restart_timeout: not 0
    if a stop has interrupted the call before; then it may be another call than futex, unless
    restarted_call.may_be_futex is true; the address of its timeout. words: those of struct
    user_regs_struct, () if unknown."""
    __slots__ = ("pc", "sp", "fp", "thread_id", "futex_word", "restart_timeout", "words")

    def __init__(self, pc: int, sp: int, fp, thread_id: int, futex_word: int,
                 restart_timeout: int = 0, words: tuple = ()) -> None:
        self.pc, self.sp, self.fp = pc, sp, fp
        self.thread_id, self.futex_word = thread_id, futex_word
        self.restart_timeout = restart_timeout
        self.words = words

    @property
    def in_user_code(self) -> bool:
        """Was it stopped outside of any system call (orig_rax is -1)?"""
        return bool(self.words) and self.words[ORIG_RAX] >> 63 == 1

    def by_number(self) -> dict:
        """{DWARF's number: value} of all that are known."""
        return {number: self.words[at] for number, at in enumerate(BY_NUMBER) if self.words}


def from_bytes(data: bytes) -> Registers:
    """The Registers in the bytes of a struct user_regs_struct."""
    return from_words(WORDS.unpack(data))


def from_words(words) -> Registers:
    """The Registers in the words of a struct user_regs_struct, of which those in NAMES count."""
    call = words[ORIG_RAX]
    return Registers(words[RIP], words[RSP], words[RBP], words[FS_BASE],
                     _futex_word(call, words[RDI], words[RSI], words[R10]),
                     words[R10] if call == RESTARTED else 0, words)


def from_syscall(pc: int, sp: int, call: int, argument: int, ident: int) -> Registers:
    """The Registers of a thread that sleeps in a system call and was not stopped. pc to argument:
    as procfs.sleep_pc_sp returns them; ident: its pthread_self."""
    return Registers(pc, sp, None, ident, argument if call == FUTEX else 0)


def _futex_word(call: int, word: int, operation: int, timeout: int) -> int:
    """The futex word by the registers of a system call: orig_rax, rdi, rsi, r10; 0: none."""
    operation &= 0xffffffff
    waits = call == FUTEX and operation & FUTEX_COMMAND in FUTEX_WAITS
    restarts = (call == RESTARTED and operation & FUTEX_COMMAND in FUTEX_RESTARTS
                and operation <= FUTEX_FLAGS_MAX and not word & 3
                and min(word, timeout) >= POINTER_MIN)
    return word if waits or restarts else 0
