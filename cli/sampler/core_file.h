/* core_file: reads a core file by one gdb with pmp's scripts (`core` in worker.h). */
#ifndef PMP_CORE_FILE_H
#define PMP_CORE_FILE_H

#include "cli/options/options.h"
#include "cli/sampler/supervisor.h"

/* Passes the text of one dump of options->core to the sink. options->operands may have the
 * executable. A compressed core file (.zst, .lz4, .xz, .gz, as systemd-coredump stores them) is
 * decompressed by zstd, lz4, xz or gzip into an unnamed file in $TMPDIR (/var/tmp). Errors:
 * ERROR_INPUT (the core file or the executable), ERROR_GDB, ERROR_TIMEOUT, ERROR_FAILED. */
bool core_file_sample(const struct options *options, const struct recorder_sink *sink,
                      struct error *err);

#endif
