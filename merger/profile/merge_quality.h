/* merge_quality: how well the native and the Python frames of one stack came together. */
#ifndef PMP_MERGE_QUALITY_H
#define PMP_MERGE_QUALITY_H

enum merge_quality {
	QUALITY_MERGED, /* every evaluator frame has its Python frames; one being entered or left need not */
	QUALITY_NATIVE_ONLY, /* no Python frame in it, though there may be evaluator frames; or kernel frames only */
	QUALITY_PYTHON_ONLY, /* no native frame was there */
	QUALITY_PARTIAL, /* some evaluator frames have no Python frames, or Python frames are left over */
	QUALITY_UNPAIRED, /* both are there, and nothing says how they belong together: Python's first, then native */
	QUALITY_LOST, /* no frame at all: one frame of kind lost says why */
	QUALITY_COUNT
};

#endif
