#include "cli/proc/descendants.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "cli/proc/process.h"

void descendants_deinit(struct descendants *descendants)
{
	free(descendants->rows);
	*descendants = (struct descendants){ 0 };
}

static struct relative *find_relative(const struct descendants *descendants, uint32_t pid,
                                      uint64_t starttime)
{
	for (size_t i = 0; i < descendants->count; i++)
		if (descendants->rows[i].pid == pid && descendants->rows[i].starttime == starttime)
			return &descendants->rows[i];
	return NULL;
}

static void note_process(struct descendants *descendants, uint32_t pid)
{
	struct process_stat stat;
	struct relative *row;

	if (!process_stat(pid, 0, &stat))
		return;
	row = find_relative(descendants, pid, stat.starttime);
	if (row) {
		row->seen_now = row->seen_twice = true;
		return;
	}
	descendants->rows = alloc_grow(descendants->rows, &descendants->cap, descendants->count + 1,
	                               sizeof(*descendants->rows));
	descendants->rows[descendants->count++] =
	        (struct relative){ .pid = pid, .starttime = stat.starttime, .seen_now = true };
}

static void forget_ended(struct descendants *descendants)
{
	size_t kept = 0;

	for (size_t i = 0; i < descendants->count; i++)
		if (descendants->rows[i].seen_now)
			descendants->rows[kept++] = descendants->rows[i];
	descendants->count = kept;
}

void descendants_rescan(struct descendants *descendants)
{
	size_t count = 0, cap = 0;
	uint32_t *pids = NULL;

	for (size_t i = 0; i < descendants->count; i++)
		descendants->rows[i].seen_now = false;
	process_descendants(descendants->root, &pids, &count, &cap);
	for (size_t i = 0; i < count; i++)
		note_process(descendants, pids[i]);
	free(pids);
	forget_ended(descendants);
}

bool descendants_next(struct descendants *descendants, uint32_t *ret)
{
	for (size_t i = 0; i < descendants->count; i++) {
		if (!descendants->rows[i].seen_twice || descendants->rows[i].reported)
			continue;
		descendants->rows[i].reported = true;
		*ret = descendants->rows[i].pid;
		return true;
	}
	return false;
}
