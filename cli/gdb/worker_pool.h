/* worker_pool: the workers of one target, and whose turn it is. */
#ifndef PMP_WORKER_POOL_H
#define PMP_WORKER_POOL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/worker.h"

struct crew {
	struct worker_plan plan; /* its workers borrow it: the crew may not move */
	struct worker *workers[ATTACH_WORKERS_MAX];
	unsigned turn;
};

/* Frees all; those that have not ended are killed. */
void crew_dismiss(struct crew *crew);
/* Starts those that are missing. */
bool crew_fill(struct crew *crew, struct error *err);
/* What they say outside of samples is appended to notes. */
void crew_pump(struct crew *crew, uint64_t now, struct buf *notes);
uint64_t crew_deadline(const struct crew *crew);
/* Fills at most ATTACH_WORKERS_MAX rows. */
size_t crew_poll(const struct crew *crew, struct pollfd *ret);

/* Whose turn it is; NULL: nobody is in that place now. */
struct worker *crew_current(const struct crew *crew);
bool crew_current_is(const struct crew *crew, enum worker_state state);
/* Gives the turn to the next one that is ready. false: none is. */
bool crew_take_turn(struct crew *crew);
bool crew_all_ready(const struct crew *crew);

/* The pids of those that live, at most ATTACH_WORKERS_MAX. */
size_t crew_pids(const struct crew *crew, uint32_t *ret);
/* Ends the one with this pid; hard: at once (WORKER_ASK_KILL). */
void crew_end(struct crew *crew, uint32_t pid, bool hard);
/* Sees to it that all let go and end. at_once: does not wait for what they are doing. blocked: a thread of the target's
 * is in state D. gdb would stop all others, and wait for that one, before it detaches: it is killed
 * instead, if it holds the target. true: none is left. */
bool crew_part(struct crew *crew, bool at_once, bool blocked, uint64_t now);

#endif
