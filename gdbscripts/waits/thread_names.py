"""The names of Python's threads, for samples: each is read once, between two stops.

The target runs meanwhile, so its memory may change while it is read. Of a thread without a readable
name the next sample reads it again, TRIES times at most; until then it has the kernel's name.
"""
from pmp_markers import one_line
from pmp_memory import BadRead
from pmp_py_objects import Objects
from pmp_py_values import Values
from pmp_value_layouts import VALUES

TRIES = 3
TEXT_TYPES = ("str", "unicode")


class ThreadNames:
    """The names of one target's threads."""

    def __init__(self) -> None:
        self._names = {}  # (program, tid, start time of the thread) -> name, "" if it has none
        self._tries = {}  # the same -> number of reads without a result
        self._active = ()  # addresses of threading._active, {pthread_self: Thread}
        self._program = 0  # Target.exec_count for which _active is valid

    def set_names(self, target, samples: list, stats: dict) -> None:
        """Sets `name` of the ThreadSamples of Python threads. target: thread_sampler.Target;
        stats: procfs.thread_stats. Raises nothing."""
        keys = {sample.tid: (target.exec_count, sample.tid, stats[sample.tid].began)
                for sample in samples if sample.states and sample.tid in stats}
        new = {tid for tid, key in keys.items()
               if key not in self._names and self._tries.get(key, 0) < TRIES}
        if new:
            self._read(target, {tid: keys[tid] for tid in new})
        for sample in samples:
            sample.name = self._names.get(keys.get(sample.tid)) or sample.name

    def _read(self, target, keys: dict) -> None:
        """Reads the names of new threads. keys: {tid: key}."""
        for key in keys.values():
            self._tries[key] = self._tries.get(key, 0) + 1
        values = VALUES.get(target.python.minor()) if target.python is not None else None
        if values is None:
            return
        objects = Objects(target.memory, target.python.layout,
                          target.python.with_own_offsets(values))
        idents = {ident: tid for (tid, began), ident in target.idents.items()
                  if tid in keys and keys[tid][2] == began}
        try:
            for tid, name in self._read_active(target, objects, idents):
                self._names[keys[tid]] = one_line(name)
        except (BadRead, KeyError):
            self._active = ()  # the next sample looks for it again

    def _read_active(self, target, objects, idents: dict):
        """Yields (tid, name) of the threads in `idents`, {pthread_self: tid}."""
        if not self._active or self._program != target.exec_count:
            modules = target.python.modules(target.memory, objects.values)
            found = (objects.module(module, "threading").get("_active", 0) for module in modules)
            self._active, self._program = tuple(addr for addr in found if addr), target.exec_count
        values = Values(objects)
        for active in self._active:
            for key, thread in objects.dict_items(active):
                ident = values.text(key)
                tid = idents.get(int(ident)) if ident.isdigit() else None
                name = self._name_of(objects, thread) if tid is not None else ""
                if name:
                    yield tid, name

    @staticmethod
    def _name_of(objects, thread: int) -> str:
        attributes = objects.attributes(thread)
        name = attributes.get("_name", attributes.get("_Thread__name", 0))  # 2.7
        return objects.text(name) if name and objects.type_name(name) in TEXT_TYPES else ""
