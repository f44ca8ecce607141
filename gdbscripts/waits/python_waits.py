"""What is known of the objects of Python's library that threads wait for, beyond the locks inside
them: their state, who works on them, who else uses them."""
from pmp_library_objects import Attributes, LibraryObjects
from pmp_memory import BadRead
from pmp_object_users import ObjectUsers
from pmp_python_locks import OF_PROCESSES
from pmp_python_pools import NO_WORK, PythonPools

# Kinds of waits that end when another thread uses the same object.
SHARED = ("queue", "event", "python_condition", "python_barrier")
USES = "user of it, too"
NO_USER = "no other thread uses it"
FREE = ("items",)  # end of a text of LibraryObjects: nobody has to act


class PythonWaits:
    """Completes the waits of one stop."""

    def __init__(self, objects, slots, values, modules: list) -> None:
        """Objects, Slots and Values of one interpreter; modules: [sys.modules object]."""
        self._attributes = Attributes(objects, values)
        self._library = LibraryObjects(objects, self._attributes)
        self._pools = PythonPools(objects, slots, self._attributes, self._library)
        self._users = ObjectUsers(objects, slots, self._attributes, modules)

    def add(self, waits: dict, constructs: dict, samples: list) -> None:
        """Adds texts, owners and candidates. waits: {tid: Wait}, changed in place; constructs:
        {tid: python_locks.Construct}; samples: all threads."""
        if not any(wait.kind in SHARED + ("future", "python_semaphore") for wait in waits.values()):
            return
        self._pools.read(samples)
        self._pools.add_helpers(waits, samples)
        for tid, wait in waits.items():
            self._describe(wait, constructs.get(tid))
        self._add_users(waits, constructs, samples)

    # Parts of these.

    def _describe(self, wait, construct) -> None:
        """Sets the text of a Wait. Those that will end keep no candidates."""
        function = construct.function if construct is not None else "get"
        if wait.kind == "future" and construct is not None:
            try:
                self._pools.describe(wait, construct)
            except BadRead:
                pass
        text = self._library.text(wait.kind, function, wait.on)
        wait.type = ", ".join(part for part in (text, wait.type) if part)
        if self._pools.is_idle(wait, construct):
            wait.type, wait.ends = NO_WORK, True
        wait.ends = wait.ends or text.endswith(FREE) or self._is_set(wait)
        if wait.ends:
            wait.candidates = []

    def _is_set(self, wait) -> bool:
        """Is it an Event that has been set?"""
        flag = self._attributes.first(wait.on, "_flag", "_Event__flag")
        return wait.kind == "event" and self._attributes.is_true(flag)

    def _add_users(self, waits: dict, constructs: dict, samples: list) -> None:
        """Adds the users of an object as candidates, apart from those that wait in the same
        function."""
        open_ = {tid: wait for tid, wait in waits.items()
                 if wait.kind in SHARED and wait.on and not wait.ends
                 and OF_PROCESSES not in wait.type}
        users = self._users.find({wait.on for wait in open_.values()}, samples)
        for tid, wait in open_.items():
            others = [other for other in users.get(wait.on, ()) if other not in waits
                      or waits[other].on != wait.on
                      or _function(constructs, other) != _function(constructs, tid)]
            if not others:
                wait.type = ", ".join(part for part in (wait.type, NO_USER) if part)
            wait.candidates = [other for other in others
                               if not self._joins(waits.get(other), tid, wait.kind)]
            wait.why = USES

    def _joins(self, wait, tid: int, kind: str) -> bool:
        """Does a user of an event only wait for the end of the thread that waits for the event? A
        signal handler may set the event."""
        return kind != "queue" and wait is not None and wait.kind == "join" and wait.owner == tid


def _function(constructs: dict, tid: int) -> str:
    """The function of the library that a thread waits in."""
    return constructs[tid].function if tid in constructs else ""
