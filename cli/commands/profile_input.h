/* profile_input: reads the profiles of a file or of stdin, which may hold several, one after
 * another. */
#ifndef PMP_PROFILE_INPUT_H
#define PMP_PROFILE_INPUT_H

#include <stdbool.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"
#include "merger/profile/profile.h"

/* Called for each profile. It may take over *text, and then leaves {0} there. name: for messages,
 * "a.yaml" or "standard input (profile 3, of web2)". continues: the text continues the collapsed
 * stacks of the call before, which were too long for one text. */
typedef bool (*profile_input_each)(void *ctx, struct buf *text, const char *name, bool continues,
                                   struct error *err);

/* Needs memory for the largest profile only. false: *err is ERROR_INPUT, or set by `each`. An input
 * without a profile is an error: otherwise one would silently be missing from a sum. */
bool profile_input_read(const char *path, profile_input_each each, void *ctx, struct error *err);

/* Reads a file or stdin that holds one profile; the caller destroys it. NULL: *err is
 * ERROR_INPUT. */
struct profile *profile_input_read_one(const char *path, struct error *err);

#endif
