"""Arrays in memory that forked processes share with whoever has forked them."""

from __future__ import annotations

import math
import mmap
import os
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

Order = Literal["C", "F"]


def in_shared_memory(
    shape: tuple[int, ...], dtype: DTypeLike, order: Order, fill: Any
) -> NDArray[Any]:
    """An array of zeros, or filled, that lives as long as something refers to it."""
    dtype = np.dtype(dtype)
    if any(length < 0 for length in shape):
        raise ValueError(f"the shape {shape} has a negative length")
    if dtype.hasobject:
        raise TypeError(
            f"elements of type {dtype} are Python objects, which processes can't share: "
            "use numbers, or a context of threads"
        )
    n_bytes = math.prod(shape) * dtype.itemsize
    flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    try:
        memory = mmap.mmap(-1, max(n_bytes, 1), flags=flags)
    except (OSError, OverflowError) as error:
        raise MemoryError(
            f"can't have {n_bytes} bytes of shared memory for an array of shape {shape} and type "
            f"{dtype}: {error}"
        ) from error
    array: NDArray[Any] = np.ndarray(shape, dtype, buffer=memory, order=order)
    if fill is not None:
        # Zeros are there already, and writing them would take memory for each page.
        if not (np.ndim(fill) == 0 and dtype.kind in "biufc" and _is_zero(fill)):
            array[...] = fill
    return array


def _is_zero(value: Any) -> bool:
    # Not -0.0, which has other bits.
    return bool(value == 0) and not bool(np.any(np.signbit(np.real(value))))


def in_file(
    path: str | os.PathLike[str],
    shape: tuple[int, ...],
    dtype: DTypeLike,
    order: Order,
    fill: Any,
    job: str | None,
) -> NDArray[Any]:
    """An array that is a ``.npy`` file: that of a job which was begun, or else a new one."""
    dtype = np.dtype(dtype)
    if job is not None and os.path.exists(job):
        try:
            array = np.lib.format.open_memmap(path, mode="r+")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{os.fspath(path)} is not there, but the job in {job} was begun with it: "
                "delete the job's file to begin anew"
            ) from error
        is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        stored = (array.shape, array.dtype, "F" if is_fortran else "C")
        is_either = array.flags.f_contiguous and array.flags.c_contiguous
        wanted = (shape, dtype, stored[2] if is_either else order)
        if stored != wanted:
            raise ValueError(
                f"{os.fspath(path)} of the job in {job} has shape, type and order {stored}, but "
                f"this program wants {wanted}: delete the job's file to begin anew"
            )
        return array
    array = np.lib.format.open_memmap(path, "w+", dtype, shape, fortran_order=order == "F")
    # Its space is reserved now, so that a full disk is an error here and not a signal later.
    with open(path, "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size or 1)
    if fill is not None:
        array[...] = fill
    return array
