/* buf: a growing byte array. The caller owns the struct; {0} is an empty buffer. */
#ifndef PMP_BUF_H
#define PMP_BUF_H

#include <stddef.h>

#include "merger/base/span.h"

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
};

void buf_deinit(struct buf *buf);
void buf_add(struct buf *buf, const char *from, size_t len);
void buf_add_span(struct buf *buf, struct span s);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for len more bytes and returns its address. The caller fills it and raises
 * buf->len. */
char *buf_reserve(struct buf *buf, size_t len);
/* Removes the first len bytes; the rest moves to the front. */
void buf_consume(struct buf *buf, size_t len);

static inline struct span buf_span(const struct buf *buf)
{
	return (struct span){ buf->ptr, buf->len };
}

static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}

#endif
