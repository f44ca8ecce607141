#include "merger/base/suggest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 32u

/* Letters to add, take away, change or swap with their neighbour to get from a to b. Known as the
 * optimal string alignment distance. Both are at most WORD_MAX long. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			size_t best;

			if (!i || !j) {
				row[i][j] = i + j;
				continue;
			}
			best = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (row[i - 1][j] + 1 < best)
				best = row[i - 1][j] + 1;
			if (row[i][j - 1] + 1 < best)
				best = row[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[i - 2][j - 2] + 1 < best)
				best = row[i - 2][j - 2] + 1;
			row[i][j] = best;
		}
	}
	return row[a_len][b_len];
}

bool suggest_try(struct suggestion *hint, struct span candidate)
{
	struct span word = hint->word;
	size_t found;

	if (word.len < 2 || word.len > WORD_MAX || candidate.len > WORD_MAX)
		return false;
	if (span_starts(candidate, word))
		found = 1;
	else
		found = distance(word.ptr, word.len, candidate.ptr, candidate.len);
	if (found > (candidate.len > 3 ? 2u : 1u) || (hint->best.ptr && found >= hint->distance))
		return false;
	hint->best = candidate;
	hint->distance = found;
	return true;
}

const char *suggest_text(struct suggestion *hint, const char *before)
{
	hint->text[0] = '\0';
	if (hint->best.ptr)
		snprintf(hint->text, sizeof(hint->text), " (did you mean %s%.*s?)", before,
		         SPAN_ARG(hint->best));
	return hint->text;
}
