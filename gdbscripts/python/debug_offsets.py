"""The interpreter's description of itself: struct _Py_DebugOffsets, at the start of _PyRuntime
since 3.13.

Format: eight bytes "xdebugpy", PY_VERSION_HEX, 1 for a free-threaded build, then groups of offsets
and sizes; each number has eight bytes. The fields of a group and their order differ between minor
versions: FIELDS (source: 3.13 Include/internal/pycore_runtime.h, later versions
pycore_debug_offsets.h in the same folder). A newer version is read as the newest known one, and is
used only if valid frames are found with it (interpreter.py).
"""
import struct

from pmp_memory import BadRead

COOKIE = b"xdebugpy"
SIZE_MAX = 4096  # bytes; more than any version has
OFFSET_MAX = 1 << 24  # a larger offset into a structure is invalid

FIELDS = {
    (3, 13): """
        runtime_state: size finalizing interpreters_head
        interpreter_state: size id next threads_head gc imports_modules sysdict builtins ceval_gil
            gil_runtime_state gil_runtime_state_enabled gil_runtime_state_locked
            gil_runtime_state_holder
        thread_state: size prev next interp current_frame thread_id native_thread_id datastack_chunk
            status
        interpreter_frame: size previous executable instr_ptr localsplus owner
        code_object: size filename name qualname linetable firstlineno argcount localsplusnames
            localspluskinds co_code_adaptive
        pyobject: size ob_type
        type_object: size tp_name tp_repr tp_flags
        tuple_object: size ob_item ob_size
        list_object: size ob_item ob_size
        dict_object: size ma_keys ma_values
        float_object: size ob_fval
        long_object: size lv_tag ob_digit
        bytes_object: size ob_size ob_sval
        unicode_object: size state length asciiobject_size
        gc: size collecting""",
    (3, 14): """
        runtime_state: size finalizing interpreters_head
        interpreter_state: size id next threads_head threads_main gc imports_modules sysdict
            builtins ceval_gil gil_runtime_state gil_runtime_state_enabled gil_runtime_state_locked
            gil_runtime_state_holder code_object_generation tlbc_generation
        thread_state: size prev next interp current_frame thread_id native_thread_id datastack_chunk
            status
        interpreter_frame: size previous executable instr_ptr localsplus owner stackpointer
            tlbc_index
        code_object: size filename name qualname linetable firstlineno argcount localsplusnames
            localspluskinds co_code_adaptive co_tlbc
        pyobject: size ob_type
        type_object: size tp_name tp_repr tp_flags
        tuple_object: size ob_item ob_size
        list_object: size ob_item ob_size
        set_object: size used table mask
        dict_object: size ma_keys ma_values
        float_object: size ob_fval
        long_object: size lv_tag ob_digit
        bytes_object: size ob_size ob_sval
        unicode_object: size state length asciiobject_size
        gc: size collecting""",
    (3, 15): """
        runtime_state: size finalizing interpreters_head
        interpreter_state: size id next threads_head threads_main gc imports_modules sysdict
            builtins ceval_gil gil_runtime_state gil_runtime_state_enabled gil_runtime_state_locked
            gil_runtime_state_holder code_object_generation tlbc_generation
        thread_state: size prev next interp current_frame base_frame last_profiled_frame
            last_profiled_frame_seq thread_id native_thread_id datastack_chunk status holds_gil
            gil_requested current_exception exc_state
        err_stackitem: exc_value
        interpreter_frame: size previous executable instr_ptr localsplus owner stackpointer
            tlbc_index
        code_object: size filename name qualname linetable firstlineno argcount localsplusnames
            localspluskinds co_code_adaptive co_tlbc
        pyobject: size ob_type
        type_object: size tp_name tp_repr tp_flags tp_basicsize tp_dictoffset
        heap_type_object: size ht_cached_keys
        tuple_object: size ob_item ob_size
        list_object: size ob_item ob_size
        set_object: size used table mask
        dict_object: size ma_keys ma_values
        float_object: size ob_fval
        long_object: size lv_tag ob_digit
        bytes_object: size ob_size ob_sval
        unicode_object: size state length asciiobject_size compactunicodeobject_size
        gc: size collecting""",
}

# (key of a layout (layouts.py), "group.field").
KEYS = (
    ("runtime.interpreters_head", "runtime_state.interpreters_head"),
    ("interp.next", "interpreter_state.next"),
    ("interp.modules", "interpreter_state.imports_modules"),
    ("interp.threads_head", "interpreter_state.threads_head"),
    ("tstate.next", "thread_state.next"),
    ("tstate.thread_id", "thread_state.thread_id"),
    ("tstate.native_thread_id", "thread_state.native_thread_id"),
    ("tstate.current_frame", "thread_state.current_frame"),
    ("frame.code", "interpreter_frame.executable"),
    ("frame.instr", "interpreter_frame.instr_ptr"),
    ("frame.previous", "interpreter_frame.previous"),
    ("frame.owner", "interpreter_frame.owner"),
    ("frame.size", "interpreter_frame.localsplus"),
    ("code.firstlineno", "code_object.firstlineno"),
    ("code.filename", "code_object.filename"),
    ("code.name", "code_object.qualname"),
    ("code.linetable", "code_object.linetable"),
    ("code.code_adaptive", "code_object.co_code_adaptive"),
    ("object.type", "pyobject.ob_type"),
    ("type.name", "type_object.tp_name"),
    ("bytes.size", "bytes_object.ob_size"),
    ("bytes.data", "bytes_object.ob_sval"),
    ("str.length", "unicode_object.length"),
    ("str.state", "unicode_object.state"),
    ("str.ascii_data", "unicode_object.asciiobject_size"),
)
# Only in free-threaded builds, from 3.14 on.
FREE_THREADED_KEYS = (
    ("frame.tlbc_index", "interpreter_frame.tlbc_index"),
    ("code.tlbc", "code_object.co_tlbc"),
)
# Given relative to the interpreter state, for its own lock. It may use another one's lock: the
# pointer `ceval.gil` has its address. So the layout has offsets into the lock.
LOCK_KEYS = (("gil.locked", "interpreter_state.gil_runtime_state_locked"),
             ("gil.holder", "interpreter_state.gil_runtime_state_holder"))
UTF8_SIZE = 16  # bytes of PyCompactUnicodeObject after PyASCIIObject: length and pointer


def version_number(data: bytes) -> int:
    """The PY_VERSION_HEX of a _Py_DebugOffsets; 0 if these bytes are none."""
    if len(data) < 24 or not data.startswith(COOKIE):
        return 0
    return struct.unpack_from("<Q", data, 8)[0]


def layout(data: bytes) -> dict:
    """A layout with the keys of layouts.py, from the bytes of a _Py_DebugOffsets. BadRead: before
    3.13, too short, or with invalid offsets."""
    number = version_number(data)
    version = (number >> 24 & 255, number >> 16 & 255)
    table = max((known for known in FIELDS if known <= version), default=None)
    if table is None:
        raise BadRead("no _Py_DebugOffsets")
    values = _fields(data, FIELDS[table])
    row = {"runs": "shim", "lines": "locations", "text": "unicode"}
    free_threaded = struct.unpack_from("<Q", data, 16)[0]
    for key, field in KEYS + (FREE_THREADED_KEYS if free_threaded == 1 else ()):
        if field in values:
            row[key] = values[field]
    if max(value for value in row.values() if isinstance(value, int)) > OFFSET_MAX:
        raise BadRead("odd offsets in _Py_DebugOffsets")
    _add_lock(row, values)
    row["str.compact_data"] = row["str.ascii_data"] + UTF8_SIZE
    # No field has this: from 3.14 on `interned` is a byte of its own in free-threaded builds
    # (Include/cpython/unicodeobject.h).
    row["str.kind_bit"] = 8 if free_threaded == 1 and version >= (3, 14) else 2
    return row


def _add_lock(row: dict, values: dict) -> None:
    lock = values.get("interpreter_state.gil_runtime_state", 0)
    for key, field in LOCK_KEYS:
        row[key] = values[field] - lock
        if not 0 <= row[key] < SIZE_MAX:
            raise BadRead("odd offsets in _Py_DebugOffsets")
    row["interp.gil"] = values["interpreter_state.ceval_gil"]
    row["interp.collecting"] = values["interpreter_state.gc"] + values["gc.collecting"]


def _fields(data: bytes, table: str) -> dict:
    """{"group.field": number}. table: a text of FIELDS."""
    values, at, group = {}, 24, ""
    for word in table.split():
        if word.endswith(":"):
            group = word[:-1]
            continue
        if at + 8 > len(data):
            raise BadRead("_Py_DebugOffsets is too short")
        values["%s.%s" % (group, word)] = struct.unpack_from("<Q", data, at)[0]
        at += 8
    return values
