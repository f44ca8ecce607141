/* supervisor: samples targets through a pool of workers: one thread, one poll loop, one nearest deadline. */
#ifndef PMP_SUPERVISOR_H
#define PMP_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/options/options.h"
#include "cli/sampler/recorder.h"

/* Samples as the options say. Returns true when a recording is there, though perhaps not whole:
 * then err->code is ERROR_NONE, ERROR_INTERRUPTED (Ctrl-C) or 128 + n (another signal that asks to end), or says
 * what ended it early after the first sample
 * (the samples that were asked for and not taken are in the journal as failed, or not at all after a
 * signal, after sink->input has ended it, or when the time of -d is up). A target that ends is a note, no error, if a sample of it was
 * taken. false: there is nothing, and *err says why. In every case the targets have been let go,
 * no gdb of ours is left, and the journal, if it has begun, has its `stop`, whose stopped_us is the sum
 * over the targets. */
bool supervisor_run(const struct options *options, const struct recorder_sink *sink,
                    struct error *err);

#endif
