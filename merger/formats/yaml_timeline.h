/* yaml_timeline: the timeline of a YAML profile (yaml_schema.h), as texts, each of one stack or sample. */
#ifndef PMP_YAML_TIMELINE_H
#define PMP_YAML_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/profile/profile.h"
#include "merger/formats/yaml_events.h"
#include "merger/formats/yaml_tree.h"

/* What is written, text by text: list after list of a profile that has a timeline. */
struct yaml_timeline_texts {
	const struct profile *profile;
	const uint32_t *nodes; /* the numbers of the tree's nodes */
	const char *key;       /* of this list; NULL before the first */
	uint32_t step;         /* the last one that was written */
	struct timeline_cursor cursor;
};

/* Goes to the next list; false behind the last. */
bool yaml_timeline_list(struct yaml_timeline_texts *texts);
/* The next text of this list, in place of what `out` had; false behind the last. */
bool yaml_timeline_text(struct yaml_timeline_texts *texts, struct buf *out);
void yaml_timeline_texts_deinit(struct yaml_timeline_texts *texts);

/* What was read, until the tree and the threads are known. */
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
/* Reads the value of "timeline", whose first event is there. */
bool yaml_timeline_read(struct yaml_events *reader, struct yaml_timeline *yaml);
/* Makes the profile's timeline. The tree is there, the threads are in the file's order. */
bool yaml_timeline_build(struct yaml_events *reader, const struct yaml_timeline *yaml,
                         const struct yaml_tree *tree, struct profile *profile);

#endif
