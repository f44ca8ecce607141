"""The state of the objects of Python's library that threads wait for: how full a queue is, how many
have arrived at a barrier.

The names of attributes are those of Lib/threading.py and Lib/queue.py, the same from 3.6 to 3.14.
"""
from pmp_memory import BadRead

# collections.deque (Modules/_collectionsmodule.c, dequeobject and block): its first block and the
# index in it; a block is a pointer to the last one, its items, a pointer to the next one.
DEQUE_SIZE, DEQUE_BLOCK, DEQUE_INDEX = 16, 24, 40
BLOCK_ITEMS = 64
# _queue.SimpleQueue (Modules/_queuemodule.c): to 3.12 a list and the position of its first item,
# from 3.13 on
# whether threads wait, and a ring of pointers: its first one, the pointers, their number, the
# number of items.
SIMPLE_LIST, SIMPLE_FIRST = 32, 40
RING_WAITING, RING_FIRST, RING_ITEMS, RING_SIZE, RING_COUNT = 16, 32, 40, 48, 56
ITEMS_MAX = 10000  # items of one queue that are read
SIMPLE_QUEUE = "_queue.SimpleQueue"


class Attributes:
    """Attributes of objects, cached for one stop. Nothing raises: what cannot be read is 0 or
    None."""

    def __init__(self, objects, values) -> None:
        """Objects and Values of one interpreter."""
        self._objects, self._values, self._known = objects, values, {}

    def all(self, obj: int) -> dict:
        """{name: object}."""
        if obj not in self._known:
            try:
                self._known[obj] = self._objects.attributes(obj) if obj else {}
            except (BadRead, KeyError):
                self._known[obj] = {}
        return self._known[obj]

    def first(self, obj: int, *names) -> int:
        """The object of the first of these attributes that there is; 0."""
        attributes = self.all(obj)
        return next((attributes[name] for name in names if name in attributes), 0)

    def number(self, obj: int, *names):
        """The int of the first of these attributes; None."""
        return self.int_of(self.first(obj, *names))

    def int_of(self, obj: int):
        """The value of an int; None if it is none."""
        text = self._values.text(obj) if self._objects.type_name(obj) in ("int", "long") else ""
        return int(text) if text.lstrip("-").isdigit() else None

    def text(self, obj: int, *names) -> str:
        """The str of the first of these attributes; ""."""
        found = self.first(obj, *names)
        try:
            return self._objects.text(found) if self._objects.type_name(found) == "str" else ""
        except (BadRead, KeyError):
            return ""

    def is_true(self, obj: int) -> bool:
        """Is it True?"""
        return self._objects.type_name(obj) == "bool" and self._values.text(obj) == "True"


def is_parked_on(objects, queue: int) -> bool:
    """Does a SimpleQueue (3.13 on) say that threads wait for it, and has it no items? BadRead."""
    has_waiting = objects.memory.read(queue + RING_WAITING, 1) != b"\0"
    is_list = objects.type_name(objects.memory.pointer(queue + SIMPLE_LIST)) == "list"
    return has_waiting and not is_list and not objects.memory.pointer(queue + RING_COUNT)


class LibraryObjects:
    """Reads the state of such objects in one stop."""

    def __init__(self, objects, attributes: Attributes) -> None:
        self._objects, self._attributes = objects, attributes
        self._texts = {"queue": self._queue_text, "python_semaphore": self._semaphore_text,
                       "python_barrier": self._barrier_text}

    def text(self, kind: str, function: str, obj: int) -> str:
        """What is to be said of the object that a thread waits for, "" if nothing. kind, function,
        obj: as in python_locks.Construct."""
        try:
            return self._texts[kind](function, obj) if kind in self._texts and obj else ""
        except BadRead:
            return ""

    def queue_items(self, obj: int) -> list:
        """[object] in a SimpleQueue or a Queue, first in first out. BadRead."""
        if self._objects.type_name(obj) == SIMPLE_QUEUE:
            return self._simple_items(obj)
        inner = self._attributes.first(obj, "queue")
        name = self._objects.type_name(inner)
        if name == "collections.deque":
            return self._deque_items(inner)
        return self._objects.items(inner, name) if name == "list" else []

    def queue_size(self, obj: int):
        """The number of its items, None if unknown. BadRead."""
        if self._objects.type_name(obj) == SIMPLE_QUEUE:
            return len(self._simple_items(obj))
        inner = self._attributes.first(obj, "queue")
        if self._objects.type_name(inner) in ("collections.deque", "list"):
            return self._objects.size(inner)
        return None

    # Parts of these.

    def _queue_text(self, function: str, obj: int) -> str:
        places = self._attributes.number(obj, "_maxsize")  # of a multiprocessing.Queue
        if places is not None:
            return "full, %d of %d" % (places, places)
        size, limit = self.queue_size(obj), self._attributes.number(obj, "maxsize")
        if size is None:
            return ""
        if function == "join":
            tasks = self._attributes.number(obj, "unfinished_tasks")
            return "" if tasks is None else "task_done is missing %d times" % tasks
        if function == "put":
            return "full, %d of %s" % (size, limit or "?")
        return "%d items" % size if size else "empty"

    def _semaphore_text(self, _function: str, obj: int) -> str:
        value = self._attributes.number(obj, "_value", "_Semaphore__value")
        initial = self._attributes.number(obj, "_initial_value")
        if initial is not None and value == 0:
            return "all %d taken" % initial
        return "" if value is None else "value %d" % value

    def _barrier_text(self, _function: str, obj: int) -> str:
        count = self._attributes.number(obj, "_count")
        parties = self._attributes.number(obj, "_parties")
        if count is None or parties is None:
            return ""
        return "%d of %d have arrived" % (count, parties)

    def _deque_items(self, obj: int) -> list:
        memory, found = self._objects.memory, []
        left = min(memory.pointer(obj + DEQUE_SIZE), ITEMS_MAX)
        block, index = memory.pointer(obj + DEQUE_BLOCK), memory.pointer(obj + DEQUE_INDEX)
        while left > 0 and block and index < BLOCK_ITEMS:
            count = min(left, BLOCK_ITEMS - index)
            found += self._objects.pointers(block + 8 + 8 * index, count)
            block, index = memory.pointer(block + 8 + 8 * BLOCK_ITEMS), 0
            left -= count
        return found

    def _simple_items(self, obj: int) -> list:
        memory = self._objects.memory
        items = memory.pointer(obj + SIMPLE_LIST)
        if self._objects.type_name(items) == "list":
            return self._objects.items(items, "list")[memory.pointer(obj + SIMPLE_FIRST):]
        first, ring, size, count = self._objects.pointers(obj + RING_FIRST, 4)
        if not 0 < size <= ITEMS_MAX or count > size or first >= size:
            return []
        words = self._objects.pointers(ring, size)
        return (words[first:] + words[:first])[:count]
