/* verdict_rows: tables of texts and the verdicts that they must get. */
#ifndef PMP_TEST_VERDICT_ROWS_H
#define PMP_TEST_VERDICT_ROWS_H

#include <stdio.h>
#include <string.h>

#include "merger/diagnosis/verdict.h"
#include "merger/diagnosis/verdict_finders.h"

struct verdict_row {
	const char *name, *text;
	const char *verdict; /* "lock (certain)" */
	const char *says[4]; /* each is in the verdict's text */
	const char *not_said;
	size_t threads; /* of the verdict; 0: not checked */
};

/* Documentation is checked against the list of kinds, so it must have each kind. */
static inline bool is_listed(const char *kind)
{
	const char *word, *meaning;

	for (size_t i = 0; verdict_kind_at(i, &word, &meaning); i++)
		if (!strcmp(word, kind))
			return true;
	return false;
}

/* The number of faults, which it prints. */
static inline size_t check_verdict(const struct verdict_row *row)
{
	struct snapshot_builder *builder = snapshot_builder_create(false);
	struct snapshot *snapshot;
	struct verdict verdict;
	char kind[64];
	size_t faults = 0;

	snapshot_builder_feed(builder, row->text, strlen(row->text));
	snapshot = snapshot_builder_finish(builder);
	verdict_make(snapshot, &verdict);
	buf_add(&verdict.text, "", 1);
	snprintf(kind, sizeof(kind), "%s (%s)", verdict.kind, verdict_trust_name(verdict.trust));
	faults += strcmp(kind, row->verdict) != 0 || !is_listed(verdict.kind);
	faults += row->threads && verdict.thread_count != row->threads;
	for (size_t i = 0; i < 4 && row->says[i]; i++)
		faults += !strstr(verdict.text.ptr, row->says[i]);
	faults += row->not_said && strstr(verdict.text.ptr, row->not_said);
	if (faults)
		print_error("%s: %s, %zu threads: %s\n", row->name, kind, verdict.thread_count,
		            verdict.text.ptr);
	verdict_deinit(&verdict);
	snapshot_destroy(snapshot);
	snapshot_builder_destroy(builder);
	return faults;
}

static inline void check_verdicts(const struct verdict_row *rows, size_t count)
{
	size_t faults = 0;

	for (size_t i = 0; i < count; i++)
		faults += check_verdict(&rows[i]);
	assert_int_equal(faults, 0);
}

#endif
