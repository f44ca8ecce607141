/* save: writes what was captured so far while the capture goes on: a child process, which has a copy of all that is in
 * memory, finishes the profile and writes it. Nothing waits for it but its end. */
#ifndef PMP_SAVE_H
#define PMP_SAVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "merger/build/profile_builder.h"
#include "cli/options/options.h"

/* {0}: none is being written. */
struct top_save {
	pid_t pid;
	int fd; /* the error's text comes here */
};

/* path and its suffix as for -o, by whose rules it is written; nothing is printed. false: it cannot even begin. */
bool top_save_begin(struct top_save *save, struct profile_builder *builder,
                    const struct options *options, const char *path, struct error *err);
/* true: it has ended, and err->code says how. wait: does so for its end. Call it with save->pid only. */
bool top_save_done(struct top_save *save, bool wait, struct error *err);

#endif
