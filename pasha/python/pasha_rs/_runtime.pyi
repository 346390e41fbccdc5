from collections.abc import Callable
from typing import Any

from .options import Options

def available_workers() -> int: ...
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
