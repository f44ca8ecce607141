/* commands: the commands of this folder, one file each. false: *err, whose code is the exit code;
 * cli/main.c prints its text. */
#ifndef PMP_COMMANDS_H
#define PMP_COMMANDS_H

#include <stdbool.h>

struct options;
struct error;

bool cmd_record(const struct options *options, struct error *err); /* also `pmp run` */
bool cmd_fold(const struct options *options, struct error *err);
bool cmd_show(const struct options *options, struct error *err);
bool cmd_diff(const struct options *options, struct error *err);
bool cmd_merge(const struct options *options, struct error *err);
bool cmd_dump(const struct options *options, struct error *err);

#endif
