/* write_options: how a profile is written, whatever the format is. */
#ifndef PMP_WRITE_OPTIONS_H
#define PMP_WRITE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct write_options {
	bool full_paths;
	bool colour;        /* tree: ANSI colours */
	bool ascii;         /* tree: guides in ASCII, for a terminal without UTF-8 */
	unsigned width;     /* tree: columns to keep to; 0: no limit */
	double min_percent; /* tree: nodes below it are folded into one line; 0: none */
	bool intervals;     /* tree, flat: percentages with their error */
	uint64_t rows;      /* flat: at most; 0: 30 */
};

#endif
