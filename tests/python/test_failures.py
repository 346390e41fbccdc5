"""Errors, panics and deaths are exceptions, in each context that survives them."""

import gc
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import kernels

VALUES = np.arange(40)
CONTEXTS = ["serial", "threads:2", "processes:2"]


@pytest.mark.parametrize("context", CONTEXTS)
def test_errors_and_panics_are_exceptions(context):
    with pytest.raises(kernels.KernelError, match="13 is unlucky") as raised:
        kernels.fail(VALUES, "error", context=context)
    assert raised.value.index == 13 and raised.value.worker_id in (0, 1)
    assert raised.value.attempts == 1 and raised.value.signal is None
    with pytest.raises(kernels.KernelPanic, match="failing.rs.*13 is feared") as raised:
        kernels.fail(VALUES, "panic", context=context)
    assert raised.value.index == 13
    assert issubclass(kernels.KernelPanic, kernels.PashaError)
    # The module goes on as if nothing had been.
    np.testing.assert_array_equal(kernels.fail(VALUES, "no", context=context), 2 * VALUES)


@pytest.mark.parametrize(
    "how, killed_by, status",
    [("kill", signal.SIGKILL, None), ("abort", signal.SIGABRT, None), ("exit", None, 3)],
)
def test_deaths_of_workers_are_exceptions(how, killed_by, status):
    text = "died at index 13.*run that index alone in a serial context"
    with pytest.raises(kernels.WorkerDied, match=text) as raised:
        kernels.fail(VALUES, how, context="processes:2")
    error = raised.value
    assert (error.index, error.signal, error.status) == (13, killed_by, status)
    with pytest.warns(UserWarning, match="index 13"):
        out = kernels.fail(VALUES, how, skip=1, context="processes:2")
    np.testing.assert_array_equal(out, np.where(VALUES == 13, 0, 2 * VALUES))


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_kernel_that_forks_goes_on(context):
    np.testing.assert_array_equal(kernels.fail(VALUES, "fork", context=context), 2 * VALUES)


@pytest.mark.parametrize("context", CONTEXTS)
def test_outputs_that_were_given_are_there_after_a_failure(context):
    out = kernels.fail(VALUES, "no", context=context)
    expected = out.copy()
    for how in ["error", "panic"]:
        with pytest.raises(kernels.PashaError):
            kernels.fail(VALUES, how, out=out, context=context)
    gc.collect()
    assert kernels.fail(VALUES, "no", out=out, context=context) is out
    np.testing.assert_array_equal(out, expected)


def interrupt_when_begun(read):
    """Interrupts this process once the kernel has told that it has begun."""

    def run():
        os.read(read, 1)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "context, milliseconds",
    # In processes in the middle of an item that takes an hour, otherwise at the next one.
    [("serial", 20), ("threads:1", 20), ("threads:2", 20), ("processes:2", 3_600_000)],
)
def test_ctrl_c_ends_a_map(context, milliseconds):
    out = kernels.triple_it(np.ones(5), context=context)
    for _ in range(3):
        read, write = os.pipe()
        thread = interrupt_when_begun(read)
        with pytest.raises(KeyboardInterrupt):
            kernels.wait(np.arange(100_000), write, milliseconds, context=context)
        thread.join()
        os.close(read)
        os.close(write)
    # No worker is left, and the module goes on.
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    np.testing.assert_array_equal(kernels.triple_it(np.ones(5), out=out, context=context), 3.0)


def test_other_threads_run_during_a_map():
    read, write = os.pipe()
    seen = []

    def run():
        # It gets on only if the map does not hold Python's lock.
        seen.append(os.read(read, 1))
        seen.append(kernels.triple_it(np.ones(3), context="threads:2").sum())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        kernels.wait(np.arange(4), write, 300, context="threads:2")
        assert seen == [b"b", 9.0]
    finally:
        thread.join()
        os.close(read)
        os.close(write)


def test_an_output_is_written_by_one_map_at_a_time():
    read, write = os.pipe()
    out = kernels.wait(np.arange(4), write, 0, context="threads:2")
    for _ in range(4):
        os.read(read, 1)
    thread = threading.Thread(
        target=lambda: kernels.wait(np.arange(4), write, 500, out=out, context="threads:2")
    )
    thread.start()
    try:
        os.read(read, 1)
        with pytest.raises(ValueError, match="another map writes into it"):
            kernels.wait(np.arange(4), write, 0, out=out, context="serial")
        with pytest.raises(ValueError, match="is written by a map meanwhile"):
            kernels.same(out, context="serial")
    finally:
        thread.join()
        os.close(read)
        os.close(write)
    np.testing.assert_array_equal(out, np.arange(4))


def test_arrays_that_a_map_reads_can_not_be_resized():
    read, write = os.pipe()
    values = np.arange(4)
    refused = []

    def resize():
        os.read(read, 1)
        try:
            values.resize(100_000_000, refcheck=False)
        except ValueError as error:
            refused.append(str(error))

    thread = threading.Thread(target=resize)
    thread.start()
    out = kernels.wait(values, write, 300, context="threads:2")
    thread.join()
    os.close(read)
    os.close(write)
    assert len(refused) == 1 and "cannot resize" in refused[0]
    np.testing.assert_array_equal(out, np.arange(4))
    # And afterwards they can.
    values.resize(5, refcheck=False)


def test_an_array_that_is_dropped_during_a_map_is_kept():
    read, write = os.pipe()
    holder = {"values": np.arange(4)}

    def drop():
        os.read(read, 1)
        holder.clear()
        gc.collect()

    thread = threading.Thread(target=drop)
    thread.start()
    out = kernels.wait(holder["values"], write, 300, context="threads:2")
    thread.join()
    os.close(read)
    os.close(write)
    np.testing.assert_array_equal(out, np.arange(4))


def test_the_end_of_python_during_a_map_in_a_daemon_thread_is_an_end():
    script = """
import os, threading, numpy, kernels
read, write = os.pipe()
threading.Thread(
    target=lambda: kernels.wait(
        numpy.arange(1000), write, 100, context="{}", progress=lambda progress: None
    ),
    daemon=True,
).start()
os.read(read, 1)
print("ended")
"""
    for context in ["threads:2", "processes:2"]:
        ended = subprocess.run(
            [sys.executable, "-c", script.format(context)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.stdout == "ended\n" and ended.returncode == 0, ended


def test_maps_with_deaths_leave_nothing_behind():
    def count():
        return len(os.listdir("/proc/self/fd")), len(open("/proc/self/maps").readlines())

    def run():
        for number in range(20):
            kernels.fail(VALUES, "no", context="processes:2")
            with pytest.raises(kernels.WorkerDied):
                kernels.fail(VALUES, "kill", context="processes:2")

    run()
    before = count()
    for _ in range(5):
        run()
    after = count()
    assert after[0] == before[0] and after[1] <= before[1] + 20
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
