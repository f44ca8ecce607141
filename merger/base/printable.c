#include "merger/base/printable.h"

#include <string.h>

#include "merger/base/buf.h"
#include "merger/base/escape.h"

const char *printable_name(struct printable *ret, const char *name)
{
	static const char cut[] = "...";
	struct buf buf = { 0 };
	size_t room = sizeof(ret->text) - sizeof(cut);
	size_t len;

	escape_add(&buf, span_of(name));
	len = buf.len < room ? buf.len : room;
	/* A character is not split. */
	while (len < buf.len && len && ((unsigned char)buf.ptr[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(ret->text, buf.ptr, len);
	memcpy(ret->text + len, len < buf.len ? cut : "", len < buf.len ? sizeof(cut) : 1);
	buf_deinit(&buf);
	return ret->text;
}
