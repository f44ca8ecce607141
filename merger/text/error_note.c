#include "merger/text/error_note.h"

#include <inttypes.h>
#include <math.h>

#include "merger/profile/label.h"
#include "merger/base/number.h"
#include "merger/profile/function_totals.h"

#define ROWS 5        /* of which each is compared with the next one */
#define TIMES_MAX 1e6 /* more are not worth a number */
#define SHARE_MIN 1.0 /* percent: below it nobody asks for an order */

static void label_write(const struct tree_error *spread, const struct frame *frame, FILE *out)
{
	const struct label_options options = { false, false };
	struct buf label = { 0 };

	label_add(&label, spread->profile->intern, frame, &options);
	fwrite(label.ptr, 1, label.len, out);
	buf_deinit(&label);
}

/* Two shares, 0 to 1, of one whole, each with its error: what one has the other lacks, as the cells of a multinomial do. */
static double difference_error(double share, double error, double other, double other_error)
{
	double away = (1 - share) * (1 - other);
	double together = away > 0 ? fmin(1, sqrt(share * other / away)) : 1;

	return sqrt(error * error + other_error * other_error + 2 * together * error * other_error);
}

/* Is it chance that the first one is before the second? Then the note says so. */
static bool pair_write(const struct tree_error *spread, const struct function_totals_row *first,
                       const struct function_totals_row *second, double first_error,
                       double second_error, FILE *out)
{
	uint64_t whole = tree_node(spread->profile->tree, TREE_ROOT)->total;
	double apart = number_percent(first->self - second->self, whole);
	double error = difference_error(number_percent(first->self, whole) / 100, first_error,
	                                number_percent(second->self, whole) / 100, second_error);
	double needed;

	if (apart > error || number_percent(second->self, whole) < SHARE_MIN)
		return false;
	fputs("note: too few samples to tell which of ", out);
	label_write(spread, first->frame, out);
	fputs(" and ", out);
	label_write(spread, second->frame, out);
	fprintf(out, " has more self weight (%.1f and %.1f %%)", number_percent(first->self, whole),
	        number_percent(second->self, whole));
	needed = apart > 0 ? spread->spread.samples * (error / apart) * (error / apart) : INFINITY;
	needed /= spread->spread.samples;
	if (needed < TIMES_MAX)
		fprintf(out, ": some %.*f times as many would tell", needed < 10, needed);
	fputc('\n', out);
	return true;
}

void error_note_write(const struct tree_error *spread, FILE *out)
{
	const struct profile *profile = spread->profile;
	struct function_totals top;
	double errors[ROWS + 1] = { 0 };

	if (!tree_node(profile->tree, TREE_ROOT)->total)
		return;
	fprintf(out, "errors:  95 %% intervals, from %.0f stack%s", spread->spread.samples,
	        spread->spread.samples == 1 ? "" : "s");
	if (spread->spread.parts)
		fprintf(out, " and their spread over %zu parts of the run", spread->spread.parts);
	if (spread->spread.independent < 0.95 * spread->spread.samples)
		fprintf(out, "; they tell as much as %.0f independent ones",
		        spread->spread.independent);
	fputc('\n', out);
	function_totals_init(&top, profile->tree, profile->intern, TOTALS_BY_SELF, ROWS + 1);
	for (size_t i = 0; i < top.count; i++)
		errors[i] = tree_error_percent(spread,
		                               tree_error_function_self(spread, top.rows[i].number),
		                               top.rows[i].self);
	for (size_t i = 0; i + 1 < top.count; i++)
		if (pair_write(spread, &top.rows[i], &top.rows[i + 1], errors[i], errors[i + 1],
		               out))
			break;
	function_totals_deinit(&top);
}
