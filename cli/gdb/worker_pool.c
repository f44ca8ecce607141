#include "cli/gdb/worker_pool.h"

#include "cli/os/clock.h"
#include "merger/base/buf.h"

void worker_pool_destroy(struct worker_pool *pool)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		worker_destroy(pool->workers[i]);
		pool->workers[i] = NULL;
	}
	pool->turn = 0;
}

bool worker_pool_start_missing(struct worker_pool *pool, struct error *err)
{
	for (unsigned i = 0; i < pool->plan.mode->workers; i++) {
		if (pool->workers[i])
			continue;
		pool->workers[i] = worker_create(&pool->plan, err);
		if (!pool->workers[i])
			return false;
	}
	return true;
}

void worker_pool_poll_events(struct worker_pool *pool, uint64_t now, struct buf *notes)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		if (!pool->workers[i])
			continue;
		worker_pump(pool->workers[i], now);
		buf_add_span(notes, buf_span(worker_notes(pool->workers[i])));
		buf_clear(worker_notes(pool->workers[i]));
	}
}

uint64_t worker_pool_deadline(const struct worker_pool *pool)
{
	uint64_t ret = CLOCK_NEVER;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (pool->workers[i])
			ret = clock_sooner(ret, worker_deadline(pool->workers[i]));
	return ret;
}

size_t worker_pool_add_pollfds(const struct worker_pool *pool, struct pollfd *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (pool->workers[i] && worker_fd(pool->workers[i]) >= 0)
			ret[count++] = (struct pollfd){ .fd = worker_fd(pool->workers[i]),
				                        .events = POLLIN };
	return count;
}

struct worker *worker_pool_current(const struct worker_pool *pool)
{
	return pool->workers[pool->turn];
}

bool worker_pool_current_is(const struct worker_pool *pool, enum worker_state state)
{
	return worker_pool_current(pool) && worker_state(worker_pool_current(pool)) == state;
}

bool worker_pool_take_turn(struct worker_pool *pool)
{
	unsigned count = pool->plan.mode->workers;

	for (unsigned i = 1; i <= count; i++) {
		unsigned next = (pool->turn + i) % count;

		if (!pool->workers[next] || worker_state(pool->workers[next]) != WORKER_READY)
			continue;
		pool->turn = next;
		return true;
	}
	return false;
}

bool worker_pool_all_ready(const struct worker_pool *pool)
{
	for (unsigned i = 0; i < pool->plan.mode->workers; i++)
		if (!pool->workers[i] || worker_state(pool->workers[i]) != WORKER_READY)
			return false;
	return true;
}

const char *worker_pool_no_seize(const struct worker_pool *pool)
{
	for (unsigned i = 0; i < pool->plan.mode->workers; i++)
		if (pool->workers[i] && *worker_no_seize(pool->workers[i]))
			return worker_no_seize(pool->workers[i]);
	return NULL;
}

bool worker_pool_is_guarded(const struct worker_pool *pool)
{
	return !pool->plan.mode->agent || worker_pool_no_seize(pool);
}

size_t worker_pool_pids(const struct worker_pool *pool, uint32_t *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (pool->workers[i] && !worker_ended(pool->workers[i]))
			ret[count++] = (uint32_t)worker_pid(pool->workers[i]);
	return count;
}

void worker_pool_end(struct worker_pool *pool, uint32_t pid, bool hard)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (pool->workers[i] && (uint32_t)worker_pid(pool->workers[i]) == pid)
			worker_ask(pool->workers[i], hard ? WORKER_ASK_KILL : WORKER_ASK_END, 0, 0);
}

static void shut_down_worker(struct worker *worker, bool at_once, bool blocked, uint64_t now)
{
	enum worker_state state = worker_state(worker);

	if (blocked && worker_is_slow(worker, now))
		worker_ask(worker, WORKER_ASK_KILL, 0, 0);
	else if (at_once || state == WORKER_READY)
		worker_ask(worker, WORKER_ASK_END, 0, 0);
}

bool worker_pool_shut_down(struct worker_pool *pool, bool at_once, bool blocked, uint64_t now)
{
	bool left = false;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		struct worker *worker = pool->workers[i];

		if (!worker)
			continue;
		if (!worker_ever_sampled(worker)) {
			worker_destroy(worker);
			pool->workers[i] = NULL;
			continue;
		}
		left = true;
		shut_down_worker(worker, at_once, blocked, now);
	}
	return !left;
}
