/* supervisor: samples all targets of a run. One thread, one poll loop, one nearest deadline. */
#ifndef PMP_SUPERVISOR_H
#define PMP_SUPERVISOR_H

#include <stdbool.h>

#include "cli/options/options.h"
#include "cli/sampler/recorder.h"

/* Samples as the options say and writes the recording to the sink.
 *
 * Returns true if there is a recording, perhaps an incomplete one. err->code is then ERROR_NONE,
 * ERROR_INTERRUPTED (Ctrl-C), 128 + N (ended by signal N), the exit code of pmp's child, or the
 * error that ended the run after the first sample. Samples that were asked for and not taken are in
 * the recording as failed, except after a signal, after sink->input has ended the run, and when
 * the time of -d is over. If a target ends after a sample, that is a note, not an error.
 *
 * Returns false if the sink failed or no sample was taken; *err has the reason. A run of pmp's
 * child needs no sample.
 *
 * In both cases pmp has detached from all targets, none of its gdbs is left, and the recording, if
 * it has begun, ends with `stop`, whose stopped_us is the sum over the targets. */
bool supervisor_run(const struct options *options, const struct recorder_sink *sink,
                    struct error *err);

#endif
