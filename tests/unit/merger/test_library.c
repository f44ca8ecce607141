/* The library of a frame, by its path alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merger/profile/library.h"

static const struct {
	enum frame_kind kind;
	const char *path, *library;
} rows[] = {
	{ FRAME_PYTHON, "/app/main.py", "" },
	{ FRAME_PYTHON, "/app/python/tool.py", "" },
	{ FRAME_PYTHON, "/v/lib/python3.11/site-packages/requests/api.py", "requests" },
	{ FRAME_PYTHON, "/v/lib/python3.11/site-packages/six.py", "six" },
	{ FRAME_PYTHON, "/usr/lib/python3/dist-packages/yaml/loader.py", "yaml" },
	{ FRAME_PYTHON, "/usr/lib/python3.11/json/decoder.py", "json" },
	{ FRAME_PYTHON, "/usr/local/lib/python3.13t/threading.py", "threading" },
	{ FRAME_PYTHON, "/w/python311.zip/os.py", "os" },
	{ FRAME_PYTHON, "<frozen importlib._bootstrap>", "importlib" },
	{ FRAME_PYTHON, "<string>", "" },
	{ FRAME_NATIVE, "/usr/bin/python3.11", "python3.11" },
	{ FRAME_NATIVE, "/opt/lib/libpython3.11.so.1.0", "libpython3.11.so.1.0" },
	{ FRAME_NATIVE, "/opt/bin/python", "python" },
	{ FRAME_NATIVE, "/app/python_utils.so", "" },
	{ FRAME_NATIVE, "/app/pythonic", "" },
	{ FRAME_NATIVE, "/app/libfast.so", "" },
	{ FRAME_NATIVE, "/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6" },
	{ FRAME_NATIVE, "/usr/lib/app/server", "" },
	{ FRAME_NATIVE, "/v/lib/python3.11/site-packages/numpy/core/x.so", "numpy" },
	{ FRAME_NATIVE, "/u/lib/python3.11/lib-dynload/_json.cpython-311.so", "_json" },
	{ FRAME_NATIVE, "", "" },
	{ FRAME_MARKER, "/usr/lib/python3.11/json/decoder.py", "" },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct intern *intern = intern_create();
		uint32_t path = intern_add(intern, span_of(rows[i].path));
		struct frame frame = { .kind = rows[i].kind, .file = path, .module = path };
		struct span name = library_name(intern, &frame);

		if (!span_eq(name, span_of(rows[i].library)))
			print_error("%s: %.*s\n", rows[i].path, SPAN_ARG(name));
		assert_true(span_eq(name, span_of(rows[i].library)));
		intern_destroy(intern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
