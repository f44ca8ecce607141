"""Ruby's locks: what a thread waits for, by its rb_thread_t and by the objects whose methods wait.

Sources (3.0 to 3.4): thread_sync.c (rb_mutex_t: the fiber that owns it is first; names of the data
types), thread.c (thread_data_type), vm_core.h (rb_thread_t.locking_mutex), ext/monitor/monitor.c.
"""
import pmp_ruby_vm as ruby_vm
from pmp_memory import BadRead
from pmp_ruby_frames import C_FILE
from pmp_ruby_text import T_FILE, data_of, object_head
from pmp_wait_marker import Wait

FRAMES_MAX = 6  # frames between the program's frame and the wait
INTERNAL = "<internal:"  # files of Ruby's own methods
MUTEX_OWNER = 0  # offset of the owner's fiber in a rb_mutex_t
# Methods -> words about their object.
METHODS = {"pop": "empty", "shift": "empty", "deq": "empty", "push": "full", "<<": "full",
           "enq": "full", "wait": "", "join": "", "value": ""}
# Methods of IO that wait for data: Ruby polls the file and a descriptor of its own.
READS = ("recv", "recvfrom", "recvmsg", "read", "readpartial", "sysread", "gets", "getc", "getbyte",
         "readline", "readlines", "readchar", "each_line", "__read_nonblock")
# Name of the object's data type -> kind of the wait.
KINDS = {"queue": "queue", "sized_queue": "queue", "condvar": "condition", "VM/thread": "join"}


class RubyLocks:
    """Finds the waits of threads in one stop."""

    def __init__(self, ruby, memory, samples: list) -> None:
        """ruby: ruby_vm.Ruby; samples: [ThreadSample] of all threads."""
        self._ruby, self._memory = ruby, memory
        self._tids, self._fibers = {}, {}  # {rb_thread_t: tid}, {its current rb_fiber_t: tid}
        for sample in samples:
            for thread in sample.states:
                self._tids[thread] = sample.tid
                self._add_fiber(thread, sample.tid)

    def find_wait(self, sample):
        """The Wait of a stopped thread; None if it does not wait for an object of Ruby's."""
        if sample.activity == ruby_vm.WAITS:
            return Wait("gil", word=sample.futex_word)
        if sample.state == "R" or not sample.states:
            return None
        try:
            return self._mutex(sample.states[0]) or self._by_frames(sample)
        except BadRead:
            return None

    # Parts of these.

    def _add_fiber(self, thread: int, tid: int) -> None:
        try:
            context = self._ruby.context(self._memory, thread)
            fiber = self._memory.pointer(context + self._ruby.layout["context.fiber"])
        except BadRead:
            return
        self._fibers[fiber] = tid

    def _mutex(self, thread: int):
        """The Wait for the Mutex that the thread wants to lock, None."""
        mutex = self._memory.pointer(thread + self._ruby.layout["thread.locking_mutex"])
        if mutex <= 8:  # 0, false or nil
            return None
        name, data = data_of(self._memory, mutex)
        if name != "mutex":
            return None
        owner = self._memory.pointer(data + MUTEX_OWNER)
        return Wait("mutex", mutex, type_="Ruby", owner=self._fibers.get(owner, 0))

    def _by_frames(self, sample):
        """The Wait in one of the methods of Ruby's own library at the leaf."""
        frames = [frame for run in sample.runs for frame in run.frames][:FRAMES_MAX]
        for number, frame in enumerate(frames):
            if frame.code.file != C_FILE and not frame.code.file.startswith(INTERNAL):
                break
            if frame.code.name == "sleep" and not number and not self._data(frame)[0]:
                return Wait("sleep")
            if frame.code.name in READS and self._is_file(frame):
                return Wait("read")
            found = self._wait_of(frame)
            if found is not None:
                return found
        return None

    def _wait_of(self, frame):
        name, data = self._data(frame)
        if name not in KINDS or frame.code.name not in METHODS:
            return None
        kind, words = KINDS[name], METHODS[frame.code.name]
        if kind == "join":
            return Wait(kind, data, owner=self._tids.get(data, 0))
        obj = self._ruby.frames.self_of(self._memory, frame)
        return Wait(kind, obj, type_=words)

    def _is_file(self, frame) -> bool:
        try:
            object_head(self._memory, self._ruby.frames.self_of(self._memory, frame), T_FILE)
        except BadRead:
            return False
        return True

    def _data(self, frame) -> tuple:
        """data_of the frame's object; ("", 0) if it wraps no C struct."""
        try:
            return data_of(self._memory, self._ruby.frames.self_of(self._memory, frame))
        except BadRead:
            return "", 0
