#include "cli/commands/foreign_text.h"

#include "merger/base/printable.h"

/* A text is a tool's if it has both words; "" is in every text. */
static const struct foreign_tool {
	struct span word, other;
	const char *what, *cure;
} tools[] = {
	{ SPAN_INIT("(most recent call first):"), SPAN_INIT(", line "),
	  "Python's own traceback (faulthandler)",
	  "pmp dump -p PID shows Python's and C's frames" },
	{ SPAN_INIT("Python v"), SPAN_INIT("Thread "), "py-spy's",
	  "pmp dump -p PID shows Python's and C's frames" },
	{ SPAN_INIT("Traceback (most recent call last)"), SPAN_INIT(""), "a Python exception",
	  "pmp dump -p PID shows where a live process is" },
	{ SPAN_INIT("Call graph:"), SPAN_INIT("Analysis of sampling"), "macOS sample's",
	  "use lldb: bt all" },
	{ SPAN_INIT("Heaviest stack"), SPAN_INIT(""), "macOS spindump's", "use lldb: bt all" },
	{ SPAN_INIT("Thread 0 Crashed"), SPAN_INIT("Binary Images"), "a crash report of macOS",
	  "use lldb: bt all" },
	{ SPAN_INIT("=="), SPAN_INIT("==    at 0x"), "valgrind's",
	  "use gdb on a core file: thread apply all bt" },
	{ SPAN_INIT("Call Trace:"), SPAN_INIT("+0x"), "the Linux kernel's stack",
	  "pmp dump -p PID shows the kernel's frames of a thread that sleeps" },
	{ SPAN_INIT("(crashed)"), SPAN_INIT("Found by:"), "minidump_stackwalk's",
	  "convert it (minidump-2-core), and use gdb: thread apply all bt" },
	{ SPAN_INIT("cycles"), SPAN_INIT("([kernel.kallsyms])"), "perf script's",
	  "stackcollapse-perf.pl makes text that pmp show reads" },
	{ SPAN_INIT("   at System."), SPAN_INIT(""), "a stack of .NET",
	  "dotnet-stack and dotnet-dump show its threads" },
	{ SPAN_INIT("    at "), SPAN_INIT(".js:"), "a stack of JavaScript",
	  "pmp dump -p PID shows the native frames of Node" },
	{ SPAN_INIT("\tat "), SPAN_INIT(".java:"), "a Java exception",
	  "jstack PID prints the stacks of all threads, which pmp reads" },
	{ SPAN_INIT("backtrace:"), SPAN_INIT("  #00 pc "), "Android's tombstone",
	  "ndk-stack adds the names; use gdb or lldb" },
};

static bool has(struct span text, struct span word)
{
	return !word.len || (text.len && memmem(text.ptr, text.len, word.ptr, word.len));
}

void foreign_text_look(struct foreign_text *foreign, const char *name, struct span piece)
{
	for (size_t i = 0; !foreign->tool && i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!has(piece, tools[i].word) || !has(piece, tools[i].other))
			continue;
		foreign->tool = &tools[i];
		foreign->name = name;
	}
}

bool foreign_text_check(const struct foreign_text *foreign, struct error *err)
{
	struct printable printable;

	return !foreign->tool ||
	       error_set(err, ERROR_INPUT, "no stack of gdb's in %s: it is %s; %s",
	                 printable_name(&printable, foreign->name), foreign->tool->what,
	                 foreign->tool->cure);
}
