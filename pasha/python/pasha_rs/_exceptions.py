"""Exceptions of kernels, on their way from a worker to the caller of the map."""

from __future__ import annotations

import pickle
import traceback
import warnings

from .errors import KernelError, SlowItemWarning


def pack(error: BaseException, worker_id: int, index: int) -> bytes:
    """An exception as bytes, with the traceback that is lost by pickling."""
    told = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    chain = [_pickled(link) for link in _chain(error)]
    return pickle.dumps((chain, told, worker_id, index))


def _chain(error: BaseException) -> list[BaseException]:
    """An exception, the one that it was raised from, and so on."""
    chain = [error]
    # By what they are: exceptions of a user's may be equal.
    while (cause := chain[-1].__cause__) is not None and all(cause is not it for it in chain):
        chain.append(cause)
    return chain


def _pickled(error: BaseException) -> bytes | None:
    try:
        pickled = pickle.dumps(error)
        # Some can be written and not read, such as those with other arguments than `args`.
        pickle.loads(pickled)
    except Exception:
        return None
    return pickled


def unpack(letter: bytes | None, text: str) -> BaseException:
    """The exception that a worker has packed; if it can't be had, a `KernelError` of this text."""
    if letter is None:
        return KernelError(text)
    (first, *causes), told, worker_id, index = pickle.loads(letter)
    unpickled = _unpickled(first)
    # Not `or`: an exception may be false.
    error = KernelError(text) if unpickled is None else unpickled
    link = error
    for cause in map(_unpickled, causes):
        if cause is None:
            break
        link.__cause__ = cause
        link = cause
    note(error, worker_id, index)
    add_note(error, f"In the worker:\n{told}")
    return error


def _unpickled(pickled: bytes | None) -> BaseException | None:
    try:
        return None if pickled is None else pickle.loads(pickled)
    except Exception:
        return None


def note(error: BaseException, worker_id: int, index: int) -> None:
    """Notes at which item and where an exception was raised."""
    add_note(error, f"raised by the kernel at index {index}, on worker {worker_id}")


def add_note(error: BaseException, text: str) -> None:
    """What `BaseException.add_note` does, which Python 3.10 does not have."""
    try:
        error.__notes__ = [*getattr(error, "__notes__", []), text]
    except Exception:
        # An exception with slots, or whose notes are no list: it is raised as it is.
        return


def warn_of_slow_item(index: int, worker_id: int, seconds: float) -> None:
    """Warns of an item that may never end."""
    warnings.warn(
        f"the item at index {index} has been running for {seconds:g} s on worker {worker_id}. If "
        "it hangs: a forked worker can't have a lock that another thread of the program held, nor "
        "use thread pools that were begun before (OpenBLAS, OpenMP, a logger's handler). Set "
        "OMP_NUM_THREADS=1 before NumPy is imported, call no BLAS in other threads during a map, "
        "or use a ThreadContext; with item_timeout=… such an item fails, with slow_item=… this "
        "comes later",
        SlowItemWarning,
        stacklevel=3,
    )
