#include "merger/parse/printed_lock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"

#define DEPTH_MAX 32
#define NAME_MAX_LEN 64

/* Members of a lock that name no lock of the program: glibc, libstdc++, libc++, Boost. */
static const struct span inner_names[] = {
	SPAN_INIT("__data"),  SPAN_INIT("_M_mutex"),    SPAN_INIT("_M_rwlock"),
	SPAN_INIT("_M_impl"), SPAN_INIT("_M_internal"), SPAN_INIT("__m_"),
	SPAN_INIT("__mut_"),  SPAN_INIT("m"),           SPAN_INIT("native_handle"),
};

static const struct span owners[] = { SPAN_INIT("__owner"), SPAN_INIT("__cur_writer") };

struct level_name {
	char text[NAME_MAX_LEN];
	size_t len;
};

struct printed_lock {
	printed_lock_emit *emit;
	void *ctx;
	struct buf expression, args, marker;
	struct level_name levels[DEPTH_MAX], last; /* last: the last "NAME =" */
	size_t depth;
	uint32_t tid;
	struct buf name;
};

struct printed_lock *printed_lock_create(printed_lock_emit *emit, void *ctx)
{
	struct printed_lock *lock = alloc_zeroed(1, sizeof(*lock));

	lock->emit = emit;
	lock->ctx = ctx;
	return lock;
}

void printed_lock_destroy(struct printed_lock *lock)
{
	if (!lock)
		return;
	buf_deinit(&lock->expression);
	buf_deinit(&lock->args);
	buf_deinit(&lock->marker);
	buf_deinit(&lock->name);
	free(lock);
}

void printed_lock_set_frame(struct printed_lock *lock, const struct gdb_frame *frame)
{
	printed_lock_end(lock);
	buf_clear(&lock->args);
	buf_add_span(&lock->args, frame->args);
}

void printed_lock_set_thread(struct printed_lock *lock, uint32_t tid)
{
	lock->tid = tid;
}

void printed_lock_end(struct printed_lock *lock)
{
	lock->depth = 0;
	lock->last.len = 0;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || span_has(SPAN_LIT("_$:<>~"), c);
}

/* "p mu", "print/x mu", "p -pretty -- mu": the expression. */
void printed_lock_set_command(struct printed_lock *lock, struct span text)
{
	static const struct span verbs[] = { SPAN_INIT("print"), SPAN_INIT("inspect"),
		                             SPAN_INIT("output"), SPAN_INIT("p") };

	printed_lock_end(lock);
	buf_clear(&lock->expression);
	text = span_trim(text);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!span_take(&text, verbs[i]) ||
		    (text.len && isalnum((unsigned char)text.ptr[0])))
			continue;
		text = span_skip_blanks(text);
		while (text.len && (text.ptr[0] == '/' || text.ptr[0] == '-')) {
			while (text.len && text.ptr[0] != ' ')
				text = span_skip(text, 1);
			text = span_skip_blanks(text);
		}
		buf_add_span(&lock->expression, span_trim(text));
		return;
	}
}

/* Drops the members that an expression selects of a lock: "mu.__data.__owner" is "mu". */
static struct span strip_members(struct span s)
{
	for (;;) {
		size_t end = s.len;

		while (end > 0 && (isalnum((unsigned char)s.ptr[end - 1]) || s.ptr[end - 1] == '_'))
			end--;
		if (end == 0 || !span_starts(span_skip(s, end), SPAN_LIT("_")))
			return s;
		if (s.ptr[end - 1] == '.')
			s.len = end - 1;
		else if (end > 1 && s.ptr[end - 1] == '>' && s.ptr[end - 2] == '-')
			s.len = end - 2;
		else
			return s;
	}
}

static struct span strip_operators(struct span s)
{
	s = span_trim(s);
	while (s.len && (s.ptr[0] == '*' || s.ptr[0] == '&' || s.ptr[0] == '(' || s.ptr[0] == ' '))
		s = span_skip(s, 1);
	while (s.len && (s.ptr[s.len - 1] == ')' || s.ptr[s.len - 1] == ' '))
		s.len--;
	return s;
}

/* The last "0x..." of an expression or of an argument. */
static bool find_address(struct span s, uint64_t *ret)
{
	bool found = false;

	for (size_t i = 0; i + 2 < s.len; i++) {
		struct span rest = span_skip(s, i);

		if ((i == 0 || !is_name_char(s.ptr[i - 1])) && span_take(&rest, SPAN_LIT("0x")))
			found = number_take(&rest, 16, ret) || found;
	}
	return found;
}

/* The address in "NAME=0x55.." or "NAME=NAME@entry=0x55.." of the last frame's arguments. */
static bool find_argument(const struct printed_lock *lock, struct span name, uint64_t *ret)
{
	struct span args = buf_span(&lock->args);

	for (size_t i = 0; name.len && i + name.len < args.len; i++) {
		struct span rest = span_skip(args, i), value = { 0 };

		if ((i > 0 && is_name_char(args.ptr[i - 1])) || !span_take(&rest, name) ||
		    !span_take(&rest, SPAN_LIT("=")))
			continue;
		while (value.len < rest.len && rest.ptr[value.len] != ',')
			value.len++;
		value.ptr = rest.ptr;
		for (size_t j = 0; j < value.len; j++)
			if (value.ptr[j] == '=')
				return find_address(span_skip(value, j + 1), ret);
		return find_address(value, ret);
	}
	return false;
}

static bool is_inner(struct span name)
{
	for (size_t i = 0; i < sizeof(inner_names) / sizeof(inner_names[0]); i++)
		if (span_eq(name, inner_names[i]))
			return true;
	return name.len == 0 || name.ptr[0] == '<' || name.ptr[0] == '$';
}

/* Adds the names of the members or variables that the current braces belong to: "queue.mu". */
static void add_level_names(struct printed_lock *lock)
{
	for (size_t i = 0; i < lock->depth; i++) {
		struct span name = { lock->levels[i].text, lock->levels[i].len };

		if (is_inner(name))
			continue;
		if (lock->name.len && span_has(SPAN_LIT(".>"), lock->name.ptr[lock->name.len - 1]))
			buf_add_span(&lock->name, name);
		else
			buf_printf(&lock->name, "%s%.*s", lock->name.len ? "." : "",
			           SPAN_ARG(name));
	}
}

/* The name of a member of the printed expression; empty: the lock is the whole of it. */
static struct span make_level_name(struct printed_lock *lock)
{
	struct span whole = buf_span(&lock->expression);
	size_t before;

	buf_clear(&lock->name);
	if (whole.len) {
		buf_add_span(&lock->name, strip_operators(strip_members(strip_operators(whole))));
		buf_add_span(&lock->name, span_of(whole.ptr[0] == '*' ? "->" : "."));
	}
	before = lock->name.len;
	add_level_names(lock);
	return lock->name.len > before ? buf_span(&lock->name) : (struct span){ NULL, 0 };
}

static void emit_lock(struct printed_lock *lock, struct span name, bool has_address, uint64_t on,
                      uint64_t owner)
{
	struct marker marker;

	buf_clear(&lock->marker);
	marker_open(&lock->marker, "lock");
	if (has_address)
		marker_addf(&lock->marker, "on", "0x%" PRIx64, on);
	if (name.len)
		marker_add(&lock->marker, "name", name);
	if (owner)
		marker_addf(&lock->marker, "owner", "%" PRIu64, owner);
	if (lock->tid)
		marker_addf(&lock->marker, "tid", "%" PRIu32, lock->tid);
	if (marker_parse(buf_span(&lock->marker), &marker))
		lock->emit(lock->ctx, &marker);
}

/* owner 0: nobody holds it. */
static void tell_owner(struct printed_lock *lock, uint64_t owner)
{
	struct span name = make_level_name(lock), whole = buf_span(&lock->expression);
	bool has_address = false;
	uint64_t on = 0;

	if (!owner)
		return;
	if (!name.len && whole.len) {
		bool is_pointer = whole.ptr[0] == '*' || memmem(whole.ptr, whole.len, "->", 2);

		has_address = find_address(whole, &on);
		name = strip_operators(strip_members(strip_operators(whole)));
		if (!has_address && is_pointer)
			has_address = find_argument(lock, name, &on);
		if (has_address)
			name.len = 0;
	}
	emit_lock(lock, name, has_address, on, owner);
}

static void take_name(struct printed_lock *lock, struct span name)
{
	lock->last.len = name.len < NAME_MAX_LEN ? name.len : 0;
	memcpy(lock->last.text, name.ptr, lock->last.len);
}

static void open_level(struct printed_lock *lock)
{
	if (lock->depth < DEPTH_MAX)
		lock->levels[lock->depth++] = lock->last;
	lock->last.len = 0;
}

static struct span skip_string(struct span text)
{
	char quote = text.ptr[0];

	for (text = span_skip(text, 1); text.len && text.ptr[0] != quote; text = span_skip(text, 1))
		if (text.ptr[0] == '\\' && text.len > 1)
			text = span_skip(text, 1);
	return text.len ? span_skip(text, 1) : text;
}

/* "NAME = " at the front: takes the name, and its value if it is an owner. */
static bool take_member(struct printed_lock *lock, struct span *text)
{
	struct span name = { text->ptr, 0 }, rest;
	uint64_t owner;
	bool hex;

	while (name.len < text->len && is_name_char(text->ptr[name.len]))
		name.len++;
	rest = span_skip(*text, name.len);
	if (!name.len)
		return false;
	*text = rest;
	if (!span_take(&rest, SPAN_LIT(" = ")))
		return true;
	*text = rest;
	take_name(lock, name);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!span_eq(name, owners[i]))
			continue;
		hex = span_take(&rest, SPAN_LIT("0x"));
		if (number_take(&rest, hex ? 16 : 10, &owner))
			tell_owner(lock, owner);
	}
	return true;
}

/* "$1 = 11" after `p mu.__data.__owner`, "$1 = (pthread_mutex_t *) 0x55.. <mu>" after `p &mu`. */
static void take_scalar(struct printed_lock *lock, struct span text)
{
	struct span whole = buf_span(&lock->expression);
	uint64_t value = 0;
	bool hex;

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct span rest = text;

		if (!span_ends(whole, owners[i]))
			continue;
		hex = span_take(&rest, SPAN_LIT("0x"));
		if (number_take(&rest, hex ? 16 : 10, &value))
			tell_owner(lock, value);
		return;
	}
	if (whole.len && whole.ptr[0] == '&' && find_address(text, &value))
		emit_lock(lock, strip_operators(whole), true, value, 0);
}

static void take_result(struct printed_lock *lock, struct span *text)
{
	struct span rest = *text;
	uint64_t number;

	if (!span_take(&rest, SPAN_LIT("$")) || !number_take(&rest, 10, &number) ||
	    !span_take(&rest, SPAN_LIT(" = ")))
		return;
	printed_lock_end(lock);
	*text = rest;
	if (!rest.len || rest.ptr[0] == '{')
		return;
	take_scalar(lock, rest);
	text->len = 0;
}

void printed_lock_take(struct printed_lock *lock, struct span text)
{
	text = span_trim(text);
	take_result(lock, &text);
	if (lock->depth == 0 && !(text.len && memchr(text.ptr, '{', text.len)))
		return;
	while (text.len) {
		char c = text.ptr[0];

		if (c == '"' || c == '\'') {
			text = skip_string(text);
			continue;
		}
		if (take_member(lock, &text))
			continue;
		if (c == '{')
			open_level(lock);
		else if (c == '}' && lock->depth > 0)
			lock->depth--;
		text = span_skip(text, 1);
	}
	if (lock->depth == 0)
		buf_clear(&lock->expression);
}
