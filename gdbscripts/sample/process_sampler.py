"""Samples of one live process: which threads are stopped, together or one by one, and when."""
import time

import pmp_procfs as procfs
from pmp_registers import NOT_RESTARTED
from pmp_thread_sampler import ThreadSample, ThreadSampler

# How long threads are waited for. One that does not stop in time is left out of the sample.
LIMIT_S = 1.0
# How long one thread is read while it is stopped, and all of them together. What is not read by
# then is missing in the sample.
READ_S, READ_ALL_S = 0.2, 5.0
COPIES_MAX = 4  # of a stack: each is larger, and the last is none (thread_sampler.py)
SLEEP_S = 0.05
# Kernel functions in which a thread must not be interrupted: it sleeps in state S, and goes to
# state D if it is (fs/fuse/dev.c).
UNSTOPPABLE = ("request_wait_answer",)


class NotTraced(Exception):
    """No thread could be traced, and none read without."""


def kernel_stacks(pid: int, stats: dict) -> dict:
    """{tid: procfs.kernel_stack} of the threads in state D: they cannot stop."""
    found = {tid: procfs.kernel_stack(pid, tid) for tid, stat in stats.items() if stat.state == "D"}
    return {tid: stack for tid, stack in found.items() if stack is not None}


def read_kernel_only(pid: int, stats: dict) -> list:
    """[ThreadSample] without stacks, but with what the kernel tells."""
    samples = [ThreadSample(number, tid, stat)
               for number, (tid, stat) in enumerate(stats.items(), 1)]
    for sample in samples:
        sample.kernel = procfs.kernel_stack(pid, sample.tid)
    return samples


def take(target, stops, stats: dict, instant: bool, on_stopped=None) -> list:
    """[ThreadSample] of all threads. All of them go on when this returns. NotTraced.

    target: thread_sampler.Target; stops: ThreadStops or GdbStops; stats: procfs.thread_stats, with
    CPU times; instant: all threads are stopped together, also those that sleep, but for calls that
    would fail; on_stopped(samples): is called then, before they go on."""
    asleep = kernel_stacks(target.pid, stats)
    sampler = ThreadSampler(target, stats, stops.registers, instant)
    sleepers = frozenset(tid for tid, stat in stats.items() if stat.state == "S")
    sampler.read_sleepers([tid for tid in stats if tid in sleepers and (
        not instant or _would_fail(target.pid, tid) or _must_sleep(target.pid, tid))])
    tids = [tid for tid in sampler.unread() if tid not in asleep and not (
        tid in sleepers and _must_sleep(target.pid, tid))]
    try:
        if sampler.at_once:
            stopped = stops.stop(tids, LIMIT_S)
            target.memory.limit(READ_ALL_S)
            for tid in stopped:
                sampler.read_stopped(tid)
            samples = sampler.finish(asleep)
            if on_stopped is not None:
                on_stopped(samples)
        else:
            _read_each(target, sampler, stops, tids)
            samples = sampler.finish(asleep)
    finally:
        stops.release()
        target.memory.limit()
    if stops.failure and not any(sample.stack or sample.kernel for sample in samples):
        raise NotTraced(stops.failure)
    return samples


def _read_each(target, sampler, stops, tids: list) -> None:
    for _ in range(COPIES_MAX):
        read = []
        for tid in stops.each(sampler.read_ahead(tids), LIMIT_S):
            target.memory.limit(READ_S)
            sampler.read_stopped(tid)
            read.append(tid)
        target.memory.limit()
        sampler.unwind_copies()
        unread = frozenset(sampler.unread())
        tids = [tid for tid in read if tid in unread]
        if not tids:
            return


def await_sleep(pid: int, stats: dict) -> None:
    """Waits until threads that slept in a system call before a stop sleep in it again, SLEEP_S at
    most. Until then the kernel does not tell which call it is."""
    waking = [tid for tid, stat in stats.items() if stat.state == "S"]
    deadline = time.monotonic() + SLEEP_S
    while waking and time.monotonic() < deadline:
        now = ((tid, procfs.thread_stat(pid, tid)) for tid in waking)
        waking = [tid for tid, stat in now if stat is not None and stat.state == "R"]
        if waking:
            time.sleep(0.001)


def _must_sleep(pid: int, tid: int) -> bool:
    return procfs.wchan(pid, tid) in UNSTOPPABLE


def _would_fail(pid: int, tid: int) -> bool:
    """Would a stop make the thread's system call fail?"""
    found = procfs.sleep_pc_sp(pid, tid)
    return found is not None and found[2] in NOT_RESTARTED
