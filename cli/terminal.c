#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80u
#define WIDTH_MAX 1000000u

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

bool terminal_is(FILE *file)
{
	return isatty(fileno(file));
}

unsigned terminal_width(FILE *file)
{
	struct winsize size;
	unsigned long columns;

	if (!terminal_is(file))
		return 0;
	if (!ioctl(fileno(file), TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	columns = is_set("COLUMNS") ? strtoul(getenv("COLUMNS"), NULL, 10) : 0;
	return columns && columns < WIDTH_MAX ? (unsigned)columns : WIDTH_DEFAULT;
}

bool terminal_colour(FILE *file)
{
	return terminal_is(file) && !is_set("NO_COLOR") && is_set("TERM") &&
	       strcmp(getenv("TERM"), "dumb") != 0;
}

bool terminal_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_set(names[i]))
			return strcasestr(getenv(names[i]), "UTF-8") ||
			       strcasestr(getenv(names[i]), "UTF8");
	return false;
}
