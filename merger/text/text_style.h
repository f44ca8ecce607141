/* text_style: colours and tags of the kinds of frames, in the tree and the tables. */
#ifndef PMP_TEXT_STYLE_H
#define PMP_TEXT_STYLE_H

#include <stdio.h>

#include "merger/profile/frame.h"
#include "merger/profile/write_options.h"

/* ANSI colours (ECMA-48, SGR). */
#define TEXT_DIM "\33[2m"
#define TEXT_BOLD "\33[1m"
#define TEXT_HOT "\33[1;31m"
#define TEXT_OFF "\33[0m"
#define TEXT_HOT_PERCENT 10 /* percent of self weight from which a number is highlighted */

struct text_style {
	const char *tag; /* two columns */
	const char *colour;
};

const struct text_style *text_style_of_kind(enum frame_kind kind);
/* Writes the colour if options->colour. */
void text_style_write(const struct write_options *options, FILE *out, const char *colour);

#endif
