"""Allocation: shape, type, order, contents, and who can write it."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

import pasha_rs as psh
from pasha_rs.context import MapContext

CONTEXTS = [MapContext, psh.ThreadContext, psh.ProcessContext]


@pytest.mark.parametrize("context_class", CONTEXTS)
@pytest.mark.parametrize("shape, shape_is", [(3, (3,)), ((3, 2), (3, 2)), ([3, 2], (3, 2)), ((), ())])
@pytest.mark.parametrize("dtype", [None, np.uint16, "datetime64[s]", np.complex64, bool])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("fill", [None, 0, 1, 42])
@pytest.mark.parametrize("per_worker", [False, True])
def test_an_array_is_as_asked_for(context_class, shape, dtype, order, fill, per_worker, shape_is):
    wanted = shape_is
    array = context_class(num_workers=3).alloc(
        shape, dtype, order=order, fill=fill, per_worker=per_worker
    )
    if per_worker:
        wanted = (3, *wanted) if order == "C" else (*wanted, 3)
    assert array.shape == wanted
    assert array.dtype == (np.float64 if dtype is None else dtype)
    assert array.flags[f"{order}_CONTIGUOUS"]
    assert array.flags.writeable
    assert (array == np.array(0 if fill is None else fill).astype(array.dtype)).all()


@pytest.mark.parametrize("context_class", CONTEXTS)
@pytest.mark.parametrize("shape, shape_is", [(None, (2, 3, 4)), ((6, 4), (6, 4))])
@pytest.mark.parametrize("dtype, dtype_is", [(None, np.float32), (np.uint16, np.uint16)])
@pytest.mark.parametrize(
    "like_order, order, order_is",
    [("C", None, "C"), ("F", None, "F"), ("C", "C", "C"), ("F", "F", "F"), ("C", "F", "F"),
     ("F", "C", "C")],
)  # fmt: skip
@pytest.mark.parametrize("fill", [None, 0, 1, 42])
@pytest.mark.parametrize("per_worker", [False, True])
def test_what_is_not_given_is_that_of_like(
    context_class, shape, shape_is, dtype, dtype_is, like_order, order, order_is, fill, per_worker
):
    like = np.ones((2, 3, 4), np.float32, like_order)
    array = context_class(num_workers=3).alloc(
        shape, dtype, order=order, fill=fill, like=like, per_worker=per_worker
    )
    if per_worker:
        shape_is = (3, *shape_is) if order_is == "C" else (*shape_is, 3)
    assert (array.shape, array.dtype) == (shape_is, dtype_is)
    assert array.flags[f"{order_is}_CONTIGUOUS"]
    assert (array == (fill or 0)).all()


def test_like_may_be_a_view_a_list_or_labelled():
    xarray = pytest.importorskip("xarray")
    view = np.ones((4, 6))[::2, ::3]
    assert psh.alloc(like=view).flags.c_contiguous
    assert psh.alloc(like=[[1, 2], [3, 4]]).shape == (2, 2)
    assert psh.alloc(like=xarray.DataArray(np.ones((2, 3), np.float32))).dtype == np.float32


def test_zeros_ones_and_full():
    assert (psh.zeros(3, np.uint8) == 0).all()
    assert (psh.ones((2, 2)) == 1).all()
    assert (psh.full((2, 2), 7, np.int16) == 7).all()
    assert (psh.alloc((2, 3), fill=[1, 2, 3]) == [[1, 2, 3]] * 2).all()
    assert np.signbit(psh.alloc(2, fill=-0.0)).all()


@pytest.mark.parametrize(
    "shape, error",
    [((-1,), ValueError), ((1 << 45, 2), MemoryError), ((1 << 62, 1 << 62), MemoryError)],
)
def test_a_shape_that_can_not_be_had_is_refused(shape, error):
    with pytest.raises(error):
        psh.alloc(shape)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="shape"):
        psh.alloc()
    with pytest.raises(ValueError, match="order"):
        psh.alloc(3, order="K")
    with pytest.raises(TypeError, match="Python objects"):
        psh.alloc(3, dtype=object)
    with pytest.raises(TypeError):
        psh.alloc("three")


def test_an_array_of_no_elements():
    assert psh.alloc((0, 3)).shape == (0, 3)


def test_memory_lives_as_long_as_an_array_of_it_and_no_longer():
    def mapped():
        maps = Path("/proc/self/maps").read_text().splitlines()
        return sum("/dev/zero (deleted)" in line for line in maps)

    before = mapped()
    part = psh.alloc((1000, 1000))[10:12]
    gc.collect()
    part[...] = 1
    assert mapped() == before + 1
    del part
    gc.collect()
    assert mapped() == before


def test_an_array_can_not_be_resized():
    with pytest.raises(ValueError):
        psh.alloc(100).resize(1000)


def test_an_array_in_a_file(tmp_path, context_class):
    context = context_class(2)
    out = context.alloc((4, 3), np.float32, fill=2, file=tmp_path / "out.npy")

    def kernel(worker_id, index, value):
        out[index] = value

    context.map(kernel, range(3))
    out.flush()
    assert np.load(tmp_path / "out.npy")[:, 0].tolist() == [0, 1, 2, 2]
