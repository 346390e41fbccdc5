"""The text of a module's stub file, `analysis.pyi`, by which editors and mypy know its kernels."""

START = '''"""Kernels in Rust."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from os import PathLike
from typing import Any, Literal, NamedTuple, Protocol, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

class _Dataset(Protocol):
    @property
    def file(self) -> Any: ...
    @property
    def name(self) -> Any: ...

_Path = str | PathLike[str]
_Array = np.ndarray[Any, Any] | _Path | tuple[_Path, str] | _Dataset
_Time = float | timedelta | str

def __stubs__() -> str: ...

class Progress(NamedTuple):
    finished: int
    len: int
    failed: int
    elapsed: float
    per_second: float | None
    time_left: float | None
    bytes_per_second: float | None

class Ragged:
    values: npt.NDArray[Any]
    offsets: npt.NDArray[Any]
    def __init__(self, values: npt.NDArray[Any], offsets: npt.NDArray[Any]) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[npt.NDArray[Any]]: ...
    @overload
    def __getitem__(self, index: SupportsIndex) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Ragged: ...

class Report:
    def __init__(self, text: str, **fields: Any) -> None: ...
    len: int
    finished: int
    resumed: int
    absent: int
    retried: int
    replaced: int
    wall_time: float
    peak_memory: int
    warnings: list[str]
    failed: list[tuple[int, PashaError]]
    workers: list[dict[str, Any]]
    timeline_svg: str | None
    timeline_json: str | None

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

# The options of a call, besides `report`.
OPTIONS = {
    "out": "Any",
    "context": "str | None",
    "progress": "bool | Callable[[Progress], object] | None",
    "on_failure": "str | None",
    "skip": "int | None",
    "retry": "int | None",
    "item_timeout": "_Time | None",
    "deadline": "_Time | None",
    "stop_within": "_Time | None",
    "resume": "_Path | None",
    "durable": "bool | None",
    "timeline": "bool | _Path | None",
    "share": "int | None",
    "static_split": "bool | None",
    "reproducible": "bool | None",
    "pin_workers": "bool | None",
    "huge_pages": "bool | None",
    "worker_lifespan": "int | None",
    "worker_memory": "int | str | None",
    "nice": "int | None",
}

# The values of `report`, and what a call then gives beside its outputs.
REPORTS = [
    ("Literal[False] | None = ...", "{out}"),
    ("Literal[True]", "tuple[{out}, Report]"),
    ("bool | None", "{out} | tuple[{out}, Report]"),
]


def type_of(description, is_generic):
    """The type of a parameter that is described in words."""
    if description.endswith(" or None"):
        return type_of(description.removesuffix(" or None"), is_generic) + " | None"
    if description.startswith("array"):
        return "_Array"
    # Of a generic kernel the words are those of its first type; all numbers are complex ones.
    return "complex" if is_generic and description in ("int", "float") else description


def type_of_output(output, is_generic):
    """The type of an output that is called so where the kernel has one type."""
    if not is_generic or output == "Ragged":
        return output
    return "npt.NDArray[Any]" if output.startswith("npt.") else "Any"


def kernel(name, doc, parameters, out):
    """The overloads of a kernel's function."""
    options = [f"{option}: {type} = ..." for option, type in OPTIONS.items()]
    lines = []
    for place, (report, gives) in enumerate(REPORTS):
        arguments = [*parameters, "*", f"report: {report}", *options]
        lines.append("@overload")
        lines.append(f"def {name}(")
        lines.extend(f"    {argument}," for argument in arguments)
        ending = ": ..." if place else ":"
        lines.append(f") -> {gives.format(out=out)}{ending}")
        if not place:
            lines.append(f'    """{doc}"""')
    return "\n" + "\n".join(lines) + "\n"


def stubs(kernels):
    """The text for these kernels: of each the name, what it does, parameters with their words,
    whether it is generic, the class of its outputs, those with their types, and whether what it
    returns is a tuple."""
    text = [START]
    for name, doc, parameters, is_generic, class_name, outputs, returned, is_tuple in kernels:
        outputs = [(field, type_of_output(it, is_generic)) for field, it in outputs]
        returned = [type_of_output(it, is_generic) for it in returned]
        if is_tuple:
            returned = [f"tuple[{', '.join(returned)}]"]
        if class_name is not None:
            fields = [*outputs, *(("result", it) for it in returned)]
            lines = "\n".join(f"    {field}: {it}" for field, it in fields)
            text.append(OUTPUTS.format(name=class_name, fields=lines))
            out = class_name
        else:
            out = ([it for _, it in outputs] + returned + ["None"])[0]
        typed = [f"{it}: {type_of(words, is_generic)}" for it, words in parameters]
        doc = doc.replace("\\", "\\\\").replace('"""', "'''")
        text.append(kernel(name, doc, typed, out))
    return "".join(text)
