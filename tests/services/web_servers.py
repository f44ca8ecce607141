"""Application servers: gunicorn, uWSGI, Celery, gevent and uvloop, with the same small program."""

import os
import subprocess
import time

from machine import IDLE, PATH, Service, Situation, of

APP = '''
import socket
SILENT = %d

def wait_for_peer():
    peer = socket.create_connection(("127.0.0.1", SILENT))
    peer.sendall(b"hello")
    return peer.recv(1)

def crunch():
    x = 0
    while True:
        x += 1

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/wait":
        wait_for_peer()
    if path == "/crunch":
        crunch()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
'''


def start_gunicorn(machine, *paths):
    port = machine.port()
    machine.write("app.py", APP % machine.silent_port())
    process = machine.start("gunicorn", "-w", 3, "-t", 600, "-b", "127.0.0.1:%d" % port,
                            "app:application", port=port, settle=1)
    for path in paths:
        machine.get(port, path)
    return process.pid


def start_uwsgi(machine, *paths):
    port = machine.port()
    machine.write("app.py", APP % machine.silent_port())
    process = machine.start("uwsgi", "--plugin", "python3", "--http-socket",
                            "127.0.0.1:%d" % port, "--master", "--processes", 3, "--module",
                            "app", port=port, settle=1)
    for path in paths:
        machine.get(port, path)
    return process.pid


TASKS = APP + '''
import queue, celery
app = celery.Celery("tasks", broker="redis://127.0.0.1:%d/0")
jobs = queue.Queue(2)

@app.task
def wait():
    wait_for_peer()

@app.task
def fill():
    for i in range(10):
        put_job(i)

def put_job(job):
    jobs.put(job)

@app.task
def spin():
    crunch()
'''


def start_celery(machine, *tasks):
    port, env = machine.port(), {"C_FORCE_ROOT": "1", "PYTHONPATH": machine.folder}
    machine.start("redis-server", "--port", port, "--save", "", "--dir", machine.folder,
                  port=port)
    machine.write("tasks.py", TASKS % (machine.silent_port(), port))
    process = machine.start("celery", "-A", "tasks", "worker", "-c", 2, "--without-mingle",
                            "--without-gossip", env=env, settle=6)
    for task in tasks:
        subprocess.run(["celery", "-A", "tasks", "call", "tasks." + task], cwd=machine.folder,
                       env=dict(os.environ, PATH=PATH, **env), check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
    return process.pid


GEVENT = '''
from gevent import monkey; monkey.patch_all()
import time, gevent.lock, gevent.pywsgi
import app
lock = gevent.lock.BoundedSemaphore(1)

def hold():
    with lock:
        app.wait_for_peer()

def application(environ, start_response):
    if environ["PATH_INFO"] == "/lock":
        with lock:
            gevent.lock.BoundedSemaphore(1).acquire()
            gevent.sleep(1000)
    return app.application(environ, start_response)

gevent.pywsgi.WSGIServer(("127.0.0.1", %d), application, log=None).serve_forever()
'''


def start_gevent(machine, *paths):
    port = machine.port()
    machine.write("app.py", APP % machine.silent_port())
    machine.write("server.py", GEVENT % port)
    process = machine.start("/usr/bin/python3", "server.py", port=port, settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


UVLOOP = '''
import asyncio, uvloop
import app

async def serve(reader, writer):
    request = await reader.readline()
    if b"/wait" in request:
        app.wait_for_peer()
    if b"/crunch" in request:
        app.crunch()
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", %d)
    await server.serve_forever()

uvloop.install()
asyncio.run(main())
'''


def start_uvloop(machine, *paths):
    port = machine.port()
    machine.write("app.py", APP % machine.silent_port())
    machine.write("server.py", UVLOOP % port)
    process = machine.start("/usr/bin/python3", "server.py", port=port, settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


BUSY = ("busy",), r"in crunch at (app|tasks).py:\d+"
STUCK = ("io",), r"recvfrom\(.* in wait_for_peer at (app|tasks).py:\d+"
SAME = ("--children",)

WEB_SERVERS = [
    Service("gunicorn", ("gunicorn",), ("gunicorn",), [
        Situation("idle", of(start_gunicorn), *IDLE),
        Situation("busy", of(start_gunicorn, "/crunch"), *BUSY),
        Situation("stuck", of(start_gunicorn, "/wait"), *STUCK),
    ], SAME),
    Service("uwsgi", ("uwsgi-core", "uwsgi-plugin-python3"), ("uwsgi",), [
        Situation("idle", of(start_uwsgi), *IDLE),
        Situation("busy", of(start_uwsgi, "/crunch"), *BUSY),
        Situation("stuck", of(start_uwsgi, "/wait"), *STUCK),
    ], SAME),
    Service("celery", ("celery", "python3-redis", "redis-server"), ("celery", "redis-server"), [
        Situation("idle", of(start_celery), *IDLE),
        Situation("busy", of(start_celery, "spin"), *BUSY),
        Situation("stuck", of(start_celery, "wait"), *STUCK),
        Situation("full queue", of(start_celery, "fill"), ("wait",),
                  r"full.* in put_job at tasks.py:\d+"),
    ], SAME),
    Service("gevent", ("python3-gevent",), ("/usr/bin/python3",), [
        Situation("idle", of(start_gevent), *IDLE),
        Situation("busy", of(start_gevent, "/crunch"), *BUSY),
        Situation("stuck", of(start_gevent, "/lock", "/lock"), ("lock", "wait", "asyncio"),
                  r"application at server.py:\d+"),
    ]),
    Service("uvloop", ("python3-uvloop",), ("/usr/bin/python3",), [
        Situation("idle", of(start_uvloop), *IDLE),
        Situation("busy", of(start_uvloop, "/crunch"), *BUSY),
        Situation("stuck", of(start_uvloop, "/wait"), ("io", "asyncio"),
                  r"wait_for_peer at app.py:\d+"),
    ]),
]
