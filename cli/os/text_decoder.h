/* text_decoder: text of other encodings becomes UTF-8 with newlines: UTF-16, with a byte order mark
 * or without; lines that end in a bare carriage return. */
#ifndef PMP_TEXT_DECODER_H
#define PMP_TEXT_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* {0}: at the start of a text. */
struct text_decoder {
	enum text_encoding { TEXT_UNKNOWN, TEXT_BYTES, TEXT_UTF16LE, TEXT_UTF16BE } encoding;
	bool bare_returns;  /* no newline ends a line */
	bool odd;           /* the last piece ended within a unit of UTF-16 */
	unsigned char half; /* its first byte */
	uint32_t high;      /* the first surrogate of a pair, or 0 */
	struct buf text;
};

void text_decoder_deinit(struct text_decoder *decoder);

/* Returns the text of the next piece: the piece itself, or text of the decoder, which is valid
 * until the next call. The first piece decides what the text is. A unit of UTF-16 that is half of
 * a character becomes U+FFFD. */
struct span text_decoder_next(struct text_decoder *decoder, struct span piece);

#endif
