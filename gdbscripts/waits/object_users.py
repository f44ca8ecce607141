"""Which threads use an object: their frames have it in a local variable, in an attribute of a local
variable, or in a global variable of their file.

Such a thread may put into the queue on which another one waits, or set its event.
"""
from pmp_memory import BadRead

FRAMES_MAX, LOCALS_MAX = 50, 30  # innermost frames of a thread; locals of a frame
READS_MAX = 20000  # objects whose attributes are read
# They have no attributes of interest, and there are many of them.
PLAIN = frozenset(("int", "str", "bytes", "float", "bool", "NoneType", "function", "type", "module",
                   "builtin_function_or_method", "method", "dict", "list", "tuple", "set"))


class ObjectUsers:
    """Finds the users of some objects in one stop."""

    def __init__(self, objects, slots, attributes, modules: list) -> None:
        """Objects and Slots of one interpreter, library_objects.Attributes; modules: [sys.modules
        object]."""
        self._objects, self._slots, self._attributes = objects, slots, attributes
        self._modules, self._reads = modules, 0

    def find(self, wanted: set, samples: list) -> dict:
        """{object: [tid]}, in the order of the threads. wanted: objects."""
        found = {}
        names = self._global_names(wanted) if wanted else {}
        for sample in samples if wanted else ():
            frames = [frame for run in sample.runs for frame in run.frames]
            used = set()
            for frame in frames[:FRAMES_MAX]:
                try:
                    used |= wanted.intersection(self._objects_of(frame))
                    used |= self._globals_of(frame, names)
                except BadRead:
                    pass
            for obj in used:
                found.setdefault(obj, []).append(sample.tid)
        return found

    # Parts of these.

    def _objects_of(self, frame):
        """Yields the locals of a frame, and their attributes."""
        for _, obj, _ in self._slots.named(frame.addr)[:LOCALS_MAX]:
            yield obj
            if self._objects.type_name(obj) not in PLAIN and self._reads < READS_MAX:
                self._reads += 1
                yield from self._attributes.all(obj).values()

    def _global_names(self, wanted: set) -> dict:
        """{file: {name: object}} of the global variables with a wanted object."""
        found, objects = {}, self._objects
        for modules in self._modules:
            for _, module in objects.dict_items(modules):
                try:
                    items = objects.dict_items(objects.module_namespace(module))
                except BadRead:
                    continue
                if wanted.intersection(value for _, value in items):
                    named = objects.named(items)
                    file = named.pop("__file__", 0)
                    globals_ = {name: obj for name, obj in named.items() if obj in wanted}
                    if objects.type_name(file) == "str":
                        found.setdefault(objects.text(file), {}).update(globals_)
        return found

    def _globals_of(self, frame, names: dict) -> set:
        """The wanted objects among the globals that a frame's code uses."""
        globals_ = names.get(frame.code.file)
        if not globals_:
            return set()
        return {globals_[name] for name in self._slots.global_names(frame) if name in globals_}
