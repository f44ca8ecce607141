"""Artificial memory of a process with CPython, in the layout of each version, for the agent's
tests."""

import struct

from agent_modules import load

memory = load("memory")
layouts = load("layouts")
interpreter = load("interpreter")
python_files = load("python_files")

# The layouts of 3.13 and later: ordinary, and free-threaded with thread-local bytecode.
ROWS = dict(layouts.LAYOUTS)
ROWS["shim"] = {key: at for key, at in layouts.LAYOUTS[3, 12].items() if "cframe" not in key}
ROWS["shim"].update({"tstate.current_frame": 72, "str.kind_bit": 2})
ROWS["free-threaded"] = dict(
    ROWS["shim"], **{"frame.tlbc_index": 72, "frame.owner": 78, "frame.size": 80, "code.tlbc": 224,
                     "code.code_adaptive": 232, "str.kind_bit": 8})


SIZES = {"frame.owner": 1, "frame.is_entry": 1, "frame.lasti": 4, "frame.tlbc_index": 4,
         "code.firstlineno": 4}  # bytes; other fields have 8


class FakeMemory(memory.MemoryReader):
    """A Memory of SIZE bytes from BASE on, filled by the test; other addresses raise BadRead."""

    BASE, SIZE = 0x7f0000000000, 1 << 17

    def __init__(self):
        self.data = bytearray(self.SIZE)
        self.top = 64

    def put(self, data):
        """Stores bytes at the next free address, aligned for an object; the address."""
        addr = self.top
        self.data[addr:addr + len(data)] = data
        self.top = addr + (len(data) + 31 & ~15)
        return self.BASE + addr

    def word(self, addr, value, size=8):
        """Stores a little-endian number."""
        addr -= self.BASE
        self.data[addr:addr + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def read(self, addr, size):
        at = addr - self.BASE
        if not 0 <= at <= self.SIZE - size or size < 0:
            raise memory.BadRead("0x%x" % addr)
        return bytes(self.data[at:at + size])

    def pointer(self, addr):
        return struct.unpack("<Q", self.read(addr, 8))[0]


def put_text(fake, layout, text, compact=True):
    """Stores a str (2.7: a byte string); its address. compact: text in the object itself."""
    if layout["text"] == "bytes":
        data = text if isinstance(text, bytes) else text.encode()
        addr = fake.put(bytes(layout["bytes.data"]) + data + b"\0")
        fake.word(addr + layout["bytes.size"], len(data))
        return addr
    top = max([ord(c) for c in text] or [0])
    size, encoding = ((1, "latin-1") if top < 256 else
                      (2, "utf-16-le") if top < 65536 else (4, "utf-32-le"))
    data = text.encode(encoding, "surrogatepass") + bytes(size)
    state = size | compact << 3 | (top < 128) << 4
    begin = layout["str.ascii_data" if top < 128 else "str.compact_data"]
    if compact:
        addr = fake.put(bytes(begin) + data)
    else:
        addr = fake.put(bytes(layout["str.compact_data"] + 8))
        fake.word(addr + layout["str.compact_data"], fake.put(data))
    fake.word(addr + layout["str.length"], len(text))
    fake.word(addr + layout["str.state"], state << layout.get("str.kind_bit", 2) | 1, 4)
    return addr


class Image:
    """A process with one interpreter and one thread. groups: the runs of the eval loop, root first,
    each a tuple of function names, root first."""

    def __init__(self, layout, groups):
        self.layout, self.memory = layout, FakeMemory()
        self.stack = self.memory.put(bytes(4096))  # the C stack, with the runs' structures
        name = self.memory.put(b"code\0" + bytes(16))
        self.code_type = self.memory.put(bytes(64))
        self.memory.word(self.code_type + layout["type.name"], name)
        self.addrs = []  # addresses of the runs, innermost first
        self.codes = {}  # function name -> address
        self.state = self.memory.put(bytes(512))
        interp = self.memory.put(bytes(512))
        self.root = self.memory.put(bytes(256))
        self.memory.word(self.root + layout["runtime.interpreters_head"], interp)
        self.memory.word(interp + layout["interp.threads_head"], self.state)
        self.memory.word(self.state + layout["tstate.thread_id"], 77)
        self._link(groups)

    def _put(self, size, **pairs):
        addr = self.memory.put(bytes(size + 16))
        for key, value in pairs.items():
            key = key.replace("__", ".")
            self.memory.word(addr + self.layout[key], value, SIZES.get(key, 8))
        return addr

    def _code(self, name):
        if name not in self.codes:
            layout, fake = self.layout, self.memory
            table = fake.put(bytes(layout["bytes.data"]) + b"\0\0")
            self.codes[name] = self._put(
                256, code__name=put_text(fake, layout, name),
                code__filename=put_text(fake, layout, name + ".py"),
                code__linetable=table, code__firstlineno=7, object__type=self.code_type)
            if "code.tlbc" in layout:
                entries = fake.put(struct.pack("<QQQ", 2, 0, self.codes[name] + 4096))
                fake.word(self.codes[name] + layout["code.tlbc"], entries)
        return self.codes[name]

    def _frame(self, name, previous):
        code = self._code(name)
        tag = "tstate.current_frame" in self.layout
        pairs = {"frame__code": code | tag, "frame__previous": previous}
        if "frame.lasti" in self.layout:
            return self._put(self.layout["frame.size"], frame__lasti=0, **pairs)
        start = code + self.layout["code.code_adaptive"]
        if "frame.tlbc_index" in self.layout:
            pairs["frame__tlbc_index"], start = 1, code + 4096
        return self._put(self.layout["frame.size"], frame__instr=start, **pairs)

    def _link(self, groups):
        layout, fake, runs = self.layout, self.memory, self.layout["runs"]
        frame = cframe = 0
        at = self.stack + 4096
        if runs == "cframes":
            cframe = self.state + layout["tstate.root_cframe"]
        for group in groups:
            for i, name in enumerate(group):
                if i == 0 or runs in ("frames", "cframes"):
                    at -= 128
                    self.addrs.insert(0, at if runs != "frames" else 0)
                    if "cframe.current_frame" in layout and runs == "shim":
                        cframe = self._put(64, cframe__previous=cframe or self._put(64))
                    if runs == "shim":
                        fake.word(at + layout["frame.previous"], frame)
                        fake.word(at + layout["frame.owner"], 3, 1)
                        frame = at
                    elif runs != "frames":
                        fake.word(at + layout["cframe.previous"], cframe)
                        cframe = at
                frame = self._frame(name, frame)
                if runs == "is_entry":
                    fake.word(frame + layout["frame.is_entry"], i == 0, 1)
                if "cframe.current_frame" in layout:
                    fake.word(cframe + layout["cframe.current_frame"], frame)
        self.innermost = frame
        if not groups and "cframe.current_frame" in layout:
            cframe = self._put(64)
        for key, value in (("tstate.frame", frame), ("tstate.cframe", cframe),
                           ("tstate.current_frame", frame)):
            if key in layout:
                fake.word(self.state + layout[key], value)

    def file(self):
        """The python_files.PythonFile of the interpreter."""
        found = python_files.PythonFile("/python")
        found.root, found.version, found.minor = self.root, "3.0.0", "made up"
        return found

    def read(self):
        """[(address, names leaf first)] of the runs that the agent reads, innermost first."""
        python = interpreter.Interpreter("3.0.0", self.layout, self.root)
        states = python.thread_states(self.memory)
        return [(run.addr, [frame.code.name for frame in run.frames])
                for runs in python.runs(self.memory, states.get(77, [])) for run in runs]
