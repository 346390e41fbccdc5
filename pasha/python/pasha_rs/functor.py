"""What can be mapped over.

A functor splits into shares, ``split(num_workers)``, and iterates over one of them,
``iterate(share)``, which gives for each item the arguments of the kernel after ``worker_id``. To
map over something of one's own, derive from `Functor`, or give one's class a method
``_pasha_functor_()`` that returns a functor.

The functors here are also read by index, so that workers claim items as they get free, and a
failure is that of one item.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "DataArrayFunctor",
    "ExtraDataFunctor",
    "Functor",
    "NdarrayFunctor",
    "SequenceFunctor",
    "gen_split_slices",
]


def gen_split_slices(
    total_len: int, part_len: int | None = None, n_parts: int | None = None
) -> list[slice]:
    """Slices that cover a sequence in balanced parts, of which there are ``n_parts``, or as many
    as are needed for parts of at most ``part_len``.

    >>> gen_split_slices(5, n_parts=2)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    if part_len is not None:
        n_parts = -(-total_len // part_len)
    elif n_parts is None:
        raise ValueError("neither the length nor the number of parts is given")
    bounds = [part * total_len // n_parts for part in range(n_parts + 1)]
    return [slice(start, stop) for start, stop in zip(bounds, bounds[1:])]


class Functor:
    """Something that can be mapped over.

    A class that derives from it and has a class method ``wrap`` is asked whether it wraps a value
    that is given to ``map``.
    """

    _functor_types: ClassVar[list[type[Functor]]] = []

    @classmethod
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Functor._functor_types.append(cls)

    @classmethod
    def try_wrap(cls, value: Any) -> Functor:
        """The functor of a value: itself, what its ``_pasha_functor_()`` returns, or the one that
        wraps it.

        Raises:
            ValueError: if no class wraps it, or more than one does.
        """
        if isinstance(value, cls):
            return value
        if hasattr(value, "_pasha_functor_"):
            functor: Functor = value._pasha_functor_()
            return functor
        # A class without a `wrap` of its own would say what the one says that it derives from.
        asked = [kind for kind in Functor._functor_types if "wrap" in vars(kind)]
        functors = [functor for functor in (kind.wrap(value) for kind in asked) if functor]
        if not functors:
            raise ValueError(
                f"no functor wraps a {type(value).__name__}: map over a sequence or an array, or "
                "derive a class from pasha_rs.functor.Functor"
            )
        if len(functors) > 1:
            names = " and ".join(type(functor).__name__ for functor in functors)
            raise ValueError(f"{names} all wrap a {type(value).__name__}: choose one of them")
        return functors[0]

    @classmethod
    def wrap(cls, value: Any) -> Functor | None:
        """A functor of this value, or nothing if this class has none."""
        return None

    def split(self, num_workers: int) -> Iterable[Any]:
        """Shares of the work, of whatever kind `iterate` takes."""
        raise NotImplementedError(f"{type(self).__name__} has no method split")

    def iterate(self, share: Any) -> Iterable[tuple[Any, ...]]:
        """For each item of a share the arguments of the kernel after ``worker_id``."""
        raise NotImplementedError(f"{type(self).__name__} has no method iterate")

    def __bool__(self) -> bool:
        # A functor is one also where nothing is in it.
        return True


class SequenceFunctor(Functor):
    """The items of a sequence; the kernel gets ``(worker_id, index, value)``."""

    sequence: Any

    def __init__(self, sequence: Sequence[Any]) -> None:
        self.sequence = sequence

    @classmethod
    def wrap(cls, value: Any) -> Functor | None:
        return cls(value) if isinstance(value, Sequence) else None

    def split(self, num_workers: int) -> list[slice]:
        return gen_split_slices(len(self.sequence), n_parts=num_workers)

    def iterate(self, share: slice) -> Iterator[tuple[Any, ...]]:
        return zip(range(*share.indices(len(self.sequence))), self.sequence[share])


class NdarrayFunctor(SequenceFunctor):
    """The parts of an array along an axis, the first by default.

    The other axes keep their order: along axis 2 of an array ``(x, y, n)`` each part is
    ``(x, y)``.
    """

    def __init__(self, array: Any, axis: int | None = None) -> None:
        self.sequence = array if axis is None else np.moveaxis(np.asanyarray(array), axis, 0)

    @classmethod
    def wrap(cls, value: Any) -> Functor | None:
        return cls(value) if isinstance(value, np.ndarray) else None


class DataArrayFunctor(NdarrayFunctor):
    """The parts of an ``xarray.DataArray`` along a dimension, the first by default."""

    def __init__(self, array: Any, dim: str | None = None) -> None:
        self.sequence = array if dim is None else array.transpose(dim, ...)

    @classmethod
    def wrap(cls, value: Any) -> Functor | None:
        # Nothing is a DataArray before somebody has imported xarray.
        xarray = sys.modules.get("xarray")
        return cls(value) if xarray and isinstance(value, xarray.DataArray) else None


class ExtraDataFunctor(Functor):
    """The trains of an EXtra-data ``KeyData`` or ``DataCollection``.

    The kernel gets ``(worker_id, index, train_id, data)``, where ``data`` is an array of a
    ``KeyData``, which may be empty, and a mapping of a ``DataCollection``.
    """

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.n_trains = len(obj.train_ids)
        self._process = os.getpid()

    @classmethod
    def wrap(cls, value: Any) -> Functor | None:
        extra_data = sys.modules.get("extra_data")
        if extra_data is None:
            return None
        kinds = (extra_data.DataCollection, extra_data.KeyData)
        return cls(value) if isinstance(value, kinds) else None

    def split(self, num_workers: int) -> list[slice]:
        return gen_split_slices(self.n_trains, n_parts=num_workers)

    def iterate(self, share: slice) -> Iterator[tuple[Any, ...]]:
        for index in range(*share.indices(self.n_trains)):
            yield self.read(index)

    def read(self, index: int) -> tuple[int, Any, Any]:
        """What the kernel gets for one train."""
        if self._process != os.getpid():
            # A worker opens the files anew: processes can't share a handle of HDF5.
            for file in self.obj.files:
                file.close()
            self._process = os.getpid()
        train_id, data = self.obj.train_from_index(index)
        return index, train_id, data


def sequence_of(functor: Functor) -> Any | None:
    """The sequence that may be read by index in place of `iterate`, if there is one."""
    kind = type(functor)
    if not isinstance(functor, SequenceFunctor):
        return None
    is_plain = kind.split is SequenceFunctor.split and kind.iterate is SequenceFunctor.iterate
    return functor.sequence if is_plain else None


def reader_of(functor: Functor) -> tuple[int, Callable[[int], tuple[Any, ...]]] | None:
    """The number of items and what reads one of them, if there is such a thing."""
    kind = type(functor)
    if not isinstance(functor, ExtraDataFunctor):
        return None
    is_plain = kind.split is ExtraDataFunctor.split and kind.iterate is ExtraDataFunctor.iterate
    return (functor.n_trains, functor.read) if is_plain else None
