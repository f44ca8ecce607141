/* Native frames: a row is gdb's line and the parsed frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/gdb_frame.h"

struct row {
	const char *text;
	const char *name;
	const char *file; /* NULL: none */
	uint32_t line;
	const char *module; /* NULL: none */
};

/* Addresses, places and texts instead of a name. */
static const struct row places[] = {
	{ "#0  0x00007f12 in read (fd=3) at io.c:12", "read", "io.c", 12, NULL },
	{ "#1  0x7f12 in poll () from /lib/libc.so.6", "poll", NULL, 0, "/lib/libc.so.6" },
	{ "#12 main () at main.c:1", "main", "main.c", 1, NULL },
	{ "#0 main () at main.c:1", "main", "main.c", 1, NULL },
	{ "#3  0x12 in f (a=1) at ../sysdeps/x.S", "f", "../sysdeps/x.S", 0, NULL },
	{ "#3  0x12 in f (a=1) at", "f", NULL, 0, NULL },
	{ "#3  0x12 in ?? ()", "", NULL, 0, NULL },
	{ "#3  0x12 in ?? () from /lib/a.so", "", NULL, 0, "/lib/a.so" },
	{ "#9  0x0000000000000000 in ?? ()", "", NULL, 0, NULL },
	{ "#9  0x00000000 in ?? () from ", "", NULL, 0, NULL },
	{ "#5  <signal handler called>", "<signal handler called>", NULL, 0, NULL },
	{ "#4  [KCrash Handler]", "[KCrash Handler]", NULL, 0, NULL },
	{ "#2  <function called from gdb>", "<function called from gdb>", NULL, 0, NULL },
	{ "#1  f (a=1) at /home/my files/a b.c:7", "f", "/home/my files/a b.c", 7, NULL },
	{ "#1  f (a=1) at C:\\src\\a.c:7", "f", "C:\\src\\a.c", 7, NULL },
	{ "#1  f (a=1) at a.c:7:3", "f", "a.c", 7, NULL },
	{ "#1  f (a=1) at a.c:99999999999999999999", "f", "a.c", 0, NULL },
	{ "#1  f (a=1) at a.c:7 trash of a screen", "f", "a.c", 7, NULL },
	{ "#1  f (a=1) atsrc/a.c:7", "f", "src/a.c", 7, NULL },
	{ "#1  0x12 in f (a=1) from /opt/my lib/x.so (deleted)", "f", NULL, 0,
	  "/opt/my lib/x.so (deleted)" },
	{ "#1  0x12 in f () from target:/lib/x.so", "f", NULL, 0, "/lib/x.so" },
	{ "#1  0x12 in f () from /proc/4711/root/lib/x.so", "f", NULL, 0, "/lib/x.so" },
	{ "#1  0x12 in f () from /proc/4711/root", "f", NULL, 0, "/proc/4711/root" },
	{ "#1  0x12 in f () from /proc/x/root/a.so", "f", NULL, 0, "/proc/x/root/a.so" },
	{ "#0  0x12 [rxRE,0x10-0x20] in f () at a.c:7", "f", "a.c", 7, NULL },
	{ "#0  0x12\tf (a=1) at a.c:7", "f", "a.c", 7, NULL },
	/* sanitizers, front ends */
	{ "#0  0x12 in f a.c:12:3", "f", "a.c", 12, NULL },
	{ "#0 0x12 in free (/srv/a+0x4a1)", "free", NULL, 0, "/srv/a" },
	{ "#0 inc /srv/a.c:7:3 (a+0x42)", "inc", "/srv/a.c", 7, "a" },
	{ "#1 run <null> (a+0x50)", "run", NULL, 0, "a" },
	{ "#1  0x12 in f (x=a+0x50)", "f", NULL, 0, NULL },
	{ "#8  0x12 in <signal handler called> ()", "<signal handler called>", NULL, 0, NULL },
	{ "#0  0x12 poll", "poll", NULL, 0, NULL }, /* eu-stack */
	{ "#1  0x12 in main (argc=Cannot access memory at address 0x1e", "main", NULL, 0, NULL },
	{ "#1  0x12 in", "", NULL, 0, NULL },
	{ "#3  0x5fcda8 in fn 0x5fcd40 () from /usr/bin/python3.11", "fn 0x5fcd40", NULL, 0,
	  "/usr/bin/python3.11" },
	{ "#3  0x5fcda8 in fn 0x5fcd40 of frozenset|set.__or__ () from /a",
	  "fn 0x5fcd40 of frozenset|set.__or__", NULL, 0, "/a" },
	{ "#3  0x5fcda8 in fn 0x5fcd40 of list.* () from /a", "fn 0x5fcd40 of list.*", NULL, 0,
	  "/a" },
	{ "#3  fn 0x5fcd40 () from /usr/bin/python3.11", "fn 0x5fcd40", NULL, 0,
	  "/usr/bin/python3.11" },
};

static const struct row names[] = {
	/* versions, clones, trampolines */
	{ "#1  0x1 in wait@@GLIBC_2.2.5 () from a.so", "wait@@GLIBC_2.2.5", NULL, 0, "a.so" },
	{ "#1  0x1 in foo@plt ()", "foo@plt", NULL, 0, NULL },
	{ "#1  0x1 in *__GI_abort () at a.c:1", "*__GI_abort", "a.c", 1, NULL },
	{ "#1  0x1 in f.constprop.0 ()", "f.constprop.0", NULL, 0, NULL },
	{ "#1  0x1 in f(int) [clone .constprop.0] ()", "f", NULL, 0, NULL },
	{ "#1  0x1 in f [clone .cold] ()", "f", NULL, 0, NULL },
	{ "#1  0x1 in mod!f () from mod.dll", "mod!f", NULL, 0, "mod.dll" },
	/* parameter lists of symbols without debug information */
	{ "#1  0x1 in foo(int, char const*) (a=1)", "foo", NULL, 0, NULL },
	{ "#1  0x1 in A::f(int) const () from a.so", "A::f", NULL, 0, "a.so" },
	{ "#1  0x1 in A::f(B&&) volatile & ()", "A::f", NULL, 0, NULL },
	{ "#1  0x1 in f(void (*)(int)) ()", "f", NULL, 0, NULL },
	{ "#1  0x1 in f(int (*) [3], A<(B)0>) ()", "f", NULL, 0, NULL },
	{ "#1  0x1 in f(int)::g(long) ()", "f(int)::g", NULL, 0, NULL },
	{ "#1  0x1 in f(int) const::L::g() ()", "f(int) const::L::g", NULL, 0, NULL },
	{ "#1  0x1 in non-virtual thunk to A::f() ()", "non-virtual thunk to A::f", NULL, 0, NULL },
	/* templates */
	{ "#1  0x1 in ns::foo<int, (x)1> (a=1) at a.cc:2", "ns::foo<int, (x)1>", "a.cc", 2, NULL },
	{ "#1  0x1 in void f<int, A<B> >(int) ()", "void f<int, A<B> >", NULL, 0, NULL },
	{ "#1  std::function<void ()>::operator()() const (this=0x1) at f.h:3",
	  "std::function<void ()>::operator()", "f.h", 3, NULL },
	{ "#1  0x1 in f<void (*)(int), 'a'> (x=...)", "f<void (*)(int), 'a'>", NULL, 0, NULL },
	{ "#1  0x1 in f<(E)1, &(g(int))>::h (a=1)", "f<(E)1, &(g(int))>::h", NULL, 0, NULL },
	{ "#1  0x1 in f<decltype (x->y)> (a=1)", "f<decltype (x->y)>", NULL, 0, NULL },
	/* operators */
	{ "#1  0x1 in operator() (this=0x1) at a.c:1", "operator()", "a.c", 1, NULL },
	{ "#1  0x1 in A::operator()(int) (this=0x1)", "A::operator()", NULL, 0, NULL },
	{ "#1  0x1 in operator<< (a=1)", "operator<<", NULL, 0, NULL },
	{ "#1  0x1 in operator<< <char> (a=1)", "operator<< <char>", NULL, 0, NULL },
	{ "#1  0x1 in operator< <int>(A, A) ()", "operator< <int>", NULL, 0, NULL },
	{ "#1  0x1 in A::operator<=>(A const&) const ()", "A::operator<=>", NULL, 0, NULL },
	{ "#1  0x1 in A::operator->() ()", "A::operator->", NULL, 0, NULL },
	{ "#1  0x1 in A::operator>> (this=0x1)", "A::operator>>", NULL, 0, NULL },
	{ "#1  0x1 in operator new[] (n=1)", "operator new[]", NULL, 0, NULL },
	{ "#1  0x1 in operator new[](unsigned long) ()", "operator new[]", NULL, 0, NULL },
	{ "#1  operator delete (p=0x0) at a.c:1", "operator delete", "a.c", 1, NULL },
	{ "#1  0x1 in A::operator bool (this=0x1)", "A::operator bool", NULL, 0, NULL },
	{ "#1  0x1 in A::operator unsigned long() const ()", "A::operator unsigned long", NULL, 0,
	  NULL },
	{ "#1  0x1 in A::operator[] (this=0x1)", "A::operator[]", NULL, 0, NULL },
	{ "#1  0x1 in A<operator< >::f (a=1)", "A<operator< >::f", NULL, 0, NULL },
	{ "#1  0x1 in cooperator (a=1)", "cooperator", NULL, 0, NULL },
	{ "#1  0x1 in operators<int> (a=1)", "operators<int>", NULL, 0, NULL },
	/* anonymous namespaces and lambdas */
	{ "#1  (anonymous namespace)::f (a=1) at a.c:1", "(anonymous namespace)::f", "a.c", 1,
	  NULL },
	{ "#1  0x1 in (anonymous namespace)::f(int) ()", "(anonymous namespace)::f", NULL, 0,
	  NULL },
	{ "#1  0x1 in void (anonymous namespace)::f<int>(int) ()",
	  "void (anonymous namespace)::f<int>", NULL, 0, NULL },
	{ "#1  0x1 in A::(anonymous class)::f (a=1)", "A::(anonymous class)::f", NULL, 0, NULL },
	{ "#1  0x1 in {lambda(int)#1}::operator()(int) const ()", "{lambda(int)#1}::operator()",
	  NULL, 0, NULL },
	{ "#1  0x1 in f()::{lambda(A<B>, int)#2}::operator()(A<B>, int) const (__closure=0x1)",
	  "f()::{lambda(A<B>, int)#2}::operator()", NULL, 0, NULL },
	{ "#1  0x1 in <lambda(int)>::operator()(int) const (__closure=0x1)",
	  "<lambda(int)>::operator()", NULL, 0, NULL },
	{ "#1  <lambda()>::_FUN(void) () at a.c:1", "<lambda()>::_FUN", "a.c", 1, NULL },
	/* other languages */
	{ "#1  0x1 in a::b::{{closure}} (x=1)", "a::b::{{closure}}", NULL, 0, NULL },
	{ "#1  0x1 in a::{impl#0}::f<&mut b::C> (x=1)", "a::{impl#0}::f<&mut b::C>", NULL, 0,
	  NULL },
	{ "#1  0x1 in <impl core::fmt::Debug for X>::fmt (x=1)",
	  "<impl core::fmt::Debug for X>::fmt", NULL, 0, NULL },
	{ "#1  0x1 in <a::B as c::D<E>>::f ()", "<a::B as c::D<E>>::f", NULL, 0, NULL },
	{ "#1  0x1 in f<fn(u8) -> bool> (x=1)", "f<fn(u8) -> bool>", NULL, 0, NULL },
	{ "#1  0x1 in main.(*T).f (t=0x1) at a.go:1", "main.(*T).f", "a.go", 1, NULL },
	{ "#1  0x1 in main.main.func1 (x=1)", "main.main.func1", NULL, 0, NULL },
	{ "#1  0x1 in -[NSFoo bar:] (self=0x1, _cmd=0x2)", "-[NSFoo bar:]", NULL, 0, NULL },
	{ "#1  0x1 in +[NSFoo(Cat) bar:baz:] ()", "+[NSFoo(Cat) bar:baz:]", NULL, 0, NULL },
	{ "#1  D main () at a.d:3", "D main", "a.d", 3, NULL },
	{ "#1  0x1 in a.b.f(int, char[]) (c=..., x=1) at a.d:3", "a.b.f", "a.d", 3, NULL },
	{ "#1  mod::sub (a=...) at a.f90:3", "mod::sub", "a.f90", 3, NULL },
	{ "#1  MAIN__ () at a.f90:3", "MAIN__", "a.f90", 3, NULL },
	{ "#1  0x1 in f[abi:cxx11] (a=1)", "f[abi:cxx11]", NULL, 0, NULL },
	{ "#1  0x1 in f[abi:x](long long) ()", "f[abi:x]", NULL, 0, NULL },
	{ "#1  0x1 in \xc3\xa9t\xc3\xa9 (a=1)", "\xc3\xa9t\xc3\xa9", NULL, 0, NULL },
};

/* Arguments that contain text that could end them. */
static const struct row args[] = {
	{ "#1  f (s=0x1 \"a) at x.c:3\") at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (s=0x1 \"\\\") at x.c:3\", c=41 ')') at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (c=39 '\\'', d=34 '\"') at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (s=L\"a) from b\", t=u8\"(\") at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (a={x = 1, s = \")\"}, b=[1, 2]) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (s=\"#3 (LWP 12)\", g=<g(int)>, h=0x1 <h (x)>) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (a=<error: Cannot access memory, can't>, b=1) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (o=<Foo(x='it\\'s )', y=u\"(\") at remote 0x1>) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (o={'a (': [1, (2,)], \"b)\": '\"'}) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (s='a' <repeats 20 times>, \"b)\"...) at y.c:4", "f", "y.c", 4, NULL },
	/* quotes and brackets that do not match: the end is searched from the back */
	{ "#1  f (s=0x1 \"a) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (r=[1, 2), b=(1, 2]) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (r=[1, 2)) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  f (s=((1) at y.c:4", "f", "y.c", 4, NULL },
	{ "#1  0x1 in f (s=\"a (b\", 'c) from /lib/y.so", "f", NULL, 0, "/lib/y.so" },
};

static struct span or_empty(const char *text)
{
	return text ? span_of(text) : SPAN_LIT("");
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct span text = span_of(rows[i].text);
		struct gdb_frame frame;

		if (!gdb_frame_parse(&text, &frame))
			fail_msg("no frame: %s", rows[i].text);
		if (text.len || !span_eq(frame.name, span_of(rows[i].name)) ||
		    !span_eq(frame.file, or_empty(rows[i].file)) || frame.line != rows[i].line ||
		    !span_eq(frame.module, or_empty(rows[i].module)))
			fail_msg("%s: name '%.*s' file '%.*s' line %u module '%.*s'", rows[i].text,
			         SPAN_ARG(frame.name), SPAN_ARG(frame.file), frame.line,
			         SPAN_ARG(frame.module));
	}
}

static void reads_places(void **state)
{
	(void)state;
	check_rows(places, sizeof(places) / sizeof(places[0]));
}

static void reads_names(void **state)
{
	(void)state;
	check_rows(names, sizeof(names) / sizeof(names[0]));
}

static void reads_arguments(void **state)
{
	(void)state;
	check_rows(args, sizeof(args) / sizeof(args[0]));
}

static void refuses_what_is_no_frame(void **state)
{
	static const char *const rows[] = {
		"",
		"#",
		"#1",
		"#1 ",
		"# 1 main ()",
		"#define X (1)",
		"#1: main ()",
		"1  main ()",
		"Run till exit from #0  f () at a.c:1",
		"#4 Frame 0x1, for file a.py, line 1, in f ()",
		"#4 Waiting for the GIL",
		"#4 Garbage-collecting",
		"#4 (unable to read python frame information)",
		"#4 (frame information optimized out)",
		"#4 <built-in method sleep of module object at remote 0x1>",
		"#12 fixes the bug (again)",
		"#12 in the list",
		"#4 <module> from a.py:18",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i]);
		struct gdb_frame frame;

		if (gdb_frame_parse(&text, &frame))
			fail_msg("a frame: %s", rows[i]);
		assert_int_equal(text.len, strlen(rows[i]));
	}
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t number;
		bool has_addr;
		uint64_t addr;
	} rows[] = {
		{ "#0  f () at a.c:1", 0, false, 0 },
		{ "#4294967295  f () at a.c:1", UINT32_MAX, false, 0 },
		{ "#99999999999999999999 f () at a.c:1", UINT32_MAX, false, 0 },
		{ "#7  0x0 in f ()", 7, true, 0 },
		{ "#7  0x00007fFFdeadbeef in f ()", 7, true, 0x7fffdeadbeef },
		{ "#7  0x1ffffffffffffffff in f ()", 7, true, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i].text);
		struct gdb_frame frame;

		assert_true(gdb_frame_parse(&text, &frame));
		assert_int_equal(frame.number, rows[i].number);
		assert_int_equal(frame.has_addr, rows[i].has_addr);
		assert_true(frame.addr == rows[i].addr);
	}
}

static void says_how_far_it_has_come(void **state)
{
	static const struct {
		const char *text;
		enum gdb_frame_state state;
	} rows[] = {
		{ "#1  0x1 in", GDB_FRAME_NAME },
		{ "#1  0x1 in f", GDB_FRAME_NAME },
		{ "#1  0x1 in f<int,", GDB_FRAME_NESTED },
		{ "#1  0x1 in f (", GDB_FRAME_ARGS },
		{ "#1  0x1 in f (a=1,", GDB_FRAME_ARGS },
		{ "#1  0x1 in f (s=\"a", GDB_FRAME_NESTED },
		{ "#1  0x1 in f (s={a = 1,", GDB_FRAME_NESTED },
		{ "#1  0x1 in f (s=\"a) at y.c:4", GDB_FRAME_NESTED },
		{ "#1  0x1 in f (a=1)", GDB_FRAME_CLOSED },
		{ "#1  0x1 in f (a=1) at", GDB_FRAME_PLACE },
		{ "#1  0x1 in f (a=1) at a/", GDB_FRAME_PLACE },
		{ "#1  0x1 in f (a=1) from", GDB_FRAME_PLACE },
		{ "#1  0x1 in f (a=1) at a.c:1", GDB_FRAME_DONE },
		{ "#1  0x1 in f (a=1) from a.so", GDB_FRAME_DONE },
		{ "#1  <signal handler called>", GDB_FRAME_DONE },
		{ "no frame", GDB_FRAME_DONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (gdb_frame_state(span_of(rows[i].text)) != rows[i].state)
			fail_msg("%s: %d", rows[i].text, gdb_frame_state(span_of(rows[i].text)));
}

static void reads_frames_without_number(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{ "0x00007f12 in poll () from /lib/libc.so.6", true },
		{ "0x00007f12 in ?? ()", true },
		{ "main (argc=1) at main.c:3", true },
		{ "main (argc=1)", false },
		{ "Prose (with parentheses) goes on", false },
		{ "We met (again) at noon", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_of(rows[i].text);
		struct gdb_frame frame;

		if (gdb_frame_parse_bare(&text, &frame) != rows[i].is)
			fail_msg("%s", rows[i].text);
	}
}

/* Each part of each row, as a text that was cut: no read past its end. */
static void survives_cuts(void **state)
{
	static const struct {
		const struct row *rows;
		size_t count;
	} tables[] = {
		{ places, sizeof(places) / sizeof(places[0]) },
		{ names, sizeof(names) / sizeof(names[0]) },
		{ args, sizeof(args) / sizeof(args[0]) },
	};

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (size_t i = 0; i < tables[t].count; i++)
			for (size_t len = 0; len < strlen(tables[t].rows[i].text); len++) {
				struct buf copy = { 0 };
				struct gdb_frame frame;
				struct span text;

				buf_add(&copy, tables[t].rows[i].text, len);
				text = buf_span(&copy);
				gdb_frame_state(text);
				gdb_frame_parse(&text, &frame);
				text = buf_span(&copy);
				gdb_frame_parse_bare(&text, &frame);
				buf_deinit(&copy);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_places),
		cmocka_unit_test(reads_names),
		cmocka_unit_test(reads_arguments),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(says_how_far_it_has_come),
		cmocka_unit_test(reads_frames_without_number),
		cmocka_unit_test(survives_cuts),
	};

	return cmocka_run_group_tests_name("gdb_frame", tests, NULL, NULL);
}
