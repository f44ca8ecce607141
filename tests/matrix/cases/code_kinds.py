"""Kinds of code: decorator, class body, method, lambda, comprehension, nested function, with."""

import truth


def decorate(function):
    def wrapper(*args, **more):
        return function(*args, **more)
    return wrapper


class Manager(object):
    def __enter__(self):
        return [x for x in self.items()]

    def __exit__(self, *_):
        pass

    @staticmethod
    def items():
        return dict((key, truth.block()) for key in (1, 2))


@decorate
def managed(*_args, **_more):
    with Manager():
        pass


class Body(object):
    run = None

    @classmethod
    def made(cls):
        def nested():
            class Inner(object):
                value = (lambda: managed(1, two=2))()
            return Inner
        return nested()


def run():
    return {1: y for y in [sorted(set(Body.made() for _ in [1]))]}
