/* core_file: a core file, read by one gdb with pmp's scripts: no process is there, so there is nothing to let go of. */
#ifndef PMP_CORE_FILE_H
#define PMP_CORE_FILE_H

#include "cli/options/options.h"
#include "cli/sampler/supervisor.h"

/* Gives the sink the text of one look at options->core. One that is packed (.zst, .lz4, .xz, .gz, as systemd-coredump keeps
 * them) is unpacked by the program for that into a file without a name in $TMPDIR. Errors are ERROR_INPUT where it's the
 * core's fault, ERROR_GDB, ERROR_TIMEOUT. */
bool core_file_sample(const struct options *options, const struct recorder_sink *sink,
                      struct error *err);

#endif
