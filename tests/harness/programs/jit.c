/* A target that generates code at run time, names it in /tmp/perf-PID.map, and spins below it:
 * main -> keeps (with a frame pointer) -> bare (without) -> spin. The code of both generated frames
 * is in no file, so gdb has neither their names nor information to unwind them. Prints "ready PID".
 * Removes the map at its end. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BARE_AT 64

typedef void calls(void (*next)(void *), void *arg);

static char map_path[64];
static volatile sig_atomic_t over;

static void end(int signal)
{
	(void)signal;
	over = 1;
}

/* push %rbp; mov %rsp,%rbp; sub $32,%rsp; mov %rdi,%rax; mov %rsi,%rdi; call *%rax; nop; leave;
 * ret */
static const uint8_t keeps[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0x48, 0x89,
	                         0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0x90, 0xc9, 0xc3 };
/* sub $24,%rsp; mov %rdi,%rax; mov %rsi,%rdi; call *%rax; add $24,%rsp; ret */
static const uint8_t bare[] = { 0x48, 0x83, 0xec, 0x18, 0x48, 0x89, 0xf8, 0x48, 0x89,
	                        0xf7, 0xff, 0xd0, 0x48, 0x83, 0xc4, 0x18, 0xc3 };

__attribute__((noinline)) static void spin(void *arg)
{
	uint64_t *count = arg;

	while (!over)
		++*count;
}

static calls *made_bare;

static void call_bare(void *arg)
{
	made_bare(spin, arg);
	__asm__ volatile(""); /* no tail call */
}

int main(void)
{
	static uint64_t count;
	uint8_t *code =
	        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	calls *made_keeps;
	FILE *map;

	if (code == MAP_FAILED)
		return 1;
	memcpy(code, keeps, sizeof(keeps));
	memcpy(code + BARE_AT, bare, sizeof(bare));
	if (mprotect(code, 4096, PROT_READ | PROT_EXEC))
		return 1;
	signal(SIGTERM, end);
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(map_path, "w");
	if (!map)
		return 1;
	fprintf(map, "%lx %zx made keeps(int) x.js:3\n", (unsigned long)(uintptr_t)code,
	        sizeof(keeps));
	fprintf(map, "%lx %zx made;bare\n", (unsigned long)(uintptr_t)code + BARE_AT, sizeof(bare));
	fclose(map);
	made_keeps = (calls *)(void *)code;
	made_bare = (calls *)(void *)(code + BARE_AT);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	alarm(60);
	made_keeps(call_bare, &count);
	unlink(map_path);
	return 0;
}
