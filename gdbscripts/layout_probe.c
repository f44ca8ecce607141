/*
 * Prints one row of layouts.py for the CPython whose headers it is compiled against:
 *
 *	cc -I$(python3-config --prefix)/include/python3.11 -o probe layout_probe.c && ./probe
 *
 * Needs the headers only (Debian: python3.11-dev), internal/ among them; it links no libpython.
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#include <stddef.h>
#include <stdio.h>

#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x03080000
#include <internal/pycore_pystate.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#endif

#define ROW(name, type, member) printf("    '%s': %zu,\n", name, offsetof(type, member))

int main(void)
{
	printf("(%d, %d): {\n", PY_MAJOR_VERSION, PY_MINOR_VERSION);
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
	ROW("runtime.interpreters_head", _PyRuntimeState, interpreters.head);
	ROW("interp.next", PyInterpreterState, next);
	ROW("interp.threads_head", PyInterpreterState, threads.head);
	ROW("tstate.next", PyThreadState, next);
	ROW("tstate.native_thread_id", PyThreadState, native_thread_id);
	ROW("tstate.cframe", PyThreadState, cframe);
	ROW("cframe.current_frame", _PyCFrame, current_frame);
	ROW("cframe.previous", _PyCFrame, previous);
	ROW("frame.code", _PyInterpreterFrame, f_code);
	ROW("frame.previous", _PyInterpreterFrame, previous);
	ROW("frame.prev_instr", _PyInterpreterFrame, prev_instr);
	ROW("frame.is_entry", _PyInterpreterFrame, is_entry);
	ROW("frame.owner", _PyInterpreterFrame, owner);
	printf("    'frame.size': %zu,\n", offsetof(_PyInterpreterFrame, localsplus));
	ROW("code.firstlineno", PyCodeObject, co_firstlineno);
	ROW("code.filename", PyCodeObject, co_filename);
	ROW("code.name", PyCodeObject, co_name);
	ROW("code.qualname", PyCodeObject, co_qualname);
	ROW("code.linetable", PyCodeObject, co_linetable);
	ROW("code.code_adaptive", PyCodeObject, co_code_adaptive);
	ROW("code.size", PyVarObject, ob_size);
	ROW("bytes.size", PyBytesObject, ob_base.ob_size);
	ROW("bytes.data", PyBytesObject, ob_sval);
	ROW("str.length", PyASCIIObject, length);
	ROW("str.state", PyASCIIObject, state);
	printf("    'str.ascii_data': %zu,\n", sizeof(PyASCIIObject));
	printf("    'str.compact_data': %zu,\n", sizeof(PyCompactUnicodeObject));
	ROW("object.type", PyObject, ob_type);
#endif
	printf("},\n");
	return 0;
}
