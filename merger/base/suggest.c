#include "merger/base/suggest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 32u

/* The optimal string alignment distance: the number of letters to insert, delete, replace or swap
 * with their neighbour to get from a to b. Both have at most WORD_MAX letters. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
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

bool suggest_try(struct suggestion *suggestion, struct span candidate)
{
	struct span word = suggestion->word;
	size_t found;

	if (word.len < 2 || word.len > WORD_MAX || candidate.len > WORD_MAX)
		return false;
	if (span_starts(candidate, word))
		found = 1;
	else
		found = edit_distance(word.ptr, word.len, candidate.ptr, candidate.len);
	if (found > (candidate.len > 3 ? 2u : 1u) ||
	    (suggestion->best.ptr && found >= suggestion->distance))
		return false;
	suggestion->best = candidate;
	suggestion->distance = found;
	return true;
}

const char *suggest_text(struct suggestion *suggestion, const char *before)
{
	suggestion->text[0] = '\0';
	if (suggestion->best.ptr)
		snprintf(suggestion->text, sizeof(suggestion->text), " (did you mean %s%.*s?)",
		         before, SPAN_ARG(suggestion->best));
	return suggestion->text;
}
