/* commands: the commands of this folder, a file each. Errors: *err, whose code is the exit code; cli/main.c prints it. */
#ifndef PMP_COMMANDS_H
#define PMP_COMMANDS_H

#include <stdbool.h>

struct options;
struct error;

bool cmd_record(const struct options *options, struct error *err); /* `pmp run` is it, too */
bool cmd_fold(const struct options *options, struct error *err);
bool cmd_show(const struct options *options, struct error *err);
bool cmd_diff(const struct options *options, struct error *err);
bool cmd_merge(const struct options *options, struct error *err);
bool cmd_dump(const struct options *options, struct error *err);

#endif
