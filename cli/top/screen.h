/* screen: the whole terminal, to draw on and to read keys from. All of ncurses is in here, so are the terminal's modes:
 * however pmp ends but by SIGKILL, screen_close has put back what was before.
 *
 * The caller is to have signals that end pmp on a descriptor (signals.h) before it opens a screen. Ctrl-Z and a change of
 * the terminal's size are dealt with in here, in screen_key. */
#ifndef PMP_SCREEN_H
#define PMP_SCREEN_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

/* What is no character. */
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
	SCREEN_CHANGED, /* it has another size, or was away: everything is to be drawn again */
	SCREEN_GONE,    /* nobody is there any more */
	SCREEN_OTHER,   /* a key of no meaning */
};

struct screen;

/* Looks whether stdin and stdout are a terminal that can be drawn on, but changes nothing yet. NULL: *err is
 * ERROR_USAGE. The caller closes it. */
struct screen *screen_open(struct error *err);
/* Puts everything back, and goes back to the screen that was before. false: the terminal takes nothing now, and whoever
 * writes to it waits. */
bool screen_close(struct screen *screen);

/* Readable when screen_key has something. */
int screen_fd(const struct screen *screen);
/* The next key, a character or an enum screen_key. Never waits. */
int screen_key(struct screen *screen);

/* The first of these takes the terminal over. */
unsigned screen_rows(struct screen *screen);
unsigned screen_columns(struct screen *screen);
/* Characters beyond ASCII can be shown. */
bool screen_utf8(const struct screen *screen);
/* Replaces a row, from a column on. Text is UTF-8, may hold ANSI's sequences for colours ("\33[1;31m") and no other
 * control characters, and is cut where the screen ends. */
void screen_put(struct screen *screen, unsigned row, unsigned column, struct span text);
/* Shows what was put. */
void screen_show(struct screen *screen);

#endif
