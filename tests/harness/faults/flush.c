/* Linked into pmp with ld's --wrap=_exit by `make coverage`: gcov's counts are written at exit, not at _exit,
 * by which the guard and what cannot go on end. */
#include <unistd.h>

void __gcov_dump(void);
/* Of faults.c, where that is linked in as well. */
void faults_off(void) __attribute__((weak));
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

_Noreturn void __wrap__exit(int code)
{
	if (faults_off)
		faults_off();
	__gcov_dump();
	__real__exit(code);
}
