#include "cli/os/text_decoder.h"

/* Bytes of the first piece that show the encoding. */
#define LOOKED_AT 4096
#define REPLACEMENT 0xfffd

void text_decoder_deinit(struct text_decoder *decoder)
{
	buf_deinit(&decoder->text);
}

static size_t count_zeros(struct span text, size_t from)
{
	size_t count = 0;

	for (size_t i = from; i < text.len && i < LOOKED_AT; i += 2)
		count += text.ptr[i] == '\0';
	return count;
}

/* Text that is mostly ASCII has a zero in each unit of UTF-16, at the same place. */
static enum text_encoding guess_encoding(struct span text)
{
	size_t units = (text.len < LOOKED_AT ? text.len : LOOKED_AT) / 2;
	size_t even = count_zeros(text, 0), odd = count_zeros(text, 1);

	if (span_starts(text, SPAN_LIT("\xff\xfe")) || (!even && odd > units / 2))
		return TEXT_UTF16LE;
	if (span_starts(text, SPAN_LIT("\xfe\xff")) || (!odd && even > units / 2))
		return TEXT_UTF16BE;
	return TEXT_BYTES;
}

static void add_utf8(struct buf *to, uint32_t code)
{
	char bytes[4];
	size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = count; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(first[count] | code);
	buf_add(to, bytes, count);
}

static void take_unit(struct text_decoder *decoder, uint32_t unit)
{
	const uint32_t high = decoder->high;

	decoder->high = 0;
	if (high && unit >= 0xdc00 && unit <= 0xdfff) {
		add_utf8(&decoder->text, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
		return;
	}
	if (high)
		add_utf8(&decoder->text, REPLACEMENT);
	if (unit >= 0xd800 && unit <= 0xdbff)
		decoder->high = unit;
	else
		add_utf8(&decoder->text, unit >= 0xdc00 && unit <= 0xdfff ? REPLACEMENT : unit);
}

static void decode_units(struct text_decoder *decoder, struct span piece)
{
	const bool little = decoder->encoding == TEXT_UTF16LE;

	for (size_t i = 0; i < piece.len; i++) {
		unsigned char byte = (unsigned char)piece.ptr[i];

		if (decoder->odd)
			take_unit(decoder, little ? (uint32_t)byte << 8 | decoder->half
			                          : (uint32_t)decoder->half << 8 | byte);
		decoder->half = byte;
		decoder->odd = !decoder->odd;
	}
}

/* A carriage return at the end of the piece may come before a newline. */
static bool has_bare_returns(struct span text)
{
	return text.len && memchr(text.ptr, '\r', text.len - 1) && !span_has(text, '\n');
}

static struct span end_lines(struct text_decoder *decoder, struct span text)
{
	if (decoder->encoding == TEXT_BYTES)
		buf_add_span(&decoder->text, text);
	for (size_t i = 0; i < decoder->text.len; i++)
		if (decoder->text.ptr[i] == '\r')
			decoder->text.ptr[i] = '\n';
	return buf_span(&decoder->text);
}

struct span text_decoder_next(struct text_decoder *decoder, struct span piece)
{
	const bool first = decoder->encoding == TEXT_UNKNOWN;

	if (first)
		decoder->encoding = guess_encoding(piece);
	buf_clear(&decoder->text);
	if (decoder->encoding != TEXT_BYTES) {
		decode_units(decoder, piece);
		piece = buf_span(&decoder->text);
	}
	if (first) {
		span_take(&piece, SPAN_BOM);
		decoder->bare_returns = has_bare_returns(piece);
	}
	return decoder->bare_returns ? end_lines(decoder, piece) : piece;
}
