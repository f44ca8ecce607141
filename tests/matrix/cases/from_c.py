"""ctypes calls qsort, whose comparison function is Python and calls qsort again."""

import ctypes

import truth

VIA = [("sort", "compare_outer", "qsort"), ("sort", "compare_inner", "qsort")]

COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def compare_inner(_one, _two):
    truth.block()
    return 0


def compare_outer(_one, _two):
    sort(compare_inner)
    return 0


def sort(compare):
    numbers = (ctypes.c_int * 2)(2, 1)
    ctypes.CDLL(None).qsort(numbers, ctypes.c_size_t(2), ctypes.c_size_t(4), COMPARE(compare))


def run():
    sort(compare_outer)
