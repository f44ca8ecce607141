"""gdb's settings. gdb may write neither memory nor registers of a process, insert no breakpoint
and run no code of the target's; it loads no file by itself."""
import os

import gdb

from pmp_gdb_text import execute

SETTINGS = (
    "set confirm off",
    "set pagination off",
    "set width 0",
    "set height 0",
    # Names are bytes of the target: in this charset gdb accepts each byte (gdb_text.py).
    "set host-charset ISO-8859-1",
    "set auto-load off",
    "set may-insert-breakpoints off",
    "set may-write-memory off",
    "set may-write-registers off",
    "set may-call-functions off",
    "set exec-file-mismatch off",
    "set print thread-events off",
    "set print inferior-events off",
    "set print symbol-loading off",
    # Only symbols.py loads symbols. gdb also builds its own list of libraries, from names in the
    # target's memory, and opens each of them and the program: below /dev/null it finds none.
    "set auto-solib-add off",
    "set sysroot /dev/null",
    "set solib-search-path",
    # gdb learns of threads from the kernel. libthread_db would add pthread_self and thread-local
    # storage, at a cost in each stop.
    "set libthread-db-search-path /dev/null",
    "set source open off",
    # Needed for the inferior with the symbols, which has no program file to take them from.
    "set architecture i386:x86-64",
    "set language c",
    "handle all nostop noprint pass",
    "handle SIGINT SIGTRAP nostop noprint pass",
)


def apply_settings() -> None:
    """Executes SETTINGS, as far as this gdb has them."""
    for setting in SETTINGS:
        try:
            execute(setting)
        except gdb.error:
            pass  # this gdb is too old for the setting, and for the feature that it turns off
    folder = str(gdb.parameter("debug-file-directory"))
    if folder.endswith("/lib/debug") and not os.path.exists(folder):
        # This gdb has a prefix of its own; the debug files are those of the system.
        execute("set debug-file-directory %s:/usr/lib/debug" % folder)
