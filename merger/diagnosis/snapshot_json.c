/* snapshot_json: the report as JSON. An unknown value has no key. */
#include <inttypes.h>

#include "merger/base/escape.h"
#include "merger/base/json_document.h"
#include "merger/diagnosis/snapshot_report.h"
#include "merger/diagnosis/stack_groups.h"
#include "merger/diagnosis/wording.h"
#include "merger/profile/profile.h"

#define JSON_VERSION 1

struct json_report {
	const struct snapshot *snapshot;
	const struct snapshot_options *options;
	struct json_document json;
	struct document *document; /* &json.document */
	struct buf text;
};

static void add_id(struct json_report *report, const char *key, uint32_t id)
{
	document_add_text(report->document, key, intern_get(report->snapshot->intern, id));
}

static void add_letter(struct json_report *report, const char *key, char letter)
{
	if (letter)
		document_add_text(report->document, key, (struct span){ &letter, 1 });
}

static void add_address(struct json_report *report, const char *key, uint64_t value)
{
	if (!value)
		return;
	buf_printf(&report->text, "0x%" PRIx64, value);
	document_add_text(report->document, key, buf_span(&report->text));
	buf_clear(&report->text);
}

static void open_list(struct json_report *report, const char *key)
{
	document_add_open(report->document, key, DOCUMENT_LIST, DOCUMENT_LINE);
}

static void close_list(struct json_report *report)
{
	document_close(report->document, DOCUMENT_LIST);
}

static void open_row(struct json_report *report)
{
	document_open(report->document, DOCUMENT_MAP, DOCUMENT_LINE);
}

static void close_row(struct json_report *report)
{
	document_close(report->document, DOCUMENT_MAP);
}

/* Begins a list of rows. Its key begins a line, and end_row ends one. */
static void begin_section(struct json_report *report, const char *key)
{
	json_line(&report->json.json);
	open_list(report, key);
}

static void end_row(struct json_report *report)
{
	close_row(report);
	json_line(&report->json.json);
}

static void add_numbers(struct json_report *report, const char *key, const uint32_t *values,
                        size_t count)
{
	if (!count)
		return;
	open_list(report, key);
	for (size_t i = 0; i < count; i++)
		document_number(report->document, values[i]);
	close_list(report);
}

static void add_verdict(struct json_report *report, const struct verdict *verdict)
{
	struct span rest = buf_span(&verdict->text), line;

	document_add_open(report->document, "verdict", DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_text(report->document, "kind", span_of(verdict->kind));
	document_add_text(report->document, "trust", span_of(verdict_trust_name(verdict->trust)));
	open_list(report, "text");
	while (span_take_line(&rest, &line))
		document_word(report->document, DOCUMENT_STRING, line);
	close_list(report);
	open_list(report, "threads");
	for (size_t i = 0; i < verdict->thread_count; i++) {
		const struct snapshot_thread *thread =
		        &report->snapshot->threads[verdict->threads[i]];

		open_row(report);
		document_add_number(report->document, "pid", thread->pid);
		document_add_number(report->document, "tid", thread->tid);
		close_row(report);
	}
	close_list(report);
	end_row(report);
}

static void add_processes(struct json_report *report)
{
	begin_section(report, "processes");
	for (size_t i = 0; i < report->snapshot->process_count; i++) {
		const struct snapshot_process *process = &report->snapshot->processes[i];

		open_row(report);
		document_add_number(report->document, "pid", process->pid);
		add_id(report, "name", process->name);
		add_id(report, "title", process->title);
		add_id(report, "command", process->command);
		document_add_known(report->document, "not_sampled", process->hop);
		add_id(report, "executable", process->executable);
		add_letter(report, "state", process->state);
		document_add_known(report->document, "ppid", process->ppid);
		add_id(report, "parent_name", process->parent_name);
		document_add_known(report->document, "tracer", process->tracer);
		add_id(report, "tracer_name", process->tracer_name);
		document_add_known(report->document, "signal", process->signal);
		document_add_known(report->document, "core", process->core);
		document_add_known(report->document, "signal_tid", process->signal_tid);
		add_address(report, "fault", process->fault);
		add_id(report, "python", process->python);
		add_id(report, "ruby", process->ruby);
		add_id(report, "runtime", process->runtime);
		document_add_known(report->document, "runtime_count", process->runtime_count);
		document_add_known(report->document, "gil_tid", process->gil_tid);
		document_add_known(report->document, "pause_us", process->pause_us);
		if (process->age_us)
			document_add_number(report->document, "cpu_us", process->cpu_us);
		document_add_known(report->document, "age_us", process->age_us);
		end_row(report);
	}
	close_list(report);
}

static void add_wait(struct json_report *report, const struct snapshot_wait *wait)
{
	if (wait->kind == WAIT_NONE)
		return;
	document_add_open(report->document, "waits", DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_text(report->document, "kind", span_of(wait_kind_name(wait->kind)));
	add_address(report, "on", wait->on);
	add_address(report, "word", wait->word);
	add_id(report, "name", wait->name);
	add_id(report, "type", wait->type);
	document_add_known(report->document, "owner", wait->owner);
	document_add_known(report->document, "owner_pid", wait->owner_pid);
	document_add_known(report->document, "gone", wait->gone);
	document_add_known(report->document, "gone_pid", wait->gone_pid);
	add_numbers(report, "candidates", wait->candidates, wait->candidate_count);
	add_id(report, "why", wait->why);
	close_row(report);
}

static void add_call(struct json_report *report, const struct snapshot_syscall *call)
{
	document_add_text(report->document, "class", span_of(syscall_class_name(call->class)));
	add_id(report, "call", call->text);
	add_id(report, "wchan", call->wchan);
	add_id(report, "object", call->object);
	add_numbers(report, "fds", call->fds, call->fd_count);
	if (call->has_left)
		document_add_number(report->document, "left_us", call->left_us);
	document_add_known(report->document, "left_is_most", call->left_is_most);
	document_add_known(report->document, "wait_pid", call->wait_pid);
}

static void add_thread(struct json_report *report, size_t at)
{
	const struct snapshot_thread *thread = &report->snapshot->threads[at];
	struct buf doing = { 0 };

	open_row(report);
	document_add_number(report->document, "pid", thread->pid);
	document_add_number(report->document, "tid", thread->tid);
	add_id(report, "name", thread->name);
	add_letter(report, "state", thread->state);
	if (thread->has_cpu)
		document_add_number(report->document, "cpu_us", thread->cpu_us);
	if (thread->window_us) {
		document_add_number(report->document, "recent_us", thread->recent_us);
		document_add_number(report->document, "ready_us", thread->ready_us);
		document_add_number(report->document, "window_us", thread->window_us);
	}
	wording_activity(&doing, report->snapshot, at);
	document_add_text(report->document, "doing", buf_span(&doing));
	add_wait(report, &thread->wait);
	add_call(report, &thread->call);
	if (thread->looks > 1) {
		document_add_number(report->document, "looks", thread->looks);
		document_add_number(report->document, "moves", thread->moves);
		if (thread->has_cpu)
			document_add_number(report->document, "cpu_grew_us",
			                    thread->cpu_us - thread->cpu_first_us);
		if (thread->runs > thread->runs_first)
			document_add_number(report->document, "ran_times",
			                    thread->runs - thread->runs_first);
	}
	close_row(report);
	buf_deinit(&doing);
}

static void add_locals(struct json_report *report, const struct snapshot_thread *thread,
                       uint32_t frame)
{
	bool any = false;

	for (size_t i = 0; i < thread->local_count; i++) {
		const struct snapshot_local *local = &thread->locals[i];

		if (local->frame != frame)
			continue;
		if (!any) {
			open_list(report, "locals");
			any = true;
		}
		open_row(report);
		add_id(report, "name", local->name);
		add_id(report, "value", local->value);
		document_add_known(report->document, "argument", local->argument);
		close_row(report);
	}
	if (any)
		close_list(report);
}

static void add_frame(struct json_report *report, uint32_t pid, const struct frame *frame)
{
	struct span file = intern_get(report->snapshot->intern, frame->file), line;

	document_add_text(report->document, "kind", span_of(profile_kind_name(frame->kind)));
	add_id(report, "name", frame->name);
	document_add_text(report->document, "file", file);
	if (frame_has_addresses(frame))
		add_address(report, "address", frame->line);
	else
		document_add_known(report->document, "line", frame->line);
	add_id(report, "module", frame->module);
	if (!frame->line || frame_has_addresses(frame) || !report->options->source ||
	    !report->options->source(report->options->ctx, pid, file, frame->line, &line))
		return;
	escape_add_text(&report->text, span_trim(line));
	document_add_text(report->document, "source", buf_span(&report->text));
	buf_clear(&report->text);
}

/* Leaf first, as in the text report. */
static void add_stack(struct json_report *report, const struct snapshot_thread *thread)
{
	uint32_t python = 0;

	open_list(report, "stack");
	for (size_t i = thread->frame_count; i > 0; i--) {
		const struct frame *frame = &thread->frames[i - 1];

		open_row(report);
		add_frame(report, thread->pid, frame);
		if (frame->kind == FRAME_PYTHON)
			add_locals(report, thread, python++);
		close_row(report);
	}
	close_list(report);
	add_id(report, "lost", thread->lost);
}

static void add_groups(struct json_report *report)
{
	struct stack_groups groups;

	stack_groups_init(&groups, report->snapshot, report->options->largest_first);
	begin_section(report, "groups");
	for (size_t i = 0; i < groups.count; i++) {
		const struct stack_group *group = &groups.groups[i];

		open_row(report);
		document_add_number(report->document, "count", group->count);
		open_list(report, "threads");
		for (size_t j = 0; j < group->count; j++)
			add_thread(report, groups.threads[group->first + j]);
		close_list(report);
		add_stack(report, &report->snapshot->threads[groups.threads[group->first]]);
		end_row(report);
	}
	close_list(report);
	stack_groups_deinit(&groups);
}

static void add_peers(struct json_report *report, const char *key,
                      const struct snapshot_peer *peers, size_t count)
{
	if (!count)
		return;
	open_list(report, key);
	for (size_t i = 0; i < count; i++) {
		open_row(report);
		document_add_number(report->document, "pid", peers[i].pid);
		add_id(report, "name", peers[i].name);
		add_letter(report, "state", peers[i].state);
		close_row(report);
	}
	close_list(report);
}

static void add_fds(struct json_report *report)
{
	begin_section(report, "fds");
	for (size_t i = 0; i < report->snapshot->fd_count; i++) {
		const struct snapshot_fd *fd = &report->snapshot->fds[i];

		open_row(report);
		document_add_number(report->document, "pid", fd->pid);
		document_add_number(report->document, "fd", fd->fd);
		add_id(report, "kind", fd->kind);
		add_id(report, "path", fd->path);
		add_id(report, "end", fd->end);
		add_id(report, "local", fd->local);
		add_id(report, "remote", fd->remote);
		add_id(report, "state", fd->state);
		if (fd->has_queues) {
			document_add_number(report->document, "recv_queue", fd->recv_queue);
			document_add_number(report->document, "send_queue", fd->send_queue);
		}
		add_peers(report, "peers", fd->peers, fd->peer_count);
		add_peers(report, "holders", fd->holders, fd->holder_count);
		end_row(report);
	}
	close_list(report);
}

static void add_children(struct json_report *report)
{
	begin_section(report, "children");
	for (size_t i = 0; i < report->snapshot->child_count; i++) {
		const struct snapshot_child *child = &report->snapshot->children[i];

		open_row(report);
		document_add_number(report->document, "pid", child->pid);
		document_add_known(report->document, "ppid", child->ppid);
		add_id(report, "name", child->name);
		add_letter(report, "state", child->state);
		end_row(report);
	}
	close_list(report);
}

static void add_task(struct json_report *report, const struct snapshot_task *task)
{
	static const struct span kinds[] = {
		[TASK_ASYNCIO] = SPAN_INIT("asyncio"),
		[TASK_CALLBACK] = SPAN_INIT("callback"),
		[TASK_GREENLET] = SPAN_INIT("greenlet"),
	};

	open_row(report);
	add_address(report, "id", task->id);
	document_add_known(report->document, "pid", task->pid);
	document_add_known(report->document, "tid", task->tid);
	add_id(report, "name", task->name);
	add_id(report, "state", task->state);
	document_add_text(report->document, "kind", kinds[task->kind]);
	document_add_known(report->document, "thread", task->thread);
	document_add_known(report->document, "busy_us", task->busy_us);
	if (task->has_left)
		document_add_number(report->document, "left_us", task->left_us);
	if (task->orphaned)
		document_add_text(report->document, "setter", SPAN_LIT("gone"));
	add_id(report, "on", task->on);
	open_list(report, "waits");
	for (size_t i = 0; i < task->wait_count; i++) {
		buf_printf(&report->text, "0x%" PRIx64, task->waits[i]);
		document_word(report->document, DOCUMENT_STRING, buf_span(&report->text));
		buf_clear(&report->text);
	}
	close_list(report);
	open_list(report, "stack");
	for (size_t i = 0; i < task->frame_count; i++) {
		open_row(report);
		add_frame(report, task->pid, &task->frames[i]);
		close_row(report);
	}
	close_list(report);
	end_row(report);
}

static void add_rest(struct json_report *report)
{
	const struct snapshot *snapshot = report->snapshot;

	begin_section(report, "tasks");
	for (size_t i = 0; i < snapshot->task_count; i++)
		add_task(report, &snapshot->tasks[i]);
	close_list(report);
	begin_section(report, "not_read");
	for (size_t i = 0; i < snapshot->unread_count; i++) {
		open_row(report);
		add_id(report, "what", snapshot->unread[i].what);
		add_id(report, "why", snapshot->unread[i].why);
		end_row(report);
	}
	close_list(report);
	begin_section(report, "notes");
	for (size_t i = 0; i < snapshot->note_count; i++)
		document_word(report->document, DOCUMENT_STRING,
		              intern_get(snapshot->intern, snapshot->notes[i]));
	close_list(report);
}

void snapshot_json_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *options, FILE *out)
{
	struct json_report report = { .snapshot = snapshot, .options = options };

	json_document_init(&report.json, out);
	report.document = &report.json.document;
	open_row(&report);
	document_add_number(report.document, "pmp_dump", JSON_VERSION);
	add_verdict(&report, verdict);
	document_add_number(report.document, "looks", snapshot->looks);
	document_add_number(report.document, "elapsed_us", snapshot_elapsed_us(snapshot));
	add_processes(&report);
	add_groups(&report);
	add_fds(&report);
	add_children(&report);
	add_rest(&report);
	end_row(&report);
	buf_deinit(&report.text);
}
