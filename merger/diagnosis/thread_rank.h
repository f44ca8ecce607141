/* thread_rank: how much the wait of one thread says about a hang, by its own state alone. */
#ifndef PMP_THREAD_RANK_H
#define PMP_THREAD_RANK_H

#include "merger/diagnosis/snapshot.h"

/* The most significant first. */
enum thread_rank {
	RANK_UNINTERRUPTIBLE,
	RANK_CHILD,
	RANK_FILE_LOCK,
	RANK_LOCK,
	RANK_IO,
	RANK_GIL,
	RANK_BUSY,
	RANK_WAIT, /* from here on it may be waiting for work */
	RANK_SLEEP,
	RANK_IDLE,
	RANK_UNKNOWN,
	RANK_COUNT
};

enum thread_rank thread_rank_of(const struct snapshot *snapshot,
                                const struct snapshot_thread *thread);
/* The kind of verdict: "io". */
const char *thread_rank_kind(enum thread_rank rank);

/* Does it wait for a new client? */
bool thread_rank_serves(const struct snapshot *snapshot, const struct snapshot_thread *thread);
/* Does it read a pipe from its parent process, as a worker of a pool? */
bool thread_rank_is_fed(const struct snapshot *snapshot, const struct snapshot_thread *thread);

#endif
