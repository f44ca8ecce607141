/* verdict_crash: a process that has crashed: the signal, the thread, and the first frame that is
 * not libc's or a runtime's. Known from a core file, from what text of gdb says, or from the names
 * of functions by which a process ends itself or handles its crash. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "merger/diagnosis/blocking_functions.h"
#include "merger/diagnosis/ending_functions.h"
#include "merger/diagnosis/verdict_draft.h"

#define DEPTH_MAX 40
#define MESSAGE_MAX 200

/* What a stack says about a crash. Frames are counted from the leaf. */
struct crash_view {
	const char *words; /* of the outermost function that ends the process; NULL: none */
	bool handles;      /* a signal handler runs that was called because of a crash */
	size_t from;       /* the first frame of the code that crashed */
};

/* Parts of names of functions that handle crashes. */
static const struct span handler_parts[] = {
	SPAN_INIT("crash"),        SPAN_INIT("Crash"),       SPAN_INIT("segv"),
	SPAN_INIT("SEGV"),         SPAN_INIT("fatal"),       SPAN_INIT("Fatal"),
	SPAN_INIT("backtrace"),    SPAN_INIT("Backtrace"),   SPAN_INIT("stacktrace"),
	SPAN_INIT("StackTrace"),   SPAN_INIT("stack_trace"), SPAN_INIT("sigfault"),
	SPAN_INIT("fault_report"),
};

/* True for signals that end a process. A debugger that writes a core of a live process stores
 * SIGSTOP, SIGTRAP or 0. */
static bool is_fatal(uint32_t number)
{
	return number && number != SIGSTOP && number != SIGTRAP && number != SIGCONT;
}

static bool find_core(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];
		size_t thread = snapshot_find_thread(snapshot, process->pid, process->signal_tid);

		if (!process->core || !is_fatal(process->signal) || thread == SNAPSHOT_NONE)
			continue;
		verdict_begin(draft, "crash", VERDICT_CERTAIN);
		verdict_add_thread(draft, thread);
		verdict_add(draft, " was ended by ");
		verdict_add_signal(draft, process->signal);
		if (process->fault || process->signal == SIGSEGV)
			buf_printf(&draft->verdict->text, " at address 0x%" PRIx64, process->fault);
		wording_place(&draft->verdict->text, snapshot, &snapshot->threads[thread]);
		return true;
	}
	return false;
}

static const struct frame *get_frame(const struct snapshot_thread *thread, size_t from_leaf)
{
	return &thread->frames[thread->frame_count - 1 - from_leaf];
}

static bool has_handler_part(struct span name)
{
	for (size_t i = 0; i < sizeof(handler_parts) / sizeof(handler_parts[0]); i++)
		if (name.len &&
		    memmem(name.ptr, name.len, handler_parts[i].ptr, handler_parts[i].len))
			return true;
	return false;
}

static bool is_crash_signal(uint32_t number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ||
	       number == SIGILL || number == SIGSYS;
}

/* A signal handler runs in the first `count` frames. Because of a crash? */
static bool handles_crash(const struct snapshot *snapshot, const struct snapshot_thread *thread,
                          size_t count)
{
	if (thread->signal)
		return is_crash_signal(thread->signal);
	/* A program that starts a debugger waits for it in its handler. */
	if (thread->call.class == SYSCALL_CHILD)
		return true;
	for (size_t i = 0; i < count; i++) {
		struct span name = intern_get(snapshot->intern, get_frame(thread, i)->name);

		if (has_handler_part(name) || ending_function_words(name))
			return true;
	}
	return false;
}

/* The words of the outermost ending function among the first frames, which all belong to a
 * runtime. */
static struct crash_view view_end(const struct snapshot *snapshot,
                                  const struct snapshot_thread *thread, size_t from)
{
	struct crash_view view = { .from = from };

	for (size_t i = from; i < thread->frame_count && i < DEPTH_MAX; i++) {
		const struct frame *frame = get_frame(thread, i);
		struct span name = intern_get(snapshot->intern, frame->name);
		const char *found = ending_function_words(name);

		if (found && (view.words || !ending_function_is_caller(name)))
			view.words = found;
		if (!found && !ending_function_is_runtime(snapshot, frame))
			break;
	}
	return view;
}

static struct crash_view view_thread(const struct snapshot *snapshot,
                                     const struct snapshot_thread *thread)
{
	struct crash_view view;

	for (size_t i = 0; i < thread->frame_count && i < DEPTH_MAX; i++) {
		struct span name = intern_get(snapshot->intern, get_frame(thread, i)->name);

		if (!span_eq(name, SPAN_LIT("<signal handler called>")))
			continue;
		view = view_end(snapshot, thread, i + 1);
		view.handles = handles_crash(snapshot, thread, i);
		if (!view.handles)
			view.words = NULL;
		return view;
	}
	return view_end(snapshot, thread, 0);
}

static bool is_waiting(const struct snapshot_thread *thread)
{
	return thread->wait.kind != WAIT_NONE ||
	       (thread->call.class != SYSCALL_UNKNOWN && thread->call.class != SYSCALL_RUNNING);
}

static size_t find_number(const struct snapshot *snapshot, uint32_t number)
{
	for (size_t i = 0; number && i < snapshot->thread_count; i++)
		if (snapshot->threads[i].number == number)
			return i;
	return SNAPSHOT_NONE;
}

static size_t find_evidence(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct crash_view view = view_thread(snapshot, &snapshot->threads[i]);

		if (view.words || view.handles)
			return i;
	}
	return SNAPSHOT_NONE;
}

/* The thread that the text names. */
static size_t find_told(const struct snapshot *snapshot)
{
	const struct snapshot_crash *crash = &snapshot->crash;

	for (size_t i = 0; crash->tid && i < snapshot->thread_count; i++)
		if (snapshot->threads[i].tid == crash->tid)
			return i;
	return find_number(snapshot, crash->number);
}

/* A stack without a header is that of the thread that the last stop has selected. */
static bool is_next_bare(const struct snapshot *snapshot)
{
	size_t next = snapshot->crash.thread;

	return next < snapshot->thread_count && !snapshot->threads[next].number &&
	       !snapshot->threads[next].tid;
}

/* Nothing names the thread: gdb's first one, which is the one that crashed in a core file; or the
 * first that does not wait. */
static size_t guess_thread(const struct snapshot *snapshot)
{
	size_t next = snapshot->crash.thread, first;

	first = snapshot->crash.ended ? find_number(snapshot, 1) : SNAPSHOT_NONE;
	if (first != SNAPSHOT_NONE)
		return first;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		if (!is_waiting(&snapshot->threads[i]) && snapshot->threads[i].frame_count)
			return i;
	return next < snapshot->thread_count ? next : SNAPSHOT_NONE;
}

/* A message without a signal counts if a stack shows the end, or comes next and does not wait. */
static bool is_message_alone(const struct snapshot *snapshot)
{
	size_t next = snapshot->crash.thread;

	return !snapshot->crash.signal && snapshot->crash.what && next < snapshot->thread_count &&
	       !is_waiting(&snapshot->threads[next]);
}

static size_t choose_thread(const struct snapshot *snapshot, enum verdict_trust *ret)
{
	size_t told = find_told(snapshot), evidence = find_evidence(snapshot);

	*ret = VERDICT_LIKELY;
	if (is_message_alone(snapshot) && evidence == SNAPSHOT_NONE)
		return snapshot->crash.thread;
	if (!snapshot->crash.signal)
		return evidence;
	if (told == SNAPSHOT_NONE && is_next_bare(snapshot))
		told = snapshot->crash.thread;
	if (told != SNAPSHOT_NONE || evidence != SNAPSHOT_NONE || snapshot->thread_count == 1) {
		*ret = VERDICT_CERTAIN;
		return told != SNAPSHOT_NONE ? told : evidence != SNAPSHOT_NONE ? evidence : 0;
	}
	return guess_thread(snapshot);
}

static void add_place(struct verdict_draft *draft, const struct snapshot_thread *thread,
                      size_t from, bool has_words)
{
	size_t named = SNAPSHOT_NONE;

	for (size_t i = from; i < thread->frame_count; i++) {
		const struct frame *frame = get_frame(thread, i);

		if (!ending_function_is_runtime(draft->snapshot, frame)) {
			wording_frame(&draft->verdict->text, draft->snapshot, frame, NULL);
			return;
		}
		if (named == SNAPSHOT_NONE && frame->name)
			named = i;
	}
	if (named != SNAPSHOT_NONE && !has_words)
		wording_frame(&draft->verdict->text, draft->snapshot, get_frame(thread, named),
		              NULL);
}

static const char *choose_signal(const struct snapshot *snapshot,
                                 const struct snapshot_thread *thread, uint32_t *ret)
{
	struct span told = intern_get(snapshot->intern, snapshot->crash.signal);

	*ret = thread->signal;
	for (int i = 1; told.len > 3 && i < 32; i++) {
		const char *name = sigabbrev_np(i);

		if (name && span_eq(span_skip(told, 3), span_of(name)))
			*ret = (uint32_t)i;
	}
	return told.len ? told.ptr : NULL;
}

/* "was ended by SIGSEGV (11)" */
static void add_end(struct verdict_draft *draft, const struct snapshot_thread *thread,
                    const struct crash_view *view)
{
	const struct snapshot_crash *crash = &draft->snapshot->crash;
	uint32_t number;
	const char *told = choose_signal(draft->snapshot, thread, &number);

	if (!told && !number) {
		verdict_add(draft, view->handles ? " handles a crash"
		                   : view->words ? " ended the process"
		                                 : " crashed");
		return;
	}
	verdict_add(draft, crash->ended    ? " was ended by "
	                   : view->handles ? " handles "
	                   : told          ? " received "
	                                   : " ended the process with ");
	if (number)
		verdict_add_signal(draft, number);
	else
		buf_add_span(&draft->verdict->text,
		             intern_get(draft->snapshot->intern, crash->signal));
}

static void add_message(struct verdict_draft *draft, const struct snapshot_thread *thread,
                        const struct crash_view *view)
{
	uint32_t id = draft->snapshot->crash.what ? draft->snapshot->crash.what : thread->message;
	struct span message = intern_get(draft->snapshot->intern, id);

	if (!view->words && !message.len)
		return;
	verdict_add(draft, "\n");
	if (view->words)
		verdict_add(draft, view->words);
	if (view->words && message.len)
		verdict_add(draft, ": ");
	buf_add(&draft->verdict->text, message.ptr,
	        message.len < MESSAGE_MAX ? message.len : MESSAGE_MAX);
}

/* Text that has no stacks. */
static bool find_message(struct verdict_draft *draft)
{
	const struct snapshot_crash *crash = &draft->snapshot->crash;
	uint32_t id = crash->what ? crash->what : crash->signal;

	if (draft->snapshot->thread_count || !id)
		return false;
	verdict_begin(draft, "crash", VERDICT_LIKELY);
	verdict_add(draft, "a process ended: ");
	buf_add_span(&draft->verdict->text, intern_get(draft->snapshot->intern, id));
	return true;
}

bool verdict_find_crash(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	enum verdict_trust trust;
	struct crash_view view;
	size_t at;

	if (find_core(draft))
		return true;
	at = choose_thread(snapshot, &trust);
	if (at == SNAPSHOT_NONE)
		return find_message(draft);
	view = view_thread(snapshot, &snapshot->threads[at]);
	verdict_begin(draft, "crash", trust);
	verdict_add_thread(draft, at);
	add_end(draft, &snapshot->threads[at], &view);
	add_place(draft, &snapshot->threads[at], view.from, view.words);
	add_message(draft, &snapshot->threads[at], &view);
	return true;
}
