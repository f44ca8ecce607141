/* spinext: the C extension of spin.py. Times are those of time.monotonic(). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) static unsigned burn_some(unsigned x)
{
	for (int i = 0; i < 20000; i++)
		x = x * 1664525u + 1013904223u + (x >> 16);
	return x;
}

__attribute__((noinline)) static unsigned burn_until(double until)
{
	unsigned x = 1;

	while (now() < until)
		x = burn_some(x) + 1;
	return x;
}

static PyObject *spinext_burn(PyObject *self, PyObject *arg)
{
	double until = PyFloat_AsDouble(arg);
	unsigned x;

	(void)self;
	if (PyErr_Occurred())
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	x = burn_until(until);
	Py_END_ALLOW_THREADS
	return PyLong_FromUnsignedLong(x);
}

/* The same work in each call, independent of the clock. */
__attribute__((noinline)) static unsigned work_some(long rounds)
{
	unsigned x = 1;

	while (rounds-- > 0)
		x = x * 1664525u + 1013904223u + (x >> 16);
	return x;
}

static PyObject *spinext_work(PyObject *self, PyObject *arg)
{
	long rounds = PyLong_AsLong(arg);

	(void)self;
	if (PyErr_Occurred())
		return NULL;
	return PyLong_FromUnsignedLong(work_some(rounds));
}

static PyObject *spinext_call(PyObject *self, PyObject *args)
{
	PyObject *function;
	double until;

	(void)self;
	if (!PyArg_ParseTuple(args, "Od", &function, &until))
		return NULL;
	/* A call takes a few milliseconds, so the share of this loop is negligible. */
	while (now() < until) {
		double next = now() + 0.005;
		PyObject *ret = PyObject_CallFunction(function, "d", next < until ? next : until);

		if (!ret)
			return NULL;
		Py_DECREF(ret);
	}
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "burn", spinext_burn, METH_O, "Uses the processor until the given time." },
	{ "work", spinext_work, METH_O, "Does so many rounds of work." },
	{ "call", spinext_call, METH_VARARGS, "Calls function(time) until the given time." },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "spinext",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_spinext(void);

PyMODINIT_FUNC PyInit_spinext(void)
{
	return PyModule_Create(&module);
}
