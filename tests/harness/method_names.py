"""Compares the label of a function without a symbol with what the interpreter itself tells
(tests/matrix/cases/method_addresses.py)."""

from agent_modules import load

GLUE = set(load("type_layout").GLUE.values())
# Methods that a slot serves too, beside that which it is named by.
SAME_SLOT = {"__delitem__": "__setitem__", "__delattr__": "__setattr__", "__delete__": "__set__",
             "__delslice__": "sq_ass_slice", "__setslice__": "sq_ass_slice",
             "__getslice__": "sq_slice", "__getattr__": "__getattribute__", "next": "__next__",
             "__buffer__": "bf_getbuffer", "__release_buffer__": "bf_releasebuffer",
             "__nonzero__": "__bool__", "__cmp__": "tp_compare"}
COMPARED = {"__%s__" % name for name in ("lt", "le", "eq", "ne", "gt", "ge")}


def slot_member(member):
    """The name of the slot by which a method with two underscores is reached."""
    if member in COMPARED:
        return "tp_richcompare"
    if member in SAME_SLOT:
        return SAME_SLOT[member]
    if member.startswith("__r") and member not in ("__repr__", "__reversed__", "__rshift__",
                                                   "__reduce__", "__reduce_ex__", "__round__"):
        return "__" + member[3:]  # __radd__
    return member


def bare(owner):
    """The end of an owner: `_io` calls itself `io` in its PyModuleDef."""
    return owner.split(".")[-1].lstrip("_")


def told(rows):
    """{address: {(owner, member)}} of rows [address, owner, member]."""
    found = {}
    for address, owner, member in rows:
        found.setdefault(address, set()).add((bare(owner), slot_member(member)))
    return found


def parts(label):
    """{(owner, member)} of a label."""
    owners, _, members = label.rpartition(".")
    return {(bare(owner), slot_member(member))
            for owner in owners.split("|") for member in members.split("|")}


def is_right(label, truth):
    """Is the label one of the function's names? truth: {(owner, member)}."""
    owners = {owner for owner, _ in truth} | {"", "builtins"}
    members = {member for _, member in truth}
    return label in GLUE or any(member in members and owner in owners
                                for owner, member in parts(label))
