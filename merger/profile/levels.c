#include "merger/profile/levels.h"

#include "merger/base/command_name.h"
#include "merger/base/number.h"

#define PID_TAG "(pid "
#define TID_TAG "(tid "

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

/* Makes "NAME (pid 4711)"; `unknown` if name and number are unknown. */
static struct frame make_level(struct intern *intern, enum frame_kind kind, struct span name,
                               const char *tag, uint32_t number, const char *unknown)
{
	struct buf text = { 0 };
	struct frame frame = { .kind = kind };

	buf_add_span(&text, name);
	if (number)
		buf_printf(&text, "%s%s%u)", name.len ? " " : "", tag, number);
	if (!text.len)
		buf_add_span(&text, span_of(unknown));
	frame.name = intern_add_clean(intern, buf_span(&text));
	buf_deinit(&text);
	return frame;
}

struct frame level_host(struct intern *intern, uint32_t host)
{
	return make_level(intern, FRAME_HOST, intern_get(intern, host), "", 0, "(unknown host)");
}

static void find_command_name(struct intern *intern, const struct profile_target *target,
                              struct command_name *ret)
{
	struct buf cmdline = { 0 };

	for (size_t i = 0; i < target->arg_count; i++) {
		buf_add_span(&cmdline, intern_get(intern, target->args[i]));
		buf_add(&cmdline, "", 1);
	}
	command_name_parse(buf_span(&cmdline), ret);
	buf_deinit(&cmdline);
}

struct frame level_process(struct intern *intern, const struct profile_target *target)
{
	struct command_name called = { 0 };
	struct span name = { 0 };

	if (target) {
		find_command_name(intern, target, &called);
		name = span_basename(intern_get(intern, target->arg_count && target->args[0]
		                                                ? target->args[0]
		                                                : target->executable));
	}
	if (called.title[0] || called.command[0])
		name = span_of(called.title[0] ? called.title : called.command);
	return make_level(intern, FRAME_PROCESS, name, PID_TAG, target ? target->pid : 0,
	                  "(unknown process)");
}

struct frame level_thread(struct intern *intern, uint32_t name, uint32_t tid)
{
	return make_level(intern, FRAME_THREAD, intern_get(intern, name), TID_TAG, tid,
	                  "(unknown thread)");
}

/* Splits "NAME (tid 4713)" into name and number. */
static struct span split_label(struct span label, struct span tag, uint32_t *ret)
{
	*ret = 0;
	for (size_t i = label.len; i-- > 0;) {
		struct span rest = span_skip(label, i);

		if (!span_take(&rest, tag))
			continue;
		number_take32(&rest, ret);
		return span_trim((struct span){ label.ptr, i });
	}
	return label;
}

uint32_t level_pid(struct span label)
{
	uint32_t ret;

	split_label(label, SPAN_LIT(PID_TAG), &ret);
	return ret;
}

uint32_t level_tid(struct span label)
{
	uint32_t ret;

	split_label(label, SPAN_LIT(TID_TAG), &ret);
	return ret;
}

struct span level_thread_name(struct span label)
{
	uint32_t unused;

	return split_label(label, SPAN_LIT(TID_TAG), &unused);
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
