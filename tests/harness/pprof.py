"""Reads pprof's format without other packages: protobuf's wire format, with the field numbers of
google/pprof's proto/profile.proto."""

import gzip

# message: field: (name, type: a message, "int" or "str", repeated or not)
FIELDS = {
    "Profile": {1: ("sample_type", "ValueType", True), 2: ("sample", "Sample", True),
                3: ("mapping", "Mapping", True),
                4: ("location", "Location", True), 5: ("function", "Function", True),
                6: ("string_table", "str", True),
                9: ("time_nanos", "int", False), 10: ("duration_nanos", "int", False),
                11: ("period_type", "ValueType", False), 12: ("period", "int", False),
                13: ("comment", "int", True),
                14: ("default_sample_type", "int", False)},
    "ValueType": {1: ("type", "int", False), 2: ("unit", "int", False)},
    "Sample": {1: ("location_id", "int", True), 2: ("value", "int", True),
               3: ("label", "Label", True)},
    "Label": {1: ("key", "int", False), 2: ("str", "int", False), 3: ("num", "int", False)},
    "Mapping": {1: ("id", "int", False), 5: ("filename", "int", False),
                6: ("build_id", "int", False), 7: ("has_functions", "int", False),
                8: ("has_filenames", "int", False), 9: ("has_line_numbers", "int", False),
                10: ("has_inline_frames", "int", False)},
    "Location": {1: ("id", "int", False), 2: ("mapping_id", "int", False),
                 3: ("address", "int", False), 4: ("line", "Line", True)},
    "Line": {1: ("function_id", "int", False), 2: ("line", "int", False)},
    "Function": {1: ("id", "int", False), 2: ("name", "int", False), 4: ("filename", "int", False),
                 5: ("start_line", "int", False)},
}  # fmt: skip


def _number(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return number, at


def _message(data, kind):
    """A dict of all fields. A field that is not in FIELDS is an error."""
    ret = {name: [] if repeated else 0 for name, _, repeated in FIELDS[kind].values()}
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        name, holds, repeated = FIELDS[kind][key >> 3]
        values, at = _values(data, at, key & 7, holds)
        if repeated:
            ret[name] += values
        else:
            ret[name] = values[-1]
    return ret


def _values(data, at, wire, holds):
    number, at = _number(data, at)
    if wire == 0 and holds == "int":
        return [number], at
    if wire != 2 or at + number > len(data):
        raise ValueError("wire type %d for %s at %d" % (wire, holds, at))
    text, at = data[at : at + number], at + number
    if holds == "str":
        return [text.decode()], at
    if holds != "int":
        return [_message(text, holds)], at
    values, place = [], 0  # packed
    while place < len(text):
        value, place = _number(text, place)
        values.append(value)
    return values, at


class Pprof:
    """types: [(type, unit)]. samples: [(stack, values, labels)]; a stack begins at the root, and
    its frames are (function, file, line, module)."""

    def __init__(self, packed):
        self.raw = raw = _message(gzip.decompress(packed), "Profile")
        self.strings = text = raw["string_table"]
        self.types = [(text[t["type"]], text[t["unit"]]) for t in raw["sample_type"]]
        self._functions = self._by_id("function")
        self._locations = self._by_id("location")
        self._mappings = self._by_id("mapping")
        self._frames = {number: self._frame(location)
                        for number, location in self._locations.items()}
        self.samples = [
            (
                tuple(self._frames[number] for number in reversed(sample["location_id"])),
                sample["value"],
                {text[label["key"]]: text[label["str"]] if label["str"] else label["num"]
                 for label in sample["label"]},
            )
            for sample in raw["sample"]
        ]

    def _by_id(self, kind):
        ret = {thing["id"]: thing for thing in self.raw[kind]}
        if 0 in ret or len(ret) != len(self.raw[kind]):
            raise ValueError("%s: an id is 0, or occurs twice" % kind)
        return ret

    def _frame(self, location):
        (line,) = location["line"]
        function = self._functions[line["function_id"]]
        module, text = "", self.strings
        if location["mapping_id"]:
            module = text[self._mappings[location["mapping_id"]]["filename"]]
        return text[function["name"]], text[function["filename"]], line["line"], module

    def total(self, kind):
        at = [name for name, _ in self.types].index(kind)
        return sum(values[at] for _, values, _ in self.samples)
