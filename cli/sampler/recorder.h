/* recorder: the recording as it is written: the run and its targets first, then samples, whole ones only,
 * then the stop. The lines are marker.h's. What comes before the run has begun waits for it. */
#ifndef PMP_RECORDER_H
#define PMP_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"
#include "cli/gdb/attach_mode.h"
#include "cli/proc/process.h"

/* Takes the journal: whole lines of marker.h's text, in the order in which they are to be read. */
struct recorder_sink {
	bool (*text)(void *ctx, const char *text, size_t len, struct error *err);
	/* Called after each tick, for a progress line: time left in seconds; less than 0: not begun, gdb reads symbols. */
	void (*progress)(void *ctx, double seconds_left);
	/* What the person is to know at once; it is in the journal too. NULL: not wanted. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
	/* A descriptor to wait for as well, and what is called when it can be read (false: the person has seen enough,
	 * which ends the run as a signal does, but for the exit code). input NULL: there is none. */
	bool (*input)(void *ctx);
	int input_fd;
};

struct recorder {
	const struct recorder_sink *sink;
	struct buf line;  /* being made */
	struct buf early; /* from before the run */
	bool open;
	struct error err; /* the sink's: nothing is written any more */
};

void recorder_deinit(struct recorder *recorder);

/* samples: for each target. */
void recorder_open(struct recorder *recorder, const char *attach, double rate_hz, uint64_t samples);
void recorder_target(struct recorder *recorder, uint32_t pid);
/* Lets out what has waited, behind the run and the targets. */
void recorder_flush_pending(struct recorder *recorder);
/* Whole lines. */
void recorder_text(struct recorder *recorder, struct span text);
void recorder_note(struct recorder *recorder, uint32_t pid, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void recorder_late(struct recorder *recorder, uint64_t sample, uint32_t pid);
/* time_us: when it was due, since the start of the run. */
void recorder_failed(struct recorder *recorder, uint64_t sample, uint32_t pid, uint64_t time_us,
                     const char *why, const struct process_threads *threads);
/* The executable mappings of pid, if they have changed since *hash, which is 0 at first. */
void recorder_maps(struct recorder *recorder, uint32_t pid, uint64_t *hash);
void recorder_stop(struct recorder *recorder, uint64_t elapsed_us, uint64_t stopped_us,
                   bool interrupted);

#endif
