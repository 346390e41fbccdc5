"""What can be mapped over, and how it is split and read."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import xarray
from programs import run_program

import pasha_rs as psh
from pasha_rs.functor import Functor, gen_split_slices

WRAPPED = [
    ([1, 2, 3, 4], psh.SequenceFunctor),
    ((1, 2, 3, 4), psh.SequenceFunctor),
    (range(1, 5), psh.SequenceFunctor),
    (np.arange(1, 5), psh.NdarrayFunctor),
    (xarray.DataArray(np.arange(1, 5)), psh.DataArrayFunctor),
]
NAMES = [type(value).__name__ for value, _ in WRAPPED]


@pytest.fixture
def no_new_functors():
    before = list(Functor._functor_types)
    yield
    Functor._functor_types[:] = before


def test_a_derived_class_is_asked(no_new_functors):
    value = object()
    with pytest.raises(ValueError):
        Functor.try_wrap(value)

    class Mine(Functor):
        @classmethod
        def wrap(cls, given):
            return cls() if given is value else None

    assert type(Functor.try_wrap(value)) is Mine


def test_two_classes_that_wrap_a_value_are_refused(no_new_functors):
    class Mine(Functor):
        @classmethod
        def wrap(cls, given):
            return cls() if isinstance(given, list) else None

    with pytest.raises(ValueError, match="SequenceFunctor and Mine"):
        Functor.try_wrap([])


@pytest.mark.parametrize("value, kind", WRAPPED, ids=NAMES)
def test_sequences_arrays_and_labelled_arrays_are_wrapped(value, kind):
    assert type(Functor.try_wrap(value)) is kind


@pytest.mark.parametrize("value", [{1, 2}, {1: 2}, 3, None, iter([])], ids=str)
def test_what_is_no_sequence_is_not_wrapped(value):
    with pytest.raises(ValueError):
        Functor.try_wrap(value)


def test_a_functor_is_itself_and_a_value_may_bring_one():
    functor = psh.SequenceFunctor([1])
    assert Functor.try_wrap(functor) is functor

    class Bringing(list):
        def _pasha_functor_(self):
            return functor

    assert Functor.try_wrap(Bringing()) is functor


@pytest.mark.parametrize("value, kind", WRAPPED, ids=NAMES)
def test_a_sequence_is_split_and_iterated(value, kind):
    functor = Functor.try_wrap(value)
    assert list(functor.split(2)) == [slice(0, 2), slice(2, 4)]
    items = [(index, int(item)) for index, item in functor.iterate(slice(1, 3, 1))]
    assert items == [(1, 2), (2, 3)]


@pytest.mark.parametrize("axis, first", [(None, [0, 1, 2]), (0, [0, 1, 2]), (1, [0, 3, 6])])
def test_an_array_along_an_axis(axis, first):
    functor = psh.NdarrayFunctor(np.arange(9).reshape(3, 3), axis=axis)
    assert functor.split(3) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    (_, value), = functor.iterate(slice(0, 1))
    assert isinstance(value, np.ndarray)
    assert value.tolist() == first


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_the_other_axes_keep_their_order(axis, context_class):
    inp = np.arange(24).reshape(2, 3, 4)
    wanted = np.moveaxis(inp, axis, 0)
    out = psh.alloc(like=wanted)

    def kernel(worker_id, index, value):
        out[index] = value

    context_class(2).map(kernel, psh.NdarrayFunctor(inp, axis))
    assert (out == wanted).all()


@pytest.mark.parametrize("dim, first", [("a", [0, 1, 2]), ("b", [0, 3, 6])])
def test_a_labelled_array_along_a_dimension(dim, first):
    array = xarray.DataArray(np.arange(9).reshape(3, 3), dims=["a", "b"])
    functor = psh.DataArrayFunctor(array, dim=dim)
    assert functor.split(3) == [slice(0, 1), slice(1, 2), slice(2, 3)]
    (_, value), = functor.iterate(slice(0, 1))
    assert isinstance(value, xarray.DataArray)
    assert set(value.dims) == {"a", "b"} - {dim}
    assert value.values.tolist() == first


def test_kernels_get_labels(context_class):
    times = [10.0, 20.0, 30.0]
    array = xarray.DataArray(np.ones((2, 3)), dims=["y", "t"], coords={"t": times})
    out = psh.alloc(3)

    def kernel(worker_id, index, frame):
        out[index] = frame.t

    context_class(2).map(kernel, psh.DataArrayFunctor(array, "t"))
    assert out.tolist() == times


class Countdown(Functor):
    """A functor of one's own, with other arguments and shares that are no slices."""

    def __init__(self, length):
        self.length = length

    def split(self, num_workers):
        for share in range(num_workers):
            yield {"first": share, "step": num_workers}

    def iterate(self, share):
        for index in range(share["first"], self.length, share["step"]):
            yield index, self.length - index, f"item {index}"


def test_a_functor_of_ones_own(context_class):
    out = psh.alloc(10)

    def kernel(worker_id, index, value, name):
        assert name == f"item {index}"
        out[index] = value

    context_class(3).map(kernel, Countdown(10))
    assert out.tolist() == list(range(10, 0, -1))


def test_a_functor_of_ones_own_that_fails(context_class):
    def kernel(worker_id, index, value, name):
        if index == 4:
            raise KeyError(name)

    with pytest.raises(KeyError) as raised:
        context_class(3).map(kernel, Countdown(10))
    assert raised.value.args == ("item 4",)
    assert any("of the functor's shares" in note for note in raised.value.__notes__)


def test_a_sequence_functor_with_another_iteration_is_iterated(no_new_functors, context_class):
    class Doubled(psh.SequenceFunctor):
        def iterate(self, share):
            for index, value in super().iterate(share):
                yield index, 2 * value

    out = psh.alloc(6)
    context_class(2).map(lambda worker_id, *item: out.__setitem__(*item), Doubled(range(6)))
    assert out.tolist() == [0, 2, 4, 6, 8, 10]


def test_parts_are_balanced_and_cover_all():
    assert gen_split_slices(7, n_parts=3) == [slice(0, 2), slice(2, 4), slice(4, 7)]
    assert gen_split_slices(7, part_len=3) == [slice(0, 2), slice(2, 4), slice(4, 7)]
    assert gen_split_slices(7, 4) == [slice(0, 3), slice(3, 7)]
    assert gen_split_slices(1, n_parts=2) == [slice(0, 0), slice(0, 1)]
    with pytest.raises(ValueError):
        gen_split_slices(7)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_views_of_any_layout(axes, parallel_class):
    inp = np.arange(4 * 6**axes).reshape((4,) + (6,) * axes)[::2, ::-1]
    inp = inp.astype(">f4")
    inp.flags.writeable = False
    out = psh.alloc(like=inp)

    def kernel(worker_id, index, value):
        out[index] = value

    parallel_class(2).map(kernel, inp)
    assert (out == inp).all()


def test_xarray_is_not_imported_for_nothing():
    program = "import sys, pasha_rs; pasha_rs.SerialContext().map(lambda *_: None, [1]);"
    assert run_program(program + "print('xarray' in sys.modules)") == "False\n"
    assert "xarray" in sys.modules
