#include "merger/base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "merger/base/escape.h"

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;

	if (err->code != ERROR_NONE)
		return false;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	escape_mask(err->text);
	return false;
}
