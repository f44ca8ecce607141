/* yaml_timeline: the timeline of a YAML profile (yaml_schema.h), as texts, each of one stack or sample. */
#ifndef PMP_YAML_TIMELINE_H
#define PMP_YAML_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "profile.h"
#include "yaml_reader.h"
#include "yaml_tree.h"

/* Both clear `out` first. nodes: numbers of the tree's nodes. */
void yaml_timeline_stack(const struct timeline *timeline, uint32_t step, const uint32_t *nodes,
                         struct buf *out);
/* The sample that the cursor has read. */
void yaml_timeline_sample(const struct profile *profile, const struct timeline_cursor *cursor,
                          struct buf *out);

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
bool yaml_timeline_read(struct yaml_reader *reader, struct yaml_timeline *yaml);
/* Makes the profile's timeline. The tree is there, the threads are in the file's order. */
bool yaml_timeline_build(struct yaml_reader *reader, const struct yaml_timeline *yaml,
                         const struct yaml_tree *tree, struct profile *profile);

#endif
