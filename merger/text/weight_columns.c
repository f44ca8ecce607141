#include "merger/text/weight_columns.h"

#include <inttypes.h>

#include "merger/base/number.h"
#include "merger/text/error_note.h"
#include "merger/text/text_style.h"
#include "merger/text/run_summary.h"

void weight_columns_init(struct weight_columns *ret, const struct profile *profile,
                         const struct write_options *view, bool intervals, FILE *out)
{
	int digits;

	*ret = (struct weight_columns){
		.profile = profile,
		.view = view,
		.out = out,
		.whole = tree_node(profile->tree, TREE_ROOT)->total,
		.intervals = intervals,
	};
	digits = snprintf(NULL, 0, "%" PRIu64, ret->whole);
	ret->count_width = digits > 7 ? digits : 7;
	if (intervals)
		tree_error_init(&ret->spread, profile, NULL, NULL);
}

void weight_columns_deinit(struct weight_columns *text)
{
	if (text->intervals)
		tree_error_deinit(&text->spread);
}

const char *weight_columns_unit(const struct weight_columns *text)
{
	return text->profile->weight == PROFILE_CPU_US ? "CPU us" : "samples";
}

static int error_columns(const struct weight_columns *text)
{
	return text->intervals ? text_error_columns(text->view) : 0;
}

int weight_columns_room(const struct weight_columns *text)
{
	return text->count_width + error_columns(text);
}

int weight_columns_columns(const struct weight_columns *text)
{
	return 7 + weight_columns_room(text);
}

void weight_columns_write(const struct weight_columns *text, uint64_t weight, size_t key)
{
	fprintf(text->out, "%5.1f%%", number_percent(weight, text->whole));
	if (text->intervals)
		text_error_write(text->view, text->out,
		                 tree_error_percent(&text->spread, key, weight));
	fprintf(text->out, " %*" PRIu64, text->count_width, weight);
}

void weight_columns_write_sum(const struct weight_columns *text, uint64_t weight)
{
	fprintf(text->out, "%5.1f%%%*s %*" PRIu64, number_percent(weight, text->whole),
	        error_columns(text), "", text->count_width, weight);
}

void weight_columns_finish(const struct weight_columns *text)
{
	fputc('\n', text->out);
	run_summary_write(text->profile, text->out);
	if (text->intervals)
		error_note_write(&text->spread, text->out);
}
