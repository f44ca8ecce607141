/* text_style: how kinds of frames look in text for people: the tree's and the tables'. */
#ifndef PMP_TEXT_STYLE_H
#define PMP_TEXT_STYLE_H

#include <stdio.h>

#include "merger/profile/frame.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

/* ANSI colours (ECMA-48, SGR). */
#define TEXT_DIM "\33[2m"
#define TEXT_BOLD "\33[1m"
#define TEXT_HOT "\33[1;31m"
#define TEXT_OFF "\33[0m"
#define TEXT_HOT_PERCENT 10 /* self from which a number is hot */

struct text_style {
	const char *tag; /* two columns */
	const char *colour;
};

const struct text_style *text_kind_style(enum frame_kind kind);
/* Writes the colour, if colours are wanted. */
void text_style_write(const struct write_options *view, FILE *out, const char *colour);

/* Why there is nothing to show. */
void text_nothing_write(const struct profile *profile, FILE *out);

/* "±", or what stands for it in ASCII. */
const char *text_plus_minus(const struct write_options *view);
/* Writes " ± 1.2", the error of a percentage, in as many columns as text_error_columns says. */
void text_error_write(const struct write_options *view, FILE *out, double percent);
int text_error_columns(const struct write_options *view);

/* Writes a function at a row's end, behind `used` columns: cut off where the view's width ends, but not so short that it says
 * nothing. */
void text_function_write(const struct write_options *view, FILE *out, const struct intern *intern,
                         const struct frame *frame, int used);

#endif
