"""Generates text like `thread apply all bt` of a database server, of any length, for text.py.

varied: each line has its own address and arguments, so no two lines are equal. Otherwise a stack is
printed in the same way each time, as it is for waiting threads.
"""
import random

# A stack is one row of LEAVES, two rows of MIDDLES, and ROOT; each lists its frames from the leaf
# on.
LEAVES = (
    ("from /lib/x86_64-linux-gnu/libpthread.so.0", ("pthread_cond_wait@@GLIBC_2.3.2",)),
    ("from /lib/x86_64-linux-gnu/libc.so.6", ("poll",)),
    ("from /lib/x86_64-linux-gnu/libaio.so.1", ("io_getevents",)),
    ("from /lib/x86_64-linux-gnu/libc.so.6", ("pread64",)),
)
MIDDLES = (
    (("os_cond_wait", "event=0x{0:x}, mutex=0x{1:x}", "storage/innobase/os/os0sync.c"),
     ("os_event_wait_low", "event=0x{0:x}, reset_sig_count={2}", "storage/innobase/os/os0sync.c"),
     ("sync_array_wait_event", "arr=0x{1:x}, index={2}", "storage/innobase/sync/sync0arr.c"),
     ("rw_lock_s_lock_spin", "lock=0x{0:x}, pass={2}", "storage/innobase/sync/sync0rw.c"),
     ("buf_page_get_gen", "space={2}, offset={3}, rw_latch=1", "storage/innobase/buf/buf0buf.c"),
     ("btr_cur_search_to_nth_level", "index=0x{0:x}, level=0, tuple=0x{1:x}",
      "storage/innobase/btr/btr0cur.c"),
     ("row_search_for_mysql", "buf=0x{0:x} \"\\377\\020\", mode={2}",
      "storage/innobase/row/row0sel.c"),
     ("ha_innobase::index_read", "this=0x{0:x}, buf=0x{1:x} \"\\375\", key_len={2}",
      "handler/ha_innodb.cc")),
    (("vio_read_buff", "vio=0x{0:x}, buf=0x{1:x} \"\\001\", size=4", "vio/viosocket.c"),
     ("my_real_read", "net=0x{0:x}, complen=0x{1:x}", "sql/net_serv.cc"),
     ("my_net_read", "net=0x{0:x}", "sql/net_serv.cc"),
     ("do_command", "thd=0x{0:x}", "sql/sql_parse.cc")),
    (("handler::ha_write_row", "this=0x{0:x}, buf=0x{1:x} \"\\371\"", "sql/handler.cc"),
     ("write_record", "thd=0x{0:x}, table=0x{1:x}, info=0x{0:x}", "sql/sql_insert.cc"),
     ("mysql_insert", "thd=0x{0:x}, table_list=0x{1:x}, fields=..., ignore=false",
      "sql/sql_insert.cc"),
     ("mysql_execute_command", "thd=0x{0:x}", "sql/sql_parse.cc"),
     ("mysql_parse", "thd=0x{0:x}, rawbuf=0x{1:x} \"INSERT INTO t VALUES ({2})\", length={3}",
      "sql/sql_parse.cc"),
     ("dispatch_command", "command=COM_QUERY, thd=0x{0:x}, packet=0x{1:x} \"\"",
      "sql/sql_parse.cc")),
)
ROOT = (
    ("do_handle_one_connection", "thd_arg=0x{0:x}", "sql/sql_connect.cc"),
    ("handle_one_connection", "arg=0x{0:x}", "sql/sql_connect.cc"),
    ("start_thread", "arg=0x{0:x}", "nptl/pthread_create.c"),
    ("clone", "", "sysdeps/unix/sysv/linux/x86_64/clone.S"),
)


def frames_of(number):
    """The frames of stack `number` from the leaf on: (has an address, name, arguments, place)."""
    module, names = LEAVES[number % len(LEAVES)]
    for name in names:
        yield True, name, "", module
    for part in (MIDDLES[number % len(MIDDLES)], MIDDLES[number // 3 % len(MIDDLES)], ROOT):
        for line, (name, arguments, file) in enumerate(part):
            yield line > 0, name, arguments, "at %s:%d" % (file, 100 + 37 * line + number % 5)


def stack(numbers, which):
    lines = []
    for number, (has_address, name, arguments, place) in enumerate(frames_of(which)):
        address = "0x%016x in " % (0x550000000000 + numbers(1 << 40)) if has_address else ""
        values = arguments.format(0x7f0000000000 + numbers(1 << 36),
                                  0x7f0000000000 + numbers(1 << 36),
                                  numbers(1000), numbers(100000))
        name = name if name.endswith(")") else "%s (%s)" % (name, values)
        lines.append("#%-2d %s%s %s" % (number, address, name, place))
    return lines


def write(out, size, varied):
    """Writes at least `size` bytes to the binary file `out`. Returns the number of frames."""
    numbers = random.Random(1).randrange
    kept = [stack(numbers, which) for which in range(60)]
    frames = written = thread = 0
    while written < size:
        thread += 1
        which = numbers(len(kept))
        lines = stack(numbers, which) if varied else kept[which]
        text = "Thread %d (Thread 0x7f%010x (LWP %d)):\n%s\n\n" % (
            thread % 1000 + 1, thread % 1000 << 12, 4711 + thread % 1000, "\n".join(lines))
        written += out.write(text.encode())
        frames += len(lines)
    return frames


def jit_lines(numbers, parts):
    """A stack of a program without debug information, leaf first. Near its root it has a frame of
    code that a JIT compiler has made for it alone."""
    module, names = LEAVES[numbers(len(LEAVES))]
    frames = [(name, " " + module) for name in names]
    for _ in range(parts):
        frames += [(name, " from /usr/lib/libserver.so.1")
                   for name, _, _ in MIDDLES[numbers(len(MIDDLES))]]
    frames.append(("??", ""))
    frames += [(name, " from /lib/x86_64-linux-gnu/libc.so.6") for name, _, _ in ROOT]
    for number, (name, place) in enumerate(frames):
        at = numbers(1 << 40) if name == "??" else (len(name) << 12) + 16 * numbers(3)
        yield "#%-2d 0x%016x in %s ()%s" % (number, 0x7f0000000000 + at, name, place)


def write_jit(out, stacks):
    """Writes so many stacks, which all differ, to the binary file `out`. Returns the number of
    frames."""
    numbers = random.Random(1).randrange
    frames = 0
    for thread in range(stacks):
        lines = list(jit_lines(numbers, 4))
        out.write(("Thread %d (Thread 0x7f%010x (LWP %d)):\n%s\n\n" % (
            thread % 1000 + 1, thread % 1000 << 12, 4711 + thread % 1000,
            "\n".join(lines))).encode())
        frames += len(lines)
    return frames
