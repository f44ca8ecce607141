"""The target's files in /proc (proc(5)): threads, CPU times, sleeps, namespaces, mappings.

None of these functions needs a stopped target, and most are called while it runs. A thread or
process that has ended gives None, "" or an empty result, never an OSError, unless stated.
"""
import os

SCAN_MAX = 100000  # threads that are read of one process
KERNEL_FRAMES_MAX = 256
ENDED = "ZXx"  # states, proc_pid_stat(5)
FUTEX, RESTARTED = 202, 219  # arch/x86/entry/syscalls/syscall_64.tbl: futex, restart_syscall
# Bytes asked for in one read, and the number of reads: the kernel returns at most a page each time.
MAPS_PIECE, MAPS_PIECES_MAX = 1 << 16, 1 << 12


class ThreadStat:
    """One thread as in /proc/PID/task/TID/stat: name (comm), state (R, S, D, T, ...), start time
    (began, in clock ticks: the kernel reuses thread ids); and its CPU time."""
    __slots__ = ("name", "state", "began", "cpu_us")

    def __init__(self, name: str, state: str, began: int) -> None:
        self.name = name
        self.state = state
        self.began = began
        self.cpu_us = None  # since its start; set by read_cpu


def path_text(path: bytes) -> str:
    """Any path as text, in any locale; raw_path gives the same bytes again."""
    return path.decode("utf-8", "surrogateescape")


def raw_path(path: str) -> bytes:
    """The bytes of a path_text."""
    return path.encode("utf-8", "surrogateescape")


def read_link(path: str) -> str:
    """The target of a symbolic link, as path_text. OSError."""
    return path_text(os.readlink(path.encode("ascii")))


def _read_file(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(1 << 16)


def thread_stat(pid: int, tid: int):
    """The ThreadStat of one thread, None if it has ended. The command may contain any byte, so the
    last `)` ends it (proc(5))."""
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
    """{tid: ThreadStat}; empty if the process has ended."""
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
    """Sets cpu_us of each thread in `stats`: the first word of schedstat, which is in ns (Linux,
    Documentation/scheduler/sched-stats.rst). The time since the last scheduler tick may be
    missing."""
    for tid, entry in stats.items():
        word = schedstat(pid, tid).split(" ")[0]
        if word.isdigit():
            entry.cpu_us = int(word) // 1000


def schedstat(pid: int, tid: int) -> str:
    """A thread's schedstat: CPU time, run-queue wait, number of times it was scheduled. It changes
    whenever the thread runs. "" if the kernel does not count these."""
    text = _read_task_file(pid, tid, "schedstat")
    return "" if text.startswith("0 0 0") else text


def not_run_since(pid: int, tid: int, ran: str) -> bool:
    """Has the thread not run since its schedstat was `ran`? The kernel updates the CPU time when a
    thread goes to sleep and counts each time it is scheduled. So with equal numbers, and with state
    S afterwards, the thread slept all the time."""
    now = thread_stat(pid, tid)
    return now is not None and now.state == "S" and schedstat(pid, tid) == ran


def sleep_pc_sp(pid: int, tid: int):
    """(pc, stack pointer, system call number, its first argument) of a thread that sleeps in a
    system call (/proc/PID/task/TID/syscall). A futex call that was restarted after a stop has its
    own number. None for any other thread, or if it is unreadable."""
    words = _read_task_file(pid, tid, "syscall").split()
    if len(words) != 9 or not words[0].isdigit():
        return None
    call = int(words[0])
    if call == RESTARTED and "futex" in wchan(pid, tid):
        call = FUTEX
    return int(words[8], 16), int(words[7], 16), call, int(words[1], 16)


def _read_task_file(pid: int, tid: int, name: str) -> str:
    """A file of /proc/PID/task/TID; "" if it cannot be read: `stack` needs root, `syscall` needs
    ptrace permission."""
    try:
        return _read_file("/proc/%d/task/%d/%s" % (pid, tid, name)).decode("ascii", "replace")
    except OSError:
        return ""


def wchan(pid: int, tid: int) -> str:
    """The kernel function in which a thread sleeps, "" or "0" if it is unknown."""
    return _read_task_file(pid, tid, "wchan")


def kernel_stack(pid: int, tid: int):
    """[(key, value)] of a `kernel` marker: where a thread in state D sleeps in the kernel. None if
    it is not in state D."""
    pairs = []
    function = wchan(pid, tid)
    call = _read_task_file(pid, tid, "syscall").split(" ")[0]
    if function not in ("", "0"):
        pairs.append(("wchan", function))
    if call.isdigit():
        pairs.append(("syscall", call))
    for line in _read_task_file(pid, tid, "stack").split("\n")[:KERNEL_FRAMES_MAX]:
        function = line.partition("] ")[2]  # "[<0>] kernel_clone+0x1af/0x3e0"
        if function:
            pairs.append(("frame", function))
    now = thread_stat(pid, tid)
    return pairs if now is not None and now.state == "D" else None


def has_ended(pid: int, tid: int) -> bool:
    """Has the thread ended? True for a zombie as well."""
    now = thread_stat(pid, tid)
    return now is None or now.state in ENDED


def exec_mark(pid: int) -> tuple:
    """Numbers that change when the process executes a program: where its code and its stack are
    (proc(5): startcode, endcode, startstack). () if it has ended."""
    try:
        fields = _read_file("/proc/%d/stat" % pid).rpartition(b") ")[2].split()
    except OSError:
        return ()
    return tuple(fields[23:26])


def same_namespace(pid: int, kind: str) -> bool:
    """Is the process in this process's namespace of this kind ("pid", "mnt")? True if unknown: that
    is the ordinary case."""
    try:
        return os.readlink("/proc/%d/ns/%s" % (pid, kind)) == os.readlink("/proc/self/ns/" + kind)
    except OSError:
        return True


def root_link(pid: int) -> str:
    """The link to the target's root directory."""
    return "/proc/%d/root" % pid


def foreign_root(pid: int) -> str:
    """The link to the target's root directory, "" if the target's paths are valid here too."""
    if chroot_prefix(pid) or not same_namespace(pid, "mnt"):
        return root_link(pid)
    return ""


def chroot_prefix(pid: int) -> str:
    """The prefix that the kernel adds to the target's paths when this process reads them: the
    directory of its chroot. "" if it has none, or if its root is in another mount namespace."""
    try:
        folder = read_link(root_link(pid))
    except OSError:
        return ""
    return "" if folder == "/" else folder


def parent_pid(pid: int) -> int:
    """The pid of a process's parent, 0 if it is unknown."""
    try:
        status = _read_file("/proc/%d/status" % pid)
    except OSError:
        return 0
    for line in status.split(b"\n"):
        if line.startswith(b"PPid:"):
            return int(line.split()[-1])
    return 0


def children(pid: int) -> list:
    """[pid] of the children of a process, [] if they are unknown (CONFIG_PROC_CHILDREN)."""
    found = []
    for tid in thread_stats(pid):
        try:
            found += _read_file("/proc/%d/task/%d/children" % (pid, tid)).split()
        except OSError:
            pass
    return [int(child) for child in found]


def inner_tids(pid: int, tids) -> dict:
    """{tid in the target's pid namespace: tid here}."""
    if same_namespace(pid, "pid"):
        return {tid: tid for tid in tids}
    return {innermost_tid(pid, tid): tid for tid in tids}


def innermost_tid(pid: int, tid: int) -> int:
    """The thread's id in its own pid namespace: the last number of NSpid (Linux 4.1). `tid` if it
    is unknown."""
    try:
        status = _read_file("/proc/%d/task/%d/status" % (pid, tid))
    except OSError:
        return tid
    for line in status.split(b"\n"):
        if line.startswith(b"NSpid:"):
            return int(line.split()[-1])
    return tid


def maps_text(pid: int) -> bytes:
    """The content of /proc/PID/maps, b"" if it cannot be read."""
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
    """[range, permissions, offset, device, inode, path if there is one] of each line."""
    rows = (line.split(None, 5) for line in text.split(b"\n"))
    return [fields for fields in rows if len(fields) >= 5]


def _address_range(fields: list) -> tuple:
    start, _, end = fields[0].partition(b"-")
    return int(start, 16), int(end, 16)


def mapped_code(text: bytes) -> list:
    """[(start, end, offset into the file, path)] of the executable mappings of files, in order of
    addresses. text: maps_text."""
    found = []
    for fields in _maps_rows(text):
        if len(fields) == 6 and b"x" in fields[1] and fields[5].startswith(b"/"):
            start, end = _address_range(fields)
            # The kernel escapes a newline in this way, and no other character (proc(5)).
            path = path_text(fields[5].replace(b"\\012", b"\n"))
            found.append((start, end, int(fields[2], 16), path))
    return found


# No code that a JIT compiler has made; on the stack there may be a trampoline of GNU C's.
OTHER_CODE = (b"[vdso]", b"[vsyscall]", b"[stack]")
# Beginnings of the paths of memory, in which .NET and others keep generated code (those that perf
# takes for anonymous, tools/perf/util/map.c).
SHARED_MEMORY = (b"/memfd:", b"/dev/zero", b"//anon", b"/SYSV", b"/anon_hugepage")


def generated_code(text: bytes) -> list:
    """[(start, end)] of the executable mappings of memory, in order of addresses: code that the
    program has made itself, as JIT compilers do. text: maps_text."""
    found = []
    for line in text.split(b"\n"):
        fields = line.split(None, 5) if b"x" in line[:64] else ()
        if len(fields) < 5 or b"x" not in fields[1]:
            continue
        path = fields[5] if len(fields) == 6 else b""
        if path.startswith(SHARED_MEMORY) or path[:1] != b"/" and path not in OTHER_CODE:
            found.append(_address_range(fields))
    return found


def vdso_range(text: bytes) -> tuple:
    """(start, end) of the vdso, the code that the kernel maps into each process; (0, 0) if it has
    none. text: maps_text."""
    for fields in _maps_rows(text):
        if len(fields) == 6 and fields[5] == b"[vdso]":
            return _address_range(fields)
    return 0, 0


def file_mappings(maps: list) -> dict:
    """{(path, address of the file's byte 0): (start, end, offset) of its first mapping}. A file may
    be mapped at several addresses (dlmopen). maps: rows of mapped_code."""
    found = {}
    for start, end, offset, path in maps:
        found.setdefault((path, start - offset), (start, end, offset))
    return found


def stack_ranges(pid: int) -> dict:
    """{tid: (address of the innermost stack words, bytes to read)}, where known without a stop. For
    a thread in a system call, /proc/PID/task/TID/syscall has the stack pointer; for the first
    thread the outer end of its stack is known from the mappings."""
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
