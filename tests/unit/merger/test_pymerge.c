#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/text_parser.h"
#include "merger/build/pymerge.h"

#define EVAL(n) "#" #n " 0x52b7 in _PyEval_EvalFrameDefault () from /lib/libpython.so\n"
#define PY(name) "  File \"/srv/a.py\", line 3, in " name "\n"
#define TRACEBACK "Traceback (most recent call first):\n"
#define START(n)                                                                                   \
	"#" #n " 0x1 in Py_BytesMain ()\n#" #n "1 0x2 in __libc_start_main ()\n#" #n               \
	"2 0x3 in _start ()\n"

struct row {
	const char *what;
	const char *text;
	bool glue;
	enum merge_quality quality;
	const char *frames; /* root first; native functions in [], markers in ** */
};

/* clang-format off */
static const struct row rows[] = {
	{ "no Python: nothing is hidden",
	  "#0 0x1 in work () at w.c:3\n"
	  "#1 0x2 in main () at w.c:9\n"
	  "#2 0x3 in __libc_start_main ()\n"
	  "#3 0x4 in _start ()\n",
	  false, QUALITY_NATIVE_ONLY, "[_start] [__libc_start_main] [main] [work]" },
	{ "one evaluator for several Python frames; start-up is hidden",
	  "#0 0x1 in list_sort ()\n"
	  EVAL(1) PY("inner") PY("outer") PY("<module>")
	  "#2 0x2 in PyEval_EvalCode ()\n"
	  "#3 0x5 in Py_RunMain ()\n"
	  "#4 0x6 in main ()\n"
	  "#5 0x6 in Py_BytesMain ()\n"
	  "#6 0x7 in main ()\n",
	  false, QUALITY_MERGED, "<module> outer inner [list_sort]" },
	{ "the same with glue",
	  "#0 0x1 in list_sort ()\n"
	  EVAL(1) PY("inner")
	  "#2 0x2 in PyEval_EvalCode ()\n"
	  "#3 0x5 in Py_RunMain ()\n",
	  true, QUALITY_MERGED, "[Py_RunMain] [PyEval_EvalCode] inner [list_sort]" },
	{ "C that calls back into Python stays, glue between goes",
	  EVAL(0) PY("key")
	  "#1 0x1 in _PyFunction_Vectorcall ()\n"
	  "#2 0x2 in list_sort ()\n"
	  "#3 0x3 in cfunction_vectorcall_O ()\n"
	  EVAL(4) PY("<module>"),
	  false, QUALITY_MERGED, "<module> [list_sort] key" },
	{ "the root stays, not the rest of the start",
	  EVAL(0) PY("run")
	  "#1 0x1 in thread_run ()\n"
	  "#2 0x2 in start_thread ()\n"
	  "#3 0x3 in clone3 ()\n",
	  false, QUALITY_MERGED, "[clone3] run" },
	{ "a root without a name stays",
	  EVAL(0) PY("<module>")
	  "#1 0x1 in ?? () from /lib/libpython.so\n"
	  "#2 0x2 in ?? () from /lib/libpython.so\n",
	  false, QUALITY_MERGED, "[0x2] <module>" },
	{ "the main of a program that embeds Python stays",
	  EVAL(0) PY("<module>")
	  "#1 0x1 in PyRun_SimpleStringFlags ()\n"
	  "#2 0x2 in host_loop () at h.c:1\n"
	  "#3 0x3 in main () at h.c:9\n"
	  "#4 0x4 in __libc_start_main ()\n",
	  false, QUALITY_MERGED, "[__libc_start_main] [main] [host_loop] <module>" },
	{ "an evaluator at the leaf that has no frame yet",
	  EVAL(0)
	  "#1 0x1 in _PyFunction_Vectorcall ()\n"
	  EVAL(2) PY("outer"),
	  false, QUALITY_MERGED, "outer" },
	{ "an evaluator in the middle without a frame",
	  EVAL(0) PY("inner") EVAL(1) EVAL(2) PY("outer"),
	  false, QUALITY_PARTIAL, "outer [_PyEval_EvalFrameDefault] inner" },
	{ "an evaluator without a name, known by the frames below it",
	  "#0 0x1 in ?? () from /lib/libpython.so\n"
	  PY("inner")
	  "#1 0x2 in ?? () from /lib/libpython.so\n"
	  "#2 0x3 in ?? () from /lib/libother.so\n"
	  "#3 0x4 in ?? () from /lib/libpython.so\n"
	  PY("outer"),
	  false, QUALITY_MERGED, "outer [0x3] inner" },
	{ "what the interpreter does now has no name either, and stays",
	  "#0 0x1 in ?? () from /lib/libpython.so\n"
	  EVAL(1) PY("inner"),
	  false, QUALITY_MERGED, "inner [0x1]" },
	{ "PyEval_EvalFrameEx that only calls the evaluator",
	  EVAL(0) PY("inner")
	  "#1 0x2 in PyEval_EvalFrameEx ()\n",
	  false, QUALITY_MERGED, "inner" },
	{ "waits for the GIL, by a function's name",
	  "#0 0x1 in do_futex_wait ()\n"
	  "#1 0x2 in take_gil.constprop.0 ()\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED,
	  "inner [take_gil] [do_futex_wait] *waits for the GIL*" },
	{ "waits for the GIL, in 2.7's eval loop",
	  "#0 0x1 in sem_wait ()\n"
	  "#1 0x2 in PyThread_acquire_lock ()\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [PyThread_acquire_lock] [sem_wait] *waits for the GIL*" },
	{ "waits for a lock of the program's",
	  "#0 0x2 in PyThread_acquire_lock ()\n"
	  "#1 0x3 in lock_acquire ()\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [lock_acquire] [PyThread_acquire_lock]" },
	{ "collects garbage, in C that Python called",
	  "#0 0x1 in visit_decref ()\n"
	  "#1 0x2 in gc_collect_main ()\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [gc_collect_main] [visit_decref] *collects garbage*" },
	{ "Python code that the collector calls is what the thread does",
	  EVAL(0) PY("__del__")
	  "#1 0x2 in gc_collect_main ()\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [gc_collect_main] __del__" },
	{ "what the text tells comes before names",
	  "~pmp doing what=holds%20the%20GIL\n"
	  "#0 0x1 in take_gil ()\n"
	  EVAL(1) PY("inner"),
	  false, QUALITY_MERGED, "inner [take_gil] *holds the GIL*" },
	{ "py-bt below bt, one each",
	  EVAL(0)
	  "#1 0x1 in list_sort ()\n"
	  EVAL(2) TRACEBACK PY("in") PY("out"),
	  false, QUALITY_MERGED, "out [list_sort] in" },
	{ "py-bt below bt, one evaluator for all",
	  "#0 0x1 in list_sort ()\n"
	  EVAL(1) TRACEBACK PY("in") PY("out"),
	  false, QUALITY_MERGED, "out in [list_sort]" },
	{ "py-bt below bt, the leaf's frame not pushed yet",
	  EVAL(0)
	  "#1 0x1 in list_sort ()\n"
	  EVAL(2) TRACEBACK PY("out"),
	  false, QUALITY_MERGED, "out [list_sort]" },
	{ "py-bt below bt, more Python frames than evaluators",
	  EVAL(0)
	  "#1 0x1 in list_sort ()\n"
	  EVAL(2) TRACEBACK PY("c") PY("b") PY("a"),
	  false, QUALITY_PARTIAL, "a [list_sort] b c" },
	{ "py-bt below bt, more evaluators than Python frames",
	  EVAL(0) EVAL(1) EVAL(2) TRACEBACK PY("a"),
	  false, QUALITY_PARTIAL, "a [_PyEval_EvalFrameDefault]" },
	{ "py-bt below bt without any evaluator: both halves stay",
	  "#0 0x1 in poll ()\n"
	  "#1 0x2 in ?? ()\n"
	  TRACEBACK PY("in") PY("out"),
	  false, QUALITY_UNPAIRED, "out in [0x2] [poll]" },
	{ "py-bt alone",
	  TRACEBACK PY("in") PY("out"),
	  false, QUALITY_PYTHON_ONLY, "out in" },
	{ "evaluators of which nothing is known",
	  "#0 0x1 in poll ()\n"
	  EVAL(1),
	  false, QUALITY_NATIVE_ONLY, "[_PyEval_EvalFrameDefault] [poll]" },
	{ "frames left over at the root, where the native stack was cut",
	  "#0 0x1 in poll ()\n"
	  EVAL(1) PY("in") TRACEBACK PY("out"),
	  false, QUALITY_PARTIAL, "out in [poll]" },
	{ "annotations and py-bt say the same",
	  "#0 0x52 in PyEval_EvalFrameEx (f=Frame 0x7f, for file /srv/a.py, line 3, in inner ()) "
	  "at c.c:1\n"
	  "#1 0x53 in PyEval_EvalFrameEx (f=Frame 0x7e, for file /srv/a.py, line 9, in outer ()) "
	  "at c.c:1\n"
	  TRACEBACK PY("inner") PY("outer"),
	  false, QUALITY_MERGED, "outer inner" },
	{ "the rest of a stack that gdb lost, which begins as its leaf does",
	  EVAL(0) PY("f") PY("inner") TRACEBACK PY("f") PY("out"),
	  false, QUALITY_PARTIAL, "out f inner f" },
	{ "Python frames of a function that is no evaluator",
	  EVAL(0) PY("in")
	  "#1 0x1 in list_sort ()\n"
	  PY("out"),
	  false, QUALITY_PARTIAL, "out in" },
	{ "an evaluator made of tail calls is one",
	  "#0 0x1 in _TAIL_CALL_CALL_KW ()\n"
	  EVAL(1) PY("in")
	  "#2 0x1 in _TAIL_CALL_CALL ()\n"
	  EVAL(3) PY("out"),
	  false, QUALITY_MERGED, "out in" },
	{ "the same and py-bt",
	  "#0 0x1 in _TAIL_CALL_CALL_KW ()\n"
	  EVAL(1)
	  "#2 0x1 in list_sort ()\n"
	  "#3 0x1 in _TAIL_CALL_CALL ()\n"
	  EVAL(4) TRACEBACK PY("in") PY("out"),
	  false, QUALITY_MERGED, "out [list_sort] in" },
	{ "a signal handler",
	  "#0 0x1 in handler ()\n"
	  "#1 <signal handler called>\n"
	  "#2 0x2 in work ()\n",
	  false, QUALITY_NATIVE_ONLY, "[work] [<signal handler called>] [handler]" },
	{ "all glue but the Python frame",
	  START(0),
	  false, QUALITY_NATIVE_ONLY, "[_start] [__libc_start_main] [Py_BytesMain]" },
	{ "a function and the part that the compiler has split off are one frame",
	  "#0 0x1 in work.part.0 () from /srv/a\n"
	  "#1 0x2 in work.isra.0 () from /srv/a\n"
	  "#2 0x3 in top(int) [clone .cold.1] () from /srv/a\n"
	  "#3 0x4 in top(int) () from /srv/a\n"
	  "#4 0x5 in main () from /srv/a\n",
	  false, QUALITY_NATIVE_ONLY, "[main] [top] [work]" },
	{ "the same with glue",
	  "#0 0x1 in work.part.0 () from /srv/a\n"
	  "#1 0x2 in work () from /srv/a\n",
	  true, QUALITY_NATIVE_ONLY, "[work] [work]" },
	{ "a recursion stays: no function calls its cold part or its copies, but itself",
	  "#0 0x1 in work.cold () from /srv/a\n"
	  "#1 0x2 in work () from /srv/a\n"
	  "#2 0x2 in work.part.0 () from /srv/a\n"
	  "#3 0x2 in work.part.0 () from /srv/a\n"
	  "#4 0x2 in work () from /srv/a\n"
	  "#5 0x3 in visit.constprop.0 () from /srv/a\n"
	  "#6 0x3 in visit () from /srv/a\n",
	  false, QUALITY_NATIVE_ONLY, "[visit] [visit] [work] [work] [work] [work]" },
	{ "a part of another file's function",
	  "#0 0x1 in work.part.0 () from /srv/a.so\n"
	  "#1 0x2 in work () from /srv/a\n",
	  false, QUALITY_NATIVE_ONLY, "[work] [work]" },
	{ "an evaluator in parts",
	  "#0 0x1 in list_sort ()\n"
	  "#1 0x2 in _PyEval_EvalFrameDefault.cold ()\n" PY("inner")
	  "#2 0x3 in _PyEval_EvalFrameDefault.lto_priv.0.constprop.1 ()\n" PY("outer"),
	  false, QUALITY_MERGED, "outer inner [list_sort]" },
	{ "a function known by its start has no name",
	  "#0 0x1 in fn 0x1fcd40 () from /lib/libpython.so\n"
	  PY("inner")
	  "#1 0x2 in fn 0x1fcd80 () from /lib/libpython.so\n"
	  "#2 0x3 in fn 0x400 () from /lib/libother.so\n"
	  "#3 0x4 in fn 0x1fcd40 () from /lib/libpython.so\n"
	  PY("outer"),
	  false, QUALITY_MERGED, "outer [fn 0x400] inner" },
	{ "what the interpreter does now, without any name, stays",
	  "#0 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#1 0x2 in fn 0x200 () from /lib/libpython.so\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [fn 0x200] [fn 0x100]" },
	{ "a function without a name serves the named one that called it",
	  "#0 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#1 0x2 in ?? () from /lib/libpython.so\n"
	  "#2 0x3 in list.sort () from /lib/libpython.so\n"
	  EVAL(3) PY("inner"),
	  false, QUALITY_MERGED, "inner [list.sort]" },
	{ "and the named one that it calls, even if that is glue or of another file",
	  "#0 0x1 in memcpy () from /lib/libc.so.6\n"
	  "#1 0x2 in fn 0x100 () from /lib/libpython.so\n"
	  EVAL(2) PY("inner")
	  "#3 0x2 in slot_tp_init () from /lib/libpython.so\n"
	  "#4 0x2 in fn 0x200 () from /lib/libpython.so\n"
	  EVAL(5) PY("outer"),
	  false, QUALITY_MERGED, "outer inner [memcpy]" },
	{ "glue, which is hidden, does not stand for what it calls",
	  "#0 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#1 0x2 in cfunction_vectorcall_O () from /lib/libpython.so\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [fn 0x100]" },
	{ "a method that has left by a tail call stays, between Python frames, too",
	  EVAL(0) PY("key")
	  "#1 0x1 in _PyObject_Vectorcall () from /lib/libpython.so\n"
	  "#2 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#3 0x1 in fn 0x200 () from /lib/libpython.so\n"
	  "#4 0x2 in cfunction_vectorcall_O () from /lib/libpython.so\n"
	  EVAL(5) PY("outer"),
	  false, QUALITY_MERGED, "outer [fn 0x200] key" },
	{ "unless it calls a function with a name, which stands for it",
	  EVAL(0) PY("key")
	  "#1 0x1 in list_sort () from /lib/libpython.so\n"
	  "#2 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#3 0x2 in cfunction_vectorcall_O () from /lib/libpython.so\n"
	  EVAL(4) PY("outer"),
	  false, QUALITY_MERGED, "outer [list_sort] key" },
	{ "a function that one function alone uses serves it",
	  "#0 0x1 in fn 0x100 of list.sort () from /lib/libpython.so\n"
	  "#1 0x2 in PyObject_RichCompare () from /lib/libpython.so\n"
	  "#2 0x2 in fn 0x200 of list.sort () from /lib/libpython.so\n"
	  "#3 0x2 in fn 0x300 of list.sort () from /lib/libpython.so\n"
	  "#4 0x3 in list.sort () from /lib/libpython.so\n"
	  EVAL(5) PY("inner"),
	  false, QUALITY_MERGED, "inner [list.sort] [PyObject_RichCompare] [list.sort]" },
	{ "and has its name if that has left by a tail call",
	  EVAL(0) PY("key")
	  "#1 0x1 in fn 0x100 of list.sort () from /lib/libpython.so\n"
	  "#2 0x1 in fn 0x200 of list.sort () from /lib/libpython.so\n"
	  "#3 0x1 in sorted () from /lib/libpython.so\n"
	  "#4 0x2 in cfunction_vectorcall_O () from /lib/libpython.so\n"
	  EVAL(5) PY("outer"),
	  false, QUALITY_MERGED, "outer [sorted] [list.sort] key" },
	{ "the same with glue: each has its own address",
	  "#0 0x1 in fn 0x100 of list.sort () from /lib/libpython.so\n"
	  EVAL(1) PY("inner"),
	  true, QUALITY_MERGED, "inner [fn 0x100 of list.sort]" },
	{ "a type, glue and an evaluator are no function that has called it",
	  "#0 0x1 in fn 0x100 of list.* () from /lib/libpython.so\n"
	  "#1 0x1 in fn 0x200 of cfunction_call () from /lib/libpython.so\n"
	  "#2 0x1 in fn 0x300 of _PyEval_EvalFrameDefault () from /lib/libpython.so\n"
	  EVAL(3) PY("inner"),
	  false, QUALITY_MERGED,
	  "inner [fn 0x300 of _PyEval_EvalFrameDefault] [fn 0x200 of cfunction_call] "
	  "[fn 0x100 of list.*]" },
	{ "a name on the other side of Python frames is no help",
	  "#0 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  EVAL(1) PY("inner")
	  "#2 0x3 in list.sort () from /lib/libpython.so\n"
	  EVAL(3) PY("outer"),
	  false, QUALITY_MERGED, "outer [list.sort] inner [fn 0x100]" },
	{ "the same with glue: all is shown",
	  "#0 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#1 0x3 in list.sort () from /lib/libpython.so\n"
	  EVAL(2) PY("inner"),
	  true, QUALITY_MERGED, "inner [list.sort] [fn 0x100]" },
	{ "functions without a name of other files stay",
	  "#0 0x1 in fn 0x100 () from /lib/libz.so\n"
	  "#1 0x3 in zlib.compress () from /lib/zlib.so\n"
	  EVAL(2) PY("inner"),
	  false, QUALITY_MERGED, "inner [zlib.compress] [fn 0x100]" },
	{ "an extension module is like the interpreter, except between Python frames",
	  "~pmp module pid=1 path=/lib/zlib.so python=1\n"
	  "~pmp begin sample=1 pid=1\n"
	  "#0 0x1 in fn 0x100 () from /lib/zlib.so\n"
	  "#1 0x3 in zlib.compress () from /lib/zlib.so\n"
	  EVAL(2) PY("inner")
	  "#3 0x4 in fn 0x200 () from /lib/zlib.so\n"
	  EVAL(4) PY("outer"),
	  false, QUALITY_MERGED, "outer [fn 0x200] inner [zlib.compress]" },
	{ "modules that are not known serve nobody",
	  "#0 0x1 in ?? ()\n"
	  "#1 0x3 in list_sort ()\n"
	  "#2 0x52 in ?? ()\n" PY("inner")
	  "#3 0x53 in ?? ()\n"
	  "#4 0x54 in ?? ()\n" PY("outer"),
	  false, QUALITY_MERGED, "outer inner [list_sort] [0x1]" },
	{ "libc calls main in a function that a stripped libc does not name",
	  EVAL(0) PY("<module>")
	  "#1 0x1 in Py_BytesMain () from /usr/bin/python3\n"
	  "#2 0x2 in fn 0x29f70 () from /lib/libc.so.6\n"
	  "#3 0x3 in __libc_start_main () from /lib/libc.so.6\n"
	  "#4 0x4 in fn 0x5e1c80 () from /lib/libpython.so\n",
	  false, QUALITY_MERGED, "[fn 0x5e1c80] <module>" },
	{ "and starts threads likewise; one root stays",
	  EVAL(0) PY("run")
	  "#1 0x1 in fn 0x100 () from /lib/libpython.so\n"
	  "#2 0x2 in ?? () from /lib/libc.so.6\n"
	  "#3 0x3 in ?? () from /lib/libc.so.6\n",
	  false, QUALITY_MERGED, "[0x3] run" },
	{ "a function of libc that the program calls is no start-up",
	  EVAL(0) PY("compare")
	  "#1 0x1 in host_compare () from /srv/host\n"
	  "#2 0x2 in fn 0x400 () from /lib/libc.so.6\n"
	  "#3 0x3 in fn 0x29f70 () from /lib/libc.so.6\n"
	  "#4 0x4 in fn 0x900 () from /srv/host\n"
	  "#5 0x5 in fn 0x29f70 () from /lib/libc.so.6\n"
	  "#6 0x6 in _start () from /srv/host\n",
	  false, QUALITY_MERGED,
	  "[_start] [fn 0x900] [fn 0x29f70] [fn 0x400] [host_compare] compare" },
	{ "a thread in the kernel, from its system call on",
	  "~pmp begin sample=1 pid=1\n"
	  "~pmp kernel tid=7 state=D syscall=74 "
	  "frame=io_schedule%2B0x1/0x2 frame=__do_sys_fsync+0x1/0x2\n",
	  false, QUALITY_NATIVE_ONLY, "fsync __do_sys_fsync io_schedule" },
	{ "a lost stack",
	  "~pmp begin sample=1 pid=1\n"
	  "~pmp lost tid=7 why=gone%20away\n",
	  false, QUALITY_LOST, "gone away" },
};

/* With suffixes. */
static const struct row rows_with_suffixes[] = {
	{ "a part tells that it is one, and stands for its function",
	  "#0 0x1 in poll () from /lib/libc.so.6\n"
	  "#1 0x2 in work.part.0 () from /srv/a\n"
	  "#2 0x3 in work () from /srv/a\n"
	  "#3 0x4 in top(int) [clone .cold.1] () from /srv/a\n"
	  "#4 0x5 in app::run::h0123456789abcdef () from /srv/a\n",
	  false, QUALITY_NATIVE_ONLY,
	  "[app::run] [top [clone .cold.1]] [work.part.0] [poll]" },
};
/* clang-format on */

struct test {
	const struct row *row;
	struct intern *intern;
	struct pymerge *pymerge;
	size_t stacks;
};

static void check_stack(void *ctx, const struct raw_stack *stack)
{
	struct test *test = ctx;
	const struct frame *frames;
	size_t count;
	struct buf buf = { 0 };
	enum merge_quality quality = pymerge_stack(test->pymerge, stack, &frames, &count);

	for (size_t i = 0; i < count; i++) {
		struct span name = intern_get(test->intern, frames[i].name);
		static const char *const around[FRAME_KIND_COUNT][2] = {
			[FRAME_NATIVE] = { "[", "]" },
			[FRAME_MARKER] = { "*", "*" },
		};
		const char *const *around_name = around[frames[i].kind];

		buf_printf(&buf, "%s%s%.*s%s", i ? " " : "", around_name[0] ? around_name[0] : "",
		           SPAN_ARG(name), around_name[1] ? around_name[1] : "");
	}
	if (quality != test->row->quality || !span_eq(buf_span(&buf), span_of(test->row->frames)))
		fail_msg("%s: quality %d, %.*s", test->row->what, quality,
		         SPAN_ARG(buf_span(&buf)));
	buf_deinit(&buf);
	test->stacks++;
}

/* As profile_builder does. */
static void take_marker(void *ctx, const struct marker *marker)
{
	const struct test *test = ctx;

	if (marker->verb == MARKER_MODULE)
		pymerge_add_python_module(test->pymerge,
		                          intern_add(test->intern, marker_get(marker, "path")));
}

static void run_rows(const struct row *table, size_t count, bool suffixes)
{
	for (size_t i = 0; i < count; i++) {
		struct pymerge_options options = { table[i].glue, suffixes };
		struct test test = { .row = &table[i], .intern = intern_create() };
		struct text_parser_sink sink = { check_stack, take_marker, &test, false };
		struct text_parser *dump = text_parser_create(test.intern, &sink);

		test.pymerge = pymerge_create(test.intern, &options);
		text_parser_feed(dump, table[i].text, strlen(table[i].text));
		text_parser_finish(dump);
		if (test.stacks != 1)
			fail_msg("%s: %zu stacks", table[i].what, test.stacks);
		text_parser_destroy(dump);
		pymerge_destroy(test.pymerge);
		intern_destroy(test.intern);
	}
}

static void test_rows(void **state)
{
	(void)state;
	run_rows(rows, sizeof(rows) / sizeof(rows[0]), false);
	run_rows(rows_with_suffixes, sizeof(rows_with_suffixes) / sizeof(rows_with_suffixes[0]),
	         true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
