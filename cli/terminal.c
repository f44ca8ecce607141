#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80u
#define WIDTH_MAX 1000000u

/* NULL if it is empty, too. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool terminal_is(FILE *file)
{
	return isatty(fileno(file));
}

unsigned terminal_width(FILE *file)
{
	const char *told = variable("COLUMNS");
	struct winsize size;
	unsigned long columns;

	if (!terminal_is(file))
		return 0;
	if (!ioctl(fileno(file), TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	columns = told ? strtoul(told, NULL, 10) : 0;
	return columns && columns < WIDTH_MAX ? (unsigned)columns : WIDTH_DEFAULT;
}

bool terminal_colour(FILE *file)
{
	const char *term = variable("TERM");

	return terminal_is(file) && !variable("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

bool terminal_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL;

	for (size_t i = 0; !locale && i < sizeof(names) / sizeof(names[0]); i++)
		locale = variable(names[i]);
	return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}
