"""Instructions of x86-64 with the distance to a place in 32 bits (Intel SDM, volume 2). They are
searched for as bytes, so a part of another instruction can look like one."""
import re
import struct
from itertools import repeat
from operator import add, itemgetter

CALL, JUMP, CONDITIONAL_JUMP = (re.compile(rb"\xe8"), re.compile(rb"\xe9"),
                                re.compile(rb"\x0f[\x80-\x8f]"))
LOAD_ADDRESS = re.compile(rb"\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]")  # lea, relative to rip
DISTANCE = struct.Struct("<i")


def find(pattern, code: bytes) -> tuple:
    """(offsets of the distances, offsets of the places to which they lead), two lists."""
    places = [match.end() for match in pattern.finditer(code, 0, len(code) - DISTANCE.size)]
    distances = map(itemgetter(0), map(DISTANCE.unpack_from, repeat(code), places))
    return places, list(map(add, map(add, places, repeat(DISTANCE.size)), distances))
