#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merger/parse/function_class.h"

static const struct {
	const char *name;
	enum function_class class;
} rows[] = {
	{ "_PyEval_EvalFrameDefault", CLASS_EVALUATOR },
	{ "PyEval_EvalFrameEx", CLASS_EVALUATOR },
	{ "vm_exec_core", CLASS_EVALUATOR },
	{ "rb_vm_exec", CLASS_GLUE },
	{ "vm_call_cfunc_with_frame_", CLASS_GLUE },
	{ "rb_ary_each", CLASS_OTHER },
	{ "_TAIL_CALL_LOAD_FAST", CLASS_EVALUATOR },
	{ "_PyEval_EvalFrameDefaultish", CLASS_OTHER },
	{ "my_PyEval_EvalFrameDefault", CLASS_OTHER },
	{ "fast_function", CLASS_GLUE },
	{ "_PyFunction_Vectorcall", CLASS_GLUE },
	{ "slot_tp_call", CLASS_GLUE },
	{ "cfunction_vectorcall_O", CLASS_C_CALL },
	{ "method_vectorcall_NOARGS", CLASS_C_CALL },
	{ "method_vectorcall", CLASS_GLUE },
	{ "PyRun_SimpleFileExFlags", CLASS_GLUE },
	{ "__libc_start_main_impl", CLASS_STARTUP },
	{ "Py_BytesMain", CLASS_STARTUP },
	{ "clone3", CLASS_STARTUP },
	{ "main", CLASS_MAIN },
	{ "main_loop", CLASS_OTHER },
	{ "list_sort", CLASS_OTHER },
	{ "operator[]", CLASS_OTHER },
	{ "f.12", CLASS_OTHER },
	{ "]", CLASS_OTHER },
	{ "", CLASS_OTHER },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (function_class_of(span_of(rows[i].name)) != rows[i].class)
			fail_msg("%s is class %d", rows[i].name,
			         function_class_of(span_of(rows[i].name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
