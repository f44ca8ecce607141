#include "merger/diagnosis/verdict.h"

#include <stdlib.h>

/* cli/help/pmp.1.in lists the same words and meanings. */
static const struct {
	const char *word, *meaning;
} kinds[] = {
	{ "zombie", "it has ended, and its parent has not waited for it" },
	{ "stopped", "a signal has stopped it" },
	{ "traced", "another debugger holds it" },
	{ "crash", "a signal or an error of its own has ended it (a core file, or text)" },
	{ "deadlock", "threads, processes or tasks wait for each other in a circle" },
	{ "pool_deadlock", "all workers of a pool of threads wait for work of the same pool" },
	{ "fork_lock",
	  "a lock that another thread of the parent held when it forked this process" },
	{ "uninterruptible", "it sleeps in the kernel where no signal reaches it" },
	{ "lock", "threads wait for a lock, whose holder does something else" },
	{ "gil",
	  "threads wait for Python's GIL or Ruby's GVL, whose holder is unknown, or does not "
	  "give it up" },
	{ "join", "it waits for the end of a thread that pmp cannot find" },
	{ "child", "it waits for a child" },
	{ "file_lock", "it waits for a lock on a file" },
	{ "io", "it waits for a file, a pipe, or somebody on a network" },
	{ "busy", "it is on a CPU" },
	{ "asyncio", "its tasks wait, and no task for another in a circle" },
	{ "greenlet", "its greenlets wait, and none for another in a circle" },
	{ "wait", "it waits to be woken by another thread of its own" },
	{ "sleep", "it sleeps for a set time" },
	{ "idle", "it waits for work: nothing says that it hangs" },
	{ "unknown", "what was found says too little" },
};

bool verdict_kind_at(size_t i, const char **word, const char **meaning)
{
	if (i >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	*word = kinds[i].word;
	*meaning = kinds[i].meaning;
	return true;
}

const char *verdict_trust_name(enum verdict_trust trust)
{
	static const char *const names[] = {
		[VERDICT_CERTAIN] = "certain",
		[VERDICT_LIKELY] = "likely",
		[VERDICT_GUESS] = "guess",
	};

	return names[trust];
}

void verdict_deinit(struct verdict *verdict)
{
	buf_deinit(&verdict->text);
	free(verdict->threads);
}
