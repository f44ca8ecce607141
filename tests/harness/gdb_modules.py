"""For scripts that tests and benchmarks run inside gdb: makes the agent's modules importable
there."""

import sys
import time

import gdb

from agent_scripts import Finder

sys.dont_write_bytecode = True
sys.meta_path.insert(0, Finder)


def registers_of(thread):
    """The agent's Registers of a thread that this gdb has stopped."""
    import pmp_ptrace
    import pmp_registers
    return pmp_registers.from_bytes(pmp_ptrace.get_registers(thread.ptid[1]))


class Attached:
    """A process that this gdb is attached to, after it has read its symbols, as the agent does.
    Unlike there, the target's inferior has the symbols too."""

    def __init__(self, pid):
        import pmp_code_map
        import pmp_memory
        import pmp_native_names
        import pmp_symbolizer
        import pmp_perf_map
        import pmp_gdb_settings
        import pmp_symbols
        import pmp_unwinder

        pmp_gdb_settings.apply_settings()
        gdb.execute("handle SIGTRAP nopass", False, True)  # of a single step
        self.code = pmp_code_map.CodeMap(pid)
        self.symbols = pmp_symbols.Symbols(self.code)
        self.symbols.update()
        for file in self.code.files():
            try:
                gdb.execute("add-symbol-file %s -o 0x%x" % (file.file.name, file.bias), False, True)
            except gdb.error:
                pass  # a file without symbols
        self.memory = pmp_memory.Memory(pid)
        self.unwinder = pmp_unwinder.Unwinder(self.code)
        perf_map = pmp_perf_map.PerfMap(pid, "")
        names = pmp_native_names.NativeNames(self.code, self.memory)
        self.symbolizer = pmp_symbolizer.Symbolizer(self.code, self.symbols, perf_map, names)
        gdb.execute("attach %d" % pid, False, True)


def compare_rounds(pid, rounds, steps, compare):
    """Calls compare(thread) for each thread of a process that gdb is attached to, so many times.
    steps: numbers of instructions that it executes in between; (): it runs for some time."""
    for i in range(rounds):
        for thread in gdb.selected_inferior().threads():
            compare(thread)
        if steps:
            gdb.selected_inferior().threads()[-1].switch()
            gdb.execute("stepi %d" % steps[i % len(steps)], False, True)
        else:
            gdb.execute("detach", False, True)
            time.sleep(0.002)
            gdb.execute("attach %d" % pid, False, True)
