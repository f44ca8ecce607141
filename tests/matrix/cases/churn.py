"""Starts and ends threads continuously, and calls Python, C, and Python from C at full speed."""

import threading

import truth


def fib(number):
    return number if number < 2 else fib(number - 1) + fib(number - 2)


def mapped(number):
    return sum(map(fib, range(number)))


class Shape(object):
    @property
    def area(self):
        return len(str(self))

    def __str__(self):
        return "-".join(sorted(["b", "a"], key=lambda word: word * 2))


def shaped():
    return [Shape().area for _ in range(20)]


def short():
    mapped(7)
    shaped()


def calling():
    while True:
        mapped(10)
        shaped()


def starting():
    while True:
        threads = [threading.Thread(target=short) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def run():
    truth.start("churn", calling)
    truth.start("churn", starting)
    truth.print_line("ready")
    calling()
