/* verdict_finders: the verdict of a snapshot: the first row of a table of finders that applies, the cause first. */
#ifndef PMP_VERDICT_FINDERS_H
#define PMP_VERDICT_FINDERS_H

#include "merger/diagnosis/verdict.h"

/* The caller calls verdict_deinit. */
void verdict_make(const struct snapshot *snapshot, struct verdict *ret);

#endif
