/*
 * Prints the row of layouts.py for the CPython whose headers it is compiled against:
 *
 *	cc -I/usr/include/python3.11 -o probe layout_probe.c && ./probe
 *
 * It needs only the headers (Debian: python3.11-dev), from 3.7 on with internal/; it does not link
 * libpython. From 3.13 on the interpreter describes itself (debug_offsets.py): the row is then only
 * compared by a test. `./probe values` prints the row of value_layouts.py.
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030e0000
#include <internal/pycore_interpframe_structs.h>
#endif
#if PY_VERSION_HEX >= 0x03080000
#include <internal/pycore_pystate.h>
#endif
#if PY_VERSION_HEX >= 0x03090000
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#elif PY_VERSION_HEX >= 0x03070000 && PY_VERSION_HEX < 0x03080000
#include <internal/pystate.h>
#endif

#define ROW(name, type, member) printf("    '%s': %zu,\n", name, offsetof(type, member))
#define NUMBER(name, value) printf("    '%s': %zu,\n", name, (size_t)(value))
#define WORD(name, value) printf("    '%s': '%s',\n", name, value)

#if PY_VERSION_HEX >= 0x030b0000
typedef _PyInterpreterFrame frame_struct;
#else
typedef PyFrameObject frame_struct;
#endif

static void thread_states(void)
{
#if PY_VERSION_HEX >= 0x03070000
	ROW("runtime.interpreters_head", _PyRuntimeState, interpreters.head);
#else
	NUMBER("runtime.interpreters_head", 0); /* of the variable interp_head */
#endif
	ROW("interp.next", PyInterpreterState, next);
#if PY_VERSION_HEX >= 0x030b0000
	ROW("interp.threads_head", PyInterpreterState, threads.head);
	ROW("tstate.native_thread_id", PyThreadState, native_thread_id);
#else
	ROW("interp.threads_head", PyInterpreterState, tstate_head);
#endif
	ROW("tstate.next", PyThreadState, next);
	ROW("tstate.thread_id", PyThreadState, thread_id);
#if PY_VERSION_HEX >= 0x030d0000
	ROW("tstate.current_frame", PyThreadState, current_frame);
#elif PY_VERSION_HEX >= 0x030a0000
	ROW("tstate.cframe", PyThreadState, cframe);
#endif
#if PY_VERSION_HEX < 0x030b0000
	ROW("tstate.frame", PyThreadState, frame);
#endif
}

static void frames(void)
{
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030d0000
	ROW("cframe.current_frame", _PyCFrame, current_frame);
	ROW("cframe.previous", _PyCFrame, previous);
#endif
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
	ROW("frame.is_entry", frame_struct, is_entry);
#elif PY_VERSION_HEX >= 0x030a0000 && PY_VERSION_HEX < 0x030b0000
	ROW("cframe.previous", CFrame, previous);
	ROW("tstate.root_cframe", PyThreadState, root_cframe);
#endif
#if PY_VERSION_HEX >= 0x030d0000
	ROW("frame.code", frame_struct, f_executable);
	ROW("frame.instr", frame_struct, instr_ptr);
#else
	ROW("frame.code", frame_struct, f_code);
#endif
#if PY_VERSION_HEX >= 0x030b0000
	ROW("frame.previous", frame_struct, previous);
	ROW("frame.owner", frame_struct, owner);
	ROW("frame.size", frame_struct, localsplus);
#else
	ROW("frame.previous", frame_struct, f_back);
	ROW("frame.lasti", frame_struct, f_lasti);
	/* In bytes: Objects/frameobject.c. */
	NUMBER("lasti.unit", PY_VERSION_HEX >= 0x030a0000 ? 2 : 1);
	NUMBER("frame.size", offsetof(frame_struct, f_lasti) + sizeof(int));
#endif
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030d0000
	ROW("frame.instr", frame_struct, prev_instr);
#endif
#if PY_VERSION_HEX >= 0x030e0000 && defined(Py_GIL_DISABLED)
	ROW("frame.tlbc_index", frame_struct, tlbc_index);
	ROW("code.tlbc", PyCodeObject, co_tlbc);
#endif
}

static void code_objects(void)
{
	ROW("code.firstlineno", PyCodeObject, co_firstlineno);
	ROW("code.filename", PyCodeObject, co_filename);
#if PY_VERSION_HEX >= 0x030b0000
	ROW("code.name", PyCodeObject, co_qualname);
	ROW("code.code_adaptive", PyCodeObject, co_code_adaptive);
#else
	ROW("code.name", PyCodeObject, co_name);
#endif
#if PY_VERSION_HEX >= 0x030a0000
	ROW("code.linetable", PyCodeObject, co_linetable);
#else
	ROW("code.linetable", PyCodeObject, co_lnotab);
#endif
}

#if PY_VERSION_HEX >= 0x030d0000
/* The number of the first bit of the bit field `kind` in `state`. */
static int kind_bit(void)
{
	PyASCIIObject text = { 0 };
	unsigned int word;

	text.state.kind = 1;
	memcpy(&word, &text.state, sizeof(word));
	return __builtin_ctz(word);
}
#endif

static void objects(void)
{
	ROW("object.type", PyObject, ob_type);
	ROW("type.name", PyTypeObject, tp_name);
#if PY_VERSION_HEX >= 0x03000000
	ROW("bytes.size", PyBytesObject, ob_base.ob_size);
	ROW("bytes.data", PyBytesObject, ob_sval);
	ROW("str.length", PyASCIIObject, length);
	ROW("str.state", PyASCIIObject, state);
	NUMBER("str.ascii_data", sizeof(PyASCIIObject));
	NUMBER("str.compact_data", sizeof(PyCompactUnicodeObject));
#if PY_VERSION_HEX >= 0x030d0000
	NUMBER("str.kind_bit", kind_bit());
#endif
#else
	ROW("bytes.size", PyStringObject, ob_size);
	ROW("bytes.data", PyStringObject, ob_sval);
#endif
}

/* Before 3.7 the lock is made of static variables. */
static void locks(void)
{
#if PY_VERSION_HEX >= 0x030c0000
	ROW("interp.gil", PyInterpreterState, ceval.gil);
#elif PY_VERSION_HEX >= 0x03070000
	ROW("runtime.gil", _PyRuntimeState, ceval.gil);
#endif
#if PY_VERSION_HEX >= 0x03090000
	ROW("interp.collecting", PyInterpreterState, gc.collecting);
#elif PY_VERSION_HEX >= 0x03070000
	ROW("runtime.collecting", _PyRuntimeState, gc.collecting);
#endif
#if PY_VERSION_HEX >= 0x03070000
	ROW("gil.locked", struct _gil_runtime_state, locked);
	ROW("gil.holder", struct _gil_runtime_state, last_holder);
#endif
}

/* The words are explained in layouts.py. */
static void words(void)
{
	WORD("runs", PY_VERSION_HEX >= 0x030c0000   ? "shim"
	             : PY_VERSION_HEX >= 0x030b0000 ? "is_entry"
	             : PY_VERSION_HEX >= 0x030a0000 ? "cframes"
	                                            : "frames");
	WORD("lines", PY_VERSION_HEX >= 0x030b0000   ? "locations"
	              : PY_VERSION_HEX >= 0x030a0000 ? "ranges"
	              : PY_VERSION_HEX >= 0x03060000 ? "lnotab-signed"
	                                             : "lnotab");
	WORD("text", PY_VERSION_HEX >= 0x03000000 ? "unicode" : "bytes");
}

/* The row of value_layouts.py; its words are explained there. */
static void values(void)
{
#if PY_VERSION_HEX >= 0x030b0000
	ROW("frame.localsplus", frame_struct, localsplus);
	ROW("frame.stacktop", frame_struct, stacktop);
	ROW("code.names", PyCodeObject, co_localsplusnames);
	ROW("code.kinds", PyCodeObject, co_localspluskinds);
	ROW("gen.frame", PyGenObject, gi_iframe);
	ROW("heap_type.cached_keys", PyHeapTypeObject, ht_cached_keys);
	ROW("code.exceptiontable", PyCodeObject, co_exceptiontable);
#else
	ROW("frame.localsplus", frame_struct, f_localsplus);
	ROW("frame.valuestack", frame_struct, f_valuestack);
#if PY_VERSION_HEX >= 0x030a0000
	ROW("frame.stackdepth", frame_struct, f_stackdepth);
#else
	ROW("frame.stacktop", frame_struct, f_stacktop);
#endif
	ROW("frame.iblock", PyFrameObject, f_iblock);
	ROW("frame.blockstack", PyFrameObject, f_blockstack);
	NUMBER("block.size", sizeof(PyTryBlock));
	ROW("block.level", PyTryBlock, b_level);
	ROW("code.names", PyCodeObject, co_varnames);
	ROW("code.cellvars", PyCodeObject, co_cellvars);
	ROW("code.freevars", PyCodeObject, co_freevars);
	ROW("gen.frame", PyGenObject, gi_frame);
#endif
	ROW("code.globals", PyCodeObject, co_names);
	ROW("code.stacksize", PyCodeObject, co_stacksize);
	ROW("code.argcount", PyCodeObject, co_argcount);
#if PY_VERSION_HEX >= 0x03000000
	ROW("code.kwonlyargcount", PyCodeObject, co_kwonlyargcount);
#endif
	ROW("code.flags", PyCodeObject, co_flags);
#if PY_VERSION_HEX >= 0x030c0000
	ROW("interp.modules", PyInterpreterState, imports.modules);
#else
	ROW("interp.modules", PyInterpreterState, modules);
#endif
	WORD("dict", PY_VERSION_HEX >= 0x030b0000   ? "log2"
	             : PY_VERSION_HEX >= 0x03060000 ? "compact"
	                                            : "table");
	WORD("attributes", PY_VERSION_HEX >= 0x030d0000   ? "inline"
	                   : PY_VERSION_HEX >= 0x030c0000 ? "tagged"
	                   : PY_VERSION_HEX >= 0x030b0000 ? "two"
	                                                  : "dict");
	WORD("int", PY_VERSION_HEX >= 0x030c0000 ? "tag" : "size");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "values")) {
		printf("(%d, %d): {\n", PY_MAJOR_VERSION, PY_MINOR_VERSION);
		values();
		printf("},\n");
		return 0;
	}
	printf("(%d, %d): {\n", PY_MAJOR_VERSION, PY_MINOR_VERSION);
	words();
	thread_states();
	frames();
	code_objects();
	objects();
	locks();
	printf("},\n");
	return 0;
}
