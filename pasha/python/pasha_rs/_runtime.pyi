from collections.abc import Callable
from typing import Any

from .options import Options

def available_workers() -> int: ...
def context_by_word(text: str) -> tuple[str, int, dict[str, Any]]: ...
def end_maps() -> None: ...
def run(
    how: str,
    num_workers: int,
    settings: Options,
    len: int,
    kernel: Callable[..., object],
    sequence: Any | None,
    mark: bytes,
) -> dict[str, Any]: ...
