#include "merger/profile/levels.h"

#include "merger/base/number.h"

#define PID_MARK "(pid "
#define TID_MARK "(tid "

enum level_rank level_of(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_HOST:
		return LEVEL_HOST;
	case FRAME_PROCESS:
		return LEVEL_PROCESS;
	case FRAME_THREAD:
		return LEVEL_THREAD;
	default:
		return LEVEL_COUNT;
	}
}

/* "NAME (pid 4711)", and what stands for it where neither is known. */
static struct frame labelled(struct intern *intern, enum frame_kind kind, struct span name,
                             const char *mark, uint32_t number, const char *unknown)
{
	struct buf text = { 0 };
	struct frame frame = { .kind = kind };

	buf_add_span(&text, name);
	if (number)
		buf_printf(&text, "%s%s%u)", name.len ? " " : "", mark, number);
	if (!text.len)
		buf_add_span(&text, span_of(unknown));
	frame.name = intern_add_clean(intern, buf_span(&text));
	buf_deinit(&text);
	return frame;
}

struct frame level_host(struct intern *intern, uint32_t host)
{
	return labelled(intern, FRAME_HOST, intern_get(intern, host), "", 0, "(unknown host)");
}

struct frame level_process(struct intern *intern, const struct profile_target *target)
{
	struct span name = { 0 };

	if (target)
		name = span_basename(intern_get(intern, target->arg_count && target->args[0]
		                                                ? target->args[0]
		                                                : target->executable));
	return labelled(intern, FRAME_PROCESS, name, PID_MARK, target ? target->pid : 0,
	                "(unknown process)");
}

struct frame level_thread(struct intern *intern, uint32_t name, uint32_t tid)
{
	return labelled(intern, FRAME_THREAD, intern_get(intern, name), TID_MARK, tid,
	                "(unknown thread)");
}

/* "NAME (tid 4713)": takes the name and the number apart. */
static struct span label_split(struct span label, struct span mark, uint32_t *ret)
{
	*ret = 0;
	for (size_t i = label.len; i-- > 0;) {
		struct span rest = span_skip(label, i);

		if (!span_take(&rest, mark))
			continue;
		number_take32(&rest, ret);
		return span_trim((struct span){ label.ptr, i });
	}
	return label;
}

uint32_t level_pid(struct span label)
{
	uint32_t ret;

	label_split(label, SPAN_LIT(PID_MARK), &ret);
	return ret;
}

uint32_t level_tid(struct span label)
{
	uint32_t ret;

	label_split(label, SPAN_LIT(TID_MARK), &ret);
	return ret;
}

struct span level_thread_name(struct span label)
{
	uint32_t unused;

	return label_split(label, SPAN_LIT(TID_MARK), &unused);
}

bool level_has_threads(const struct profile *profile)
{
	const struct tree *tree = profile->tree;

	for (uint32_t node = tree_next(tree, TREE_ROOT, NULL); node != TREE_NONE;
	     node = tree_next(tree, node, NULL))
		if (level_of(tree_frame(tree, node)->kind) >= LEVEL_THREAD)
			return tree_frame(tree, node)->kind == FRAME_THREAD;
	return true;
}
