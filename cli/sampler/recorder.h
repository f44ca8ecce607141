/* recorder: writes the recording, in the lines of merger/parse/marker.h: the run and its targets,
 * then the samples (whole ones only), then the stop. Lines from before the run wait until it
 * begins. */
#ifndef PMP_RECORDER_H
#define PMP_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"
#include "cli/proc/process.h"

/* Receives the recording. ctx goes to each function. */
struct recorder_sink {
	/* Whole lines, in the order of the recording. */
	bool (*text)(void *ctx, const char *text, size_t len, struct error *err);
	/* Called at most 10 times a second, for a progress line. seconds_left is negative before
	 * the run, while gdb reads symbols. NULL: not wanted. */
	void (*progress)(void *ctx, double seconds_left);
	/* A message for the user, at once; the recording has it, too. NULL: not wanted. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
	/* Called when input_fd can be read. false: ends the run, as a signal does, but without an
	 * error. NULL: there is no such descriptor. */
	bool (*input)(void *ctx);
	int input_fd;
};

struct recorder {
	const struct recorder_sink *sink;
	struct buf line;    /* the line being written */
	struct buf pending; /* lines from before the run */
	bool open;          /* the run has begun */
	struct error err;   /* the sink's; after an error nothing is written */
};

void recorder_deinit(struct recorder *recorder);

/* Begins the run. samples: per target. */
void recorder_open(struct recorder *recorder, const char *attach, double rate_hz, uint64_t samples);
void recorder_target(struct recorder *recorder, uint32_t pid);
/* Writes the lines from before the run; called after the run and its targets. */
void recorder_flush_pending(struct recorder *recorder);
/* Whole lines. */
void recorder_text(struct recorder *recorder, struct span text);
void recorder_note(struct recorder *recorder, uint32_t pid, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void recorder_late(struct recorder *recorder, uint64_t sample, uint32_t pid);
/* time_us: when the sample was due, since the start of the run. */
void recorder_failed(struct recorder *recorder, uint64_t sample, uint32_t pid, uint64_t time_us,
                     const char *why, const struct process_threads *threads);
/* The executable mappings of pid, if they have changed since the last call. *hash is 0 at first. */
void recorder_maps(struct recorder *recorder, uint32_t pid, uint64_t *hash);
void recorder_stop(struct recorder *recorder, uint64_t elapsed_us, uint64_t stopped_us,
                   bool interrupted);

#endif
