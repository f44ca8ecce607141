/* profile_input: the profiles of a file, or of stdin, one by one: it may hold several, one behind the other. */
#ifndef PMP_PROFILE_INPUT_H
#define PMP_PROFILE_INPUT_H

#include <stdbool.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"
#include "merger/profile/profile.h"

/* Called for each: text is its own to take (then it leaves {0}). name: for messages, "a.yaml" or "standard input (profile 3, of web2)".
 * continues: it's more of the collapsed stacks before, of which there are too many for one text. */
typedef bool (*profile_input_each)(void *ctx, struct buf *text, const char *name, bool continues,
                                   struct error *err);

/* Memory goes by the largest profile. false: *err is ERROR_INPUT, or what `each` said. An
 * input that has none at all is an error: what is added up would lack one, and not tell. */
bool profile_input_read(const char *path, profile_input_each each, void *ctx, struct error *err);

/* The only profile of a file or stdin, finished; the caller destroys it. NULL: *err is ERROR_INPUT. */
struct profile *profile_input_read_one(const char *path, struct error *err);

#endif
