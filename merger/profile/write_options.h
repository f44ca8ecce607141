/* write_options: options of all writers of profiles; each uses those that its format has. */
#ifndef PMP_WRITE_OPTIONS_H
#define PMP_WRITE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct write_options {
	bool full_paths;
	bool colour;        /* tree: ANSI colours */
	bool ascii;         /* tree: guides in ASCII, for a terminal without UTF-8 */
	unsigned width;     /* tree: maximum columns; 0: no limit */
	bool all;           /* tree: show all frames of a recursion */
	double min_percent; /* tree: smaller nodes are folded into one line; 0: none are */
	bool intervals;     /* tree, flat: percentages with confidence intervals */
	uint64_t rows;      /* flat: maximum rows; 0: 30 */
};

#endif
