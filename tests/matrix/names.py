"""Which native frames have a name: of the interpreter and its extension modules, in a program that
uses some 40 types and modules written in C (cases/builtins_work.py).

own     with --glue, of all such frames that a Python frame has called, the share with a name, or
        with that of what alone uses it; glue, which only leads from one Python frame to the next,
        is known as such
shown   of all weight as pmp shows it, the share that does not end in such a frame without a name
wrong   names that the interpreter itself has not for the function (cases/method_addresses.py)
"""

import json
import os
import re

from agent_modules import load
from judge import EVALUATOR
from method_names import is_right, told
from profiles import Profile
from sample import start_program
from tap import ROOT, equal, pmp

NAME = "builtins_work"
SAMPLES, RATE = 400, 50
OWN_LEAST, SHOWN_LEAST = 0.7, 0.95
FRAME = re.compile(r"#(\d+) +0x([0-9a-f]+) in (.*) \(\)(?: from (.*)| at .*)?$")
GLUE_NAME = "<glue>"
NAMELESS = re.compile(r"fn 0x[0-9a-f]+( of %s)?$|0x|\?\?" % EVALUATOR.pattern)
OWNER = re.compile(r"( in fn 0x[0-9a-f]+) of .*(?= \(\))")
with open(os.path.join(ROOT, "merger", "parse", "function_class.c"), encoding="utf-8") as _file:
    _patterns = re.findall(r'\{ "(.+?)", CLASS_(?:GLUE|C_CALL)', _file.read())
GLUE = re.compile("(%s)$" % "|".join(_patterns).replace("*", ".*"))
MODULE = re.compile(r"~pmp module .*\bpath=(\S+).*\bpython=1")


class Names:
    """The result: own, shown (0 to 1), judged (number of names), wrong [text]."""

    def __init__(self, raw, profile, truth, start_of):
        """raw: pmp's text; truth: as method_names.told; start_of(address): of its function, None if
        unknown."""
        modules = set(MODULE.findall(raw))
        named, frames = 0, set()
        total = 0
        for address, name, _ in native_frames(raw, modules):
            total += 1
            named += not NAMELESS.match(name)
            frames.add((address, name))
        self.own = named / total if total else 0
        self.shown = shown_share(profile, {module.rpartition("/")[2] for module in modules})
        self.judged, self.wrong = 0, []
        for address, name in frames:
            start = start_of(address)
            if start in truth and not NAMELESS.match(name):
                self.judged += 1
                if "." in name and not is_right(name, truth[start]):
                    self.wrong.append("%s is %s" % (name, sorted(truth[start])[:3]))


def native_frames(raw, modules):
    """Yields (address, name, module) of each native frame of these modules that is neither an
    evaluator nor rootward of all evaluators. Functions without a name that somewhere lead from one
    evaluator to the next, without one that has a name, are known as glue, and are GLUE_NAME."""
    runs, glue = [], set()
    for stack in native_stacks(raw):
        evaluators = [at for at, frame in enumerate(stack) if is_evaluator(frame)]
        for first, last in zip([-1] + evaluators, evaluators):
            run = stack[first + 1:last]
            alone = [frame for frame in run if not GLUE.match(frame[1])]
            if first >= 0 and all(NAMELESS.match(frame[1]) for frame in alone):
                glue.update(frame[1:3] for frame in alone)
            runs.append(run)
    for address, name, module, _ in (frame for run in runs for frame in run):
        if module in modules:
            yield address, GLUE_NAME if (name, module) in glue else name, module


def is_evaluator(frame):
    return frame[3] or EVALUATOR.match(frame[1])


def native_stacks(raw):
    """Yields [(address, name, module, runs Python)] of each main thread, leaf first."""
    for block in re.split(r"(?m)^Thread \d+ ", raw)[1:]:
        if not re.match(r"\(LWP %s " % re.search(r"~pmp target pid=(\d+)", raw).group(1), block):
            continue
        stack = []
        for line in block.partition("\nTraceback")[0].split("\n"):
            match = FRAME.match(line)
            if match:
                # Before a return address is the call; the leaf's pc may be a function's first byte.
                address = int(match.group(2), 16) - (match.group(1) != "0")
                stack.append((address, match.group(3), match.group(4), False))
            elif line.startswith("  File ") and stack:
                stack[-1] = stack[-1][:3] + (True,)
        yield stack


def shown_share(profile, modules):
    total = nameless = 0
    for path in profile.paths():
        node, weight = path[-1], path[-1].get("self", 0)
        total += weight
        module = node.get("module", "").rpartition("/")[2]
        nameless += weight if module in modules and NAMELESS.match(str(node["frame"])) else 0
    return 1 - nameless / total if total else 0


def measure(build, folder):
    """The Names of one build. AssertionError if it cannot be sampled."""
    raw, path = os.path.join(folder, "names.raw"), os.path.join(folder, "names.yaml")
    program, _ = start_program(build, folder, [NAME])
    with program:
        program.await_line("ready")
        result = pmp("-p", program.pid, "-n", SAMPLES, "-r", RATE, "-q", "--glue", "--save-raw",
                     raw, limit=120)
        equal(result.code, 0, result)
        with open(raw, encoding="utf-8", errors="replace") as file:
            text = file.read()
        # The share that is shown is that of a run without --glue.
        result = pmp("fold", "-", "-q", "-o", path, stdin=OWNER.sub(r"\1", text))
        equal(result.code, 0, result)
        rows = json.loads(re.search(r"(?m)^\[\[.*\]\]$", program.printed).group())
        code = load("code_map").CodeMap(program.pid)
        code.update()

        def start_of(address):
            found = code.function_range(address)
            return found[0] if found else None
        names = Names(text, Profile.load(path), told(rows), start_of)
        for file in code.files():
            file.file.close()
        return names
