#include "merger/diagnosis/snapshot.h"

#include <stdlib.h>

#include "merger/base/names.h"

static const char *const wait_names[WAIT_KIND_COUNT] = {
	[WAIT_NONE] = "",
	[WAIT_MUTEX] = "mutex",
	[WAIT_RWLOCK] = "rwlock",
	[WAIT_CONDITION] = "condition",
	[WAIT_SEMAPHORE] = "semaphore",
	[WAIT_BARRIER] = "barrier",
	[WAIT_JOIN] = "join",
	[WAIT_LOCK] = "lock",
	[WAIT_RLOCK] = "rlock",
	[WAIT_PYTHON_CONDITION] = "python_condition",
	[WAIT_EVENT] = "event",
	[WAIT_QUEUE] = "queue",
	[WAIT_PYTHON_SEMAPHORE] = "python_semaphore",
	[WAIT_PYTHON_BARRIER] = "python_barrier",
	[WAIT_FUTURE] = "future",
	[WAIT_PROCESS_LOCK] = "process_lock",
	[WAIT_IMPORT] = "import",
	[WAIT_PYMUTEX] = "pymutex",
	[WAIT_GIL] = "gil",
	[WAIT_WORLD] = "world",
	[WAIT_ONCE] = "once",
	[WAIT_CHANNEL] = "channel",
	[WAIT_SERVER_LOCK] = "server_lock",
	[WAIT_FUTEX] = "futex",
};

static const char *const call_names[SYSCALL_CLASS_COUNT] = {
	[SYSCALL_UNKNOWN] = "",
	[SYSCALL_RUNNING] = "running",
	[SYSCALL_FUTEX] = "futex",
	[SYSCALL_READ] = "read",
	[SYSCALL_WRITE] = "write",
	[SYSCALL_ACCEPT] = "accept",
	[SYSCALL_CONNECT] = "connect",
	[SYSCALL_POLL] = "poll",
	[SYSCALL_SLEEP] = "sleep",
	[SYSCALL_CHILD] = "child",
	[SYSCALL_FILE_LOCK] = "file_lock",
	[SYSCALL_SIGNAL] = "signal",
	[SYSCALL_IPC] = "ipc",
	[SYSCALL_FILE] = "file",
	[SYSCALL_OTHER] = "other",
};

const char *wait_kind_name(enum wait_kind kind)
{
	return wait_names[kind];
}

const char *syscall_class_name(enum syscall_class call)
{
	return call_names[call];
}

enum wait_kind wait_kind_of(struct span name)
{
	size_t found = names_find(wait_names, WAIT_KIND_COUNT, name);

	return found < WAIT_KIND_COUNT ? (enum wait_kind)found : WAIT_FUTEX;
}

enum syscall_class syscall_class_of(struct span name)
{
	size_t found = names_find(call_names, SYSCALL_CLASS_COUNT, name);

	return found < SYSCALL_CLASS_COUNT ? (enum syscall_class)found : SYSCALL_OTHER;
}

size_t snapshot_find_thread(const struct snapshot *snapshot, uint32_t pid, uint32_t tid)
{
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(pid), tid));
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&snapshot->thread_index, hash, &at)) != HASH_INDEX_NONE;)
		if (snapshot->threads[found].pid == pid && snapshot->threads[found].tid == tid)
			return found;
	return SNAPSHOT_NONE;
}

size_t snapshot_find_process(const struct snapshot *snapshot, uint32_t pid)
{
	for (size_t i = 0; i < snapshot->process_count; i++)
		if (snapshot->processes[i].pid == pid)
			return i;
	return SNAPSHOT_NONE;
}

bool snapshot_is_hop(const struct snapshot *snapshot, uint32_t pid)
{
	size_t at = snapshot_find_process(snapshot, pid);

	return at != SNAPSHOT_NONE && snapshot->processes[at].hop;
}

uint64_t snapshot_elapsed_us(const struct snapshot *snapshot)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < snapshot->process_count; i++) {
		const struct snapshot_process *process = &snapshot->processes[i];

		if (process->last_us > process->first_us + longest)
			longest = process->last_us - process->first_us;
	}
	return longest;
}

size_t snapshot_find_fd(const struct snapshot *snapshot, uint32_t pid, uint32_t fd)
{
	for (size_t i = 0; i < snapshot->fd_count; i++)
		if (snapshot->fds[i].pid == pid && snapshot->fds[i].fd == fd)
			return i;
	return SNAPSHOT_NONE;
}

size_t snapshot_find_task(const struct snapshot *snapshot, uint64_t id)
{
	for (size_t i = 0; i < snapshot->task_count; i++)
		if (snapshot->tasks[i].id == id)
			return i;
	return SNAPSHOT_NONE;
}

static void free_thread(struct snapshot_thread *thread)
{
	free(thread->wait.candidates);
	free(thread->call.fds);
	free(thread->frames);
	free(thread->locals);
}

void snapshot_destroy(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		free_thread(&snapshot->threads[i]);
	for (size_t i = 0; i < snapshot->fd_count; i++) {
		free(snapshot->fds[i].peers);
		free(snapshot->fds[i].holders);
	}
	for (size_t i = 0; i < snapshot->task_count; i++) {
		free(snapshot->tasks[i].waits);
		free(snapshot->tasks[i].frames);
	}
	free(snapshot->processes);
	free(snapshot->threads);
	free(snapshot->fds);
	free(snapshot->children);
	free(snapshot->tasks);
	free(snapshot->unread);
	free(snapshot->notes);
	hash_index_deinit(&snapshot->thread_index);
	intern_destroy(snapshot->intern);
	free(snapshot);
}

/* The thread was missing in the last sample of its process. */
static bool has_ended(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	size_t at = snapshot_find_process(snapshot, thread->pid);

	return at != SNAPSHOT_NONE && thread->look < snapshot->processes[at].look;
}

void snapshot_drop_ended(struct snapshot *snapshot)
{
	size_t kept = 0;

	hash_index_clear(&snapshot->thread_index);
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct snapshot_thread *thread = &snapshot->threads[i];

		if (has_ended(snapshot, thread)) {
			free_thread(thread);
			continue;
		}
		snapshot->threads[kept] = *thread;
		hash_index_add(
		        &snapshot->thread_index,
		        hash_index_hash(hash_index_mix(hash_index_start(thread->pid), thread->tid)),
		        (uint32_t)kept++);
	}
	snapshot->thread_count = kept;
}
