#include "cli/os/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SIZE_LIMIT 1000000u

/* NULL: unset or empty. */
static const char *find_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool terminal_is_tty(FILE *file)
{
	return isatty(fileno(file));
}

/* The size that the terminal reported (0: none), else the variable's, else `otherwise`. */
static unsigned choose_size(unsigned short reported, const char *name, unsigned otherwise)
{
	const char *value = find_variable(name);
	unsigned long number = value ? strtoul(value, NULL, 10) : 0;

	if (reported)
		return reported;
	return number && number < SIZE_LIMIT ? (unsigned)number : otherwise;
}

static struct winsize read_window_size(FILE *file)
{
	struct winsize size = { 0 };

	if (ioctl(fileno(file), TIOCGWINSZ, &size))
		size = (struct winsize){ 0 };
	return size;
}

unsigned terminal_width(FILE *file)
{
	return terminal_is_tty(file) ? choose_size(read_window_size(file).ws_col, "COLUMNS", 80)
	                             : 0;
}

unsigned terminal_height(FILE *file)
{
	return terminal_is_tty(file) ? choose_size(read_window_size(file).ws_row, "LINES", 24) : 0;
}

bool terminal_is_dumb(void)
{
	const char *term = find_variable("TERM");

	return !term || !strcmp(term, "dumb");
}

static enum terminal_colours colours_set;

void terminal_set_colours(enum terminal_colours colours)
{
	colours_set = colours;
}

bool terminal_has_colour(FILE *file)
{
	const char *force = find_variable("CLICOLOR_FORCE");

	if (colours_set != COLOURS_AUTO)
		return colours_set == COLOURS_ALWAYS;
	if (find_variable("NO_COLOR"))
		return false;
	return (force && strcmp(force, "0") != 0) || (terminal_is_tty(file) && !terminal_is_dumb());
}

bool terminal_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL;

	for (size_t i = 0; !locale && i < sizeof(names) / sizeof(names[0]); i++)
		locale = find_variable(names[i]);
	return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}
