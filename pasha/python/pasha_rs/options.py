"""What a context may be told beside its number of workers."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, TypedDict

from .report import Progress

__all__ = ["ContextOptions", "Options"]

#: A time: seconds, or a ``timedelta``.
Time = float | timedelta


class ContextOptions(TypedDict, total=False):
    """The keywords of all contexts."""

    skip: int
    retry: int
    item_timeout: Time | None
    deadline: Time | None
    stop_within: Time | None
    resume: str | os.PathLike[str] | None
    progress: bool | Callable[[Progress], object] | None
    share: int | None
    static_split: bool
    pin_workers: bool
    worker_lifespan: int | None
    worker_memory: int | None
    nice: int
    timeline: str | os.PathLike[str] | None
    on_worker_start: Callable[[int], object] | None
    on_worker_end: Callable[[int], object] | None
    slow_item: Time | None


@dataclass(frozen=True)
class Options:
    """The options of a context; each is a keyword of its constructor.

    An option that is ``None`` is not set.
    """

    #: So many items may fail; the map goes on without them, and warns.
    skip: int = 0
    #: So often an item that failed is tried again.
    retry: int = 0
    #: An item that runs longer has failed; a process is killed then, a thread can't be.
    item_timeout: float | None = None
    #: A map that takes longer is ended.
    deadline: float | None = None
    #: How long processes may go on with their item once the map is to stop.
    stop_within: float | None = None
    #: A file in which is noted what is done, so that a map that was killed goes on there.
    resume: str | None = None
    #: ``True`` draws a bar; a function is called with a ``Progress`` ten times a second.
    progress: bool | Callable[[Progress], object] | None = None
    #: So many items are claimed at a time, instead of shares that shrink.
    share: int | None = None
    #: Each worker gets one slice of the items, the same in every run.
    static_split: bool = False
    #: Each worker stays on a processor of its own.
    pin_workers: bool = False
    #: A worker process is replaced after so many items.
    worker_lifespan: int | None = None
    #: A worker process gets no more memory of its own, in bytes.
    worker_memory: int | None = None
    #: Worker processes are so much nicer to other programs.
    nice: int = 0
    #: A file, ``.svg`` or ``.json``, that shows what each worker did when.
    timeline: str | None = None
    #: Called in each worker before its first item, with its number.
    on_worker_start: Callable[[int], object] | None = None
    #: Called in each worker after its last item, with its number.
    on_worker_end: Callable[[int], object] | None = None
    #: After what time an item without ``item_timeout`` is warned of; a minute.
    slow_item: float | None = None

    @classmethod
    def of(cls, given: ContextOptions) -> Options:
        """Checks what a context was given.

        Raises:
            TypeError: for an option that there is not, or a value of another type.
            ValueError: for a value that it can't have.
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise TypeError(f"there is no option {name!r}; there are {', '.join(known)}")
        options: dict[str, Any] = dict(given)
        for name in ["item_timeout", "deadline", "stop_within", "slow_item"]:
            if name in options:
                options[name] = _seconds(name, options[name])
        for name in ["skip", "retry", "share", "worker_lifespan", "worker_memory"]:
            least = 0 if name in ["skip", "retry"] else 1
            if options.get(name) is not None:
                options[name] = _whole_number(name, options[name], least)
        for name in ["resume", "timeline"]:
            if options.get(name) is not None:
                options[name] = os.path.abspath(os.fsdecode(options[name]))
        for name in ["progress", "on_worker_start", "on_worker_end"]:
            function = options.get(name)
            is_switch = name == "progress" and isinstance(function, bool)
            if function is not None and not is_switch and not callable(function):
                raise TypeError(f"{name} is {function!r}, which can't be called")
        return replace(cls(), **options)


def _seconds(name: str, given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, timedelta):
        given = given.total_seconds()
    seconds = float(given)
    if not 0 < seconds < float("inf") and not (name == "stop_within" and seconds == 0):
        raise ValueError(f"{name} is {seconds} seconds; give a time above 0")
    return seconds


def _whole_number(name: str, given: Any, least: int) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        raise TypeError(f"{name} is {given!r}, which is no whole number") from None
    if number < least:
        raise ValueError(f"{name} is {number}, but is {least} at least")
    return number
