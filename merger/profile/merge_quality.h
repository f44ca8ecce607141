/* merge_quality: how well the native and the Python frames of one stack were merged. */
#ifndef PMP_MERGE_QUALITY_H
#define PMP_MERGE_QUALITY_H

enum merge_quality {
	/* Each evaluator frame has its Python frames, except perhaps one being entered or left. */
	QUALITY_MERGED,
	/* No Python frames (evaluator frames are possible), or only kernel frames. */
	QUALITY_NATIVE_ONLY,
	/* No native frames. */
	QUALITY_PYTHON_ONLY,
	/* Some evaluator frames have no Python frames, or some Python frames have no evaluator. */
	QUALITY_PARTIAL,
	/* How both belong together is unknown: the Python frames come first, then the native
	 * ones. */
	QUALITY_UNPAIRED,
	/* No frames: one frame of kind lost has the reason. */
	QUALITY_LOST,
	QUALITY_COUNT
};

#endif
