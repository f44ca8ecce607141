"""One name for a function that several tables have."""
import os.path

from pmp_type_layout import GLUE, READABLE, SLOT_FUNCTIONS

JOINED_MAX = 3  # names that are shown as one: "frozenset|set.__or__"


def function_label(names: set, is_interpreter: bool) -> str:
    """The label of a function; "" if it has no name, or names that have nothing in common. names:
    {(owner, member)}; is_interpreter: it is in the interpreter's own file.

    Several members of one owner, and one member of several owners, are joined, three at most."""
    if not names:
        return ""
    names = {(owner, member) for owner, member in names if owner} or names
    if is_interpreter:
        glue = {GLUE[word] for word in map(".".join, names) if word in GLUE}
        glue |= {"slot_" + SLOT_FUNCTIONS.get(member, member) for owner, member in names
                 if owner == "slot" and member.startswith("tp_")}
        if glue:
            return min(glue)
    names = {(owner, READABLE.get(member, member)) for owner, member in names}
    owners, members = sorted({owner for owner, _ in names}), sorted({name for _, name in names})
    if min(len(owners), len(members)) > 1 or max(len(owners), len(members)) > JOINED_MAX:
        return ""
    owner = "" if owners[0] in ("", "builtins", "__builtin__") else "|".join(owners) + "."
    return owner + "|".join(members)


def common_owner(labels: set) -> str:
    """The function that these labels are of; "list.*" if all are of one type or module; "" if they
    have nothing in common."""
    if len(labels) == 1:
        return next(iter(labels))
    owners = [label.split(".")[:-1] for label in labels]
    common = os.path.commonprefix(owners) if owners else []
    return ".".join(common + ["*"]) if common and common != ["slot"] else ""
