#include "merger/diagnosis/process_role.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/base/wildcard.h"

/* Files of Python's own helper processes (Lib/multiprocessing; joblib's loky). */
static const char *const helper_files[] = {
	"*multiprocessing/resource_tracker.py",
	"*multiprocessing/semaphore_tracker.py",
	"*multiprocessing/forkserver.py",
	"*loky/backend/resource_tracker.py",
};

/* PostgreSQL (src/backend/utils/misc/ps_status.c, src/backend/postmaster), nginx. */
static const char *const helper_titles[] = {
	"postgres: *checkpointer*",
	"postgres: *background writer*",
	"postgres: *walwriter*",
	"postgres: *autovacuum launcher*",
	"postgres: *logical replication launcher*",
	"postgres: *logger*",
	"postgres: *archiver*",
	"postgres: *stats collector*",
	"postgres: *io worker*",
	"nginx: cache *",
};

static bool matches(struct span text, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(text, span_of(patterns[i])))
			return true;
	return false;
}

static bool is_helper(const struct snapshot *snapshot, const struct snapshot_process *process,
                      const struct snapshot_thread *thread)
{
	if (process->title && matches(intern_get(snapshot->intern, process->title), helper_titles,
	                              sizeof(helper_titles) / sizeof(helper_titles[0])))
		return true;
	for (size_t i = 0; i < thread->frame_count; i++)
		if (thread->frames[i].kind == FRAME_PYTHON &&
		    matches(intern_get(snapshot->intern, thread->frames[i].file), helper_files,
		            sizeof(helper_files) / sizeof(helper_files[0])))
			return true;
	return false;
}

static bool has_child(const struct snapshot *snapshot, uint32_t pid)
{
	for (size_t i = 0; i < snapshot->process_count; i++)
		if (snapshot->processes[i].ppid == pid && snapshot->processes[i].state != 'Z' &&
		    !snapshot->processes[i].hop)
			return true;
	return false;
}

static bool is_wait_for_family(const struct snapshot_thread *thread)
{
	if (thread->wait.kind != WAIT_NONE || snapshot_thread_is_running(thread))
		return false;
	switch (thread->call.class) {
	case SYSCALL_CHILD:
		return !thread->call.wait_pid;
	case SYSCALL_POLL:
	case SYSCALL_SIGNAL:
	case SYSCALL_SLEEP:
		return true;
	default:
		return false;
	}
}

enum process_role process_role_of(const struct snapshot *snapshot,
                                  const struct snapshot_process *process)
{
	size_t at = snapshot_find_thread(snapshot, process->pid, process->pid);
	const struct snapshot_thread *thread;

	if (at == SNAPSHOT_NONE)
		return ROLE_APPLICATION;
	thread = &snapshot->threads[at];
	if (is_helper(snapshot, process, thread))
		return ROLE_HELPER;
	return is_wait_for_family(thread) && has_child(snapshot, process->pid) ? ROLE_SUPERVISOR
	                                                                       : ROLE_APPLICATION;
}

/* "worker 1" and "worker 12" are one title. */
static bool is_same_title(struct span a, struct span b)
{
	uint64_t number;

	while (a.len && b.len) {
		if (number_take(&a, 10, &number)) {
			if (!number_take(&b, 10, &number))
				return false;
			continue;
		}
		if (*a.ptr != *b.ptr)
			return false;
		a = span_skip(a, 1);
		b = span_skip(b, 1);
	}
	return a.len == b.len;
}

static bool is_same_thread(const struct snapshot_thread *a, const struct snapshot_thread *b)
{
	return a->lost == b->lost && a->frame_count == b->frame_count &&
	       snapshot_thread_is_running(a) == snapshot_thread_is_running(b) &&
	       a->wait.kind == b->wait.kind && a->call.class == b->call.class && !a->local_count &&
	       !b->local_count &&
	       (!a->frame_count ||
	        !memcmp(a->frames, b->frames, a->frame_count * sizeof(*a->frames)));
}

/* The index of the next thread of the process; thread_count: there is none. */
static size_t find_next_thread(const struct snapshot *snapshot, uint32_t pid, size_t from)
{
	while (from < snapshot->thread_count && snapshot->threads[from].pid != pid)
		from++;
	return from;
}

static bool is_same_process(const struct snapshot *snapshot, const struct snapshot_process *a,
                            const struct snapshot_process *b)
{
	size_t end = snapshot->thread_count, i, j;

	if (!a->ppid || a->ppid != b->ppid || a->name != b->name || a->hop || b->hop ||
	    !is_same_title(intern_get(snapshot->intern, a->title),
	                   intern_get(snapshot->intern, b->title)))
		return false;
	/* The main threads are found fast, and differ in most cases. */
	i = snapshot_find_thread(snapshot, a->pid, a->pid);
	j = snapshot_find_thread(snapshot, b->pid, b->pid);
	if (i == SNAPSHOT_NONE || j == SNAPSHOT_NONE ||
	    !is_same_thread(&snapshot->threads[i], &snapshot->threads[j]))
		return false;
	i = find_next_thread(snapshot, a->pid, 0);
	j = find_next_thread(snapshot, b->pid, 0);
	while (i < end && j < end && is_same_thread(&snapshot->threads[i], &snapshot->threads[j])) {
		i = find_next_thread(snapshot, a->pid, i + 1);
		j = find_next_thread(snapshot, b->pid, j + 1);
	}
	return i == end && j == end;
}

void process_groups_init(struct process_groups *groups, const struct snapshot *snapshot)
{
	size_t count = snapshot->process_count;

	groups->first = alloc_zeroed(count + 1, sizeof(*groups->first));
	groups->size = alloc_zeroed(count + 1, sizeof(*groups->size));
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (first < i && (groups->first[first] != first ||
		                     !is_same_process(snapshot, &snapshot->processes[first],
		                                      &snapshot->processes[i])))
			first++;
		groups->first[i] = first;
		groups->size[first]++;
	}
	for (size_t i = 0; i < count; i++)
		groups->size[i] = groups->size[groups->first[i]];
}

void process_groups_deinit(struct process_groups *groups)
{
	free(groups->first);
	free(groups->size);
}
