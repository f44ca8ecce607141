"""Loads the agent's modules outside gdb: `from agent_modules import load; elf = load("elf")`."""

import importlib
import sys
import types

from agent_scripts import Finder


class FakeEvent:
    @staticmethod
    def connect(_function):
        pass


class FakeEvents:
    stop = exited = FakeEvent


class FakeInferior:
    pid = 0


class FakeGdb(types.ModuleType):
    """The part of the module gdb that the agent's modules use when they are loaded, and in
    tests."""
    VERSION = "13.1"
    events = FakeEvents
    error = RuntimeError
    BreakpointEvent = type("BreakpointEvent", (), {})
    MemoryError = MemoryError
    INLINE_FRAME, TAILCALL_FRAME, SIGTRAMP_FRAME = 1, 2, 3
    FRAME_UNWIND_NO_REASON, FRAME_UNWIND_OUTERMOST = 0, 1

    @staticmethod
    def post_event(_function):
        pass

    @staticmethod
    def selected_inferior():
        return FakeInferior

    @staticmethod
    def parameter(_name):
        return "/usr/lib/debug"

    @staticmethod
    def _execute_unwinders(_frame):
        return None


class FakeUnwinder(types.ModuleType):
    Unwinder = object
    register_unwinder = None


sys.dont_write_bytecode = True
sys.modules["gdb"] = FakeGdb("gdb")
sys.modules["gdb.unwinder"] = FakeUnwinder("gdb.unwinder")
sys.meta_path.insert(0, Finder)


def load(name):
    """The module pmp_NAME."""
    return importlib.import_module("pmp_" + name)
