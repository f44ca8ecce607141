"""Parts of functions that a compiler has moved away (`.cold`): each has call frame information of
its own. It begins in the middle of its function, so the stack is deeper there than at a function's
start, and its jumps lead into its function."""
from pmp_instructions import CONDITIONAL_JUMP, JUMP, find
from pmp_memory import BadRead

PART_MAX = 4096  # bytes of a part that are searched for jumps


def cold_parent(function, function_at, read):
    """The cfi.Function to which a part belongs; the function itself if it is no part, or if its
    jumps lead into several functions. function_at(address), read(address, size): of the file;
    BadRead."""
    rule = function.rule(function.start)
    if rule is None or rule.offset == 8:
        return function
    try:
        code = read(function.start, min(function.end - function.start, PART_MAX))
    except (BadRead, OSError):
        return function
    parents = {}
    jumps = find(JUMP, code)[1] + find(CONDITIONAL_JUMP, code)[1]
    for target in [function.start + at for at in jumps]:
        if function.start <= target < function.end:
            continue
        parent = function_at(target)
        if parent is not None and target != parent.start and _begins(parent):
            parents[parent.start] = parent
    return parents.popitem()[1] if len(parents) == 1 else function


def _begins(function) -> bool:
    """Is it a function's first part?"""
    rule = function.rule(function.start)
    return rule is not None and rule.offset == 8
