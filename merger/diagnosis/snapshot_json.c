/* snapshot_json: the report as JSON. What is not known has no key. */
#include <inttypes.h>

#include "merger/diagnosis/wording.h"
#include "merger/base/escape.h"
#include "merger/base/json.h"
#include "merger/profile/profile.h"
#include "merger/diagnosis/snapshot_report.h"
#include "merger/diagnosis/stack_groups.h"
#define JSON_VERSION 1

struct report {
	const struct snapshot *snapshot;
	const struct snapshot_options *view;
	struct json json;
	struct buf text;
};

static void add_number(struct report *report, const char *key, uint64_t value)
{
	json_key(&report->json, key);
	json_number(&report->json, value);
}

static void add_known(struct report *report, const char *key, uint64_t value)
{
	if (value)
		add_number(report, key, value);
}

static void add_text(struct report *report, const char *key, struct span text)
{
	if (!text.len)
		return;
	json_key(&report->json, key);
	json_string(&report->json, text);
}

static void add_word(struct report *report, const char *key, uint32_t id)
{
	add_text(report, key, intern_get(report->snapshot->intern, id));
}

static void add_letter(struct report *report, const char *key, char letter)
{
	if (letter)
		add_text(report, key, (struct span){ &letter, 1 });
}

static void add_address(struct report *report, const char *key, uint64_t value)
{
	if (!value)
		return;
	buf_printf(&report->text, "0x%" PRIx64, value);
	add_text(report, key, buf_span(&report->text));
	buf_clear(&report->text);
}

static void add_numbers(struct report *report, const char *key, const uint32_t *values,
                        size_t count)
{
	if (!count)
		return;
	json_key(&report->json, key);
	json_open(&report->json, '[');
	for (size_t i = 0; i < count; i++)
		json_number(&report->json, values[i]);
	json_close(&report->json, ']');
}

static void open_list(struct report *report, const char *key)
{
	json_line(&report->json);
	json_key(&report->json, key);
	json_open(&report->json, '[');
}

static void open_row(struct report *report)
{
	json_open(&report->json, '{');
}

static void close_row(struct report *report)
{
	json_close(&report->json, '}');
	json_line(&report->json);
}

static void close_list(struct report *report)
{
	json_close(&report->json, ']');
}

static void write_verdict(struct report *report, const struct verdict *verdict)
{
	struct span rest = buf_span(&verdict->text);

	json_key(&report->json, "verdict");
	open_row(report);
	add_text(report, "kind", span_of(verdict->kind));
	add_text(report, "trust", span_of(verdict_trust_name(verdict->trust)));
	json_key(&report->json, "text");
	json_open(&report->json, '[');
	while (rest.len) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct span line = { rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len };

		json_string(&report->json, line);
		rest = span_skip(rest, line.len + 1);
	}
	close_list(report);
	json_key(&report->json, "threads");
	json_open(&report->json, '[');
	for (size_t i = 0; i < verdict->thread_count; i++) {
		const struct snapshot_thread *thread =
		        &report->snapshot->threads[verdict->threads[i]];

		open_row(report);
		add_number(report, "pid", thread->pid);
		add_number(report, "tid", thread->tid);
		json_close(&report->json, '}');
	}
	close_list(report);
	close_row(report);
}

static void write_processes(struct report *report)
{
	open_list(report, "processes");
	for (size_t i = 0; i < report->snapshot->process_count; i++) {
		const struct snapshot_process *process = &report->snapshot->processes[i];

		open_row(report);
		add_number(report, "pid", process->pid);
		add_word(report, "name", process->name);
		add_word(report, "executable", process->executable);
		add_letter(report, "state", process->state);
		add_known(report, "ppid", process->ppid);
		add_word(report, "parent_name", process->parent_name);
		add_known(report, "tracer", process->tracer);
		add_word(report, "tracer_name", process->tracer_name);
		add_known(report, "signal", process->signal);
		add_known(report, "core", process->core);
		add_known(report, "signal_tid", process->signal_tid);
		add_address(report, "fault", process->fault);
		add_word(report, "python", process->python);
		add_known(report, "gil_tid", process->gil_tid);
		add_known(report, "pause_us", process->pause_us);
		close_row(report);
	}
	close_list(report);
}

static void write_wait(struct report *report, const struct snapshot_wait *wait)
{
	if (wait->kind == WAIT_NONE)
		return;
	json_key(&report->json, "waits");
	open_row(report);
	add_text(report, "kind", span_of(wait_kind_name(wait->kind)));
	add_address(report, "on", wait->on);
	add_address(report, "word", wait->word);
	add_word(report, "type", wait->type);
	add_known(report, "owner", wait->owner);
	add_numbers(report, "candidates", wait->candidates, wait->candidate_count);
	add_word(report, "why", wait->why);
	json_close(&report->json, '}');
}

static void write_call(struct report *report, const struct snapshot_syscall *call)
{
	add_text(report, "class", span_of(syscall_class_name(call->class)));
	add_word(report, "call", call->text);
	add_word(report, "wchan", call->wchan);
	add_numbers(report, "fds", call->fds, call->fd_count);
	if (call->has_left)
		add_number(report, "left_us", call->left_us);
	add_known(report, "wait_pid", call->wait_pid);
}

static void write_thread(struct report *report, size_t at)
{
	const struct snapshot_thread *thread = &report->snapshot->threads[at];
	struct buf doing = { 0 };

	open_row(report);
	add_number(report, "pid", thread->pid);
	add_number(report, "tid", thread->tid);
	add_word(report, "name", thread->name);
	add_letter(report, "state", thread->state);
	if (thread->has_cpu)
		add_number(report, "cpu_us", thread->cpu_us);
	wording_activity(&doing, report->snapshot, at);
	add_text(report, "doing", buf_span(&doing));
	write_wait(report, &thread->wait);
	write_call(report, &thread->call);
	if (thread->looks > 1) {
		add_number(report, "looks", thread->looks);
		add_number(report, "moves", thread->moves);
		if (thread->has_cpu)
			add_number(report, "cpu_grew_us", thread->cpu_us - thread->cpu_first_us);
	}
	json_close(&report->json, '}');
	buf_deinit(&doing);
}

static void write_locals(struct report *report, const struct snapshot_thread *thread,
                         uint32_t frame)
{
	bool any = false;

	for (size_t i = 0; i < thread->local_count; i++) {
		const struct snapshot_local *local = &thread->locals[i];

		if (local->frame != frame)
			continue;
		if (!any) {
			json_key(&report->json, "locals");
			json_open(&report->json, '[');
			any = true;
		}
		open_row(report);
		add_word(report, "name", local->name);
		add_word(report, "value", local->value);
		add_known(report, "argument", local->argument);
		json_close(&report->json, '}');
	}
	if (any)
		close_list(report);
}

static void write_frame(struct report *report, uint32_t pid, const struct frame *frame)
{
	struct span file = intern_get(report->snapshot->intern, frame->file), line;

	add_text(report, "kind", span_of(profile_kind_name(frame->kind)));
	add_word(report, "name", frame->name);
	add_text(report, "file", file);
	add_known(report, "line", frame->line);
	add_word(report, "module", frame->module);
	if (!frame->line || !report->view->source ||
	    !report->view->source(report->view->ctx, pid, file, frame->line, &line))
		return;
	escape_add_text(&report->text, span_trim(line));
	add_text(report, "source", buf_span(&report->text));
	buf_clear(&report->text);
}

/* Leaf first, as in the text. */
static void write_stack(struct report *report, const struct snapshot_thread *thread)
{
	uint32_t python = 0;

	json_key(&report->json, "stack");
	json_open(&report->json, '[');
	for (size_t i = thread->frame_count; i > 0; i--) {
		const struct frame *frame = &thread->frames[i - 1];

		open_row(report);
		write_frame(report, thread->pid, frame);
		if (frame->kind == FRAME_PYTHON)
			write_locals(report, thread, python++);
		json_close(&report->json, '}');
	}
	close_list(report);
	add_word(report, "lost", thread->lost);
}

static void write_groups(struct report *report)
{
	struct stack_groups groups;

	stack_groups_init(&groups, report->snapshot, report->view->largest_first);
	open_list(report, "groups");
	for (size_t i = 0; i < groups.count; i++) {
		const struct stack_group *group = &groups.groups[i];

		open_row(report);
		add_number(report, "count", group->count);
		json_key(&report->json, "threads");
		json_open(&report->json, '[');
		for (size_t j = 0; j < group->count; j++)
			write_thread(report, groups.threads[group->first + j]);
		close_list(report);
		write_stack(report, &report->snapshot->threads[groups.threads[group->first]]);
		close_row(report);
	}
	close_list(report);
	stack_groups_deinit(&groups);
}

static void write_peers(struct report *report, const char *key, const struct snapshot_peer *peers,
                        size_t count)
{
	if (!count)
		return;
	json_key(&report->json, key);
	json_open(&report->json, '[');
	for (size_t i = 0; i < count; i++) {
		open_row(report);
		add_number(report, "pid", peers[i].pid);
		add_word(report, "name", peers[i].name);
		json_close(&report->json, '}');
	}
	close_list(report);
}

static void write_fds(struct report *report)
{
	open_list(report, "fds");
	for (size_t i = 0; i < report->snapshot->fd_count; i++) {
		const struct snapshot_fd *fd = &report->snapshot->fds[i];

		open_row(report);
		add_number(report, "pid", fd->pid);
		add_number(report, "fd", fd->fd);
		add_word(report, "kind", fd->kind);
		add_word(report, "path", fd->path);
		add_word(report, "end", fd->end);
		add_word(report, "local", fd->local);
		add_word(report, "remote", fd->remote);
		add_word(report, "state", fd->state);
		if (fd->has_queues) {
			add_number(report, "recv_queue", fd->recv_queue);
			add_number(report, "send_queue", fd->send_queue);
		}
		write_peers(report, "peers", fd->peers, fd->peer_count);
		write_peers(report, "holders", fd->holders, fd->holder_count);
		close_row(report);
	}
	close_list(report);
}

static void write_children(struct report *report)
{
	open_list(report, "children");
	for (size_t i = 0; i < report->snapshot->child_count; i++) {
		const struct snapshot_child *child = &report->snapshot->children[i];

		open_row(report);
		add_number(report, "pid", child->pid);
		add_known(report, "ppid", child->ppid);
		add_word(report, "name", child->name);
		add_letter(report, "state", child->state);
		close_row(report);
	}
	close_list(report);
}

static void write_task(struct report *report, const struct snapshot_task *task)
{
	open_row(report);
	add_address(report, "id", task->id);
	add_known(report, "pid", task->pid);
	add_known(report, "tid", task->tid);
	add_word(report, "name", task->name);
	add_word(report, "state", task->state);
	add_word(report, "on", task->on);
	json_key(&report->json, "waits");
	json_open(&report->json, '[');
	for (size_t i = 0; i < task->wait_count; i++) {
		buf_printf(&report->text, "0x%" PRIx64, task->waits[i]);
		json_string(&report->json, buf_span(&report->text));
		buf_clear(&report->text);
	}
	close_list(report);
	json_key(&report->json, "stack");
	json_open(&report->json, '[');
	for (size_t i = 0; i < task->frame_count; i++) {
		open_row(report);
		write_frame(report, task->pid, &task->frames[i]);
		json_close(&report->json, '}');
	}
	close_list(report);
	close_row(report);
}

static void write_rest(struct report *report)
{
	const struct snapshot *snapshot = report->snapshot;

	open_list(report, "tasks");
	for (size_t i = 0; i < snapshot->task_count; i++)
		write_task(report, &snapshot->tasks[i]);
	close_list(report);
	open_list(report, "not_read");
	for (size_t i = 0; i < snapshot->unread_count; i++) {
		open_row(report);
		add_word(report, "what", snapshot->unread[i].what);
		add_word(report, "why", snapshot->unread[i].why);
		close_row(report);
	}
	close_list(report);
	open_list(report, "notes");
	for (size_t i = 0; i < snapshot->note_count; i++)
		json_string(&report->json, intern_get(snapshot->intern, snapshot->notes[i]));
	close_list(report);
}

void snapshot_json_write(const struct snapshot *snapshot, const struct verdict *verdict,
                         const struct snapshot_options *view, FILE *out)
{
	struct report report = { .snapshot = snapshot, .view = view, .json = { .out = out } };

	open_row(&report);
	add_number(&report, "pmp_dump", JSON_VERSION);
	write_verdict(&report, verdict);
	add_number(&report, "looks", snapshot->looks);
	add_number(&report, "elapsed_us", snapshot->last_us - snapshot->first_us);
	write_processes(&report);
	write_groups(&report);
	write_fds(&report);
	write_children(&report);
	write_rest(&report);
	close_row(&report);
	buf_deinit(&report.text);
}
