#include "cli/proc/descendants.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "cli/proc/process.h"

void family_deinit(struct family *family)
{
	free(family->rows);
	*family = (struct family){ 0 };
}

static struct relative *find(const struct family *family, uint32_t pid, uint64_t starttime)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->rows[i].pid == pid && family->rows[i].starttime == starttime)
			return &family->rows[i];
	return NULL;
}

static void see(struct family *family, uint32_t pid)
{
	struct target_stat stat;
	struct relative *row;

	if (!target_stat(pid, 0, &stat))
		return;
	row = find(family, pid, stat.starttime);
	if (row) {
		row->here = row->stays = true;
		return;
	}
	family->rows =
	        alloc_grow(family->rows, &family->cap, family->count + 1, sizeof(*family->rows));
	family->rows[family->count++] =
	        (struct relative){ .pid = pid, .starttime = stat.starttime, .here = true };
}

static void forget_gone(struct family *family)
{
	size_t kept = 0;

	for (size_t i = 0; i < family->count; i++)
		if (family->rows[i].here)
			family->rows[kept++] = family->rows[i];
	family->count = kept;
}

void family_look(struct family *family)
{
	size_t count = 0, cap = 0;
	uint32_t *pids = NULL;

	for (size_t i = 0; i < family->count; i++)
		family->rows[i].here = false;
	target_descendants(family->root, &pids, &count, &cap);
	for (size_t i = 0; i < count; i++)
		see(family, pids[i]);
	free(pids);
	forget_gone(family);
}

bool family_next(struct family *family, uint32_t *ret)
{
	for (size_t i = 0; i < family->count; i++) {
		if (!family->rows[i].stays || family->rows[i].told)
			continue;
		family->rows[i].told = true;
		*ret = family->rows[i].pid;
		return true;
	}
	return false;
}
