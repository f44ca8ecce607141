/* verdict_draft: what the finders of a verdict (verdict_finders.c has them in their order) work with. Inside merger/ only. */
#ifndef PMP_VERDICT_DRAFT_H
#define PMP_VERDICT_DRAFT_H

#include "merger/diagnosis/wording.h"
#include "merger/diagnosis/verdict.h"
#include "merger/diagnosis/wait_graph.h"

struct verdict_draft {
	const struct snapshot *snapshot;
	struct wait_graph graph;
	struct verdict *verdict;
};

/* true: it has begun the verdict and written its text; false: it does not apply, and nothing was written. */
typedef bool verdict_finder(struct verdict_draft *maker);

verdict_finder verdict_find_cycle;        /* threads, or processes */
verdict_finder verdict_find_task_cycle;   /* asyncio's tasks */
verdict_finder verdict_find_single_cause; /* one thread, which waits for no other, tells it */
verdict_finder verdict_find_waiting;      /* all may be waiting for work */

void verdict_begin(struct verdict_draft *maker, const char *kind, enum verdict_trust trust);
/* The thread is one of those that the verdict is about. */
void verdict_name(struct verdict_draft *maker, size_t thread);

/* To the text. */
void verdict_add(struct verdict_draft *maker, const char *text);
void verdict_add_thread(struct verdict_draft *maker, size_t thread); /* which is named, too */
void verdict_add_process(struct verdict_draft *maker, uint32_t pid,
                         uint32_t name); /* "4711 (sh)" */
void verdict_add_task(struct verdict_draft *maker, size_t task);
/* "thread 4712 (worker)LINKis blocked in ...", and how it has moved. */
void verdict_add_activity(struct verdict_draft *maker, size_t thread, const char *link);

#endif
