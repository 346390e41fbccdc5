"""The default context, and the functions of the package that use it."""

from __future__ import annotations

import functools
import os
from typing import Any

from numpy.typing import NDArray

from . import _runtime
from .context import MapContext, ProcessContext, SerialContext, ThreadContext

_KINDS: dict[str, type[SerialContext] | type[ThreadContext] | type[ProcessContext]] = {
    "serial": SerialContext,
    "threads": ThreadContext,
    "processes": ProcessContext,
}

_default_context: MapContext | None = None


def get_default_context() -> MapContext:
    """The context of `map` and `alloc`, if none was set.

    It is what the environment variable ``PASHA_CONTEXT`` says, such as ``threads:4`` or
    ``processes:8,skip=10,progress``, or else a `ProcessContext`.

    Raises:
        ValueError: if the variable names no context, or an option that there is not.
    """
    global _default_context
    if _default_context is None:
        text = os.environ.get("PASHA_CONTEXT")
        if text:
            try:
                _default_context = _by_word(text)
            except ValueError as error:
                raise ValueError(f"the environment variable PASHA_CONTEXT: {error}") from None
        else:
            _default_context = ProcessContext()
    return _default_context


def _by_word(text: str, **given: Any) -> MapContext:
    """A context from a text such as ``processes:8,skip=10``, with further keywords."""
    kind, num_workers, options = _runtime.context_by_word(text)
    return _KINDS[kind](**{"num_workers": num_workers, **options, **given})


def set_default_context(ctx_or_method: MapContext | str, *args: Any, **kwargs: Any) -> None:
    """Sets the context of `map` and `alloc`.

    Args:
        ctx_or_method: a context, or ``'serial'``, ``'threads'`` or ``'processes'``; or a text as
            in ``PASHA_CONTEXT``, such as ``'processes:8,item_timeout=60s'``.
        args, kwargs: what the context of that kind is made with, such as ``num_workers=4``.

    Raises:
        ValueError: for another word.
    """
    global _default_context
    if isinstance(ctx_or_method, str) and not args and {":", ","} & set(ctx_or_method):
        _default_context = _by_word(ctx_or_method, **kwargs)
    elif isinstance(ctx_or_method, str):
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
