/* timeouts: how long pmp waits for each step of gdb's work. One table of defaults; the
 * environment variable PMP_DEADLINES changes entries: "start=2,sample=0.5" (seconds). */
#ifndef PMP_TIMEOUTS_H
#define PMP_TIMEOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"

enum timeout {
	TIMEOUT_NONE,
	TIMEOUT_START, /* from gdb's start to its hello */
	TIMEOUT_WARM,  /* reading symbols */
	TIMEOUT_SAMPLE,
	TIMEOUT_DETACH, /* for a gdb that has reported a detach and still traces the target */
	/* For gdb's exit: after its input is closed, after SIGHUP, after SIGKILL, after a second
	 * SIGKILL. */
	TIMEOUT_CLOSE,
	TIMEOUT_HURRY,   /* as TIMEOUT_DETACH, while a thread of the target is in state D */
	TIMEOUT_BLOCKED, /* for a thread to leave state D before an attach */
	TIMEOUT_COUNT
};

struct timeouts {
	uint64_t us[TIMEOUT_COUNT];
};

/* text: as in PMP_DEADLINES, or NULL for the defaults. Bad text is ERROR_USAGE. */
bool timeouts_parse(struct timeouts *timeouts, const char *text, struct error *err);

#endif
