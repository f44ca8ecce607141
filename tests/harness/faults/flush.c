/* Linked into pmp with ld's --wrap=_exit by `make coverage`. gcov writes its counters in exit, not
 * in _exit; the watchdog and fatal errors end with _exit. */
#include <unistd.h>

void __gcov_dump(void);
/* From faults.c, if that is linked in as well. */
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
