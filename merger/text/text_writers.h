/* text_writers: profiles and comparisons as text for people; format.h says what a writer does. */
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
/* The tree's calls alone, without the summary below. */
void tree_text_write_calls(const struct profile *, const struct write_options *, FILE *);
bool flat_text_write(const struct profile *, const struct write_options *, FILE *, struct error *);
bool diff_flat_write(const struct profile_diff *, const struct write_options *, FILE *,
                     struct error *);
bool diff_tree_write(const struct profile_diff *, const struct write_options *, FILE *,
                     struct error *);
bool timeline_text_write(const struct profile *, const struct write_options *, FILE *,
                         struct error *);

#endif
