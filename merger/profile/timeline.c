#include "merger/profile/timeline.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/varint.h"

#define NEVER SIZE_MAX

struct timeline *timeline_create(size_t max)
{
	struct timeline *timeline = alloc_zeroed(1, sizeof(*timeline));

	timeline->max = max;
	timeline->steps = alloc_grow(NULL, &timeline->step_cap, 1, sizeof(*timeline->steps));
	timeline->steps[timeline->step_count++] =
	        (struct timeline_step){ 0, TREE_ROOT, 0, QUALITY_COUNT };
	return timeline;
}

void timeline_destroy(struct timeline *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->target_count; i++)
		free(timeline->targets[i].live);
	free(timeline->targets);
	free(timeline->steps);
	free(timeline->slots);
	free(timeline->threads);
	free(timeline->changes);
	free(timeline->last);
	hash_index_deinit(&timeline->step_index);
	hash_index_deinit(&timeline->target_index);
	hash_index_deinit(&timeline->slot_index);
	buf_deinit(&timeline->bytes);
	free(timeline);
}

size_t timeline_bytes(const struct timeline *timeline)
{
	return timeline->bytes.len +
	       timeline->step_count *
	               (sizeof(struct timeline_step) + sizeof(struct hash_index_slot)) +
	       timeline->slot_count *
	               (sizeof(struct timeline_slot) + sizeof(struct hash_index_slot) + 4);
}

/* Steps. */

static uint32_t hash_step(const struct timeline_step *step)
{
	uint64_t mixed = hash_index_mix(hash_index_start(step->parent), step->node);

	return hash_index_hash(hash_index_mix(mixed, (uint64_t)step->mark << 32 | step->line));
}

uint32_t timeline_step(struct timeline *timeline, const struct timeline_step *step)
{
	uint32_t hash = hash_step(step), found;

	for (size_t at = hash;
	     (found = hash_index_next(&timeline->step_index, hash, &at)) != HASH_INDEX_NONE;) {
		const struct timeline_step *known = &timeline->steps[found];

		if (known->parent == step->parent && known->node == step->node &&
		    known->line == step->line && known->mark == step->mark)
			return found;
	}
	timeline->steps = alloc_grow(timeline->steps, &timeline->step_cap, timeline->step_count + 1,
	                             sizeof(*timeline->steps));
	found = (uint32_t)timeline->step_count++;
	timeline->steps[found] = *step;
	hash_index_add(&timeline->step_index, hash, found);
	return found;
}

static uint32_t get_line(const struct tree *tree, const struct frame *frame)
{
	bool has = frame_is_script(frame->kind) || frame->kind == FRAME_NATIVE;

	return has && !tree_by_line(tree) ? frame->line : 0;
}

uint32_t timeline_stack(struct timeline *timeline, const struct tree *tree, uint32_t leaf,
                        const struct frame *frames, size_t count, enum merge_quality quality)
{
	uint32_t step = TIMELINE_ROOT, node = leaf;
	size_t same = timeline->last_count;

	if (timeline->full || !count)
		return TIMELINE_ROOT;
	timeline->last =
	        alloc_grow(timeline->last, &timeline->last_cap, count, sizeof(*timeline->last));
	if (same > count - 1)
		same = count - 1; /* the step of the leaf also has the quality */
	for (size_t i = count; i-- > 0; node = tree_node(tree, node)->parent) {
		struct timeline_last *last = &timeline->last[i];
		uint32_t line = get_line(tree, &frames[i]);

		if (i < same && (last->node != node || last->line != line))
			same = i;
		/* `step` is set or kept below. */
		last->node = node;
		last->line = line;
	}
	if (same)
		step = timeline->last[same - 1].step;
	for (size_t i = same; i < count; i++) {
		const struct timeline_step next = { step, timeline->last[i].node,
			                            timeline->last[i].line,
			                            i + 1 < count ? QUALITY_COUNT : quality };

		step = timeline_step(timeline, &next);
		timeline->last[i].step = step;
	}
	timeline->last_count = count - 1;
	return step;
}

/* Targets and threads. */

uint32_t timeline_target(struct timeline *timeline, uint32_t pid)
{
	uint32_t hash = hash_index_hash(hash_index_start(pid)), found;

	for (size_t at = hash;
	     (found = hash_index_next(&timeline->target_index, hash, &at)) != HASH_INDEX_NONE;)
		if (timeline->targets[found].pid == pid)
			return found;
	timeline->targets = alloc_grow(timeline->targets, &timeline->target_cap,
	                               timeline->target_count + 1, sizeof(*timeline->targets));
	found = (uint32_t)timeline->target_count++;
	timeline->targets[found] = (struct timeline_target){ .pid = pid };
	hash_index_add(&timeline->target_index, hash, found);
	return found;
}

uint32_t timeline_slot(struct timeline *timeline, uint32_t target, uint32_t pid, uint32_t tid,
                       uint32_t nth)
{
	uint64_t mixed = hash_index_mix(hash_index_start((uint64_t)pid << 32 | tid), target);
	uint32_t hash = hash_index_hash(hash_index_mix(mixed, nth)), found;

	for (size_t at = hash;
	     (found = hash_index_next(&timeline->slot_index, hash, &at)) != HASH_INDEX_NONE;) {
		const struct timeline_slot *slot = &timeline->slots[found];

		if (slot->target == target && slot->pid == pid && slot->tid == tid &&
		    slot->nth == nth)
			return found;
	}
	timeline->slots = alloc_grow(timeline->slots, &timeline->slot_cap, timeline->slot_count + 1,
	                             sizeof(*timeline->slots));
	found = (uint32_t)timeline->slot_count++;
	timeline->slots[found] = (struct timeline_slot){
		.target = target, .pid = pid, .tid = tid, .nth = nth, .sample = NEVER
	};
	hash_index_add(&timeline->slot_index, hash, found);
	return found;
}

static void add_live(struct timeline *timeline, uint32_t at)
{
	struct timeline_slot *slot = &timeline->slots[at];
	struct timeline_target *target = &timeline->targets[slot->target];

	target->live = alloc_grow(target->live, &target->live_cap, target->live_count + 1,
	                          sizeof(*target->live));
	slot->live = (uint32_t)target->live_count;
	target->live[target->live_count++] = at;
}

static void remove_live(struct timeline *timeline, uint32_t at)
{
	const struct timeline_slot *slot = &timeline->slots[at];
	struct timeline_target *target = &timeline->targets[slot->target];
	uint32_t moved = target->live[--target->live_count];

	target->live[slot->live] = moved;
	timeline->slots[moved].live = slot->live;
}

/* The difference of two numbers, which wraps around; bit 0 is the sign. */
static uint64_t encode_signed(uint64_t from, uint64_t to)
{
	uint64_t diff = to - from;

	return diff << 1 ^ (diff >> 63 ? UINT64_MAX : 0);
}

static uint64_t decode_signed(uint64_t from, uint64_t code)
{
	return from + (code >> 1 ^ (code & 1 ? UINT64_MAX : 0));
}

static bool is_same_entry(const struct timeline_entry *a, const struct timeline_entry *b)
{
	return a->stack == b->stack && a->state == b->state && a->has_cpu == b->has_cpu &&
	       a->cpu_us == b->cpu_us;
}

void timeline_change(struct timeline *timeline, uint32_t slot, const struct timeline_entry *entry)
{
	struct timeline_slot *to = &timeline->slots[slot];
	bool was = to->entry.stack != TIMELINE_ROOT, is = entry->stack != TIMELINE_ROOT;

	if (!was && !is)
		return;
	timeline->changes = alloc_grow(timeline->changes, &timeline->changes_cap,
	                               timeline->open_count + 1, sizeof(*timeline->changes));
	timeline->changes[timeline->open_count++] = (struct timeline_change){ slot, *entry };
	to->entry = *entry;
	if (is && !was)
		add_live(timeline, slot);
	else if (!is)
		remove_live(timeline, slot);
}

static void put_changes(struct timeline *timeline)
{
	struct buf *bytes = &timeline->bytes;
	uint32_t before = 0;

	varint_put(bytes, timeline->open_count);
	for (size_t i = 0; i < timeline->open_count; i++) {
		const struct timeline_change *change = &timeline->changes[i];
		const struct timeline_entry *entry = &change->entry;

		varint_put(bytes, encode_signed(before, change->slot));
		varint_put(bytes, entry->stack);
		before = change->slot;
		if (entry->stack == TIMELINE_ROOT)
			continue;
		buf_add(bytes, &entry->state, 1);
		varint_put(bytes, entry->has_cpu ? entry->cpu_us << 1 | 1 : 0);
	}
}

static void add_totals(struct timeline *timeline, const struct timeline_target *target)
{
	timeline->sample_count++;
	timeline->change_count += timeline->open_count;
	timeline->stacks += target->live_count;
	for (size_t i = 0; i < timeline->open_count; i++) {
		timeline->with_cpu += timeline->changes[i].entry.has_cpu;
		timeline->with_state += timeline->changes[i].entry.state != 0;
	}
	if (timeline->time_us > timeline->last_us)
		timeline->last_us = timeline->time_us;
}

void timeline_commit(struct timeline *timeline, const struct timeline_sample *sample)
{
	struct buf *bytes = &timeline->bytes;
	uint32_t target = timeline_target(timeline, sample->pid);

	varint_put(bytes, encode_signed(timeline->time_us, sample->time_us));
	varint_put(bytes, target);
	varint_put(bytes, sample->late | sample->failed << 1);
	varint_put(bytes, sample->pause_us);
	put_changes(timeline);
	timeline->time_us = sample->time_us;
	add_totals(timeline, &timeline->targets[target]);
	timeline->open_count = 0;
}

void timeline_add(struct timeline *timeline, uint32_t pid, uint32_t tid,
                  const struct timeline_entry *entry)
{
	if (timeline->full || entry->stack == TIMELINE_ROOT)
		return;
	timeline->threads = alloc_grow(timeline->threads, &timeline->thread_cap,
	                               timeline->thread_count + 1, sizeof(*timeline->threads));
	timeline->threads[timeline->thread_count++] = (struct timeline_thread){ pid, tid, *entry };
}

size_t timeline_drop(struct timeline *timeline)
{
	size_t count = timeline->thread_count;

	timeline->thread_count = 0;
	timeline->last_count = 0;
	return count;
}

/* The slot of a thread in this sample. A thread that is named again gets another slot. */
static uint32_t find_thread_slot(struct timeline *timeline, uint32_t target,
                                 const struct timeline_thread *thread)
{
	uint32_t at = timeline_slot(timeline, target, thread->pid, thread->tid, 0);
	struct timeline_slot *slot = &timeline->slots[at];

	if (slot->sample != timeline->sample_count) {
		slot->sample = timeline->sample_count;
		slot->named = 1;
		return at;
	}
	at = timeline_slot(timeline, target, thread->pid, thread->tid, slot->named++);
	timeline->slots[at].sample = timeline->sample_count;
	return at;
}

void timeline_close(struct timeline *timeline, const struct timeline_sample *sample)
{
	static const struct timeline_entry gone = { 0 };
	uint32_t at;

	if (!timeline->full && timeline_bytes(timeline) > timeline->max) {
		timeline->full = true;
		timeline->full_us = sample->time_us;
	}
	if (timeline->full) {
		timeline_drop(timeline);
		return;
	}
	at = timeline_target(timeline, sample->pid);
	for (size_t i = 0; i < timeline->thread_count; i++) {
		uint32_t slot = find_thread_slot(timeline, at, &timeline->threads[i]);

		if (!is_same_entry(&timeline->slots[slot].entry, &timeline->threads[i].entry))
			timeline_change(timeline, slot, &timeline->threads[i].entry);
	}
	for (size_t i = timeline->targets[at].live_count; i-- > 0;) {
		uint32_t slot = timeline->targets[at].live[i];

		if (timeline->slots[slot].sample != timeline->sample_count)
			timeline_change(timeline, slot, &gone);
	}
	timeline->thread_count = 0;
	timeline_commit(timeline, sample);
}

static uint64_t read_number(struct timeline_cursor *cursor)
{
	return varint_get(cursor->timeline->bytes.ptr, &cursor->at);
}

static void read_change(struct timeline_cursor *cursor, uint32_t before,
                        struct timeline_change *change)
{
	struct timeline_entry *entry = &change->entry;
	uint64_t cpu;

	*change = (struct timeline_change){ 0 };
	change->slot = (uint32_t)decode_signed(before, read_number(cursor));
	entry->stack = (uint32_t)read_number(cursor);
	if (entry->stack == TIMELINE_ROOT)
		return;
	entry->state = cursor->timeline->bytes.ptr[cursor->at++];
	cpu = read_number(cursor);
	entry->has_cpu = cpu & 1;
	entry->cpu_us = cpu >> 1;
}

bool timeline_next(struct timeline_cursor *cursor)
{
	const struct timeline *timeline = cursor->timeline;
	struct timeline_sample *sample = &cursor->sample;
	uint32_t before = 0;
	uint64_t flags;

	if (cursor->at == timeline->bytes.len)
		return false;
	sample->time_us = decode_signed(sample->time_us, read_number(cursor));
	cursor->target = (uint32_t)read_number(cursor);
	sample->pid = timeline->targets[cursor->target].pid;
	flags = read_number(cursor);
	sample->late = flags & 1;
	sample->failed = flags & 2;
	sample->pause_us = read_number(cursor);
	cursor->change_count = (size_t)read_number(cursor);
	cursor->changes = alloc_grow(cursor->changes, &cursor->change_cap, cursor->change_count,
	                             sizeof(*cursor->changes));
	for (size_t i = 0; i < cursor->change_count; i++) {
		read_change(cursor, before, &cursor->changes[i]);
		before = cursor->changes[i].slot;
	}
	return true;
}

void timeline_cursor_deinit(struct timeline_cursor *cursor)
{
	free(cursor->changes);
	*cursor = (struct timeline_cursor){ 0 };
}
