/* verdict: why a process hangs, in words: its kind, how sure that is, and the threads that it is about. */
#ifndef PMP_VERDICT_H
#define PMP_VERDICT_H

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

enum verdict_trust {
	VERDICT_CERTAIN, /* what it rests on was read: owners, states, addresses */
	VERDICT_LIKELY,  /* a link of it is the only candidate, or told by names alone */
	VERDICT_GUESS,   /* nothing better was found */
};

struct verdict {
	const char *kind; /* one of verdict_kind_at's words */
	enum verdict_trust trust;
	struct buf text; /* one to three lines, without a newline at the end */
	size_t *threads; /* places of those that it is about, the cause's first */
	size_t thread_count, thread_cap;
};

void verdict_deinit(struct verdict *verdict);

const char *verdict_trust_name(enum verdict_trust trust); /* "certain" */

/* All kinds, for documents and tests: the i-th word and what it means; false behind the last. */
bool verdict_kind_at(size_t i, const char **word, const char **meaning);

#endif
