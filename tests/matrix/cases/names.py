# -*- coding: utf-8 -*-
"""Non-ASCII names of each width of str, of functions, classes and files. Not for 2.7."""

import truth

DIRECT = [("naïve_λ", "関数"), ("関数", "größe")]

FAR = """
def 𠀀字(x):
    truth.block()
"""


class 表:
    def 𠀁(self):
        space = {"truth": truth}
        exec(compile(FAR, "/tmp/ファイル_λ_𠀀.py", "exec"), space)
        space["𠀀字"](1)


def größe():
    表().𠀁()


def 関数():
    größe()


def naïve_λ():
    関数()


def run():
    naïve_λ()
