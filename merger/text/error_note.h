/* error_note: what a profile's intervals mean, and whether its samples tell its heaviest functions apart. */
#ifndef PMP_ERROR_NOTE_H
#define PMP_ERROR_NOTE_H

#include <stdio.h>

#include "merger/stats/tree_error.h"

/* Lines for a summary's end. */
void error_note_write(const struct tree_error *spread, FILE *out);

#endif
