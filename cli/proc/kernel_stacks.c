#include "cli/proc/kernel_stacks.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "merger/parse/marker.h"

#define TEXT_MAX 16384
#define FRAMES_MAX 256

static struct span read_thread_file(uint32_t pid, uint32_t tid, const char *name, struct buf *text)
{
	char path[64];

	snprintf(path, sizeof(path), "task/%" PRIu32 "/%s", tid, name);
	if (!process_read(pid, path, TEXT_MAX, text))
		buf_clear(text);
	return buf_span(text);
}

/* text: "58 0x55772b9a11af 0x1 ...", or "-1 0x7ffe.. 0x7f28.." outside system calls, or
 * "running". */
static void add_syscall_number(struct buf *ret, struct span text)
{
	size_t len = 0;

	while (len < text.len && isdigit((unsigned char)text.ptr[len]))
		len++;
	if (len)
		marker_add(ret, "syscall", (struct span){ text.ptr, len });
}

/* text: lines like "[<0>] kernel_clone+0x1af/0x3e0". */
static void add_frames(struct buf *ret, struct span text)
{
	struct span line;

	for (size_t n = 0; n < FRAMES_MAX && span_take_line(&text, &line); n++) {
		const char *close = line.len ? memchr(line.ptr, ']', line.len) : NULL;

		if (close && span_starts(line, SPAN_LIT("[<")))
			marker_add(ret, "frame",
			           span_trim(span_skip(line, (size_t)(close + 1 - line.ptr))));
	}
}

void kernel_stacks_frames(uint32_t pid, uint32_t tid, struct buf *ret)
{
	struct buf text = { 0 };

	add_frames(ret, read_thread_file(pid, tid, "stack", &text));
	buf_deinit(&text);
}

void kernel_stacks_thread(uint32_t pid, const struct process_thread *thread, struct buf *ret)
{
	struct buf text = { 0 };
	struct span wchan;

	marker_open(ret, "kernel");
	marker_addf(ret, "tid", "%" PRIu32, thread->tid);
	marker_add(ret, "name", span_of(thread->stat.comm));
	marker_addf(ret, "state", "%c", thread->stat.state);
	wchan = read_thread_file(pid, thread->tid, "wchan", &text);
	if (wchan.len && !span_eq(wchan, SPAN_LIT("0")))
		marker_add(ret, "wchan", wchan);
	add_syscall_number(ret, read_thread_file(pid, thread->tid, "syscall", &text));
	add_frames(ret, read_thread_file(pid, thread->tid, "stack", &text));
	marker_close(ret);
	buf_deinit(&text);
}

static void add_lost_thread(struct buf *ret, const struct process_thread *thread, uint32_t tid)
{
	marker_open(ret, "lost");
	marker_addf(ret, "tid", "%" PRIu32, thread->tid);
	marker_add(ret, "name", span_of(thread->stat.comm));
	marker_addf(ret, "why", "not attached: thread %" PRIu32 " is in uninterruptible sleep",
	            tid);
	marker_close(ret);
}

void kernel_stacks_sample(uint32_t pid, const struct process_threads *threads, uint32_t tid,
                          uint64_t sample, uint64_t time_us, struct buf *ret)
{
	marker_open(ret, "begin");
	marker_addf(ret, "sample", "%" PRIu64, sample);
	marker_addf(ret, "pid", "%" PRIu32, pid);
	marker_addf(ret, "time_us", "%" PRIu64, time_us);
	marker_close(ret);
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].stat.state == 'D')
			kernel_stacks_thread(pid, &threads->rows[i], ret);
		else if (!strchr("ZXx", threads->rows[i].stat.state))
			add_lost_thread(ret, &threads->rows[i], tid);
	marker_open(ret, "end");
	marker_addf(ret, "sample", "%" PRIu64, sample);
	marker_addf(ret, "pid", "%" PRIu32, pid);
	marker_close(ret);
}
