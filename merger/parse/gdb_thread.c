#include "merger/parse/gdb_thread.h"

#include "merger/base/number.h"

/* The index of the last `what` in s; false if there is none. */
static bool find_last(struct span s, struct span what, size_t *ret)
{
	for (size_t i = s.len + 1; i-- > 0;) {
		if (!span_starts(span_skip(s, i), what))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* What stands before a thread's number, its LWP or its target's name. */
static const struct {
	struct span begin;
	bool is_switch;
	bool is_tid; /* the number is an LWP */
} beginnings[] = {
	{ SPAN_INIT("Thread "), false, false },
	{ SPAN_INIT("thread "), false, false },
	{ SPAN_INIT("TID "), false, true },
	{ SPAN_INIT("Stack trace of thread "), false, true },
	{ SPAN_INIT("[Switching to thread "), true, false },
	{ SPAN_INIT("[Current thread is "), true, false },
};

/* What a stop prints for its thread, without gdb's number. */
static const struct span stop_beginnings[] = {
	SPAN_INIT("[Switching to Thread "),
	SPAN_INIT("[Switching to LWP "),
	SPAN_INIT("[Switching to process "),
};

bool gdb_thread_starts(struct span text)
{
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (span_take(&text, beginnings[i].begin))
			return text.len &&
			       ((text.ptr[0] >= '0' && text.ptr[0] <= '9') || text.ptr[0] == '-');
	for (size_t i = 0; i < sizeof(stop_beginnings) / sizeof(stop_beginnings[0]); i++)
		if (span_starts(text, stop_beginnings[i]))
			return true;
	return false;
}

/* "3", "1.3" (inferior and thread), "-1210868832", "1.0x5f4" (Windows: process and thread) */
static bool take_thread_number(struct span *text, struct gdb_thread *ret)
{
	struct span s = *text;

	span_take(&s, SPAN_LIT("-"));
	if (!number_take32(&s, &ret->number))
		return false;
	if (span_take(&s, SPAN_LIT(".0x"))) {
		uint64_t tid;

		if (!number_take(&s, 16, &tid))
			return false;
		ret->pid = ret->number;
		ret->tid = tid > UINT32_MAX ? 0 : (uint32_t)tid;
	} else if (span_take(&s, SPAN_LIT("."))) {
		if (!number_take32(&s, &ret->number))
			return false;
	}
	*text = s;
	return true;
}

/* A number after word: "LWP 123", "LWP    1", "thread 0x1503". */
static bool take_id(struct span *text, struct span word, uint32_t *ret)
{
	struct span s = *text;
	uint64_t id;
	unsigned base;

	if (!span_take(&s, word))
		return false;
	s = span_skip_blanks(s);
	base = span_take(&s, SPAN_LIT("0x")) ? 16 : 10;
	if (!number_take(&s, base, &id))
		return false;
	*ret = id > UINT32_MAX ? 0 : (uint32_t)id;
	*text = span_skip_blanks(s);
	return true;
}

/* The text between the outer parentheses, without the name. */
static bool parse_target(struct span *text, struct gdb_thread *ret)
{
	struct span s = span_skip_blanks(*text);
	uint32_t handle = 0;

	if (take_id(&s, SPAN_LIT("LWP "), &ret->tid)) {
		take_id(&s, SPAN_LIT("of process "), &ret->pid);
	} else if (take_id(&s, SPAN_LIT("process "), &ret->pid)) {
		if (!take_id(&s, SPAN_LIT("thread "), &ret->tid))
			ret->tid = ret->pid;
	} else if (span_take(&s, SPAN_LIT("Thread ")) || span_take(&s, SPAN_LIT("thread "))) {
		bool hex;

		span_take(&s, SPAN_LIT("-"));
		hex = span_starts(s, SPAN_LIT("0x"));
		if (hex) {
			struct span digits = span_skip(s, 2);

			number_take(&digits, 16, &ret->handle);
		}
		if (!take_id(&s, SPAN_LIT(""), &handle))
			return false;
		if (take_id(&s, SPAN_LIT("."), &ret->tid))
			ret->pid = handle;
		else if (take_id(&s, SPAN_LIT("(LWP "), &ret->tid))
			span_take(&s, SPAN_LIT(")"));
		else if (take_id(&s, SPAN_LIT("of process "), &ret->pid) || !hex)
			ret->tid = handle;
	} else {
		return false;
	}
	*text = span_skip_blanks(s);
	return true;
}

/* `"name" (Exiting)`. A name may contain quotes and parentheses, so the last quote ends it. */
static void parse_thread_name(struct span text, struct gdb_thread *ret)
{
	size_t end;

	if (span_take(&text, SPAN_LIT("\"")) && find_last(text, SPAN_LIT("\""), &end))
		ret->name = (struct span){ text.ptr, end };
}

/* The header ends at the last "):" (a name may contain one), at a ")" that ends the line, or at
 * ")]". */
static bool find_header_end(struct span text, bool is_switch, size_t *ret)
{
	if (is_switch) /* macOS: `(process 12), "com.apple.main-thread"]` */
		return find_last(text, SPAN_LIT(")]"), ret) ||
		       find_last(text, SPAN_LIT("), \""), ret);
	if (find_last(text, SPAN_LIT("):"), ret))
		return true;
	if (!text.len || text.ptr[text.len - 1] != ')')
		return false;
	*ret = text.len - 1;
	return true;
}

/* "[Switching to Thread 0x7f12 (LWP 123)]", "[Switching to process 99 thread 0x1503]" */
static bool parse_stop(struct span s, struct gdb_thread *ret)
{
	size_t end;

	if (!gdb_thread_starts(s) || !span_take(&s, SPAN_LIT("[Switching to ")) ||
	    !find_last(s, SPAN_LIT("]"), &end))
		return false;
	ret->is_switch = true;
	s.len = end;
	if (!parse_target(&s, ret) || !ret->tid)
		return false;
	parse_thread_name(s, ret);
	return true;
}

/* "TID 123:", "TID 123 name:", "Stack trace of thread 123:" */
static bool parse_tid(struct span s, struct gdb_thread *ret)
{
	if (!number_take32(&s, &ret->tid))
		return false;
	if (!span_take(&s, SPAN_LIT(" ")))
		return span_eq(s, SPAN_LIT(":"));
	if (!s.len || s.ptr[s.len - 1] != ':')
		return false;
	ret->name = span_trim((struct span){ s.ptr, s.len - 1 });
	return true;
}

/* What follows the number: the target's name for the thread, in parentheses. */
static bool parse_rest(struct span s, struct gdb_thread *ret)
{
	size_t end;

	s = span_skip_blanks(s);
	if (!span_take(&s, SPAN_LIT("(")))
		/* "[Switching to thread 1234.0x5f4]" and "thread 1234.0x5f4" end here. */
		return ret->pid && (!s.len || s.ptr[0] == ']' || s.ptr[0] == ':');
	if (!find_header_end(s, ret->is_switch, &end))
		return false;
	s.len = end;
	/* "[Switching to thread 3 (core thread 2)]": the number is all that there is. */
	if (!parse_target(&s, ret))
		return ret->is_switch;
	/* "Thread 2 (process 12)": all threads have the process's number. */
	if (ret->number > 1 && ret->tid == ret->pid)
		ret->tid = 0;
	parse_thread_name(s, ret);
	return true;
}

static bool parse_thread(struct span s, struct gdb_thread *ret)
{
	size_t i = 0, count = sizeof(beginnings) / sizeof(beginnings[0]);

	while (i < count && !span_take(&s, beginnings[i].begin))
		i++;
	if (i == count)
		return parse_stop(s, ret);
	if (beginnings[i].is_tid)
		return parse_tid(s, ret);
	ret->is_switch = beginnings[i].is_switch;
	return take_thread_number(&s, ret) && parse_rest(s, ret);
}

bool gdb_thread_parse(struct span *text, struct gdb_thread *ret)
{
	struct gdb_thread thread = { 0 };

	if (!parse_thread(span_trim(*text), &thread))
		return false;
	*ret = thread;
	*text = span_skip(*text, text->len);
	return true;
}
