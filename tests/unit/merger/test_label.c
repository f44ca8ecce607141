#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/profile/label.h"

static const struct row {
	enum frame_kind kind;
	const char *name, *file, *module;
	uint32_t line;
	const char *plain, *full_paths, *by_line;
} rows[] = {
	{ FRAME_PYTHON, "Spin.inner", "/srv/spin.py", "", 12, "Spin.inner (spin.py)",
	  "Spin.inner (/srv/spin.py)", "Spin.inner (spin.py:12)" },
	{ FRAME_PYTHON, "load", "/srv/pkg/__init__.py", "", 3, "load (pkg/__init__.py)",
	  "load (/srv/pkg/__init__.py)", "load (pkg/__init__.py:3)" },
	{ FRAME_PYTHON, "load", "__init__.py", "", 3, "load (__init__.py)", "load (__init__.py)",
	  "load (__init__.py:3)" },
	{ FRAME_PYTHON, "run", "/pkg/__main__.py", "", 3, "run (pkg/__main__.py)",
	  "run (/pkg/__main__.py)", "run (pkg/__main__.py:3)" },
	{ FRAME_PYTHON, "run", "/__main__.py", "", 3, "run (__main__.py)", "run (/__main__.py)",
	  "run (__main__.py:3)" },
	{ FRAME_PYTHON, "inner", "", "", 12, "inner", "inner", "inner" },
	{ FRAME_PYTHON, "f", "<frozen importlib._bootstrap>", "", 0,
	  "f (<frozen importlib._bootstrap>)", "f (<frozen importlib._bootstrap>)",
	  "f (<frozen importlib._bootstrap>)" },
	{ FRAME_NATIVE, "list_sort", "Objects/listobject.c", "/usr/bin/python3.11", 2345,
	  "list_sort (python3.11)", "list_sort (/usr/bin/python3.11)",
	  "list_sort (listobject.c:2345)" },
	{ FRAME_NATIVE, "select", "", "/lib/libc.so.6", 0, "select (libc.so.6)",
	  "select (/lib/libc.so.6)", "select (libc.so.6)" },
	{ FRAME_NATIVE, "list.sort", "", "/usr/bin/python3.11", 0x1fcda8, "list.sort (python3.11)",
	  "list.sort (/usr/bin/python3.11)", "list.sort 0x1fcda8 (python3.11)" },
	{ FRAME_NATIVE, "fn 0x1fcd40", "", "/usr/bin/python3.11", 0x1fcda8,
	  "fn 0x1fcd40 (python3.11)", "fn 0x1fcd40 (/usr/bin/python3.11)",
	  "fn 0x1fcd40+0x68 (python3.11)" },
	{ FRAME_NATIVE, "fn 0x1fcd40 of list.sort", "", "/usr/bin/python3.11", 0x1fcda8,
	  "fn 0x1fcd40 of list.sort (python3.11)", "fn 0x1fcd40 of list.sort (/usr/bin/python3.11)",
	  "fn 0x1fcd40+0x68 of list.sort (python3.11)" },
	{ FRAME_NATIVE, "fn 0x1fcd40", "", "", 0x1fcd40, "fn 0x1fcd40", "fn 0x1fcd40",
	  "fn 0x1fcd40+0x0" },
	{ FRAME_NATIVE, "fn 0x1fcd40", "", "/bin/a", 0x1f, "fn 0x1fcd40 (a)",
	  "fn 0x1fcd40 (/bin/a)", "fn 0x1fcd40 0x1f (a)" },
	{ FRAME_NATIVE, "fn 0x1fcd40", "a.c", "/bin/a", 12, "fn 0x1fcd40 (a)",
	  "fn 0x1fcd40 (/bin/a)", "fn 0x1fcd40 (a.c:12)" },
	{ FRAME_NATIVE, "work", "src/w.c", "", 0, "work (w.c)", "work (src/w.c)", "work (w.c)" },
	{ FRAME_NATIVE, "std::map<int, A>::operator[]", "", "", 0, "std::map<int, A>::operator[]",
	  "std::map<int, A>::operator[]", "std::map<int, A>::operator[]" },
	{ FRAME_NATIVE, "", "", "/lib/libfoo.so", 0, "?? (libfoo.so)", "?? (/lib/libfoo.so)",
	  "?? (libfoo.so)" },
	{ FRAME_THREAD, "worker-1 (tid 4713)", "", "", 0, "worker-1 (tid 4713)",
	  "worker-1 (tid 4713)", "worker-1 (tid 4713)" },
	{ FRAME_LOST, "no answer in time", "a", "b", 1, "no answer in time", "no answer in time",
	  "no answer in time" },
};

static void assert_label(const struct intern *intern, const struct frame *frame, bool full_paths,
                         bool by_line, const char *expected)
{
	const struct label_options options = { full_paths, by_line };
	struct buf out = { 0 };

	label_add(&out, intern, frame, &options);
	buf_add(&out, "", 1);
	assert_string_equal(out.ptr, expected);
	buf_deinit(&out);
}

static void test_labels(void **state)
{
	struct intern *intern = intern_create();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct frame frame = {
			.name = intern_add(intern, span_of(rows[i].name)),
			.file = intern_add(intern, span_of(rows[i].file)),
			.module = intern_add(intern, span_of(rows[i].module)),
			.line = rows[i].line,
			.kind = rows[i].kind,
		};

		assert_label(intern, &frame, false, false, rows[i].plain);
		assert_label(intern, &frame, true, false, rows[i].full_paths);
		assert_label(intern, &frame, false, true, rows[i].by_line);
	}
	intern_destroy(intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_labels) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
