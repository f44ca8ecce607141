/* levels: the levels above the first frame of a stack: the host, the process and the thread, those of them that a tree has,
 * in this order. Their frames' names are labels: "web-1", "python3 (pid 4711)", "worker-1 (tid 4713)". */
#ifndef PMP_LEVELS_H
#define PMP_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* From the top down; a set of levels is a bit for each, LEVEL_BIT. */
enum level_rank {
	LEVEL_HOST,
	LEVEL_PROCESS,
	LEVEL_THREAD,
	LEVEL_COUNT /* of what is no level: of code */
};

#define LEVEL_BIT(rank) (1u << (rank))

enum level_rank level_of(enum frame_kind kind);

/* The frame of a level. host: an intern id, 0: not known. target: NULL: not known. */
struct frame level_host(struct intern *intern, uint32_t host);
struct frame level_process(struct intern *intern, const struct profile_target *target);
struct frame level_thread(struct intern *intern, uint32_t name, uint32_t tid);

/* Is the thread a level of the tree? So it is of an empty one. */
bool level_has_threads(const struct profile *profile);

/* The number in a label; 0: it has none. */
uint32_t level_pid(struct span label);
uint32_t level_tid(struct span label);
/* A thread's label without its number. */
struct span level_thread_name(struct span label);

#endif
