#include "merger/base/document.h"

/* The digits of a number, in the last bytes of `digits`. */
static struct span format_decimal(uint64_t number, char digits[20])
{
	size_t at = 20;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	return (struct span){ digits + at, 20 - at };
}

void document_open(struct document *document, enum document_shape shape,
                   enum document_layout layout)
{
	document->ops->open(document, shape, layout);
}

void document_close(struct document *document, enum document_shape shape)
{
	document->ops->close(document, shape);
}

void document_key(struct document *document, const char *key)
{
	document->ops->key(document, span_of(key));
}

void document_number_key(struct document *document, uint64_t key)
{
	char digits[20];

	document->ops->key(document, format_decimal(key, digits));
}

void document_word(struct document *document, enum document_word kind, struct span text)
{
	document->ops->word(document, kind, text);
}

void document_number(struct document *document, uint64_t number)
{
	char digits[20];

	document_word(document, DOCUMENT_NUMBER, format_decimal(number, digits));
}

void document_add_open(struct document *document, const char *key, enum document_shape shape,
                       enum document_layout layout)
{
	document_key(document, key);
	document_open(document, shape, layout);
}

void document_add_word(struct document *document, const char *key, enum document_word kind,
                       struct span text)
{
	document_key(document, key);
	document_word(document, kind, text);
}

void document_add_number(struct document *document, const char *key, uint64_t number)
{
	document_key(document, key);
	document_number(document, number);
}

void document_add_known(struct document *document, const char *key, uint64_t number)
{
	if (number)
		document_add_number(document, key, number);
}

void document_add_text(struct document *document, const char *key, struct span text)
{
	if (text.len)
		document_add_word(document, key, DOCUMENT_STRING, text);
}
