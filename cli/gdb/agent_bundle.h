/* agent_bundle: the bytes of the scripts that run inside gdb. The build makes them out of gdbscripts/. */
#ifndef PMP_AGENT_BUNDLE_H
#define PMP_AGENT_BUNDLE_H

#include <stddef.h>

extern const unsigned char pmp_agent[];
extern const size_t pmp_agent_len;

#endif
