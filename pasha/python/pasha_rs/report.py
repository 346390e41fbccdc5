"""What happened during a map, for who asks: ``map(…, report=True)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["FailedItem", "Progress", "Report", "WorkerReport"]


class Progress(NamedTuple):
    """How far a map is, as a function given as ``progress`` gets it. Times are in seconds."""

    finished: int
    len: int
    failed: int
    elapsed: float
    per_second: float | None
    time_left: float | None


@dataclass(frozen=True)
class FailedItem:
    """An item that was skipped, and what the map would have raised."""

    index: int
    exception: BaseException


class WorkerReport(NamedTuple):
    """What a worker did. ``busy`` is in seconds, ``peak_memory`` in bytes."""

    worker_id: int
    finished: int
    busy: float
    replaced: int
    peak_memory: int | None


@dataclass(frozen=True)
class Report:
    """What happened during a map. ``print(report)`` tells it in words.

    Of a functor of one's own the items are its shares.
    """

    #: The number of items.
    len: int
    #: How many were finished now, and how many in an earlier run that was resumed.
    finished: int
    resumed: int
    #: The items that were skipped.
    failed: list[FailedItem]
    #: How often an item was tried again.
    retried: int
    #: How many worker processes took the place of others.
    replaced: int
    #: The time of the map, in seconds.
    wall_time: float
    workers: list[WorkerReport]
    #: The most memory that this process has had, in bytes.
    peak_memory: int
    #: What slowed the map down and can be mended.
    warnings: list[str]
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text
