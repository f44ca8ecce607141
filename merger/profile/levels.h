/* levels: the levels of a tree above the first frame of a stack: host, process and thread, in this
 * order; a tree has some of them or none. The names of their frames are labels: "web-1", "python3
 * (pid 4711)", "worker-1 (tid 4713)". */
#ifndef PMP_LEVELS_H
#define PMP_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/profile/profile.h"

/* From the root down. A set of levels has a bit for each, LEVEL_BIT. */
enum level_rank {
	LEVEL_HOST,
	LEVEL_PROCESS,
	LEVEL_THREAD,
	LEVEL_COUNT /* level_of a frame that is not a level */
};

#define LEVEL_BIT(rank) (1u << (rank))

enum level_rank level_of(enum frame_kind kind);

/* The frame of a level. host: an intern id; 0: unknown. target NULL: unknown. */
struct frame level_host(struct intern *intern, uint32_t host);
struct frame level_process(struct intern *intern, const struct profile_target *target);
struct frame level_thread(struct intern *intern, uint32_t name, uint32_t tid);

/* True if the tree has a level for threads, or is empty. */
bool level_has_threads(const struct profile *profile);

/* The number in a label; 0 if it has none. */
uint32_t level_pid(struct span label);
uint32_t level_tid(struct span label);
/* A thread's label without the number. */
struct span level_thread_name(struct span label);

#endif
