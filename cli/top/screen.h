/* screen: full-screen output to the terminal, and keys from it. Only this module uses ncurses and
 * changes terminal modes: unless pmp is killed by SIGKILL, screen_close restores them.
 *
 * Before it opens a screen, the caller must receive the signals that end pmp on a descriptor
 * (signals.h). screen_key handles Ctrl-Z and changes of the terminal's size. */
#ifndef PMP_SCREEN_H
#define PMP_SCREEN_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

/* Keys that are no characters. */
enum screen_key {
	SCREEN_NONE = 0,
	SCREEN_ENTER = '\n',
	SCREEN_ESCAPE = 27,
	SCREEN_BACKSPACE = 127,
	SCREEN_UP = 0x110000,
	SCREEN_DOWN,
	SCREEN_LEFT,
	SCREEN_RIGHT,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_CHANGED, /* new size, or pmp was stopped: draw everything again */
	SCREEN_GONE,    /* the terminal is gone */
	SCREEN_OTHER,   /* any other special key */
};

struct screen;

/* Checks that stdin and stdout are a terminal that can be drawn on; changes nothing yet. The caller
 * closes it. NULL: *err; ERROR_USAGE if the terminal is not suitable. */
struct screen *screen_open(struct error *err);
/* Restores the modes and the old screen. false: the terminal takes no output now, so that a write
 * to it would block. */
bool screen_close(struct screen *screen);

/* Readable when screen_key has work to do. */
int screen_fd(const struct screen *screen);
/* The next key: a byte of a character, or an enum screen_key. Never waits. */
int screen_key(struct screen *screen);

/* The first call of one of these functions, put or show takes the terminal over. */
unsigned screen_rows(struct screen *screen);
unsigned screen_columns(struct screen *screen);
/* True if the terminal can show characters beyond ASCII. */
bool screen_utf8(const struct screen *screen);
/* Replaces a row, from a column on. Text is UTF-8; it may hold ANSI colour sequences ("\33[1;31m"),
 * but no other control characters. It is cut at the right edge. */
void screen_put(struct screen *screen, unsigned row, unsigned column, struct span text);
/* Shows the rows that were put. */
void screen_show(struct screen *screen);

#endif
