#include "merger/parse/function_class.h"

#include <stdbool.h>

struct known_name {
	const char *name; /* a '*' at the end matches any ending */
	enum function_class class;
};

/* CPython 2.7 to 3.15: Python/ceval.c, Objects/call.c, Objects/methodobject.c,
 * Objects/descrobject.c, Objects/typeobject.c, Objects/genobject.c, Python/pythonrun.c,
 * Modules/main.c, Python/ceval_gil.c, Python/perf_trampoline.c, Modules/gcmodule.c, Python/gc.c;
 * glibc: csu/, nptl/. */
static const struct known_name known_names[] = {
	{ "_PyEval_EvalFrameDefault", CLASS_EVALUATOR },
	{ "PyEval_EvalFrameEx", CLASS_EVALUATOR },
	{ "_TAIL_CALL_*", CLASS_EVALUATOR },
	{ "vm_exec_core", CLASS_EVALUATOR }, /* Ruby 3.0 to 3.4: vm_exec.c, vm.c, vm_eval.c, ... */

	{ "main", CLASS_MAIN },
	{ "_start", CLASS_STARTUP },
	{ "__libc_start_main*", CLASS_STARTUP },
	{ "__libc_start_call_main", CLASS_STARTUP },
	{ "generic_start_main", CLASS_STARTUP },
	{ "clone", CLASS_STARTUP },
	{ "clone3", CLASS_STARTUP },
	{ "__clone", CLASS_STARTUP },
	{ "__clone3", CLASS_STARTUP },
	{ "start_thread", CLASS_STARTUP },
	{ "pythread_wrapper", CLASS_STARTUP },
	{ "t_bootstrap", CLASS_STARTUP },
	{ "thread_run", CLASS_STARTUP },
	{ "Py_BytesMain", CLASS_STARTUP },
	{ "_Py_UnixMain", CLASS_STARTUP },
	{ "Py_Main", CLASS_STARTUP },
	{ "Py_RunMain", CLASS_STARTUP },
	{ "pymain_*", CLASS_STARTUP },

	{ "take_gil", CLASS_GIL_WAIT },
	{ "PyEval_RestoreThread", CLASS_GIL_WAIT },
	{ "PyEval_AcquireThread", CLASS_GIL_WAIT },
	{ "PyEval_AcquireLock", CLASS_GIL_WAIT },
	{ "PyThread_acquire_lock", CLASS_LOCK },
	{ "collect_with_callback", CLASS_GC },
	{ "collect_generations", CLASS_GC },
	{ "gc_collect*", CLASS_GC },
	{ "PyGC_Collect", CLASS_GC },
	{ "_PyGC_Collect*", CLASS_GC },
	{ "_Py_RunGC", CLASS_GC },

	{ "py::*", CLASS_GLUE }, /* python -X perf adds one for each Python function */
	{ "py_trampoline_evaluator", CLASS_GLUE },
	{ "call_function", CLASS_GLUE },
	{ "fast_function", CLASS_GLUE },
	{ "do_call", CLASS_GLUE },
	{ "do_call_core", CLASS_GLUE },
	{ "ext_do_call", CLASS_GLUE },
	{ "trace_call_function", CLASS_GLUE },
	{ "function_call", CLASS_GLUE },
	{ "function_code_fastcall", CLASS_GLUE },
	{ "PyEval_EvalFrame", CLASS_GLUE },
	{ "_PyEval_EvalFrame", CLASS_GLUE },
	{ "PyEval_EvalCode", CLASS_GLUE },
	{ "PyEval_EvalCodeEx", CLASS_GLUE },
	{ "_PyEval_EvalCode", CLASS_GLUE },
	{ "_PyEval_EvalCodeWithName", CLASS_GLUE },
	{ "_PyEval_Vector", CLASS_GLUE },
	{ "PyEval_CallObject*", CLASS_GLUE },
	{ "PyEval_CallFunction", CLASS_GLUE },
	{ "PyEval_CallMethod", CLASS_GLUE },
	{ "_PyFunction_*", CLASS_GLUE },
	{ "PyFunction_*", CLASS_GLUE },
	{ "PyObject_Call*", CLASS_GLUE },
	{ "_PyObject_Call*", CLASS_GLUE },
	{ "_PyObject_FastCall*", CLASS_GLUE },
	{ "_PyObject_MakeTpCall", CLASS_GLUE },
	{ "PyObject_Vectorcall*", CLASS_GLUE },
	{ "_PyObject_Vectorcall*", CLASS_GLUE },
	{ "object_vacall", CLASS_GLUE },
	{ "callmethod", CLASS_GLUE },
	{ "PyVectorcall_Call", CLASS_GLUE },
	{ "_PyVectorcall_Call", CLASS_GLUE },
	{ "_Py_VectorCall*", CLASS_GLUE },
	{ "_Py_BuiltinCall*", CLASS_GLUE },
	{ "_Py_CallBuiltinClass*", CLASS_GLUE },
	{ "_PyCallMethodDescriptor*", CLASS_GLUE },
	{ "PyCFunction_Call", CLASS_C_CALL },
	{ "_PyCFunction_*", CLASS_C_CALL },
	{ "_PyMethodDef_*", CLASS_C_CALL },
	{ "_PyMethodDescr_*", CLASS_C_CALL },
	{ "cfunction_call*", CLASS_C_CALL },
	{ "cfunction_vectorcall_*", CLASS_C_CALL },
	{ "method_call", CLASS_GLUE },
	{ "method_vectorcall_*", CLASS_C_CALL },
	{ "method_vectorcall", CLASS_GLUE },
	{ "methoddescr_call", CLASS_C_CALL },
	{ "classmethoddescr_call", CLASS_C_CALL },
	{ "instancemethod_call", CLASS_GLUE },
	{ "instance_call", CLASS_GLUE },
	{ "wrapper_call", CLASS_GLUE },
	{ "wrapperdescr_call", CLASS_GLUE },
	{ "wrap_call", CLASS_GLUE },
	{ "type_call", CLASS_GLUE },
	{ "type_vectorcall", CLASS_GLUE },
	{ "slot_tp_*", CLASS_GLUE },
	{ "call_method", CLASS_GLUE },
	{ "call_maybe", CLASS_GLUE },
	{ "call_unbound*", CLASS_GLUE },
	{ "vectorcall_*", CLASS_GLUE },
	{ "lookup_maybe_method", CLASS_GLUE },
	{ "gen_send", CLASS_GLUE },
	{ "gen_send_ex*", CLASS_GLUE },
	{ "gen_iternext", CLASS_GLUE },
	{ "PyGen_am_send", CLASS_GLUE },
	{ "PyIter_Send", CLASS_GLUE },
	{ "_PyGen_Send", CLASS_GLUE },
	{ "run_mod", CLASS_GLUE },
	{ "run_eval_code_obj", CLASS_GLUE },
	{ "pyrun_*", CLASS_GLUE },
	{ "PyRun_*", CLASS_GLUE },
	{ "_PyRun_*", CLASS_GLUE },

	/* Ruby */
	{ "vm_exec*", CLASS_GLUE },
	{ "jit_exec*", CLASS_GLUE },
	{ "vm_sendish*", CLASS_GLUE },
	{ "vm_call*", CLASS_GLUE },
	{ "vm_yield*", CLASS_GLUE },
	{ "vm_invoke_*", CLASS_GLUE },
	{ "rb_vm_*", CLASS_GLUE },
	{ "invoke_block*", CLASS_GLUE },
	{ "rb_yield*", CLASS_GLUE },
	{ "rb_call*", CLASS_GLUE },
	{ "rb_funcall*", CLASS_GLUE },
	{ "rb_ensure", CLASS_GLUE },
	{ "rb_rescue*", CLASS_GLUE },
	{ "rb_protect", CLASS_GLUE },
	{ "rb_block_call*", CLASS_GLUE },
	{ "rb_catch*", CLASS_GLUE },
	{ "ractor_safe_call_cfunc_*", CLASS_GLUE },
	{ "ruby_run_node", CLASS_STARTUP },
	{ "rb_ec_exec_node", CLASS_STARTUP },
	{ "ruby_exec_node", CLASS_STARTUP },
	{ "rb_main", CLASS_STARTUP },
	{ "thread_start_func_*", CLASS_STARTUP },
	{ "call_thread_start_func_*", CLASS_STARTUP },
	{ "thread_do_start*", CLASS_STARTUP },
	{ "nt_start", CLASS_STARTUP },
};

static bool matches_pattern(struct span name, const char *pattern)
{
	struct span p = span_of(pattern);

	if (!span_ends(p, SPAN_LIT("*")))
		return span_eq(name, p);
	p.len--;
	return span_starts(name, p);
}

enum function_class function_class_of(struct span name)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		if (name.len && *name.ptr == *known_names[i].name &&
		    matches_pattern(name, known_names[i].name))
			return known_names[i].class;
	return CLASS_OTHER;
}
