#include "merger/diagnosis/wording.h"

#include <inttypes.h>

#include "merger/diagnosis/own_frame.h"
#include "merger/profile/label.h"

static const char *const wait_words[WAIT_KIND_COUNT] = {
	[WAIT_MUTEX] = "mutex",
	[WAIT_RWLOCK] = "rwlock",
	[WAIT_CONDITION] = "condition variable",
	[WAIT_SEMAPHORE] = "semaphore",
	[WAIT_BARRIER] = "barrier",
	[WAIT_JOIN] = "the end of a thread",
	[WAIT_LOCK] = "threading.Lock",
	[WAIT_RLOCK] = "threading.RLock",
	[WAIT_PYTHON_CONDITION] = "threading.Condition",
	[WAIT_EVENT] = "threading.Event",
	[WAIT_QUEUE] = "queue.Queue",
	[WAIT_PYTHON_SEMAPHORE] = "threading.Semaphore",
	[WAIT_PYTHON_BARRIER] = "threading.Barrier",
	[WAIT_FUTURE] = "future",
	[WAIT_PROCESS_LOCK] = "multiprocessing.Lock",
	[WAIT_IMPORT] = "import lock",
	[WAIT_PYMUTEX] = "PyMutex",
	[WAIT_GIL] = "the GIL",
	[WAIT_WORLD] = "the end of a stop-the-world pause",
	[WAIT_ONCE] = "the end of an initialisation",
	[WAIT_CHANNEL] = "channel",
	[WAIT_SERVER_LOCK] = "lock of the server",
	[WAIT_FUTEX] = "futex",
};

/* Between the wait and the threads that can end it, if they do not hold a lock. */
static const struct {
	const char *owner, *candidate;
} wait_links[WAIT_KIND_COUNT] = {
	[WAIT_PYTHON_CONDITION] = { NULL, ", also used by " },
	[WAIT_EVENT] = { NULL, ", also used by " },
	[WAIT_QUEUE] = { NULL, ", also used by " },
	[WAIT_PYTHON_BARRIER] = { NULL, ", also used by " },
	[WAIT_FUTURE] = { ", run by ", ", for one of " },
};

/* In a Ruby process; the others are as in wait_words. */
static const char *const ruby_words[WAIT_KIND_COUNT] = {
	[WAIT_QUEUE] = "Thread::Queue",
	[WAIT_GIL] = "the GVL",
};

static void append_id(struct buf *out, const struct snapshot *snapshot, uint32_t id)
{
	buf_add_span(out, intern_get(snapshot->intern, id));
}

static void append_named(struct buf *out, const struct snapshot *snapshot, const char *what,
                         uint32_t number, uint32_t name)
{
	buf_printf(out, "%s %" PRIu32, what, number);
	if (!name)
		return;
	buf_add_span(out, SPAN_LIT(" ("));
	append_id(out, snapshot, name);
	buf_add_span(out, SPAN_LIT(")"));
}

void wording_thread(struct buf *out, const struct snapshot *snapshot, size_t thread)
{
	const struct snapshot_thread *row = &snapshot->threads[thread];
	const struct snapshot_process *process =
	        &snapshot->processes[snapshot_find_process(snapshot, row->pid)];

	if (snapshot->process_count > 1 && row->pid == row->tid) {
		append_named(out, snapshot, "process", row->pid,
		             snapshot_process_label(process) ? snapshot_process_label(process)
		                                             : row->name);
		return;
	}
	append_named(out, snapshot, "thread", row->tid, row->name);
	if (snapshot->process_count > 1 && row->pid)
		append_named(out, snapshot, " of process", row->pid,
		             snapshot_process_label(process));
}

void wording_frame(struct buf *out, const struct snapshot *snapshot, const struct frame *frame,
                   const struct frame *through)
{
	buf_add_span(out, SPAN_LIT(" in "));
	append_id(out, snapshot, frame->name);
	if (frame_is_script(frame->kind) || (frame->file && frame->line)) {
		buf_add_span(out, SPAN_LIT(" at "));
		buf_add_span(out, label_file(intern_get(snapshot->intern, frame->file)));
		if (frame->line)
			buf_printf(out, ":%" PRIu32, frame->line);
	} else if (frame->module) {
		buf_add_span(out, SPAN_LIT(" ("));
		buf_add_span(out, span_basename(intern_get(snapshot->intern, frame->module)));
		buf_add_span(out, SPAN_LIT(")"));
	}
	if (!through)
		return;
	buf_add_span(out, SPAN_LIT(", through "));
	append_id(out, snapshot, through->name);
}

void wording_place(struct buf *out, const struct snapshot *snapshot,
                   const struct snapshot_thread *thread)
{
	const struct frame *through, *frame = own_frame_find(snapshot, thread, &through);

	if (frame)
		wording_frame(out, snapshot, frame, through);
}

static const char *find_wait_words(const struct snapshot *snapshot,
                                   const struct snapshot_thread *thread)
{
	size_t process = snapshot_find_process(snapshot, thread->pid);
	const char *words = ruby_words[thread->wait.kind];

	return words && process != SNAPSHOT_NONE && snapshot->processes[process].ruby
	               ? words
	               : wait_words[thread->wait.kind];
}

void wording_wait(struct buf *out, const struct snapshot *snapshot,
                  const struct snapshot_thread *thread)
{
	const struct snapshot_wait *wait = &thread->wait;
	size_t joined = SNAPSHOT_NONE;

	if (wait->kind == WAIT_JOIN && wait->owner)
		joined = snapshot_find_thread(snapshot, thread->pid, wait->owner);
	if (joined != SNAPSHOT_NONE) {
		buf_add_span(out, SPAN_LIT("the end of "));
		wording_thread(out, snapshot, joined);
	} else {
		buf_add_span(out, span_of(find_wait_words(snapshot, thread)));
		if (wait->name) {
			buf_add_span(out, SPAN_LIT(" "));
			append_id(out, snapshot, wait->name);
		} else if (wait->kind != WAIT_GIL && (wait->on || wait->word))
			buf_printf(out, " 0x%" PRIx64, wait->on ? wait->on : wait->word);
	}
	if (wait->type) {
		buf_add_span(out, SPAN_LIT(" ("));
		append_id(out, snapshot, wait->type);
		buf_add_span(out, SPAN_LIT(")"));
	}
}

/* States in which a process does nothing, whatever it wants. */
static void append_state(struct buf *out, char state)
{
	static const struct {
		char state;
		const char *text;
	} rows[] = {
		{ 'T', ", stopped by a signal" },
		{ 't', ", held by a debugger" },
		{ 'D', ", in uninterruptible sleep" },
		{ 'Z', ", a zombie" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].state == state)
			buf_add_span(out, span_of(rows[i].text));
}

static void append_peers(struct buf *out, const struct snapshot *snapshot, const char *before,
                         const struct snapshot_peer *peers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_span(out, span_of(i ? ", " : before));
		buf_printf(out, "%" PRIu32, peers[i].pid);
		if (peers[i].name) {
			buf_add_span(out, SPAN_LIT(" "));
			append_id(out, snapshot, peers[i].name);
		}
		append_state(out, peers[i].state);
	}
}

static void append_known(struct buf *out, const struct snapshot *snapshot, const char *before,
                         uint32_t id)
{
	if (!id)
		return;
	buf_add_span(out, span_of(before));
	append_id(out, snapshot, id);
}

void wording_fd(struct buf *out, const struct snapshot *snapshot, uint32_t pid, uint32_t fd)
{
	size_t at = snapshot_find_fd(snapshot, pid, fd);
	const struct snapshot_fd *row;

	buf_printf(out, "fd %" PRIu32, fd);
	if (at == SNAPSHOT_NONE)
		return;
	row = &snapshot->fds[at];
	append_known(out, snapshot, " (", row->kind);
	if (!row->local && !row->remote)
		append_known(out, snapshot, " ", row->path);
	append_known(out, snapshot, " ", row->local);
	append_known(out, snapshot, " to ", row->remote);
	append_known(out, snapshot, ", ", row->state);
	if (row->has_queues)
		buf_printf(out, ", %" PRIu64 " bytes to read, %" PRIu64 " to send", row->recv_queue,
		           row->send_queue);
	append_peers(out, snapshot, "; the other end: ", row->peers, row->peer_count);
	append_peers(out, snapshot, "; locked by ", row->holders, row->holder_count);
	if (row->kind)
		buf_add_span(out, SPAN_LIT(")"));
}

static void append_fds(struct buf *out, const struct snapshot *snapshot,
                       const struct snapshot_thread *thread)
{
	enum { SHOWN = 3 };

	for (size_t i = 0; i < thread->call.fd_count && i < SHOWN; i++) {
		buf_add_span(out, span_of(i ? ", " : " on "));
		wording_fd(out, snapshot, thread->pid, thread->call.fds[i]);
	}
	if (thread->call.fd_count > SHOWN)
		buf_printf(out, " and %zu more", thread->call.fd_count - SHOWN);
}

static void append_child(struct buf *out, const struct snapshot *snapshot,
                         const struct snapshot_thread *thread)
{
	buf_add_span(out, span_of(thread->call.wait_pid ? "waits for child" : "waits for a child"));
	for (size_t i = 0; i < snapshot->child_count; i++) {
		const struct snapshot_child *child = &snapshot->children[i];

		if (child->ppid != thread->pid ||
		    (thread->call.wait_pid && child->pid != thread->call.wait_pid))
			continue;
		buf_printf(out, " %" PRIu32, child->pid);
		append_known(out, snapshot, " (", child->name);
		buf_printf(out, ", state %c)", child->state ? child->state : '?');
		if (thread->call.wait_pid)
			return;
	}
	if (thread->call.wait_pid)
		buf_printf(out, " %" PRIu32, thread->call.wait_pid);
}

static void append_owner(struct buf *out, const struct snapshot *snapshot,
                         const struct snapshot_thread *thread)
{
	const struct snapshot_wait *wait = &thread->wait;
	const char *link = wait_links[wait->kind].owner;
	size_t held = snapshot_find_thread(
	        snapshot, wait->owner_pid ? wait->owner_pid : thread->pid, wait->owner);

	if (wait->owner == thread->tid) {
		buf_add_span(out, SPAN_LIT(", which it holds itself,"));
		return;
	}
	buf_add_span(out, span_of(link ? link : ", held by "));
	if (held == SNAPSHOT_NONE && wait->owner_pid == wait->owner)
		buf_printf(out, "process %" PRIu32, wait->owner);
	else if (held == SNAPSHOT_NONE && wait->owner_pid)
		buf_printf(out, "thread %" PRIu32 " of process %" PRIu32, wait->owner,
		           wait->owner_pid);
	else if (held == SNAPSHOT_NONE)
		buf_printf(out, "thread %" PRIu32 ", %s", wait->owner,
		           snapshot->looks ? "which has ended" : "which is not in this text");
	else
		wording_thread(out, snapshot, held);
}

static void append_gone(struct buf *out, const struct snapshot_wait *wait)
{
	if (wait->gone)
		buf_printf(out, ", held by thread %" PRIu32, wait->gone);
	else
		buf_add_span(out, SPAN_LIT(", held by a thread"));
	if (wait->gone_pid)
		buf_printf(out, " of the parent %" PRIu32, wait->gone_pid);
	else
		buf_add_span(out, SPAN_LIT(" that does not exist"));
}

static void append_candidates(struct buf *out, const struct snapshot *snapshot,
                              const struct snapshot_thread *thread)
{
	enum { SHOWN = 4 };
	const struct snapshot_wait *wait = &thread->wait;
	const char *link = wait_links[wait->kind].candidate;

	for (size_t i = 0; i < wait->candidate_count && i < SHOWN; i++) {
		size_t held = snapshot_find_thread(snapshot, thread->pid, wait->candidates[i]);

		buf_add_span(out, span_of(i ? ", " : link ? link : ", perhaps held by "));
		if (wait->candidate_count == 1 && wait->candidates[i] == thread->tid) {
			buf_add_span(out, SPAN_LIT("itself"));
			continue;
		}
		if (held == SNAPSHOT_NONE)
			buf_printf(out, "thread %" PRIu32, wait->candidates[i]);
		else
			wording_thread(out, snapshot, held);
	}
	if (wait->candidate_count > SHOWN)
		buf_printf(out, " and %zu more", wait->candidate_count - SHOWN);
	if (wait->candidate_count && !link)
		append_known(out, snapshot, " as it is ", wait->why);
}

static void append_lock(struct buf *out, const struct snapshot *snapshot,
                        const struct snapshot_thread *thread)
{
	const struct snapshot_wait *wait = &thread->wait;

	buf_add_span(out, SPAN_LIT("waits for "));
	wording_wait(out, snapshot, thread);
	if (wait->kind == WAIT_JOIN)
		return;
	if (wait->owner)
		append_owner(out, snapshot, thread);
	if (wait->is_gone)
		append_gone(out, wait);
	append_candidates(out, snapshot, thread);
}

static void append_call(struct buf *out, const struct snapshot *snapshot,
                        const struct snapshot_thread *thread)
{
	const struct snapshot_syscall *call = &thread->call;

	switch (call->class) {
	case SYSCALL_SLEEP:
		buf_add_span(out, SPAN_LIT("sleeps"));
		break;
	case SYSCALL_RUNNING:
		buf_add_span(out, span_of(thread->inferred ? "runs" : "was on CPU just before"));
		break;
	case SYSCALL_CHILD:
		append_child(out, snapshot, thread);
		break;
	case SYSCALL_SIGNAL:
		buf_add_span(out, SPAN_LIT("waits for a signal"));
		append_known(out, snapshot, " in ", call->text);
		break;
	case SYSCALL_UNKNOWN:
		buf_add_span(out, SPAN_LIT("is"));
		if (thread->state)
			buf_printf(out, " in state %c", thread->state);
		append_known(out, snapshot, ", in the kernel's ", call->wchan);
		break;
	default:
		buf_add_span(out, SPAN_LIT("is blocked in "));
		if (call->text)
			append_id(out, snapshot, call->text);
		else
			buf_add_span(out, span_of(syscall_class_name(call->class)));
		append_fds(out, snapshot, thread);
		append_known(out, snapshot, ", ", call->object);
	}
}

static void append_left(struct buf *out, const struct snapshot_syscall *call)
{
	if (call->has_left)
		buf_printf(out, ", %s%.1f s are left", call->left_is_most ? "at most " : "",
		           (double)call->left_us / 1e6);
}

void wording_activity(struct buf *out, const struct snapshot *snapshot, size_t at)
{
	const struct snapshot_thread *thread = &snapshot->threads[at];

	if (thread->wait.kind != WAIT_NONE)
		append_lock(out, snapshot, thread);
	else if (thread->state == 'D' && thread->call.class != SYSCALL_CHILD) {
		buf_add_span(out, SPAN_LIT("is in uninterruptible sleep (D)"));
		append_known(out, snapshot, " in the kernel's ", thread->call.wchan);
		append_known(out, snapshot, ", ", thread->call.text);
		append_fds(out, snapshot, thread);
		append_known(out, snapshot, ", ", thread->call.object);
	} else if (snapshot_thread_is_running(thread)) {
		buf_add_span(out, SPAN_LIT("is on CPU"));
	} else if (thread->state == 'T') {
		buf_add_span(out, SPAN_LIT("is stopped by a signal"));
	} else if (thread->state == 'Z') {
		buf_add_span(out, SPAN_LIT("has ended (a zombie)"));
	} else {
		append_call(out, snapshot, thread);
	}
	if (!snapshot_thread_is_running(thread))
		append_left(out, &thread->call);
	wording_place(out, snapshot, thread);
}

/* A thread that is blocked runs only when pmp stops it: twice for each look. */
static bool wakes_by_itself(const struct snapshot_thread *thread)
{
	return !thread->moves && thread->runs > thread->runs_first + 4 * thread->looks + 4;
}

void wording_progress(struct buf *out, const struct snapshot *snapshot,
                      const struct snapshot_thread *thread)
{
	const struct snapshot_process *process;
	double cpu = (double)(thread->cpu_us - thread->cpu_first_us) / 1e6, seconds;

	if (thread->looks < 2)
		return;
	process = &snapshot->processes[snapshot_find_process(snapshot, thread->pid)];
	seconds = (double)(process->last_us - process->first_us) / 1e6;
	if (thread->moves)
		buf_printf(out,
		           "its stack was another one %" PRIu64 " times in %" PRIu64
		           " looks over %.1f s",
		           thread->moves, thread->looks, seconds);
	else
		buf_printf(out, "the same %zu frames in %" PRIu64 " looks over %.1f s",
		           thread->frame_count, thread->looks, seconds);
	if (!thread->has_cpu)
		return;
	buf_printf(out, "; its CPU time grew by %.2f s", cpu);
	/* A spinning thread that competes for a CPU gets only a part of it. */
	if (cpu >= seconds / 2 || (cpu >= seconds / 10 && snapshot_thread_is_running(thread)))
		buf_add_span(out, span_of(thread->moves ? ": it is busy" : ": it spins"));
	else if (wakes_by_itself(thread))
		buf_printf(out, "; it ran %" PRIu64 " times: it polls, or a livelock",
		           thread->runs - thread->runs_first);
	else if (!thread->moves && cpu < seconds / 100)
		buf_add_span(out, SPAN_LIT(": it is blocked"));
}
