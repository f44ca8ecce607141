"""In a profile function (sys.setprofile), which the evaluator calls."""

import sys

import truth


def watched():
    pass


def profiler(frame, event, _argument):
    if event == "call" and frame.f_code.co_name == "watched":
        sys.setprofile(None)
        truth.block()


def run():
    sys.setprofile(profiler)
    watched()
