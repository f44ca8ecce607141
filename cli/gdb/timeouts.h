/* timeouts: how long each thing that pmp waits for may take. One table; $PMP_DEADLINES changes it:
 * "start=2,sample=0.5" (seconds). */
#ifndef PMP_TIMEOUTS_H
#define PMP_TIMEOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"

enum deadline {
	DEADLINE_NONE,
	DEADLINE_START, /* gdb's start, up to its hello */
	DEADLINE_WARM,  /* reading symbols */
	DEADLINE_ATTACH,
	DEADLINE_SAMPLE, /* or attach, sample and detach in one */
	DEADLINE_DETACH,
	DEADLINE_CLOSE, /* how long a gdb may take to end: after its input is closed, after SIGTERM, after SIGKILL */
	DEADLINE_HURRY, /* how long to wait for threads to stop before going on without those that cannot;
	                     as long again, and no one is waited for */
	DEADLINE_BLOCKED, /* how long to wait for a thread to leave state D before an attach */
	DEADLINE_COUNT
};

struct deadlines {
	uint64_t us[DEADLINE_COUNT];
};

/* The defaults, changed by the text if it is not NULL. Bad text is ERROR_USAGE. */
bool deadlines_parse(struct deadlines *deadlines, const char *text, struct error *err);

#endif
