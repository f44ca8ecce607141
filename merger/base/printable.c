#include "merger/base/printable.h"

#include <string.h>

#include "merger/base/buf.h"
#include "merger/base/escape.h"

const char *printable_name(struct printable *shown, const char *name)
{
	static const char cut[] = "...";
	struct buf buf = { 0 };
	size_t room = sizeof(shown->text) - sizeof(cut);
	size_t len;

	escape_add(&buf, span_of(name));
	len = buf.len < room ? buf.len : room;
	/* Not in the middle of a character. */
	while (len < buf.len && len && ((unsigned char)buf.ptr[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(shown->text, buf.ptr, len);
	memcpy(shown->text + len, len < buf.len ? cut : "", len < buf.len ? sizeof(cut) : 1);
	buf_deinit(&buf);
	return shown->text;
}
