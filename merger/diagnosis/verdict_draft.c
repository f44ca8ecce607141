#include "merger/diagnosis/verdict_draft.h"

#include <inttypes.h>

#include "merger/base/alloc.h"

void verdict_name(struct verdict_draft *maker, size_t thread)
{
	struct verdict *verdict = maker->verdict;

	verdict->threads = alloc_grow(verdict->threads, &verdict->thread_cap,
	                              verdict->thread_count + 1, sizeof(*verdict->threads));
	verdict->threads[verdict->thread_count++] = thread;
}

void verdict_begin(struct verdict_draft *maker, const char *kind, enum verdict_trust trust)
{
	maker->verdict->kind = kind;
	maker->verdict->trust = trust;
}

void verdict_add(struct verdict_draft *maker, const char *text)
{
	buf_add_span(&maker->verdict->text, span_of(text));
}

void verdict_add_thread(struct verdict_draft *maker, size_t thread)
{
	verdict_name(maker, thread);
	wording_thread(&maker->verdict->text, maker->snapshot, thread);
}

void verdict_add_process(struct verdict_draft *maker, uint32_t pid, uint32_t name)
{
	buf_printf(&maker->verdict->text, "%" PRIu32, pid);
	if (!name)
		return;
	verdict_add(maker, " (");
	buf_add_span(&maker->verdict->text, intern_get(maker->snapshot->intern, name));
	verdict_add(maker, ")");
}

void verdict_add_activity(struct verdict_draft *maker, size_t thread, const char *link)
{
	struct buf *text = &maker->verdict->text;
	size_t before;

	wording_thread(text, maker->snapshot, thread);
	verdict_add(maker, link);
	wording_activity(text, maker->snapshot, thread);
	verdict_add(maker, "\n");
	before = text->len;
	wording_progress(text, maker->snapshot, &maker->snapshot->threads[thread]);
	if (text->len == before)
		text->len--;
}

void verdict_add_task(struct verdict_draft *maker, size_t task)
{
	const struct snapshot_task *it = &maker->snapshot->tasks[task];
	struct buf *text = &maker->verdict->text;

	verdict_add(maker, "task ");
	buf_add_span(text, intern_get(maker->snapshot->intern, it->name));
	if (!it->frame_count)
		return;
	verdict_add(maker, " in ");
	buf_add_span(text, intern_get(maker->snapshot->intern, it->frames[0].name));
	verdict_add(maker, " at ");
	buf_add_span(text, span_basename(intern_get(maker->snapshot->intern, it->frames[0].file)));
	buf_printf(text, ":%" PRIu32, it->frames[0].line);
}
