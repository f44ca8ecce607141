/* input_file: files, stdin, and the same packed with gzip. */
#ifndef PMP_INPUT_FILE_H
#define PMP_INPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"

/* Takes a piece of text; `err` is for what is wrong with it. */
typedef bool (*input_file_take)(void *ctx, struct span text, struct error *err);

/* Passes on all of a file's text, unpacked, piece by piece; "-" is stdin. What cannot be read, or is no text (a core file, UTF-16,
 * something packed by another program), is ERROR_INPUT with name and reason, and says what to do with it. false: that, or what
 * `take` said. */
bool input_file_each(const char *path, input_file_take take, void *ctx, struct error *err);
/* For messages. */
const char *input_file_name(const char *path);

/* All of it. More than INPUT_FILE_MAX bytes are an error. */
#define INPUT_FILE_MAX ((size_t)1 << 30)
bool input_file_read_all(const char *path, struct buf *ret, struct error *err);

#endif
