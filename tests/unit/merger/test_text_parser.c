/* Parsing text: a row is a text of gdb or a worker, and its stacks and markers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/text_parser.h"

#define FILE_LINE(file, line, name) "  File \"" file "\", line " #line ", in " name "\n"

#define T1 "Thread 1 (Thread 0x1 (LWP 11)):\n"
#define T2 "Thread 2 (Thread 0x2 (LWP 12)):\n"
#define F(name) "#0  0x1 in " name " ()\n"
#define EV "#1  0x2 in ev ()\n"
#define EVAL "#1  0x2 in _PyEval_EvalFrameDefault ()\n"
#define PYBT(file, line, name)                                                                     \
	"Traceback (most recent call first):\n" FILE_LINE(file, line, name) "    x()\n"

/* A stack is written as "[tid/pid name state!lost" and "]". Its native frames are names ("?": none)
 * with ":file:line", "@module+offset" and, in braces, the Python frames that they run. Loose Python
 * frames follow a "|". Python frames are "name:file:line", "^first_line" and "~number". Kernel
 * frames are "^name@module". A marker is its verb in "<>". */
static const struct {
	const char *name;
	const char *text;
	const char *stacks;
	uint64_t unknown;
} rows[] = {
	{ "nothing", "", "", 0 },
	{ "one stack", "#0  0x1 in f (a=1) at a.c:2\n#1  0x2 in g () from g.so\n#2  0x3 in ?? ()\n",
	  "[0/0 f:a.c:2 g@g.so ?]", 0 },
	{ "threads",
	  "Thread 2 (Thread 0x7f12 (LWP 12) \"w 1\"):\n#0  f () at a.c:1\n\nThread 1 (LWP 11):\n#0 "
	  " g () at a.c:2\n",
	  "[12/0 w 1 f:a.c:1][11/0 g:a.c:2]", 0 },
	{ "places are not taken from the frame before",
	  "#0  f () at a.c:1\n#1  0x1 in g ()\n#2  0x2 in h () from h.so\n#3  0x3 in ?? ()\n",
	  "[0/0 f:a.c:1 g h@h.so ?]", 0 },
	{ "a signal's frame", "#0  f () at a.c:1\n#1  <signal handler called>\n#2  0x1 in g ()\n",
	  "[0/0 f:a.c:1 !<signal handler called> g]", 0 },
	{ "numbers that leave some out, and come twice",
	  "#1  f () at a.c:1\n#3  g () at a.c:2\n#3  h () at a.c:3\n#95 0x1 in i ()\n",
	  "[0/0 f:a.c:1 g:a.c:2 h:a.c:3 i]", 0 },
	{ "numbers that go back",
	  "#0  f () at a.c:1\n#1  g () at a.c:2\n#0  f () at a.c:1\n#1  h () at a.c:3\n",
	  "[0/0 f:a.c:1 g:a.c:2][0/0 f:a.c:1 h:a.c:3]", 0 },
	{ "names are made safe", "Thread 1 (LWP 1 \"a;\x01\"):\n#0  f;g () at a;.c:1\n",
	  "[1/0 a\\x3b\\x01 f\\x3bg:a\\x3b.c:1]", 0 },
	{ "a session",
	  "(gdb) thread 2\n[Switching to thread 2 (Thread 0x1 (LWP 12))]#0  0x1 in f ()\n(gdb) bt\n"
	  "#0  0x1 in f ()\n#1  0x2 in g ()\n(gdb) thread 1\n[Switching to thread 1 (LWP 11)]\n"
	  "#0  0x1 in f ()\n(gdb) bt\n#0  0x1 in f ()\n#1  0x2 in h ()\n(gdb) quit\n",
	  "[12/0 f g][11/0 f h]", 0 },
	/* frames that gdb prints twice */
	{ "the #0 of a stop, before the threads",
	  "Program terminated with signal 11, Segmentation fault.\n#0  f () at a.c:1\n1\tint "
	  "f(void)\n"
	  "\nThread 1 (LWP 11):\n#0  f () at a.c:1\n#1  0x1 in g ()\n",
	  "[11/0 f:a.c:1 g]", 0 },
	{ "the #0 of a stop, before bt",
	  "#0  f () at a.c:1\n(gdb) bt\n#0  0x1 in f () at a.c:1\n#1  0x2 in g ()\n",
	  "[0/0 f:a.c:1 g]", 0 },
	{ "a lone #0 is a stack if nothing follows", "#0  f () at a.c:1\n", "[0/0 f:a.c:1]", 0 },
	{ "lone #0s", "#0  f () at a.c:1\n#0  f () at a.c:1\n#0  g () at a.c:2\n",
	  "[0/0 f:a.c:1][0/0 f:a.c:1][0/0 g:a.c:2]", 0 },
	{ "a lone #0 before another stack",
	  "#0  f () at a.c:1\n(gdb) bt\n#0  h () at a.c:3\n#1  0x2 in g ()\n",
	  "[0/0 f:a.c:1][0/0 h:a.c:3 g]", 0 },
	{ "frame 1, again",
	  "#0  f () at a.c:1\n#1  0x1 in g ()\n#2  0x2 in h ()\n(gdb) frame 1\n#1  0x1 in g "
	  "()\n(gdb) up\n"
	  "#2  0x2 in h ()\n",
	  "[0/0 f:a.c:1 g h]", 0 },
	{ "bt 1, bt -1",
	  "#0  f () at a.c:1\n(More stack frames follow...)\n(gdb) bt -1\n#9  0x2 in h ()\n",
	  "[0/0 f:a.c:1 h]", 0 },
	/* text that is no frame */
	{ "bt full",
	  "#0  f (a=1) at a.c:1\n        x = 1\n        y = {a = 1,\n          s = \"#1  g ()\"}\n"
	  "No locals.\n#1  0x1 in g ()\nNo symbol table info available.\n        z = 3\n",
	  "[0/0 f:a.c:1 g]", 0 },
	{ "lines that gdb prints beside stacks",
	  "warning: File \"x\" has a different build-id\n[New LWP 12]\n[Thread debugging using "
	  "libthread_db "
	  "enabled]\nReading symbols from a...done.\n0x0000 in f () from x.so\n12\t  return;\n"
	  "rax            0x0\t0\n=> 0x12 <f+3>:\tret\n$1 = 3\n#0  f () at a.c:1\n"
	  "Backtrace stopped: previous frame inner to this frame (corrupt stack?)\nPC not saved\n"
	  "Run till exit from #0  f () at a.c:1\n    at a.c:7\n",
	  "[0/0 f:a.c:1]", 0 },
	{ "prose is counted",
	  "The report (see #12) says:\n\n#12 fixes it (again)\n#0  f () at a.c:1\nSo it is.\n",
	  "[0/0 f:a.c:1]", 3 },
	{ "lines that a cut frame took are counted", "#0  f (a=1,\nSo it\nis.\n#1  0x1 in g ()\n",
	  "[0/0 f g]", 2 },
	{ "a header without frames",
	  "Thread 1 (LWP 11):\n\nThread 2 (LWP 12):\n#0  f () at a.c:1\n", "[12/0 f:a.c:1]", 0 },
	/* Python: annotations */
	{ "an annotation",
	  "#0  0x1 in f ()\n#1  0x2 in PyEval_EvalFrameEx (f=Frame 0x7f1, for file /a b.py, line "
	  "3, in foo "
	  "(x=1), throwflag=0) at ceval.c:9\n#2  0x3 in main ()\n",
	  "[0/0 f PyEval_EvalFrameEx:ceval.c:9{foo:/a b.py:3} main]", 0 },
	{ "an annotation that was wrapped",
	  "#0  0x2 in PyEval_EvalFrameEx (\n    f=Frame 0x7f1, for file a.py, line 3,\n    in foo "
	  "(x=1), "
	  "throwflag=0)\n    at ceval.c:9\n",
	  "[0/0 PyEval_EvalFrameEx:ceval.c:9{foo:a.py:3}]", 0 },
	{ "an evaluator's wrapper has no frame of its own",
	  "#0  0x1 in _PyEval_EvalFrameDefault (f=Frame 0x7f1, for file a.py, line 3, in foo ())\n"
	  "#1  0x2 in PyEval_EvalFrameEx (f=f@entry=Frame 0x7f1, for file a.py, line 3, in foo "
	  "())\n"
	  "#2  0x3 in _PyEval_EvalFrameDefault (f=Frame 0x7f2, for file a.py, line 9, in bar ())\n",
	  "[0/0 _PyEval_EvalFrameDefault{foo:a.py:3} PyEval_EvalFrameEx "
	  "_PyEval_EvalFrameDefault{bar:a.py:9}]",
	  0 },
	{ "what an evaluator calls with its frame is none",
	  "#0  0x1 in PyTraceBack_Here (frame=Frame 0x7f1, for file a.py, line 3, in foo ())\n"
	  "#1  0x2 in _PyEval_EvalFrameDefault (f=Frame 0x7f1, for file a.py, line 3, in foo ())\n",
	  "[0/0 PyTraceBack_Here _PyEval_EvalFrameDefault{foo:a.py:3}]", 0 },
	{ "several of them",
	  "#0  0x1 in call_trampoline (frame=Frame 0x7f1, for file a.py, line 3, in foo ())\n"
	  "#1  0x2 in call_trace (frame=Frame 0x7f1, for file a.py, line 3, in foo ())\n"
	  "#2  0x3 in _PyEval_EvalFrameDefault (f=Frame 0x7f1, for file a.py, line 3, in foo ())\n"
	  "#3  0x3 in PyEval_EvalFrameEx (f=Frame 0x7f1, for file a.py, line 3, in foo ())\n",
	  "[0/0 call_trampoline call_trace _PyEval_EvalFrameDefault{foo:a.py:3} "
	  "PyEval_EvalFrameEx]",
	  0 },
	{ "an evaluator without a name that is known",
	  "#0  0x1 in ?? ()\n#1  0x2 in my_eval (f=Frame 0x7f1, for file a.py, line 3, in foo "
	  "())\n",
	  "[0/0 ? my_eval{foo:a.py:3}]", 0 },
	/* Python: lines directly below a native frame */
	{ "lines below a frame",
	  "#0  0x1 in f ()\n#1  0x2 in ev ()\n" FILE_LINE("a.py", 3, "foo")
	          FILE_LINE("b.py", 4, "bar") "#2  0x3 in ev ()\n" FILE_LINE("c.py", 5, "<module>"),
	  "[0/0 f ev{foo:a.py:3 bar:b.py:4} ev{<module>:c.py:5}]", 0 },
	{ "and their first lines",
	  "#0  0x2 in ev ()\n" FILE_LINE("a.py", 3, "foo") "~pmp code first_line=1\n" FILE_LINE(
	          "b.py", 4,
	          "bar") "~pmp code first_line=2\n#1  0x1 in ev (f=Frame 0x1, for file c.py, "
	                 "line 9, in g ())\n~pmp code first_line=7\n",
	  "[0/0 ev{foo:a.py:3^1 bar:b.py:4^2} ev{g:c.py:9^7}]", 0 },
	{ "an annotation and lines below",
	  "#0  0x2 in ev (f=Frame 0x1, for file c.py, line 9, in g ())\n" FILE_LINE("b.py", 4,
	                                                                            "bar"),
	  "[0/0 ev{g:c.py:9 bar:b.py:4}]", 0 },
	{ "not right below", "#0  0x2 in ev ()\n\n" FILE_LINE("b.py", 4, "bar"),
	  "[0/0 ev|bar:b.py:4]", 0 },
	{ "with source they are py-bt's",
	  "#0  0x2 in ev ()\n" FILE_LINE("b.py", 4, "bar") "    x()\n" FILE_LINE("b.py", 5, "baz"),
	  "[0/0 ev|bar:b.py:4 baz:b.py:5]", 0 },
	/* Python: py-bt and py-bt-full */
	{ "py-bt behind bt",
	  "(gdb) bt\n#0  0x1 in f ()\n#1  0x2 in ev ()\n(gdb) py-bt\nTraceback (most recent call "
	  "first):\n" FILE_LINE("a.py", 3, "foo") "    bar()\n  (frame information optimized "
	                                          "out)\n" FILE_LINE("a.py", 4,
	                                                             "<module>") "    foo()\n",
	  "[0/0 f ev|foo:a.py:3 <module>:a.py:4]", 0 },
	{ "py-bt alone", "Traceback (most recent call first):\n" FILE_LINE("a.py", 3, "foo"),
	  "[0/0 |foo:a.py:3]", 0 },
	{ "py-bt, then bt",
	  "(gdb) py-bt\nTraceback (most recent call first):\n" FILE_LINE(
	          "a.py", 3, "foo") "(gdb) bt\n#0  0x1 in f ()\n",
	  "[0/0 f|foo:a.py:3]", 0 },
	{ "thread apply all py-bt",
	  "Thread 2 (LWP 12):\nTraceback (most recent call first):\n" FILE_LINE(
	          "a.py", 3, "foo") "\nThread 1 (LWP 11):\nTraceback (most recent call "
	                            "first):\n" FILE_LINE("a.py", 4, "bar"),
	  "[12/0 |foo:a.py:3][11/0 |bar:a.py:4]", 0 },
	{ "py-bt that repeats annotations is not loose",
	  "#0  0x2 in ev (f=Frame 0x1, for file c.py, line 9, in g ())\n(gdb) py-bt\nTraceback "
	  "(most recent "
	  "call first):\n" FILE_LINE("c.py", 9, "g") "    x\n",
	  "[0/0 ev{g:c.py:9}]", 0 },
	{ "py-bt-full with its bt",
	  "#0  0x1 in f ()\n#1  0x2 in ev ()\n#2  0x3 in ev ()\n(gdb) py-bt-full\n#1 Frame 0x1, "
	  "for file "
	  "a.py, line 3, in foo (x=1)\n    bar()\n#2 (unable to read python frame information)\n#7 "
	  "Frame 0x2, for "
	  "file a.py, line 4, in bar ()\n",
	  "[0/0 f ev{foo:a.py:3~1} ev|bar:a.py:4~7]", 0 },
	{ "py-bt-full where some are annotated, and out of order",
	  "#0  0x1 in f ()\n#1  0x2 in ev (f=Frame 0x1, for file a.py, line 3, in foo ())\n#2  0x2 "
	  "in ev "
	  "(f=Frame 0x1, for file a.py, line 3, in foo ())\n#3  0x3 in ev ()\n(gdb) py-bt-full\n#1 "
	  "Frame 0x1, "
	  "for file a.py, line 3, in foo ()\n#3 Frame 0x2, for file a.py, line 4, in bar ()\n#0 "
	  "Frame 0x3, "
	  "for file a.py, line 5, in baz ()\n",
	  "[0/0 f ev{foo:a.py:3} ev ev{bar:a.py:4~3}|baz:a.py:5~0]", 0 },
	{ "py-bt-full alone", "#4 Frame 0x1, for file a.py,\nline 3, in foo (x=1)\n    bar()\n",
	  "[0/0 |foo:a.py:3~4]", 0 },
	{ "a program's own traceback is none",
	  "Traceback (most recent call last):\n" FILE_LINE(
	          "a.py", 3, "foo") "    x\nValueError: no\n#0  f () at "
	                            "a.c:1\n",
	  "[0/0 f:a.c:1]", 0 },
	/* looks: passes over one stop */
	{ "thread apply all bt, then py-bt",
	  "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("g") EV
	  "(gdb) thread apply all py-bt\n" T2 PYBT("a.py", 3, "foo") T1 PYBT("a.py", 4, "bar"),
	  "[12/0 f ev|foo:a.py:3][11/0 g ev|bar:a.py:4]", 0 },
	{ "the same, the other way round, without prompts",
	  T2 PYBT("a.py", 3, "foo") T1 PYBT("a.py", 4, "bar") T2 F("f") EV T1 F("g") EV,
	  "[12/0 f ev|foo:a.py:3][11/0 g ev|bar:a.py:4]", 0 },
	{ "a selected thread: py-bt with numbers, then bt",
	  "[Switching to thread 2 (Thread 0x2 (LWP 12))]\n" F(
	          "f") "(gdb) py-bt\n#1 Frame 0x1, for "
	               "file a.py, line 3, in foo ()\n(gdb) bt\n" F("f") EV,
	  "[12/0 f ev{foo:a.py:3~1}]", 0 },
	{ "one thread after the other, then all",
	  "(gdb) info threads\n(gdb) thread 1\n[Switching to thread 1 (Thread 0x1 (LWP 11))]\n" F(
	          "g") "(gdb) bt\n" F("g") EV
	  "(gdb) frame 1\n" EV "(gdb) thread 2\n[Switching to "
	  "thread 2 (Thread 0x2 (LWP 12))]\n" F("f") "(gdb) py-bt\n" PYBT(
	          "a.py", 3, "foo") "(gdb) up\n" EV "(gdb) thread apply all bt\n" T2 F("f")
	          EV T1 F("g") EV,
	  "[11/0 g ev][12/0 f ev|foo:a.py:3]", 0 },
	{ "bt, then all threads: it is one of them",
	  "(gdb) bt\n" F("g") EV "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("g") EV,
	  "[11/0 g ev][12/0 f ev]", 0 },
	{ "the same without prompts, two runs of it",
	  F("g") EV T2 F("f") EV T1 F("g") EV F("g") EV T2 F("f") EV T1 F("g") EV,
	  "[11/0 g ev][12/0 f ev][11/0 g ev][12/0 f ev]", 0 },
	{ "all threads, then bt, two runs of it",
	  T2 F("f") EV T1 F("g") EV F("g") EV T2 F("f") EV T1 F("g") EV F("g") EV,
	  "[12/0 f ev][11/0 g ev][12/0 f ev][11/0 g ev]", 0 },
	{ "bt full is a pass of its own",
	  T1 F("g") EV T1 F("g") "        x = 1\n" EV "No locals.\n", "[11/0 g ev]", 0 },
	{ "equal samples of several runs", T1 F("g") T1 F("g") T1 F("g"),
	  "[11/0 g][11/0 g][11/0 g]", 0 },
	{ "equal samples without headers", F("g") EV F("g") EV F("g") EV,
	  "[0/0 g ev][0/0 g ev][0/0 g ev]", 0 },
	{ "equal samples of py-bt", PYBT("a.py", 3, "foo") PYBT("a.py", 3, "foo"),
	  "[0/0 |foo:a.py:3][0/0 |foo:a.py:3]", 0 },
	{ "samples of bt and py-bt",
	  T1 F("g") EV T1 PYBT("a.py", 3, "foo") T1 F("g") EV T1 PYBT("a.py", 3, "foo"),
	  "[11/0 g ev|foo:a.py:3][11/0 g ev|foo:a.py:3]", 0 },
	{ "the program has run in between",
	  "(gdb) bt\n" F("g") EV "(gdb) c\nContinuing.\n^C\n(gdb) bt\n" F("g") EV,
	  "[0/0 g ev][0/0 g ev]", 1 },
	{ "the command is all that tells it",
	  "(gdb) bt\n" F("g") EV "(gdb) next 2\n(gdb) bt\n" F("g") EV, "[0/0 g ev][0/0 g ev]", 0 },
	{ "another stop",
	  F("g") EV "Breakpoint 1 at 0x1: file a.c, line 3.\n" EV
	            "\nBreakpoint 1, f () at a.c:3\n" F("g") EV,
	  "[0/0 g ev ev][0/0 g ev]", 0 },
	{ "a time between them", "12:00:01\n" T1 F("g") "At 12:00:02\n" T1 PYBT("a.py", 3, "foo"),
	  "[11/0 g][11/0 |foo:a.py:3]", 2 },
	{ "a time in a stack", "(gdb) bt\n" F("g") "12:00:01 log\n" EV "(gdb) bt\n" F("g") EV,
	  "[0/0 g ev][0/0 g ev]", 1 },
	{ "a thread with other frames: all that its command prints is of the next look",
	  "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("g") EV
	  "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("h") EV,
	  "[12/0 f ev][11/0 g ev][12/0 f ev][11/0 h ev]", 0 },
	{ "a session's stack that prose quotes",
	  "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("g") EV "So this one:\n" T2 F("f") EV,
	  "[12/0 f ev][11/0 g ev]", 1 },
	{ "the first bt had no symbols",
	  "(gdb) bt\n#0  0x1 in ?? ()\n#1  0x2 in ?? ()\n(gdb) sharedlibrary\n(gdb) bt\n#0  0x1 in "
	  "f "
	  "() from f.so\n#1  0x2 in g ()\n",
	  "[0/0 f@f.so g]", 0 },
	{ "py-bt of the thread that gdb has selected",
	  T2 F("f") EVAL T1 F("g") EVAL "(gdb) py-bt\n" PYBT("a.py", 3, "foo"),
	  "[12/0 f _PyEval_EvalFrameDefault][11/0 g _PyEval_EvalFrameDefault|foo:a.py:3]", 0 },
	{ "bt, then py-bt of all threads", F("f") EVAL T1 PYBT("a.py", 3, "foo"),
	  "[11/0 f _PyEval_EvalFrameDefault|foo:a.py:3]", 0 },
	{ "a stop names its thread",
	  "Thread 2 \"w\" received signal SIGINT, Interrupt.\n[Switching to Thread 0x2 (LWP "
	  "12)]\n(gdb) "
	  "bt\n" F("f") EV "(gdb) thread apply all bt\n" T2 F("f") EV T1 F("g") EV,
	  "[12/0 w f ev][11/0 g ev]", 0 },
	{ "so do a core file and other tools",
	  "[Current thread is 1 (Thread 0x1 (LWP 11))]\n" F("f") EV "TID 12:\n" F("g") EV
	  "Stack trace of thread 13:\n" F("h") EV,
	  "[11/0 f ev][12/0 g ev][13/0 h ev]", 0 },
	{ "the next process has other threads",
	  "[Current thread is 1 (LWP 11)]\n" F("f") EV "Core was generated by `a'.\n" F("f") EV,
	  "[11/0 f ev][0/0 f ev]", 0 },
	{ "the #0 that old gdbs print after all threads", T2 F("f") EV T1 F("g") EV F("g"),
	  "[12/0 f ev][11/0 g ev]", 0 },
	/* pmp's markers */
	{ "a sample",
	  "~pmp maps pid=7\n~pmp map pid=7 start=0x1000 end=0x2000 offset=0x300 path=/a%20b.so\n"
	  "~pmp begin sample=1 pid=7\nThread 1 (LWP 8 \"x\"):\n~pmp state code=S\n#0  0x1010 in f "
	  "()\n"
	  "#1  0x2000 in g () from g.so\n#2  h () at a.c:1\n~pmp end sample=1 pid=7\n",
	  "<begin>[8/7 xS f@/a b.so+784 g@g.so h:a.c:1]<end>", 0 },
	{ "mappings are a process's, and void after maps",
	  "~pmp map pid=7 start=0x1000 end=0x2000 offset=0 path=a\n~pmp map pid=8 start=0x1000 "
	  "end=0x2000 "
	  "offset=0 path=b\n~pmp begin pid=8\nThread 1 (LWP 8):\n#0  0x1010 in f ()\n~pmp "
	  "end\n~pmp maps pid=8\n"
	  "~pmp begin pid=8\nThread 1 (LWP 8):\n#0  0x1010 in f ()\n~pmp end\n",
	  "<begin>[8/8 f@b+16]<end><begin>[8/8 f]<end>", 0 },
	{ "places in a file with a base, and in functions that only their start names",
	  "~pmp maps pid=7\n~pmp map pid=7 start=0x401000 end=0x402000 offset=0x1000 path=a\n"
	  "~pmp map pid=7 start=0x7000 end=0x8000 offset=0x1000 path=b\n"
	  "~pmp module pid=7 path=a build_id=12 base=0x400000\n~pmp module pid=7 path=b base=0x0\n"
	  "~pmp begin pid=7\nThread 1 (LWP 8):\n#0  0x401010 in fn 0x401000 ()\n"
	  "#1  0x401020 in ?? ()\n#2  0x7010 in fn 0x1000 () from b\n#3  0x7020 in g ()\n"
	  "#4  0x7020 in fn 0x12 () at a.c:3\n~pmp end\n",
	  "<?><?><begin>[8/7 fn 0x401000*4198416@a+4198416 ?@a+4198432 "
	  "fn 0x1000*4112@b+4112 g@b+4128 fn 0x12:a.c:3@b+4128]<end>",
	  0 },
	{ "frames that a sample leaves out",
	  "~pmp begin pid=7\nThread 1 (LWP 8):\n#0  0x1 in f ()\n~pmp more frames=30\n#31 0x2 in "
	  "ev "
	  "()\n" FILE_LINE("a.py", 3, "foo") "~pmp more frames=9 python=1\n" FILE_LINE(
	          "a.py", 4,
	          "bar") "~pmp code first_line=2\nTraceback (most recent call first):\n~pmp "
	                 "more frames=8 python=1\n~pmp end\n",
	  "<begin>[8/7 f (30 more frames) ev{foo:a.py:3 (9 more frames)::0 bar:a.py:4^2}|(8 more "
	  "frames)::0]<end>",
	  0 },
	{ "lost and failed",
	  "~pmp begin pid=7\n~pmp lost tid=9 name=w%201 why=it%20ended\n~pmp end\n~pmp failed "
	  "pid=7 "
	  "why=no%20answer tid=9 tid=10\n~pmp failed pid=7\n~pmp late pid=7\n",
	  "<begin>[9/7 w 1!it ended]<lost><end>[9/7 !no answer][10/7 !no answer]<failed>[0/7 !no "
	  "reason "
	  "told]<failed><late>",
	  0 },
	{ "a thread in the kernel",
	  "~pmp begin pid=7\n"
	  "~pmp kernel tid=9 name=w%201 state=D wchan=c syscall=58 "
	  "frame=kernel_clone%2B0x1af/0x3e0 "
	  "frame=__do_sys_vfork+0x43/0x70 frame=do_syscall_64+0x71/0x280 "
	  "frame=entry_SYSCALL_64_after_hwframe%2B0x76/0x7e\n"
	  "~pmp kernel tid=10 state=D syscall=9999 frame=ext4_x%2B0x1/0x2%20[ext4] "
	  "frame=do_syscall_64+0x71/0x280\n"
	  "~pmp kernel tid=11 state=D wchan=io_schedule syscall=74\n"
	  "~pmp kernel tid=12 state=D syscall=read frame= frame=%5D\n"
	  "~pmp kernel tid=13 state=D syscall=-1 wchan=\n~pmp kernel\n~pmp end\n",
	  "<begin>[9/7 w 1D^kernel_clone^__do_sys_vfork^vfork]<kernel>"
	  "[10/7D^ext4_x@ext4^do_syscall_64]<kernel>[11/7D^io_schedule^fsync]<kernel>"
	  "[12/7D^]^read]<kernel>[13/7 D!in uninterruptible sleep (D)]<kernel>"
	  "[0/7 !in uninterruptible sleep (D)]<kernel><end>",
	  0 },
	{ "a thread of a sample without frames is lost",
	  "~pmp begin pid=7\nThread 2 (LWP 9 \"x\"):\nThread 1 (LWP 8):\n~pmp end\n",
	  "<begin>[9/7 x!no frames][8/7 !no frames]<end>", 0 },
	{ "notes may stand anywhere",
	  "~pmp begin pid=7\nThread 1 (LWP 8):\n#0  0x1 in f ()\n~pmp note text=x\n#1  0x2 in g "
	  "()\n~pmp end\n",
	  "<begin><note>[8/7 f g]<end>", 0 },
	{ "markers of later versions", "~pmp begin pid=7\n~pmp later x=1\n~pmp end pid=7\n",
	  "<begin><?><end>", 0 },
	{ "a sample that ends in the middle",
	  "~pmp begin pid=7\nThread 1 (LWP 8):\n#0  0x1 in f (a=1,\n~pmp failed pid=7 why=x "
	  "tid=8\n",
	  "<begin>[8/7 f][8/7 !x]<failed>", 0 },
};

struct reader {
	const struct intern *intern;
	struct buf out;
};

static struct span text_of(const struct reader *reader, uint32_t id)
{
	return intern_get(reader->intern, id);
}

static void render_python(struct reader *reader, const struct py_frame *frame)
{
	buf_printf(&reader->out, "%.*s:%.*s:%u", SPAN_ARG(text_of(reader, frame->name)),
	           SPAN_ARG(text_of(reader, frame->file)), frame->line);
	if (frame->first_line)
		buf_printf(&reader->out, "^%u", frame->first_line);
	if (frame->native_number != RAW_STACK_NO_NUMBER)
		buf_printf(&reader->out, "~%u", frame->native_number);
}

static void render_native(struct reader *reader, const struct raw_stack *stack,
                          const struct native_frame *frame)
{
	buf_printf(&reader->out, " %s%.*s", frame->special == NATIVE_SIGNAL ? "!" : "",
	           SPAN_ARG(frame->name ? text_of(reader, frame->name) : SPAN_LIT("?")));
	if (frame->file)
		buf_printf(&reader->out, ":%.*s:%u", SPAN_ARG(text_of(reader, frame->file)),
		           frame->line);
	else if (frame->line)
		buf_printf(&reader->out, "*%u", frame->line);
	if (frame->module)
		buf_printf(&reader->out, "@%.*s", SPAN_ARG(text_of(reader, frame->module)));
	if (frame->place != UINT64_MAX)
		buf_printf(&reader->out, "+%llu", (unsigned long long)frame->place);
	for (uint32_t i = 0; i < frame->py_count; i++) {
		buf_printf(&reader->out, i ? " " : "{");
		render_python(reader, &stack->py[frame->py_first + i]);
	}
	if (frame->py_count)
		buf_printf(&reader->out, "}");
}

static void take_stack(void *ctx, const struct raw_stack *stack)
{
	struct reader *reader = ctx;

	buf_printf(&reader->out, "[%u/%u", stack->thread.tid, stack->thread.pid);
	if (stack->thread.name || stack->lost || stack->py_count > stack->loose_first)
		buf_printf(&reader->out, "%s%.*s",
		           stack->native_count && !stack->thread.name ? "" : " ",
		           SPAN_ARG(text_of(reader, stack->thread.name)));
	if (stack->thread.state)
		buf_printf(&reader->out, "%c", stack->thread.state);
	if (stack->lost)
		buf_printf(&reader->out, "!%.*s", SPAN_ARG(text_of(reader, stack->lost)));
	for (size_t i = 0; i < stack->native_count; i++)
		render_native(reader, stack, &stack->native[i]);
	for (size_t i = 0; i < stack->kernel_count; i++) {
		buf_printf(&reader->out, "^%.*s", SPAN_ARG(text_of(reader, stack->kernel[i].name)));
		if (stack->kernel[i].module)
			buf_printf(&reader->out, "@%.*s",
			           SPAN_ARG(text_of(reader, stack->kernel[i].module)));
	}
	for (size_t i = stack->loose_first; i < stack->py_count; i++) {
		buf_printf(&reader->out, i > stack->loose_first ? " " : "|");
		render_python(reader, &stack->py[i]);
	}
	buf_printf(&reader->out, "]");
}

static void take_marker(void *ctx, const struct marker *marker)
{
	static const char *const verbs[] = {
		[MARKER_BEGIN] = "begin",   [MARKER_END] = "end",       [MARKER_LOST] = "lost",
		[MARKER_LATE] = "late",     [MARKER_FAILED] = "failed", [MARKER_NOTE] = "note",
		[MARKER_KERNEL] = "kernel",
	};
	struct reader *reader = ctx;
	const char *verb = (size_t)marker->verb < sizeof(verbs) / sizeof(verbs[0])
	                           ? verbs[marker->verb]
	                           : NULL;

	buf_printf(&reader->out, "<%s>", verb ? verb : "?");
}

static struct text_parser_counts read_text(struct reader *reader, const char *text, size_t len,
                                           size_t step)
{
	struct text_parser_sink sink = { .stack = take_stack,
		                         .marker = take_marker,
		                         .ctx = reader };
	struct intern *intern = intern_create();
	struct text_parser *parser = text_parser_create(intern, &sink);
	struct text_parser_counts counts;

	reader->intern = intern;
	buf_clear(&reader->out);
	for (size_t at = 0; at < len; at += step)
		text_parser_feed(parser, text + at, len - at < step ? len - at : step);
	text_parser_finish(parser);
	counts = text_parser_counts(parser);
	text_parser_destroy(parser);
	intern_destroy(intern);
	return counts;
}

static void makes_stacks(void **state)
{
	static const size_t steps[] = { 1, 7, 64, 100000 };
	struct reader reader = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct text_parser_counts counts =
			        read_text(&reader, rows[i].text, strlen(rows[i].text), steps[s]);

			if (!span_eq(buf_span(&reader.out), span_of(rows[i].stacks)) ||
			    counts.unknown_lines != rows[i].unknown)
				fail_msg("%s, by %zu: %.*s, %d unknown", rows[i].name, steps[s],
				         SPAN_ARG(buf_span(&reader.out)),
				         (int)counts.unknown_lines);
		}
	buf_deinit(&reader.out);
}

/* All printed frames count, also those that are not a stack of their own. */
static void counts_what_was_printed(void **state)
{
	static const char text[] = "#0  f () at a.c:1\n\nThread 1 (LWP 11):\n#0  f () at a.c:1\n#1 "
	                           " 0x1 in ev (f=Frame 0x1,\n"
	                           " for file a.py, line 9, in g ())\n(gdb) frame 1\n#1  0x1 in ev "
	                           "(f=0x1)\n(gdb) py-bt\n"
	                           "Traceback (most recent call first):\n" FILE_LINE(
	                                   "b.py", 1, "g") "    x\nWhat is this?\n";
	struct reader reader = { 0 };
	struct text_parser_counts counts = read_text(&reader, text, strlen(text), 5);

	(void)state;
	assert_int_equal(counts.lines, 13);
	assert_int_equal(counts.unknown_lines, 1);
	assert_int_equal(counts.threads, 1);
	assert_int_equal(counts.traces, 3);
	assert_int_equal(counts.frames, 4);
	assert_int_equal(counts.py_frames, 2);
	assert_int_equal(counts.py_blocks, 1);
	buf_deinit(&reader.out);
}

/* The first and the last frames of an endless stack are kept. */
static void cuts_endless_stacks(void **state)
{
	struct reader reader = { 0 };
	struct buf text = { 0 }, want = { 0 };
	unsigned half = RAW_STACK_FRAMES_MAX / 2;

	(void)state;
	for (unsigned i = 0; i < RAW_STACK_FRAMES_MAX + 7; i++)
		buf_printf(&text, "#%u  0x1 in f%u ()\n", i, i);
	buf_printf(&want, "[0/0");
	for (unsigned i = 0; i < RAW_STACK_FRAMES_MAX + 7; i++)
		if (i < half || i >= half + 7)
			buf_printf(&want, i == half + 7 ? " (7 more frames) f%u" : " f%u", i);
	buf_printf(&want, "]");
	read_text(&reader, text.ptr, text.len, text.len);
	assert_true(span_eq(buf_span(&reader.out), buf_span(&want)));
	buf_deinit(&text);
	buf_deinit(&want);
	buf_deinit(&reader.out);
}

/* One parser reads several inputs; no state of one is left for the next. */
static void begins_anew(void **state)
{
	struct reader reader = { 0 };
	struct text_parser_sink sink = { .stack = take_stack, .ctx = &reader };
	struct intern *intern = intern_create();
	struct text_parser *parser = text_parser_create(intern, &sink);
	static const char *const texts[] = {
		"~pmp begin pid=7\n[node-1] #0  0x1 in f ()\nTraceback (most recent call last):\n",
		"[Switching to thread 1 (LWP 3)]\n#0  g () at a.c:1\n#1  0x1 in h (a=1,",
		"  File \"a.py\", line 1, in foo\n",
		"#0  0x1 in i ()\n#1  0x2 in j ()\n",
	};

	(void)state;
	reader.intern = intern;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text_parser_feed(parser, texts[i], strlen(texts[i]));
		text_parser_finish(parser);
	}
	text_parser_finish(parser);
	if (!span_eq(buf_span(&reader.out),
	             SPAN_LIT("[0/7 f][3/0 g:a.c:1 h][0/0 |foo:a.py:1][0/0 i j]")))
		fail_msg("%.*s", SPAN_ARG(buf_span(&reader.out)));
	text_parser_destroy(parser);
	intern_destroy(intern);
	buf_deinit(&reader.out);
}

/* All rows, cut at each byte and with each byte changed: the parser ends and does not read past the
 * text. */
static void survives_damage(void **state)
{
	struct reader reader = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t at = 0; at < len; at++) {
			char *copy = malloc(len);

			assert_non_null(copy);
			memcpy(copy, rows[i].text, len);
			read_text(&reader, copy, at, 50);
			copy[at] = "\n\"(<{#\\\0\xff "[at % 10];
			read_text(&reader, copy, len, 1000);
			free(copy);
		}
	}
	buf_deinit(&reader.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_stacks),        cmocka_unit_test(counts_what_was_printed),
		cmocka_unit_test(cuts_endless_stacks), cmocka_unit_test(begins_anew),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
}
