"""The text of a module's stub file, `analysis.pyi`, by which editors and mypy know its kernels."""

START = '''"""Kernels in Rust."""

from collections.abc import Callable
from datetime import timedelta
from os import PathLike
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, overload

import numpy as np
from typing_extensions import Unpack

class _Dataset(Protocol):
    @property
    def file(self) -> Any: ...
    @property
    def name(self) -> Any: ...

_Path = str | PathLike[str]
_Array = np.ndarray[Any, Any] | _Path | tuple[_Path, str] | _Dataset
_Time = float | timedelta | str

class _Options(TypedDict, total=False):
    out: Any
    context: str | None
    progress: bool | Callable[[Progress], object] | None
    on_failure: str | None
    skip: int | None
    retry: int | None
    item_timeout: _Time | None
    deadline: _Time | None
    stop_within: _Time | None
    resume: _Path | None
    durable: bool
    timeline: bool | _Path | None
    share: int | None
    static_split: bool
    reproducible: bool
    pin_workers: bool
    huge_pages: bool
    worker_lifespan: int | None
    worker_memory: int | str | None
    nice: int | None

class Progress(NamedTuple):
    finished: int
    len: int
    failed: int
    elapsed: float
    per_second: float | None
    time_left: float | None
    bytes_per_second: float | None

class Ragged:
    values: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> np.ndarray[Any, Any]: ...

class Report:
    def __getattr__(self, name: str) -> Any: ...

class PashaError(Exception):
    index: int | None
    worker_id: int | None
    host: str | None
    attempts: int | None
    signal: int | None
    status: int | None

class KernelError(PashaError): ...
class KernelPanic(PashaError): ...
class WorkerDied(PashaError): ...
class ItemTimeout(PashaError): ...
'''

OUTPUTS = """
class {name}(NamedTuple):
{fields}
"""

KERNEL = '''
@overload
def {name}({parameters}, *, report: Literal[False] = ..., **options: Unpack[_Options]) -> {out}:
    """{doc}"""
@overload
def {name}({parameters}, *, report: Literal[True], **options: Unpack[_Options]) -> tuple[{out}, Report]: ...
'''


def type_of(description, is_generic):
    """The type of a parameter that is described in words."""
    if description.endswith(" or None"):
        return type_of(description.removesuffix(" or None"), is_generic) + " | None"
    if description.startswith("array"):
        return "_Array"
    # Of a generic kernel the words are those of its first type; all numbers are complex ones.
    return "complex" if is_generic and description in ("int", "float") else description


def stubs(kernels):
    """The text for these kernels: of each the name, what it does, parameters with their words,
    whether it is generic, the class of its outputs, those, and what it gives otherwise."""
    text = [START]
    for name, doc, parameters, is_generic, outputs, fields, out in kernels:
        if outputs is not None:
            lines = "\n".join(f"    {field}: Any" for field in fields)
            text.append(OUTPUTS.format(name=outputs, fields=lines))
        typed = ", ".join(f"{it}: {type_of(words, is_generic)}" for it, words in parameters)
        doc = doc.replace("\\", "\\\\").replace('"""', "'''")
        text.append(KERNEL.format(name=name, parameters=typed, out=outputs or out, doc=doc))
    return "".join(text)
