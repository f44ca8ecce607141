#include "merger/diagnosis/verdict_draft.h"

#include <inttypes.h>

#include "merger/base/alloc.h"

void verdict_name(struct verdict_draft *draft, size_t thread)
{
	struct verdict *verdict = draft->verdict;

	verdict->threads = alloc_grow(verdict->threads, &verdict->thread_cap,
	                              verdict->thread_count + 1, sizeof(*verdict->threads));
	verdict->threads[verdict->thread_count++] = thread;
}

void verdict_begin(struct verdict_draft *draft, const char *kind, enum verdict_trust trust)
{
	draft->verdict->kind = kind;
	draft->verdict->trust = trust;
}

void verdict_add(struct verdict_draft *draft, const char *text)
{
	buf_add_span(&draft->verdict->text, span_of(text));
}

void verdict_add_thread(struct verdict_draft *draft, size_t thread)
{
	verdict_name(draft, thread);
	wording_thread(&draft->verdict->text, draft->snapshot, thread);
}

void verdict_add_process(struct verdict_draft *draft, uint32_t pid, uint32_t name)
{
	buf_printf(&draft->verdict->text, "%" PRIu32, pid);
	if (!name)
		return;
	verdict_add(draft, " (");
	buf_add_span(&draft->verdict->text, intern_get(draft->snapshot->intern, name));
	verdict_add(draft, ")");
}

void verdict_add_activity(struct verdict_draft *draft, size_t thread, const char *link)
{
	struct buf *text = &draft->verdict->text;

	wording_thread(text, draft->snapshot, thread);
	verdict_add(draft, link);
	wording_activity(text, draft->snapshot, thread);
	verdict_add_progress(draft, thread);
}

void verdict_add_signal(struct verdict_draft *draft, uint32_t number)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		buf_printf(&draft->verdict->text, "SIG%s (%" PRIu32 ")", name, number);
	else if (number)
		buf_printf(&draft->verdict->text, "signal %" PRIu32, number);
	else
		verdict_add(draft, "a signal");
}

void verdict_add_progress(struct verdict_draft *draft, size_t thread)
{
	struct buf *text = &draft->verdict->text;
	size_t before = text->len;

	verdict_add(draft, "\n");
	wording_progress(text, draft->snapshot, &draft->snapshot->threads[thread]);
	if (text->len == before + 1)
		text->len = before;
}
