/* text_writers: prototypes of the writers of text for people. struct format in format.h has
 * their contract. */
#ifndef PMP_TEXT_WRITERS_H
#define PMP_TEXT_WRITERS_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/error.h"
#include "merger/base/span.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

struct profile_diff;

bool tree_text_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool flat_text_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool diff_flat_write(const struct profile_diff *, const struct write_options *, FILE *,
                     struct error *);
bool diff_tree_write(const struct profile_diff *, const struct write_options *, FILE *,
                     struct error *);
bool timeline_text_write(const struct profile *, const struct write_options *, FILE *,
                         struct error *);

#endif
