/* verdict: why a process hangs: the kind, how certain it is, a text, and the threads concerned. */
#ifndef PMP_VERDICT_H
#define PMP_VERDICT_H

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

enum verdict_trust {
	VERDICT_CERTAIN, /* based on data that was read: owners, states, addresses */
	VERDICT_LIKELY,  /* one step rests on the only candidate, or on function names alone */
	VERDICT_GUESS,   /* nothing better was found */
};

struct verdict {
	const char *kind; /* one of verdict_kind_at's words */
	enum verdict_trust trust;
	struct buf text; /* one to three lines, without a newline at the end */
	size_t *threads; /* indexes of the snapshot's threads, the cause first */
	size_t thread_count, thread_cap;
};

void verdict_deinit(struct verdict *verdict);

const char *verdict_trust_name(enum verdict_trust trust); /* "certain" */

/* All kinds, for documentation and tests: the i-th word and its meaning; false after the last. */
bool verdict_kind_at(size_t i, const char **word, const char **meaning);

#endif
