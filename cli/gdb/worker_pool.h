/* worker_pool: the workers of one target. They take turns: the current one takes the next
 * sample. */
#ifndef PMP_WORKER_POOL_H
#define PMP_WORKER_POOL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/worker.h"

struct worker_pool {
	struct worker_plan plan; /* the workers borrow it: the pool must not move */
	struct worker *workers[ATTACH_WORKERS_MAX];
	unsigned turn; /* index of the current worker */
};

/* Frees all workers; a gdb that has not ended is killed. */
void worker_pool_destroy(struct worker_pool *pool);
/* Starts the workers that are missing. */
bool worker_pool_start_missing(struct worker_pool *pool, struct error *err);
/* Pumps all workers and appends their notes to *notes. */
void worker_pool_poll_events(struct worker_pool *pool, uint64_t now, struct buf *notes);
uint64_t worker_pool_deadline(const struct worker_pool *pool);
/* Fills at most ATTACH_WORKERS_MAX rows; returns their number. */
size_t worker_pool_add_pollfds(const struct worker_pool *pool, struct pollfd *ret);

/* NULL: the worker at this index is missing. */
struct worker *worker_pool_current(const struct worker_pool *pool);
bool worker_pool_current_is(const struct worker_pool *pool, enum worker_state state);
/* The next worker that is ready becomes the current one. false: none is ready. */
bool worker_pool_take_turn(struct worker_pool *pool);
bool worker_pool_all_ready(const struct worker_pool *pool);

/* Why a gdb of the pool cannot seize threads, and attaches by itself; NULL: none. */
const char *worker_pool_no_seize(const struct worker_pool *pool);
/* Do its gdbs attach by themselves? Such a gdb leaves the target stopped if it is killed: the
 * target must be checked before and after. */
bool worker_pool_is_guarded(const struct worker_pool *pool);

/* The pids of gdbs that have not ended, at most ATTACH_WORKERS_MAX; returns their number. */
size_t worker_pool_pids(const struct worker_pool *pool, uint32_t *ret);
/* Ends the worker whose gdb has this pid; hard: WORKER_ASK_KILL. */
void worker_pool_end(struct worker_pool *pool, uint32_t pid, bool hard);
/* Makes all workers end; call it again until it returns true: no worker is left. at_once: does not
 * wait for an answer that is due. blocked: a thread of the target is in state D: a gdb that waits
 * for it is killed. */
bool worker_pool_shut_down(struct worker_pool *pool, bool at_once, bool blocked, uint64_t now);

#endif
