/* Two profiles compared, for programs: JSON, with the functions in the order of the table.
 *
 *	{"before": {"profile", "stacks", "left_out"}, "after": .., "weight": "samples" or "cpu_us", "compared",
 *	 "functions": [{"function", "kind", "file", "module", "sure", "self": SHARES, "total": SHARES}]}
 *	SHARES: {"before", "after", "change", "error", "chance"}
 *
 * Shares are 0 to 1; what error, chance and sure mean is in profile_diff.h. */
#include <stdio.h>

#include "merger/base/json.h"
#include "merger/formats/file_writers.h"
#include "merger/stats/profile_diff.h"

static void real_write(struct json *json, const char *key, double value)
{
	char text[40];
	int len = snprintf(text, sizeof(text), "%.6g", value);

	json_key(json, key);
	json_word(json, (struct span){ text, (size_t)len });
}

static void share_write(struct json *json, const char *key, const struct diff_share *share)
{
	json_key(json, key);
	json_open(json, '{');
	real_write(json, "before", share->before);
	real_write(json, "after", share->after);
	real_write(json, "change", diff_change(share));
	real_write(json, "error", share->error);
	real_write(json, "chance", share->chance);
	json_close(json, '}');
}

static void string_write(struct json *json, const struct profile_diff *diff, const char *key,
                         uint32_t id)
{
	if (!id)
		return;
	json_key(json, key);
	json_string(json, intern_get(diff->joint->intern, id));
}

static void row_write(struct json *json, const struct profile_diff *diff,
                      const struct diff_row *row)
{
	json_break(json);
	json_open(json, '{');
	string_write(json, diff, "function", row->frame->name);
	json_key(json, "kind");
	json_string(json, span_of(profile_kind_name(row->frame->kind)));
	string_write(json, diff, "file", row->frame->file);
	string_write(json, diff, "module", row->frame->module);
	json_key(json, "sure");
	json_word(json, row->sure ? SPAN_LIT("true") : SPAN_LIT("false"));
	share_write(json, "self", &row->self);
	share_write(json, "total", &row->total);
	json_close(json, '}');
}

static void side_write(struct json *json, const struct profile_diff *diff, const char *key,
                       enum diff_side side)
{
	json_break(json);
	json_key(json, key);
	json_open(json, '{');
	json_key(json, "profile");
	json_string(json, span_of(diff->sides[side].name));
	json_key(json, "stacks");
	json_number(json, diff->sides[side].stacks);
	json_key(json, "left_out");
	json_number(json, diff->sides[side].left_out);
	json_close(json, '}');
}

bool diff_json_write(const struct profile_diff *diff, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct json json = { .out = out };

	(void)view, (void)err; /* a write error shows in ferror(out) */
	json_open(&json, '{');
	side_write(&json, diff, "before", DIFF_BEFORE);
	side_write(&json, diff, "after", DIFF_AFTER);
	json_break(&json);
	json_key(&json, "weight");
	json_string(&json,
	            diff->weight == PROFILE_CPU_US ? SPAN_LIT("cpu_us") : SPAN_LIT("samples"));
	json_key(&json, "compared");
	json_number(&json, diff->compared);
	json_key(&json, "functions");
	json_open(&json, '[');
	for (size_t i = 0; i < diff->row_count; i++)
		row_write(&json, diff, &diff->rows[i]);
	json_close(&json, ']');
	json_close(&json, '}');
	json_line(&json);
	return true;
}
