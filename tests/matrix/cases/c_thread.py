"""A thread created by C calls Python (PyGILState_Ensure, as in a program that embeds Python)."""

import ctypes

import truth

BEGIN = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


def inner():
    truth.block()


def begin(_argument):
    truth.enter("c_thread")
    inner()


BEGUN = BEGIN(begin)


def run():
    thread = ctypes.c_ulong()
    ctypes.CDLL(None).pthread_create(ctypes.byref(thread), None, BEGUN, None)
    truth.block()
