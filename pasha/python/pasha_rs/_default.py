"""The default context, and the functions of the package that use it."""

from __future__ import annotations

import functools
from typing import Any

from numpy.typing import NDArray

from .context import MapContext, ProcessContext, SerialContext, ThreadContext

_KINDS: dict[str, type[SerialContext] | type[ThreadContext] | type[ProcessContext]] = {
    "serial": SerialContext,
    "threads": ThreadContext,
    "processes": ProcessContext,
}

_default_context: MapContext | None = None


def get_default_context() -> MapContext:
    """The context of `map` and `alloc`: a `ProcessContext`, if nothing else was said."""
    global _default_context
    if _default_context is None:
        _default_context = ProcessContext()
    return _default_context


def set_default_context(ctx_or_method: MapContext | str, *args: Any, **kwargs: Any) -> None:
    """Sets the context of `map` and `alloc`.

    Args:
        ctx_or_method: a context, or ``'serial'``, ``'threads'`` or ``'processes'``.
        args, kwargs: what the context of that kind is made with, such as ``num_workers=4``.

    Raises:
        ValueError: for another word.
    """
    global _default_context
    if isinstance(ctx_or_method, str):
        kind = _KINDS.get(ctx_or_method)
        if kind is None:
            words = ", ".join(map_word for map_word in _KINDS)
            raise ValueError(f"there is no context {ctx_or_method!r}; there are {words}")
        _default_context = kind(*args, **kwargs)
    else:
        _default_context = ctx_or_method


@functools.wraps(MapContext.alloc)
def alloc(*args: Any, **kwargs: Any) -> NDArray[Any]:
    return get_default_context().alloc(*args, **kwargs)


@functools.wraps(MapContext.zeros)
def zeros(*args: Any, **kwargs: Any) -> NDArray[Any]:
    return get_default_context().zeros(*args, **kwargs)


@functools.wraps(MapContext.ones)
def ones(*args: Any, **kwargs: Any) -> NDArray[Any]:
    return get_default_context().ones(*args, **kwargs)


@functools.wraps(MapContext.full)
def full(*args: Any, **kwargs: Any) -> NDArray[Any]:
    return get_default_context().full(*args, **kwargs)


@functools.wraps(MapContext.map)
def map(*args: Any, **kwargs: Any) -> Any:
    return get_default_context().map(*args, **kwargs)
