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
struct journal_sink {
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

struct journal {
	const struct journal_sink *sink;
	struct buf line;  /* being made */
	struct buf early; /* from before the run */
	bool open;
	struct error err; /* the sink's: nothing is written any more */
};

void journal_deinit(struct journal *journal);

/* samples: for each target. */
void journal_open(struct journal *journal, const char *attach, double rate_hz, uint64_t samples);
void journal_target(struct journal *journal, uint32_t pid);
/* Lets out what has waited, behind the run and the targets. */
void journal_early(struct journal *journal);
/* Whole lines. */
void journal_text(struct journal *journal, struct span text);
void journal_note(struct journal *journal, uint32_t pid, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void journal_late(struct journal *journal, uint64_t sample, uint32_t pid);
/* time_us: when it was due, since the start of the run. */
void journal_failed(struct journal *journal, uint64_t sample, uint32_t pid, uint64_t time_us,
                    const char *why, const struct target_threads *threads);
/* The executable mappings of pid, if they have changed since *hash, which is 0 at first. */
void journal_maps(struct journal *journal, uint32_t pid, uint64_t *hash);
void journal_stop(struct journal *journal, uint64_t elapsed_us, uint64_t stopped_us,
                  bool interrupted);

#endif
