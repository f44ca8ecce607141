/* recording: a recorder's sink that keeps the text and the notes, for tests. */
#ifndef PMP_RECORDING_H
#define PMP_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cli/sampler/recorder.h"

struct recording {
	struct recorder_sink sink;
	struct recorder recorder;
	struct buf text;
	struct buf notes;  /* a line each */
	size_t full_after; /* texts that are taken before the sink reports an error */
};

static inline bool recording_take(void *ctx, const char *text, size_t len, struct error *err)
{
	struct recording *recording = ctx;

	if (!recording->full_after)
		return error_set(err, ERROR_OUTPUT, "no space left");
	recording->full_after--;
	buf_add(&recording->text, text, len);
	return true;
}

static inline void recording_note(void *ctx, const char *text)
{
	struct recording *recording = ctx;

	buf_add(&recording->notes, text, strlen(text));
	buf_add(&recording->notes, "\n", 1);
}

/* open: as after recorder_open, without its line. */
static inline void recording_init(struct recording *recording, bool open)
{
	*recording = (struct recording){ .full_after = SIZE_MAX };
	recording->sink = (struct recorder_sink){ .text = recording_take,
		                                  .note = recording_note,
		                                  .ctx = recording };
	recording->recorder = (struct recorder){ .sink = &recording->sink, .open = open };
}

static inline void recording_deinit(struct recording *recording)
{
	recorder_deinit(&recording->recorder);
	buf_deinit(&recording->text);
	buf_deinit(&recording->notes);
}

/* As a C string; the text stays as it is. */
static inline const char *recording_text(struct buf *text)
{
	buf_reserve(text, 1)[0] = '\0';
	return text->ptr;
}

static inline bool recording_has(struct recording *recording, const char *part)
{
	return strstr(recording_text(&recording->text), part) != NULL;
}

/* How often the text has this part. */
static inline size_t recording_count(struct recording *recording, const char *part)
{
	size_t count = 0, len = strlen(part);

	/* Not strstr: a sanitizer's measures the whole text each time. */
	for (const char *at = recording_text(&recording->text); *at; at++)
		count += *at == *part && !strncmp(at, part, len);
	return count;
}

#endif
