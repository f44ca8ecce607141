"""Lines far apart, forward and backward: long and negative entries of the line table."""

import truth

GAPS = (1, 20, 127, 128, 255, 256, 257, 300, 3000, 70000)


def gap_text():
    """Each function's call is `gap` lines below its first line."""
    text = ""
    for i, gap in enumerate(GAPS):
        text += "def f%d(go):\n    x = 1\n%s    go(%d)\n    y = 2\n" % (i, "\n" * gap, i)
    return text


BACK = """def b%(i)d(go):
    z = (lambda *_: go(%(i)d)
%(gap)s    )(
        [1,
         abs(-2)]%(gap)s,
        len('x'))
"""


def back_text():
    """Calls over several lines: the arguments are on later lines than the call."""
    return "".join(BACK % {"i": i, "gap": "\n" * gap} for i, gap in enumerate(GAPS))


def run():
    space, steps = {}, []
    eval(compile(gap_text(), "gaps.py", "exec"), space)
    eval(compile(back_text(), "back.py", "exec"), space)
    for i in range(len(GAPS)):
        steps += [space["f%d" % i], space["b%d" % i]]
    rest = iter(steps)

    def go(_number):
        step = next(rest, None)
        if step:
            return step(
                go) + (
                    1)
        return truth.block()

    go(0)
