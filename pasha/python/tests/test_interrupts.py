"""Ctrl-C, and interpreters that end during a map."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import types

import pytest

import pasha_rs as psh
from programs import run_program


def interrupted(context, items, hangs):
    """Maps over items of which one has the program interrupted; how long it went on after that."""
    program, sent = os.getpid(), psh.alloc(1)

    def kernel(worker_id, index, value):
        if index == 3:
            sent[0] = time.monotonic()
            os.kill(program, signal.SIGINT)
            while hangs:
                time.sleep(60)
        time.sleep(0.001)

    with pytest.raises(KeyboardInterrupt):
        context.map(kernel, range(items))
    return time.monotonic() - sent[0]


def test_an_interrupt_ends_processes_at_once():
    times = [interrupted(psh.ProcessContext(2), 10_000, hangs=True) for _ in range(9)]
    # 10 ms on an idle machine; the machine of a test is not.
    assert sorted(times)[4] < 0.1


def test_an_interrupt_ends_processes_that_may_fail():
    interrupted(psh.ProcessContext(2, skip=100, retry=2), 10_000, hangs=True)


@pytest.mark.parametrize("context", [psh.ThreadContext(2), psh.SerialContext()], ids=repr)
def test_an_interrupt_ends_threads_at_their_next_item(context):
    assert interrupted(context, 10_000, hangs=False) < 2


def test_an_interrupt_around_forks_is_not_lost_and_leaves_no_lock():
    """Signals come while workers are forked, where `logging` and others have callbacks."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for wait in range(100):
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 1e-3 + wait * 1e-4)
                while True:
                    psh.ProcessContext(2).map(lambda worker_id, index, value: None, range(2))
    finally:
        signal.signal(signal.SIGALRM, before)

    def log():
        # Takes the lock of the module, which is held around forks.
        with_lock.append(logging.getLogger(f"pasha.{len(with_lock)}"))

    with_lock = []
    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    thread.join(10)
    assert with_lock


@pytest.mark.parametrize("place", ["signal.getsignal", "signal.signal", "sys.stdout.flush"])
def test_an_interrupt_in_what_prepares_a_fork_is_not_lost(monkeypatch, place):
    came = []

    def interrupt(*arguments):
        if not came:
            came.append(place)
            signal.raise_signal(signal.SIGINT)
        return original(*arguments) if original else None

    if place == "sys.stdout.flush":
        original = None
        monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(flush=interrupt))
    else:
        original = getattr(signal, place.split(".")[1])
        monkeypatch.setattr(signal, place.split(".")[1], interrupt)
    with pytest.raises(KeyboardInterrupt):
        psh.ProcessContext(2).map(lambda worker_id, index, value: None, range(2))
    assert came and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_signals_may_let_the_map_go_on():
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        program = os.getpid()

        def kernel(worker_id, index, value):
            if index == 3:
                os.kill(program, signal.SIGUSR1)
            time.sleep(0.001)

        for context in [psh.ProcessContext(2), psh.ThreadContext(2)]:
            assert context.map(kernel, range(100), report=True).finished == 100
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [1, 1]


@pytest.mark.parametrize("kind", ["ThreadContext", "ProcessContext"])
def test_the_interpreter_ends_during_a_map(kind):
    program = f"""
import os, threading, time, pasha_rs as psh
pids = psh.alloc(2, int)
def kernel(worker_id, index, value):
    pids[worker_id] = os.getpid()
    time.sleep(0.001)
context = psh.{kind}(2, share=1)
threading.Thread(target=context.map, args=(kernel, range(10**6)), daemon=True).start()
while not pids.all():
    time.sleep(0.001)
print(*pids, flush=True)
"""
    workers = run_program(program).split()
    for worker in workers:
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
            os.sched_yield()
        assert not os.path.exists(f"/proc/{worker}")


def test_workers_die_with_a_program_that_is_killed():
    program = """
import os, signal, pasha_rs as psh
def kernel(worker_id, index, value):
    # In one piece, which those of other workers do not come between.
    os.write(1, f"{os.getpid()}\\n".encode())
    signal.pause()
psh.ProcessContext(2, share=1).map(kernel, range(2))
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        workers = [process.stdout.readline().strip() for _ in range(2)]
        process.kill()
    assert all(workers), workers
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{worker}") for worker in workers):
        assert time.monotonic() < deadline
        os.sched_yield()
