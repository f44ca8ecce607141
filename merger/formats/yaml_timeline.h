/* yaml_timeline: the timeline of a YAML profile (yaml_schema.h): one string for each stack and
 * sample. */
#ifndef PMP_YAML_TIMELINE_H
#define PMP_YAML_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/formats/yaml_events.h"
#include "merger/formats/yaml_tree.h"
#include "merger/profile/profile.h"

/* Writing: returns list after list, text by text, for a profile with a timeline. */
struct yaml_timeline_texts {
	const struct profile *profile;
	const uint32_t *nodes; /* by node of the tree: its number */
	const char *key;       /* of the current list; NULL before the first */
	uint32_t step;         /* the last one written */
	struct timeline_cursor cursor;
};

/* Goes to the next list; false after the last. */
bool yaml_timeline_list(struct yaml_timeline_texts *texts);
/* Replaces `out` by the next text of this list; false after the last. */
bool yaml_timeline_text(struct yaml_timeline_texts *texts, struct buf *out);
void yaml_timeline_texts_deinit(struct yaml_timeline_texts *texts);

/* Reading: the data, until the tree and the threads are known. */
struct yaml_timeline {
	bool known;
	struct timeline_step *steps;
	size_t step_count, step_cap;
	size_t *step_lines; /* in the file */
	size_t step_line_cap;
	struct buf samples; /* each ends in a NUL */
	size_t *sample_lines;
	size_t sample_count, sample_cap;
};

void yaml_timeline_deinit(struct yaml_timeline *yaml);
/* Reads the value of "timeline", whose first event was read. */
bool yaml_timeline_read(struct yaml_events *reader, struct yaml_timeline *yaml);
/* Makes the profile's timeline. The tree is built, the threads are in the file's order. */
bool yaml_timeline_build(struct yaml_events *reader, const struct yaml_timeline *yaml,
                         const struct yaml_tree *tree, struct profile *profile);

#endif
