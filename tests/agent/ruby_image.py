"""Artificial memory of a process with Ruby, in the layout of each version, for test_ruby."""

import struct

from python_image import FakeMemory, memory
from agent_modules import load

layouts = load("ruby_layouts")
ruby_text = load("ruby_text")

MAGIC = {"method": 0x11110001, "block": 0x22220001, "main": 0x77770001, "cfunc": 0x55550001,
         "ifunc": 0x66660001, "dummy": 0x79990001}
FINISH = 0x20
FREE = 2048  # bytes of a struct: more than any offset in it
STACK_WORDS = 256


class RubyMemory(FakeMemory):
    """A FakeMemory with read_some."""

    def read_some(self, addr, size):
        left = self.BASE + self.SIZE - addr
        return self.read(addr, min(size, left) if addr >= self.BASE else size)


def put_string(fake, layout, text, embedded=True):
    """Stores a String; its address."""
    data = text.encode() + b"\0"
    if not embedded:
        at = fake.put(data)
        return fake.put(struct.pack("<QQQQQ", 5 | 1 << 13, 0, len(data) - 1, at, 0))
    if layout["strings"] == "bits":
        return fake.put(struct.pack("<QQ", 5 | len(data) - 1 << 14, 0) + data.ljust(24, b"\0"))
    return fake.put(struct.pack("<QQQ", 5, 0, len(data) - 1) + data.ljust(16, b"\0"))


def put_array(fake, items, embedded=False):
    """Stores an Array; its address."""
    data = b"".join(struct.pack("<Q", item) for item in items)
    if embedded:
        return fake.put(struct.pack("<QQ", 7 | 1 << 13, 0) + data.ljust(24, b"\0"))
    return fake.put(struct.pack("<QQQQQ", 7, 0, len(items), 0, fake.put(data)))


def make_index(positions, size):
    """The bytes of a succ_index_table for the positions at which entries begin."""
    ranks = [sum(1 for at in positions if at <= position) for position in range(max(size, 54))]
    words = [sum(ranks[i * 9 + j] << j * 7 for j in range(9)) for i in range(6)]
    data = struct.pack("<6Q", *words)
    for start in range(54, size, 512):
        bits = [sum(1 << at - start - 64 * i for at in positions
                    if start + 64 * i <= at < start + 64 * i + 64) for i in range(8)]
        counts = [bin(word).count("1") for word in bits]
        small = sum(sum(counts[:i + 1]) << i * 9 for i in range(7))
        before = sum(1 for at in positions if at < start)
        data += struct.pack("<IIQ8Q", before, 0, small, *bits)
    return data


def put_code(fake, layout, name, file, lines, first_line=1, size=200):
    """Stores a rb_iseq_t; (its address, that of its instructions). lines: {position: line}."""
    row = layout.get
    body, encoded = fake.put(bytes(FREE)), fake.put(struct.pack("<Q", 0x5000) * size)
    table = b"".join(struct.pack("<i", line).ljust(row("line.size"), b"\0")
                     for line in lines.values())
    fake.word(body + row("body.size"), size, 4)
    for key, value in (("body.encoded", encoded), ("body.path", file), ("body.label", name),
                       ("body.lines", fake.put(table)),
                       ("body.lines_index", fake.put(make_index(list(lines), size)))):
        fake.word(body + row(key), value)
    fake.word(body + row("body.lines_count"), len(lines), 4)
    line = first_line << 1 | 1 if layout["lines"] == "fixnum" else first_line
    fake.word(body + row("body.first_line"), line, 8 if layout["lines"] == "fixnum" else 4)
    return fake.put(struct.pack("<QQQ", 0x1a | 7 << 12, 0, body)), encoded


def put_stack(fake, layout, frames):
    """Stores an execution context; its address. frames: [(kind, flags, code, position, self,
    method entry)], innermost first; code: (rb_iseq_t, instructions) or None."""
    stack, size = fake.put(bytes(8 * STACK_WORDS)), layout["frame.size"]
    at = stack + 8 * STACK_WORDS - size * len(frames)
    for i, (kind, flags, code, position, self, entry) in enumerate(frames):
        frame, ep = at + i * size, stack + 8 * (8 * (len(frames) - i) + 2)
        fake.word(ep - 16, entry)
        fake.word(ep, MAGIC[kind] | flags)
        fake.word(frame + layout["frame.ep"], ep)
        fake.word(frame + layout["frame.self"], self)
        if code:
            fake.word(frame + layout["frame.iseq"], code[0])
            fake.word(frame + layout["frame.pc"], code[1] + 8 * position)
    return fake.put(struct.pack("<QQQ", stack, STACK_WORDS, at).ljust(FREE, b"\0"))


def put_list(fake, head, nodes):
    """Links the nodes in a list_head."""
    chain = [head] + nodes + [head]
    for node, after in zip(chain, chain[1:]):
        fake.word(node, after)


def put_vm(fake, layout, contexts, waiting=()):
    """Stores a VM with a thread for each context, whose pthread_self is 0x100, 0x200, ...; the
    address of ruby_current_vm_ptr and the rb_thread_ts. waiting: indexes of those that wait for the
    GVL; the first thread owns it."""
    vm, ractor = fake.put(bytes(FREE)), fake.put(bytes(FREE))
    threads = [fake.put(bytes(FREE)) for _ in contexts]
    for i, (thread, context) in enumerate(zip(threads, contexts)):
        owner = thread
        if "thread.native" in layout:
            owner = fake.put(bytes(64))
            fake.word(thread + layout["thread.native"], owner)
        fake.word(owner + layout["thread.ident"], 0x100 * (i + 1))
        fake.word(thread + layout["thread.context"], context)
    put_list(fake, vm + layout["vm.ractors"], [ractor + layout["ractor.node"]])
    put_list(fake, ractor + layout["ractor.threads"],
             [thread + layout["thread.node"] for thread in threads])
    put_list(fake, ractor + layout["gvl.queue"],
             [threads[i] + layout["thread.queue_node"] for i in waiting])
    fake.word(ractor + layout["gvl.owner"], threads[0])
    return fake.put(struct.pack("<Q", vm)), threads


def put_symbols(fake, layout, names):
    """Stores a rb_symbols_t with these names, {serial number: name}; its address."""
    part = [0] * 1024
    for serial, name in names.items():
        part[2 * serial] = put_string(fake, layout, name)
    ids = put_array(fake, [put_array(fake, part)])
    return fake.put(struct.pack("<QQQQ", 500, 0, ids, 0))


def make_process(layout):
    """(RubyMemory, ruby_current_vm_ptr, rb_symbols_t, [rb_thread_t]): the first thread runs `work`
    in a block of `each`, the second waits for the GVL."""
    fake = RubyMemory()
    symbols = put_symbols(fake, layout, {ord("+"): "+", 200: "each"})
    file = put_array(fake, [put_string(fake, layout, "/srv/a_longer_name.rb", False), 4], True)
    main = put_code(fake, layout, put_string(fake, layout, "<main>"), file, {0: 1, 60: 30})
    block = put_code(fake, layout, put_string(fake, layout, "block in <main>", False), file,
                     {0: 31}, 31)
    work = put_code(fake, layout, put_string(fake, layout, "work"), file, {0: 4, 3: 5, 9: 7}, 4)
    entry = fake.put(struct.pack("<QQQQQ", 0, 0, 0, 200 << 4 | 1, 0))
    first = put_stack(fake, layout, [
        ("method", 0, work, 4, 0, 0), ("block", FINISH, block, 2, 0, 0),
        ("cfunc", 0x80, None, 0, 0, entry), ("main", FINISH, main, 150, 0, 0),
        ("dummy", 0, None, 0, 0, 0)])
    second = put_stack(fake, layout, [("block", FINISH, block, 2, 0, 0)])
    root, threads = put_vm(fake, layout, [first, second], waiting=[1])
    return fake, root, symbols, threads


BadRead = memory.BadRead
