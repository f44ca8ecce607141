#include "merger/formats/yaml_timeline.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"

static void append_stack(const struct timeline *timeline, uint32_t step, const uint32_t *nodes,
                         struct buf *out)
{
	const struct timeline_step *at = &timeline->steps[step];

	buf_printf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32, at->parent, nodes[at->node], at->line);
	if (at->mark < QUALITY_COUNT)
		buf_printf(out, " %s", profile_quality_name((enum merge_quality)at->mark));
}

static void append_change(const struct profile *profile, const struct timeline_change *change,
                          struct buf *out)
{
	const struct timeline_slot *slot = &profile->timeline->slots[change->slot];
	const struct timeline_entry *entry = &change->entry;
	const struct profile_thread *thread = profile_find_thread(profile, slot->pid, slot->tid);

	buf_printf(out, " %zu", thread ? (size_t)(thread - profile->threads) + 1 : 0);
	if (slot->nth)
		buf_printf(out, ".%" PRIu32, slot->nth);
	buf_printf(out, "/%" PRIu32, entry->stack);
	if (entry->stack && (entry->state || entry->has_cpu))
		buf_printf(out, "/%c", entry->state ? entry->state : '-');
	if (entry->stack && entry->has_cpu)
		buf_printf(out, "/%" PRIu64, entry->cpu_us);
}

static void append_sample(const struct profile *profile, const struct timeline_cursor *cursor,
                          struct buf *out)
{
	const struct timeline_sample *sample = &cursor->sample;

	buf_printf(out, "%" PRIu64 " %" PRIu32, sample->time_us, sample->pid);
	if (sample->failed)
		buf_add_span(out, SPAN_LIT(" failed"));
	else
		buf_printf(out, " %" PRIu64, sample->pause_us);
	if (sample->late)
		buf_add_span(out, SPAN_LIT(" late"));
	for (size_t i = 0; i < cursor->change_count; i++)
		append_change(profile, &cursor->changes[i], out);
}

static const char key_stacks[] = "stacks", key_samples[] = "samples";

bool yaml_timeline_list(struct yaml_timeline_texts *texts)
{
	bool more = texts->key != key_samples;

	texts->key = texts->key ? key_samples : key_stacks;
	texts->cursor.timeline = texts->profile->timeline;
	return more;
}

bool yaml_timeline_text(struct yaml_timeline_texts *texts, struct buf *out)
{
	const struct timeline *timeline = texts->profile->timeline;

	buf_clear(out);
	if (texts->key == key_stacks && texts->step + 1 < timeline->step_count)
		append_stack(timeline, ++texts->step, texts->nodes, out);
	else if (texts->key == key_samples && timeline_next(&texts->cursor))
		append_sample(texts->profile, &texts->cursor, out);
	return out->len > 0;
}

void yaml_timeline_texts_deinit(struct yaml_timeline_texts *texts)
{
	timeline_cursor_deinit(&texts->cursor);
}

void yaml_timeline_deinit(struct yaml_timeline *yaml)
{
	free(yaml->steps);
	free(yaml->step_lines);
	free(yaml->sample_lines);
	buf_deinit(&yaml->samples);
	*yaml = (struct yaml_timeline){ 0 };
}

/* Takes the word up to the next blank. */
static struct span take_word(struct span *text)
{
	const char *blank = text->len ? memchr(text->ptr, ' ', text->len) : NULL;
	struct span word = { text->ptr, blank ? (size_t)(blank - text->ptr) : text->len };

	*text = span_skip(*text, word.len + 1);
	return word;
}

/* Takes a number that ends at the end of the word or at `end`, which is taken too. */
static bool read_number(struct span *word, char end, uint64_t max, uint64_t *ret)
{
	if (!number_take(word, 10, ret) || *ret > max)
		return false;
	if (!word->len)
		return true;
	if (word->ptr[0] != end)
		return false;
	*word = span_skip(*word, 1);
	return true;
}

static bool take_word_number(struct span *text, uint64_t max, uint64_t *ret)
{
	struct span word = take_word(text);

	return read_number(&word, '\0', max, ret) && !word.len;
}

static bool fail_text(struct yaml_events *reader, size_t line, const char *what, struct span text)
{
	return yaml_events_fail_at(reader, line, "%s of the timeline is not understood: %.*s", what,
	                           (int)(text.len < 60 ? text.len : 60), text.ptr);
}

static bool read_step(struct yaml_events *reader, void *into)
{
	struct yaml_timeline *yaml = into;
	struct span text, rest;
	uint64_t parent, node, line;
	enum merge_quality mark = QUALITY_COUNT;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a stack of the timeline is not a text");
	text = rest = yaml_events_scalar(reader);
	if (!take_word_number(&rest, yaml->step_count, &parent) ||
	    !take_word_number(&rest, UINT32_MAX, &node) ||
	    !take_word_number(&rest, UINT32_MAX, &line) ||
	    (rest.len && !profile_quality_of(rest, &mark)))
		return fail_text(reader, yaml_events_line(reader), "a stack", text);
	yaml->steps = alloc_grow(yaml->steps, &yaml->step_cap, yaml->step_count + 1,
	                         sizeof(*yaml->steps));
	yaml->step_lines = alloc_grow(yaml->step_lines, &yaml->step_line_cap, yaml->step_count + 1,
	                              sizeof(*yaml->step_lines));
	yaml->step_lines[yaml->step_count] = yaml_events_line(reader);
	yaml->steps[yaml->step_count++] =
	        (struct timeline_step){ (uint32_t)parent, (uint32_t)node, (uint32_t)line, mark };
	return true;
}

static bool read_sample(struct yaml_events *reader, void *into)
{
	struct yaml_timeline *yaml = into;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a sample of the timeline is not a text");
	buf_add_span(&yaml->samples, yaml_events_scalar(reader));
	buf_add(&yaml->samples, "", 1);
	yaml->sample_lines = alloc_grow(yaml->sample_lines, &yaml->sample_cap,
	                                yaml->sample_count + 1, sizeof(*yaml->sample_lines));
	yaml->sample_lines[yaml->sample_count++] = yaml_events_line(reader);
	return true;
}

static bool read_steps(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "stacks", read_step, into);
}

static bool read_samples(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "samples", read_sample, into);
}

bool yaml_timeline_read(struct yaml_events *reader, struct yaml_timeline *yaml)
{
	static const struct yaml_field rows[] = {
		{ key_stacks, YAML_CALL, 0, 0, read_steps },
		{ key_samples, YAML_CALL, 0, 0, read_samples },
	};
	static const struct yaml_fields fields = { rows, 2, "timeline" };
	uint64_t seen;

	yaml->known = true;
	return yaml_events_map(reader, &fields, yaml, &seen);
}

/* Paths must exist in the tree: each step's node is a call of the parent step's node. */
static bool is_step_possible(const struct tree *tree, const struct timeline *timeline,
                             const struct timeline_step *step)
{
	uint32_t above = tree_node(tree, step->node)->parent;

	if (step->parent != TIMELINE_ROOT)
		return above == timeline->steps[step->parent].node;
	return above == TREE_ROOT || (tree_node(tree, above)->parent == TREE_ROOT &&
	                              tree_frame(tree, above)->kind == FRAME_PROCESS);
}

static bool build_steps(struct yaml_events *reader, const struct yaml_timeline *yaml,
                        const struct yaml_tree *tree, struct profile *profile)
{
	size_t count;
	uint32_t *places = yaml_tree_places(tree, &count);
	bool done = true;

	for (size_t i = 0; done && i < yaml->step_count; i++) {
		struct timeline_step step = yaml->steps[i];

		done = step.node && step.node <= count;
		if (done) {
			step.node = places[step.node - 1];
			done = is_step_possible(profile->tree, profile->timeline, &step) &&
			       timeline_step(profile->timeline, &step) == i + 1;
		}
		if (!done)
			yaml_events_fail_at(reader, yaml->step_lines[i],
			                    "a stack of the timeline comes twice or is none of the "
			                    "tree's");
	}
	free(places);
	return done;
}

static bool build_change(struct profile *profile, uint32_t target, struct span word)
{
	struct timeline *timeline = profile->timeline;
	struct timeline_entry entry = { 0 };
	uint64_t thread, nth = 0, stack, cpu;

	if (!number_take(&word, 10, &thread) || !thread || thread > profile->thread_count)
		return false;
	if (span_take(&word, SPAN_LIT(".")) && (!number_take(&word, 10, &nth) || nth > UINT32_MAX))
		return false;
	if (!span_take(&word, SPAN_LIT("/")) ||
	    !read_number(&word, '/', timeline->step_count - 1, &stack) ||
	    (stack && timeline->steps[stack].mark == QUALITY_COUNT))
		return false;
	entry.stack = (uint32_t)stack;
	if (word.len) {
		entry.state = timeline_state(word.ptr[0]);
		if (!stack || (!entry.state && word.ptr[0] != '-'))
			return false;
		word = span_skip(word, 1);
	}
	if (span_take(&word, SPAN_LIT("/"))) {
		if (!read_number(&word, '\0', TIMELINE_CPU_MAX, &cpu))
			return false;
		entry.has_cpu = true;
		entry.cpu_us = cpu;
	}
	timeline_change(timeline,
	                timeline_slot(timeline, target, profile->threads[thread - 1].pid,
	                              profile->threads[thread - 1].tid, (uint32_t)nth),
	                &entry);
	return !word.len;
}

static bool build_sample(struct profile *profile, struct span text)
{
	struct timeline_sample sample = { 0 };
	uint64_t pid;
	uint32_t target;

	if (!take_word_number(&text, INT64_MAX, &sample.time_us) ||
	    !take_word_number(&text, UINT32_MAX, &pid))
		return false;
	sample.pid = (uint32_t)pid;
	sample.failed = span_starts(text, SPAN_LIT("failed"));
	if (sample.failed)
		take_word(&text);
	else if (!take_word_number(&text, INT64_MAX, &sample.pause_us))
		return false;
	sample.late = span_starts(text, SPAN_LIT("late"));
	if (sample.late)
		take_word(&text);
	target = timeline_target(profile->timeline, sample.pid);
	while (text.len)
		if (!build_change(profile, target, take_word(&text)))
			return false;
	timeline_commit(profile->timeline, &sample);
	return true;
}

bool yaml_timeline_build(struct yaml_events *reader, const struct yaml_timeline *yaml,
                         const struct yaml_tree *tree, struct profile *profile)
{
	struct span rest = buf_span(&yaml->samples);

	if (!yaml->known)
		return true;
	profile->timeline = timeline_create(SIZE_MAX);
	if (!build_steps(reader, yaml, tree, profile))
		return false;
	for (size_t i = 0; i < yaml->sample_count; i++) {
		struct span text = { rest.ptr, strnlen(rest.ptr, rest.len) };

		if (!build_sample(profile, text))
			return fail_text(reader, yaml->sample_lines[i], "a sample", text);
		rest = span_skip(rest, text.len + 1);
	}
	if (profile->timeline->stacks > profile_stacks(profile))
		return yaml_events_fail(
		        reader, "the timeline has %" PRIu64 " stacks, more than 'stacks' says",
		        profile->timeline->stacks);
	return true;
}
