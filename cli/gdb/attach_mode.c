#include "cli/gdb/attach_mode.h"

#include <inttypes.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* How the bundle on descriptor 4 is taken apart is in gdbscripts/loader.py. */
#define AGENT_START                                                                                \
	"python pmp_source = open(4, \"rb\").read().decode()\n"                                    \
	"python exec(pmp_source.partition(\"\\n#:PMP-BUNDLE\\n\")[0])\n"
#define AGENT_SKIP_UNSTOPPABLE "python pmp(\"skip_unstoppable\", {now})\n"
#define AGENT_FORGET_EXITED "python pmp(\"forget_exited\")\n"

/* Before anything is attached: gdb plants no breakpoint and writes nothing, and no signal of the target's stops it.
 * Of the target's no thread library is loaded and no source file opened: as it attaches gdb would print a line of one.
 * A gdb that doesn't know a setting says so in a line that nobody reads. */
#define PLAIN_START                                                                                \
	"set may-insert-breakpoints off\n"                                                         \
	"set may-write-memory off\n"                                                               \
	"set may-write-registers off\n"                                                            \
	"set may-call-functions off\n"                                                             \
	"set may-insert-tracepoints off\n"                                                         \
	"set may-insert-fast-tracepoints off\n"                                                    \
	"set startup-with-shell off\n"                                                             \
	"set libthread-db-search-path $sdir\n"                                                     \
	"set source open off\n"                                                                    \
	"set print frame-info location\n"                                                          \
	"set print frame-arguments none\n"                                                         \
	"set print entry-values no\n"                                                              \
	"set print thread-events off\n"                                                            \
	"set print inferior-events off\n"                                                          \
	"handle all nostop noprint pass\n"                                                         \
	"handle SIGINT SIGTRAP nostop noprint pass\n"                                              \
	"show version\n"                                                                           \
	"echo \\n{mark}hello\\n\n"

/* gdb takes the real path of what it opens. That of a target with mounts of its own is no file of ours, or another one:
 * gdb then finds the program itself when it attaches, and opens it and its libraries where the target does. */
#define PLAIN_WARM                                                                                 \
	"set sysroot {root}\n"                                                                     \
	"file {exe}\n"                                                                             \
	"echo \\n{mark}warm\\n\n"

/* What comes between walk and walked is the sample; `attach` itself also prints a frame. */
#define PLAIN_ONE_SHOT                                                                             \
	"echo \\n{mark}one_shot\\n\n"                                                              \
	"attach {pid}\n"                                                                           \
	"echo \\n{mark}walk\\n\n"                                                                  \
	"thread apply all bt\n"                                                                    \
	"echo \\n{mark}walked\\n\n"                                                                \
	"detach\n"                                                                                 \
	"echo \\n{mark}gone\\n\n"

static const struct attach_mode_row rows[] = {
	[ATTACH_ONCE] = {
		.name = "once",
		.workers = 1,
		.agent = true,
		.keeps = true,
		.commands = {
			[VERB_START] = AGENT_START,
			[VERB_WARM] = "python pmp(\"warm\", {pid}, {started_by_pmp})\n",
			[VERB_ATTACH] = "python pmp(\"attach\", {pid}, {started_by_pmp})\n",
			[VERB_SAMPLE] = "python pmp(\"sample\", {sample}, {epoch}, {instant})\n",
			[VERB_SKIP_UNSTOPPABLE] = AGENT_SKIP_UNSTOPPABLE,
			[VERB_FORGET_EXITED] = AGENT_FORGET_EXITED,
			[VERB_DETACH] = "python pmp(\"detach\")\n",
		},
	},
	[ATTACH_EACH] = {
		.name = "each",
		.workers = 2,
		.agent = true,
		.commands = {
			[VERB_START] = AGENT_START,
			[VERB_WARM] = "python pmp(\"warm\", {pid}, {started_by_pmp})\n",
			[VERB_ONE_SHOT] = "python pmp(\"one_shot\", {pid}, {sample}, {epoch})\n",
			[VERB_SKIP_UNSTOPPABLE] = AGENT_SKIP_UNSTOPPABLE,
			[VERB_FORGET_EXITED] = AGENT_FORGET_EXITED,
		},
	},
	/* One attach, and one stop of all threads for a look into the target's locks, too. */
	[ATTACH_DUMP] = {
		.name = "dump",
		.workers = 1,
		.agent = true,
		.commands = {
			[VERB_START] = AGENT_START,
			[VERB_WARM] = "python pmp(\"warm\", {pid}, {started_by_pmp})\n",
			[VERB_ONE_SHOT] = "python pmp(\"dump\", {pid}, {sample}, {epoch}, {locals})\n",
			[VERB_SKIP_UNSTOPPABLE] = AGENT_SKIP_UNSTOPPABLE,
			[VERB_FORGET_EXITED] = AGENT_FORGET_EXITED,
		},
	},
	[ATTACH_PLAIN] = {
		.name = "plain",
		.workers = 2,
		.commands = {
			[VERB_START] = PLAIN_START,
			[VERB_WARM] = PLAIN_WARM,
			[VERB_ONE_SHOT] = PLAIN_ONE_SHOT,
		},
	},
};

const struct attach_mode_row *attach_mode_row(enum attach_mode mode)
{
	return &rows[mode];
}

void attach_mode_command(const struct attach_mode_row *row, enum attach_verb verb,
                         const struct attach_values *values, struct buf *out)
{
	struct span rest = span_of(row->commands[verb]);

	buf_clear(out);
	while (rest.len) {
		if (span_take(&rest, SPAN_LIT("{pid}"))) {
			buf_printf(out, "%" PRIu32, values->pid);
		} else if (span_take(&rest, SPAN_LIT("{sample}"))) {
			buf_printf(out, "%" PRIu64, values->sample);
		} else if (span_take(&rest, SPAN_LIT("{epoch}"))) {
			buf_printf(out, "%" PRIu64, values->epoch_us);
		} else if (span_take(&rest, SPAN_LIT("{now}"))) {
			buf_printf(out, "%" PRIu64, values->now_us);
		} else if (span_take(&rest, SPAN_LIT("{instant}"))) {
			buf_printf(out, "%d", values->instant);
		} else if (span_take(&rest, SPAN_LIT("{locals}"))) {
			buf_printf(out, "%d", values->locals);
		} else if (span_take(&rest, SPAN_LIT("{started_by_pmp}"))) {
			buf_printf(out, "%d", values->started_by_pmp);
		} else if (span_take(&rest, SPAN_LIT("{exe}"))) {
			if (!values->other_mounts)
				buf_printf(out, "/proc/%" PRIu32 "/exe", values->pid);
		} else if (span_take(&rest, SPAN_LIT("{root}"))) {
			if (values->other_root)
				buf_printf(out, "/proc/%" PRIu32 "/root", values->pid);
			else
				buf_add_span(out, SPAN_LIT("target:"));
		} else if (span_take(&rest, SPAN_LIT("{mark}"))) {
			buf_add_span(out, span_of(values->mark));
		} else {
			buf_add(out, rest.ptr, 1);
			rest = span_skip(rest, 1);
		}
	}
}
