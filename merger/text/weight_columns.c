#include "merger/text/weight_columns.h"

#include <inttypes.h>

#include "merger/base/number.h"
#include "merger/text/error_note.h"
#include "merger/text/text_style.h"
#include "merger/text/run_summary.h"

void weight_text_init(struct weight_text *ret, const struct profile *profile,
                      const struct write_options *view, bool intervals, FILE *out)
{
	int digits;

	*ret = (struct weight_text){
		.profile = profile,
		.view = view,
		.out = out,
		.whole = tree_node(profile->tree, TREE_ROOT)->total,
		.intervals = intervals,
	};
	digits = snprintf(NULL, 0, "%" PRIu64, ret->whole);
	ret->count_width = digits > 7 ? digits : 7;
	if (intervals)
		tree_spread_init(&ret->spread, profile, NULL, NULL);
}

void weight_text_deinit(struct weight_text *text)
{
	if (text->intervals)
		tree_spread_deinit(&text->spread);
}

const char *weight_text_unit(const struct weight_text *text)
{
	return text->profile->weight == PROFILE_CPU_US ? "CPU us" : "samples";
}

static int error_columns(const struct weight_text *text)
{
	return text->intervals ? text_error_columns(text->view) : 0;
}

int weight_text_room(const struct weight_text *text)
{
	return text->count_width + error_columns(text);
}

int weight_text_columns(const struct weight_text *text)
{
	return 7 + weight_text_room(text);
}

void weight_text_write(const struct weight_text *text, uint64_t weight, size_t key)
{
	fprintf(text->out, "%5.1f%%", number_percent(weight, text->whole));
	if (text->intervals)
		text_error_write(text->view, text->out,
		                 tree_spread_percent(&text->spread, key, weight));
	fprintf(text->out, " %*" PRIu64, text->count_width, weight);
}

void weight_text_write_sum(const struct weight_text *text, uint64_t weight)
{
	fprintf(text->out, "%5.1f%%%*s %*" PRIu64, number_percent(weight, text->whole),
	        error_columns(text), "", text->count_width, weight);
}

void weight_text_finish(const struct weight_text *text)
{
	fputc('\n', text->out);
	tree_summary_write(text->profile, text->out);
	if (text->intervals)
		spread_note_write(&text->spread, text->out);
}
