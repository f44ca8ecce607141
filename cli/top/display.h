/* display: the screen of `pmp top`: draws it anew while a builder is fed, and does what keys say. */
#ifndef PMP_DISPLAY_H
#define PMP_DISPLAY_H

#include <stdbool.h>

#include "merger/build/profile_builder.h"
#include "cli/options/options.h"
#include "cli/top/screen.h"

/* The longest time that can be looked at as the last seconds: what the builder is to keep (recent_us). */
#define TOP_RECENT_US 60000000

struct top_display;

/* Borrows all three. */
struct top_display *top_display_create(const struct options *options,
                                       struct profile_builder *builder, struct screen *screen);
/* Waits for a file that is still being written. */
void top_display_destroy(struct top_display *display);

/* To be called often: draws if it is time to. seconds_left: of the sampling; less than 0: it has not begun. */
void top_display_tick(struct top_display *display, double seconds_left);
/* Does what the keys say that are there. false: the person has seen enough, or is gone. */
bool top_display_keys(struct top_display *display);
/* A line for the person, for a while. */
void top_display_note(struct top_display *display, const char *text);
/* The processes have ended: says so, and shows what there was. */
void top_display_end(struct top_display *display);
/* When tick is to be called at the latest, as clock_now_us has it. */
uint64_t top_display_due(const struct top_display *display);

#endif
