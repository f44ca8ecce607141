/* snapshot_report: the report of `pmp dump`: the verdict, the threads grouped by equal stacks,
 * asyncio's tasks, and the data that could not be read. Text for people, or JSON with the same
 * content (pmp.1 lists its keys). */
#ifndef PMP_SNAPSHOT_REPORT_H
#define PMP_SNAPSHOT_REPORT_H

#include <stdio.h>

#include "merger/diagnosis/snapshot.h"
#include "merger/diagnosis/verdict.h"

struct snapshot_options {
	bool full_paths;
	bool all; /* text: show all frames of a recursion, and all stacks of a long report */
	bool largest_first; /* order of the groups; the default is the rarest stack first */
	/* Returns the source line, without its newline, valid until the next call. false: it
	 * cannot be read. NULL: no source lines are shown. */
	bool (*source)(void *ctx, uint32_t pid, struct span file, uint32_t line, struct span *ret);
	void *ctx;
};

/* A write error shows in ferror(out). */
void snapshot_text_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *options, FILE *out);
void snapshot_json_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *options, FILE *out);

#endif
