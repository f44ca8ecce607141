#include "merger/parse/crash_line.h"

#include "merger/base/number.h"
#include "merger/parse/marker.h"

/* Beginnings of messages of processes that end themselves. Sources: glibc malloc/malloc.c,
 * debug/fortify_fail.c; libstdc++ libsupc++/vterminate.cc; libc++abi; Go runtime/panic.go; CPython
 * Python/pylifecycle.c. */
static const struct span beginnings[] = {
	SPAN_INIT("terminate called"),
	SPAN_INIT("libc++abi: "),
	SPAN_INIT("libc++abi.dylib: "),
	SPAN_INIT("pure virtual method called"),
	SPAN_INIT("double free or corruption"),
	SPAN_INIT("free(): "),
	SPAN_INIT("malloc(): "),
	SPAN_INIT("malloc_consolidate(): "),
	SPAN_INIT("realloc(): "),
	SPAN_INIT("munmap_chunk(): "),
	SPAN_INIT("corrupted size vs. prev_size"),
	SPAN_INIT("corrupted double-linked list"),
	SPAN_INIT("Assertion failed: "),
	SPAN_INIT("Fatal Python error: "),
	SPAN_INIT("fatal error: "),
	SPAN_INIT("fatal runtime error: "),
	SPAN_INIT("panic: "),
	SPAN_INIT("Fatal glibc error: "),
	SPAN_INIT("AddressSanitizer:DEADLYSIGNAL"),
	SPAN_INIT("SUMMARY: AddressSanitizer: "),
	SPAN_INIT("SUMMARY: ThreadSanitizer: "),
	SPAN_INIT("SUMMARY: MemorySanitizer: "),
	SPAN_INIT("SUMMARY: UndefinedBehaviorSanitizer: "),
};

/* Parts of such messages. `cut`: the message begins behind the part's first `cut` bytes. */
static const struct {
	struct span part;
	size_t cut;
} parts[] = {
	{ SPAN_INIT(": Assertion `"), 2 },
	{ SPAN_INIT("stack smashing detected ***"), 0 },
	{ SPAN_INIT("buffer overflow detected ***"), 0 },
	{ SPAN_INIT("glibc detected ***"), 0 },
	{ SPAN_INIT("Error in `"), 0 },
	{ SPAN_INIT("ERROR: AddressSanitizer: "), 7 },
	{ SPAN_INIT("ERROR: HWAddressSanitizer: "), 7 },
	{ SPAN_INIT("ERROR: LeakSanitizer: "), 7 },
	{ SPAN_INIT("ERROR: MemorySanitizer: "), 7 },
	{ SPAN_INIT("ERROR: ThreadSanitizer: "), 7 },
	{ SPAN_INIT("ERROR: UndefinedBehaviorSanitizer: "), 7 },
	{ SPAN_INIT("ERROR: libFuzzer: "), 7 },
	{ SPAN_INIT("WARNING: MemorySanitizer: "), 9 },
	{ SPAN_INIT("WARNING: ThreadSanitizer: "), 9 },
	{ SPAN_INIT(": runtime error: "), 2 },
	{ SPAN_INIT("Check failed: "), 0 },
};

static bool find_part(struct span text, struct span part, size_t *ret)
{
	const char *found = memmem(text.ptr, text.len, part.ptr, part.len);

	if (found)
		*ret = (size_t)(found - text.ptr);
	return found;
}

/* "SIGSEGV, Segmentation fault.", "11, Segmentation fault.", "?, Unknown signal." */
static void take_signal(struct span text, struct crash_line *ret)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] != ',' && text.ptr[len] != ' ' &&
	       text.ptr[len] != '.')
		len++;
	ret->signal = (struct span){ text.ptr, len };
}

/* `Thread 3 "x" received signal SIGSEGV, ...`, `Thread 1.2 "x" received signal ...` */
static bool parse_received(struct span text, struct crash_line *ret)
{
	size_t at;

	if (!find_part(text, SPAN_LIT("received signal "), &at))
		return false;
	take_signal(span_skip(text, at + strlen("received signal ")), ret);
	if (at == 0 || span_starts(text, SPAN_LIT("Program ")))
		return true;
	if (!span_take(&text, SPAN_LIT("Thread ")) || !number_take32(&text, &ret->number))
		return false;
	if (span_take(&text, SPAN_LIT(".")))
		number_take32(&text, &ret->number);
	return true;
}

/* "        Signal: 11 (SEGV)": coredumpctl */
static bool parse_coredumpctl(struct span text, struct crash_line *ret)
{
	uint32_t number;
	struct span rest;

	if (!span_take(&text, SPAN_LIT("Signal: ")))
		return false;
	rest = text;
	if (!number_take32(&rest, &number) || !span_starts(rest, SPAN_LIT(" (")))
		return false;
	take_signal(text, ret);
	ret->ended = true;
	return true;
}

static bool parse_ended(struct span text, struct crash_line *ret)
{
	if (!span_take(&text, SPAN_LIT("Program terminated with signal ")) &&
	    !span_take(&text, SPAN_LIT("Process terminated with signal ")))
		return false;
	take_signal(text, ret);
	ret->ended = true;
	return true;
}

/* Breakpoints, ^C: whatever happened before, the process went on. */
static bool parse_stop(struct span text, struct crash_line *ret)
{
	size_t at;

	if (!span_starts(text, SPAN_LIT("Breakpoint ")) &&
	    !span_starts(text, SPAN_LIT("Temporary breakpoint ")) &&
	    !(span_starts(text, SPAN_LIT("Thread ")) &&
	      find_part(text, SPAN_LIT(" hit Breakpoint "), &at)))
		return false;
	if (find_part(text, SPAN_LIT(" at 0x"), &at) || find_part(text, SPAN_LIT(": file "), &at))
		return false; /* it was set, not hit */
	ret->signal = SPAN_LIT("SIGTRAP");
	return true;
}

/* "thread 'main' panicked at src/main.rs:4:5:", "thread 'main' (4711) panicked at ..." */
static bool parse_panic(struct span text, struct crash_line *ret)
{
	size_t at;

	if (!span_starts(text, SPAN_LIT("thread '")) ||
	    !find_part(text, SPAN_LIT(" panicked at "), &at))
		return false;
	ret->what = text;
	return true;
}

static bool parse_message(struct span text, struct crash_line *ret)
{
	size_t at;

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (span_starts(text, beginnings[i]))
			ret->what = text;
	for (size_t i = 0; !ret->what.len && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (find_part(text, parts[i].part, &at))
			ret->what = span_skip(text, at + parts[i].cut);
	return ret->what.len;
}

/* "  what():  no such key", below "terminate called after throwing ..." */
static bool parse_more(struct span text, struct crash_line *ret)
{
	if (!span_take(&text, SPAN_LIT("what():")))
		return false;
	ret->more = span_trim(text);
	return true;
}

/* "#  SIGSEGV (0xb) at pc=0x00007f12, pid=4711, tid=4712": HotSpot's report of a fatal error. */
static bool parse_java(struct span text, struct crash_line *ret)
{
	size_t at;

	span_take(&text, SPAN_LIT("#"));
	text = span_skip_blanks(text);
	if (!span_starts(text, SPAN_LIT("SIG")) || !find_part(text, SPAN_LIT(", tid="), &at))
		return false;
	take_signal(text, ret);
	ret->ended = true;
	text = span_skip(text, at + strlen(", tid="));
	return number_take32(&text, &ret->tid);
}

bool crash_line_parse(struct span text, struct crash_line *ret)
{
	static bool (*const parsers[])(struct span text, struct crash_line * ret) = {
		parse_received, parse_ended, parse_coredumpctl, parse_stop,
		parse_panic,    parse_more,  parse_java,        parse_message,
	};

	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		*ret = (struct crash_line){ 0 };
		if (parsers[i](text, ret))
			return true;
	}
	return false;
}

void crash_line_write(const struct crash_line *crash, struct buf *out)
{
	marker_open(out, "crash");
	if (crash->signal.len)
		marker_add(out, "signal", crash->signal);
	if (crash->what.len)
		marker_add(out, "what", crash->what);
	if (crash->more.len)
		marker_add(out, "more", crash->more);
	if (crash->ended)
		marker_add(out, "ended", SPAN_LIT("1"));
	if (crash->number)
		marker_addf(out, "number", "%u", crash->number);
	if (crash->tid)
		marker_addf(out, "tid", "%u", crash->tid);
}
