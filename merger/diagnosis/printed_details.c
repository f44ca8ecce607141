#include "merger/diagnosis/printed_details.h"

#include <ctype.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/diagnosis/blocking_functions.h"
#include "merger/diagnosis/ending_functions.h"

#define DEPTH_MAX 30

/* Arguments that are the object of a wait, best first, without underscores before the name. */
static const struct span objects[] = {
	SPAN_INIT("threadid"),
	SPAN_INIT("cond"),
	SPAN_INIT("sem"),
	SPAN_INIT("rwlock"),
	SPAN_INIT("barrier"),
	SPAN_INIT("mutex"),
	SPAN_INIT("once_control"),
	SPAN_INIT("lock"),
	SPAN_INIT("this"),
	SPAN_INIT("self"),
	SPAN_INIT("m"),
	SPAN_INIT("mp"),
	SPAN_INIT("c"),
	SPAN_INIT("futex"),
	SPAN_INIT("futex_word"),
	SPAN_INIT("uaddr"),
	SPAN_INIT("addr"),
};

static const struct span signals[] = {
	SPAN_INIT("sig"),           SPAN_INIT("signo"),       SPAN_INIT("signum"),
	SPAN_INIT("signal"),        SPAN_INIT("sig_num"),     SPAN_INIT("sig_no"),
	SPAN_INIT("signal_number"), SPAN_INIT("signr"),       SPAN_INIT("sign"),
	SPAN_INIT("host_sig"),      SPAN_INIT("host_signum"), SPAN_INIT("n"),
};

static const struct span messages[] = {
	SPAN_INIT("assertion"), SPAN_INIT("str"),        SPAN_INIT("msg"), SPAN_INIT("message"),
	SPAN_INIT("expr"),      SPAN_INIT("failedexpr"), SPAN_INIT("s"),
};

struct argument {
	struct span name, value; /* the value without "NAME@entry=" */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Takes the next "NAME=VALUE" off the front; the value ends before ", NAME=". */
static bool take_argument(struct span *args, struct argument *ret)
{
	struct span s = *args;
	size_t len = 0, end = 0;
	bool quoted = false;

	while (len < s.len && s.ptr[len] != '=')
		len++;
	if (len == s.len)
		return false;
	ret->name = span_trim((struct span){ s.ptr, len });
	while (ret->name.len && (ret->name.ptr[0] == '_' || ret->name.ptr[0] == '&'))
		ret->name = span_skip(ret->name, 1);
	s = span_skip(s, len + 1);
	for (; end < s.len && (quoted || s.ptr[end] != ','); end++) {
		if (s.ptr[end] == '\\')
			end++;
		else if (s.ptr[end] == '"')
			quoted = !quoted;
	}
	if (end > s.len)
		end = s.len;
	ret->value = (struct span){ s.ptr, end };
	for (size_t i = 0; i + 7 < end; i++)
		if (span_starts(span_skip(ret->value, i), SPAN_LIT("@entry=")))
			ret->value = span_skip(ret->value, i + 7);
	*args = span_skip(s, end < s.len ? end + 1 : end);
	return true;
}

static size_t find_rank(const struct span *table, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_eq(name, table[i]))
			return i;
	return SIZE_MAX;
}

#define RANK(table, name) find_rank(table, sizeof(table) / sizeof((table)[0]), name)

/* The arguments of a frame, or the source line below it. */
static struct span get_detail(const struct snapshot *snapshot, const struct native_frame *frame,
                              bool source)
{
	struct span detail = intern_get(snapshot->intern, frame->detail);
	const char *line = detail.len ? memchr(detail.ptr, '\n', detail.len) : NULL;
	size_t len = line ? (size_t)(line - detail.ptr) : detail.len;

	if (source)
		return line ? span_skip(detail, len + 1) : (struct span){ NULL, 0 };
	return (struct span){ detail.ptr, len };
}

static bool take_value(struct span *value, uint64_t *ret)
{
	unsigned base = span_take(value, SPAN_LIT("0x")) ? 16 : 10;

	return number_take(value, base, ret);
}

/* The symbol in "0x5555 <mu>". */
static struct span find_symbol(struct span value)
{
	value = span_trim(value);
	if (value.len < 3 || value.ptr[0] != '<' || value.ptr[value.len - 1] != '>')
		return (struct span){ NULL, 0 };
	return (struct span){ value.ptr + 1, value.len - 2 };
}

static void read_object(struct snapshot *snapshot, struct snapshot_wait *wait, struct span args,
                        size_t *best)
{
	struct argument argument;

	while (take_argument(&args, &argument)) {
		size_t rank = RANK(objects, argument.name);
		uint64_t on;

		if (rank >= *best || !take_value(&argument.value, &on) || on < 4096)
			continue;
		*best = rank;
		wait->on = on;
		wait->name = intern_add(snapshot->intern, find_symbol(argument.value));
	}
}

/* Reads the first argument of a call, or what is before a method's name, from a source line:
 * "pthread_mutex_lock(&mu);", "mu.lock();", "std::lock_guard<std::mutex> guard(mu);" */
static struct span find_in_source(struct span source)
{
	static const struct span words[] = { SPAN_INIT("lock"), SPAN_INIT("wait"),
		                             SPAN_INIT("join"), SPAN_INIT("acquire"),
		                             SPAN_INIT("enter") };
	size_t at = SIZE_MAX, begin, end;

	for (size_t i = 0; i < source.len && at == SIZE_MAX; i++)
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (source.len - i > words[j].len &&
			    !strncasecmp(source.ptr + i, words[j].ptr, words[j].len))
				at = i;
	if (at == SIZE_MAX)
		return (struct span){ NULL, 0 };
	for (begin = at; begin > 0 && is_word(source.ptr[begin - 1]);)
		begin--;
	for (end = at; end < source.len && source.ptr[end] != '(' && source.ptr[end] != '{';)
		end++;
	if (end == source.len)
		return (struct span){ NULL, 0 };
	at = end + 1;
	for (end = at; end < source.len && !span_has(SPAN_LIT(",);({}"), source.ptr[end]);)
		end++;
	if (begin > 0 && (source.ptr[begin - 1] == '.' || source.ptr[begin - 1] == '>') &&
	    source.ptr[at] != '&') {
		end = begin - (source.ptr[begin - 1] == '.' ? 1 : 2);
		for (at = end; at > 0 && (is_word(source.ptr[at - 1]) ||
		                          span_has(SPAN_LIT(".->:[]"), source.ptr[at - 1]));)
			at--;
	}
	source = span_trim((struct span){ source.ptr + at, end > at ? end - at : 0 });
	while (source.len && (source.ptr[0] == '&' || source.ptr[0] == '*'))
		source = span_skip(source, 1);
	return source;
}

/* The object of the wait, from the innermost functions that wait, and the source line of their
 * caller. */
static void read_wait(struct snapshot *snapshot, struct snapshot_thread *thread,
                      const struct raw_stack *stack)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < stack->native_count && i < DEPTH_MAX; i++) {
		const struct native_frame *frame = &stack->native[i];
		struct span name = intern_get(snapshot->intern, frame->name);

		if (name.len && !blocking_function_is(name)) {
			struct span source = get_detail(snapshot, frame, true);

			if (i > 0 && !thread->wait.name)
				thread->wait.name =
				        intern_add_clean(snapshot->intern, find_in_source(source));
			return;
		}
		read_object(snapshot, &thread->wait, get_detail(snapshot, frame, false), &best);
	}
}

static size_t find_signal_frame(const struct raw_stack *stack)
{
	for (size_t i = 0; i < stack->native_count && i < DEPTH_MAX; i++)
		if (stack->native[i].special == NATIVE_SIGNAL)
			return i;
	return SIZE_MAX;
}

static uint32_t read_signal(struct span args)
{
	struct argument argument;
	uint64_t number;

	while (take_argument(&args, &argument))
		if (RANK(signals, argument.name) != SIZE_MAX &&
		    take_value(&argument.value, &number) && number > 0 && number < 32)
			return (uint32_t)number;
	return 0;
}

/* Sends a function this signal to its own process? */
static bool is_sender(struct span name)
{
	name = blocking_function_bare(name);
	return span_starts(name, SPAN_LIT("raise")) ||
	       span_starts(name, SPAN_LIT("pthread_kill")) || span_eq(name, SPAN_LIT("gsignal")) ||
	       span_starts(name, SPAN_LIT("libc_raise"));
}

/* The string of an argument: 0x5555 "x > 0" */
static struct span find_string(struct span value)
{
	const char *open = value.len ? memchr(value.ptr, '"', value.len) : NULL;
	struct span text;

	if (!open)
		return (struct span){ NULL, 0 };
	text = span_skip(value, (size_t)(open - value.ptr) + 1);
	while (text.len && text.ptr[text.len - 1] != '"')
		text.len--;
	if (text.len)
		text.len--;
	return text;
}

static void read_message(struct snapshot *snapshot, struct snapshot_thread *thread,
                         struct span args, size_t *best)
{
	struct argument argument;

	while (take_argument(&args, &argument)) {
		size_t rank = RANK(messages, argument.name);
		struct span text = find_string(argument.value);

		if (rank > *best || !text.len)
			continue;
		*best = rank;
		thread->message = intern_add_clean(snapshot->intern, text);
	}
}

static void read_end(struct snapshot *snapshot, struct snapshot_thread *thread,
                     const struct raw_stack *stack)
{
	size_t handler = find_signal_frame(stack), best = sizeof(messages) / sizeof(messages[0]);

	for (size_t i = 0; i < stack->native_count && i < DEPTH_MAX && i != handler; i++) {
		struct span args = get_detail(snapshot, &stack->native[i], false);
		struct span name = intern_get(snapshot->intern, stack->native[i].name);
		uint32_t number = handler != SIZE_MAX || is_sender(name) ? read_signal(args) : 0;

		if (number)
			thread->signal = number;
		if (ending_function_words(name))
			read_message(snapshot, thread, args, &best);
	}
}

/* What a built-in method of CPython waits for; py-bt prints it above the innermost frame. */
static const struct {
	struct span method;
	uint8_t wait, class;
} builtins[] = {
	{ SPAN_INIT("acquire of _thread.RLock"), WAIT_RLOCK, SYSCALL_FUTEX },
	{ SPAN_INIT("acquire of "), WAIT_LOCK, SYSCALL_FUTEX },
	{ SPAN_INIT("__enter__ of "), WAIT_LOCK, SYSCALL_FUTEX },
	{ SPAN_INIT("select of "), WAIT_NONE, SYSCALL_POLL },
	{ SPAN_INIT("poll of "), WAIT_NONE, SYSCALL_POLL },
	{ SPAN_INIT("control of "), WAIT_NONE, SYSCALL_POLL },
	{ SPAN_INIT("sleep of "), WAIT_NONE, SYSCALL_SLEEP },
	{ SPAN_INIT("recv"), WAIT_NONE, SYSCALL_READ },
	{ SPAN_INIT("read"), WAIT_NONE, SYSCALL_READ },
	{ SPAN_INIT("send"), WAIT_NONE, SYSCALL_WRITE },
	{ SPAN_INIT("write of "), WAIT_NONE, SYSCALL_WRITE },
	{ SPAN_INIT("accept of "), WAIT_NONE, SYSCALL_ACCEPT },
	{ SPAN_INIT("_accept of "), WAIT_NONE, SYSCALL_ACCEPT },
	{ SPAN_INIT("connect of "), WAIT_NONE, SYSCALL_CONNECT },
	{ SPAN_INIT("wait"), WAIT_NONE, SYSCALL_CHILD },
	{ SPAN_INIT("flock of "), WAIT_NONE, SYSCALL_FILE_LOCK },
	{ SPAN_INIT("lockf of "), WAIT_NONE, SYSCALL_FILE_LOCK },
};

static void read_builtin(const struct snapshot *snapshot, struct snapshot_thread *thread,
                         uint32_t id)
{
	struct span note = intern_get(snapshot->intern, id), number = note;
	uint64_t ignored;

	if (span_take(&number, SPAN_LIT("#")) && number_take(&number, 10, &ignored))
		note = span_trim(number); /* py-bt-full */
	if (thread->doing || !span_take(&note, SPAN_LIT("<built-in method ")))
		return;
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		const char *at;

		if (!span_starts(note, builtins[i].method))
			continue;
		thread->wait.kind = builtins[i].wait;
		thread->call.class = builtins[i].class;
		thread->inferred = true;
		at = memmem(note.ptr, note.len, " 0x", 3);
		note = at ? span_skip(note, (size_t)(at - note.ptr) + 1) : (struct span){ NULL, 0 };
		if (thread->wait.kind && at)
			take_value(&note, &thread->wait.on);
		return;
	}
}

void printed_details_read(struct snapshot *snapshot, struct snapshot_thread *thread,
                          const struct raw_stack *stack)
{
	thread->signal = thread->message = 0;
	if (thread->wait.kind != WAIT_NONE || thread->state)
		return;
	if (thread->inferred)
		thread->call.class = SYSCALL_UNKNOWN;
	thread->inferred = false;
	read_wait(snapshot, thread, stack);
	read_end(snapshot, thread, stack);
	if (stack->thread.builtin)
		read_builtin(snapshot, thread, stack->thread.builtin);
}

/* Waits that a thread ends which holds the object. */
static bool has_owner(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_MUTEX:
	case WAIT_RWLOCK:
	case WAIT_LOCK:
	case WAIT_RLOCK:
	case WAIT_FUTEX:
		return true;
	default:
		return false;
	}
}

/* The last member of "obj->mu" or "obj.mu". */
static struct span get_member(struct span name)
{
	size_t at = name.len;

	while (at > 0 && is_word(name.ptr[at - 1]))
		at--;
	return span_skip(name, at);
}

enum match {
	MATCH_NONE,
	MATCH_POSSIBLE, /* nothing says that it is another lock */
	MATCH_MEMBER,   /* members of one name, perhaps of different objects */
	MATCH_SAME,
};

/* A pointer may have another value in another thread. */
static bool is_of_thread(const struct snapshot_thread *thread, const struct printed_owner *owner,
                         struct span name)
{
	return !owner->at || owner->at == thread->tid || !memmem(name.ptr, name.len, "->", 2);
}

static enum match match_owner(const struct snapshot *snapshot, const struct snapshot_thread *thread,
                              const struct printed_owner *owner)
{
	const struct snapshot_wait *wait = &thread->wait;
	struct span mine = intern_get(snapshot->intern, wait->name),
	            its = intern_get(snapshot->intern, owner->name);

	if (owner->on && (owner->on == wait->on || owner->on == wait->word))
		return MATCH_SAME;
	if (mine.len && its.len && span_eq(mine, its) && is_of_thread(thread, owner, mine))
		return MATCH_SAME;
	if (mine.len && its.len)
		return span_eq(get_member(mine), get_member(its)) ? MATCH_MEMBER : MATCH_NONE;
	return owner->on && wait->on ? MATCH_NONE : MATCH_POSSIBLE;
}

/* `p &mu`: the address of a name. */
static void find_address(struct snapshot_wait *wait, const struct printed_owner *owners,
                         size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (owners[i].on && owners[i].name) {
			if (wait->on == owners[i].on && !wait->name)
				wait->name = owners[i].name;
			else if (wait->name == owners[i].name && !wait->on)
				wait->on = owners[i].on;
		}
}

static void add_candidate(struct snapshot_wait *wait, uint32_t tid)
{
	uint32_t *candidates;

	for (size_t i = 0; i < wait->candidate_count; i++)
		if (wait->candidates[i] == tid)
			return;
	candidates = alloc_zeroed(wait->candidate_count + 1, sizeof(*candidates));
	if (wait->candidate_count)
		memcpy(candidates, wait->candidates, wait->candidate_count * sizeof(*candidates));
	candidates[wait->candidate_count++] = tid;
	free(wait->candidates);
	wait->candidates = candidates;
}

static void resolve_owner(struct snapshot *snapshot, struct snapshot_thread *thread,
                          const struct printed_owner *owners, size_t count)
{
	struct snapshot_wait *wait = &thread->wait;
	enum match best = MATCH_NONE;

	find_address(wait, owners, count);
	for (size_t i = 0; i < count; i++) {
		enum match match =
		        owners[i].tid ? match_owner(snapshot, thread, &owners[i]) : MATCH_NONE;

		if (match == MATCH_SAME) /* the last print counts */
			wait->owner = owners[i].tid;
		if (match > best) {
			best = match;
			wait->candidate_count = 0;
		}
		if (match == best && best != MATCH_NONE && owners[i].tid != thread->tid)
			add_candidate(wait, owners[i].tid);
	}
	if (wait->owner)
		wait->candidate_count = 0;
	if (wait->candidate_count)
		wait->why = intern_add(snapshot->intern, SPAN_LIT("the owner of a printed lock"));
}

/* pthread_join's argument is the handle that gdb prints in headers: "Thread 0x7f00 (LWP 12)". */
static void resolve_join(const struct snapshot *snapshot, struct snapshot_thread *thread)
{
	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (snapshot->threads[i].handle && snapshot->threads[i].handle == thread->wait.on)
			thread->wait.owner = snapshot->threads[i].tid;
}

/* The only thread that runs may hold the GIL. */
static void resolve_gil(struct snapshot *snapshot, struct snapshot_thread *thread)
{
	size_t running = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *other = &snapshot->threads[i];

		if (!other->inferred || other->call.class != SYSCALL_RUNNING || !other->tid)
			continue;
		running++;
		add_candidate(&thread->wait, other->tid);
	}
	if (running != 1)
		thread->wait.candidate_count = 0;
	else
		thread->wait.why = intern_add(snapshot->intern, SPAN_LIT("the only one that runs"));
}

void printed_details_resolve(struct snapshot *snapshot, const struct printed_owner *owners,
                             size_t count)
{
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct snapshot_thread *thread = &snapshot->threads[i];

		if (thread->state || thread->wait.owner || thread->wait.candidate_count)
			continue;
		if (thread->wait.kind == WAIT_GIL)
			resolve_gil(snapshot, thread);
		if (thread->wait.kind == WAIT_JOIN && thread->wait.on)
			resolve_join(snapshot, thread);
		else if (count && has_owner(thread->wait.kind))
			resolve_owner(snapshot, thread, owners, count);
	}
}
