"""Compares a profile with what the program itself says of its threads (tests/matrix/cases/truth.py)."""

import json
import re

from profiles import Profile

THREAD = re.compile(r"\(tid (\d+)\)$")
EVALUATOR = re.compile(r"_?PyEval_EvalFrame(Ex|Default)|_TAIL_CALL")
# An evaluator may have no name. A thread's root and what stands below take fewer frames than this.
BARE_MAX = 16
LOST = "it did not stop"
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


class Frame:
    __slots__ = ("name", "kind", "file", "line")

    def __init__(self, node):
        self.name, self.kind = str(node["frame"]), node["kind"]
        self.file, self.line = node.get("file", ""), node.get("line", 0)

    def told(self):
        """As the program tells it. A byte that is no text may be shown escaped."""
        plain = [ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), part)
                 for part in (self.name, self.file.rpartition("/")[2])]
        return plain + [self.line]


class ByThread:
    """A profile whose first level is the thread (-t) and whose nodes are lines (--lines)."""

    def __init__(self, text):
        profile = Profile(text)
        self.marks = dict(profile.stacks)
        self.total = self.marks.pop("total")
        self.unknown_lines = profile.data["text"]["unknown_lines"]
        self.counts = {thread["tid"]: thread["stacks"] for thread in profile.data["threads"]}
        self.python = profile.data["target"].get("python")
        self.pause_ms = profile.sampling["pause_ms"]
        self._pieces = {piece["piece"]: piece["calls"] for piece in profile.data.get("continued") or ()}
        self.markers = set()
        self.stacks = {}  # tid -> [(weight, [Frame, root first])]
        for node in profile.tree:
            tid = int(THREAD.search(node["frame"]).group(1))
            # A thread that has changed its name has two nodes.
            self.stacks.setdefault(tid, []).extend((weight, path[1:]) for weight, path in self._paths(node))

    def _paths(self, root):
        """Each stack with a weight of its own. Not by recursion: stacks are deep here."""
        above, todo = [], [(root, 0)]
        while todo:
            node, depth = todo.pop()
            del above[depth:]
            above.append(Frame(node))
            if node["kind"] == "marker":
                self.markers.add(node["frame"])
            if node["self"]:
                yield node["self"], list(above)
            below = node.get("calls") or self._pieces.get(node.get("continues")) or ()
            todo += [(child, depth + 1) for child in below]

    def bare(self):
        """The weight of what had no Python frame when it was looked at: threads that have just begun (they wait for
        the GIL before their first frame) or are at their end, and those that ended before they could stop."""
        return self.marks["lost"] + sum(
            weight for stacks in self.stacks.values() for weight, frames in stacks if is_bare(frames))

    def merged(self):
        """The share of the stacks that have Python frames to merge in which that was done."""
        total = self.total - self.bare()
        return self.marks["merged"] / total if total else 0


def is_bare(frames):
    names = [frame.name for frame in frames]
    return LOST not in names and len(frames) < BARE_MAX and all(frame.kind != "python" for frame in frames) \
        and not any(EVALUATOR.match(name) for name in names)


def load_truth(path):
    with open(path, encoding="utf-8") as file:
        truth = json.load(file)
    truth["threads"] = {int(tid): thread for tid, thread in truth["threads"].items()}
    return truth


def last_part(name):
    return name.rpartition(".")[2]


def show(frames):
    return "\n".join("      %s (%s:%s)" % tuple(frame) for frame in frames) or "      nothing"


def wrong_frames(frames, wanted, loose):
    """Why these are not the thread's Python frames, None if they are."""
    got = [frame.told() for frame in frames if frame.kind == "python"]
    wanted = [list(frame) for frame in wanted]
    if loose and got and wanted:
        got[-1][2] = wanted[-1][2] = 0
    if got == wanted:
        return None
    at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), min(len(got), len(wanted)))
    return "%d Python frames, %d known; from frame %d on\n    got\n%s\n    known\n%s" % (
        len(got), len(wanted), at, show(got[at:at + 8]), show(wanted[at:at + 8]))


def wrong_native(frames, calls, build):
    """Why what stands between the Python frames cannot be right, None if it can."""
    native, above = [], None
    for frame in frames:
        if frame.kind == "native":
            native.append(frame.name)
        elif frame.kind == "python":
            trouble = above and wrong_between(above, last_part(frame.name), native, calls, build)
            if trouble:
                return trouble
            native, above = [], last_part(frame.name)
    return None if native or above is None else "no native frame below the last Python frame"


def wrong_between(caller, callee, native, calls, build):
    for pair_caller, pair_callee, pattern in calls["via"]:
        if (caller, callee) == (last_part(pair_caller), last_part(pair_callee)) and (
                build.symbols != "exported" or pair_caller in calls["outside"]):
            if not any(re.search(pattern, name, re.I) for name in native):
                return "no %s between %s and %s: %s" % (pattern, caller, callee, ", ".join(native) or "nothing")
    # Up to 3.10 a call went through functions of the interpreter's that only symbols make known as glue.
    if [caller, callee] in calls["direct"] and native and (build.symbols != "exported" or build.version >= (3, 11)):
        return "%s between %s and %s, which calls it" % (", ".join(native), caller, callee)
    return None


def wrong_thread(profile, truth, tid, build, samples):
    """Why the samples of one thread are not what it says of itself, None if they are."""
    thread, stacks = truth["threads"][tid], profile.stacks.get(tid, ())
    if profile.counts.get(tid) != samples:
        return "%s stacks of thread %d" % (profile.counts.get(tid), tid)
    if sum(weight for weight, _ in stacks) != samples:
        return "not all of the weight of thread %d is in the tree" % tid
    for _, frames in stacks:
        trouble = wrong_frames(frames, thread["frames"], thread["loose"])
        if not trouble and not thread["loose"]:
            trouble = wrong_native(frames, truth["calls"][thread["case"]], build)
        if trouble:
            return trouble
    return None


def judge(profile, truth, build, cases, samples, threads):
    """{case's name: what is wrong with it, or None; "skip: ..." where this Python lacks what it takes}. What all
    of the process share has a name of its own."""
    found = {case.name: "the program says nothing of it" for case in cases}
    for name, why in truth["skipped"].items():
        found[name] = "skip: " + why
    for thread in truth["threads"].values():
        found[thread["case"]] = None
    for tid, thread in truth["threads"].items():
        name = thread["case"]
        found[name] = found[name] or wrong_thread(profile, truth, tid, build, samples)
    for case in cases:
        if case.marker and not found[case.name] and build.version >= (3, 7) and not build.python.free:
            found[case.name] = None if case.marker in profile.markers else "nobody %s" % case.marker
    name = "weight and marks of " + (cases[0].name if len(cases) == 1 else "%d cases" % len(cases))
    found[name] = wrong_weight(profile, samples * threads)
    if all(case.steady for case in cases):
        # At the very end a thread that is not the main one has no Python frames any more.
        known = samples * (len(truth["threads"]) if cases[0].by_hand else threads)
        if profile.marks["merged"] < known:
            found[name] = found[name] or "all threads are blocked, but stacks are %s" % profile.marks
    return found


def wrong_weight(profile, total):
    """Is 100 % of the weight there? total: None where threads come and go."""
    if profile.unknown_lines:
        return "%d lines that nobody understood" % profile.unknown_lines
    if sum(profile.marks.values()) != profile.total:
        return "marks %s of %d" % (profile.marks, profile.total)
    if total is not None and profile.total != total:
        return "%d stacks, not %d" % (profile.total, total)
    leaves = sum(weight for stacks in profile.stacks.values() for weight, _ in stacks)
    return None if leaves == profile.total else "the leaves' weight is %d of %d" % (leaves, profile.total)
