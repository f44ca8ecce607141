"""Compares a profile with the program's own report of its threads (tests/matrix/cases/truth.py)."""

import json
import re

from profiles import Profile

THREAD_LABEL = re.compile(r"\(tid (\d+)\)$")
EVALUATOR = re.compile(r"(?:_?PyEval_EvalFrame(?:Ex|Default)|_TAIL_CALL)")
# Without symbols, the frame of an evaluator has no name. A stack of at least this many frames is
# assumed to contain one: a thread that runs no Python has fewer frames.
PLAIN_C_MAX = 16
LOST = "it did not stop"
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


class Frame:
    __slots__ = ("name", "kind", "file", "line")

    def __init__(self, node):
        self.name, self.kind = str(node["frame"]), node["kind"]
        self.file, self.line = node.get("file", ""), node.get("line", 0)

    def as_truth(self):
        """[function, file's last part, line], as in the truth. pmp may show a byte escaped."""
        plain = [ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), part)
                 for part in (self.name, self.file.rpartition("/")[2])]
        return plain + [self.line]


class ByThread:
    """A profile grouped by thread (-t), with a node for each line (--lines)."""

    def __init__(self, text):
        profile = Profile(text)
        self.stack_counts = dict(profile.stacks)
        self.total = self.stack_counts.pop("total")
        self.unknown_lines = profile.data["text"]["unknown_lines"]
        self.stacks_of_thread = {thread["tid"]: thread["stacks"]
                                 for thread in profile.data["threads"]}
        self.python = profile.data["target"].get("python")
        self.pause_ms = profile.sampling["pause_ms"]
        self._pieces = {piece["piece"]: piece["calls"] for piece in profile.data.get("continued")
                        or ()}
        self.markers = set()
        self.stacks = {}  # tid -> [(weight, [Frame, root first])]
        for node in profile.tree:
            tid = int(THREAD_LABEL.search(node["frame"]).group(1))
            # A thread that changed its name has two nodes.
            self.stacks.setdefault(tid, []).extend((weight, path[1:])
                                                   for weight, path in self._paths(node))

    def _paths(self, root):
        """(weight, path) of each stack with a self weight. Not recursive: stacks are deep here."""
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

    def without_python(self):
        """The weight of stacks without a Python frame: threads that are starting (they wait for the
        GIL before their first frame) or ending, and threads that ended before they stopped."""
        return self.stack_counts["lost"] + sum(
            weight for stacks in self.stacks.values() for weight, frames in stacks
            if runs_no_python(frames))

    def merged(self):
        """The share of merged stacks among those that have Python frames."""
        total = self.total - self.without_python()
        return self.stack_counts["merged"] / total if total else 0


def runs_no_python(frames):
    names = [frame.name for frame in frames]
    return LOST not in names and len(frames) < PLAIN_C_MAX and all(
        frame.kind != "python" for frame in frames) \
        and not any(EVALUATOR.match(name) for name in names)


def load_truth(path):
    with open(path, encoding="utf-8") as file:
        truth = json.load(file)
    truth["threads"] = {int(tid): thread for tid, thread in truth["threads"].items()}
    return truth


def last_part(name):
    return name.rpartition(".")[2]


def frames_text(frames):
    return "\n".join("      %s (%s:%s)" % tuple(frame) for frame in frames) or "      nothing"


def wrong_frames(frames, wanted, running):
    """How these differ from the thread's Python frames, None if they do not. running: the thread
    ran on, so the leaf's line is not compared."""
    got = [frame.as_truth() for frame in frames if frame.kind == "python"]
    wanted = [list(frame) for frame in wanted]
    if running and got and wanted:
        got[-1][2] = wanted[-1][2] = 0
    if got == wanted:
        return None
    at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]),
              min(len(got), len(wanted)))
    return "%d Python frames, %d known; from frame %d on\n    got\n%s\n    known\n%s" % (
        len(got), len(wanted), at, frames_text(got[at:at + 8]), frames_text(wanted[at:at + 8]))


def wrong_native(frames, calls, build):
    """Why the native frames between the Python frames cannot be right, None if they can."""
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
        if build.symbols == "exported" and [pair_caller, pair_callee] in calls["symbols"]:
            continue
        if (caller, callee) == (last_part(pair_caller), last_part(pair_callee)):
            if not any(re.search(pattern, name, re.I) for name in native):
                return "no %s between %s and %s: %s" % (pattern, caller, callee,
                                                        ", ".join(native) or "nothing")
    if [caller, callee] in calls["direct"] and native:
        return "%s between %s and %s, which calls it" % (", ".join(native), caller, callee)
    return None


def wrong_thread(profile, truth, tid, build, samples):
    """How the samples of one thread differ from its truth, None if they do not."""
    thread, stacks = truth["threads"][tid], profile.stacks.get(tid, ())
    if profile.stacks_of_thread.get(tid) != samples:
        return "%s stacks of thread %d, not %d" % (profile.stacks_of_thread.get(tid), tid, samples)
    if sum(weight for weight, _ in stacks) != samples:
        return "the tree does not have all the weight of thread %d" % tid
    for _, frames in stacks:
        trouble = wrong_frames(frames, thread["frames"], thread["running"])
        if not trouble and not thread["running"]:
            trouble = wrong_native(frames, truth["calls"][thread["case"]], build)
        if trouble:
            return trouble
    return None


def check_cases(profile, truth, build, cases, samples, threads):
    """{case name: None, or what is wrong, or "skip: ..." if this Python cannot run it}. Problems of
    the whole profile are under a name of their own."""
    found = {case.name: "the program did not report it" for case in cases}
    for name, why in truth["skipped"].items():
        found[name] = "skip: " + why
    for thread in truth["threads"].values():
        found[thread["case"]] = None
    for tid, thread in truth["threads"].items():
        name = thread["case"]
        found[name] = found[name] or wrong_thread(profile, truth, tid, build, samples)
    for case in cases:
        if case.marker and not found[case.name] and build.version >= (
            3, 7) and not build.python.free_threaded:
            seen = case.marker in profile.markers
            found[case.name] = None if seen else "no thread %s" % case.marker
    name = "weight and stack counts of " + (cases[0].name if len(cases) == 1 else "%d cases"
                                            % len(cases))
    found[name] = wrong_weight(profile, samples * threads)
    if all(case.all_blocked for case in cases):
        # At the end of the interpreter only the main thread has Python frames.
        known = samples * (len(truth["threads"]) if cases[0].writes_truth else threads)
        if profile.stack_counts["merged"] < known:
            found[name] = found[
                name] or "all threads are blocked, but stacks are %s" % profile.stack_counts
    return found


def wrong_weight(profile, total):
    """Whether weight is missing: why, or None. total: None if threads start and end."""
    if profile.unknown_lines:
        return "%d unknown lines" % profile.unknown_lines
    if sum(profile.stack_counts.values()) != profile.total:
        return "stack counts %s of %d" % (profile.stack_counts, profile.total)
    if total is not None and profile.total != total:
        return "%d stacks, not %d" % (profile.total, total)
    leaves = sum(weight for stacks in profile.stacks.values() for weight, _ in stacks)
    return None if leaves == profile.total else "the leaves' weight is %d of %d" % (
        leaves, profile.total)
