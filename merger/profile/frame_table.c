#include "merger/profile/frame_table.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void frame_table_init(struct frame_table *ret, bool by_line)
{
	*ret = (struct frame_table){ .by_line = by_line };
	ret->frames = alloc_grow(NULL, &ret->cap, 1, sizeof(*ret->frames));
	ret->frames[ret->count++] = (struct frame){ 0 };
}

void frame_table_deinit(struct frame_table *table)
{
	free(table->frames);
	free(table->steps);
	hash_index_deinit(&table->frame_index);
	hash_index_deinit(&table->step_index);
	*table = (struct frame_table){ 0 };
}

static uint32_t hash_frame(const struct frame *frame)
{
	uint64_t words[3];

	_Static_assert(sizeof(words) == sizeof(*frame), "a frame is three words");
	memcpy(words, frame, sizeof(words));
	return hash_index_hash(hash_index_mix(
	        hash_index_start(words[0] ^ words[1] * 0xc4ceb9fe1a85ec53u), words[2]));
}

static uint32_t number_frame(struct frame_table *table, struct frame frame)
{
	uint32_t hash, found;

	if (!table->by_line)
		frame.line = 0;
	hash = hash_frame(&frame);
	for (size_t at = hash;
	     (found = hash_index_next(&table->frame_index, hash, &at)) != HASH_INDEX_NONE;)
		if (!memcmp(&table->frames[found], &frame, sizeof(frame)))
			return found;
	table->frames =
	        alloc_grow(table->frames, &table->cap, table->count + 1, sizeof(*table->frames));
	table->frames[table->count] = frame;
	hash_index_add(&table->frame_index, hash, (uint32_t)table->count);
	return (uint32_t)table->count++;
}

uint32_t frame_table_number(struct frame_table *table, const struct frame *frame)
{
	uint32_t hash = hash_frame(frame), found;
	struct frame_step step = { .line = frame->line };

	for (size_t at = hash;
	     (found = hash_index_next(&table->step_index, hash, &at)) != HASH_INDEX_NONE;)
		if (frame_table_is_step(table, found, frame))
			return found;
	table->steps = alloc_grow(table->steps, &table->step_cap, table->step_count + 1,
	                          sizeof(*table->steps));
	step.frame = number_frame(table, *frame);
	table->steps[table->step_count] = step;
	hash_index_add(&table->step_index, hash, (uint32_t)table->step_count);
	return (uint32_t)table->step_count++;
}
