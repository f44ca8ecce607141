"""A FUSE file system with one file that never answers, until it is told to.

    with Mount(folder) as mount:
        open(mount.path).read()     # sleeps in the kernel, in request_wait_answer
        mount.answer()              # now it is read, and later reads at once

The numbers and structures are those of linux/fuse.h (version 7.12 of the protocol, which all later
kernels speak). The server is a process of its own.
"""

import ctypes
import errno
import os
import select
import signal
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 18, 25, 26
INTERRUPT, BATCH_FORGET = 36, 42
NO_ANSWER = (FORGET, INTERRUPT, BATCH_FORGET)
HEADER = struct.Struct("<IIQQIIII")  # length, opcode, unique, node, uid, gid, pid, padding
ANSWER = struct.Struct("<IiQ")  # length, error, unique
MNT_DETACH = 2
ROOT, FILE, TEXT = 1, 2, b"at last\n"
S_IFDIR, S_IFREG = 0o40755, 0o100644
DIRECT_IO = 1  # of `open`: each read asks the server


def attributes(node):
    """struct fuse_attr."""
    mode, size = (S_IFDIR, 0) if node == ROOT else (S_IFREG, len(TEXT))
    return struct.pack("<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


class Server:
    def __init__(self, device, told):
        self.device, self.told = device, told
        self.waiting, self.answers = [], False

    def reply(self, unique, data=b"", error=0):
        try:
            os.write(self.device, ANSWER.pack(ANSWER.size + len(data), -error, unique) + data)
        except OSError:
            pass  # who asked has been killed

    def serve(self):
        while True:
            ready = select.select([self.device] + ([] if self.answers else [self.told]), [], [])[0]
            if self.told in ready:
                self.answers = True
                for request in self.waiting:
                    self.reply_read(request)
            if self.device in ready:
                self.handle(os.read(self.device, 1 << 17))

    def reply_read(self, request):
        offset, size = struct.unpack_from("<QI", request, HEADER.size + 8)  # struct fuse_read_in
        self.reply(HEADER.unpack_from(request)[2], TEXT[offset:offset + size])

    def handle(self, request):
        _, opcode, unique, node = HEADER.unpack_from(request)[:4]
        if opcode == INIT:
            self.reply(unique, struct.pack("<IIIIHHI", 7, 12, 0, 0, 0, 0, 4096))
        elif opcode == LOOKUP:
            self.reply(unique, struct.pack("<QQQQII", FILE, 0, 0, 0, 0, 0) + attributes(FILE))
        elif opcode == GETATTR:
            self.reply(unique, struct.pack("<QII", 0, 0, 0) + attributes(node))
        elif opcode == OPEN:
            self.reply(unique, struct.pack("<QII", 0, DIRECT_IO, 0))
        elif opcode == READ and not self.answers:
            self.waiting.append(request)
        elif opcode == READ:
            self.reply_read(request)
        elif opcode in (RELEASE, FLUSH):
            self.reply(unique)
        elif opcode not in NO_ANSWER:
            self.reply(unique, error=errno.ENOSYS)


class Mount:
    """OSError if it is not permitted, or the kernel has no FUSE."""

    def __init__(self, folder):
        self.folder, self.path = folder, os.path.join(folder, "file")
        device = os.open("/dev/fuse", os.O_RDWR)
        told, self.tell = os.pipe()
        options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d" % (device, os.getuid(), os.getgid())
        if LIBC.mount(b"restless", folder.encode(), b"fuse", ctypes.c_ulong(0), options.encode()):
            number = ctypes.get_errno()
            os.close(device)
            raise OSError(number, "mount: " + os.strerror(number))
        self.pid = os.fork()
        if not self.pid:
            try:
                os.close(self.tell)
                Server(device, told).serve()
            finally:
                os._exit(1)
        os.close(device)
        os.close(told)

    def answer(self):
        os.write(self.tell, b"x")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer()
        os.close(self.tell)
        LIBC.umount2(self.folder.encode(), MNT_DETACH)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
