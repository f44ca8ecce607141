/* merge_mark: how well the native and the Python frames of one stack came together. */
#ifndef PMP_MERGE_MARK_H
#define PMP_MERGE_MARK_H

enum merge_mark {
	MARK_MERGED, /* every evaluator frame has its Python frames; one being entered or left need not */
	MARK_NATIVE_ONLY, /* no Python frame in it, though there may be evaluator frames; or kernel frames only */
	MARK_PYTHON_ONLY, /* no native frame was there */
	MARK_PARTIAL, /* some evaluator frames have no Python frames, or Python frames are left over */
	MARK_UNPAIRED, /* both are there, and nothing says how they belong together: Python's first, then native */
	MARK_LOST, /* no frame at all: one frame of kind lost says why */
	MARK_COUNT
};

#endif
