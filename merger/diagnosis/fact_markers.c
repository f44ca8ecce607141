/* fact_markers: what /proc says of processes, threads, file descriptors and children. */
#include <stdlib.h>

#include "merger/base/number.h"
#include "merger/diagnosis/snapshot_markers.h"

static uint32_t parse_pid(struct span value)
{
	uint64_t number;

	return number_take(&value, 10, &number) && !value.len && number <= UINT32_MAX
	               ? (uint32_t)number
	               : 0;
}

/* From "peer=4715 peer_name=sh peer_state=S", or the same of "holder"; several. */
static size_t take_peers(struct snapshot_builder *builder, const struct marker *marker,
                         const char *word, struct snapshot_peer **ret)
{
	size_t count = 0, cap = 0, pos = 0;
	struct span key, value;

	*ret = NULL;
	while (marker_next(marker, &pos, &key, &value)) {
		if (!span_take(&key, span_of(word)))
			continue;
		if (!key.len && count < MARKER_NUMBERS_MAX) {
			*ret = snapshot_marker_grow(*ret, &count, &cap, sizeof(**ret));
			(*ret)[count - 1].pid = parse_pid(value);
		} else if (count && span_eq(key, SPAN_LIT("_name"))) {
			(*ret)[count - 1].name = snapshot_marker_intern(builder, value);
		} else if (count && span_eq(key, SPAN_LIT("_state"))) {
			(*ret)[count - 1].state = value.len ? value.ptr[0] : 0;
		}
	}
	return count;
}

static void take_process(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_process *process =
	        snapshot_marker_process(builder, snapshot_marker_number(marker, "pid"));

	process->ppid = snapshot_marker_number(marker, "ppid");
	process->parent_name = snapshot_marker_word(builder, marker, "ppid_name");
	process->name = snapshot_marker_word(builder, marker, "name");
	process->title = snapshot_marker_word(builder, marker, "title");
	process->command = snapshot_marker_word(builder, marker, "command");
	process->hop = snapshot_marker_number(marker, "hop");
	process->state = snapshot_marker_letter(marker, "state");
	process->tracer = snapshot_marker_number(marker, "tracer");
	process->tracer_name = snapshot_marker_word(builder, marker, "tracer_name");
	process->signal = snapshot_marker_number(marker, "signal");
	process->signal_tid = snapshot_marker_number(marker, "signal_tid");
	process->core = snapshot_marker_number(marker, "core");
	process->fault = marker_number(marker, "fault", 0);
	process->cpu_us = marker_number(marker, "cpu_us", 0);
	process->age_us = marker_number(marker, "age_us", 0);
}

static void take_thread(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot_thread *thread =
	        snapshot_marker_thread(builder, snapshot_marker_number(marker, "pid"),
	                               snapshot_marker_number(marker, "tid"));
	struct snapshot_syscall *call = &thread->call;

	if (marker_get(marker, "window_us").ptr) {
		thread->window_us = marker_number(marker, "window_us", 0);
		thread->recent_us = marker_number(marker, "recent_us", 0);
		thread->ready_us = marker_number(marker, "ready_us", 0);
	}
	if (!marker_get(marker, "state").ptr)
		return;
	thread->runs = marker_number(marker, "runs", 0);
	if (!thread->runs_first)
		thread->runs_first = thread->runs;
	/* The name in a sample may be Python's; the kernel's is a part of it, or another one. */
	if (!thread->looks || !thread->name)
		thread->name = snapshot_marker_word(builder, marker, "name");
	thread->state = snapshot_marker_letter(marker, "state");
	if (marker_get(marker, "cpu_us").ptr && !thread->cpu_looked) {
		thread->cpu_us = marker_number(marker, "cpu_us", 0);
		if (!thread->has_cpu)
			thread->cpu_first_us = thread->cpu_us;
		thread->has_cpu = true;
	}
	free(call->fds);
	*call = (struct snapshot_syscall){
		.class = syscall_class_of(marker_get(marker, "class")),
		.text = snapshot_marker_word(builder, marker, "call"),
		.wchan = snapshot_marker_word(builder, marker, "wchan"),
		.object = snapshot_marker_word(builder, marker, "object"),
		.wait_pid = snapshot_marker_number(marker, "wait_pid"),
		.has_left = marker_get(marker, "left_us").ptr,
		.left_us = marker_number(marker, "left_us", 0),
		.left_is_most = snapshot_marker_number(marker, "left_is_most"),
	};
	call->fd_count = snapshot_marker_numbers(marker, "fd", &call->fds);
}

static void take_fd(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t pid = snapshot_marker_number(marker, "pid"),
	         fd = snapshot_marker_number(marker, "fd");
	size_t at = snapshot_find_fd(snapshot, pid, fd);
	struct snapshot_fd *row;

	if (at == SNAPSHOT_NONE) {
		snapshot->fds = snapshot_marker_grow(snapshot->fds, &snapshot->fd_count,
		                                     &snapshot->fd_cap, sizeof(*snapshot->fds));
		at = snapshot->fd_count - 1;
	}
	row = &snapshot->fds[at];
	free(row->peers);
	free(row->holders);
	*row = (struct snapshot_fd){
		.pid = pid,
		.fd = fd,
		.kind = snapshot_marker_word(builder, marker, "kind"),
		.path = snapshot_marker_word(builder, marker, "path"),
		.end = snapshot_marker_word(builder, marker, "end"),
		.local = snapshot_marker_word(builder, marker, "local"),
		.remote = snapshot_marker_word(builder, marker, "remote"),
		.state = snapshot_marker_word(builder, marker, "state"),
		.accepted = snapshot_marker_number(marker, "accepted"),
		.has_queues = marker_get(marker, "recv_queue").ptr,
		.recv_queue = marker_number(marker, "recv_queue", 0),
		.send_queue = marker_number(marker, "send_queue", 0),
	};
	row->peer_count = take_peers(builder, marker, "peer", &row->peers);
	row->holder_count = take_peers(builder, marker, "holder", &row->holders);
}

static void take_child(struct snapshot_builder *builder, const struct marker *marker)
{
	struct snapshot *snapshot = builder->snapshot;
	uint32_t pid = snapshot_marker_number(marker, "pid");
	size_t at = 0;

	while (at < snapshot->child_count && snapshot->children[at].pid != pid)
		at++;
	if (at == snapshot->child_count)
		snapshot->children =
		        snapshot_marker_grow(snapshot->children, &snapshot->child_count,
		                             &snapshot->child_cap, sizeof(*snapshot->children));
	snapshot->children[at] = (struct snapshot_child){
		.pid = pid,
		.ppid = snapshot_marker_number(marker, "ppid"),
		.name = snapshot_marker_word(builder, marker, "name"),
		.state = snapshot_marker_letter(marker, "state"),
	};
}

static const struct snapshot_taker takers[] = {
	{ MARKER_PROCESS, take_process },
	{ MARKER_THREAD, take_thread },
	{ MARKER_FD, take_fd },
	{ MARKER_CHILD, take_child },
};

bool fact_markers_take(struct snapshot_builder *builder, const struct marker *marker)
{
	return snapshot_marker_take(takers, sizeof(takers) / sizeof(takers[0]), builder, marker);
}
