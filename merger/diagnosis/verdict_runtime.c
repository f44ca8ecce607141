/* verdict_runtime: programs of runtimes whose own frames pmp does not read. */
#include <inttypes.h>

#include "merger/diagnosis/thread_load.h"
#include "merger/diagnosis/verdict_draft.h"

/* What a thread of the runtime waits for, if that is not seen in its C frames. */
enum hidden {
	HIDES_FRAMES, /* only the names: each thread waits for what the kernel says */
	HIDES_WAITS,  /* locks and events, too */
	HIDES_ALL,    /* also reads and writes: its own threads talk through pipes */
};

static const struct {
	const char *name;   /* in the `runtime` marker */
	const char *module; /* a file that is in the stacks of its threads; NULL: none is typical */
	enum hidden hidden;
	const char *label;
	const char *unseen;
	const char *command,
	        *hint; /* the process's number is between them, if there is a command */
} runtimes[] = {
	{ "java", "libjvm.so", HIDES_WAITS, "Java", "Java's frames and locks", "jstack ",
	  " prints them" },
	{ "go", NULL, HIDES_WAITS, "Go", "goroutines: they are not threads", "kill -QUIT ",
	  " prints them and ends the program" },
	{ "dotnet", "libcoreclr.so", HIDES_WAITS, ".NET", ".NET's frames and locks",
	  "dotnet-stack report -p ", " prints them" },
	{ "beam", "beam.smp", HIDES_ALL, "Erlang", "Erlang's processes: they are not threads", NULL,
	  "erlang:process_info/2 or observer, in a remote shell, shows them" },
	{ "pypy", NULL, HIDES_FRAMES, "PyPy", "PyPy's frames", NULL,
	  "faulthandler.register(signal.SIGUSR1) in the program lets a signal print them" },
	{ "php", NULL, HIDES_FRAMES, "PHP", "PHP's frames", "phpspy -p ",
	  " or the slow log of php-fpm shows them" },
	{ "node", NULL, HIDES_FRAMES, "Node", "JavaScript's frames", NULL,
	  "node --perf-basic-prof gives them names" },
};

/* Verdicts that rest on a thread's wait inside the runtime, by the least that hides it. A verdict
 * that is not here is about the kernel's or the C library's objects, or about CPU time. */
static const struct {
	const char *kind;
	enum hidden hidden;
} waits[] = {
	{ "join", HIDES_WAITS },    { "wait", HIDES_WAITS }, { "sleep", HIDES_WAITS },
	{ "unknown", HIDES_WAITS }, { "io", HIDES_ALL },
};

/* Verdicts after which it does not matter what the program's own frames are. */
static const char *const final[] = { "zombie", "stopped", "traced" };

#define COUNT_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool has_module(const struct snapshot *snapshot, uint32_t pid, const char *module)
{
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];

		for (size_t j = 0; thread->pid == pid && j < thread->frame_count; j++)
			if (span_eq(span_basename(
			                    intern_get(snapshot->intern, thread->frames[j].module)),
			            span_of(module)))
				return true;
	}
	return false;
}

/* Its row of `runtimes`: by the marker or, in text without markers, by the files of its frames. */
static size_t find_runtime(const struct snapshot *snapshot, const struct snapshot_process *process)
{
	struct span name = intern_get(snapshot->intern, process->runtime);

	for (size_t i = 0; i < COUNT_OF(runtimes); i++)
		if (name.len ? span_eq(name, span_of(runtimes[i].name))
		             : runtimes[i].module &&
		                       has_module(snapshot, process->pid, runtimes[i].module))
			return i;
	return SNAPSHOT_NONE;
}

static size_t find_process(const struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;

	if (draft->verdict->thread_count)
		return snapshot_find_process(snapshot,
		                             snapshot->threads[draft->verdict->threads[0]].pid);
	return snapshot->process_count == 1 ? 0 : SNAPSHOT_NONE;
}

static bool is_final(const char *kind)
{
	for (size_t i = 0; i < COUNT_OF(final); i++)
		if (!strcmp(kind, final[i]))
			return true;
	return false;
}

/* The thread of the process that runs and has used the most CPU time; SNAPSHOT_NONE if none
 * runs, or the CPU time just before says that it did next to nothing. */
static size_t find_running(const struct snapshot *snapshot, uint32_t pid)
{
	size_t best = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->thread_count; i++) {
		const struct snapshot_thread *thread = &snapshot->threads[i];

		if (thread->pid == pid && snapshot_thread_is_running(thread) &&
		    thread_load_of(thread) != THREAD_LOAD_NONE &&
		    (best == SNAPSHOT_NONE || thread->cpu_us > snapshot->threads[best].cpu_us))
			best = i;
	}
	return best;
}

/* Does the verdict rest on a wait of which the runtime's C frames tell nothing? Which thread reads
 * tells nothing either while another one runs: the runtime moves its own threads between both. */
static bool is_hidden(const struct verdict_draft *draft, uint32_t pid, enum hidden hidden)
{
	const struct verdict *verdict = draft->verdict;
	bool polls = verdict->thread_count &&
	             draft->snapshot->threads[verdict->threads[0]].call.class == SYSCALL_POLL;
	bool any = polls || find_running(draft->snapshot, pid) != SNAPSHOT_NONE;

	for (size_t i = 0; i < COUNT_OF(waits); i++)
		if (!strcmp(verdict->kind, waits[i].kind))
			return hidden >= (any ? HIDES_WAITS : waits[i].hidden);
	return false;
}

static size_t count_threads(const struct snapshot *snapshot, uint32_t pid)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++)
		count += snapshot->threads[i].pid == pid;
	return count;
}

/* Replaces the verdict: "idle (guess): none of the 24 threads of Java runs, ...". */
static void write_what_is_seen(struct verdict_draft *draft, const char *label, uint32_t pid)
{
	size_t running = find_running(draft->snapshot, pid);

	buf_clear(&draft->verdict->text);
	draft->verdict->thread_count = 0;
	if (running != SNAPSHOT_NONE) {
		verdict_begin(draft, "busy", VERDICT_LIKELY);
		verdict_add_thread(draft, running);
		verdict_add(draft, " ");
		wording_activity(&draft->verdict->text, draft->snapshot, running);
		verdict_add_load(draft, running);
		return;
	}
	verdict_begin(draft, "idle", VERDICT_GUESS);
	buf_printf(&draft->verdict->text,
	           "none of the threads of %s (%zu) runs; what its code waits for is not seen",
	           label, count_threads(draft->snapshot, pid));
}

/* The program's own threads may wait for something else than the threads that are seen. */
static void lower_trust(struct verdict *verdict)
{
	if (!strcmp(verdict->kind, "idle"))
		verdict->trust = VERDICT_GUESS;
	if (!strcmp(verdict->kind, "io") && verdict->trust == VERDICT_CERTAIN)
		verdict->trust = VERDICT_LIKELY;
}

/* "pmp does not see the 12 goroutines: they are not threads; kill -QUIT 4711 prints them ..." */
static void write_hint(struct verdict_draft *draft, const struct snapshot_process *process,
                       size_t row)
{
	struct buf *text = &draft->verdict->text;

	verdict_add(draft, "\npmp does not see ");
	if (process->runtime_count)
		buf_printf(text, "the %" PRIu64 " ", process->runtime_count);
	buf_printf(text, "%s; ", runtimes[row].unseen);
	if (runtimes[row].command)
		buf_printf(text, "%s%" PRIu32, runtimes[row].command, process->pid);
	verdict_add(draft, runtimes[row].hint);
}

void verdict_add_runtime(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	struct verdict *verdict = draft->verdict;
	size_t at = find_process(draft), row;
	const struct snapshot_process *process;

	if (at == SNAPSHOT_NONE || snapshot->processes[at].python || snapshot->processes[at].ruby ||
	    is_final(verdict->kind))
		return;
	process = &snapshot->processes[at];
	row = find_runtime(snapshot, process);
	if (row == SNAPSHOT_NONE)
		return;
	if (is_hidden(draft, process->pid, runtimes[row].hidden))
		write_what_is_seen(draft, runtimes[row].label, process->pid);
	else if (runtimes[row].hidden >= HIDES_WAITS)
		lower_trust(verdict);
	write_hint(draft, process, row);
}
