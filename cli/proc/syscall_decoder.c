#include "cli/proc/syscall_decoder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "merger/parse/syscall_names.h"
#include "cli/proc/syscall_arguments.h"
#include "cli/proc/syscall_table.h"

bool syscall_parse(struct span line, struct syscall_info *ret)
{
	char text[256], *at = text, *end;

	if (!line.len || line.len >= sizeof(text) || line.ptr[0] < '0' || line.ptr[0] > '9')
		return false;
	memcpy(text, line.ptr, line.len);
	text[line.len] = '\0';
	ret->number = strtoull(at, &end, 10);
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		at = end;
		ret->args[i] = strtoull(at, &end, 16);
		if (end == at)
			return false;
	}
	strtoull(end, &end, 16); /* the stack pointer */
	ret->pc = strtoull(end, NULL, 16);
	ret->restarted = false;
	return true;
}

/* Turns a timeout at a point in time into a duration from now on. */
static void resolve_absolute(struct decoder *decoder, clockid_t clock)
{
	struct decoded_syscall *ret = decoder->ret;
	struct timespec now;
	uint64_t now_us;

	ret->has_limit = ret->has_limit && !clock_gettime(clock, &now);
	if (!ret->has_limit)
		return;
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	ret->limit_us = ret->limit_us > now_us ? ret->limit_us - now_us : 0;
	ret->limit_is_from_now = true;
}

/* At a stop the kernel writes the rest of a sleep to the call's last argument (nanosleep_copyout,
 * kernel/time/hrtimer.c); the time of the stop is unknown, so less of it may be left. */
static void resolve_restarted(struct decoder *decoder)
{
	const struct syscall_info *info = decoder->info;
	size_t rest = info->number == SYS_nanosleep         ? 1
	              : info->number == SYS_clock_nanosleep ? 3
	                                                    : 0;
	int64_t time[2];

	decoder->ret->limit_is_most = true;
	if (rest && syscall_argument_read(decoder, info->args[rest], time, sizeof(time)))
		syscall_argument_limit(decoder, time[0], time[1] / 1000);
}

static void resolve_limit(struct decoder *decoder)
{
	clockid_t clock;

	if (syscall_argument_clock(decoder->info, &clock))
		resolve_absolute(decoder, clock);
	else if (decoder->info->restarted && decoder->ret->has_limit)
		resolve_restarted(decoder);
}

/* A wait with a timeout but without descriptors is a way to sleep. */
static bool is_sleep(const struct syscall_info *info)
{
	switch (info->number) {
	case SYS_select:
	case SYS_pselect6:
		return !info->args[0];
	case SYS_poll:
	case SYS_ppoll:
		return !info->args[1];
	default:
		return false;
	}
}

/* The class, if the arguments decide it. */
static enum syscall_class find_class(const struct syscall_info *info, const struct syscall_row *row)
{
	if (is_sleep(info))
		return SYSCALL_SLEEP;
	if (info->number == SYS_fcntl && !syscall_argument_waits_for_lock(info))
		return SYSCALL_OTHER;
	/* A virtual processor that runs, or waits for an interrupt. */
	if (info->number == SYS_ioctl && (uint32_t)info->args[1] == SYSCALL_KVM_RUN)
		return SYSCALL_POLL;
	return (enum syscall_class)row->class;
}

void syscall_decode(uint32_t pid, const struct syscall_info *info, struct decoded_syscall *ret)
{
	const struct syscall_row *row = syscall_table_find(info->number);
	struct decoder decoder = { pid, info, row, ret };
	const char *name = syscall_name(info->number);

	*ret = (struct decoded_syscall){ .class = SYSCALL_OTHER };
	if (name)
		buf_printf(&ret->text, "%s(", name);
	else
		buf_printf(&ret->text, "system call %" PRIu64 "(", info->number);
	if (row) {
		ret->class = find_class(info, row);
		syscall_arguments_show(&decoder);
		resolve_limit(&decoder);
	}
	buf_add_span(&ret->text, SPAN_LIT(")"));
}

void decoded_syscall_deinit(struct decoded_syscall *decoded)
{
	buf_deinit(&decoded->text);
	buf_deinit(&decoded->path);
}
