#include "merger/diagnosis/server_locks.h"

#include "merger/base/wildcard.h"

/* The function is so near to the leaf. */
#define DEPTH_MAX 12

/* MariaDB 10 and MySQL 5.7 on: sql/mdl.cc, mysys/thr_lock.c, storage/innobase/lock/lock0wait.cc and
 * lock0lock.cc. PostgreSQL 9 on: storage/lmgr/{proc,lwlock}.c; MongoDB: db/concurrency. */
static const struct {
	const char *function, *lock;
} rows[] = {
	{ "MDL_wait::timed_wait", "a metadata lock" },
	{ "lock_wait", "a row lock of InnoDB" },
	{ "lock_wait_suspend_thread", "a row lock of InnoDB" },
	{ "wait_for_lock", "a table lock" },
	{ "ProcSleep", "a lock of a table, row or transaction" },
	{ "LWLockAcquire*", "a lightweight lock" },
	{ "mongo::Lock*::*lock*", "a lock of the database" },
};

static const char *find_lock(const struct snapshot *snapshot, const struct snapshot_thread *thread)
{
	for (size_t i = 0; i < thread->frame_count && i < DEPTH_MAX; i++) {
		const struct frame *frame = &thread->frames[thread->frame_count - 1 - i];
		struct span name = intern_get(snapshot->intern, frame->name);

		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			if (frame->kind == FRAME_NATIVE &&
			    wildcard_match(name, span_of(rows[j].function)))
				return rows[j].lock;
	}
	return NULL;
}

void server_locks_infer(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->thread_count; i++) {
		struct snapshot_thread *thread = &snapshot->threads[i];
		const char *lock =
		        snapshot_thread_is_running(thread) ? NULL : find_lock(snapshot, thread);

		if (!lock)
			continue;
		thread->wait.kind = WAIT_SERVER_LOCK;
		thread->wait.type = intern_add(snapshot->intern, span_of(lock));
		/* It waits again after the timeout of its call. */
		thread->call.has_left = false;
	}
}
