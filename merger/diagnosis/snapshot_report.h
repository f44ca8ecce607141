/* snapshot_report: what `pmp dump` says: the verdict, the threads by equal stacks, asyncio's tasks, what could not be read.
 * As text for people, and as JSON with the same content (its keys are in pmp.1). */
#ifndef PMP_SNAPSHOT_REPORT_H
#define PMP_SNAPSHOT_REPORT_H

#include <stdio.h>

#include "merger/diagnosis/snapshot.h"
#include "merger/diagnosis/verdict.h"

struct snapshot_options {
	bool full_paths;
	bool largest_first; /* of the groups: by default the rarest stack is */
	/* The source line, without its newline; false: it cannot be read. The text is valid until the next call. NULL: none
	 * is shown. */
	bool (*source)(void *ctx, uint32_t pid, struct span file, uint32_t line, struct span *ret);
	void *ctx;
};

/* A write error shows in ferror(out). */
void snapshot_text_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *view, FILE *out);
void snapshot_json_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *view, FILE *out);

#endif
