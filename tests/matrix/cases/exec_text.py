"""exec and eval of text: <string>, <module>, and code whose file does not exist."""

import truth

TEXT = """
x = 1
def made():
    truth.block()

eval(compile("made()", "/nowhere/at/all.py", "eval"), globals())
"""


def run():
    eval(compile(TEXT, "<string>", "exec"), {"truth": truth})
