/* timeouts: how long each thing that pmp waits for may take. One table; $PMP_DEADLINES changes it:
 * "start=2,sample=0.5" (seconds). */
#ifndef PMP_TIMEOUTS_H
#define PMP_TIMEOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"

enum timeout {
	TIMEOUT_NONE,
	TIMEOUT_START, /* gdb's start, up to its hello */
	TIMEOUT_WARM,  /* reading symbols */
	TIMEOUT_ATTACH,
	TIMEOUT_SAMPLE, /* or attach, sample and detach in one */
	TIMEOUT_DETACH,
	TIMEOUT_CLOSE, /* how long a gdb may take to end: after its input is closed, after SIGTERM, after SIGKILL */
	TIMEOUT_SKIP, /* how long to wait for threads to stop before going on without those that cannot;
	                     as long again, and no one is waited for */
	TIMEOUT_BLOCKED, /* how long to wait for a thread to leave state D before an attach */
	TIMEOUT_COUNT
};

struct timeouts {
	uint64_t us[TIMEOUT_COUNT];
};

/* The defaults, changed by the text if it is not NULL. Bad text is ERROR_USAGE. */
bool timeouts_parse(struct timeouts *deadlines, const char *text, struct error *err);

#endif
