/* verdict_family: what the processes of a family say of each other: titles, equal workers, and the
 * process at the other end. */
#include <inttypes.h>

#include "merger/diagnosis/process_role.h"
#include "merger/diagnosis/verdict_draft.h"

#define NAMED_MAX 6 /* processes that are listed; the others are counted */

/* Words of titles that programs set, by what the program says with them. */
enum title_word {
	TITLE_WAITS, /* for a lock of the program */
	TITLE_HOLDS, /* it may hold locks, and does nothing */
};

static const struct {
	const char *prefix, *suffix;
	enum title_word word;
} titles[] = {
	{ "postgres: ", " waiting", TITLE_WAITS }, /* src/backend/storage/lmgr/lock.c */
	{ "", " waiting for lock", TITLE_WAITS },
	{ "", "Waiting for table metadata lock", TITLE_WAITS },
	{ "postgres: ", " idle in transaction", TITLE_HOLDS }, /* src/backend/tcop/postgres.c */
	{ "postgres: ", " idle in transaction (aborted)", TITLE_HOLDS },
};

/* The first process whose title has the word; SNAPSHOT_NONE: there is none. */
static size_t find_title(const struct snapshot *snapshot, enum title_word word, size_t *count)
{
	size_t first = SNAPSHOT_NONE;

	*count = 0;
	for (size_t i = 0; i < snapshot->process_count; i++) {
		struct span title = intern_get(snapshot->intern, snapshot->processes[i].title);

		for (size_t j = 0; j < sizeof(titles) / sizeof(titles[0]); j++) {
			if (titles[j].word != word || !title.len ||
			    !span_starts(title, span_of(titles[j].prefix)) ||
			    !span_ends(title, span_of(titles[j].suffix)))
				continue;
			first = first == SNAPSHOT_NONE ? i : first;
			++*count;
			break;
		}
	}
	return first;
}

static void add_process(struct verdict_draft *draft, size_t at)
{
	const struct snapshot_process *process = &draft->snapshot->processes[at];

	verdict_add(draft, "process ");
	verdict_add_process(draft, process->pid, snapshot_process_label(process));
}

bool verdict_find_title(struct verdict_draft *draft)
{
	const struct snapshot *snapshot = draft->snapshot;
	size_t waiting, holding, at = find_title(snapshot, TITLE_WAITS, &waiting), thread;

	if (at == SNAPSHOT_NONE)
		return false;
	verdict_begin(draft, "lock", VERDICT_LIKELY);
	add_process(draft, at);
	verdict_add(draft, " waits for a lock, as its title says");
	if (waiting > 1)
		buf_printf(&draft->verdict->text, ", and %zu more do", waiting - 1);
	thread = snapshot_find_thread(snapshot, snapshot->processes[at].pid,
	                              snapshot->processes[at].pid);
	if (thread != SNAPSHOT_NONE) {
		verdict_name(draft, thread);
		verdict_add(draft, "\nit ");
		wording_activity(&draft->verdict->text, snapshot, thread);
	}
	at = find_title(snapshot, TITLE_HOLDS, &holding);
	if (at == SNAPSHOT_NONE)
		return true;
	verdict_add(draft, "\n");
	add_process(draft, at);
	verdict_add(draft, holding > 1 ? " or another one may hold it" : " may hold it");
	return true;
}

size_t verdict_find_waiter(const struct verdict_draft *draft, uint32_t pid)
{
	size_t main = snapshot_find_thread(draft->snapshot, pid, pid);

	for (size_t i = 0; i < draft->graph.count && main != SNAPSHOT_NONE; i++)
		if (draft->graph.edges[i].to == main && draft->snapshot->threads[i].pid != pid)
			return i;
	return SNAPSHOT_NONE;
}

/* The pids of a group, but for one of them. */
static void add_pids(struct verdict_draft *draft, size_t first, size_t without)
{
	const struct snapshot *snapshot = draft->snapshot;
	const char *before = ": ";
	size_t named = 0;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		if (draft->groups.first[i] != first || i == without || named++ >= NAMED_MAX)
			continue;
		buf_printf(&draft->verdict->text, "%s%" PRIu32, before, snapshot->processes[i].pid);
		before = ", ";
	}
	if (named > NAMED_MAX)
		buf_printf(&draft->verdict->text, " and %zu more", named - NAMED_MAX);
}

/* The largest group of the same parent and name that `at` is not in. */
static size_t find_others(const struct snapshot *snapshot, const struct process_groups *groups,
                          size_t at)
{
	const struct snapshot_process *processes = snapshot->processes;
	size_t best = SNAPSHOT_NONE;

	for (size_t i = 0; i < snapshot->process_count; i++)
		if (groups->first[i] == i && groups->first[at] != i && groups->size[i] > 1 &&
		    processes[i].ppid == processes[at].ppid &&
		    processes[i].name == processes[at].name &&
		    (best == SNAPSHOT_NONE || groups->size[i] > groups->size[best]))
			best = i;
	return best;
}

static void add_family(struct verdict_draft *draft, size_t at)
{
	const struct process_groups *groups = &draft->groups;
	const struct snapshot *snapshot = draft->snapshot;
	size_t others = find_others(snapshot, groups, at);

	if (groups->size[at] > 1) {
		buf_printf(&draft->verdict->text, "\n%zu more processes do the same",
		           groups->size[at] - 1);
		add_pids(draft, groups->first[at], at);
	}
	if (others == SNAPSHOT_NONE)
		return;
	buf_printf(&draft->verdict->text,
	           "\n%zu other children of process %" PRIu32 " do all the same",
	           groups->size[others], snapshot->processes[at].ppid);
	add_pids(draft, others, SNAPSHOT_NONE);
}

/* The child, or the process with the other end, that the thread waits for, if it is in the snapshot
 * and waits for work: then the graph has no edge to it. */
static size_t find_idle_peer(const struct verdict_draft *draft, size_t at)
{
	const struct snapshot *snapshot = draft->snapshot;
	const struct snapshot_thread *thread = &snapshot->threads[at];
	size_t fd, found = SNAPSHOT_NONE;

	if (thread->call.class == SYSCALL_CHILD && thread->call.wait_pid &&
	    draft->graph.edges[at].to == SNAPSHOT_NONE)
		return snapshot_find_thread(snapshot, thread->call.wait_pid, thread->call.wait_pid);
	if (thread->call.fd_count != 1 || draft->graph.edges[at].to != SNAPSHOT_NONE ||
	    thread->wait.kind != WAIT_NONE)
		return SNAPSHOT_NONE;
	fd = snapshot_find_fd(snapshot, thread->pid, thread->call.fds[0]);
	for (size_t i = 0; fd != SNAPSHOT_NONE && i < snapshot->fds[fd].peer_count; i++) {
		uint32_t pid = snapshot->fds[fd].peers[i].pid;

		if (pid == thread->pid)
			continue;
		if (found != SNAPSHOT_NONE)
			return SNAPSHOT_NONE;
		found = snapshot_find_thread(snapshot, pid, pid);
	}
	return found;
}

void verdict_add_others(struct verdict_draft *draft, size_t thread)
{
	size_t peer = find_idle_peer(draft, thread);
	size_t process =
	        snapshot_find_process(draft->snapshot, draft->snapshot->threads[thread].pid);

	if (peer != SNAPSHOT_NONE) {
		bool is_child = draft->snapshot->threads[thread].call.class == SYSCALL_CHILD;

		verdict_add(draft, is_child ? "\nthe child, " : "\nthe other end, ");
		verdict_add_thread(draft, peer);
		verdict_add(draft, ", ");
		wording_activity(&draft->verdict->text, draft->snapshot, peer);
	}
	if (process != SNAPSHOT_NONE && draft->snapshot->processes[process].hop)
		buf_printf(&draft->verdict->text, "\npmp dump -p %" PRIu32 " shows its stack",
		           draft->snapshot->processes[process].pid);
	if (process == SNAPSHOT_NONE || draft->snapshot->process_count < 3)
		return;
	add_family(draft, process);
}
