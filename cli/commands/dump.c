/* pmp dump: why does a process hang? Takes one or a few samples of all its threads, and
 * concludes. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/commands/foreign_text.h"
#include "merger/base/alloc.h"
#include "merger/diagnosis/snapshot_report.h"
#include "cli/options/command_table.h"
#include "cli/sampler/core_file.h"
#include "cli/os/input_file.h"
#include "cli/proc/cpu_window.h"
#include "cli/proc/process_facts.h"
#include "cli/options/options.h"
#include "cli/os/output_file.h"
#include "cli/proc/source_lines.h"
#include "cli/sampler/supervisor.h"
#include "cli/proc/process.h"
#include "merger/diagnosis/verdict_finders.h"

struct dumping {
	const struct options *options;
	struct snapshot_builder *builder;
	struct output_file raw; /* --save-raw; file NULL: none */
	struct source_lines lines;
	struct cpu_window window;
	struct foreign_text foreign;
	const char *file; /* the next piece of text is its first; NULL: not the first */
};

static bool feed_dump(void *ctx, const char *text, size_t len, struct error *err)
{
	struct dumping *dumping = ctx;

	if (!output_file_write(&dumping->raw, (struct span){ text, len }, err))
		return false;
	snapshot_builder_feed(dumping->builder, text, len);
	return true;
}

/* The processes to dump: the named ones first. The caller frees *ret. */
static size_t list_processes(const struct options *options, uint32_t **ret)
{
	size_t count = options->pid_count, cap = count;

	*ret = alloc_copy(options->pids, count * sizeof(**ret));
	for (size_t i = 0; i < options->pid_count && options->children; i++)
		process_descendants(options->pids[i], ret, &count, &cap);
	return count;
}

#define HOPS_MAX 16 /* processes that are looked at and not sampled */

/* Adds the facts of the processes, and of those for which they wait, and so on: these are not
 * sampled. Frees pids. */
static void add_facts(struct dumping *dumping, uint32_t *pids, size_t count, bool measure,
                      struct buf *ret)
{
	size_t named = count, cap = count;

	for (size_t i = 0; i < count; i++) {
		struct process_facts_others others;

		process_facts_add(pids[i], i >= named, &others, ret);
		for (size_t j = 0; j < others.count && count < named + HOPS_MAX; j++) {
			size_t at = 0;

			while (at < count && pids[at] != others.pids[j])
				at++;
			if (at < count)
				continue;
			pids = alloc_grow(pids, &cap, count + 1, sizeof(*pids));
			pids[count++] = others.pids[j];
			if (measure)
				cpu_window_start(&dumping->window, &others.pids[j], 1);
		}
	}
	free(pids);
}

/* Adds what /proc reports about the processes. false: none of them exists (*err is not set), or
 * *err. */
static bool add_process_facts(struct dumping *dumping, bool measure, struct error *err)
{
	struct buf text = { 0 };
	uint32_t *pids;
	size_t count = list_processes(dumping->options, &pids);
	bool ok;

	if (measure)
		cpu_window_start(&dumping->window, pids, count);
	add_facts(dumping, pids, count, measure, &text);
	ok = text.len && feed_dump(dumping, text.ptr, text.len, err);
	buf_deinit(&text);
	return ok;
}

static bool end_cpu_window(struct dumping *dumping, struct error *err)
{
	struct buf text = { 0 };
	bool ok;

	cpu_window_end(&dumping->window, &text);
	ok = !text.len || feed_dump(dumping, text.ptr, text.len, err);
	buf_deinit(&text);
	return ok;
}

/* The recording begins when all gdbs are ready, just before the first stop: gdb's start takes
 * longer than the window needs. */
static bool feed_samples(void *ctx, const char *text, size_t len, struct error *err)
{
	return end_cpu_window(ctx, err) && feed_dump(ctx, text, len, err);
}

/* No stack could be read: the facts of /proc are reported anyway, with the reason. */
static bool add_failure(struct dumping *dumping, const struct error *why, struct error *err)
{
	struct buf text = { 0 };
	bool ok;

	marker_unread(&text, "stacks", why->text);
	ok = feed_dump(dumping, text.ptr, text.len, err);
	buf_deinit(&text);
	return ok;
}

/* Ctrl-C or a failed write is an error; why no sample can be taken is part of the report. */
static bool take_samples(struct dumping *dumping, struct error *err)
{
	struct options options = *dumping->options;
	const struct recorder_sink sink = { .text = feed_samples, .ctx = dumping };
	struct error end = { 0 };

	options.attach = ATTACH_DUMP;
	options.instant = true;
	options.samples = options.looks;
	options.rate_hz = options.interval > 0 ? 1 / options.interval : OPTIONS_RATE_DEFAULT;
	if (supervisor_run(&options, &sink, &end) && end.code == ERROR_NONE)
		return true;
	if (end.code == ERROR_OUTPUT || end.code >= 128)
		return error_set(err, end.code, "%s", end.text);
	return end_cpu_window(dumping, err) && add_failure(dumping, &end, err);
}

static bool dump_processes(struct dumping *dumping, struct error *err)
{
	struct error none = { 0 };
	const struct options *options = dumping->options;

	if (!add_process_facts(dumping, true, err)) {
		if (err->code == ERROR_NONE)
			error_set(err, ERROR_NO_PROCESS,
			          "no process %u%s: it has ended, or never was", options->pids[0],
			          options->pid_count > 1 ? " (nor the others)" : "");
		return false;
	}
	if (!take_samples(dumping, err))
		return false;
	/* The facts again: they differ after a while, which shows progress. */
	return options->looks < 2 || add_process_facts(dumping, false, &none) ||
	       none.code == ERROR_NONE || error_set(err, none.code, "%s", none.text);
}

static bool dump_core(struct dumping *dumping, struct error *err)
{
	const struct recorder_sink sink = { .text = feed_dump, .ctx = dumping };

	return core_file_sample(dumping->options, &sink, err);
}

static bool feed_file(void *ctx, struct span text, struct error *err)
{
	struct dumping *dumping = ctx;

	(void)err;
	if (dumping->file)
		foreign_text_look(&dumping->foreign, dumping->file, text);
	dumping->file = NULL;
	snapshot_builder_feed(dumping->builder, text.ptr, text.len);
	return true;
}

static bool dump_files(struct dumping *dumping, struct error *err)
{
	for (size_t i = 0; i < dumping->options->operand_count; i++) {
		const char *path = dumping->options->operands[i];

		dumping->file = input_file_name(path);
		if (!input_file_each(path, feed_file, dumping, err))
			return false;
	}
	return true;
}

static bool find_source_line(void *ctx, uint32_t pid, struct span file, uint32_t line,
                             struct span *ret)
{
	struct dumping *dumping = ctx;

	return source_lines_get(&dumping->lines, pid, file, line, ret);
}

static bool write_snapshot(struct dumping *dumping, struct snapshot *snapshot, struct error *err)
{
	const struct options *options = dumping->options;
	const struct snapshot_options snapshot_options = {
		.full_paths = options->full_paths,
		.all = options->all,
		.largest_first = options->largest_first,
		.source = options->pid_count ? find_source_line : NULL,
		.ctx = dumping,
	};
	struct verdict verdict;
	struct output_file output;
	bool ok = output_file_open(&output, options->output ? options->output : "-", err);

	verdict_make(snapshot, &verdict);
	if (ok) {
		(options->json ? snapshot_json_write : snapshot_text_write)(
		        snapshot, &verdict, &snapshot_options, output.file);
		ok = output_file_commit(&output, err);
	}
	verdict_deinit(&verdict);
	return ok;
}

static bool write_dump(struct dumping *dumping, struct error *err)
{
	struct snapshot *snapshot = snapshot_builder_finish(dumping->builder);
	bool ok = (snapshot->thread_count || foreign_text_check(&dumping->foreign, err)) &&
	          write_snapshot(dumping, snapshot, err);

	snapshot_destroy(snapshot);
	return ok;
}

bool cmd_dump(const struct options *options, struct error *err)
{
	struct dumping dumping = { .options = options };
	bool ok;

	if ((options->output && !output_file_check(options->output, err)) ||
	    (options->save_raw && !output_file_open(&dumping.raw, options->save_raw, err)))
		return false;
	dumping.builder = snapshot_builder_create(options->glue);
	if (options->core)
		ok = dump_core(&dumping, err);
	else
		ok = options->pid_count ? dump_processes(&dumping, err) : dump_files(&dumping, err);
	if (ok)
		ok = output_file_commit(&dumping.raw, err);
	else
		output_file_abandon(&dumping.raw);
	ok = ok && write_dump(&dumping, err);
	source_lines_deinit(&dumping.lines);
	cpu_window_deinit(&dumping.window);
	snapshot_builder_destroy(dumping.builder);
	return ok;
}
