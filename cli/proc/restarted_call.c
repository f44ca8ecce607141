#include "cli/proc/restarted_call.h"

#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>

#include "cli/proc/target_memory.h"

#define CODE_MAX 64       /* bytes before the pc that are searched */
#define PAGE 4096         /* no pointer is below */
#define CLOCKS 16         /* MAX_CLOCKS, include/linux/posix-timers.h */
#define POLLS_MAX 1048576 /* more descriptors than a process may usually open */

struct timespec64 {
	int64_t seconds, nanoseconds;
};

static bool is_timespec(uint32_t pid, uint64_t address)
{
	struct timespec64 time;

	return address >= PAGE && target_memory_read(pid, address, &time, sizeof(time)) &&
	       time.seconds >= 0 && time.nanoseconds >= 0 && time.nanoseconds < 1000000000;
}

/* Only these two operations with a timeout are restarted (kernel/futex/waitwake.c, futex_wait). */
static bool is_futex(uint32_t pid, const uint64_t *args)
{
	uint32_t command = (uint32_t)args[1] & FUTEX_CMD_MASK, word;

	return (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) &&
	       (uint32_t)args[1] < 2 * FUTEX_CLOCK_REALTIME && args[0] % sizeof(word) == 0 &&
	       target_memory_read(pid, args[0], &word, sizeof(word)) && is_timespec(pid, args[3]);
}

/* A clock below 0 is the CPU time of a process, or a device. A sleep until a point in time is not
 * restarted. */
static bool is_clock_nanosleep(uint32_t pid, const uint64_t *args)
{
	int32_t clock = (int32_t)args[0];

	return clock < CLOCKS && (uint32_t)args[1] == 0 && is_timespec(pid, args[2]);
}

static bool is_nanosleep(uint32_t pid, const uint64_t *args)
{
	return (!args[1] || args[1] >= PAGE) && is_timespec(pid, args[0]);
}

static bool is_poll(uint32_t pid, const uint64_t *args)
{
	char byte;

	return args[1] <= POLLS_MAX &&
	       (!args[1] || target_memory_read(pid, args[0], &byte, sizeof(byte)));
}

/* The order matters only if nothing but the arguments is known: the strictest check is first. */
static const struct {
	uint8_t number;
	bool (*matches)(uint32_t pid, const uint64_t *args);
	const char *wchans[3]; /* a part of the names of kernel functions, in several versions */
} calls[] = {
	{ SYS_futex, is_futex, { "futex" } },
	{ SYS_clock_nanosleep, is_clock_nanosleep, { "nanosleep", "nsleep" } },
	{ SYS_nanosleep, is_nanosleep, { "nanosleep" } },
	{ SYS_poll, is_poll, { "poll" } },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* The number in the last `mov $NUMBER,%eax` (or `%rax`) before the system call's instruction, if no
 * other such instruction is between them. 0: there is none, as in the C library's wrappers that
 * take the number as an argument. */
static uint32_t find_number(uint32_t pid, uint64_t pc)
{
	uint8_t code[CODE_MAX];
	size_t at = CODE_MAX - 2;

	if (pc < CODE_MAX || !target_memory_read(pid, pc - CODE_MAX, code, CODE_MAX) ||
	    code[at] != 0x0f || code[at + 1] != 0x05)
		return 0;
	while (at-- > 2) {
		bool is_mov = code[at] == 0xb8 ||
		              (code[at] == 0xc0 && code[at - 1] == 0xc7 && code[at - 2] == 0x48);
		uint32_t number;

		if (code[at] == 0x0f && code[at + 1] == 0x05)
			break;
		if (!is_mov || at + 1 + sizeof(number) > CODE_MAX - 2)
			continue;
		memcpy(&number, code + at + 1, sizeof(number));
		for (size_t i = 0; i < CALLS; i++)
			if (calls[i].number == number)
				return number;
	}
	return 0;
}

static bool has_wchan(size_t call, struct span wchan)
{
	for (size_t i = 0; i < 3 && calls[call].wchans[i]; i++)
		if (wchan.len && memmem(wchan.ptr, wchan.len, calls[call].wchans[i],
		                        strlen(calls[call].wchans[i])))
			return true;
	return false;
}

void restarted_call_resolve(uint32_t pid, struct span wchan, struct syscall_info *info)
{
	uint32_t number;
	size_t best = CALLS, best_rank = 0;

	if (info->number != SYS_restart_syscall)
		return;
	number = find_number(pid, info->pc);
	for (size_t i = 0; i < CALLS; i++) {
		size_t rank = 1u + 4u * has_wchan(i, wchan) + 2u * (calls[i].number == number);

		if (rank > best_rank && calls[i].matches(pid, info->args)) {
			best = i;
			best_rank = rank;
		}
	}
	if (best == CALLS)
		return;
	info->number = calls[best].number;
	info->restarted = true;
}
