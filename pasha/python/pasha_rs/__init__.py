"""Maps kernels over large arrays in parallel, into memory that all workers share.

>>> import numpy as np
>>> import pasha_rs as psh
>>> counts = np.arange(100.0)
>>> doubled = psh.alloc(like=counts)
>>> def double(worker_id, index, value):
...     doubled[index] = 2 * value
>>> psh.map(double, counts)
>>> float(doubled[99])
198.0

A *kernel* is called for each item as ``kernel(worker_id, index, value)``. A *context* says who
calls it: worker processes that are forked for each map (the default), threads, or the caller
itself. What is mapped over is a *functor*: a sequence, an array along one of its axes, an xarray
along one of its dimensions, trains of an EXtra-data run, or one's own.
"""

from __future__ import annotations

import atexit
import sys

if not getattr(sys, "_is_gil_enabled", lambda: True)():
    raise ImportError(
        "pasha_rs needs the global interpreter lock, which this interpreter runs without: "
        "start it with PYTHON_GIL=1, or use a build that has it"
    )

from . import _runtime, errors
from ._default import (
    alloc,
    full,
    get_default_context,
    map,
    ones,
    set_default_context,
    zeros,
)
from .context import MapContext, ProcessContext, SerialContext, ThreadContext
from .errors import (
    ItemTimeout,
    KernelError,
    KernelPanic,
    MapStopped,
    PashaError,
    SkippedItemsWarning,
    SlowItemWarning,
    TooManyFailures,
    WorkerDeadlock,
    WorkerDied,
)
from .functor import (
    DataArrayFunctor,
    ExtraDataFunctor,
    Functor,
    NdarrayFunctor,
    SequenceFunctor,
)
from .report import FailedItem, Progress, Report, WorkerReport

__version__ = "0.1.0"

# Maps of daemon threads end before the interpreter does.
atexit.register(_runtime.end_maps)

__all__ = [
    "DataArrayFunctor",
    "ExtraDataFunctor",
    "FailedItem",
    "Functor",
    "ItemTimeout",
    "KernelError",
    "KernelPanic",
    "MapContext",
    "MapStopped",
    "NdarrayFunctor",
    "PashaError",
    "ProcessContext",
    "Progress",
    "Report",
    "SequenceFunctor",
    "SerialContext",
    "SkippedItemsWarning",
    "SlowItemWarning",
    "ThreadContext",
    "TooManyFailures",
    "WorkerDeadlock",
    "WorkerDied",
    "WorkerReport",
    "alloc",
    "errors",
    "full",
    "get_default_context",
    "map",
    "ones",
    "set_default_context",
    "zeros",
]
