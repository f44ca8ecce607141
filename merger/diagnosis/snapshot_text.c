/* snapshot_text: the report as text. */
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"
#include "merger/diagnosis/process_role.h"
#include "merger/diagnosis/snapshot_report.h"
#include "merger/diagnosis/stack_groups.h"
#include "merger/diagnosis/thread_load.h"
#include "merger/diagnosis/thread_rank.h"
#include "merger/diagnosis/wording.h"
#include "merger/profile/frame_repeats.h"
#include "merger/profile/label.h"

#define LINES_MAX 75 /* of all stacks; a longer report leaves some out */
#define SAME_MAX 20  /* processes of a group that are listed */
#define NAMED_MAX 8  /* threads of a group that are listed; the others are counted */

struct text_report {
	const struct snapshot *snapshot;
	const struct snapshot_options *options;
	const struct verdict *verdict;
	FILE *out;
	struct buf text;
	bool is_long;    /* stacks of threads that may wait for work are left out */
	size_t left_out; /* their number */
};

static struct span get_text(const struct text_report *report, uint32_t id)
{
	return intern_get(report->snapshot->intern, id);
}

static void write_verdict(struct text_report *report, const struct verdict *verdict)
{
	struct span rest = buf_span(&verdict->text), line;
	const char *indent = "";

	fprintf(report->out, "%s (%s): ", verdict->kind, verdict_trust_name(verdict->trust));
	while (span_take_line(&rest, &line)) {
		fprintf(report->out, "%s%.*s\n", indent, SPAN_ARG(line));
		indent = "  ";
	}
}

static size_t count_threads(const struct snapshot *snapshot, uint32_t pid)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->thread_count; i++)
		count += snapshot->threads[i].pid == pid;
	return count;
}

static void write_process(struct text_report *report, const struct snapshot_process *process)
{
	size_t threads = count_threads(report->snapshot, process->pid);
	struct span name = get_text(report, snapshot_process_label(process));

	if (!process->pid)
		return;
	if (!name.len)
		name = span_basename(get_text(report, process->executable));
	fprintf(report->out, "\nprocess %" PRIu32, process->pid);
	if (name.len)
		fprintf(report->out, " (%.*s)", SPAN_ARG(name));
	fprintf(report->out, ": %zu thread%s", threads, threads == 1 ? "" : "s");
	if (process->hop)
		fprintf(report->out, ", not sampled: pmp dump -p %" PRIu32 " does it",
		        process->pid);
	if (process->python)
		fprintf(report->out, ", Python %.*s", SPAN_ARG(get_text(report, process->python)));
	if (process->age_us)
		fprintf(report->out, ", CPU %.2f s in %.1f s", (double)process->cpu_us / 1e6,
		        (double)process->age_us / 1e6);
	if (process->ruby)
		fprintf(report->out, ", Ruby %.*s", SPAN_ARG(get_text(report, process->ruby)));
	if (process->pause_us)
		fprintf(report->out, ", stopped for %.1f ms", (double)process->pause_us / 1e3);
	fputc('\n', report->out);
}

/* All states of a group's threads, and the sum of their CPU times. */
static void write_state(struct text_report *report, const struct stack_groups *groups,
                        const struct stack_group *group)
{
	uint64_t cpu = 0;
	unsigned percent = 0;
	char states[8] = "";
	size_t kinds = 0;
	bool has_cpu = false;

	for (size_t i = 0; i < group->count; i++) {
		const struct snapshot_thread *thread =
		        &report->snapshot->threads[groups->threads[group->first + i]];

		cpu += thread->cpu_us;
		has_cpu = has_cpu || thread->has_cpu;
		percent += thread_load_percent(thread);
		if (thread->state && !strchr(states, thread->state) && kinds + 1 < sizeof(states))
			states[kinds++] = thread->state;
	}
	for (size_t i = 0; i < kinds; i++)
		fprintf(report->out, "%s%c", i ? "/" : ", ", states[i]);
	if (has_cpu)
		fprintf(report->out, ", CPU %.2f s", (double)cpu / 1e6);
	if (percent)
		fprintf(report->out, " (now %u %% of one)", percent);
	fputc('\n', report->out);
}

static void write_names(struct text_report *report, const struct stack_groups *groups,
                        const struct stack_group *group)
{
	fprintf(report->out, "\n%zu thread%s", group->count, group->count == 1 ? "" : "s");
	for (size_t i = 0; i < group->count && i < NAMED_MAX; i++) {
		const struct snapshot_thread *thread =
		        &report->snapshot->threads[groups->threads[group->first + i]];

		fprintf(report->out, "%s %" PRIu32, i ? "," : ":", thread->tid);
		if (thread->name)
			fprintf(report->out, " (%.*s)", SPAN_ARG(get_text(report, thread->name)));
	}
	if (group->count > NAMED_MAX)
		fprintf(report->out, " and %zu more", group->count - NAMED_MAX);
}

static bool has_progress(const struct snapshot_thread *thread)
{
	return thread->looks > 1;
}

/* The wait of each thread. A line equal to the previous one is omitted. */
static void write_waits(struct text_report *report, const struct stack_groups *groups,
                        const struct stack_group *group)
{
	struct buf before = { 0 };

	for (size_t i = 0; i < group->count && i < NAMED_MAX; i++) {
		size_t at = groups->threads[group->first + i];
		const struct snapshot_thread *thread = &report->snapshot->threads[at];

		wording_activity(&report->text, report->snapshot, at);
		if (has_progress(thread)) {
			buf_add_span(&report->text, SPAN_LIT("; "));
			wording_progress(&report->text, report->snapshot, thread);
		}
		if (!span_eq(buf_span(&report->text), buf_span(&before)))
			fprintf(report->out, "  %.*s\n", SPAN_ARG(report->text));
		buf_clear(&before);
		buf_add_span(&before, buf_span(&report->text));
		buf_clear(&report->text);
	}
	buf_deinit(&before);
}

static void write_locals(struct text_report *report, const struct snapshot_thread *thread,
                         uint32_t frame)
{
	for (size_t i = 0; i < thread->local_count; i++) {
		const struct snapshot_local *local = &thread->locals[i];

		if (local->frame == frame)
			fprintf(report->out, "        %.*s = %.*s%s\n",
			        SPAN_ARG(get_text(report, local->name)),
			        SPAN_ARG(get_text(report, local->value)),
			        local->argument ? "  (argument)" : "");
	}
}

static void write_frame(struct text_report *report, uint32_t pid, const struct frame *frame)
{
	const struct label_options labels = { report->options->full_paths, true };
	struct span line;

	label_add(&report->text, report->snapshot->intern, frame, &labels);
	fprintf(report->out, "    %.*s\n", SPAN_ARG(report->text));
	buf_clear(&report->text);
	if (!frame->line || frame_has_addresses(frame) || !report->options->source ||
	    !report->options->source(report->options->ctx, pid, get_text(report, frame->file),
	                             frame->line, &line))
		return;
	escape_add_text(&report->text, span_trim(line));
	fprintf(report->out, "        > %.*s\n", SPAN_ARG(report->text));
	buf_clear(&report->text);
}

/* The thread's frames, leaf first. */
static const struct frame **make_leaf_first(const struct snapshot_thread *thread)
{
	size_t count = thread->frame_count;
	const struct frame **frames = alloc_zeroed(count + 1, sizeof(frames[0]));

	for (size_t i = 0; i < count; i++)
		frames[i] = &thread->frames[count - 1 - i];
	return frames;
}

static void write_repeats(struct text_report *report, struct frame_repeats repeats)
{
	frame_repeats_describe(&report->text, repeats);
	fprintf(report->out, "    %.*s\n", SPAN_ARG(report->text));
	buf_clear(&report->text);
}

static bool is_python(const struct frame *frame)
{
	return frame->kind == FRAME_PYTHON;
}

/* The frames that a recursion repeats, each with the number of its variables. */
static void write_cycle(struct text_report *report, const struct snapshot_thread *thread,
                        const struct frame *const *frames, size_t count, uint32_t python)
{
	for (size_t i = 0; i < count; i++) {
		write_frame(report, thread->pid, frames[i]);
		if (is_python(frames[i]))
			write_locals(report, thread, python++);
	}
}

/* Leaf first: the place of the wait is on top. */
static void write_frames(struct text_report *report, const struct snapshot_thread *thread)
{
	const struct frame **frames = make_leaf_first(thread);
	uint32_t python = 0;

	for (size_t i = 0; i < thread->frame_count;) {
		struct frame_repeats repeats = { 1, 1 };
		size_t end;

		if (!report->options->all)
			repeats = frame_repeats_find(frames, thread->frame_count, i);
		write_cycle(report, thread, frames + i, repeats.period, python);
		if (repeats.count > 1)
			write_repeats(report, repeats);
		for (end = i + repeats.period * repeats.count; i < end; i++)
			python += is_python(frames[i]);
	}
	free(frames);
	if (thread->lost)
		fprintf(report->out, "    (no stack: %.*s)\n",
		        SPAN_ARG(get_text(report, thread->lost)));
	else if (!thread->frame_count)
		fputs("    (no stack)\n", report->out);
}

static bool is_in_verdict(const struct text_report *report, size_t thread)
{
	for (size_t i = 0; i < report->verdict->thread_count; i++)
		if (report->verdict->threads[i] == thread)
			return true;
	return false;
}

/* May its stack be left out of a long report? It waits for work, and is not in the verdict. */
static bool is_minor(const struct text_report *report, const struct stack_groups *groups,
                     const struct stack_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		size_t at = groups->threads[group->first + i];
		const struct snapshot_thread *thread = &report->snapshot->threads[at];
		enum thread_rank rank = thread_rank_of(report->snapshot, thread);

		if (is_in_verdict(report, at) || rank < RANK_WAIT || rank == RANK_UNKNOWN ||
		    !thread->frame_count)
			return false;
	}
	return true;
}

/* Would the stacks take more than one and a half screens? */
static bool is_long(const struct snapshot *snapshot, const struct stack_groups *groups)
{
	size_t lines = 0;

	for (size_t i = 0; i < groups->count; i++)
		lines +=
		        3 + snapshot->threads[groups->threads[groups->groups[i].first]].frame_count;
	return lines > LINES_MAX;
}

static void write_stacks(struct text_report *report, const struct stack_groups *groups,
                         uint32_t pid)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct stack_group *group = &groups->groups[i];
		const struct snapshot_thread *thread =
		        &report->snapshot->threads[groups->threads[group->first]];

		if (thread->pid != pid)
			continue;
		write_names(report, groups, group);
		write_state(report, groups, group);
		write_waits(report, groups, group);
		if (report->is_long && is_minor(report, groups, group))
			report->left_out++;
		else
			write_frames(report, thread);
	}
}

/* "3 processes the same: 12, 13, 14": those in the group of the process at `first`. */
static void write_same(struct text_report *report, const struct process_groups *groups,
                       size_t first)
{
	const struct snapshot *snapshot = report->snapshot;
	size_t named = 0, more = groups->size[first] - 1;

	if (!more)
		return;
	fprintf(report->out, "%zu more process%s the same:", more, more == 1 ? "" : "es");
	for (size_t i = first + 1; i < snapshot->process_count && named < SAME_MAX; i++)
		if (groups->first[i] == first)
			fprintf(report->out, "%s %" PRIu32, named++ ? "," : "",
			        snapshot->processes[i].pid);
	if (more > named)
		fprintf(report->out, " and %zu more", more - named);
	fputc('\n', report->out);
}

/* When a process is written: one that differs from its family is first, its supervisor later, and
 * those that are not sampled last. */
static uint64_t get_order(const struct text_report *report, const struct process_groups *groups,
                          size_t at)
{
	const struct snapshot_process *process = &report->snapshot->processes[at];
	uint64_t role = process->hop ? ROLE_HELPER + 1 : process_role_of(report->snapshot, process);

	return role << 56 | (uint64_t)groups->size[at] << 28 | at;
}

static int compare_order(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void write_groups(struct text_report *report)
{
	const struct snapshot *snapshot = report->snapshot;
	uint64_t *order = alloc_zeroed(snapshot->process_count + 1, sizeof(*order));
	struct stack_groups stacks;
	struct process_groups groups;

	stack_groups_init(&stacks, snapshot, report->options->largest_first);
	process_groups_init(&groups, snapshot);
	report->is_long = !report->options->all && is_long(snapshot, &stacks);
	for (size_t i = 0; i < snapshot->process_count; i++)
		order[i] = get_order(report, &groups, i);
	qsort(order, snapshot->process_count, sizeof(*order), compare_order);
	for (size_t i = 0; i < snapshot->process_count; i++) {
		size_t at = order[i] & ((1u << 28) - 1);

		if (groups.first[at] != at)
			continue;
		write_process(report, &snapshot->processes[at]);
		write_same(report, &groups, at);
		write_stacks(report, &stacks, snapshot->processes[at].pid);
	}
	if (report->left_out)
		fprintf(report->out,
		        "\n%zu stack%s of threads that may wait for work not shown; --all shows "
		        "%s\n",
		        report->left_out, report->left_out == 1 ? "" : "s",
		        report->left_out == 1 ? "it" : "them");
	process_groups_deinit(&groups);
	stack_groups_deinit(&stacks);
	free(order);
}

/* A lock or semaphore of asyncio or gevent does not store its holder. */
static const char *choose_link(const struct text_report *report, const struct snapshot_task *task)
{
	static const char *const links[][2] = {
		{ "lock", ", awaits lock, perhaps held by " },
		{ "semaphore", ", awaits semaphore, perhaps held by " },
		{ "rlock", ", awaits rlock, held by " },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (span_eq(get_text(report, task->on), span_of(links[i][0])))
			return links[i][1];
	return ", awaits ";
}

static void write_task(struct text_report *report, const struct snapshot_task *task)
{
	fprintf(report->out, "\n%s%.*s", task->kind == TASK_GREENLET ? "greenlet " : "task ",
	        SPAN_ARG(get_text(report, task->name)));
	if (task->tid)
		fprintf(report->out, " of thread %" PRIu32, task->tid);
	if (task->state)
		fprintf(report->out, ", %.*s", SPAN_ARG(get_text(report, task->state)));
	for (size_t i = 0; i < task->wait_count; i++) {
		size_t at = snapshot_find_task(report->snapshot, task->waits[i]);

		fputs(i ? ", " : choose_link(report, task), report->out);
		if (at == SNAPSHOT_NONE)
			fprintf(report->out, "0x%" PRIx64, task->waits[i]);
		else
			fprintf(report->out, "%.*s",
			        SPAN_ARG(get_text(report, report->snapshot->tasks[at].name)));
	}
	if (!task->wait_count && task->on)
		fprintf(report->out, ", awaits %.*s", SPAN_ARG(get_text(report, task->on)));
	if (task->thread)
		fprintf(report->out, " %" PRIu32, task->thread);
	if (task->has_left)
		fprintf(report->out, ", %.1f s are left", (double)task->left_us / 1e6);
	if (task->busy_us)
		fprintf(report->out, ", its loop has handled no event for %.1f s",
		        (double)task->busy_us / 1e6);
	if (task->orphaned)
		fputs(", nothing that is alive can wake it", report->out);
	fputc('\n', report->out);
	for (size_t i = 0; i < task->frame_count; i++)
		write_frame(report, task->pid, &task->frames[i]);
}

static void write_rest(struct text_report *report)
{
	const struct snapshot *snapshot = report->snapshot;

	for (size_t i = 0; i < snapshot->task_count; i++)
		write_task(report, &snapshot->tasks[i]);
	for (size_t i = 0; i < snapshot->unread_count; i++)
		fprintf(report->out, "%snot read: %.*s: %.*s\n", i ? "" : "\n",
		        SPAN_ARG(get_text(report, snapshot->unread[i].what)),
		        SPAN_ARG(get_text(report, snapshot->unread[i].why)));
	for (size_t i = 0; i < snapshot->note_count; i++)
		fprintf(report->out, "%snote: %.*s\n", i ? "" : "\n",
		        SPAN_ARG(get_text(report, snapshot->notes[i])));
}

void snapshot_text_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *options, FILE *out)
{
	struct text_report report = {
		.snapshot = snapshot, .options = options, .verdict = verdict, .out = out
	};

	write_verdict(&report, verdict);
	write_groups(&report);
	write_rest(&report);
	buf_deinit(&report.text);
}
