"""What /proc says of the target, read before any thread is stopped."""
import os
import signal

SCAN_MAX = 100000  # threads; a cap, not a wish
KERNEL_FRAMES_MAX = 256
ENDED = "ZXx"  # states, proc_pid_stat(5)
MAPS_PIECE, MAPS_PIECES_MAX = 1 << 16, 1 << 12  # bytes read at once, and how often: a page at most is given at a time


class ThreadStat:
    """One thread as /proc/PID/task/TID/stat has it: name (comm), state (R, S, D, T, ...), when it began (in ticks: a thread's
    id is used again); and what it had of a CPU."""
    __slots__ = ("name", "state", "began", "cpu_us")

    def __init__(self, name: str, state: str, began: int) -> None:
        self.name = name
        self.state = state
        self.began = began
        self.cpu_us = None  # of all its life, once read_cpu has read it


def path_text(path: bytes) -> str:
    """Any path as text, whatever the locale; raw_path gives the same bytes again."""
    return path.decode("utf-8", "surrogateescape")


def raw_path(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def read_link(path: str) -> str:
    return path_text(os.readlink(path.encode("ascii")))


def _read_file(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(1 << 16)


def thread_stat(pid: int, tid: int):
    """None if it has ended. The command may hold anything, so the last `)` ends it (proc(5))."""
    try:
        stat = _read_file("/proc/%d/task/%d/stat" % (pid, tid))
    except OSError:
        return None
    name, _, rest = stat.partition(b"(")[2].rpartition(b") ")
    fields = rest.split()
    # proc(5): state is field 3, starttime 22.
    return ThreadStat(name.decode("utf-8", "backslashreplace"), rest[:1].decode("ascii", "replace"),
                  int(fields[19]) if len(fields) > 19 else 0)


def thread_stats(pid: int) -> dict:
    """tid -> Thread; empty if the process has ended."""
    found = {}
    try:
        tids = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return found
    for tid in tids[:SCAN_MAX]:
        entry = thread_stat(pid, int(tid))
        if entry is not None:
            found[int(tid)] = entry
    return found


def read_cpu(pid: int, stats: dict) -> None:
    """What each thread has had of a CPU, in its life: the first word of schedstat, in ns (Documentation/scheduler/
    sched-stats.rst). It may lack what the thread ran since the last tick of the kernel's clock."""
    for tid, entry in stats.items():
        word = schedstat(pid, tid).split(" ")[0]
        if word.isdigit():
            entry.cpu_us = int(word) // 1000


def schedstat(pid: int, tid: int) -> str:
    """Its schedstat, which changes whenever it runs: CPU time, time it waited for one, how often it came on one. "" where the
    kernel does not count."""
    text = _read_task_file(pid, tid, "schedstat")
    return "" if text.startswith("0 0 0") else text


def not_run_since(pid: int, tid: int, ran: str) -> bool:
    """Has it not run since `ran` was its schedstat? Its CPU time is brought up to date when it goes to sleep, and the times
    that it came on a CPU are counted: equal numbers and state S at their end are a sleep."""
    now = thread_stat(pid, tid)
    return now is not None and now.state == "S" and schedstat(pid, tid) == ran


def sleep_pc_sp(pid: int, tid: int):
    """(pc, stack pointer, number of the system call, its first argument) of a thread that sleeps in one (proc(5),
    syscall); None of any other, and where that is not told."""
    words = _read_task_file(pid, tid, "syscall").split()
    if len(words) != 9 or not words[0].isdigit():
        return None
    return int(words[8], 16), int(words[7], 16), int(words[0]), int(words[1], 16)


def _read_task_file(pid: int, tid: int, name: str) -> str:
    """"" where it cannot be read: `stack` is root's, `syscall` is for those who may trace."""
    try:
        return _read_file("/proc/%d/task/%d/%s" % (pid, tid, name)).decode("ascii", "replace")
    except OSError:
        return ""


def kernel_stack(pid: int, tid: int):
    """Where a thread sleeps in the kernel, as pairs of a `kernel` marker; None if it isn't in state D."""
    pairs = []
    wchan = _read_task_file(pid, tid, "wchan")
    call = _read_task_file(pid, tid, "syscall").split(" ")[0]
    if wchan not in ("", "0"):
        pairs.append(("wchan", wchan))
    if call.isdigit():
        pairs.append(("syscall", call))
    for line in _read_task_file(pid, tid, "stack").split("\n")[:KERNEL_FRAMES_MAX]:
        function = line.partition("] ")[2]  # "[<0>] kernel_clone+0x1af/0x3e0"
        if function:
            pairs.append(("frame", function))
    now = thread_stat(pid, tid)
    return pairs if now is not None and now.state == "D" else None


def is_stopped_by(pid: int, name: str) -> bool:
    """Does this signal stop the process? Not if it handles or ignores it."""
    number = int(getattr(signal, name))
    try:
        status = _read_file("/proc/%d/status" % pid)
    except OSError:
        return False
    for line in status.split(b"\n"):
        if line.startswith((b"SigIgn:", b"SigCgt:")) and int(line.split()[1], 16) >> (number - 1) & 1:
            return False
    return True


def stop_is_pending(pid: int) -> bool:
    """Has a thread a SIGSTOP of its own that it has not taken yet (proc(5), SigPnd)?"""
    for tid in thread_stats(pid):
        found = _read_task_file(pid, tid, "status").partition("\nSigPnd:")[2].split()
        if found and int(found[0], 16) >> (signal.SIGSTOP - 1) & 1:
            return True
    return False


def has_ended(pid: int, tid: int) -> bool:
    now = thread_stat(pid, tid)
    return now is None or now.state in ENDED


def can_stop(pid: int, tid: int) -> bool:
    """False for a thread that ended, or that no signal reaches (D)."""
    now = thread_stat(pid, tid)
    return now is not None and now.state != "D" and now.state not in ENDED


def same_namespace(pid: int, kind: str) -> bool:
    """True, too, where it cannot be told: then the ordinary case is assumed."""
    try:
        return os.readlink("/proc/%d/ns/%s" % (pid, kind)) == os.readlink("/proc/self/ns/" + kind)
    except OSError:
        return True


def root_link(pid: int) -> str:
    """The folder in which the target's own paths are found."""
    return "/proc/%d/root" % pid


def foreign_root(pid: int) -> str:
    """The same, but "" where the target's own paths are ours, too."""
    if chroot_prefix(pid) or not same_namespace(pid, "mnt"):
        return root_link(pid)
    return ""


def chroot_prefix(pid: int) -> str:
    """What the kernel puts before the target's own paths when it tells them to us: the folder that a chroot made its
    root; "" where there is none, or where it has other mounts, which have no place here."""
    try:
        folder = read_link(root_link(pid))
    except OSError:
        return ""
    return "" if folder == "/" else folder


def innermost_tid(pid: int, tid: int) -> int:
    """The thread's id in its own pid namespace: the last number of NSpid (Linux 4.1, proc(5))."""
    try:
        status = _read_file("/proc/%d/task/%d/status" % (pid, tid))
    except OSError:
        return tid
    for line in status.split(b"\n"):
        if line.startswith(b"NSpid:"):
            return int(line.split()[-1])
    return tid


def maps_text(pid: int) -> bytes:
    """/proc/PID/maps, b"" if it cannot be read."""
    try:
        file = os.open("/proc/%d/maps" % pid, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    pieces = []
    try:
        while len(pieces) < MAPS_PIECES_MAX:
            pieces.append(os.read(file, MAPS_PIECE))
            if not pieces[-1]:
                break
    except OSError:
        pass  # it has ended
    finally:
        os.close(file)
    return b"".join(pieces)


def _maps_rows(text: bytes) -> list:
    """The fields of each line of maps_text: range, permissions, offset, device, inode, path."""
    return [fields for fields in (line.split(None, 5) for line in text.split(b"\n")) if len(fields) >= 5]


def _address_range(fields: list) -> tuple:
    start, _, end = fields[0].partition(b"-")
    return int(start, 16), int(end, 16)


def mapped_code(text: bytes) -> list:
    """(start, end, offset into the file, path) of what is mapped executable from files, in order. text: maps_text."""
    found = []
    for fields in _maps_rows(text):
        if len(fields) == 6 and b"x" in fields[1] and fields[5].startswith(b"/"):
            start, end = _address_range(fields)
            # The kernel writes a newline so, and nothing else (proc(5)).
            path = path_text(fields[5].replace(b"\\012", b"\n"))
            found.append((start, end, int(fields[2], 16), path))
    return found


def vdso_range(text: bytes) -> tuple:
    """(start, end) of the code that the kernel maps into each process; nowhere: (0, 0). text: maps_text."""
    for fields in _maps_rows(text):
        if len(fields) == 6 and fields[5] == b"[vdso_range]":
            return _address_range(fields)
    return 0, 0


def file_mappings(maps: list) -> dict:
    """Of mapped_code's, (path, where the file's byte 0 would be) -> (start, end, offset) of the first that is there: a file
    may be mapped more than once (dlmopen)."""
    found = {}
    for start, end, offset, path in maps:
        found.setdefault((path, start - offset), (start, end, offset))
    return found


def stack_ranges(pid: int) -> dict:
    """tid -> (where its stack's youngest words are, how many bytes are worth a look), as far as it is known
    of a running thread: those that wait in a system call tell (proc(5), syscall); of the first one the
    stack's old end is known."""
    ranges = {}
    for fields in _maps_rows(maps_text(pid)):
        if len(fields) == 6 and fields[5] == b"[stack]":
            start, end = _address_range(fields)
            ranges[pid] = (max(start, end - 65536), 65536)
    for tid in thread_stats(pid):
        try:
            words = _read_file("/proc/%d/task/%d/syscall" % (pid, tid)).split()
        except OSError:
            continue
        if len(words) >= 3:
            ranges[tid] = (int(words[-2], 16), 16384)
    return ranges
