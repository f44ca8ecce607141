/* verdict_finders: makes the verdict of a snapshot: the first finder of a table that applies. */
#ifndef PMP_VERDICT_FINDERS_H
#define PMP_VERDICT_FINDERS_H

#include "merger/diagnosis/verdict.h"

/* The caller calls verdict_deinit. */
void verdict_make(const struct snapshot *snapshot, struct verdict *ret);

#endif
