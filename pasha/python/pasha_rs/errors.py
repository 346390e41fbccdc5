"""What a map raises where it can't raise the kernel's own exception."""

from __future__ import annotations

__all__ = [
    "ItemTimeout",
    "KernelError",
    "KernelPanic",
    "MapStopped",
    "PashaError",
    "SkippedItemsWarning",
    "SlowItemWarning",
    "TooManyFailures",
    "WorkerDeadlock",
    "WorkerDied",
]


class PashaError(Exception):
    """A map did not finish.

    The attributes are ``None`` where they do not apply.
    """

    #: The index of the item.
    index: int | None = None
    #: The worker that had it.
    worker_id: int | None = None
    #: The machine of that worker, where a map spans several.
    host: str | None = None
    #: How often the item was tried.
    attempts: int | None = None
    #: The signal that ended the worker's process.
    signal: int | None = None
    #: The exit status of the worker's process.
    status: int | None = None


class KernelError(PashaError):
    """The kernel failed at the item at ``index``.

    A kernel in Python raises its own exception instead, unless that can't be pickled.
    """


class KernelPanic(PashaError):
    """A kernel in Rust panicked at the item at ``index``."""


class WorkerDied(PashaError):
    """A worker process died at the item at ``index``, by ``signal`` or with exit ``status``."""


class WorkerDeadlock(WorkerDied):
    """A worker waited at the item at ``index`` for a lock or thread that it does not have.

    Of the program's threads a forked worker has only the one that forked it. It was ended.
    """


class ItemTimeout(PashaError, TimeoutError):
    """The item at ``index`` took longer than ``item_timeout``."""


class TooManyFailures(PashaError):
    """More items failed than may be skipped; the cause is the first that failed."""


class MapStopped(PashaError):
    """The map was ended by its ``deadline``, or cancelled."""


class SkippedItemsWarning(UserWarning):
    """Items failed and were skipped."""


class SlowItemWarning(UserWarning):
    """An item has been running for very long; it may wait for what can't come."""
