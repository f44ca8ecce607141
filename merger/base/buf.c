#include "merger/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

void buf_deinit(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){ 0 };
}

char *buf_reserve(struct buf *buf, size_t len)
{
	buf->ptr = alloc_grow(buf->ptr, &buf->cap, buf->len + len, 1);
	return buf->ptr + buf->len;
}

void buf_add(struct buf *buf, const char *from, size_t len)
{
	if (!len)
		return;
	memcpy(buf_reserve(buf, len), from, len);
	buf->len += len;
}

void buf_add_span(struct buf *buf, struct span s)
{
	buf_add(buf, s.ptr, s.len);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len <= 0)
		return;
	buf_reserve(buf, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf->len = 0;
		return;
	}
	memmove(buf->ptr, buf->ptr + len, buf->len - len);
	buf->len -= len;
}
