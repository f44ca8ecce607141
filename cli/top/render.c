#include "cli/top/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "merger/base/escape.h"
#include "merger/profile/label.h"
#include "merger/base/number.h"
#include "merger/text/text_style.h"
#include "cli/proc/process.h"
#include "cli/proc/process_title.h"
#include "merger/text/tree_text.h"

#define ROWS_MAX 1000 /* functions in the table: enough to scroll through */
#define TREE_MIN_PERCENT 1.0
#define WAITS_SHOWN 4

static uint64_t read_boot_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void top_target_init(struct top_target *ret, uint32_t pid)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct process_stat stat;
	struct buf clean = { 0 };
	char name[COMMAND_NAME_MAX];

	*ret = (struct top_target){ .pid = pid };
	if (!process_stat(pid, 0, &stat) || ticks <= 0)
		return;
	process_title_label(pid, name, sizeof(name));
	escape_add(&clean, span_of(name));
	snprintf(ret->name, sizeof(ret->name), "%.*s", SPAN_ARG(clean));
	buf_deinit(&clean);
	ret->start_us = stat.starttime * 1000000 / (uint64_t)ticks;
}

/* The header. */

/* "1:02:03", "2:03" */
static void add_duration(struct buf *ret, uint64_t us)
{
	uint64_t seconds = us / 1000000;

	if (seconds >= 86400)
		buf_printf(ret, "%" PRIu64 " d ", seconds / 86400);
	if (seconds >= 3600)
		buf_printf(ret, "%" PRIu64 ":%02" PRIu64, seconds / 3600 % 24, seconds / 60 % 60);
	else
		buf_printf(ret, "%" PRIu64, seconds / 60);
	buf_printf(ret, ":%02" PRIu64, seconds % 60);
}

static void add_command(struct buf *ret, const struct profile *profile, uint32_t pid)
{
	const struct profile_target *target = NULL;

	for (size_t i = 0; i < profile->target_count; i++)
		if (profile->targets[i].pid == pid)
			target = &profile->targets[i];
	for (size_t i = 0; target && i < target->arg_count; i++) {
		struct span arg = intern_get(profile->intern, target->args[i]);

		buf_add(ret, i ? " " : ": ", i ? 1 : 2);
		buf_add_span(ret, i ? arg : span_basename(arg));
	}
}

static void add_python(struct buf *ret, const struct profile *profile)
{
	size_t count = 0;
	uint32_t version = 0;

	for (size_t i = 0; i < profile->target_count; i++) {
		if (!profile->targets[i].python)
			continue;
		version = profile->targets[i].python;
		count++;
	}
	if (profile->target_count > 1)
		buf_printf(ret, ", Python in %zu", count);
	else if (count)
		buf_printf(ret, ", Python %.*s", SPAN_ARG(intern_get(profile->intern, version)));
	else
		buf_printf(ret, ", no Python");
}

static void add_target(struct buf *ret, const struct top_target *target,
                       const struct profile *profile)
{
	buf_printf(ret, TEXT_BOLD "%" PRIu32 " %s" TEXT_OFF, target->pid, target->name);
	if (profile->target_count > 1)
		buf_printf(ret, " and %zu more", profile->target_count - 1);
	if (profile->target_count)
		add_python(ret, profile);
	if (target->start_us) {
		buf_printf(ret, ", up ");
		add_duration(ret, read_boot_time_us() - target->start_us);
	}
	add_command(ret, profile, target->pid);
	buf_printf(ret, "\n");
}

static void add_samples(struct buf *ret, const struct options *options, double seconds_left,
                        const struct top_stats *stats)
{
	const struct profile_builder_progress *progress = &stats->progress;

	buf_printf(ret, "samples  %" PRIu64, progress->taken);
	if (stats->recent.rate_hz > 0)
		buf_printf(ret, " at %.1f Hz (%g asked)", stats->recent.rate_hz, options->rate_hz);
	buf_printf(ret, ", %" PRIu64 " late, %" PRIu64 " failed", progress->late, progress->failed);
	if (seconds_left > 0 && (options->samples || options->seconds > 0))
		buf_printf(ret, "; %.0f s left", seconds_left);
	buf_printf(ret, "\n");
}

static void add_pauses(struct buf *ret, const struct top_stats *stats)
{
	if (!stats->recent.taken) {
		buf_printf(ret, "pauses   -\n");
		return;
	}
	buf_printf(ret, "pauses   last %.1f ms, median %.1f, max %.1f",
	           (double)stats->progress.last_pause_us / 1e3,
	           (double)stats->recent.pause_median_us / 1e3,
	           (double)stats->progress.max_pause_us / 1e3);
	if (stats->recent.rate_hz > 0)
		buf_printf(ret, "; stopped for %.2f %% of the time",
		           stats->recent.stopped_share * 100);
	buf_printf(ret, "\n");
}

static const struct {
	char state;
	const char *word;
} states[] = {
	{ 'R', "running" }, { 'S', "sleeping" }, { 'D', "in D (uninterruptible)" },
	{ 'T', "stopped" }, { 't', "traced" },   { 'Z', "ended" },
	{ 'I', "idle" },    { 0, "not told" },
};

static void add_thread_states(struct buf *ret, const struct top_stats *stats)
{
	const char *before = ": ";

	buf_printf(ret, "threads  %zu", stats->thread_count);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		size_t count = stats->states[(unsigned char)states[i].state];

		if (!count)
			continue;
		buf_printf(ret, "%s%zu %s", before, count, states[i].word);
		before = ", ";
	}
	if (stats->has_cpu)
		buf_printf(ret, "; CPU %.0f %%", stats->cpu_share * 100);
	buf_printf(ret, "\n");
}

static void add_waits(struct buf *ret, const struct top_stats *stats)
{
	size_t rest = stats->waits_uncounted;

	buf_printf(ret, "waits    ");
	for (size_t i = 0; i < stats->wait_count; i++) {
		const struct top_wait *wait = &stats->waits[i];

		if (i < WAITS_SHOWN)
			buf_printf(ret, "%s%zu %.*s", i ? ", " : "", wait->count,
			           SPAN_ARG(wait->what));
		else
			rest += wait->count;
	}
	if (rest)
		buf_printf(ret, ", %zu others", rest);
	buf_printf(ret, "%s\n", stats->wait_count ? "" : "-");
}

void top_render_header(struct buf *ret, const struct options *options,
                       const struct top_target *target, double seconds_left,
                       const struct top_stats *stats)
{
	add_target(ret, target, stats->profile);
	add_samples(ret, options, seconds_left, stats);
	add_pauses(ret, stats);
	add_thread_states(ret, stats);
	add_waits(ret, stats);
}

/* Functions. */

static void add_weight(struct buf *ret, uint64_t part, uint64_t whole, bool may_be_hot)
{
	double percent = number_percent(part, whole);
	bool hot = may_be_hot && percent >= TEXT_HOT_PERCENT;

	if (part)
		buf_printf(ret, "%s%5.1f%% %7" PRIu64 "%s", hot ? TEXT_HOT : "", percent, part,
		           hot ? TEXT_OFF : "");
	else
		buf_printf(ret, "%14s", "");
}

static void add_frame(struct buf *ret, const struct options *options, const struct profile *profile,
                      const struct frame *frame)
{
	const struct text_style *style = text_style_of_kind(frame->kind);
	const struct label_options label = { .full_paths = options->full_paths };

	buf_printf(ret, "%s%s%s  %s", style->colour, style->tag, TEXT_OFF, style->colour);
	label_add(ret, profile->intern, frame, &label);
	buf_printf(ret, TEXT_OFF);
}

static void add_functions(struct buf *head, struct buf *ret, const struct options *options,
                          const struct top_choice *choice, const struct profile *profile,
                          const struct tree *tree)
{
	struct function_totals totals;

	buf_printf(head, "%s  %s      function",
	           choice->order == TOTALS_BY_SELF ? " >self samples" : "  self samples",
	           choice->order == TOTALS_BY_SELF ? " total samples" : ">total samples");

	function_totals_init(&totals, tree, profile->intern, choice->order, ROWS_MAX);
	for (size_t i = 0; i < totals.count; i++) {
		const struct function_totals_row *row = &totals.rows[i];

		add_weight(ret, row->self, totals.whole, true);
		buf_printf(ret, "  ");
		add_weight(ret, row->total, totals.whole, false);
		buf_printf(ret, "  ");
		add_frame(ret, options, profile, row->frame);
		buf_printf(ret, "\n");
	}
	function_totals_deinit(&totals);
}

/* Adds the call tree, written by the tree writer of the other commands. */
static void add_calls(struct buf *head, struct buf *ret, const struct options *options,
                      const struct top_choice *choice, const struct profile *profile,
                      struct tree *tree)
{
	const struct write_options write_options = {
		.full_paths = options->full_paths,
		.colour = true,
		.ascii = choice->ascii,
		.width = choice->columns,
		.min_percent = TREE_MIN_PERCENT,
	};
	const struct profile shown = { .intern = profile->intern, .tree = tree };
	char *text = NULL;
	size_t len = 0, first;
	FILE *out = open_memstream(&text, &len);

	buf_printf(head, " total samples    self samples      call tree");
	if (!out)
		return;
	tree_sort(tree, profile->intern);
	tree_text_write_calls(&shown, &write_options, out);
	if (fclose(out)) {
		free(text);
		return;
	}
	first = strcspn(text, "\n") +
	        1; /* skip the writer's head, or its line about an empty tree */
	buf_add(ret, text + first, len - first);
	free(text);
}

/* Threads. */

/* Adds a thread's position, "rest (phases.py): clock_nanosleep (libc.so.6)": the innermost Python
 * function, and the leaf. */
static void add_place(struct buf *ret, const struct options *options, const struct profile *profile,
                      uint32_t leaf)
{
	const struct tree *tree = profile->tree;
	const struct label_options label = { .full_paths = options->full_paths };
	uint32_t node = leaf;

	while (node != TREE_ROOT && !frame_is_script(tree_frame(tree, node)->kind))
		node = tree_node(tree, node)->parent;
	if (node == TREE_ROOT)
		node = leaf;
	if (node == TREE_ROOT)
		return;
	add_frame(ret, options, profile, tree_frame(tree, node));
	if (node == leaf)
		return;
	buf_printf(ret, ": %s", text_style_of_kind(tree_frame(tree, leaf)->kind)->colour);
	label_add(ret, profile->intern, tree_frame(tree, leaf), &label);
	buf_printf(ret, TEXT_OFF);
}

static void add_thread_rows(struct buf *head, struct buf *ret, const struct options *options,
                            const struct top_stats *stats)
{
	const struct profile *profile = stats->profile;

	buf_printf(head, "    tid  S   CPU%%  name                 where");
	for (size_t i = 0; i < stats->thread_count; i++) {
		const struct top_thread *thread = &stats->threads[i];
		const struct profile_thread *who = &profile->threads[thread->thread];

		buf_printf(ret, "%7" PRIu32 "  %c  ", who->tid,
		           thread->state ? thread->state : '?');
		if (thread->has_cpu)
			buf_printf(ret, "%5.1f", thread->cpu_share * 100);
		else
			buf_printf(ret, "%5s", "-");
		buf_printf(ret, "  %-15.*s  ", SPAN_ARG(intern_get(profile->intern, who->name)));
		add_place(ret, options, profile, thread->leaf);
		buf_printf(ret, "\n");
	}
}

static const char help[] = TEXT_BOLD
        "What is shown" TEXT_OFF "\n"
        "  f      functions: self is what was in it, total what was in it or below it\n"
        "  c      the call tree\n"
        "  t      threads: state, CPU time, where each is\n"
        "  s      functions by self or by total\n"
        "  a      all since the start, or the last seconds\n"
        "  + -    more or fewer of the last seconds\n"
        "  r      of the last seconds: only threads that ran, or those that waited, too\n"
        "  arrows, PgUp, PgDn, Home, End: move\n"
        "\n" TEXT_BOLD "What it does" TEXT_OFF "\n"
        "  space  hold the display still; the sampling goes on\n"
        "  w      write the profile of all since the start to a file\n"
        "  ?      this help, and back\n"
        "  q      end, as Ctrl-C does; the process runs on\n"
        "\n"
        "py Python, c native, k kernel, * what the interpreter does, ! a stack not got.\n";

uint64_t top_render_body(struct buf *head, struct buf *ret, const struct options *options,
                         const struct top_choice *choice, const struct top_stats *stats)
{
	const struct profile *profile = stats->profile;
	struct tree *tree = profile->tree, *made = NULL;
	uint64_t stacks;

	if (choice->shows == TOP_HELP) {
		buf_printf(head, "Help");
		buf_add(ret, help, sizeof(help) - 1);
		return 0;
	}
	if (choice->shows == TOP_THREADS) {
		add_thread_rows(head, ret, options, stats);
		return stats->thread_count;
	}
	if (choice->whole)
		tree_sum_totals(tree);
	else
		tree = made = recent_window_tree(&stats->recent, profile->tree, choice->running);
	stacks = tree_node(tree, TREE_ROOT)->total;
	if (choice->shows == TOP_CALLS)
		add_calls(head, ret, options, choice, profile, tree);
	else
		add_functions(head, ret, options, choice, profile, tree);
	if (!stacks && !choice->whole && choice->running)
		buf_printf(ret, "No thread ran. r shows where they wait.\n");
	tree_destroy(made);
	return stacks;
}
