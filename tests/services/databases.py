"""Redis, PostgreSQL and MariaDB."""

import glob
import os
import subprocess
import time

from machine import Service, Situation


def start_redis(machine):
    port = machine.port()
    process = machine.start("redis-server", "--port", port, "--save", "", "--enable-debug-command",
                            "local", "--dir", machine.folder, port=port)
    return process, port


def idle_redis(machine):
    return start_redis(machine)[0].pid


def busy_redis(machine):
    process, port = start_redis(machine)
    machine.start("redis-cli", "-p", port, "eval", "while true do end", "0", settle=1)
    return process.pid


def loaded_redis(machine):
    process, port = start_redis(machine)
    machine.start("redis-benchmark", "-p", port, "-q", "-l", "-n", 100000, "-t", "set,lpush",
                  settle=1)
    return process.pid


def stuck_redis(machine):
    process, port = start_redis(machine)
    machine.start("redis-cli", "-p", port, "debug", "sleep", "60", settle=1)
    return process.pid


def postgres_programs():
    return sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]


def start_postgres(machine):
    programs, data, port = postgres_programs(), machine.path("data"), machine.port()
    user = "postgres" if os.geteuid() == 0 else None
    make = machine.start(os.path.join(programs, "initdb"), "-A", "trust", "-U", "postgres", "-D",
                         data, user=user)
    if make.wait(60):
        raise AssertionError("initdb failed")
    process = machine.start(os.path.join(programs, "postgres"), "-D", data, "-p", port, "-k",
                            machine.folder, "-c", "listen_addresses=127.0.0.1", port=port,
                            user=user)
    time.sleep(1)
    return process, port


def run_psql(machine, port, *commands):
    words = [word for command in commands for word in ("-c", command)]
    return machine.start("psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", *words)


def idle_postgres(machine):
    return start_postgres(machine)[0].pid


def busy_postgres(machine):
    process, port = start_postgres(machine)
    run_psql(machine, port, "select count(*) from generate_series(1, 10000000000)")
    time.sleep(1.5)
    return process.pid


def stuck_postgres(machine):
    process, port = start_postgres(machine)
    if run_psql(machine, port, "create table t (i int)", "insert into t values (1)").wait(30):
        raise AssertionError("psql failed")
    run_psql(machine, port, "begin; update t set i = 2; select pg_sleep(100)")
    time.sleep(1)
    run_psql(machine, port, "update t set i = 3")
    time.sleep(1)
    return process.pid


def forgotten_postgres(machine):
    """The client that holds the lock does nothing."""
    process, port = start_postgres(machine)
    if run_psql(machine, port, "create table t (i int)").wait(30):
        raise AssertionError("psql failed")
    machine.start("sh", "-c", "(echo 'begin; lock table t;'; sleep 100) | psql -h 127.0.0.1 "
                  "-p %d -U postgres" % port)
    time.sleep(1)
    run_psql(machine, port, "select * from t")
    time.sleep(1)
    return process.pid


def start_mariadb(machine):
    data, port = machine.path("data"), machine.port()
    user = "mysql" if os.geteuid() == 0 else None
    subprocess.run(["mariadb-install-db", "--datadir=" + data, "--auth-root-authentication-method="
                    "normal", "--skip-test-db", "--no-defaults"] + (
                        ["--user=mysql"] if user else []), check=True, timeout=120,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = machine.start("mariadbd", "--no-defaults", "--datadir=" + data, "--port=%d" % port,
                            "--socket=" + machine.path("socket"), "--bind-address=127.0.0.1",
                            "--pid-file=" + machine.path("pid"), port=port, user=user)
    time.sleep(1)
    return process, port


def run_sql(machine, command):
    return machine.start("mariadb", "--no-defaults", "-u", "root", "-S", machine.path("socket"),
                         "-e", command)


def idle_mariadb(machine):
    return start_mariadb(machine)[0].pid


def busy_mariadb(machine):
    process, _ = start_mariadb(machine)
    run_sql(machine, "select benchmark(10000000000, md5('x'))")
    time.sleep(1.5)
    return process.pid


def stuck_mariadb(machine):
    process, _ = start_mariadb(machine)
    if run_sql(machine, "create database d; create table d.t (i int)").wait(30):
        raise AssertionError("mariadb failed")
    run_sql(machine, "lock tables d.t write; select sleep(100)")
    time.sleep(1)
    run_sql(machine, "select * from d.t")
    time.sleep(1)
    return process.pid


DATABASES = [
    Service("redis", ("redis-server", "redis-tools"), ("redis-server",), [
        Situation("idle", idle_redis, ("idle",), "nothing says that it hangs"),
        Situation("busy", busy_redis, ("busy",), r"\d+ %|on CPU"),
        Situation("loaded", loaded_redis, ("busy",), r"\d+ % of a CPU"),
        Situation("stuck", stuck_redis, ("sleep",), "sleeps"),
    ]),
    Service("postgres", ("postgresql",), ("psql",), [
        Situation("idle", idle_postgres, ("idle",), "nothing says that it hangs"),
        Situation("busy", busy_postgres, ("busy",), r"postgres: .* SELECT"),
        Situation("stuck", stuck_postgres, ("lock", "wait"), r"UPDATE waiting"),
        Situation("forgotten", forgotten_postgres, ("lock", "wait"), r"SELECT waiting"),
    ], ("--children",)),
    Service("mariadb", ("mariadb-server",), ("mariadb",), [
        Situation("idle", idle_mariadb, ("idle",), "nothing says that it hangs"),
        Situation("busy", busy_mariadb, ("busy",), r"\d+ %|on CPU"),
        Situation("stuck", stuck_mariadb, ("lock", "wait"), r"MDL|lock"),
    ]),
]
