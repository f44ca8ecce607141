"""Which objects a piece of Python code can reach: by its variables, by the attributes and items of
what they refer to, and by the global names that it uses.

It is a search for "nobody can": if it gives up, the answer is unknown. Limits: opaque types of C
are not entered, except for those in OPAQUE, whose words are read.
"""
from pmp_memory import BadRead, cpu_time
from pmp_py_objects import MIN_ADDRESS

OBJECTS_MAX, SECONDS_MAX = 30000, 0.4  # objects of one search; its CPU time
STEPS = 100  # objects between two looks at the time
# Types of C whose words are followed: they refer to callbacks and their arguments.
OPAQUE = frozenset(("functools.partial", "partial", "_asyncio.Future", "Handle", "TimerHandle",
                    "method", "builtin_function_or_method", "weakref.ReferenceType", "weakref",
                    "weakref.KeyedRef", "staticmethod", "classmethod", "property", "cell",
                    "_queue.SimpleQueue", "method-wrapper"))
# Not entered: they refer to everything, or to code that does not run.
CLOSED = frozenset(("module", "str", "bytes", "int", "float", "bool", "NoneType", "code",
                    "coroutine", "generator", "async_generator", "frame", "traceback"))
LIST, TUPLE, DICT, HEAP = 1 << 25, 1 << 26, 1 << 29, 1 << 9  # tp_flags (Include/object.h)
CODES_MAX = 200  # code objects inside of one


class Reach:
    """One search in one stop."""

    def __init__(self, objects, slots) -> None:
        """Objects and Slots of the interpreter."""
        self._objects, self._slots = objects, slots
        self._seen, self._stack = set(), []
        self._steps, self._end = 0, cpu_time() + SECONDS_MAX
        self._types = set()  # classes whose methods were followed
        self._namespaces = {}  # dict -> {name: object}
        # co_consts and co_names come before co_varnames (to 3.10), co_exceptiontable (3.11 on).
        values = objects.values
        self._names_at = values.get("code.exceptiontable", values["code.names"]) - 8
        self.is_complete = True  # no limit was hit

    def stop_at(self, addresses) -> None:
        """These objects are not entered."""
        self._seen.update(addresses)

    def add_object(self, obj: int) -> None:
        """All that can be reached from an object."""
        self._push((obj,))
        self._follow()

    def add_frame(self, frame) -> None:
        """All that the code of a PyFrame can reach."""
        words = [word & ~3 for word in self._slots.slot_values(frame.addr)]
        self._push(words)
        self._push(value for _, value, _ in self._slots.named(frame.addr))
        header = self._objects.pointers(frame.addr, self._objects.values["frame.localsplus"] // 8)
        self._push(self._globals_used(header))
        self._follow()

    def has(self, obj: int) -> bool:
        return obj in self._seen

    # Parts of these.

    def _push(self, objects) -> None:
        for obj in objects:
            if obj > MIN_ADDRESS and obj % 8 == 0 and obj not in self._seen:
                self._seen.add(obj)
                self._stack.append(obj)

    def _follow(self) -> None:
        while self._stack:
            self._steps += 1
            is_late = not self._steps % STEPS and cpu_time() > self._end
            if is_late or len(self._seen) > OBJECTS_MAX:
                self.is_complete = False
                self._stack = []
                return
            obj = self._stack.pop()
            try:
                self._push(self._next(obj))
            except (BadRead, KeyError):
                pass  # no object: a slot may hold any word

    def _next(self, obj: int) -> list:
        objects, name = self._objects, self._objects.type_name(obj)
        if not name or name in CLOSED or name.endswith("Task"):
            return []
        if name == "function":
            return objects.closure(obj) + self._globals_used(objects.words(obj))
        if name in OPAQUE or name.endswith("Handle"):
            return objects.words(obj)
        if name in ("set", "frozenset"):
            return objects.set_items(obj)
        if name == "collections.deque":
            return objects.deque_items(obj)
        return self._of_instance(obj)

    def _of_instance(self, obj: int) -> list:
        objects = self._objects
        kind, flags = objects.type_and_flags(obj)
        found = []
        if flags & (LIST | TUPLE):
            found += objects.items(obj, "list" if flags & LIST else "tuple")
        elif flags & DICT:
            found += [word for pair in objects.dict_items(obj) for word in pair]
        if flags & HEAP:
            found += objects.attributes(obj).values()
            found += self._methods_of(kind)
        return found

    def _methods_of(self, kind: int) -> list:
        if kind in self._types:
            return []
        self._types.add(kind)
        return [value for _, value in self._objects.type_dict(kind)
                if self._objects.type_name(value) in ("function", "staticmethod", "property")]

    def _globals_used(self, words: list) -> list:
        """[object] of the names that the code uses, in the namespaces: code and dicts among the
        words of a function or a frame."""
        objects = self._objects
        words = [word & ~3 for word in words]
        codes = [word for word in words if objects.type_name(word) == "code"]
        spaces = [self._namespace(word) for word in words if objects.type_name(word) == "dict"]
        return [space[name] for code in codes[:1] for name in self._names(code)
                for space in spaces if name in space]

    def _namespace(self, obj: int) -> dict:
        if obj not in self._namespaces:
            self._namespaces[obj] = self._objects.named(self._objects.dict_items(obj))
        return self._namespaces[obj]

    def _names(self, code: int) -> set:
        """The names in a code object and in those inside of it (lambdas, nested functions)."""
        objects, codes, found = self._objects, [code], set()
        for inner in codes:
            consts, names = objects.pointers(inner + self._names_at - 8, 2)
            found.update(objects.text(name) for name in objects.items(names, "tuple"))
            codes += [const for const in objects.items(consts, "tuple")
                      if objects.type_name(const) == "code"][:CODES_MAX - len(codes)]
        return found
