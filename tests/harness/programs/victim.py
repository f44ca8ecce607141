"""A Python program with threads that executes these commands of victim.c: check, end N, exec, fork,
storm N, usr1."""

import ctypes
import os
import signal
import sys
import threading
import time

COUNT = [0]


def on_usr1(_number, _frame):
    COUNT[0] += 1


def work():
    while True:
        sum(i * i for i in range(3000))
        time.sleep(0.001)


def fork_once():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return os.waitpid(pid, 0)[1] == 7 << 8


def check_all():
    before = COUNT[0]
    try:
        ctypes.CDLL("libresolv.so.2")
    except OSError:
        return "dlopen fails"
    if not fork_once():
        return "fork fails"
    os.kill(os.getpid(), signal.SIGUSR1)
    deadline = time.monotonic() + 2
    while COUNT[0] == before and time.monotonic() < deadline:
        time.sleep(0.001)
    return "a signal does not arrive" if COUNT[0] == before else None


def storm(count):
    for _ in range(count):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


def execute_command(words):
    if words[0] == "check":
        return check_all() or "checked"
    if words[0] == "end":
        os._exit(int(words[1]))
    if words[0] == "exec":
        os.execv(sys.executable, [sys.executable] + sys.argv)
    if words[0] == "fork":
        return "forked" if all(fork_once() for _ in range(20)) else "fork fails"
    if words[0] == "storm":
        storm(int(words[1]))
        return "stormed"
    return "usr1 %d" % COUNT[0] if words[0] == "usr1" else "unknown"


def main():
    signal.signal(signal.SIGUSR1, on_usr1)
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    print("ready %d" % os.getpid(), flush=True)
    # Unbuffered: an exec would lose what was read ahead.
    with open(0, "rb", buffering=0) as lines:
        for line in iter(lines.readline, b""):
            print(execute_command(line.decode().split()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
