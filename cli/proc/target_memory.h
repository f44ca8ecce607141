/* target_memory: reads the memory of another process, which is not stopped for it. */
#ifndef PMP_TARGET_MEMORY_H
#define PMP_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads len bytes at an address of the target from /proc/PID/mem; this does not wait. false: not
 * all of them are readable, or pmp may not trace the process. */
bool target_memory_read(uint32_t pid, uint64_t address, void *to, size_t len);

#endif
