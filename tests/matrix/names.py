"""Which native frames have a name: of the interpreter and its extension modules, in a program that
uses some 40 types and modules written in C (cases/builtins_work.py).

own     of all such frames below a Python frame, the share with a name
shown   of the weight that ends in native frames as pmp shows them, the share whose frame has one
wrong   names that the interpreter itself has not for the function (cases/method_addresses.py)
"""

import json
import os
import re

from agent_modules import load
from method_names import is_right, told
from profiles import Profile
from sample import start_program
from tap import pmp

NAME = "builtins_work"
SAMPLES, RATE = 400, 50
OWN_LEAST, SHOWN_LEAST = 0.7, 0.95
FRAME = re.compile(r"#\d+ +0x([0-9a-f]+) in (.*) \(\)(?: from (.*)| at .*)?$")
NAMELESS = re.compile(r"fn 0x|0x|\?\?")
MODULE = re.compile(r"~pmp module .*\bpath=(\S+).*\bpython=1")


class Names:
    """The result: own, shown (0 to 1), judged (number of names), wrong [text]."""

    def __init__(self, raw, profile, truth, start_of):
        """raw: pmp's text; truth: as method_names.told; start_of(pc): of its function, or None."""
        modules = set(MODULE.findall(raw))
        named, frames = 0, set()
        total = 0
        for pc, name, _ in native_frames(raw, modules):
            total += 1
            named += not NAMELESS.match(name)
            frames.add((pc, name))
        self.own = named / total if total else 0
        self.shown = shown_share(profile, {module.rpartition("/")[2] for module in modules})
        self.judged, self.wrong = 0, []
        for pc, name in frames:
            start = start_of(pc - 1)
            if start in truth and not NAMELESS.match(name):
                self.judged += 1
                if "." in name and not is_right(name, truth[start]):
                    self.wrong.append("%s is %s" % (name, sorted(truth[start])[:3]))


def native_frames(raw, modules):
    """Yields (pc, name, module) of each native frame of these modules that has a Python frame below
    it or above it, but runs none itself."""
    stack = []
    for line in raw.split("\n") + ["Thread"]:
        match = FRAME.match(line)
        if match:
            stack.append([int(match.group(1), 16), match.group(2), match.group(3), False])
        elif line.startswith("  File ") and stack:
            stack[-1][3] = True
        elif line.startswith("Thread"):
            last = max([at for at, frame in enumerate(stack) if frame[3]], default=-1)
            for pc, name, module, runs_python in stack[:last + 1]:
                if module in modules and not runs_python:
                    yield pc, name, module
            stack = []


def shown_share(profile, modules):
    total = nameless = 0
    for path in profile.paths():
        node, weight = path[-1], path[-1].get("self", 0)
        if node["kind"] == "native" and node.get("module", "").rpartition("/")[2] in modules:
            total += weight
            nameless += weight if NAMELESS.match(str(node["frame"])) else 0
    return 1 - nameless / total if total else 0


def measure(build, folder):
    """The Names of one build. AssertionError if it cannot be sampled."""
    raw, path = os.path.join(folder, "names.raw"), os.path.join(folder, "names.yaml")
    program, _ = start_program(build, folder, [NAME])
    with program:
        program.await_line("ready")
        result = pmp("-p", program.pid, "-n", SAMPLES, "-r", RATE, "-q", "-o", path, "--save-raw",
                     raw, limit=120)
        if result.code:
            raise AssertionError(str(result))
        rows = json.loads(re.search(r"(?m)^\[\[.*\]\]$", program.printed).group())
        code = load("code_map").CodeMap(program.pid)
        code.update()

        def start_of(pc):
            found = code.function_range(pc)
            return found[0] if found else None
        with open(raw, encoding="utf-8", errors="replace") as file:
            names = Names(file.read(), Profile.load(path), told(rows), start_of)
        for file in code.files():
            file.file.close()
        return names
