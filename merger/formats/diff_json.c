/* diff_json: two compared profiles as JSON. The functions are in the order of the table.
 *
 *	{"before": {"profile", "stacks", "left_out"}, "after": .., "weight": "samples" or "cpu_us",
 *	 "compared", "functions": [{"function", "kind", "file", "module", "sure", "self": SHARES,
 *	 "total": SHARES}]}
 *	SHARES: {"before", "after", "change", "error", "chance"}
 *
 * Shares are 0 to 1; profile_diff.h defines error, chance and sure. */
#include <stdio.h>

#include "merger/base/json_document.h"
#include "merger/formats/file_writers.h"
#include "merger/stats/profile_diff.h"

static void add_real(struct document *document, const char *key, double value)
{
	char text[40];
	int len = snprintf(text, sizeof(text), "%.6g", value);

	document_add_word(document, key, DOCUMENT_NUMBER, (struct span){ text, (size_t)len });
}

static void add_share(struct document *document, const char *key, const struct diff_share *share)
{
	document_add_open(document, key, DOCUMENT_MAP, DOCUMENT_LINE);
	add_real(document, "before", share->before);
	add_real(document, "after", share->after);
	add_real(document, "change", diff_change(share));
	add_real(document, "error", share->error);
	add_real(document, "chance", share->chance);
	document_close(document, DOCUMENT_MAP);
}

static void add_function(struct document *document, const struct profile_diff *diff,
                         const struct diff_row *row)
{
	const struct intern *intern = diff->joint->intern;

	document_open(document, DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_text(document, "function", intern_get(intern, row->frame->name));
	document_add_text(document, "kind", span_of(profile_kind_name(row->frame->kind)));
	document_add_text(document, "file", intern_get(intern, row->frame->file));
	document_add_text(document, "module", intern_get(intern, row->frame->module));
	document_add_word(document, "sure", DOCUMENT_NUMBER,
	                  row->sure ? SPAN_LIT("true") : SPAN_LIT("false"));
	add_share(document, "self", &row->self);
	add_share(document, "total", &row->total);
	document_close(document, DOCUMENT_MAP);
}

static void add_side(struct document *document, const struct profile_diff *diff, const char *key,
                     enum diff_side side)
{
	document_add_open(document, key, DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_word(document, "profile", DOCUMENT_STRING, span_of(diff->sides[side].name));
	document_add_number(document, "stacks", diff->sides[side].stacks);
	document_add_number(document, "left_out", diff->sides[side].left_out);
	document_close(document, DOCUMENT_MAP);
}

bool diff_json_write(const struct profile_diff *diff, const struct write_options *options,
                     FILE *out, struct error *err)
{
	struct json_document writer;
	struct document *document = &writer.document;
	struct json *json = &writer.json;

	(void)options, (void)err; /* a write error shows in ferror(out) */
	json_document_init(&writer, out);
	document_open(document, DOCUMENT_MAP, DOCUMENT_LINE);
	json_break(json);
	add_side(document, diff, "before", DIFF_BEFORE);
	json_break(json);
	add_side(document, diff, "after", DIFF_AFTER);
	json_break(json);
	document_add_word(document, "weight", DOCUMENT_STRING,
	                  diff->weight == PROFILE_CPU_US ? SPAN_LIT("cpu_us")
	                                                 : SPAN_LIT("samples"));
	document_add_number(document, "compared", diff->compared);
	document_add_open(document, "functions", DOCUMENT_LIST, DOCUMENT_LINE);
	for (size_t i = 0; i < diff->row_count; i++) {
		json_break(json);
		add_function(document, diff, &diff->rows[i]);
	}
	document_close(document, DOCUMENT_LIST);
	document_close(document, DOCUMENT_MAP);
	json_line(json);
	return true;
}
