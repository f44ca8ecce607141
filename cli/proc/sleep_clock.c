#include "cli/proc/sleep_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/os/clock.h"
#include "cli/proc/process.h"

#define TEXT_MAX 4096
#define PROCESSOR_FIELD 39 /* of stat, proc_pid_stat(5) */

/* When the thread last ran, in ms. */
static bool read_exec_start(uint32_t pid, uint32_t tid, double *ret)
{
	static const char key[] = "se.exec_start";
	struct buf text = { 0 };
	char name[64];
	const char *at = NULL;

	snprintf(name, sizeof(name), "task/%" PRIu32 "/sched", tid);
	if (process_read(pid, name, TEXT_MAX, &text) && text.len) {
		buf_add(&text, "", 1);
		at = strstr(text.ptr, key);
		at = at ? strchr(at, ':') : NULL;
	}
	if (at)
		*ret = strtod(at + 1, NULL);
	buf_deinit(&text);
	return at;
}

/* The CPU on which the thread last ran. */
static bool read_cpu(uint32_t pid, uint32_t tid, size_t *ret)
{
	struct buf text = { 0 };
	char name[64];
	const char *at = NULL;

	snprintf(name, sizeof(name), "task/%" PRIu32 "/stat", tid);
	if (process_read(pid, name, TEXT_MAX, &text)) {
		buf_add(&text, "", 1);
		at = strrchr(text.ptr, ')'); /* the end of field 2 */
	}
	for (int field = 2; at && field < PROCESSOR_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (at)
		*ret = strtoul(at + 1, NULL, 10);
	buf_deinit(&text);
	return at && *ret < CPU_SETSIZE;
}

/* exec_start of a thread that has just been moved to a CPU is the present, by the CPU's clock. */
static void read_offset(struct sleep_clock *clock, size_t cpu)
{
	cpu_set_t before, only;
	double ran;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_getaffinity(0, sizeof(before), &before) ||
	    sched_setaffinity(0, sizeof(only), &only))
		return;
	if (read_exec_start((uint32_t)getpid(), (uint32_t)getpid(), &ran)) {
		clock->offset_ms[cpu] = ran - (double)clock_now_us() / 1000;
		CPU_SET(cpu, &clock->known);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

bool sleep_clock_measure(struct sleep_clock *clock, uint32_t pid, uint32_t tid, uint64_t *ret)
{
	double ran, now;
	size_t cpu;

	if (!read_cpu(pid, tid, &cpu) || !read_exec_start(pid, tid, &ran))
		return false;
	if (!CPU_ISSET(cpu, &clock->known))
		read_offset(clock, cpu);
	if (!CPU_ISSET(cpu, &clock->known))
		return false;
	now = (double)clock_now_us() / 1000 + clock->offset_ms[cpu];
	*ret = now > ran ? (uint64_t)((now - ran) * 1000) : 0;
	return true;
}
