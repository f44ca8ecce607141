/* agent_bundle: the scripts that run inside gdb, packed (packed_bytes.h). The build makes them from
 * gdbscripts/. */
#ifndef PMP_AGENT_BUNDLE_H
#define PMP_AGENT_BUNDLE_H

#include <stddef.h>

extern const unsigned char pmp_agent[];
extern const size_t pmp_agent_len;

#endif
