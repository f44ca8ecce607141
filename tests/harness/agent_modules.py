"""Loads the agent's modules outside gdb: `from agent_modules import load; elf = load("elf")`."""

import importlib
import sys
import types

from agent_scripts import Finder


class FakeGdb(types.ModuleType):
    """The part of the module gdb that the agent's modules use when they are loaded, and in
    tests."""
    VERSION = "13.1"
    error = RuntimeError

    @staticmethod
    def execute(*_):
        return ""

    @staticmethod
    def post_event(_function):
        pass

    @staticmethod
    def parameter(_name):
        return "/usr/lib/debug"


sys.dont_write_bytecode = True
sys.modules["gdb"] = FakeGdb("gdb")
sys.meta_path.insert(0, Finder)


def load(name):
    """The module pmp_NAME."""
    return importlib.import_module("pmp_" + name)


def load_agent():
    """The module agent, which acts when it is loaded: here it changes and writes nothing."""
    ptrace, markers = load("ptrace"), load("markers")
    ptrace.refusal, ptrace.die_with_parent = lambda: "", lambda *_: None
    markers.write_lines = lambda _lines: None
    return load("agent")
