"""Trains of EXtra-data, from files of its own making."""

from __future__ import annotations

import numpy as np
import pytest

import pasha_rs as psh
from pasha_rs.functor import Functor

extra_data = pytest.importorskip("extra_data")
make_examples = pytest.importorskip("extra_data.tests.make_examples")

SOURCE, KEY = "SPB_XTD9_XGM/DOOCS/MAIN", "beamPosition.ixPos.value"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    make_examples.make_spb_run(str(folder))
    return extra_data.RunDirectory(str(folder))


def test_keys_and_runs_are_wrapped(run):
    assert type(Functor.try_wrap(run)) is psh.ExtraDataFunctor
    assert type(Functor.try_wrap(run[SOURCE, KEY])) is psh.ExtraDataFunctor
    assert Functor.try_wrap(run).split(2) == [slice(0, 32), slice(32, 64)]


def test_a_kernel_gets_the_trains_of_a_key(run, context_class):
    key = run[SOURCE, KEY]
    values, ids = psh.alloc(len(key.train_ids)), psh.alloc(len(key.train_ids), np.uint64)

    def kernel(worker_id, index, train_id, data):
        values[index], ids[index] = data, train_id

    context_class(2).map(kernel, key)
    np.testing.assert_array_equal(values, key.ndarray())
    assert ids.tolist() == list(key.train_ids)


def test_a_kernel_gets_the_trains_of_a_run(run, context_class):
    chosen = run.select(SOURCE, KEY)
    values = psh.alloc(len(chosen.train_ids))

    def kernel(worker_id, index, train_id, data):
        assert train_id == chosen.train_ids[index]
        values[index] = data[SOURCE][KEY]

    context_class(2).map(kernel, chosen)
    np.testing.assert_array_equal(values, run[SOURCE, KEY].ndarray())


def test_iterating_gives_what_the_kernel_gets(run):
    functor = psh.ExtraDataFunctor(run[SOURCE, KEY])
    assert [index for index, _, _ in functor.iterate(slice(3, 6))] == [3, 4, 5]
