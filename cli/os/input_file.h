/* input_file: reads files and stdin; input that is packed with gzip is unpacked, and UTF-16 becomes
 * UTF-8 (text_decoder.h). */
#ifndef PMP_INPUT_FILE_H
#define PMP_INPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"

/* Takes a piece of text; *err is for errors in the text. */
typedef bool (*input_file_take)(void *ctx, struct span text, struct error *err);

/* Passes all text of a file, unpacked, to `take`, piece by piece; "-" is stdin. ERROR_INPUT, with
 * name, reason and cure: the file cannot be read, or it is no text (a core file, a file packed by
 * another program). false: that error, or `take` returned false. */
bool input_file_each(const char *path, input_file_take take, void *ctx, struct error *err);
/* The file's name for messages: "-" is "standard input". */
const char *input_file_name(const char *path);

/* Reads the whole file. More than INPUT_FILE_MAX bytes are an error. */
#define INPUT_FILE_MAX ((size_t)1 << 30)
bool input_file_read_all(const char *path, struct buf *ret, struct error *err);

#endif
