"""Made-up memory of a process with CPython in it, in the layout of each version, for the agent's tests."""

import struct

from agent_modules import load

memory = load("memory")
layouts = load("layouts")
interpreter = load("interpreter")
python_files = load("python_files")

# 3.13 and later as their builds would tell it: ordinary, and free-threaded with copies of the bytecode.
ROWS = dict(layouts.LAYOUTS)
ROWS["shim"] = {key: at for key, at in layouts.LAYOUTS[3, 12].items() if "cframe" not in key}
ROWS["shim"].update({"tstate.current_frame": 72, "str.kind_bit": 2})
ROWS["free-threaded"] = dict(
    ROWS["shim"], **{"frame.tlbc_index": 72, "frame.owner": 78, "frame.size": 80, "code.tlbc": 224,
                     "code.code_adaptive": 232, "str.kind_bit": 8})


class FakeMemory:
    """Words and bytes at addresses of one's own; whatever is not there cannot be read."""

    BASE, SIZE = 0x7f0000000000, 1 << 17

    def __init__(self):
        self.data = bytearray(self.SIZE)
        self.top = 64

    def put(self, data):
        """Its address; aligned as an object."""
        addr = self.top
        self.data[addr:addr + len(data)] = data
        self.top = addr + (len(data) + 31 & ~15)
        return self.BASE + addr

    def word(self, addr, value, size=8):
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
    if layout["text"] == "bytes":
        data = text if isinstance(text, bytes) else text.encode()
        addr = fake.put(bytes(layout["bytes.data"]) + data + b"\0")
        fake.word(addr + layout["bytes.size"], len(data))
        return addr
    top = max([ord(c) for c in text] or [0])
    size, encoding = (1, "latin-1") if top < 256 else (2, "utf-16-le") if top < 65536 else (4, "utf-32-le")
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
    """A process with one interpreter and one thread, whose stack is made up of groups: each is a run of the eval
    loop with its functions, root first."""

    def __init__(self, layout, groups):
        self.layout, self.memory = layout, FakeMemory()
        self.stack = self.memory.put(bytes(4096))  # where the runs' structures lie
        name = self.memory.put(b"code\0" + bytes(16))
        self.code_type = self.memory.put(bytes(64))
        self.memory.word(self.code_type + layout["type.name"], name)
        self.addrs = []  # of the runs, innermost first
        self.codes = {}
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
            narrow = key in ("frame.owner", "frame.is_entry")
            wide = 1 if narrow else 4 if key in ("frame.lasti", "frame.tlbc_index", "code.firstlineno") else 8
            self.memory.word(addr + self.layout[key], value, wide)
        return addr

    def _code(self, name):
        if name not in self.codes:
            layout, fake = self.layout, self.memory
            table = fake.put(bytes(layout["bytes.data"]) + b"\0\0")
            self.codes[name] = self._put(
                256, code__name=put_text(fake, layout, name), code__filename=put_text(fake, layout, name + ".py"),
                code__linetable=table, code__firstlineno=7, object__type=self.code_type)
            if "code.tlbc" in layout:
                entries = fake.put(struct.pack("<QQQ", 2, 0, self.codes[name] + 4096))
                fake.word(self.codes[name] + layout["code.tlbc"], entries)
        return self.codes[name]

    def _frame(self, name, previous):
        code = self._code(name)
        pairs = {"frame__code": code | ("tstate.current_frame" in self.layout), "frame__previous": previous}
        if "frame.lasti" in self.layout:
            return self._put(self.layout["frame.size"], frame__lasti=0, **pairs)
        start = code + self.layout["code.code_adaptive"]
        if "frame.tlbc_index" in self.layout:
            pairs["frame__tlbc_index"], start = 1, code + 4096
        return self._put(self.layout["frame.size"], frame__instr=start, **pairs)

    def _link(self, groups):
        layout, fake, way = self.layout, self.memory, self.layout["runs"]
        frame = cframe = 0
        at = self.stack + 4096
        if way == "cframes":
            cframe = self.state + layout["tstate.root_cframe"]
        for group in groups:
            for i, name in enumerate(group):
                if i == 0 or way in ("frames", "cframes"):
                    at -= 128
                    self.addrs.insert(0, at if way != "frames" else 0)
                    if "cframe.current_frame" in layout and way == "shim":
                        cframe = self._put(64, cframe__previous=cframe or self._put(64))
                    if way == "shim":
                        fake.word(at + layout["frame.previous"], frame)
                        fake.word(at + layout["frame.owner"], 3, 1)
                        frame = at
                    elif way != "frames":
                        fake.word(at + layout["cframe.previous"], cframe)
                        cframe = at
                frame = self._frame(name, frame)
                if way == "is_entry":
                    fake.word(frame + layout["frame.is_entry"], i == 0, 1)
                if "cframe.current_frame" in layout:
                    fake.word(cframe + layout["cframe.current_frame"], frame)
        self.innermost = frame
        if not groups and "cframe.current_frame" in layout:
            cframe = self._put(64)
        for key, value in (("tstate.frame", frame), ("tstate.cframe", cframe), ("tstate.current_frame", frame)):
            if key in layout:
                fake.word(self.state + layout[key], value)

    def file(self):
        found = python_files.PythonFile("/python")
        found.root, found.version, found.minor = self.root, "3.0.0", "made up"
        return found

    def read(self):
        """(address, names leaf first) of each run, innermost first."""
        python = interpreter.Interpreter("3.0.0", self.layout, self.root)
        states = python.thread_states(self.memory)
        return [(run.addr, [frame.code.name for frame in run.frames])
                for runs in python.runs(self.memory, states.get(77, [])) for run in runs]
