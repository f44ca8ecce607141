"""CPython's versions as data: where its structures hold what pmp reads. One row a minor version.

Offsets in bytes, x86-64. Source of each row: layout_probe.c compiled against the headers of a release of
that version; releases of one minor version share their layout. `tests/live` checks the row of each Python
whose headers are there. A version without a row gets native stacks, and a note that says so.
"""

LAYOUTS = {
    # Python 3.11.2 (Debian 12) and 3.11.7: Include/cpython/pystate.h, internal/pycore_frame.h,
    # cpython/code.h, cpython/unicodeobject.h.
    (3, 11): {
        "runtime.interpreters_head": 40,
        "interp.next": 0,
        "interp.threads_head": 16,
        "tstate.next": 8,
        "tstate.native_thread_id": 160,
        "tstate.cframe": 56,
        "cframe.current_frame": 8,
        "cframe.previous": 16,
        "frame.code": 32,
        "frame.previous": 48,
        "frame.prev_instr": 56,
        "frame.is_entry": 68,
        "frame.owner": 69,
        "frame.size": 72,
        "code.firstlineno": 72,
        "code.filename": 112,
        "code.name": 120,
        "code.qualname": 128,
        "code.linetable": 136,
        "code.code_adaptive": 184,
        "code.size": 16,
        "bytes.size": 16,
        "bytes.data": 32,
        "str.length": 16,
        "str.state": 32,
        "str.ascii_data": 48,
        "str.compact_data": 72,
        "object.type": 8,
    },
}
