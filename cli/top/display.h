/* display: the screen of `pmp top`: redraws it while samples are added to a builder, and handles
 * keys. */
#ifndef PMP_DISPLAY_H
#define PMP_DISPLAY_H

#include <stdbool.h>

#include "merger/build/profile_builder.h"
#include "cli/options/options.h"
#include "cli/top/screen.h"

/* The longest window of recent samples that can be shown; the builder must keep it (recent_us). */
#define TOP_RECENT_US 60000000

struct top_display;

/* All three arguments must outlive the display. */
struct top_display *top_display_create(const struct options *options,
                                       struct profile_builder *builder, struct screen *screen);
/* Waits until a file that is being written is complete. */
void top_display_destroy(struct top_display *display);

/* Draws if it is due; call it often. seconds_left: time until the sampling ends; < 0: it has not
 * begun. */
void top_display_tick(struct top_display *display, double seconds_left);
/* Handles the keys that were pressed. false: the user quit, or the terminal is gone. */
bool top_display_keys(struct top_display *display);
/* Shows a message for some seconds. */
void top_display_note(struct top_display *display, const char *text);
/* Reports that the processes have ended, and keeps showing the data. */
void top_display_end(struct top_display *display);
/* The latest time for the next call of tick, as of clock_now_us. */
uint64_t top_display_due(const struct top_display *display);

#endif
