#include "cli/gdb/worker_pool.h"

#include "cli/os/clock.h"
#include "merger/base/buf.h"

void crew_dismiss(struct crew *crew)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		worker_destroy(crew->workers[i]);
		crew->workers[i] = NULL;
	}
	crew->turn = 0;
}

bool crew_fill(struct crew *crew, struct error *err)
{
	for (unsigned i = 0; i < crew->plan.mode->workers; i++) {
		if (crew->workers[i])
			continue;
		crew->workers[i] = worker_create(&crew->plan, err);
		if (!crew->workers[i])
			return false;
	}
	return true;
}

void crew_pump(struct crew *crew, uint64_t now, struct buf *notes)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		if (!crew->workers[i])
			continue;
		worker_pump(crew->workers[i], now);
		buf_add_span(notes, buf_span(worker_notes(crew->workers[i])));
		buf_clear(worker_notes(crew->workers[i]));
	}
}

uint64_t crew_deadline(const struct crew *crew)
{
	uint64_t ret = CLOCK_NEVER;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (crew->workers[i])
			ret = clock_sooner(ret, worker_deadline(crew->workers[i]));
	return ret;
}

size_t crew_poll(const struct crew *crew, struct pollfd *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (crew->workers[i] && worker_fd(crew->workers[i]) >= 0)
			ret[count++] = (struct pollfd){ .fd = worker_fd(crew->workers[i]),
				                        .events = POLLIN };
	return count;
}

struct worker *crew_current(const struct crew *crew)
{
	return crew->workers[crew->turn];
}

bool crew_current_is(const struct crew *crew, enum worker_state state)
{
	return crew_current(crew) && worker_state(crew_current(crew)) == state;
}

bool crew_take_turn(struct crew *crew)
{
	unsigned count = crew->plan.mode->workers;

	for (unsigned i = 1; i <= count; i++) {
		unsigned next = (crew->turn + i) % count;

		if (!crew->workers[next] || worker_state(crew->workers[next]) != WORKER_READY)
			continue;
		crew->turn = next;
		return true;
	}
	return false;
}

bool crew_all_ready(const struct crew *crew)
{
	for (unsigned i = 0; i < crew->plan.mode->workers; i++)
		if (!crew->workers[i] || worker_state(crew->workers[i]) != WORKER_READY)
			return false;
	return true;
}

size_t crew_pids(const struct crew *crew, uint32_t *ret)
{
	size_t count = 0;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (crew->workers[i] && !worker_over(crew->workers[i]))
			ret[count++] = (uint32_t)worker_pid(crew->workers[i]);
	return count;
}

void crew_end(struct crew *crew, uint32_t pid, bool hard)
{
	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++)
		if (crew->workers[i] && (uint32_t)worker_pid(crew->workers[i]) == pid)
			worker_ask(crew->workers[i], hard ? WORKER_ASK_KILL : WORKER_ASK_END, 0, 0);
}

static void part_one(struct worker *worker, bool at_once, bool blocked, uint64_t now)
{
	enum worker_state state = worker_state(worker);

	if (blocked && (state == WORKER_ATTACHED || worker_slow(worker, now)))
		worker_ask(worker, WORKER_ASK_KILL, 0, 0);
	else if (at_once || state == WORKER_READY)
		worker_ask(worker, WORKER_ASK_END, 0, 0);
	else if (state == WORKER_ATTACHED)
		worker_ask(worker, WORKER_ASK_DETACH, 0, 0);
}

bool crew_part(struct crew *crew, bool at_once, bool blocked, uint64_t now)
{
	bool left = false;

	for (unsigned i = 0; i < ATTACH_WORKERS_MAX; i++) {
		struct worker *worker = crew->workers[i];

		if (!worker)
			continue;
		if (!worker_has_held(worker)) {
			worker_destroy(worker); /* it has nothing to let go of */
			crew->workers[i] = NULL;
			continue;
		}
		left = true;
		part_one(worker, at_once, blocked, now);
	}
	return !left;
}
