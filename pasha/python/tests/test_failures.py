"""Kernels that raise, die, hang or leave: what the caller gets, and what is kept."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import traceback

import numpy as np
import pytest

import pasha_rs as psh


class NoBeam(Exception):
    """An exception of a user's, with a constructor of its own kind."""

    def __init__(self, train_id, detail):
        super().__init__(f"train {train_id}: {detail}")
        self.train_id = train_id

    def __reduce__(self):
        return NoBeam, (self.train_id, "no beam")


class CanBeWrittenOnly(Exception):
    """An exception that is pickled, and then can't be made again."""

    def __init__(self, one, two):
        super().__init__(one + two)


def raises_at(bad, exception):
    def kernel(worker_id, index, value):
        if index in bad:
            raise exception

    return kernel


def test_an_exception_is_raised_as_its_own_type_with_a_note(context_class):
    with pytest.raises(NoBeam) as raised:
        context_class(2).map(raises_at([7], NoBeam(7, "no beam")), range(20))
    assert raised.value.train_id == 7
    assert "raised by the kernel at index 7, on worker " in raised.value.__notes__[0]
    told = "".join(traceback.format_exception(raised.value))
    assert "in kernel" in told and "raise exception" in told


def test_an_exception_that_can_not_be_pickled_is_told_of():
    class OfAFunction(Exception):
        pass

    for exception in [OfAFunction("lost"), CanBeWrittenOnly("lo", "st")]:
        with pytest.raises(psh.KernelError, match="lost") as raised:
            psh.ProcessContext(2).map(raises_at([3], exception), range(10))
        error = raised.value
        assert (error.index, error.attempts, error.signal) == (3, 1, None)
        assert error.worker_id in (0, 1)
        assert type(exception).__name__ in str(error)
        assert "in kernel" in error.__notes__[1]


class Falsy(Exception):
    """An exception that is false, and equal to every other."""

    def __bool__(self):
        return False

    def __eq__(self, other):
        return True

    __hash__ = None


def test_exceptions_are_told_apart_by_what_they_are(context_class):
    def kernel(worker_id, index, value):
        raise Falsy("not") from Falsy("why")

    with pytest.raises(Falsy) as raised:
        context_class(2).map(kernel, [7])
    assert raised.value.args == ("not",)
    assert raised.value.__cause__.args == ("why",)


def test_what_an_exception_was_raised_from_is_kept(context_class):
    def kernel(worker_id, index, value):
        try:
            [][value]
        except IndexError as error:
            raise NoBeam(index, "no frame") from error

    with pytest.raises(NoBeam) as raised:
        context_class(2).map(kernel, [7])
    assert isinstance(raised.value.__cause__, IndexError)
    assert raised.value.__cause__.args == ("list index out of range",)

    def chained(worker_id, index, value):
        raise NoBeam(index, "no frame") from CanBeWrittenOnly("lo", "st")

    with pytest.raises(NoBeam) as raised:
        context_class(2).map(chained, [7])
    # A cause that can't be sent is told of in the traceback alone.
    assert raised.value.train_id == 0


def test_very_long_exceptions_and_strange_text(parallel_class):
    for text in ["x" * 5_000_000, "\0\udcff\N{SNOWMAN}", ""]:
        with pytest.raises(ValueError) as raised:
            parallel_class(2).map(raises_at([3], ValueError(text)), range(10))
        assert raised.value.args == (text,)


def test_so_many_items_may_be_skipped(context_class):
    out = psh.alloc(100)

    def kernel(worker_id, index, value):
        if index % 20 == 5:
            raise ValueError(f"at {index}")
        out[index] = 1

    with pytest.warns(psh.SkippedItemsWarning, match="5 of 100 items failed") as warned:
        report = context_class(2, skip=5).map(kernel, range(100), report=True)
    assert warned[0].filename == __file__
    assert out.sum() == 95
    assert sorted(failed.index for failed in report.failed) == [5, 25, 45, 65, 85]
    for failed in report.failed:
        assert isinstance(failed.exception, ValueError)
        assert failed.exception.args == (f"at {failed.index}",)

    with pytest.raises(psh.TooManyFailures, match="only 4 may be skipped") as raised:
        context_class(2, skip=4).map(kernel, range(100))
    assert isinstance(raised.value.__cause__, ValueError)


def test_items_are_tried_again(context_class):
    tries = psh.alloc(10, np.int64)

    def kernel(worker_id, index, value):
        tries[index] += 1
        if index == 4 and tries[index] < 3:
            raise ValueError

    report = context_class(2, retry=2).map(kernel, range(10), report=True)
    assert report.retried == 2
    assert tries.tolist() == [1, 1, 1, 1, 3, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_worker_that_is_killed_is_an_error_at_once(number):
    def kernel(worker_id, index, value):
        if index == 13:
            os.kill(os.getpid(), number)
            signal.pause()

    with pytest.raises(psh.WorkerDied) as raised:
        psh.ProcessContext(2).map(kernel, range(20))
    error = raised.value
    assert (error.index, error.signal, error.status) == (13, number, None)
    assert isinstance(error, psh.PashaError)


def test_a_worker_that_reads_where_nothing_is():
    with pytest.raises(psh.WorkerDied) as raised:
        psh.ProcessContext(2).map(lambda *_: ctypes.string_at(0), range(2))
    assert raised.value.signal == signal.SIGSEGV


@pytest.mark.parametrize("status", [0, 3])
def test_a_kernel_that_leaves_the_process(status):
    def kernel(worker_id, index, value):
        if index == 5:
            os._exit(status)

    with pytest.raises(psh.WorkerDied) as raised:
        psh.ProcessContext(2).map(kernel, range(20))
    assert (raised.value.index, raised.value.status) == (5, status)


def test_a_kernel_that_ends_the_program(context_class):
    with pytest.raises(SystemExit):
        context_class(2).map(lambda *_: sys.exit(3), range(20))


def test_workers_that_die_are_replaced_and_their_items_skipped():
    out = psh.alloc(100)

    def kernel(worker_id, index, value):
        if index % 10 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        out[index] = 1

    with pytest.warns(psh.SkippedItemsWarning):
        report = psh.ProcessContext(2, skip=10).map(kernel, range(100), report=True)
    assert out.sum() == 90
    assert report.replaced >= 9
    assert all(isinstance(failed.exception, psh.WorkerDied) for failed in report.failed)


def test_an_item_that_hangs_is_ended():
    def kernel(worker_id, index, value):
        if index == 2:
            while True:
                signal.pause()

    begun = time.monotonic()
    with pytest.raises(psh.ItemTimeout) as raised:
        psh.ProcessContext(2, item_timeout=0.2).map(kernel, range(4))
    assert raised.value.index == 2
    assert time.monotonic() - begun < 5


def test_a_lock_of_another_thread_is_found_out():
    lock = threading.Lock()
    with lock, pytest.raises(psh.WorkerDeadlock) as raised:
        psh.ProcessContext(2).map(lambda *_: lock.acquire(), range(4))
    assert raised.value.index is not None


def test_an_item_that_runs_for_very_long_is_warned_of():
    warned = psh.alloc(1)

    def kernel(worker_id, index, value):
        while index == 3 and not warned[0]:
            os.sched_yield()

    def showwarning(*_):
        warned[0] = 1

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = showwarning
        psh.ProcessContext(2, slow_item=0.05, deadline=60).map(kernel, range(4))
    assert warned[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(psh.SlowItemWarning, match="index 3 .* item_timeout"):
            warned[0] = 0
            psh.ProcessContext(2, slow_item=0.05).map(kernel, range(4))


def test_a_deadline_ends_a_map(parallel_class):
    def kernel(worker_id, index, value):
        time.sleep(0.01)

    with pytest.raises(psh.MapStopped, match="deadline"):
        parallel_class(2, deadline=0.1).map(kernel, range(10_000))


def test_a_kernel_that_forks_and_comes_back():
    def kernel(worker_id, index, value):
        if index == 3:
            child = os.fork()
            if child:
                os.waitpid(child, 0)

    psh.ProcessContext(2).map(kernel, range(10))


def test_a_value_of_the_wrong_shape_is_an_exception(parallel_class):
    out = psh.alloc((10, 3))

    def kernel(worker_id, index, value):
        out[index] = [1, 2]

    with pytest.raises(ValueError, match="broadcast"):
        parallel_class(2).map(kernel, range(10))


def test_a_sequence_that_shrinks_during_the_map():
    values = list(range(100))

    def kernel(worker_id, index, value):
        values.clear()

    with pytest.raises(IndexError):
        psh.ThreadContext(2).map(kernel, values)


def test_an_array_that_is_let_go_of_during_the_map(parallel_class):
    holder = {"in": np.arange(1000.0), "out": psh.alloc(1000)}
    out = holder["out"]

    def kernel(worker_id, index, value):
        holder.pop("in", None)
        holder.pop("out", None)
        out[index] = value

    parallel_class(2).map(kernel, holder["in"])
    assert out.sum() == 499500


def test_an_array_is_not_resized_during_a_map():
    array = np.arange(100.0)

    def kernel(worker_id, index, value):
        array.resize(10_000_000)

    with pytest.raises(ValueError):
        psh.ThreadContext(2).map(kernel, array)


def test_a_hook_that_fails(parallel_class):
    def hook(worker_id):
        raise ValueError("no device")

    with pytest.raises(psh.PashaError, match="no device"):
        parallel_class(2, on_worker_start=hook).map(lambda *_: None, range(4))


def test_what_can_not_be_mapped_is_refused(context_class):
    with pytest.raises(ValueError, match="set"):
        context_class(2).map(print, {1, 2})
    with pytest.raises(TypeError, match="kernel"):
        context_class(2).map(3, [1])


@pytest.mark.parametrize(
    "options, error",
    [
        ({"skip": -1}, ValueError),
        ({"skip": "many"}, TypeError),
        ({"item_timeout": 0}, ValueError),
        ({"item_timeout": float("nan")}, ValueError),
        ({"share": 0}, ValueError),
        ({"progress": 3}, TypeError),
        ({"skipp": 1}, TypeError),
        ({"num_workers": 0}, ValueError),
        ({"num_workers": 1.5}, TypeError),
    ],
)
def test_options_that_can_not_be_are_refused(options, error):
    with pytest.raises(error):
        psh.ProcessContext(**options)


def test_options_of_processes_are_refused_on_threads():
    with pytest.raises(ValueError, match="nice"):
        psh.ThreadContext(2, nice=3).map(lambda *_: None, range(4))
