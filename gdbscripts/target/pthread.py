"""The thread to which a pthread_self belongs, in the target's memory."""
from pmp_memory import BadRead, int_at

# Offset of `tid` in struct pthread of glibc, to which pthread_self points: after its header of 704
# bytes and a list_t of 16 (nptl/descr.h; x86-64, 2.10 to 2.41).
PTHREAD_TID = 720


def tid_of(memory, ident: int) -> int:
    """The thread id, in the target's pid namespace, of the thread with this pthread_self; 0 if it
    cannot be read. Another libc than glibc has other data there: the caller checks the result."""
    try:
        return int_at(memory.read(ident + PTHREAD_TID, 4), 0)
    except (BadRead, OSError):
        return 0
