/* save: writes the profile so far to a file while sampling continues. A child process, which has a
 * copy of pmp's memory, finishes the profile and writes it. */
#ifndef PMP_SAVE_H
#define PMP_SAVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "merger/build/profile_builder.h"
#include "cli/options/options.h"

/* {0}: no file is being written. */
struct top_save {
	pid_t pid;
	int fd; /* the child writes the text of its error here */
};

/* Starts to write. path, its suffix and the way of writing are as for -o; nothing is printed.
 * false: *err, and no child was started. */
bool top_save_begin(struct top_save *save, struct profile_builder *builder,
                    const struct options *options, const char *path, struct error *err);
/* true: the child has ended; err->code is ERROR_NONE if the file was written. wait: waits for the
 * child's end. Only for save->pid != 0. */
bool top_save_done(struct top_save *save, bool wait, struct error *err);

#endif
