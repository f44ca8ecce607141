#include "verdict.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#include "alloc.h"
#include "describe.h"
#include "wait_graph.h"

struct maker {
	const struct snapshot *snapshot;
	struct wait_graph graph;
	struct verdict *verdict;
};

/* The words of kinds, and what they mean, are told in one place: pmp.1 has the same. */
static const struct {
	const char *word, *meaning;
} kinds[] = {
	{ "zombie", "it has ended, and its parent has not waited for it" },
	{ "stopped", "a signal has stopped it" },
	{ "traced", "another debugger holds it" },
	{ "crash", "a signal has ended it (a core file)" },
	{ "deadlock", "threads, processes or tasks wait for each other in a circle" },
	{ "uninterruptible", "it sleeps in the kernel where no signal reaches it" },
	{ "lock", "threads wait for a lock, whose holder does something else" },
	{ "gil",
	  "threads wait for Python's GIL, whose holder is in a call that does not give it up" },
	{ "join", "it waits for a thread to end, which does something else" },
	{ "child", "it waits for a child" },
	{ "file_lock", "it waits for a lock on a file" },
	{ "io", "it waits for a file, a pipe, or somebody on a network" },
	{ "busy", "it is on a CPU" },
	{ "asyncio", "its tasks wait, and no task for another in a circle" },
	{ "wait", "it waits to be woken by another thread of its own" },
	{ "sleep", "it sleeps for a set time" },
	{ "idle", "it waits for work: nothing says that it hangs" },
	{ "unknown", "what was found says too little" },
};

bool verdict_kind_at(size_t i, const char **word, const char **meaning)
{
	if (i >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	*word = kinds[i].word;
	*meaning = kinds[i].meaning;
	return true;
}

const char *verdict_trust_name(enum verdict_trust trust)
{
	static const char *const names[] = {
		[VERDICT_CERTAIN] = "certain",
		[VERDICT_LIKELY] = "likely",
		[VERDICT_GUESS] = "guess",
	};

	return names[trust];
}

static void name_thread(struct maker *maker, size_t thread)
{
	struct verdict *verdict = maker->verdict;

	verdict->threads = alloc_grow(verdict->threads, &verdict->thread_cap,
	                              verdict->thread_count + 1, sizeof(*verdict->threads));
	verdict->threads[verdict->thread_count++] = thread;
}

static void begin(struct maker *maker, const char *kind, enum verdict_trust trust)
{
	maker->verdict->kind = kind;
	maker->verdict->trust = trust;
}

static void add(struct maker *maker, const char *text)
{
	buf_add_span(&maker->verdict->text, span_of(text));
}

static void add_thread(struct maker *maker, size_t thread)
{
	name_thread(maker, thread);
	describe_thread(&maker->verdict->text, maker->snapshot, thread);
}

static void add_named(struct maker *maker, uint32_t pid, uint32_t name)
{
	buf_printf(&maker->verdict->text, "%" PRIu32, pid);
	if (!name)
		return;
	add(maker, " (");
	buf_add_span(&maker->verdict->text, intern_get(maker->snapshot->intern, name));
	add(maker, ")");
}

/* "thread 4712 (worker) is blocked in ...", and how it has moved. */
static void add_doing(struct maker *maker, size_t thread, const char *link)
{
	struct buf *text = &maker->verdict->text;
	size_t before;

	describe_thread(text, maker->snapshot, thread);
	add(maker, link);
	describe_doing(text, maker->snapshot, thread);
	add(maker, "\n");
	before = text->len;
	describe_motion(text, maker->snapshot, &maker->snapshot->threads[thread]);
	if (text->len == before)
		text->len--;
}

/* What the kernel says of a process as a whole. */

static bool find_zombie(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->state != 'Z' && process->state != 'X')
			continue;
		begin(maker, "zombie", VERDICT_CERTAIN);
		add(maker, "process ");
		add_named(maker, process->pid, process->name);
		add(maker, " has ended; its parent ");
		add_named(maker, process->ppid, process->parent_name);
		add(maker, " has not waited for it");
		return true;
	}
	return false;
}

static bool find_traced(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (!process->tracer)
			continue;
		begin(maker, "traced", VERDICT_CERTAIN);
		add(maker, "process ");
		add_named(maker, process->pid, process->name);
		add(maker, process->state == 't' ? " is held by the debugger " : " is traced by ");
		add_named(maker, process->tracer, process->tracer_name);
		return true;
	}
	return false;
}

/* "SIGSTOP (19)" */
static void add_signal(struct maker *maker, uint32_t number)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		buf_printf(&maker->verdict->text, "SIG%s (%" PRIu32 ")", name, number);
	else if (number)
		buf_printf(&maker->verdict->text, "signal %" PRIu32, number);
	else
		add(maker, "a signal");
}

static bool find_stopped(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->state != 'T')
			continue;
		begin(maker, "stopped", VERDICT_CERTAIN);
		add(maker, "process ");
		add_named(maker, process->pid, process->name);
		add(maker, " was stopped by ");
		add_signal(maker, process->signal);
		buf_printf(&maker->verdict->text, "; kill -CONT %" PRIu32 " lets it go on",
		           process->pid);
		return true;
	}
	return false;
}

/* Of a core; a debugger that writes one of a live process has it say SIGSTOP, SIGTRAP or nothing. */
static bool is_fatal(uint32_t number)
{
	return number && number != SIGSTOP && number != SIGTRAP && number != SIGCONT;
}

static bool find_crash(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];
		size_t thread = snapshot_find_thread(snapshot, process->pid, process->signal_tid);

		if (!process->core || !is_fatal(process->signal) || thread == SNAPSHOT_NONE)
			continue;
		begin(maker, "crash", VERDICT_CERTAIN);
		add_thread(maker, thread);
		add(maker, " was ended by ");
		add_signal(maker, process->signal);
		if (process->fault || process->signal == SIGSEGV)
			buf_printf(&maker->verdict->text, " at address 0x%" PRIx64, process->fault);
		describe_place(&maker->verdict->text, snapshot, &snapshot->threads[thread]);
		return true;
	}
	return false;
}

/* Circles. */

#define CYCLE_LINES 12 /* of a longer one the rest is counted */

static bool find_cycle(struct maker *maker)
{
	const struct wait_graph *graph = &maker->graph;
	size_t first = wait_graph_cycle(graph, 0), at = first, count = 0;
	enum verdict_trust trust = VERDICT_CERTAIN;

	if (first == SNAPSHOT_NONE)
		return false;
	do {
		if (!graph->edges[at].certain)
			trust = VERDICT_LIKELY;
		count++;
		at = graph->edges[at].to;
	} while (at != first);
	begin(maker, "deadlock", trust);
	if (count == 1)
		add(maker, "a thread waits for what it holds itself");
	else
		buf_printf(&maker->verdict->text, "%zu wait for each other", count);
	for (size_t i = 0; i < count; i++, at = graph->edges[at].to) {
		if (i >= CYCLE_LINES) {
			name_thread(maker, at);
			continue;
		}
		add(maker, "\n");
		add_thread(maker, at);
		add(maker, " ");
		describe_doing(&maker->verdict->text, maker->snapshot, at);
		if (!maker->snapshot->threads[at].wait.kind) {
			add(maker, ": waits for ");
			describe_thread(&maker->verdict->text, maker->snapshot,
			                graph->edges[at].to);
		}
	}
	if (count > CYCLE_LINES)
		buf_printf(&maker->verdict->text, "\nand %zu more", count - CYCLE_LINES);
	return true;
}

/* Depth first over all that a task waits for: gather waits for many. Returns the task where a circle closes. */
static size_t task_cycle(const struct snapshot *snapshot, size_t task, char *colours, size_t *from)
{
	const struct snapshot_task *it = &snapshot->tasks[task];
	size_t *stack = alloc_zeroed(snapshot->task_count + 1, sizeof(*stack));
	size_t *next = alloc_zeroed(snapshot->task_count + 1, sizeof(*next));
	size_t depth = 0, ret = SNAPSHOT_NONE;

	stack[0] = task;
	colours[task] = 1;
	for (;;) {
		size_t to;

		it = &snapshot->tasks[stack[depth]];
		if (next[depth] == it->wait_count) {
			colours[stack[depth]] = 2;
			if (!depth--)
				break;
			continue;
		}
		to = snapshot_find_task(snapshot, it->waits[next[depth]++]);
		if (to == SNAPSHOT_NONE || colours[to] == 2)
			continue;
		from[to] = stack[depth];
		if (colours[to] == 1) {
			ret = to;
			break;
		}
		colours[to] = 1;
		stack[++depth] = to;
		next[depth] = 0;
	}
	free(stack);
	free(next);
	return ret;
}

static void add_task(struct maker *maker, size_t task)
{
	const struct snapshot_task *it = &maker->snapshot->tasks[task];
	struct buf *text = &maker->verdict->text;

	add(maker, "task ");
	buf_add_span(text, intern_get(maker->snapshot->intern, it->name));
	if (!it->frame_count)
		return;
	add(maker, " in ");
	buf_add_span(text, intern_get(maker->snapshot->intern, it->frames[0].name));
	add(maker, " at ");
	buf_add_span(text, span_basename(intern_get(maker->snapshot->intern, it->frames[0].file)));
	buf_printf(text, ":%" PRIu32, it->frames[0].line);
}

/* A lock does not tell which task has it. */
static bool waits_for_lock(const struct maker *maker, size_t task)
{
	return span_eq(intern_get(maker->snapshot->intern, maker->snapshot->tasks[task].on),
	               SPAN_LIT("lock"));
}

static void add_task_cycle(struct maker *maker, size_t last, const size_t *from)
{
	size_t at = last, count = 0;

	begin(maker, "deadlock", VERDICT_CERTAIN);
	do
		count++;
	while ((at = from[at]) != last);
	if (count == 1)
		add(maker, "a task of asyncio's awaits itself");
	else
		buf_printf(&maker->verdict->text, "%zu tasks of asyncio's await each other", count);
	for (size_t i = 0; i < count && i < CYCLE_LINES; i++) {
		size_t waiter = from[at];

		add(maker, "\n");
		add_task(maker, waiter);
		if (waits_for_lock(maker, waiter))
			maker->verdict->trust = VERDICT_LIKELY;
		add(maker, waits_for_lock(maker, waiter) ? " awaits a lock, perhaps held by task "
		                                         : " awaits task ");
		buf_add_span(&maker->verdict->text,
		             intern_get(maker->snapshot->intern, maker->snapshot->tasks[at].name));
		at = waiter;
	}
	if (count > CYCLE_LINES)
		buf_printf(&maker->verdict->text, "\nand %zu more", count - CYCLE_LINES);
}

static bool find_task_cycle(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;
	char *colours = alloc_zeroed(snapshot->task_count + 1, 1);
	size_t *from = alloc_zeroed(snapshot->task_count + 1, sizeof(*from));
	size_t last = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->task_count && last == SNAPSHOT_NONE; i++)
		if (!colours[i])
			last = task_cycle(snapshot, i, colours, from);
	if (last != SNAPSHOT_NONE)
		add_task_cycle(maker, last, from);
	free(colours);
	free(from);
	return last != SNAPSHOT_NONE;
}

/* What a thread that waits for no other is about: the kinds from the most telling on. */
enum rank {
	RANK_UNINTERRUPTIBLE,
	RANK_CHILD,
	RANK_FILE_LOCK,
	RANK_LOCK,
	RANK_IO,
	RANK_BUSY,
	RANK_WAIT, /* from here on it may be waiting for work */
	RANK_SLEEP,
	RANK_IDLE,
	RANK_UNKNOWN,
	RANK_COUNT
};

static const char *const rank_kinds[RANK_COUNT] = {
	[RANK_UNINTERRUPTIBLE] = "uninterruptible",
	[RANK_CHILD] = "child",
	[RANK_FILE_LOCK] = "file_lock",
	[RANK_LOCK] = "lock",
	[RANK_IO] = "io",
	[RANK_BUSY] = "busy",
	[RANK_WAIT] = "wait",
	[RANK_SLEEP] = "sleep",
	[RANK_IDLE] = "idle",
	[RANK_UNKNOWN] = "unknown",
};

static bool fd_word_is(const struct snapshot *snapshot, uint32_t word, const char *text)
{
	return span_eq(intern_get(snapshot->intern, word), span_of(text));
}

/* poll and its like: for somebody known, or for whoever comes? */
static enum rank poll_rank(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	bool connected = false;

	for (size_t i = 0; i < thread->call.fd_count; i++) {
		size_t at = snapshot_find_fd(snapshot, thread->pid, thread->call.fds[i]);
		const struct snapshot_fd *row;

		if (at == SNAPSHOT_NONE)
			continue;
		row = &snapshot->fds[at];
		if (fd_word_is(snapshot, row->state, "LISTEN"))
			return RANK_IDLE;
		if (fd_word_is(snapshot, row->kind, "tcp") ||
		    fd_word_is(snapshot, row->kind, "pipe"))
			connected = true;
	}
	return connected ? RANK_IO : RANK_IDLE;
}

static enum rank wait_rank(const struct snapshot_wait *wait)
{
	switch (wait->kind) {
	case WAIT_MUTEX:
	case WAIT_RWLOCK:
	case WAIT_LOCK:
	case WAIT_RLOCK:
	case WAIT_IMPORT:
	case WAIT_PYMUTEX:
		return RANK_LOCK;
	case WAIT_GIL:
		return RANK_BUSY;
	default:
		return RANK_WAIT;
	}
}

static enum rank rank_of(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	if (thread->state == 'D')
		return thread->call.class == CALL_CHILD ? RANK_CHILD : RANK_UNINTERRUPTIBLE;
	if (thread->wait.kind != WAIT_NONE)
		return wait_rank(&thread->wait);
	if (snapshot_thread_runs(thread))
		return RANK_BUSY;
	switch (thread->call.class) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_CONNECT:
		return RANK_IO;
	case CALL_CHILD:
		return RANK_CHILD;
	case CALL_FILE_LOCK:
		return RANK_FILE_LOCK;
	case CALL_POLL:
		return poll_rank(snapshot, thread);
	case CALL_ACCEPT:
	case CALL_SIGNAL:
		return RANK_IDLE;
	case CALL_SLEEP:
		return RANK_SLEEP;
	case CALL_FUTEX:
		return RANK_WAIT;
	default:
		return RANK_UNKNOWN;
	}
}

static bool is_main(const struct snapshot_thread *thread)
{
	return thread->tid == thread->pid;
}

/* The thread that the person asks about: the main one, unless that waits for work; then the most telling. */
static size_t telling_thread(const struct snapshot *snapshot, enum rank *ret)
{
	size_t best = SNAPSHOT_NONE;

	*ret = RANK_UNKNOWN;
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];
		enum rank rank = rank_of(snapshot, thread);

		if (is_main(thread) && rank < RANK_WAIT) {
			*ret = rank;
			return i;
		}
		if (best != SNAPSHOT_NONE && (rank > *ret || (rank == *ret && !is_main(thread))))
			continue;
		/* Among those that may wait for work the main one speaks. */
		if (best != SNAPSHOT_NONE && rank >= RANK_WAIT && is_main(&snapshot->threads[best]))
			continue;
		if (best != SNAPSHOT_NONE && rank >= RANK_WAIT && *ret < RANK_WAIT)
			continue;
		best = i;
		*ret = rank;
	}
	return best;
}

/* Threads that wait for another one. */

static size_t busiest_root(const struct maker *maker)
{
	const struct wait_graph *graph = &maker->graph;
	size_t best = SNAPSHOT_NONE;

	for (size_t i = 0; i < graph->count; i++)
		if (graph->waiters[i] && graph->edges[i].to == SNAPSHOT_NONE &&
		    (best == SNAPSHOT_NONE || graph->waiters[i] > graph->waiters[best]))
			best = i;
	return best;
}

/* The first thread of those that wait for `root` itself, the main one before others. */
static size_t first_waiter(const struct maker *maker, size_t root)
{
	size_t first = SNAPSHOT_NONE;

	for (size_t i = 0; i < maker->graph.count; i++) {
		if (maker->graph.edges[i].to != root)
			continue;
		if (first == SNAPSHOT_NONE || is_main(&maker->snapshot->threads[i]))
			first = i;
	}
	return first;
}

static const char *holder_kind(const struct snapshot_thread *waiter)
{
	static const char *const of_call[CALL_CLASS_COUNT] = {
		[CALL_CHILD] = "child",
		[CALL_FILE_LOCK] = "file_lock",
		[CALL_READ] = "io",
		[CALL_WRITE] = "io",
	};

	if (waiter->wait.kind == WAIT_GIL)
		return "gil";
	if (waiter->wait.kind == WAIT_JOIN)
		return "join";
	if (waiter->wait.kind == WAIT_NONE && of_call[waiter->call.class])
		return of_call[waiter->call.class];
	return "lock";
}

/* Does the GIL's holder run Python? Then it gives it up, again and again, and nothing hangs. */
static bool runs_python(const struct snapshot_thread *thread)
{
	return snapshot_thread_runs(thread) && thread->frame_count &&
	       thread->frames[thread->frame_count - 1].kind != FRAME_NATIVE;
}

static bool holds(const char *kind)
{
	return !strcmp(kind, "lock") || !strcmp(kind, "gil") || !strcmp(kind, "file_lock");
}

static bool find_holder(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;
	size_t root = busiest_root(maker), waiter;
	const char *kind;

	if (root == SNAPSHOT_NONE)
		return false;
	waiter = first_waiter(maker, root);
	kind = holder_kind(&snapshot->threads[waiter]);
	if (!strcmp(kind, "gil") && runs_python(&snapshot->threads[root]))
		kind = "busy";
	begin(maker, kind, maker->graph.edges[waiter].certain ? VERDICT_CERTAIN : VERDICT_LIKELY);
	name_thread(maker, root);
	add_thread(maker, waiter);
	add(maker, " ");
	describe_doing(&maker->verdict->text, snapshot, waiter);
	if (maker->graph.waiters[root] > 1)
		buf_printf(&maker->verdict->text, ", and %zu more wait with it",
		           maker->graph.waiters[root] - 1);
	add(maker, "\n");
	add_doing(maker, root, holds(kind) ? " holds it and " : " ");
	return true;
}

/* The rest: one thread tells it. */

static bool find_telling(struct maker *maker)
{
	enum rank rank;
	size_t thread = telling_thread(maker->snapshot, &rank);

	if (thread == SNAPSHOT_NONE || rank >= RANK_WAIT)
		return false;
	begin(maker, rank_kinds[rank], VERDICT_CERTAIN);
	if (maker->snapshot->threads[thread].wait.kind != WAIT_NONE)
		maker->verdict->trust = VERDICT_LIKELY; /* nobody knows who holds it */
	name_thread(maker, thread);
	add_doing(maker, thread, " ");
	return true;
}

static bool find_tasks(struct maker *maker)
{
	const struct snapshot *snapshot = maker->snapshot;

	if (!snapshot->task_count)
		return false;
	begin(maker, "asyncio", VERDICT_LIKELY);
	buf_printf(&maker->verdict->text,
	           "%zu tasks of asyncio's wait, none for another in a circle",
	           snapshot->task_count);
	for (size_t i = 0; i < snapshot->task_count && i < 2; i++) {
		const struct snapshot_task *task = &snapshot->tasks[i];

		add(maker, "\n");
		add_task(maker, i);
		add(maker, " awaits ");
		if (task->on)
			buf_add_span(&maker->verdict->text, intern_get(snapshot->intern, task->on));
		else
			add(maker, "something");
	}
	return true;
}

static bool find_waiting(struct maker *maker)
{
	enum rank rank;
	size_t thread = telling_thread(maker->snapshot, &rank);

	if (thread == SNAPSHOT_NONE)
		return false;
	begin(maker, rank_kinds[rank], rank == RANK_UNKNOWN ? VERDICT_GUESS : VERDICT_LIKELY);
	if (rank == RANK_IDLE)
		add(maker, "it waits for work, and nothing says that it hangs\n");
	name_thread(maker, thread);
	add_doing(maker, thread, " ");
	return true;
}

static bool find_nothing(struct maker *maker)
{
	begin(maker, "unknown", VERDICT_GUESS);
	add(maker, "no thread could be looked at");
	return true;
}

/* From the surest cause to what is left. */
static bool (*const finders[])(struct maker *maker) = {
	find_zombie, find_traced,  find_stopped, find_crash,   find_cycle,   find_task_cycle,
	find_holder, find_telling, find_tasks,   find_waiting, find_nothing,
};

void verdict_make(const struct snapshot *snapshot, struct verdict *ret)
{
	struct maker maker = { .snapshot = snapshot, .verdict = ret };

	*ret = (struct verdict){ 0 };
	wait_graph_init(&maker.graph, snapshot);
	for (size_t i = 0; i < sizeof(finders) / sizeof(finders[0]); i++)
		if (finders[i](&maker))
			break;
	wait_graph_deinit(&maker.graph);
}

void verdict_deinit(struct verdict *verdict)
{
	buf_deinit(&verdict->text);
	free(verdict->threads);
}
