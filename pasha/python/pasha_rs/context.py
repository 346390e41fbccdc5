"""Contexts: who calls the kernel, and where arrays are that all of them can write."""

from __future__ import annotations

import operator
import os
import secrets
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, SupportsIndex, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import _memory, _runtime
from ._exceptions import add_note
from .errors import SkippedItemsWarning
from .functor import Functor, reader_of, sequence_of
from .options import ContextOptions, Options
from .report import FailedItem, Report, WorkerReport

if TYPE_CHECKING:
    # Python 3.10 has it not; nobody needs it to run.
    from typing_extensions import Unpack

__all__ = ["MapContext", "ProcessContext", "SerialContext", "ThreadContext"]

Kernel = Callable[..., object]


class MapContext:
    """What all contexts have; one of one's own implements `map`."""

    num_workers: int
    options: Options = Options()

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers

    @overload
    def map(self, function: Kernel, functor: Any, *, report: Literal[False] = False) -> None: ...
    @overload
    def map(self, function: Kernel, functor: Any, *, report: Literal[True]) -> Report: ...
    def map(self, function: Kernel, functor: Any, *, report: bool = False) -> Report | None:
        """Calls a kernel for each item.

        The kernel is called as ``function(worker_id, index, value)``, or as the functor says; what
        it returns is not looked at: it writes results into arrays made by `alloc`. Which worker
        has which item differs from run to run (``static_split=True``: not).

        Args:
            function: the kernel.
            functor: what to map over: a `Functor`, or something that one wraps.
            report: whether to return what happened.

        Raises:
            Exception: whatever the kernel has raised, with a note of index and worker.
            PashaError: if a worker died, an item took too long, too many have failed.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method map")

    @staticmethod
    def run_worker(function: Kernel, functor: Functor, share: Any, worker_id: int) -> None:
        """Calls a kernel for each item of a share, as worker ``worker_id``."""
        for entry in functor.iterate(share):
            function(worker_id, *entry)

    def alloc(
        self,
        shape: int | tuple[int, ...] | None = None,
        dtype: DTypeLike | None = None,
        *,
        order: Literal["C", "F"] | None = None,
        fill: Any = None,
        like: Any = None,
        per_worker: bool = False,
        file: str | os.PathLike[str] | None = None,
    ) -> NDArray[Any]:
        """An array that all workers can write and the caller can read, in every context.

        Args:
            shape: its shape, or its length.
            dtype: the type of its elements, ``float64`` by default.
            order: its order in memory, ``'C'`` by default.
            fill: what is in it, zeros by default.
            like: an array whose shape, type and order it has where they are not given.
            per_worker: whether to add an axis with an array for each worker: the first in ``'C'``
                order, the last in ``'F'`` order.
            file: a ``.npy`` file that the array is to be. In a context with ``resume`` that of
                the job that was begun is opened as it is.
        """
        shape, dtype, order = _layout(shape, dtype, order, like)
        if per_worker:
            workers = (self.num_workers,)
            shape = workers + shape if order == "C" else shape + workers
        if file is not None:
            return _memory.in_file(file, shape, dtype, order, fill, self.options.resume)
        return self._alloc(shape, dtype, order, fill)

    def zeros(self, shape: Any = None, dtype: DTypeLike | None = None, **layout: Any) -> NDArray[Any]:
        """As `alloc`, of zeros."""
        return self.alloc(shape, dtype, fill=0, **layout)

    def ones(self, shape: Any = None, dtype: DTypeLike | None = None, **layout: Any) -> NDArray[Any]:
        """As `alloc`, of ones."""
        return self.alloc(shape, dtype, fill=1, **layout)

    def full(
        self, shape: Any, fill: Any, dtype: DTypeLike | None = None, **layout: Any
    ) -> NDArray[Any]:
        """As `alloc`, of this value."""
        return self.alloc(shape, dtype, fill=fill, **layout)

    def _alloc(
        self, shape: tuple[int, ...], dtype: DTypeLike, order: Literal["C", "F"], fill: Any
    ) -> NDArray[Any]:
        # Shared memory whatever the workers are: an array may be used in several contexts.
        return _memory.in_shared_memory(shape, dtype, order, fill)


class _RuntimeContext(MapContext):
    """A context whose workers the runtime starts."""

    _how: ClassVar[str]

    def __init__(self, num_workers: int | None, given: ContextOptions) -> None:
        if num_workers is None:
            num_workers = _runtime.available_workers()
        number = operator.index(num_workers)
        if number < 1:
            raise ValueError(f"a context needs one worker at least, but {number} were asked for")
        super().__init__(number)
        self.options = Options.of(given)

    @overload
    def map(self, function: Kernel, functor: Any, *, report: Literal[False] = False) -> None: ...
    @overload
    def map(self, function: Kernel, functor: Any, *, report: Literal[True]) -> Report: ...
    def map(self, function: Kernel, functor: Any, *, report: bool = False) -> Report | None:
        if not callable(function):
            raise TypeError(f"a kernel is a function, but {type(function).__name__} can't be called")
        length, call, sequence = self._calls(function, Functor.try_wrap(functor))
        fields = _runtime.run(
            self._how,
            self.num_workers,
            self.options,
            length,
            call,
            sequence,
            secrets.token_bytes(16),
        )
        made = _report(fields)
        if made.failed:
            first = made.failed[0]
            warnings.warn(
                f"{len(made.failed)} of {made.len} items failed and were skipped; the first is at "
                f"index {first.index}: {type(first.exception).__name__}: {first.exception}",
                SkippedItemsWarning,
                stacklevel=2,
            )
        return made if report else None

    def _calls(self, function: Kernel, functor: Functor) -> tuple[int, Kernel, Any]:
        """How many calls there are, what is called, and the sequence that gives the values."""
        run_worker = type(self).run_worker
        if run_worker is MapContext.run_worker:
            sequence = sequence_of(functor)
            if sequence is not None:
                return len(sequence), function, sequence
            reader = reader_of(functor)
            if reader is not None:
                length, read = reader

                def call_with_item(worker_id: int, index: int) -> None:
                    function(worker_id, *read(index))

                return length, call_with_item, None

        shares = list(functor.split(self.num_workers))

        def call_with_share(worker_id: int, number: int) -> None:
            try:
                self.run_worker(function, functor, shares[number], worker_id)
            except Exception as error:
                add_note(error, "what is numbered here is one of the functor's shares")
                raise

        return len(shares), call_with_share, None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_workers={self.num_workers})"


class SerialContext(_RuntimeContext):
    """The caller calls the kernel itself."""

    _how = "serial"

    def __init__(self, num_workers: int | None = None, **options: Unpack[ContextOptions]) -> None:
        super().__init__(1, options)


class ThreadContext(_RuntimeContext):
    """Threads, which run Python one at a time, but NumPy and files at the same time.

    By default there are as many as processors that this process may use.
    """

    _how = "threads"

    def __init__(self, num_workers: int | None = None, **options: Unpack[ContextOptions]) -> None:
        super().__init__(num_workers, options)


class ProcessContext(_RuntimeContext):
    """Processes, forked for each map, which end with it.

    They see everything that the program has in memory when the map begins. What they change is
    lost, but for arrays made by `alloc` and files. By default there are as many as processors
    that this process may use.
    """

    _how = "processes"

    def __init__(self, num_workers: int | None = None, **options: Unpack[ContextOptions]) -> None:
        super().__init__(num_workers, options)


def _layout(
    shape: Any, dtype: DTypeLike | None, order: Literal["C", "F"] | None, like: Any
) -> tuple[tuple[int, ...], DTypeLike, Literal["C", "F"]]:
    """Shape, type and order, of which `like` gives what is not given."""
    if like is not None:
        if not hasattr(like, "shape"):
            like = np.asarray(like)
        shape = like.shape if shape is None else shape
        dtype = like.dtype if dtype is None else dtype
        flags = getattr(like, "flags", None)
        # Arrays of one axis are in both orders.
        if order is None and flags is not None and flags.f_contiguous and not flags.c_contiguous:
            order = "F"
    if shape is None:
        raise ValueError("an array needs a shape: give `shape`, or an array as `like`")
    if order not in (None, "C", "F"):
        raise ValueError(f"the order is {order!r}; it may be 'C' or 'F'")
    lengths = (shape,) if isinstance(shape, SupportsIndex) else tuple(shape)
    lengths = tuple(operator.index(length) for length in lengths)
    return lengths, np.float64 if dtype is None else dtype, order or "C"


def _report(fields: dict[str, Any]) -> Report:
    failed = [FailedItem(*item) for item in fields.pop("failed")]
    workers = [WorkerReport(*worker) for worker in fields.pop("workers")]
    return Report(failed=failed, workers=workers, **fields)
