/* worker_pool: the workers of one target, and whose turn it is. */
#ifndef PMP_WORKER_POOL_H
#define PMP_WORKER_POOL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/worker.h"

struct worker_pool {
	struct worker_plan plan; /* its workers borrow it: the crew may not move */
	struct worker *workers[ATTACH_WORKERS_MAX];
	unsigned turn;
};

/* Frees all; those that have not ended are killed. */
void worker_pool_destroy(struct worker_pool *pool);
/* Starts those that are missing. */
bool worker_pool_start_missing(struct worker_pool *pool, struct error *err);
/* What they say outside of samples is appended to notes. */
void worker_pool_poll_events(struct worker_pool *pool, uint64_t now, struct buf *notes);
uint64_t worker_pool_deadline(const struct worker_pool *pool);
/* Fills at most ATTACH_WORKERS_MAX rows. */
size_t worker_pool_add_pollfds(const struct worker_pool *pool, struct pollfd *ret);

/* Whose turn it is; NULL: nobody is in that place now. */
struct worker *worker_pool_current(const struct worker_pool *pool);
bool worker_pool_current_is(const struct worker_pool *pool, enum worker_state state);
/* Gives the turn to the next one that is ready. false: none is. */
bool worker_pool_take_turn(struct worker_pool *pool);
bool worker_pool_all_ready(const struct worker_pool *pool);

/* The pids of those that live, at most ATTACH_WORKERS_MAX. */
size_t worker_pool_pids(const struct worker_pool *pool, uint32_t *ret);
/* Ends the one with this pid; hard: at once (WORKER_ASK_KILL). */
void worker_pool_end(struct worker_pool *pool, uint32_t pid, bool hard);
/* Sees to it that all let go and end. at_once: does not wait for what they are doing. blocked: a thread of the target's
 * is in state D. gdb would stop all others, and wait for that one, before it detaches: it is killed
 * instead, if it holds the target. true: none is left. */
bool worker_pool_shut_down(struct worker_pool *pool, bool at_once, bool blocked, uint64_t now);

#endif
