#!/usr/bin/env python3
"""Families of Python processes, for pmp dump: `families.py CASE`. Each prints the pid of the
process to dump, and ends after a minute, with its children."""
import os
import signal
import socket
import subprocess
import sys
import time

WORKERS = 4


def ready(pid=0, out=1):
    time.sleep(0.2)
    os.write(out, b"%d\n" % (pid or os.getpid()))


def silent_peer():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    connection = socket.create_connection(listener.getsockname())
    return connection, listener.accept()[0]


def serve(listener):
    import selectors
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.select()


def fetch(ends):
    ends[0].recv(10)


def burn(_ends):
    while True:
        pass


def start_workers(last):
    """Workers that wait for clients, but for the last one."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    parent = os.getpid()
    for number in range(WORKERS):
        if os.fork():
            continue
        signal.alarm(60)
        if os.getppid() == parent:
            if number + 1 < WORKERS:
                serve(listener)
            else:
                last(silent_peer())
        os._exit(0)
    ready()
    os.wait()


def workers_fetch():
    """One worker waits for a silent peer, and the master for any child."""
    start_workers(fetch)


def workers_burn():
    """One worker uses a CPU."""
    start_workers(burn)


def fetch_for(parent, out=1):
    """In a child: waits for a silent peer."""
    signal.alarm(60)
    ends = silent_peer()
    ready(parent, out)
    fetch(ends)


def run_child():
    """subprocess.run with the output of a child that waits for a silent peer."""
    out = os.dup(1)
    os.set_inheritable(out, True)
    code = "import families; families.fetch_for(%d, %d)" % (os.getpid(), out)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, close_fds=False,
                             cwd=os.path.dirname(os.path.abspath(__file__)))
    child.communicate()


def spawned():
    """A worker of multiprocessing's that waits for a silent peer, and its resource tracker."""
    import multiprocessing
    context = multiprocessing.get_context("spawn")
    lock = context.Lock()
    worker = context.Process(target=fetch_with_lock, args=(lock, os.getpid()))
    worker.start()
    worker.join()


def fetch_with_lock(_lock, parent):
    fetch_for(parent)


CASES = (workers_fetch, workers_burn, run_child, spawned)

if __name__ == "__main__":
    signal.alarm(60)
    for case in CASES:
        if sys.argv[1:] == [case.__name__.replace("_", "-")]:
            case()
            break
    else:
        names = " ".join(case.__name__.replace("_", "-") for case in CASES)
        sys.exit("usage: families.py CASE; there are " + names)
