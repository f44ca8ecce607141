/* A C extension that calls back: calling.call(function) calls the function from two nested C
 * functions. For Python 2.7 and 3. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static __attribute__((noinline)) PyObject *extension_inner(PyObject *function)
{
	PyObject *result = PyObject_CallFunctionObjArgs(function, NULL);

	__asm__ volatile("" ::: "memory"); /* no tail call: keep this frame */
	return result;
}

static PyObject *extension_call(PyObject *self, PyObject *function)
{
	PyObject *result = extension_inner(function);

	(void)self;
	__asm__ volatile("" ::: "memory");
	return result;
}

static PyMethodDef methods[] = {
	{ "call", extension_call, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

#if PY_MAJOR_VERSION < 3
PyMODINIT_FUNC initcalling(void);
PyMODINIT_FUNC initcalling(void)
{
	Py_InitModule("calling", methods);
}
#else
static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "calling",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_calling(void);
PyMODINIT_FUNC PyInit_calling(void)
{
	return PyModule_Create(&module);
}
#endif
