/* The fast parser of frames: which lines it takes, and that its result is that of the full parser.
 * tests/fuzz/gdb_frame.c compares both on arbitrary lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/parse/gdb_frame_fast.h"

/* The most frequent lines. */
static const char *const taken[] = {
	"#0  0x00007f12 in read (fd=3) at io.c:12",
	"#1  0x7f12 in poll () from /lib/libc.so.6",
	"#12 main () at main.c:1",
	"#3  0x12 in ?? () from /lib/a.so",
	("#3  0xffffffffffffffff in f (a=1, b=0x7f <error: Cannot access memory>) at "
	 "../sysdeps/x.c:9"),
	"#4  f (s=0x55 \"a) from \\\" b\", c=120 'x') at a.c:7",
	"#4  f (p=@0x12: {a = 1, b = {2, 3}}, g=0x4 <h(int)>) at a-b+c.c:7",
	"#5  ns::Class::f (this=0x1) at /src/x.cc:1234",
	"#6  0x1 in wait@@GLIBC_2.2.5 () from a.so",
	"#7  0x00000000005fcda8 in fn 0x5fcd40 () from /usr/bin/python3.11",
	"#7  0x00000000005fcda8 in fn 0x5fcd40 of list.sort () from /usr/bin/python3.11",
	"#8  0x00007f12 in ?? ()",
	"#8  0x00007f12 in evalexpr_0_1 ()",
};

/* Lines that the fast parser refuses. Some of them are frames. */
static const char *const left[] = {
	"",
	"#",
	"#1",
	"#1  ",
	"#1  0x",
	"#1  0x12 in",
	"#1  0x12 in f",
	"#1  0x12 in fn 0x1g () from a.so",
	"#1  0x12 in fn 0x1",
	"#1  0x12 in fn 0x",
	"#1  0x12 in fn 0x1 of () from a.so",
	"#1  0x12 in fn 0x1 of (a) () from a.so",
	"#1  0x12 in fn f () from a.so",
	"#1  0x12 in gn 0x1 () from a.so",
	"#1  0x12 in f (",
	"#1  0x12 in f (a=1)",
	"#1  f ()",
	"#1  0x12 in f (a=1) at",
	"#1  0x12 in f (a=1) at a.c",
	"#1  0x12 in f (a=1) at a.c:",
	"#1  0x12 in f (a=1) at a.c:7 trash of a screen",
	"#1  0x12 in f (a=1) at a.c:99999999999999999999",
	"#1  0x12 in f (a=1) from ",
	"#1  0x12 in f () from /opt/my lib/x.so",
	"#1  0x12 in f () from /proc/4711/root/lib/x.so",
	"#1  0x12 in f () from target:/lib/x.so",
	"#1  0x12345678901234567 in f () from a.so",
	"#9999999999 f () at a.c:1",
	"#1  operator (a=1) at a.c:1",
	"#1  A::operator() (a=1) at a.c:1",
	"#1  f(int) (a=1) at a.c:1",
	"#1  f<int> (a=1) at a.c:1",
	"#1  f (s=\"open) at a.c:7",
	"#1  f (s=\"a\" \"b\\) at a.c:7",
	"#1  f (s=&quot;a&quot;) at a.c:7",
	"#1  f (a=\x1b[32m1) at a.c:7",
	"#5  <signal handler called>",
	"#1  Frame 0x12, for file a.py, line 3, in f ()",
};

static struct span cut(const char *text, size_t len)
{
	return (struct span){ text, len };
}

static void same(struct span line)
{
	struct gdb_frame scanned, frame;
	struct span rest = line;

	if (!gdb_frame_fast_parse(line, &scanned))
		return;
	assert_true(gdb_frame_parse(&rest, &frame));
	assert_int_equal(rest.len, 0);
	assert_int_equal(scanned.number, frame.number);
	assert_int_equal(scanned.has_addr, frame.has_addr);
	assert_int_equal(scanned.addr, frame.addr);
	assert_true(span_eq(scanned.name, frame.name));
	assert_true(span_eq(scanned.args, frame.args));
	assert_true(span_eq(scanned.file, frame.file));
	assert_true(span_eq(scanned.module, frame.module));
	assert_int_equal(scanned.line, frame.line);
	assert_int_equal(scanned.special, frame.special);
	assert_int_equal(scanned.state, frame.state);
	assert_int_equal(gdb_frame_state(line), scanned.state);
	assert_true(scanned.state == GDB_FRAME_DONE || scanned.state == GDB_FRAME_CLOSED);
}

static void takes_what_is_plain(void **state)
{
	struct gdb_frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (!gdb_frame_fast_parse(span_of(taken[i]), &frame))
			fail_msg("left: %s", taken[i]);
		same(span_of(taken[i]));
	}
}

static void leaves_the_rest(void **state)
{
	struct gdb_frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		if (gdb_frame_fast_parse(span_of(left[i]), &frame))
			fail_msg("taken: %s", left[i]);
}

/* All prefixes of each line, and each line without each of its bytes. */
static void agrees_on_what_is_broken(void **state)
{
	char broken[256];

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		size_t len = strlen(taken[i]);

		for (size_t at = 0; at < len; at++) {
			same(cut(taken[i], at));
			memcpy(broken, taken[i], at);
			memcpy(broken + at, taken[i] + at + 1, len - at - 1);
			same(cut(broken, len - 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_plain),
		cmocka_unit_test(leaves_the_rest),
		cmocka_unit_test(agrees_on_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
