/* process_title: what a process is called (merger/base/command_name.h). */
#ifndef PMP_PROCESS_TITLE_H
#define PMP_PROCESS_TITLE_H

#include <stdint.h>

#include "merger/base/command_name.h"

/* Both names are empty for a process in state D, whose cmdline could not be read without
 * waiting. */
void process_title_read(uint32_t pid, struct command_name *ret);
/* The title, or the command, or the name in /proc/PID/stat. "?": no such process. */
void process_title_label(uint32_t pid, char *ret, size_t len);

#endif
