"""Maps in every context."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from programs import run_program

import pasha_rs as psh
from pasha_rs.context import MapContext
from pasha_rs.functor import Functor


@pytest.mark.parametrize(
    "context",
    [psh, psh.SerialContext(), psh.ThreadContext(), psh.ProcessContext()],
    ids=["default", "serial", "threads", "processes"],
)
def test_a_kernel_writes_into_an_allocated_array(context):
    inp = np.random.default_rng(1).random(100)
    out = context.alloc(shape=inp.shape, dtype=inp.dtype)

    def multiply(worker_id, index, value):
        out[index] = 3 * value

    assert context.map(multiply, inp) is None
    np.testing.assert_array_equal(out, inp * 3)


def test_run_worker_calls_the_kernel_for_each_item_of_a_share():
    calls = []

    class Negative(Functor):
        def iterate(self, share):
            return ((index, -index) for index in share)

    MapContext.run_worker(lambda *call: calls.append(call), Negative(), range(3), 7)
    assert calls == [(7, 0, 0), (7, 1, -1), (7, 2, -2)]


def test_all_items_are_run_once_by_workers_with_numbers(context_class):
    context = context_class(4)
    runs = context.alloc((context.num_workers, 1000), np.uint8)

    def kernel(worker_id, index, value):
        runs[worker_id, index] += 1
        assert value == index

    report = context.map(kernel, range(1000), report=True)
    assert (runs.sum(axis=0) == 1).all()
    assert (report.len, report.finished, report.failed) == (1000, 1000, [])
    assert sum(worker.finished for worker in report.workers) == 1000
    assert "1000 of 1000 items finished" in str(report)


def test_processes_are_processes_and_threads_threads():
    seen = psh.alloc(20, np.int64)

    def kernel(worker_id, index, value):
        seen[index] = os.getpid()

    psh.ProcessContext(2).map(kernel, range(20))
    assert os.getpid() not in seen
    psh.ThreadContext(2).map(kernel, range(20))
    assert set(seen) == {os.getpid()}

    def threads(worker_id, index, value):
        seen[index] = threading.get_ident()

    psh.ThreadContext(2).map(threads, range(20))
    assert threading.get_ident() not in seen
    psh.SerialContext().map(threads, range(20))
    assert set(seen) == {threading.get_ident()}


def test_two_threads_run_at_the_same_time():
    barrier = threading.Barrier(2)
    psh.ThreadContext(2, share=1).map(lambda *_: barrier.wait(30), range(2))


def test_two_processes_run_at_the_same_time():
    here = psh.alloc(2, np.uint8)

    def kernel(worker_id, index, value):
        here[index] = 1
        while not here.all():
            os.sched_yield()

    psh.ProcessContext(2, share=1, deadline=60).map(kernel, range(2))


def test_writes_are_not_lost_where_contexts_are_mixed():
    for allocating in [psh.SerialContext(), psh.ThreadContext(2), psh.ProcessContext(2)]:
        out = allocating.alloc(10)

        def kernel(worker_id, index, value):
            out[index] = value

        psh.ProcessContext(2).map(kernel, range(10))
        assert out.tolist() == list(range(10))


def test_per_worker_arrays_are_reduced_after_the_map(parallel_class):
    context = parallel_class(3)
    sums = context.alloc(2, np.int64, per_worker=True)

    def kernel(worker_id, index, value):
        sums[worker_id] += value

    context.map(kernel, np.arange(200).reshape(100, 2))
    assert sums.sum(axis=0).tolist() == [9900, 10000]


def test_nothing_to_map_over(context_class):
    report = context_class(2).map(print, [], report=True)
    assert (report.len, report.finished) == (0, 0)


def test_fewer_items_than_workers(parallel_class):
    out = psh.alloc(2)
    parallel_class(8).map(lambda worker_id, index, value: out.__setitem__(index, 1), [0, 0])
    assert out.sum() == 2


def test_a_static_split_is_the_same_in_every_run(parallel_class):
    context = parallel_class(2, static_split=True)
    workers = context.alloc(7, np.int64)
    context.map(lambda worker_id, index, _: workers.__setitem__(index, worker_id), range(7))
    assert workers.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_a_map_within_a_kernel(context_class):
    out = psh.alloc((3, 4), np.int64)

    def kernel(worker_id, index, value):
        def inner(worker_id, column, value):
            out[index, column] = 10 * index + column

        psh.ProcessContext(2).map(inner, range(4))

    context_class(2).map(kernel, range(3))
    assert (out == [[10 * row + column for column in range(4)] for row in range(3)]).all()


def test_maps_of_several_threads_at_once():
    outs = [psh.alloc(100) for _ in range(4)]

    def one(out):
        def kernel(worker_id, index, value):
            out[index] = value

        for _ in range(5):
            psh.ProcessContext(2).map(kernel, range(100))

    threads = [threading.Thread(target=one, args=(out,)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(out.sum() == 4950 for out in outs)


def test_what_kernels_print_is_printed_once(capfd):
    print("before", end=" ")

    def kernel(worker_id, index, value):
        print(f"item {index}")

    psh.ProcessContext(2).map(kernel, range(4))
    lines = capfd.readouterr().out
    # Two processes may write between a line and its end.
    assert [lines.count(f"item {index}") for index in range(4)] == [1, 1, 1, 1]
    assert lines.count("before") == 1


def test_callbacks_around_forks_are_called():
    program = """
import os, pasha_rs as psh
out = psh.alloc(3)
os.register_at_fork(
    before=lambda: out.__setitem__(0, out[0] + 1),
    after_in_parent=lambda: out.__setitem__(1, out[1] + 1),
    after_in_child=lambda: out.__setitem__(2, out[2] + 1),
)
psh.ProcessContext(1).map(lambda *_: None, range(4))
print(out.tolist())
"""
    assert run_program(program) == "[1.0, 1.0, 1.0]\n"
